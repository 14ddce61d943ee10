//! The frames of awsJson and RPC v2 CBOR: all members in the body, errors by a type inside it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use kumoi_model::{ByteStream, Operation, Service, Struct, Structure, Value};

use crate::codec::{is_event_stream, response};
use crate::context::find_member;
use crate::{Body, EncodeError, Response, WireError, cbor, headers, json};

/// The input of an operation that takes a stream of events: the frames are the body, the first of which carries the other members.
pub(crate) fn input_stream(service: &Service, input: &Structure, body: &Body) -> Option<Struct> {
    let (index, _) = find_member(input, |member| is_event_stream(service, member))?;
    let stream = match body {
        Body::Stream(stream) => stream.clone(),
        Body::Bytes(bytes) => ByteStream::from_bytes(bytes.clone()),
    };
    let mut members = Struct::new();
    members.set(index, Value::Stream(stream));
    Some(members)
}

/// The stream of events in an output, when it has one.
fn output_stream(
    service: &Service,
    output: &Structure,
    members: &mut Struct,
) -> Result<Option<ByteStream>, EncodeError> {
    let Some((index, member)) = find_member(output, |member| is_event_stream(service, member)) else { return Ok(None) };
    match members.take(index) {
        Some(Value::Stream(stream)) => Ok(Some(stream)),
        None => Ok(Some(ByteStream::from_bytes(Bytes::new()))),
        Some(_) => Err(EncodeError::Mismatch(member.name.clone())),
    }
}

fn json_content_type(service: &Service) -> HeaderValue {
    HeaderValue::from_static(match service.json_version.as_deref() {
        Some("1.0") => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    })
}

fn frame(content_type: HeaderValue, request_id: &str) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(4);
    map.insert(CONTENT_TYPE, content_type);
    headers::request_id(&mut map, request_id);
    map
}

pub(crate) fn encode_json(
    service: &Service,
    operation: &Operation,
    output: &Structure,
    mut members: Struct,
    request_id: &str,
) -> Result<Response, EncodeError> {
    if let Some(stream) = output_stream(service, output, &mut members)? {
        return Ok(response(200, frame(headers::EVENT_STREAM, request_id), Body::Stream(stream)));
    }
    let frame = frame(json_content_type(service), request_id);
    // Smithy, AWS JSON protocols: no output is an empty payload, and not an empty document.
    if operation.output.is_none() {
        return Ok(response(200, frame, Body::empty()));
    }
    let mut body = String::with_capacity(256);
    json::write_structure(&mut body, service, output, json::Dialect::Aws, &members)?;
    Ok(response(200, frame, body.into_bytes()))
}

pub(crate) fn encode_json_error(service: &Service, error: &WireError, request_id: &str) -> Response {
    let mut map = frame(json_content_type(service), request_id);
    query_error(service, error, &mut map);
    let body = json::error_body(service, json::Dialect::Aws, error, Some(&type_name(service, error)));
    response(error.status, map, body.into_bytes())
}

pub(crate) fn encode_cbor(
    service: &Service,
    operation: &Operation,
    output: &Structure,
    mut members: Struct,
    request_id: &str,
) -> Result<Response, EncodeError> {
    let stream = output_stream(service, output, &mut members)?;
    let mut map = frame(headers::APPLICATION_CBOR, request_id);
    map.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    if let Some(stream) = stream {
        map.insert(CONTENT_TYPE, headers::EVENT_STREAM);
        return Ok(response(200, map, Body::Stream(stream)));
    }
    if operation.output.is_none() {
        map.remove(CONTENT_TYPE);
        return Ok(response(200, map, Body::empty()));
    }
    Ok(response(200, map, cbor::encode_structure(service, output, &members)?))
}

pub(crate) fn encode_cbor_error(service: &Service, error: &WireError, request_id: &str) -> Response {
    let mut map = frame(headers::APPLICATION_CBOR, request_id);
    map.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    query_error(service, error, &mut map);
    response(error.status, map, cbor::error_body(service, error, &type_name(service, error)))
}

/// `__type`: awsJson1.0 and CBOR name the shape with its namespace, awsJson1.1 without. A code that brings its namespace keeps it.
fn type_name(service: &Service, error: &WireError) -> String {
    if error.code.contains('#') || service.json_version.as_deref() == Some("1.1") {
        return error.code.to_string();
    }
    match error.shape {
        Some(_) => format!("com.amazonaws.{}#{}", service.id, error.code),
        None => format!("com.amazon.coral.service#{}", error.code),
    }
}

/// `x-amzn-query-error`, for clients that were written against the query protocol of the same service.
fn query_error(service: &Service, error: &WireError, map: &mut HeaderMap) {
    if service.query_compatible {
        let fault = if error.sender { "Sender" } else { "Receiver" };
        headers::insert(map, headers::QUERY_ERROR, &format!("{};{fault}", error.query_code()));
    }
}
