//! Scalars as text: in forms, XML, headers, labels and query strings.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kumoi_model::{Kind, Timestamp, TimestampFormat, Value};

use crate::timestamp::{self, Offsets};

/// Reads a scalar of `kind`; `None` when the text is not one, or `kind` is an aggregate.
pub(crate) fn parse(text: &str, kind: &Kind, format: TimestampFormat, offsets: Offsets) -> Option<Value> {
    Some(match kind {
        Kind::String => Value::String(text.to_owned()),
        Kind::Boolean => Value::Bool(match text {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        Kind::Integer => Value::Int(i64::from(parse_integer::<i32>(text)?)),
        Kind::Long => Value::Int(parse_integer::<i64>(text)?),
        Kind::Float => Value::Float(f64::from(parse_float::<f32>(text)?)),
        Kind::Double => Value::Float(parse_float::<f64>(text)?),
        Kind::Blob => Value::Blob(parse_base64(text)?),
        Kind::Timestamp => Value::Timestamp(timestamp::parse(text, format, offsets)?),
        Kind::Document => Value::Document(serde_json::Value::String(text.to_owned())),
        Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. } => return None,
    })
}

/// Rust reads `+5`; AWS does not promise to, but its Java services do.
fn parse_integer<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Decimal notation, `NaN`, `Infinity` and `-Infinity`; not the other spellings that Rust takes, such as `inf`.
fn parse_float<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = matches!(text, "NaN" | "Infinity" | "-Infinity")
        || text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// The non-finite float that a JSON string stands for.
pub(crate) fn named_float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Standard base64 with padding (RFC 4648 section 4).
pub(crate) fn parse_base64(text: &str) -> Option<Bytes> {
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// As [`parse_base64`], for texts in which line breaks and indentation are allowed.
pub(crate) fn parse_base64_spaced(text: &str) -> Option<Bytes> {
    if !text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return parse_base64(text);
    }
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok().map(Bytes::from)
}

/// Appends `bytes` in base64.
pub(crate) fn write_base64(out: &mut String, bytes: &[u8]) {
    STANDARD.encode_string(bytes, out);
}

/// Appends a scalar of `kind`; `None` when the value is of another kind.
pub(crate) fn write(out: &mut String, value: &Value, kind: &Kind, format: TimestampFormat) -> Option<()> {
    match (value, kind) {
        (Value::String(text), Kind::String) => out.push_str(text),
        (Value::Bool(flag), Kind::Boolean) => out.push_str(if *flag { "true" } else { "false" }),
        (Value::Int(number), Kind::Integer | Kind::Long) => drop(write!(out, "{number}")),
        (Value::Float(number), Kind::Float) => write_float(out, *number, true),
        (Value::Float(number), Kind::Double) => write_float(out, *number, false),
        (Value::Int(number), Kind::Float | Kind::Double) => write_float(out, *number as f64, false),
        (Value::Blob(bytes), Kind::Blob) => write_base64(out, bytes),
        (Value::Timestamp(moment), Kind::Timestamp) => write_timestamp(out, *moment, format),
        (Value::Document(document), Kind::Document) => drop(write!(out, "{document}")),
        _ => return None,
    }
    Some(())
}

fn write_timestamp(out: &mut String, moment: Timestamp, format: TimestampFormat) {
    timestamp::write(out, moment, format);
}

/// The shortest decimal that reads back the same, or `NaN`, `Infinity`, `-Infinity`.
pub(crate) fn write_float(out: &mut String, number: f64, single: bool) {
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else if single {
        let _ = write!(out, "{:?}", number as f32);
    } else {
        let _ = write!(out, "{number:?}");
    }
}
