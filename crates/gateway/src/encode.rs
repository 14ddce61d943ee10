//! Last stage: what came of the call, as the client's protocol writes it.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kumoi_core::{Fault, Outcome};
use kumoi_model::{Operation, Service};
use kumoi_wire::{Body, WireError};

use crate::accept::Head;
use crate::body::ReplyBody;
use crate::failure::Failure;
use crate::identify::Target;

/// An answer, before the headers that every answer has.
pub(crate) type Reply = http::Response<ReplyBody>;

const IGNORED: HeaderName = HeaderName::from_static("x-kumoi-ignored");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const S3_HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Writes what came of a call.
pub(crate) fn encode(head: &Head, target: &Target<'_>, outcome: Outcome, request_id: &str) -> Reply {
    let response = match outcome.result {
        Ok(output) => match kumoi_wire::encode(target.model, target.protocol, target.operation, output, request_id) {
            Ok(response) => response,
            Err(error) => {
                let (service, operation) = (&target.model.id, &target.operation.name);
                tracing::error!(%error, %service, %operation, "an output does not fit its model");
                let error = wire_error(target.model, target.operation, &Fault::internal(), head);
                kumoi_wire::encode_error(target.model, target.protocol, &error, request_id)
            }
        },
        Err(fault) => {
            let error = wire_error(target.model, target.operation, &fault, head);
            kumoi_wire::encode_error(target.model, target.protocol, &error, request_id)
        }
    };
    let mut reply = from_wire(target.model, response, request_id);
    if !outcome.ignored.is_empty() {
        insert(reply.headers_mut(), IGNORED, &outcome.ignored.join(","));
    }
    reply
}

/// Writes why a request never became a call.
pub(crate) fn refuse(head: &Head, failure: Failure, request_id: &str) -> Reply {
    match failure {
        Failure::Service { service, protocol, mut error, .. } => {
            error.head = head.method == http::Method::HEAD;
            from_wire(service, kumoi_wire::encode_error(service, protocol, &error, request_id), request_id)
        }
        Failure::Plain { status, code, message } => plain(status, code, &message, request_id),
    }
}

/// An error of no service, in the form that clients of the JSON protocols read.
pub(crate) fn plain(status: u16, code: &'static str, message: &str, request_id: &str) -> Reply {
    let document = serde_json::json!({ "__type": code, "message": message });
    let mut reply = http::Response::new(ReplyBody::from(bytes::Bytes::from(document.to_string())));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
    insert(headers, REQUEST_ID, request_id);
    reply
}

fn from_wire(service: &Service, response: kumoi_wire::Response, request_id: &str) -> Reply {
    let body = match &response.body {
        Body::Bytes(bytes) => ReplyBody::from(bytes.clone()),
        Body::Stream(stream) => ReplyBody::stream(stream),
    };
    let mut reply = http::Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *reply.headers_mut() = response.headers;
    if service.id == "s3" {
        let headers = reply.headers_mut();
        headers.remove(REQUEST_ID);
        insert(headers, S3_REQUEST_ID, request_id);
        insert(headers, S3_HOST_ID, request_id);
    }
    reply
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A fault as the codecs take it. Its code names an error shape of the service, or else an error that all services share.
fn wire_error(service: &Service, operation: &Operation, fault: &Fault, head: &Head) -> WireError {
    let code = fault.code();
    let named = |id: kumoi_model::ShapeId| {
        let coded = service
            .structure(id)
            .and_then(|structure| structure.error.as_ref())
            .is_some_and(|error| error.code == code);
        coded || service.shape(id).is_some_and(|shape| shape.name == code)
    };
    WireError {
        code: code.to_owned().into(),
        query_code: fault.query_code().map(|code| code.to_owned().into()),
        message: fault.message().to_owned(),
        status: fault.status(),
        sender: fault.sender(),
        shape: operation.errors.iter().copied().find(|id| named(*id)),
        members: fault.members().clone(),
        details: fault.details().to_vec(),
        headers: fault.headers().to_vec(),
        head: head.method == http::Method::HEAD,
    }
}
