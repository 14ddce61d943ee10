//! The three timestamp formats of Smithy's `timestampFormat`: `date-time`, `http-date`, `epoch-seconds`.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use kumoi_model::{Timestamp, TimestampFormat};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Whether an RFC 3339 timestamp may name another offset than `Z`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offsets {
    /// Only `Z`, as Smithy's tests of REST-JSON ask.
    Utc,
    /// Any offset, as the older services take it.
    Any,
}

/// Reads `text`; `None` when it is not of that format.
pub(crate) fn parse(text: &str, format: TimestampFormat, offsets: Offsets) -> Option<Timestamp> {
    match format {
        TimestampFormat::Iso8601 => parse_date_time(text, offsets),
        TimestampFormat::Rfc822 => parse_http_date(text),
        TimestampFormat::UnixTimestamp => parse_epoch(text),
    }
}

/// From epoch seconds with a fraction; `None` when it is out of the range of a date. To the microsecond up to the year 2096, and beyond, where
/// a double is not that exact any more, to the millisecond.
pub(crate) fn from_epoch(seconds: f64) -> Option<Timestamp> {
    // Years 1 to 9999, the range that every format can carry.
    if !(-62_135_596_800.0..=253_402_300_799.999_9).contains(&seconds) {
        return None;
    }
    Some(if seconds.abs() < 4e9 {
        Timestamp::from_micros((seconds * 1e6).round() as i64)
    } else {
        Timestamp::from_millis((seconds * 1e3).round() as i64)
    })
}

/// Epoch seconds with up to nine decimals, exactly.
fn parse_epoch(text: &str) -> Option<Timestamp> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos = if fraction.is_empty() && !digits.contains('.') { 0 } else { parse_fraction(fraction)? };
    let moment = match (negative, nanos) {
        (false, _) => Timestamp { seconds, nanos },
        (true, 0) => Timestamp { seconds: -seconds, nanos: 0 },
        (true, _) => Timestamp { seconds: -seconds - 1, nanos: 1_000_000_000 - nanos },
    };
    from_epoch(moment.seconds as f64).map(|_| moment)
}

/// A fraction's digits as nanoseconds; digits beyond the ninth are dropped.
fn parse_fraction(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut nanos = 0;
    let mut unit = 100_000_000;
    for digit in digits.bytes().take(9) {
        nanos += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(nanos)
}

fn number<T: std::str::FromStr>(text: &str, width: usize) -> Option<T> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `1985-04-12T23:20:50.52Z`, RFC 3339 section 5.6.
fn parse_date_time(text: &str, offsets: Offsets) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let mut date = date.split('-');
    let (year, month, day) = (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
    if date.next().is_some() {
        return None;
    }
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, parse_fraction(fraction)?),
        None => (clock, 0),
    };
    let (hour, minute, second) = parse_clock(clock)?;
    let shift = match zone {
        "Z" | "z" => 0,
        _ if offsets == Offsets::Any => parse_offset(zone)?,
        _ => return None,
    };
    moment(year, month, day, hour, minute, second, nanos)?.plus_seconds(-shift).into()
}

/// `+01:30` in seconds.
fn parse_offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i64, i64) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn parse_clock(clock: &str) -> Option<(i8, i8, i8)> {
    let mut parts = clock.split(':');
    let clock = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    parts.next().is_none().then_some(clock)
}

/// `Tue, 29 Apr 2014 18:30:38 GMT` (IMF-fixdate, RFC 9110 section 5.6.7), with an optional fraction as Smithy allows.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    let (weekday, rest) = text.split_once(", ")?;
    if !DAYS.contains(&weekday) {
        return None;
    }
    let mut parts = rest.split(' ');
    let day = number(parts.next()?, 2)?;
    let month_name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == month_name)? as i8 + 1;
    let year = number(parts.next()?, 4)?;
    let clock = parts.next()?;
    if parts.next() != Some("GMT") || parts.next().is_some() {
        return None;
    }
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, parse_fraction(fraction)?),
        None => (clock, 0),
    };
    let (hour, minute, second) = parse_clock(clock)?;
    moment(year, month, day, hour, minute, second, nanos)
}

fn moment(year: i16, month: i8, day: i8, hour: i8, minute: i8, second: i8, nanos: u32) -> Option<Timestamp> {
    // A leap second counts as the second before it, as in POSIX time.
    let second = if second == 60 { 59 } else { second };
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let seconds = Offset::UTC.to_timestamp(civil).ok()?.as_second();
    Some(Timestamp { seconds, nanos })
}

