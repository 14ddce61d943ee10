//! Patterns of `TO_STRING` and `TO_TIMESTAMP`. Follows the User Guide, "Date functions".

use jiff::civil::{Date, Time};

use crate::error::{self, SelectError};
use crate::timestamp::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A piece of a pattern.
enum Token {
    /// A letter that stands for a field, and how often it is repeated.
    Field(char, usize),
    Text(String),
}

fn invalid(code: &'static str, message: &str) -> SelectError {
    SelectError::new(code, message)
}

fn invalid_token() -> SelectError {
    invalid(
        "EvaluatorInvalidTimestampFormatPatternToken",
        "The timestamp format pattern contains a token in the SQL expression that is not valid.",
    )
}

/// Splits a pattern: letters are fields, what stands in quotes is text, two quotes are one.
fn tokens(pattern: &str) -> Result<Vec<Token>, SelectError> {
    let mut found = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\'' {
            let mut text = String::new();
            loop {
                match chars.next() {
                    Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
                    Some('\'') => break,
                    Some(char) => text.push(char),
                    None => {
                        return Err(invalid(
                            "EvaluatorUnterminatedTimestampFormatPatternToken",
                            "The timestamp format pattern contains an unterminated token in the SQL expression.",
                        ));
                    }
                }
            }
            found.push(Token::Text(text));
        } else if char.is_ascii_alphabetic() {
            let mut length = 1;
            while chars.next_if_eq(&char).is_some() {
                length += 1;
            }
            let longest = match char {
                'y' => 4,
                'M' | 'X' | 'x' => 5,
                'd' | 'h' | 'H' | 'm' | 's' => 2,
                'a' | 'n' => 1,
                'S' => 9,
                _ => {
                    return Err(invalid(
                        "EvaluatorInvalidTimestampFormatPatternSymbol",
                        "The timestamp format pattern contains a symbol in the SQL expression that is not valid.",
                    ));
                }
            };
            if length > longest || (char == 'y' && length == 3) {
                return Err(invalid_token());
            }
            found.push(Token::Field(char, length));
        } else {
            found.push(Token::Text(char.to_string()));
        }
    }
    Ok(found)
}

/// Writes a moment in the form of a pattern.
pub(crate) fn format(timestamp: Timestamp, pattern: &str) -> Result<String, SelectError> {
    let local = timestamp.local;
    let mut out = String::new();
    for token in tokens(pattern)? {
        let (field, length) = match token {
            Token::Text(text) => {
                out.push_str(&text);
                continue;
            }
            Token::Field(field, length) => (field, length),
        };
        let month = MONTHS.get(usize::from(local.month().unsigned_abs()).wrapping_sub(1)).copied().unwrap_or_default();
        let hour_of_half_day = (local.hour() + 11) % 12 + 1;
        let piece = match (field, length) {
            ('y', 2) => format!("{:02}", local.year() % 100),
            ('y', 4) => format!("{:04}", local.year()),
            ('y', _) => local.year().to_string(),
            ('M', 5) => month.chars().take(1).collect(),
            ('M', 4) => month.to_owned(),
            ('M', 3) => month.chars().take(3).collect(),
            ('M', width) => format!("{:0width$}", local.month()),
            ('d', width) => format!("{:0width$}", local.day()),
            ('a', _) => if local.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            ('h', width) => format!("{hour_of_half_day:0width$}"),
            ('H', width) => format!("{:0width$}", local.hour()),
            ('m', width) => format!("{:0width$}", local.minute()),
            ('s', width) => format!("{:0width$}", local.second()),
            ('S', digits) => format!("{:09}", local.subsec_nanosecond()).chars().take(digits).collect(),
            ('n', _) => local.subsec_nanosecond().to_string(),
            (zone, length) => offset(timestamp.offset.unwrap_or(0), length, zone == 'X'),
        };
        out.push_str(&piece);
    }
    Ok(out)
}

