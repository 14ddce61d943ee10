//! `LIKE`: `%` stands for any text, `_` for any one character.

use crate::error::{self, SelectError};
use crate::value::Value;

enum Piece {
    Any,
    One,
    Char(char),
}

pub(crate) fn like(value: &Value, pattern: &Value, escape: Option<&Value>) -> Result<Value, SelectError> {
    if value.is_unknown() || pattern.is_unknown() || escape.is_some_and(Value::is_unknown) {
        return Ok(Value::Null);
    }
    let (Some(text), Some(pattern)) = (value.text(), pattern.text()) else { return Err(error::like_inputs()) };
    let escape = match escape {
        None => None,
        Some(escape) => {
            let mut chars = escape.text().ok_or_else(error::like_inputs)?.chars();
            let (Some(escape), None) = (chars.next(), chars.next()) else { return Err(error::like_escape()) };
            Some(escape)
        }
    };
    Ok(Value::Bool(matches(text, &pieces(pattern, escape)?)))
}

fn pieces(pattern: &str, escape: Option<char>) -> Result<Vec<Piece>, SelectError> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        pieces.push(match char {
            char if Some(char) == escape => match chars.next() {
                Some(escaped) if matches!(escaped, '%' | '_') || Some(escaped) == escape => Piece::Char(escaped),
                _ => return Err(error::like_escape()),
            },
            '%' => Piece::Any,
            '_' => Piece::One,
            char => Piece::Char(char),
        });
    }
    Ok(pieces)
}

/// Goes through text and pattern at once; where they differ, it goes back to the last `%` and lets that take one character more. So the time is
/// that of their lengths multiplied at most.
fn matches(text: &str, pieces: &[Piece]) -> bool {
    let (mut rest, mut at) = (text.chars(), 0);
    let mut back = None;
    loop {
        match (rest.clone().next(), pieces.get(at)) {
            (_, Some(Piece::Any)) => {
                at += 1;
                back = Some((rest.clone(), at));
                continue;
            }
            (None, None) => return true,
            (Some(_), Some(Piece::One)) => {}
            (Some(char), Some(Piece::Char(wanted))) if char == *wanted => {}
            _ => {
                let Some((mut from, piece)) = back else { return false };
                if from.next().is_none() {
                    return false;
                }
                rest = from.clone();
                at = piece;
                back = Some((from, piece));
                continue;
            }
        }
        rest.next();
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, pattern: &str, escape: Option<&str>) -> Result<Value, SelectError> {
        let value = |text: &str| Value::Text(text.to_owned());
        like(&value(text), &value(pattern), escape.map(value).as_ref())
    }

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("äöü", "_ö_", true),
            ("mississippi", "%iss%ip%i", true),
            ("mississippi", "%iss%ix%", false),
            ("ABC", "abc", false),
        ] {
            assert!(of(text, pattern, None).unwrap().equals(&Value::Bool(expected)), "{text} like {pattern}");
        }
        assert!(of("100%", "100!%", Some("!")).unwrap().equals(&Value::Bool(true)));
        assert!(of("1000", "100!%", Some("!")).unwrap().equals(&Value::Bool(false)));
        for (pattern, escape) in [("a!", "!"), ("!a", "!"), ("a", "ab"), ("a", "")] {
            assert_eq!(of("a", pattern, Some(escape)).unwrap_err().code(), "EvaluatorLikePatternInvalidEscapeSequence");
        }
    }
}
