//! Lengths of time as people write them.

use std::time::Duration;

/// Reads `90`, `90s`, `15m`, `36h`, `14d`, `2w`, `250ms`, or several of these together such as `1d12h`. A bare number is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no length of time; give one such as 90s, 15m, 36h or 14d");
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, after) = take(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = take(after, |c| c.is_ascii_alphabetic());
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "ms" => number / 1000.0,
            "" | "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            "d" => number * 86_400.0,
            "w" => number * 604_800.0,
            _ => return Err(wrong()),
        };
        let part = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// The characters at the front that satisfy a condition, and the rest.
fn take(text: &str, condition: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !condition(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_their_sums_are_read() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("250ms", 0.25),
            ("15m", 900.0),
            ("14d", 1_209_600.0),
            ("1d 12h", 129_600.0),
            ("1.5h", 5400.0),
            ("2w", 1_209_600.0),
        ] {
            assert_eq!(parse(text).unwrap(), Duration::from_secs_f64(seconds), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "d", "-1s", "1y", "1..5s", "soon", "99999999999999999999w"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