/// An offset: hours alone, hours and minutes, or these with a colon between.
fn offset(minutes: i32, length: usize, z_for_none: bool) -> String {
    if z_for_none && minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    match length {
        1 if rest == 0 => format!("{sign}{hours:02}"),
        3 | 5 => format!("{sign}{hours:02}:{rest:02}"),
        _ => format!("{sign}{hours:02}{rest:02}"),
    }
}

/// Reads a moment that has the form of a pattern.
pub(crate) fn parse(text: &str, pattern: &str) -> Result<Timestamp, SelectError> {
    let tokens = tokens(pattern)?;
    let mut seen = String::new();
    for token in &tokens {
        let Token::Field(field, _) = token else { continue };
        // Two letters for one field are as bad as one letter twice.
        let field = match field {
            'h' => 'H',
            'n' => 'S',
            'X' => 'x',
            other => *other,
        };
        if seen.contains(field) {
            return Err(invalid(
                "EvaluatorTimestampFormatPatternDuplicateFields",
                "The timestamp format pattern contains multiple format specifiers representing the timestamp field in the SQL expression.",
            ));
        }
        seen.push(field);
    }
    let has = |wanted| tokens.iter().any(|token| matches!(token, Token::Field(field, _) if *field == wanted));
    if has('h') != has('a') {
        return Err(invalid(
            "EvaluatorTimestampFormatPatternHourClockAmPmMismatch",
            "The timestamp format pattern contains a 12-hour hour of day format symbol but doesn't also contain an AM/PM field, or it contains \
             a 24-hour hour of day format specifier and contains an AM/PM field in the SQL expression.",
        ));
    }
    if !has('y') {
        return Err(invalid(
            "EvaluatorInvalidTimestampFormatPattern",
            "The timestamp format string in the SQL expression is not valid.",
        ));
    }
    read(text, &tokens)?.ok_or_else(error::timestamp)
}

