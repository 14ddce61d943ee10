//! Members in headers.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use kumoi_model::{Kind, Member, Service, Shape, TimestampFormat, Value};

use super::decode::malformed;
use crate::timestamp::Offsets;
use crate::{DecodeError, EncodeError, Limits, json, names, text};

/// Which headers a request may have, told in less than a look into the map takes: some inputs know fifty, of which a request has five.
pub(super) struct Present(u128);

impl Present {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(headers.keys().fold(0, |marks, name| marks | mark(name.as_str())))
    }

    /// Whether there is no header of that name.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.0 & mark(name) == 0
    }
}

/// One of the bits, by length and last character in either case: names that differ may have the same.
fn mark(name: &str) -> u128 {
    let last = name.bytes().last().map_or(0, |byte| byte.to_ascii_lowercase());
    1 << ((name.len() * 5 + usize::from(last)) % 128)
}

/// Reads one header; of several lines of one name a scalar takes the first and a list takes all.
pub(super) fn read(
    service: &Service,
    member: &Member,
    shape: &Shape,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<Option<Value>, DecodeError> {
    let mut lines = headers.get_all(member.wire_name()).iter();
    if let Kind::List { member: element, .. } = &shape.kind {
        let kind = service.shape(element.shape).map_or(&Kind::String, |shape| &shape.kind);
        let format = names::timestamp_format(service, element, TimestampFormat::Rfc822);
        let (mut items, mut present) = (Vec::new(), false);
        for line in lines {
            present = true;
            for item in split(line_text(line, member)?, kind, format) {
                items.push(text::parse(&item, kind, format, Offsets::Utc).ok_or_else(|| malformed(member))?);
            }
        }
        return Ok(present.then_some(Value::List(items)));
    }
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line_text(line, member)?;
    if member.json_value {
        return json_value(service, member, text, limits).map(Some);
    }
    if is_others(member, shape, text) {
        return Ok(None);
    }
    let format = names::timestamp_format(service, member, TimestampFormat::Rfc822);
    text::parse(text, &shape.kind, format, Offsets::Utc).map(Some).ok_or_else(|| malformed(member))
}

/// Whether the header is there for the transport's sake: clients send `Accept-Encoding` by themselves, also where a member of the input
/// is bound to it (the streams of Neptune), and then mean none of that member's values.
fn is_others(member: &Member, shape: &Shape, text: &str) -> bool {
    !shape.enumeration.is_empty()
        && member.wire_name().eq_ignore_ascii_case("accept-encoding")
        && !shape.enumeration.iter().any(|value| value == text)
}

/// `jsonvalue`: JSON text in base64. The value is that text, once it has proved to be JSON.
fn json_value(service: &Service, member: &Member, text: &str, limits: &Limits) -> Result<Value, DecodeError> {
    let bytes = text::parse_base64(text).ok_or_else(|| malformed(member))?;
    let text = String::from_utf8(bytes.into()).map_err(|_| malformed(member))?;
    json::check_document(service, &text, limits).map_err(|_| malformed(member))?;
    Ok(Value::String(text))
}

/// Reads all headers whose name begins with the member's prefix. Names are in lower case, as `http` keeps them. Each byte of a value is a character,
/// those of ISO 8859-1: such headers are what users make of them, and come back as they were sent.
pub(super) fn read_prefixed(member: &Member, headers: &HeaderMap) -> Result<Option<Value>, DecodeError> {
    let prefix = member.location_name.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut entries = Vec::new();
    for name in headers.keys() {
        if let (Some(key), Some(line)) = (name.as_str().strip_prefix(&prefix), headers.get(name)) {
            entries.push((
                key.to_owned(),
                Value::String(line.as_bytes().trim_ascii().iter().map(|byte| char::from(*byte)).collect()),
            ));
        }
    }
    Ok(if entries.is_empty() { None } else { Some(Value::Map(entries)) })
}

fn line_text<'a>(line: &'a HeaderValue, member: &Member) -> Result<&'a str, DecodeError> {
    std::str::from_utf8(line.as_bytes()).map(str::trim_ascii).map_err(|_| malformed(member))
}

