//! The body of a REST request.

use kumoi_model::{ByteStream, Kind, Location, Member, Protocol, Service, Struct, Structure, Value};

use crate::codec::{bytes, is_event_stream, is_streaming, payload};
use crate::{Body, DecodeError, Limits, json, xml};

/// Whether any member travels in the body.
pub(super) fn has_body(structure: &Structure) -> bool {
    structure.payload.is_some() || structure.members.iter().any(|member| member.location == Location::Body)
}

/// Reads what the body holds into `members`.
pub(super) fn read(
    service: &Service,
    protocol: Protocol,
    input: &Structure,
    members: &mut Struct,
    body: Body,
    limits: &Limits,
) -> Result<(), DecodeError> {
    if let Some((index, member)) = payload(input) {
        if let Some(value) = read_payload(service, protocol, member, body, limits)? {
            members.set(index, value);
        }
        return Ok(());
    }
    if !has_body(input) {
        return Ok(());
    }
    let bytes = bytes(&body)?;
    let mut found = match protocol {
        Protocol::RestJson => json::decode_structure(service, input, json::Dialect::Rest, bytes, limits)?,
        _ => xml::decode_structure(service, input, bytes, limits)?,
    };
    let indexes: Vec<u16> = found.iter().map(|(index, _)| index).collect();
    for index in indexes {
        if let Some(value) = found.take(index) {
            members.set(index, value);
        }
    }
    Ok(())
}

/// The payload member; unset when there are no bytes, since HTTP does not tell an empty body from none.
fn read_payload(
    service: &Service,
    protocol: Protocol,
    member: &Member,
    body: Body,
    limits: &Limits,
) -> Result<Option<Value>, DecodeError> {
    if is_streaming(service, member) || is_event_stream(service, member) {
        return Ok(match body {
            Body::Stream(stream) => Some(Value::Stream(stream)),
            Body::Bytes(bytes) if bytes.is_empty() => None,
            Body::Bytes(bytes) => Some(Value::Stream(ByteStream::from_bytes(bytes))),
        });
    }
    let Body::Bytes(bytes) = body else {
        return Err(DecodeError::Internal("the body of this operation must be read before decoding"));
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    match service.shape(member.shape).map(|shape| &shape.kind) {
        Some(Kind::Blob) => Ok(Some(Value::Blob(bytes))),
        Some(Kind::String) => match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Some(Value::String(text))),
            Err(_) => Err(DecodeError::body("The request body is not valid UTF-8")),
        },
        _ if protocol == Protocol::RestJson => json::decode_member(service, member, &bytes, limits),
        _ => xml::decode_member(service, member, &bytes, limits),
    }
}
