//! `Content-Type` and `Accept` of REST-JSON, by the rules of Smithy's tests of malformed requests.
//!
//! Payloads of text and bytes are taken with any content type: the published package does not tell which one an operation expects.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use kumoi_model::{Kind, Location, Member, Operation, Service, Structure};

use super::body::has_body;
use crate::codec::{is_event_stream, payload, structure_or_empty};
use crate::protocol::media_type;
use crate::{Body, DecodeError};

/// Checks both headers.
pub(super) fn check(
    service: &Service,
    operation: &Operation,
    input: &Structure,
    headers: &HeaderMap,
    body: &Body,
) -> Result<(), DecodeError> {
    let has_bytes = matches!(body, Body::Bytes(bytes) if !bytes.is_empty());
    // An input without members is still one, for which clients may send an empty object.
    let empty_input = operation.input.is_some() && input.members.is_empty();
    if has_bytes && !empty_input && !is_bound(input, &CONTENT_TYPE) && !content_type_fits(service, input, headers) {
        return Err(DecodeError::UnsupportedMediaType);
    }
    if !is_bound(input, &ACCEPT) && !accepts(headers, produced(service, structure_or_empty(service, operation.output)))
    {
        return Err(DecodeError::NotAcceptable);
    }
    Ok(())
}

/// Whether a member of the input is this header, so that its value is the client's to choose.
fn is_bound(structure: &Structure, name: &HeaderName) -> bool {
    let named =
        |member: &Member| member.location == Location::Header && member.wire_name().eq_ignore_ascii_case(name.as_str());
    structure.members.iter().any(named)
}

/// A body in JSON says so. Older SDKs name the type of awsJson instead, which the services take.
fn content_type_fits(service: &Service, input: &Structure, headers: &HeaderMap) -> bool {
    if !has_body(input) {
        return !headers.contains_key(CONTENT_TYPE);
    }
    if let Some((_, member)) = payload(input) {
        let kind = service.shape(member.shape).map(|shape| &shape.kind);
        if matches!(kind, Some(Kind::Blob | Kind::String)) || is_event_stream(service, member) {
            return true;
        }
    }
    media_type(headers).is_some_and(|media_type| {
        ["application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1"]
            .iter()
            .any(|known| media_type.eq_ignore_ascii_case(known))
    })
}

/// The content type of a successful answer; `None` when it has none, or one that only the answer itself tells.
fn produced(service: &Service, output: &Structure) -> Option<&'static str> {
    if !has_body(output) {
        return None;
    }
    match payload(output) {
        Some((_, member)) if is_event_stream(service, member) => None,
        Some((_, member)) => match service.shape(member.shape).map(|shape| &shape.kind) {
            Some(Kind::Blob) => None,
            Some(Kind::String) => Some("text/plain"),
            _ => Some("application/json"),
        },
        None => Some("application/json"),
    }
}

/// Whether `Accept` (RFC 9110 section 12.5.1) allows `produced`. Weights do not matter where only one type can be had.
fn accepts(headers: &HeaderMap, produced: Option<&str>) -> bool {
    let Some(produced) = produced else { return true };
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|range| range.split_once(';').map_or(range, |(range, _)| range).trim())
        .filter(|range| !range.is_empty())
        .peekable();
    let fits = |range: &str| {
        range == "*/*"
            || range.eq_ignore_ascii_case(produced)
            || range.strip_suffix("/*").is_some_and(|kind| produced.split_once('/').is_some_and(|(own, _)| own == kind))
            || (produced == "application/json" && range.starts_with("application/x-amz-json"))
    };
    ranges.peek().is_none() || ranges.any(fits)
}
