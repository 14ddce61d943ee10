//! The XML answers of the query protocols.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kumoi_model::{Operation, Service, Struct};

use super::Dialect;
use crate::bindings::write_members as write_error_members;
use crate::names::Scope;
use crate::xml::{Writer, write_members};
use crate::{EncodeError, Response, WireError, headers};

/// A successful answer.
pub(crate) fn encode(
    service: &Service,
    dialect: Dialect,
    operation: &Operation,
    members: &Struct,
    request_id: &str,
) -> Result<Response, EncodeError> {
    let mut out = Writer::new();
    let root = format!("{}Response", operation.name);
    out.open_with_namespace(&root, service.xml_namespace.as_deref());
    if dialect == Dialect::Ec2 {
        out.element("requestId", request_id);
    }
    if let Some(structure) = operation.output.and_then(|id| service.structure(id)) {
        match dialect {
            Dialect::Aws => {
                let standard = || format!("{}Result", operation.name);
                let wrapper = operation.result_wrapper.clone().unwrap_or_else(standard);
                out.open(&wrapper);
                write_members(&mut out, service, structure, Scope::All, members)?;
                out.close(&wrapper);
            }
            Dialect::Ec2 => write_members(&mut out, service, structure, Scope::All, members)?,
        }
    }
    if dialect == Dialect::Aws {
        out.open("ResponseMetadata");
        out.element("RequestId", request_id);
        out.close("ResponseMetadata");
    }
    out.close(&root);
    Ok(response(200, dialect, out, request_id))
}

/// An error.
pub(crate) fn encode_error(service: &Service, dialect: Dialect, error: &WireError, request_id: &str) -> Response {
    let mut out = Writer::new();
    match dialect {
        Dialect::Aws => {
            out.open_with_namespace("ErrorResponse", service.xml_namespace.as_deref());
            out.open("Error");
            out.element("Type", if error.sender { "Sender" } else { "Receiver" });
            write_error(&mut out, service, error);
            out.close("Error");
            out.element("RequestId", request_id);
            out.close("ErrorResponse");
        }
        Dialect::Ec2 => {
            out.open("Response");
            out.open("Errors");
            out.open("Error");
            write_error(&mut out, service, error);
            out.close("Error");
            out.close("Errors");
            out.element("RequestID", request_id);
            out.close("Response");
        }
    }
    response(error.status, dialect, out, request_id)
}

/// Code, message and the modelled members of an error.
fn write_error(out: &mut Writer, service: &Service, error: &WireError) {
    out.element("Code", error.query_code());
    if !error.message.is_empty() {
        out.element("Message", &error.message);
    }
    write_error_members(out, service, error, Scope::All);
}

fn response(status: u16, dialect: Dialect, out: Writer, request_id: &str) -> Response {
    let mut headers = HeaderMap::with_capacity(2);
    let content_type = match dialect {
        Dialect::Aws => headers::TEXT_XML,
        Dialect::Ec2 => headers::TEXT_XML_UTF_8,
    };
    headers.insert(CONTENT_TYPE, content_type);
    headers::request_id(&mut headers, request_id);
    Response { status, headers, body: out.finish().into_bytes().into() }
}
