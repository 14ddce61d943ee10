//! From values to CBOR, with definite lengths throughout.

use std::convert::Infallible;

use kumoi_model::{Kind, Member, Service, Struct, Structure, Value};
use minicbor::data::Tag;
use minicbor::encode::{Encoder, Error};

use crate::{EncodeError, WireError};

/// Deepest nesting of an output. Services bound what they store, so that only a mistake of theirs gets here.
const MAX_DEPTH: u16 = 256;

/// The members of `structure` as a map.
pub(crate) fn encode_structure(
    service: &Service,
    structure: &Structure,
    members: &Struct,
) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer { out: Encoder::new(Vec::with_capacity(256)), service };
    writer.structure(structure, members, 0)?;
    Ok(writer.out.into_writer())
}

/// The body of an error. Members that cannot be written are left out.
pub(crate) fn error_body(service: &Service, error: &WireError, type_name: &str) -> Vec<u8> {
    let structure = error.shape.and_then(|id| service.structure(id));
    let message_name = structure
        .and_then(|structure| structure.members.iter().find(|member| member.name.eq_ignore_ascii_case("message")))
        .map_or("message", |member| &member.name);
    let mut members = Vec::new();
    for (index, value) in error.members.iter() {
        let Some(member) = structure.and_then(|structure| structure.members.get(usize::from(index))) else { continue };
        if member.name.eq_ignore_ascii_case("message") || *value == Value::Null {
            continue;
        }
        let mut writer = Writer { out: Encoder::new(Vec::new()), service };
        if writer.value(member, value, 1).is_ok() {
            members.push((&member.name, writer.out.into_writer()));
        }
    }
    let mut out = Encoder::new(Vec::with_capacity(128));
    let has_message = u64::from(!error.message.is_empty());
    let _ = out.map(1 + has_message + members.len() as u64);
    let _ = out.str("__type").and_then(|out| out.str(type_name));
    if has_message == 1 {
        let _ = out.str(message_name).and_then(|out| out.str(&error.message));
    }
    for (name, value) in members {
        let _ = out.str(name);
        out.writer_mut().extend_from_slice(&value);
    }
    out.into_writer()
}

struct Writer<'a> {
    out: Encoder<Vec<u8>>,
    service: &'a Service,
}

/// Writing to a vector cannot fail.
fn written<T>(_: Result<T, Error<Infallible>>) {}

impl Writer<'_> {
    fn structure(&mut self, structure: &Structure, members: &Struct, depth: u16) -> Result<(), EncodeError> {
        written(self.out.map(members.iter().filter(|(_, value)| **value != Value::Null).count() as u64));
        for (index, value) in members.iter().filter(|(_, value)| **value != Value::Null) {
            let member = structure.members.get(usize::from(index)).ok_or(EncodeError::BrokenModel)?;
            written(self.out.str(&member.name));
            self.value(member, value, depth + 1)?;
        }
        Ok(())
    }

    fn value(&mut self, member: &Member, value: &Value, depth: u16) -> Result<(), EncodeError> {
        if depth > MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        let shape = self.service.shape(member.shape).ok_or(EncodeError::BrokenModel)?;
        match (value, &shape.kind) {
            (Value::Null, _) => written(self.out.null()),
            (Value::Struct(members), Kind::Structure(structure)) => self.structure(structure, members, depth)?,
            (Value::List(items), Kind::List { member: element, .. }) => {
                written(self.out.array(items.len() as u64));
                for item in items {
                    self.value(element, item, depth + 1)?;
                }
            }
            (Value::Map(entries), Kind::Map { value: element, .. }) => {
                written(self.out.map(entries.len() as u64));
                for (key, item) in entries {
                    written(self.out.str(key));
                    self.value(element, item, depth + 1)?;
                }
            }
            (Value::String(text), Kind::String) => written(self.out.str(text)),
            (Value::Bool(flag), Kind::Boolean) => written(self.out.bool(*flag)),
            (Value::Int(number), Kind::Integer | Kind::Long) => written(self.out.i64(*number)),
            (Value::Float(number), Kind::Float) => written(self.out.f32(*number as f32)),
            (Value::Float(number), Kind::Double) => written(self.out.f64(*number)),
            (Value::Int(number), Kind::Float | Kind::Double) => written(self.out.f64(*number as f64)),
            (Value::Blob(bytes), Kind::Blob) => written(self.out.bytes(bytes)),
            (Value::Timestamp(moment), Kind::Timestamp) => {
                written(self.out.tag(Tag::new(1)));
                if moment.nanos < 1_000_000 {
                    written(self.out.i64(moment.seconds));
                } else {
                    written(self.out.f64(moment.millis() as f64 / 1000.0));
                }
            }
            _ => return Err(EncodeError::Mismatch(shape.name.clone())),
        }
        Ok(())
    }
}