/// The items of a list in a header: separated by commas, quoted where they hold one. An HTTP date holds one unquoted.
fn split<'a>(text: &'a str, kind: &Kind, format: TimestampFormat) -> Vec<Cow<'a, str>> {
    if text.is_empty() {
        return Vec::new();
    }
    if matches!(kind, Kind::Timestamp) && format == TimestampFormat::Rfc822 {
        let parts: Vec<&str> = text.split(',').collect();
        return parts.chunks(2).map(|date| Cow::Owned(date.join(",").trim_ascii().to_owned())).collect();
    }
    let mut items = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (item, after) = next_item(text.trim_ascii_start());
        items.push(item);
        rest = after;
    }
    items
}

/// The first item of a list, and what follows the comma behind it.
fn next_item(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let plain = || match text.split_once(',') {
        Some((item, rest)) => (Cow::Borrowed(item.trim_ascii()), Some(rest)),
        None => (Cow::Borrowed(text.trim_ascii()), None),
    };
    let Some(quoted) = text.strip_prefix('"') else { return plain() };
    let mut item = String::new();
    let mut chars = quoted.chars();
    while let Some(character) = chars.next() {
        match character {
            '"' => {
                let rest = chars.as_str().trim_ascii_start();
                return (Cow::Owned(item), rest.strip_prefix(','));
            }
            '\\' => item.extend(chars.next()),
            _ => item.push(character),
        }
    }
    // The quote is never closed, so that it is part of the text.
    plain()
}

/// Writes one header.
pub(super) fn write(
    service: &Service,
    member: &Member,
    value: &Value,
    headers: &mut HeaderMap,
) -> Result<(), EncodeError> {
    let shape = service.shape(member.shape).ok_or(EncodeError::BrokenModel)?;
    let mut out = String::new();
    match (value, &shape.kind) {
        (Value::List(items), Kind::List { member: element, .. }) => {
            let element_shape = service.shape(element.shape).ok_or(EncodeError::BrokenModel)?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_item(&mut out, service, element, element_shape, item)?;
            }
        }
        (Value::String(text), Kind::String) if member.json_value => STANDARD.encode_string(text, &mut out),
        _ => {
            let format = names::timestamp_format(service, member, TimestampFormat::Rfc822);
            text::write(&mut out, value, &shape.kind, format)
                .ok_or_else(|| EncodeError::Mismatch(shape.name.clone()))?;
        }
    }
    insert(member, member.wire_name(), out.as_bytes(), headers)
}

fn write_item(
    out: &mut String,
    service: &Service,
    element: &Member,
    shape: &Shape,
    item: &Value,
) -> Result<(), EncodeError> {
    if let Value::String(text) = item
        && text.contains([',', '"'])
    {
        out.push('"');
        for character in text.chars() {
            if matches!(character, '"' | '\\') {
                out.push('\\');
            }
            out.push(character);
        }
        out.push('"');
        return Ok(());
    }
    let format = names::timestamp_format(service, element, TimestampFormat::Rfc822);
    text::write(out, item, &shape.kind, format).ok_or_else(|| EncodeError::Mismatch(shape.name.clone()))
}

/// Writes a header for each entry of a map.
pub(super) fn write_prefixed(member: &Member, value: &Value, headers: &mut HeaderMap) -> Result<(), EncodeError> {
    let Value::Map(entries) = value else { return Err(EncodeError::Mismatch(member.name.clone())) };
    let prefix = member.location_name.as_deref().unwrap_or_default();
    for (key, value) in entries {
        let Value::String(text) = value else { return Err(EncodeError::Mismatch(member.name.clone())) };
        let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
        insert(member, &format!("{prefix}{key}"), bytes.as_deref().unwrap_or(text.as_bytes()), headers)?;
    }
    Ok(())
}

fn insert(member: &Member, name: &str, text: &[u8], headers: &mut HeaderMap) -> Result<(), EncodeError> {
    let unwritable = || EncodeError::Unwritable(member.name.clone());
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unwritable())?;
    let value = HeaderValue::from_bytes(text).map_err(|_| unwritable())?;
    headers.insert(name, value);
    Ok(())
}
