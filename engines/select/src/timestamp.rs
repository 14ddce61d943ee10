//! Moments as S3 Select has them: Amazon Ion's timestamps, which know how exact they are and where they were taken.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{Span, ToSpan as _, Unit};

/// A moment: as the clock at its place showed it, with the offset of the place from UTC in minutes, unless that is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp {
    pub(crate) local: DateTime,
    pub(crate) offset: Option<i32>,
    precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Year,
    Month,
    Day,
    Minute,
    Second,
    /// So many digits of a second.
    Digits(u8),
}

/// A part of a date, as the functions name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    TimezoneHour,
    TimezoneMinute,
}

impl Part {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "YEAR" => Self::Year,
            "MONTH" => Self::Month,
            "DAY" => Self::Day,
            "HOUR" => Self::Hour,
            "MINUTE" => Self::Minute,
            "SECOND" => Self::Second,
            "TIMEZONE_HOUR" => Self::TimezoneHour,
            "TIMEZONE_MINUTE" => Self::TimezoneMinute,
            _ => return None,
        })
    }

    /// Whether moments differ by it: an offset is not time that passes.
    pub(crate) fn is_duration(self) -> bool {
        !matches!(self, Self::TimezoneHour | Self::TimezoneMinute)
    }
}

impl Timestamp {
    /// A moment in UTC, to the millisecond.
    pub(crate) fn from_unix_nanos(nanos: i128, digits: u8) -> Option<Self> {
        let moment = jiff::Timestamp::from_nanosecond(nanos).ok()?;
        let local = jiff::tz::Offset::UTC.to_datetime(moment);
        Some(Self { local, offset: Some(0), precision: Precision::Digits(digits) })
    }

    pub(crate) fn from_days(days: i32) -> Option<Self> {
        let local = jiff::civil::date(1970, 1, 1)
            .checked_add(i64::from(days).days())
            .ok()?
            .to_datetime(jiff::civil::Time::midnight());
        Some(Self { local, offset: None, precision: Precision::Day })
    }

    /// As the clock showed it, to as many digits of a second as there are.
    pub(crate) fn from_local(local: DateTime, offset: Option<i32>) -> Self {
        let nanos = local.subsec_nanosecond();
        let precision = match (nanos, nanos % 1_000_000, nanos % 1_000) {
            (0, ..) => Precision::Second,
            (_, 0, _) => Precision::Digits(3),
            (_, _, 0) => Precision::Digits(6),
            _ => Precision::Digits(9),
        };
        Self { local, offset, precision }
    }

    /// Reads Ion's form: `2007T`, `2007-02T`, `2007-02-23`, `2007-02-23T12:14:33.079-08:00`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map(|part| number(part, 2));
        let day = parts.next().map(|part| number(part, 2));
        if parts.next().is_some() {
            return None;
        }
        let (month, day, mut precision) = match (month, day) {
            (Some(month), Some(day)) => (month?, day?, Precision::Day),
            // Only a whole date can do without the letter.
            _ if time.is_none() => return None,
            (Some(month), None) => (month?, 1, Precision::Month),
            _ => (1, 1, Precision::Year),
        };
        let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let Some(time) = time.filter(|time| !time.is_empty()) else {
            return Some(Self { local: date.to_datetime(jiff::civil::Time::midnight()), offset: None, precision });
        };
        if precision != Precision::Day {
            return None;
        }
        let (time, offset) = split_offset(time)?;
        let mut parts = time.split(':');
        let hour = i8::try_from(number(parts.next()?, 2)?).ok()?;
        let minute = i8::try_from(number(parts.next()?, 2)?).ok()?;
        precision = Precision::Minute;
        let (mut second, mut nanos) = (0, 0);
        if let Some(seconds) = parts.next() {
            precision = Precision::Second;
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            second = i8::try_from(number(whole, 2)?).ok()?;
            if whole.len() != seconds.len() {
                let kept: String = fraction.chars().take(9).collect();
                if kept.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                nanos = format!("{kept:0<9}").parse().ok()?;
                precision = Precision::Digits(u8::try_from(kept.len()).ok()?);
            }
        }
        if parts.next().is_some() {
            return None;
        }
        let time = jiff::civil::Time::new(hour, minute, second, nanos).ok()?;
        Some(Self { local: date.to_datetime(time), offset, precision })
    }

    /// The same moment as a clock in UTC shows it.
    fn utc(self) -> DateTime {
        let offset = i64::from(self.offset.unwrap_or(0));
        self.local.checked_sub(offset.minutes()).unwrap_or(self.local)
    }

    pub(crate) fn compare(self, other: Self) -> std::cmp::Ordering {
        self.utc().cmp(&other.utc())
    }

    /// Later by so much of a part; as exact as the part at least.
    pub(crate) fn add(self, part: Part, quantity: i64) -> Option<Self> {
        let span = Span::new();
        let (span, precision) = match part {
            Part::Year => (span.try_years(quantity), Precision::Year),
            Part::Month => (span.try_months(quantity), Precision::Month),
            Part::Day => (span.try_days(quantity), Precision::Day),
            Part::Hour => (span.try_hours(quantity), Precision::Minute),
            Part::Minute => (span.try_minutes(quantity), Precision::Minute),
            Part::Second => (span.try_seconds(quantity), Precision::Second),
            Part::TimezoneHour | Part::TimezoneMinute => return None,
        };
        let local = self.local.checked_add(span.ok()?).ok()?;
        (0..=9999).contains(&local.year()).then_some(Self { local, precision: self.precision.max(precision), ..self })
    }

    /// How many whole parts lie between this moment and a later one.
    pub(crate) fn until(self, part: Part, later: Self) -> Option<i64> {
        let unit = match part {
            Part::Year => Unit::Year,
            Part::Month => Unit::Month,
            Part::Day => Unit::Day,
            Part::Hour => Unit::Hour,
            Part::Minute => Unit::Minute,
            Part::Second => Unit::Second,
            Part::TimezoneHour | Part::TimezoneMinute => return None,
        };
        let span = self.utc().until((unit, later.utc())).ok()?;
        Some(match part {
            Part::Year => span.get_years().into(),
            Part::Month => span.get_months().into(),
            Part::Day => span.get_days().into(),
            Part::Hour => span.get_hours().into(),
            Part::Minute => span.get_minutes(),
            _ => span.get_seconds(),
        })
    }

    /// The value of a part.
    pub(crate) fn get(self, part: Part) -> i64 {
        let offset = i64::from(self.offset.unwrap_or(0));
        match part {
            Part::Year => self.local.year().into(),
            Part::Month => self.local.month().into(),
            Part::Day => self.local.day().into(),
            Part::Hour => self.local.hour().into(),
            Part::Minute => self.local.minute().into(),
            Part::Second => self.local.second().into(),
            Part::TimezoneHour => offset / 60,
            Part::TimezoneMinute => offset % 60,
        }
    }
}

