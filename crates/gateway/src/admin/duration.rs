//! Durations as people write them: a number of seconds, or ISO 8601 (`P14D`, `PT1H30M`).

use std::time::Duration;

/// The longest way that a clock is moved at once: a hundred years.
const LONGEST: f64 = 100.0 * 365.25 * 86_400.0;

/// Reads a duration; `None` when it is none, is negative, or is longer than a hundred years.
///
/// Years and months have no fixed length and are refused.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = match text.strip_prefix(['P', 'p']) {
        Some(rest) => iso(rest)?,
        None => text.parse().ok()?,
    };
    from_seconds(seconds)
}

/// A duration of so many seconds.
pub(crate) fn from_seconds(seconds: f64) -> Option<Duration> {
    (0.0..=LONGEST).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

fn iso(text: &str) -> Option<f64> {
    const UNITS: [(char, bool, f64); 5] =
        [('W', false, 604_800.0), ('D', false, 86_400.0), ('H', true, 3600.0), ('M', true, 60.0), ('S', true, 1.0)];
    let (mut rest, mut sum, mut units, mut in_time) = (text, 0.0, UNITS.iter(), false);
    if rest.is_empty() || rest.ends_with(['T', 't']) {
        return None;
    }
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't']).filter(|_| !in_time) {
            (rest, in_time) = (time, true);
            continue;
        }
        let at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = rest.split_at_checked(at)?;
        let unit = unit.chars().next()?.to_ascii_uppercase();
        // Each unit once, from large to small.
        let (_, _, length) = units.find(|(name, time, _)| *name == unit && *time == in_time)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        sum += number.parse::<f64>().ok()? * length;
        rest = rest.get(at + 1..)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        for (text, seconds) in [
            ("0", 0.0),
            ("90", 90.0),
            ("1.5", 1.5),
            ("P14D", 1_209_600.0),
            ("P1W", 604_800.0),
            ("PT1H30M", 5400.0),
            ("P1DT0.5S", 86_400.5),
            ("pt5m", 300.0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration() {
        for text in [
            "", "-1", "P", "PT", "P1Y", "P1M", "PT1D", "P1H", "PT1M1H", "P-1D", "PT1", "inf", "NaN", "1e30", "P1D2D",
            "Pé",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