fn civil(timestamp: Timestamp) -> DateTime {
    let clamped = jiff::Timestamp::from_second(timestamp.seconds).unwrap_or(if timestamp.seconds < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    Offset::UTC.to_datetime(clamped)
}

/// Appends `timestamp` in `format`, to the millisecond as AWS does; moments outside of the years that a date can
/// carry become the nearest one.
pub(crate) fn write(out: &mut String, timestamp: Timestamp, format: TimestampFormat) {
    match format {
        TimestampFormat::Iso8601 => write_date_time(out, timestamp, Millis::WhereThereAre),
        TimestampFormat::Rfc822 => {
            let t = civil(timestamp);
            let (date, clock) = (t.date(), t.time());
            let weekday = DAYS.get(date.weekday().to_monday_zero_offset() as usize).unwrap_or(&"Mon");
            let month = MONTHS.get((date.month() - 1) as usize).unwrap_or(&"Jan");
            out.push_str(weekday);
            out.push_str(", ");
            digits(out, date.day(), 2);
            out.push(' ');
            out.push_str(month);
            out.push(' ');
            digits(out, date.year(), 4);
            out.push(' ');
            write_clock(out, clock);
            out.push_str(" GMT");
        }
        // Writing to a string cannot fail.
        TimestampFormat::UnixTimestamp => {
            let _ = write_epoch(out, timestamp.seconds, timestamp.nanos / 1_000_000);
        }
    }
}

/// When a date has milliseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Millis {
    Always,
    WhereThereAre,
}

/// Appends `timestamp` as RFC 3339 has it, in UTC.
pub(crate) fn write_date_time(out: &mut String, timestamp: Timestamp, shown: Millis) {
    let t = civil(timestamp);
    write_date(out, t.date());
    out.push('T');
    write_clock(out, t.time());
    let millis = timestamp.nanos / 1_000_000;
    if millis != 0 || shown == Millis::Always {
        out.push('.');
        digits(out, millis, 3);
    }
    out.push('Z');
}

fn write_date(out: &mut String, date: Date) {
    digits(out, date.year(), 4);
    out.push('-');
    digits(out, date.month(), 2);
    out.push('-');
    digits(out, date.day(), 2);
}

fn write_clock(out: &mut String, clock: Time) {
    digits(out, clock.hour(), 2);
    out.push(':');
    digits(out, clock.minute(), 2);
    out.push(':');
    digits(out, clock.second(), 2);
}

/// Writes a number with at least so many digits. By hand: every answer of S3 has dates, and the standard library's formatter takes longer than the rest
/// of a header.
pub(crate) fn digits(out: &mut String, number: impl Into<i64>, width: u32) {
    let number: i64 = number.into();
    if number < 0 {
        out.push('-');
    }
    for place in (0..width).rev() {
        let digit = number.unsigned_abs() / 10_u64.pow(place) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
}

fn write_epoch(out: &mut String, seconds: i64, millis: u32) -> std::fmt::Result {
    if millis == 0 {
        return write!(out, "{seconds}");
    }
    // `seconds` is rounded towards the past, so before 1970 the fraction counts backwards from the next second.
    let (sign, whole, millis) = if seconds < 0 {
        ("-", (seconds + 1).unsigned_abs(), 1000 - millis)
    } else {
        ("", seconds.unsigned_abs(), millis)
    };
    let fraction = format!("{millis:03}");
    write!(out, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(timestamp: Timestamp, format: TimestampFormat) -> String {
        let mut out = String::new();
        write(&mut out, timestamp, format);
        out
    }

    #[test]
    fn writes_and_reads_each_format() {
        for (timestamp, format, text) in [
            (Timestamp::from_seconds(482_196_050), TimestampFormat::Iso8601, "1985-04-12T23:20:50Z"),
            (Timestamp::from_millis(482_196_050_520), TimestampFormat::Iso8601, "1985-04-12T23:20:50.520Z"),
            (Timestamp::from_seconds(1_398_796_238), TimestampFormat::Rfc822, "Tue, 29 Apr 2014 18:30:38 GMT"),
            (Timestamp::from_seconds(1_398_796_238), TimestampFormat::UnixTimestamp, "1398796238"),
            (Timestamp::from_millis(1_515_531_081_120), TimestampFormat::UnixTimestamp, "1515531081.12"),
            (Timestamp::from_millis(-1500), TimestampFormat::UnixTimestamp, "-1.5"),
            (Timestamp::from_millis(-500), TimestampFormat::UnixTimestamp, "-0.5"),
            (Timestamp::from_seconds(-62_135_596_800), TimestampFormat::Iso8601, "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(written(timestamp, format), text);
            assert_eq!(parse(text, format, Offsets::Utc), Some(timestamp), "{text}");
        }
    }

    #[test]
    fn offsets_are_taken_only_where_allowed() {
        let text = "1996-12-19T16:39:57-08:00";
        assert_eq!(parse(text, TimestampFormat::Iso8601, Offsets::Utc), None);
        assert_eq!(parse(text, TimestampFormat::Iso8601, Offsets::Any), Some(Timestamp::from_seconds(851_042_397)));
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_panic() {
        for seconds in [i64::MIN, i64::MAX] {
            for format in [TimestampFormat::Iso8601, TimestampFormat::Rfc822, TimestampFormat::UnixTimestamp] {
                let _ = written(Timestamp { seconds, nanos: 999_999_999 }, format);
            }
        }
        assert_eq!(from_epoch(f64::NAN), None);
        assert_eq!(from_epoch(1e300), None);
        assert_eq!(parse("99999999999999999999", TimestampFormat::UnixTimestamp, Offsets::Utc), None);
        assert_eq!(parse("-9223372036854775808", TimestampFormat::UnixTimestamp, Offsets::Utc), None);
        assert_eq!(parse("9223372036854775807.5", TimestampFormat::UnixTimestamp, Offsets::Utc), None);
    }
}