/// `None` for text that is no such moment.
fn read(mut rest: &str, tokens: &[Token]) -> Result<Option<Timestamp>, SelectError> {
    let (mut year, mut month, mut day) = (1, 1, 1);
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0);
    let (mut afternoon, mut zone) = (None, None);
    for token in tokens {
        let (field, length) = match token {
            Token::Text(text) => {
                let Some(after) = rest.strip_prefix(text.as_str()) else { return Ok(None) };
                rest = after;
                continue;
            }
            Token::Field(field, length) => (*field, *length),
        };
        match (field, length) {
            ('M', 5) => {
                return Err(invalid(
                    "EvaluatorInvalidTimestampFormatPatternSymbolForParsing",
                    "The timestamp format pattern contains a valid format symbol that cannot be applied to timestamp parsing in the SQL expression.",
                ));
            }
            ('M', 3 | 4) => {
                let names = MONTHS.iter().zip(1..).find_map(|(name, number)| {
                    let name = if length == 3 { name.get(..3)? } else { name };
                    let head = rest.get(..name.len())?;
                    head.eq_ignore_ascii_case(name).then_some((number, name.len()))
                });
                let Some((number, length)) = names else { return Ok(None) };
                month = number;
                rest = rest.get(length..).unwrap_or_default();
            }
            ('a', _) => {
                let half = rest.get(..2).unwrap_or_default();
                afternoon = Some(half.eq_ignore_ascii_case("PM"));
                if afternoon == Some(false) && !half.eq_ignore_ascii_case("AM") {
                    return Ok(None);
                }
                rest = rest.get(2..).unwrap_or_default();
            }
            ('x' | 'X', _) => {
                let Some((minutes, after)) = read_offset(rest) else { return Ok(None) };
                (zone, rest) = (Some(minutes), after);
            }
            _ => {
                // One letter takes as many digits as there are.
                let most = match (field, length) {
                    ('y', 1) => 4,
                    ('n', _) => 9,
                    ('d' | 'M' | 'h' | 'H' | 'm' | 's', 1) => 2,
                    (_, length) => length,
                };
                let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                let (Some(digits), Some(after)) = (rest.get(..end), rest.get(end..)) else { return Ok(None) };
                rest = after;
                let Ok(value) = digits.parse::<i32>() else { return Ok(None) };
                match field {
                    'y' => year = if length == 2 { century(value) } else { value },
                    'M' => month = value,
                    'd' => day = value,
                    'h' | 'H' => hour = value,
                    'm' => minute = value,
                    's' => second = value,
                    'S' => nanos = format!("{digits:0<9}").parse().unwrap_or(0),
                    _ => nanos = value,
                }
            }
        }
    }
    if let Some(afternoon) = afternoon {
        if !(1..=12).contains(&hour) {
            return Ok(None);
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let small = |value: i32| i8::try_from(value).ok();
    let moment = || {
        let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()?;
        rest.is_empty().then(|| Timestamp::from_local(date.to_datetime(time), zone))
    };
    Ok(moment())
}

/// The year that two digits mean: one within seventy years before 2000 and thirty after.
fn century(digits: i32) -> i32 {
    if digits < 70 { 2000 + digits } else { 1900 + digits }
}

fn read_offset(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return None,
    };
    let two =
        |text: &str| text.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<i32>().ok();
    let hours = two(rest)?;
    let rest = rest.get(2..)?;
    let after = rest.strip_prefix(':').unwrap_or(rest);
    match two(after) {
        Some(minutes) if hours < 24 && minutes < 60 => Some((sign * (hours * 60 + minutes), after.get(2..)?)),
        None if hours < 24 => Some((sign * hours * 60, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the User Guide.
    #[test]
    fn formatting() {
        let of = |text: &str, pattern: &str| format(Timestamp::parse(text).unwrap(), pattern).unwrap();
        for (pattern, expected) in [
            ("MMMM d, y", "July 20, 1969"),
            ("MMM d, yyyy", "Jul 20, 1969"),
            ("M-d-yy", "7-20-69"),
            ("MM-d-y", "07-20-1969"),
            ("MMMM d, y h:m a", "July 20, 1969 8:18 PM"),
            ("y-MM-dd'T'H:m:ssX", "1969-07-20T20:18:00Z"),
            ("MMMMM 'o''clock' SSS n x", "J o'clock 000 0 +00"),
        ] {
            assert_eq!(of("1969-07-20T20:18Z", pattern), expected, "{pattern}");
        }
        assert_eq!(of("1969-07-20T20:18+08:00", "y-MM-dd'T'H:m:ssXXXX"), "1969-07-20T20:18:00+0800");
        assert_eq!(of("1969-07-20T20:18+08:00", "y-MM-dd'T'H:m:ssXXXXX"), "1969-07-20T20:18:00+08:00");
    }

    #[test]
    fn reading() {
        let of = |text: &str, pattern: &str| parse(text, pattern).unwrap().to_string();
        assert_eq!(of("07/20/1969 8:18 PM", "MM/dd/yyyy h:m a"), "1969-07-20T20:18:00-00:00");
        assert_eq!(of("July 4, 2021 +02:30", "MMMM d, y XXXXX"), "2021-07-04T00:00:00+02:30");
        assert_eq!(of("20210704T010203.5", "yyyyMMdd'T'HHmmss.S"), "2021-07-04T01:02:03.500-00:00");
        for (text, pattern, code) in [
            ("x", "yyyy", "ValueParseFailure"),
            ("2020x", "yyyy", "ValueParseFailure"),
            ("2020", "q", "EvaluatorInvalidTimestampFormatPatternSymbol"),
            ("2020", "yyyyy", "EvaluatorInvalidTimestampFormatPatternToken"),
            ("2020", "yyyy 'x", "EvaluatorUnterminatedTimestampFormatPatternToken"),
            ("2020", "yyyy MM M", "EvaluatorTimestampFormatPatternDuplicateFields"),
            ("2020 1", "yyyy h", "EvaluatorTimestampFormatPatternHourClockAmPmMismatch"),
            ("1", "d", "EvaluatorInvalidTimestampFormatPattern"),
            ("J 2020", "MMMMM y", "EvaluatorInvalidTimestampFormatPatternSymbolForParsing"),
        ] {
            assert_eq!(parse(text, pattern).unwrap_err().code(), code, "{pattern}");
        }
    }
}
