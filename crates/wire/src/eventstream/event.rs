//! Events of an answer, by the model: Smithy's "Event streams" and "Event message serialization".

use bytes::Bytes;
use kumoi_model::{Kind, Member, Operation, Protocol, Service, Struct, Structure, Value};

use super::{EventStreamError, Message};
use crate::codec::{streaming_member, structure_or_empty};
use crate::{EncodeError, json, xml};

/// Writes an event of the stream that `operation` answers with. `event` is the union of events with one member set. Members in headers are not
/// written: no service that is built has any. Neither are events of protocols without HTTP bindings.
///
/// # Errors
/// The event does not fit its shape.
pub fn encode_event(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    event: &Value,
) -> Result<Message, EncodeError> {
    let output = structure_or_empty(service, operation.output);
    let stream = streaming_member(service, output).and_then(|(_, member)| service.structure(member.shape));
    let set = event.as_struct().and_then(|members| members.iter().next());
    let (Some(stream), Some((index, Value::Struct(members)))) = (stream, set) else {
        return Err(EncodeError::Mismatch(operation.name.clone()));
    };
    let member = stream.members.get(usize::from(index)).ok_or(EncodeError::BrokenModel)?;
    let structure = service.structure(member.shape).ok_or(EncodeError::BrokenModel)?;
    let (payload, content_type) = payload(service, protocol, structure, members)?;
    let mut message = Message::new(payload).with_string(":event-type", &member.name);
    if let Some(content_type) = content_type {
        message = message.with_string(":content-type", content_type);
    }
    Ok(message.with_string(":message-type", "event"))
}

/// The message that ends a stream with an error, such as one that comes to light when part of the answer is on its way.
///
/// # Errors
/// Code or text are longer than a header can be.
pub fn encode_error_message(code: &str, text: &str) -> Result<Bytes, EventStreamError> {
    Message::default()
        .with_string(":error-code", code)
        .with_string(":error-message", text)
        .with_string(":message-type", "error")
        .to_bytes()
}

type Payload = (Bytes, Option<&'static str>);

fn payload(service: &Service, protocol: Protocol, event: &Structure, members: &Struct) -> Result<Payload, EncodeError> {
    let mut indexed = event.members.iter().zip(0..);
    let Some((member, index)) = indexed.find(|(member, _)| member.event_payload) else {
        if event.members.is_empty() {
            return Ok((Bytes::new(), None));
        }
        return Err(EncodeError::Unwritable(event.members.iter().map(|member| member.name.as_str()).collect()));
    };
    let shape = service.shape(member.shape).ok_or(EncodeError::BrokenModel)?;
    match (members.get(index), &shape.kind) {
        (None, _) => Ok((Bytes::new(), None)),
        (Some(Value::Blob(bytes)), Kind::Blob) => Ok((bytes.clone(), Some("application/octet-stream"))),
        (Some(Value::String(text)), Kind::String) => Ok((text.clone().into(), Some("text/plain"))),
        (Some(value), Kind::Structure(_)) => document(service, protocol, &shape.name, member, value),
        (Some(_), _) => Err(EncodeError::Mismatch(shape.name.clone())),
    }
}

fn document(
    service: &Service,
    protocol: Protocol,
    name: &str,
    member: &Member,
    value: &Value,
) -> Result<Payload, EncodeError> {
    match protocol {
        Protocol::RestXml => {
            let mut out = xml::Writer::new();
            xml::write_member_root(&mut out, service, name, None, member, value)?;
            Ok((out.finish().into(), Some("text/xml")))
        }
        Protocol::RestJson => {
            let mut out = String::new();
            json::write_member(&mut out, service, json::Dialect::Rest, member, value)?;
            Ok((out.into(), Some("application/json")))
        }
        _ => Err(EncodeError::Unwritable(member.name.clone())),
    }
}
