//! Errors of the REST protocols.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kumoi_model::{Location, Protocol, Service, Struct};

use super::encode::{set_request_id, write_headers};
use crate::names::Scope;
use crate::xml::{self, Writer};
use crate::{Response, WireError, headers, json};

/// Whether errors stand without `ErrorResponse` around them. Smithy calls this `noErrorWrapping`; of all services only S3 has it, and
/// the published package does not tell.
pub(super) fn is_unwrapped(service: &Service) -> bool {
    service.id == "s3"
}

/// The opaque second id of an S3 request.
pub(super) fn host_id(request_id: &str) -> String {
    STANDARD.encode(request_id)
}

/// Writes an error.
pub(crate) fn encode_error(service: &Service, protocol: Protocol, error: &WireError, request_id: &str) -> Response {
    let mut map = HeaderMap::new();
    set_request_id(service, &mut map, request_id);
    write_members_as_headers(service, error, &mut map);
    for (name, value) in &error.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            map.insert(name, value);
        }
    }
    let body = if protocol == Protocol::RestJson {
        headers::insert(&mut map, headers::ERROR_TYPE, &error.code);
        map.insert(CONTENT_TYPE, headers::APPLICATION_JSON);
        json::error_body(service, json::Dialect::Rest, error, None)
    } else {
        map.insert(CONTENT_TYPE, headers::APPLICATION_XML);
        xml_body(service, error, request_id)
    };
    Response { status: error.status, headers: map, body: body.into_bytes().into() }
}

/// Each one on its own, so that one that cannot be written does not cost the others.
fn write_members_as_headers(service: &Service, error: &WireError, map: &mut HeaderMap) {
    let Some(structure) = error.shape.and_then(|id| service.structure(id)) else { return };
    for (index, value) in error.members.iter() {
        let mut single = Struct::new();
        single.set(index, value.clone());
        // A member that cannot be written is left out, as everywhere in errors.
        let _ = write_headers(service, structure, &single, map);
    }
}

fn xml_body(service: &Service, error: &WireError, request_id: &str) -> String {
    let mut out = Writer::new();
    let unwrapped = is_unwrapped(service);
    if !unwrapped {
        out.open_with_namespace("ErrorResponse", service.xml_namespace.as_deref());
    }
    out.open("Error");
    if !unwrapped {
        out.element("Type", if error.sender { "Sender" } else { "Receiver" });
    }
    out.element("Code", error.query_code());
    if !error.message.is_empty() {
        out.element("Message", &error.message);
    }
    write_members(&mut out, service, error, Scope::Body);
    error.details.iter().for_each(|(name, value)| out.element(name, value));
    if unwrapped {
        out.element("RequestId", request_id);
        out.element("HostId", &host_id(request_id));
    }
    out.close("Error");
    if !unwrapped {
        out.element("RequestId", request_id);
        out.close("ErrorResponse");
    }
    out.finish()
}

/// The modelled members of an error besides its message; those that cannot be written are left out.
pub(crate) fn write_members(out: &mut Writer, service: &Service, error: &WireError, scope: Scope) {
    let Some(structure) = error.shape.and_then(|id| service.structure(id)) else { return };
    for (index, value) in error.members.iter() {
        let Some(member) = structure.members.get(usize::from(index)) else { continue };
        let elsewhere = scope == Scope::Body && member.location != Location::Body;
        if elsewhere || member.name.eq_ignore_ascii_case("message") || member.name == "Code" {
            continue;
        }
        let mut single = Struct::new();
        single.set(index, value.clone());
        let before = out.mark();
        if xml::write_members(out, service, structure, scope, &single).is_err() {
            out.rewind(before);
        }
    }
}
