//! From values straight to JSON text.

use std::fmt::Write;

use kumoi_model::{Kind, Location, Member, Service, Struct, Structure, TimestampFormat, Value};

use super::Dialect;
use crate::names::Scope;
use crate::{EncodeError, WireError, names, text, timestamp};

/// Deepest nesting of an output. Services bound what they store, so that only a mistake of theirs gets here.
const MAX_DEPTH: u16 = 256;

/// Appends the members of `structure` that are in the body, as an object.
pub(crate) fn write_structure(
    out: &mut String,
    service: &Service,
    structure: &Structure,
    dialect: Dialect,
    members: &Struct,
) -> Result<(), EncodeError> {
    Writer { out, service, dialect }.structure(structure, dialect.scope(), members, 0)
}

/// Appends the value of `member`.
pub(crate) fn write_member(
    out: &mut String,
    service: &Service,
    dialect: Dialect,
    member: &Member,
    value: &Value,
) -> Result<(), EncodeError> {
    Writer { out, service, dialect }.value(member, value, 0)
}

/// The body of an error: its type, its message and the members that the model gives it. Members that cannot be written are left
/// out, since an error must always be answerable.
pub(crate) fn error_body(service: &Service, dialect: Dialect, error: &WireError, type_name: Option<&str>) -> String {
    let mut out = String::with_capacity(128);
    out.push('{');
    if let Some(name) = type_name {
        out.push_str("\"__type\":");
        write_string(&mut out, name);
    }
    let structure = error.shape.and_then(|shape| service.structure(shape));
    if !error.message.is_empty() {
        let message = structure
            .and_then(|structure| structure.members.iter().find(|member| member.name.eq_ignore_ascii_case("message")))
            .filter(|member| member.location == Location::Body)
            .map_or("message", |member| dialect.name(member));
        separate(&mut out);
        write_string(&mut out, message);
        out.push(':');
        write_string(&mut out, &error.message);
    }
    for (index, value) in error.members.iter() {
        let Some(member) = structure.and_then(|structure| structure.members.get(usize::from(index))) else { continue };
        if member.location != Location::Body || member.name.eq_ignore_ascii_case("message") {
            continue;
        }
        let before = out.len();
        separate(&mut out);
        write_string(&mut out, dialect.name(member));
        out.push(':');
        if write_member(&mut out, service, dialect, member, value).is_err() {
            out.truncate(before);
        }
    }
    out.push('}');
    out
}

fn separate(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

struct Writer<'a> {
    out: &'a mut String,
    service: &'a Service,
    dialect: Dialect,
}

impl Writer<'_> {
    fn structure(
        &mut self,
        structure: &Structure,
        scope: Scope,
        members: &Struct,
        depth: u16,
    ) -> Result<(), EncodeError> {
        if depth > MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        self.out.push('{');
        let mut first = true;
        for (index, value) in members.iter() {
            let member = structure.members.get(usize::from(index)).ok_or(EncodeError::BrokenModel)?;
            if *value == Value::Null || !scope.takes(member) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(',');
            }
            write_string(self.out, self.dialect.name(member));
            self.out.push(':');
            self.value(member, value, depth + 1)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn value(&mut self, member: &Member, value: &Value, depth: u16) -> Result<(), EncodeError> {
        if depth > MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        let shape = self.service.shape(member.shape).ok_or(EncodeError::BrokenModel)?;
        match (value, &shape.kind) {
            (Value::Null, _) => self.out.push_str("null"),
            (Value::String(text), Kind::String) => write_string(self.out, text),
            (Value::Struct(members), Kind::Structure(structure)) => {
                self.structure(structure, Scope::All, members, depth)?;
            }
            (Value::List(items), Kind::List { member: element, .. }) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    self.value(element, item, depth + 1)?;
                }
                self.out.push(']');
            }
            (Value::Map(entries), Kind::Map { value: element, .. }) => {
                self.out.push('{');
                for (at, (key, item)) in entries.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    write_string(self.out, key);
                    self.out.push(':');
                    self.value(element, item, depth + 1)?;
                }
                self.out.push('}');
            }
            (Value::Blob(bytes), Kind::Blob) => {
                self.out.push('"');
                text::write_base64(self.out, bytes);
                self.out.push('"');
            }
            (Value::Float(number), Kind::Float | Kind::Double) if !number.is_finite() => {
                self.out.push('"');
                text::write_float(self.out, *number, false);
                self.out.push('"');
            }
            (Value::Timestamp(moment), Kind::Timestamp) => {
                let format = names::timestamp_format(self.service, member, TimestampFormat::UnixTimestamp);
                let quote = if format == TimestampFormat::UnixTimestamp { "" } else { "\"" };
                self.out.push_str(quote);
                timestamp::write(self.out, *moment, format);
                self.out.push_str(quote);
            }
            (Value::Document(document), Kind::Document) => drop(write!(self.out, "{document}")),
            _ => text::write(self.out, value, &shape.kind, TimestampFormat::UnixTimestamp)
                .ok_or_else(|| EncodeError::Mismatch(shape.name.clone()))?,
        }
        Ok(())
    }
}

/// Where the first byte stands that a JSON string cannot have as it is.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    // Without a branch for each byte, many are looked at in one step.
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(false, |any, byte| any | special(*byte));
    let clean = bytes.chunks(64).take_while(|chunk| !in_chunk(chunk)).map(<[u8]>::len).sum();
    bytes.get(clean..)?.iter().position(|byte| special(*byte)).map(|at| clean + at)
}

/// Appends `text` as a JSON string (RFC 8259 section 7).
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = first_special(rest.as_bytes()) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => drop(write!(out, "\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::write_string;

    #[test]
    fn strings_are_escaped_wherever_it_is_needed() {
        for special in ["\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1f}", "ü", "\u{7f}", ""] {
            for at in 0..150 {
                let text = format!("{}{special}{}", "a".repeat(at), "b".repeat(150 - at));
                let mut written = String::new();
                write_string(&mut written, &text);
                assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            }
        }
    }
}
