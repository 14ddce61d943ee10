//! The functions that take values. Follows the User Guide, "SQL functions".

use crate::error::{self, SelectError};
use crate::eval::compare;
use crate::pattern;
use crate::query::{Comparison, Function};
use crate::timestamp::Timestamp;
use crate::value::Value;

/// The result for arguments of whose number the query is sure. What is unknown makes the result unknown, but for the functions that are for it.
pub(crate) fn call(function: Function, arguments: &[Value], now: Timestamp) -> Result<Value, SelectError> {
    match (function, arguments) {
        (Function::Coalesce, arguments) => {
            return Ok(arguments.iter().find(|value| !value.is_unknown()).cloned().unwrap_or(Value::Null));
        }
        (Function::NullIf, [first, second]) => {
            let same = compare(first, Comparison::Equal, second)? == Some(true);
            return Ok(if same { Value::Null } else { first.clone() });
        }
        (Function::UtcNow, []) => return Ok(Value::Timestamp(now)),
        _ if arguments.iter().any(Value::is_unknown) => return Ok(Value::Null),
        _ => {}
    }
    Ok(match (function, arguments) {
        (Function::CharLength, [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
        (Function::Lower, [Value::Text(text)]) => Value::Text(text.to_lowercase()),
        (Function::Upper, [Value::Text(text)]) => Value::Text(text.to_uppercase()),
        (Function::Substring, [Value::Text(text), Value::Int(start)]) => Value::Text(substring(text, *start, None)?),
        (Function::Substring, [Value::Text(text), Value::Int(start), Value::Int(length)]) => {
            Value::Text(substring(text, *start, Some(*length))?)
        }
        (Function::Trim { leading, trailing }, [Value::Text(text), rest @ ..]) => {
            let what = match rest {
                [] => " ",
                [Value::Text(what)] => what,
                _ => return Err(error::function_type()),
            };
            Value::Text(trim(text, what, leading, trailing).to_owned())
        }
        (Function::DateAdd(part), [Value::Int(quantity), Value::Timestamp(moment)]) => {
            Value::Timestamp(moment.add(part, *quantity).ok_or_else(error::timestamp)?)
        }
        (Function::DateDiff(part), [Value::Timestamp(from), Value::Timestamp(to)]) => {
            Value::Int(from.until(part, *to).ok_or_else(error::timestamp)?)
        }
        (Function::Extract(part), [Value::Timestamp(moment)]) => Value::Int(moment.get(part)),
        (Function::ToString, [Value::Timestamp(moment), Value::Text(pattern)]) => {
            Value::Text(pattern::format(*moment, pattern)?)
        }
        (Function::ToTimestamp, [Value::Text(text)]) => {
            Value::Timestamp(Timestamp::parse(text).ok_or_else(error::timestamp)?)
        }
        (Function::ToTimestamp, [Value::Text(text), Value::Text(pattern)]) => {
            Value::Timestamp(pattern::parse(text, pattern)?)
        }
        _ => return Err(error::function_type()),
    })
}

/// The characters from a position, counted from 1; positions before it count, but have no characters.
fn substring(text: &str, start: i64, length: Option<i64>) -> Result<String, SelectError> {
    let end = match length {
        Some(length) if length < 0 => return Err(error::function_arguments()),
        Some(length) => start.saturating_add(length),
        None => i64::MAX,
    };
    let skipped = usize::try_from(start.saturating_sub(1)).unwrap_or(0);
    let taken = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    Ok(text.chars().skip(skipped).take(taken).collect())
}

/// Without the characters of `what` at the ends.
fn trim<'t>(mut text: &'t str, what: &str, leading: bool, trailing: bool) -> &'t str {
    if leading {
        text = text.trim_start_matches(|char| what.contains(char));
    }
    if trailing {
        text = text.trim_end_matches(|char| what.contains(char));
    }
    text
}
