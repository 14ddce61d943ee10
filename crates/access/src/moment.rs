//! Moments as policies write them: "Date condition operators" in the IAM guide, after W3C's NOTE-datetime.

/// Milliseconds since 1970 of `2019`, `2019-07`, `2019-07-16`, `2019-07-16T12:20Z`, `2019-07-16T12:20:30.45+01:00` or seconds since 1970.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    // Four digits are a year; other plain numbers are seconds since 1970.
    if time.is_none() && !(date.len() == 4 && digits(date).is_some()) && !date.trim_start_matches('-').contains('-') {
        return epoch(date);
    }
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(digits)?;
    let month = two(parts.next(), 1, 12, 1)?;
    let day = two(parts.next(), 1, days_of(year, month), 1)?;
    if parts.next().is_some() || (time.is_some() && date.len() != 10) {
        return None;
    }
    let midnight = days_from_civil(year, month, day).checked_mul(86_400_000)?;
    time.map_or(Some(midnight), |time| midnight.checked_add(clock(time)?))
}

/// `2019-07-16T12:20:30Z`, as `aws:CurrentTime` has it.
pub(crate) fn format(millis: i64) -> String {
    let seconds = millis.div_euclid(1000);
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    std::format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", clock / 3600, clock / 60 % 60, clock % 60)
}

/// Seconds since 1970, with a fraction or not.
fn epoch(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let millis = digits(whole)?.checked_mul(1000)?.checked_add(fraction.map_or(Some(0), thousandths)?)?;
    Some(if negative { -millis } else { millis })
}

/// Milliseconds of `hh:mm[:ss[.s]]` with its zone, which may push it over midnight.
fn clock(text: &str) -> Option<i64> {
    let (clock, shift) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let (clock, zone) = text.split_at_checked(at)?;
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let shift = two(Some(hours), 0, 23, 0)? * 60 + two(Some(minutes), 0, 59, 0)?;
            (clock, if zone.starts_with('-') { -shift } else { shift })
        }
    };
    let mut parts = clock.splitn(3, ':');
    let hours = two(Some(parts.next()?), 0, 23, 0)?;
    let minutes = two(Some(parts.next()?), 0, 59, 0)?;
    let (seconds, millis) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (two(Some(seconds), 0, 60, 0)?, 0),
            Some((seconds, fraction)) => (two(Some(seconds), 0, 60, 0)?, thousandths(fraction)?),
        },
    };
    Some(((hours * 60 + minutes - shift) * 60 + seconds) * 1000 + millis)
}

/// The first three digits of a fraction.
fn thousandths(fraction: &str) -> Option<i64> {
    digits(fraction)?;
    fraction
        .bytes()
        .chain(*b"00")
        .take(3)
        .try_fold(0, |sum, digit| Some(sum * 10 + i64::from(digit.checked_sub(b'0')?)))
}

/// Two digits within a range; what is absent counts as `default`.
fn two(text: Option<&str>, least: i64, most: i64, default: i64) -> Option<i64> {
    let Some(text) = text else { return Some(default) };
    digits(text).filter(|value| text.len() == 2 && (least..=most).contains(value))
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn the_forms_of_w3c_and_seconds() {
        for (text, millis) in [
            ("1970", Some(0)),
            ("1970-02", Some(31 * 86_400_000)),
            ("2020-02-29", Some(1_582_934_400_000)),
            ("2020-01-01T00:00:01Z", Some(1_577_836_801_000)),
            ("2020-01-01T00:00Z", Some(1_577_836_800_000)),
            ("2020-01-01T01:00:00.45+01:00", Some(1_577_836_800_450)),
            ("2019-12-31T23:00:00-01:00", Some(1_577_836_800_000)),
            ("1577836800", Some(1_577_836_800_000)),
            ("1577836800.5", Some(1_577_836_800_500)),
            ("-1", Some(-1000)),
            ("1969-12-31T23:59:59Z", Some(-1000)),
            ("2019-02-29", None),
            ("2020-13-01", None),
            ("2020-01-01T25:00Z", None),
            ("2020-01-01T00:00:00", None),
            ("2020-01T00:00Z", None),
            ("yesterday", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse(text), millis, "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_as_it_is_read() {
        for day in (-700_000..800_000_i64).step_by(97) {
            let millis = day * 86_400_000 + 3_723_000;
            assert_eq!(parse(&format(millis)), Some(millis), "{}", format(millis));
        }
        assert_eq!(format(1_577_836_801_999), "2020-01-01T00:00:01Z");
    }
}