/// A number of just so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The offset behind a time: `Z`, hours and minutes, or none.
fn split_offset(time: &str) -> Option<(&str, Option<i32>)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, Some(0)));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, None)) };
    let (time, offset) = time.split_at_checked(at)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (i32::from(number(hours, 2)?), i32::from(number(minutes, 2)?));
    if hours > 23 || minutes > 59 {
        return None;
    }
    let total = hours * 60 + minutes;
    Some((
        time,
        match (offset.starts_with('-'), total) {
            // Ion writes an unknown offset so.
            (true, 0) => None,
            (true, _) => Some(-total),
            (false, _) => Some(total),
        },
    ))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.local;
        write!(f, "{:04}", local.year())?;
        if self.precision == Precision::Year {
            return f.write_str("T");
        }
        write!(f, "-{:02}", local.month())?;
        if self.precision == Precision::Month {
            return f.write_str("T");
        }
        write!(f, "-{:02}", local.day())?;
        if self.precision == Precision::Day {
            return Ok(());
        }
        write!(f, "T{:02}:{:02}", local.hour(), local.minute())?;
        if self.precision >= Precision::Second {
            write!(f, ":{:02}", local.second())?;
        }
        if let Precision::Digits(digits) = self.precision {
            let nanos = format!("{:09}", local.subsec_nanosecond());
            write!(f, ".{}", nanos.get(..usize::from(digits)).unwrap_or(&nanos))?;
        }
        match self.offset {
            None => f.write_str("-00:00"),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn text_and_back() {
        for text in [
            "2007T",
            "2007-02T",
            "2007-02-23",
            "2007-02-23T12:14Z",
            "2007-02-23T12:14:33.079-08:00",
            "2007-02-23T12:14:33-00:00",
        ] {
            assert_eq!(at(text).to_string(), text);
        }
        for text in [
            "",
            "2007",
            "2007-02",
            "2007-13-01",
            "2007-02-30",
            "2007-2-1",
            "2007-02-23T25:00Z",
            "2007T12:00Z",
            "x",
            "2007-02-23T12:14:33.Z",
        ] {
            assert!(Timestamp::parse(text).is_none(), "{text}");
        }
    }

    /// The examples of the User Guide, "Date functions".
    #[test]
    fn calculation() {
        let add = |part, quantity, text: &str| at(text).add(part, quantity).unwrap().to_string();
        assert_eq!(add(Part::Year, 5, "2010-01-01T"), "2015-01-01");
        assert_eq!(add(Part::Month, 1, "2010T"), "2010-02T");
        assert_eq!(add(Part::Month, 13, "2010T"), "2011-02T");
        assert_eq!(add(Part::Day, -1, "2017-01-10T"), "2017-01-09");
        assert_eq!(add(Part::Hour, 1, "2017T"), "2017-01-01T01:00-00:00");
        assert_eq!(add(Part::Hour, 1, "2017-01-02T03:04Z"), "2017-01-02T04:04Z");
        assert_eq!(add(Part::Minute, 1, "2017-01-02T03:04:05.006Z"), "2017-01-02T03:05:05.006Z");
        let until = |part, from: &str, to: &str| at(from).until(part, at(to)).unwrap();
        assert_eq!(until(Part::Year, "2010-01-01T", "2011-01-01T"), 1);
        assert_eq!(until(Part::Month, "2010T", "2010-05T"), 4);
        assert_eq!(until(Part::Month, "2010T", "2011T"), 12);
        assert_eq!(until(Part::Month, "2011T", "2010T"), -12);
        assert_eq!(until(Part::Day, "2010-01-01T23:00", "2010-01-02T01:00"), 0);
        let get = |part| at("2017-01-02T03:04:05+07:08").get(part);
        assert_eq!((get(Part::Hour), get(Part::TimezoneHour), get(Part::TimezoneMinute)), (3, 7, 8));
    }
}
