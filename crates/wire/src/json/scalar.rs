//! Which JSON tokens stand for which kinds, and what AWS says when they do not.

use kumoi_model::{Kind, Member, TimestampFormat, Value};

use crate::context::Context;
use crate::text::{named_float, parse_base64};
use crate::timestamp::{self, Offsets};
use crate::{DecodeError, names};

/// A scalar token of JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits signed, or a number with a fraction or exponent.
    Float(f64),
    String(&'a str),
}

impl Token<'_> {
    /// The token's name in the messages of AWS's JSON services.
    fn name(self) -> &'static str {
        match self {
            Token::Bool(true) => "TRUE_VALUE",
            Token::Bool(false) => "FALSE_VALUE",
            Token::Int(_) => "NUMBER_VALUE",
            Token::Float(_) => "DECIMAL_VALUE",
            Token::String(_) => "STRING_VALUE",
        }
    }
}

/// The value of `member` that `token` stands for.
pub(crate) fn value(cx: &Context<'_>, member: &Member, token: Token<'_>) -> Result<Value, DecodeError> {
    let shape = cx.shape(member)?;
    let wrong = || Err(mismatch(token, &shape.kind));
    Ok(match (&shape.kind, token) {
        (Kind::String, Token::String(text)) => Value::String(text.to_owned()),
        (Kind::Boolean, Token::Bool(flag)) => Value::Bool(flag),
        (Kind::Integer | Kind::Long, Token::Int(_) | Token::Float(_)) => integer(&shape.kind, token)?,
        (Kind::Float | Kind::Double, Token::Int(number)) => Value::Float(number as f64),
        (Kind::Float, Token::Float(number)) => Value::Float(f64::from(number as f32)),
        (Kind::Double, Token::Float(number)) => Value::Float(number),
        (Kind::Float | Kind::Double, Token::String(text)) => match named_float(text) {
            Some(number) => Value::Float(number),
            None => return wrong(),
        },
        (Kind::Blob, Token::String(text)) => match parse_base64(text) {
            Some(bytes) => Value::Blob(bytes),
            None => return Err(DecodeError::body("The value is not valid base64")),
        },
        (Kind::Timestamp, token) => timestamp(cx, member, token)?,
        (Kind::Document, token) => Value::Document(document(token)),
        _ => return wrong(),
    })
}

/// A document's scalar; a number that JSON cannot carry becomes null.
pub(crate) fn document(token: Token<'_>) -> serde_json::Value {
    match token {
        Token::Bool(flag) => flag.into(),
        Token::Int(number) => number.into(),
        Token::Float(number) => number.into(),
        Token::String(text) => text.into(),
    }
}

/// Numbers such as `1.0` and `1e3` are integers; `1.5` is not.
fn integer(kind: &Kind, token: Token<'_>) -> Result<Value, DecodeError> {
    let number = match token {
        Token::Int(number) => Some(number),
        // Below 2^53 every whole float is exactly that integer.
        Token::Float(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => Some(number as i64),
        _ => None,
    };
    match (kind, number) {
        (Kind::Integer, Some(number)) if i32::try_from(number).is_ok() => Ok(Value::Int(number)),
        (Kind::Long, Some(number)) => Ok(Value::Int(number)),
        _ => Err(mismatch(token, kind)),
    }
}

fn timestamp(cx: &Context<'_>, member: &Member, token: Token<'_>) -> Result<Value, DecodeError> {
    let format = names::timestamp_format(cx.service, member, TimestampFormat::UnixTimestamp);
    let moment = match (format, token) {
        (TimestampFormat::UnixTimestamp, Token::Int(seconds)) => timestamp::from_epoch(seconds as f64),
        (TimestampFormat::UnixTimestamp, Token::Float(seconds)) => timestamp::from_epoch(seconds),
        (TimestampFormat::UnixTimestamp, _) => None,
        (_, Token::String(text)) => timestamp::parse(text, format, Offsets::Utc),
        _ => None,
    };
    moment.map(Value::Timestamp).ok_or_else(|| mismatch(token, &Kind::Timestamp))
}

/// A scalar where `kind` wants something else.
pub(crate) fn mismatch(token: Token<'_>, kind: &Kind) -> DecodeError {
    let wanted = match kind {
        Kind::String => "String",
        Kind::Integer => "Integer",
        Kind::Long => "Long",
        Kind::Float => "Float",
        Kind::Double => "Double",
        Kind::Timestamp => "Timestamp",
        Kind::Blob => return DecodeError::body("only base-64-encoded strings are convertible to bytes"),
        Kind::Boolean => return DecodeError::body("Unexpected token received from parser"),
        _ => return DecodeError::body("Unexpected field type"),
    };
    DecodeError::body(format!("{} can not be converted to {wanted}", token.name()))
}

/// `[` where `kind` wants something else.
pub(crate) fn unexpected_list() -> DecodeError {
    DecodeError::body("Start of list found where not expected")
}

/// `{` where `kind` wants something else.
pub(crate) fn unexpected_map() -> DecodeError {
    DecodeError::body("Start of structure or map found where not expected.")
}
