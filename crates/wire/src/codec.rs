//! One entrance for all protocols.

use http::HeaderMap;
use kumoi_model::{Kind, Member, Operation, Protocol, Service, Struct, Structure, Value};

use crate::query::Dialect;
use crate::{Body, DecodeError, EncodeError, Labels, Limits, Request, Response, WireError};
use crate::{bindings, cbor, json, query, rpc};

static NO_MEMBERS: Structure =
    Structure { members: Vec::new(), union: false, payload: None, event_stream: false, event: false, error: None };

/// The structure at `id`; one without members where an operation has none.
pub(crate) fn structure_or_empty(service: &Service, id: Option<kumoi_model::ShapeId>) -> &Structure {
    id.and_then(|id| service.structure(id)).unwrap_or(&NO_MEMBERS)
}

/// Reads a request into a [`Value::Struct`] of the operation's input. Members that the request leaves out are not set; nothing is
/// checked beyond the form.
///
/// # Errors
/// The request is not of the form that protocol and shapes ask for, or passes a limit.
pub fn decode(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    request: Request<'_>,
    labels: &Labels,
    limits: &Limits,
) -> Result<Value, DecodeError> {
    let input = structure_or_empty(service, operation.input);
    let members = match protocol {
        Protocol::RestJson | Protocol::RestXml => {
            bindings::decode(service, protocol, operation, input, request, labels, limits)?
        }
        Protocol::AwsJson => match rpc::input_stream(service, input, &request.body) {
            Some(members) => members,
            None => json::decode_structure(service, input, json::Dialect::Aws, bytes(&request.body)?, limits)?,
        },
        Protocol::RpcV2Cbor => match rpc::input_stream(service, input, &request.body) {
            Some(members) => members,
            None => cbor::decode_structure(service, input, bytes(&request.body)?, limits)?,
        },
        Protocol::AwsQuery => query_members(service, Dialect::Aws, input, &request, limits)?,
        Protocol::Ec2Query => query_members(service, Dialect::Ec2, input, &request, limits)?,
    };
    Ok(Value::Struct(members))
}

/// A query request carries its parameters in the body, in the query string, or in both.
fn query_members(
    service: &Service,
    dialect: Dialect,
    input: &Structure,
    request: &Request<'_>,
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    let body = bytes(&request.body)?;
    if body.is_empty() || request.query.is_empty() {
        let form = if body.is_empty() { request.query.as_bytes() } else { body };
        return query::decode(service, dialect, input, form, limits);
    }
    let form = [body, request.query.as_bytes()].join(&b'&');
    query::decode(service, dialect, input, &form, limits)
}

pub(crate) fn bytes(body: &Body) -> Result<&[u8], DecodeError> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Stream(_) => Err(DecodeError::Internal("the body of this operation must be read before decoding")),
    }
}

/// Writes an output. `output` is the [`Value::Struct`] of the operation's output shape; `Value::Null` stands for an empty one.
///
/// # Errors
/// The output does not fit its shape.
pub fn encode(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    output: Value,
    request_id: &str,
) -> Result<Response, EncodeError> {
    let structure = structure_or_empty(service, operation.output);
    let members = match output {
        Value::Struct(members) => members,
        Value::Null => Struct::new(),
        _ => return Err(EncodeError::Mismatch(operation.name.clone())),
    };
    match protocol {
        Protocol::AwsJson => rpc::encode_json(service, operation, structure, members, request_id),
        Protocol::RpcV2Cbor => rpc::encode_cbor(service, operation, structure, members, request_id),
        Protocol::AwsQuery => query::encode(service, Dialect::Aws, operation, &members, request_id),
        Protocol::Ec2Query => query::encode(service, Dialect::Ec2, operation, &members, request_id),
        Protocol::RestJson | Protocol::RestXml => {
            bindings::encode(service, protocol, operation, structure, members, request_id)
        }
    }
}

/// Writes an error. Never fails: members that cannot be written are left out.
pub fn encode_error(service: &Service, protocol: Protocol, error: &WireError, request_id: &str) -> Response {
    let mut response = match protocol {
        Protocol::AwsJson => rpc::encode_json_error(service, error, request_id),
        Protocol::RpcV2Cbor => rpc::encode_cbor_error(service, error, request_id),
        Protocol::AwsQuery => query::encode_error(service, Dialect::Aws, error, request_id),
        Protocol::Ec2Query => query::encode_error(service, Dialect::Ec2, error, request_id),
        Protocol::RestJson | Protocol::RestXml => bindings::encode_error(service, protocol, error, request_id),
    };
    // RFC 9110 sections 9.3.2 and 15.4.5.
    if error.head || error.status == 304 {
        response.body = Body::empty();
    }
    response
}

/// Whether the body of a request to `operation` is handed to [`decode`] as a [`Body::Stream`].
pub fn streams_request(service: &Service, operation: &Operation) -> bool {
    streaming_member(service, structure_or_empty(service, operation.input)).is_some()
}

/// Whether the answer of `operation` has a [`Body::Stream`].
pub fn streams_response(service: &Service, operation: &Operation) -> bool {
    streaming_member(service, structure_or_empty(service, operation.output)).is_some()
}

/// The member that is a stream, of bytes or of events.
pub(crate) fn streaming_member<'a>(service: &Service, structure: &'a Structure) -> Option<(u16, &'a Member)> {
    crate::context::find_member(structure, |member| is_event_stream(service, member))
        .or_else(|| payload(structure).filter(|(_, member)| is_streaming(service, member)))
}

/// The member that is the body, when one is.
pub(crate) fn payload(structure: &Structure) -> Option<(u16, &Member)> {
    let index = structure.payload?;
    structure.members.get(usize::from(index)).map(|member| (index, member))
}

pub(crate) fn is_streaming(service: &Service, member: &Member) -> bool {
    member.streaming || service.shape(member.shape).is_some_and(|shape| shape.streaming)
}

pub(crate) fn is_event_stream(service: &Service, member: &Member) -> bool {
    matches!(service.shape(member.shape).map(|shape| &shape.kind), Some(Kind::Structure(structure)) if structure.event_stream)
}

pub(crate) fn response(status: u16, headers: HeaderMap, body: impl Into<Body>) -> Response {
    Response { status, headers, body: body.into() }
}
