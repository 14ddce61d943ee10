//! From an output to a REST response.

use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use kumoi_model::{
    ByteStream, Kind, Location, Member, Operation, Protocol, Service, Struct, Structure, Value, XmlNamespace,
};

use super::body::has_body;
use super::header;
use crate::codec::{is_event_stream, is_streaming, payload};
use crate::xml::{self, Writer};
use crate::{Body, EncodeError, Response, headers, json};

/// Writes all members, wherever they travel.
pub(crate) fn encode(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    output: &Structure,
    mut members: Struct,
    request_id: &str,
) -> Result<Response, EncodeError> {
    // Room for most answers, and for what is added on the way out.
    let mut map = HeaderMap::with_capacity(24);
    set_request_id(service, &mut map, request_id);
    let mut status = if operation.status == 0 { 200 } else { operation.status };
    if let Some(bound) = write_headers(service, output, &members, &mut map)? {
        status = bound;
    }
    // What has a range is a part (RFC 9110 section 15.3.7).
    if status == 200 && map.contains_key(CONTENT_RANGE) {
        status = 206;
    }
    let encoder = Encoder { service, protocol, operation };
    let (body, content_type) = match payload(output) {
        Some((index, member)) => encoder.payload(member, members.take(index))?,
        None if operation.output.is_none() => (Body::empty(), None),
        None => encoder.structure(output, &members)?,
    };
    // These have no content by definition (RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5).
    let body = if matches!(status, 204 | 304) || operation.method == "HEAD" { Body::empty() } else { body };
    if let Some(content_type) = content_type
        && body != Body::empty()
        && !map.contains_key(CONTENT_TYPE)
    {
        map.insert(CONTENT_TYPE, content_type);
    }
    Ok(Response { status, headers: map, body })
}

/// S3 has names of its own for the ids of a request.
pub(super) fn set_request_id(service: &Service, map: &mut HeaderMap, request_id: &str) {
    if super::error::is_unwrapped(service) {
        headers::insert(map, headers::S3_REQUEST_ID, request_id);
        headers::insert(map, headers::S3_HOST_ID, &super::error::host_id(request_id));
    } else {
        headers::request_id(map, request_id);
    }
}

/// Writes the members that are bound to headers; returns the one that is bound to the status.
pub(super) fn write_headers(
    service: &Service,
    structure: &Structure,
    members: &Struct,
    map: &mut HeaderMap,
) -> Result<Option<u16>, EncodeError> {
    let mut status = None;
    for (index, value) in members.iter().filter(|(_, value)| **value != Value::Null) {
        let member = structure.members.get(usize::from(index)).ok_or(EncodeError::BrokenModel)?;
        match member.location {
            Location::Header => header::write(service, member, value, map)?,
            Location::Headers => header::write_prefixed(member, value, map)?,
            Location::StatusCode => match value {
                Value::Int(code @ 100..=599) => status = Some(*code as u16),
                _ => return Err(EncodeError::Unwritable(member.name.clone())),
            },
            Location::Body | Location::Uri | Location::QueryString => {}
        }
    }
    Ok(status)
}

struct Encoder<'a> {
    service: &'a Service,
    protocol: Protocol,
    operation: &'a Operation,
}

type Encoded = (Body, Option<HeaderValue>);

impl Encoder<'_> {
    fn payload(&self, member: &Member, value: Option<Value>) -> Result<Encoded, EncodeError> {
        let service = self.service;
        let shape = service.shape(member.shape).ok_or(EncodeError::BrokenModel)?;
        if is_event_stream(service, member) {
            return match value {
                Some(Value::Stream(stream)) => Ok((Body::Stream(stream), Some(headers::EVENT_STREAM))),
                None => Ok((Body::Stream(ByteStream::from_bytes(bytes::Bytes::new())), Some(headers::EVENT_STREAM))),
                Some(_) => Err(EncodeError::Mismatch(shape.name.clone())),
            };
        }
        match (value, &shape.kind) {
            (None | Some(Value::Null), _) => Ok((Body::empty(), None)),
            (Some(Value::Stream(stream)), Kind::Blob) if is_streaming(service, member) => {
                Ok((Body::Stream(stream), Some(headers::OCTET_STREAM)))
            }
            (Some(Value::Blob(bytes)), Kind::Blob) => Ok((Body::Bytes(bytes), Some(headers::OCTET_STREAM))),
            (Some(Value::String(text)), Kind::String) => Ok((text.into_bytes().into(), Some(headers::TEXT_PLAIN))),
            (Some(value), _) if self.protocol == Protocol::RestJson => {
                let mut out = String::new();
                json::write_member(&mut out, service, json::Dialect::Rest, member, &value)?;
                Ok((out.into_bytes().into(), Some(headers::APPLICATION_JSON)))
            }
            (Some(value), _) => {
                let name = member.location_name.as_deref().or(shape.location_name.as_deref()).unwrap_or(&shape.name);
                let namespace = member.xml_namespace.as_ref().or(shape.xml_namespace.as_ref());
                let mut out = Writer::new();
                xml::write_member_root(&mut out, service, name, self.namespace(namespace).as_ref(), member, &value)?;
                Ok((out.finish().into_bytes().into(), Some(headers::APPLICATION_XML)))
            }
        }
    }

    fn structure(&self, output: &Structure, members: &Struct) -> Result<Encoded, EncodeError> {
        if self.protocol == Protocol::RestJson {
            let mut out = String::with_capacity(256);
            json::write_structure(&mut out, self.service, output, json::Dialect::Rest, members)?;
            return Ok((out.into_bytes().into(), Some(headers::APPLICATION_JSON)));
        }
        // S3, whose outputs are often headers only, sends no empty document.
        if !has_body(output) {
            return Ok((Body::empty(), None));
        }
        let shape = self.operation.output.and_then(|id| self.service.shape(id)).ok_or(EncodeError::BrokenModel)?;
        let name = shape.location_name.as_deref().unwrap_or(&shape.name);
        let mut out = Writer::new();
        let namespace = self.namespace(shape.xml_namespace.as_ref());
        if let Some((member, value)) = self.unwrapped_member(output, members) {
            let name = member.wire_name();
            xml::write_member_root(&mut out, self.service, name, namespace.as_ref(), member, value)?;
            return Ok((out.finish().into_bytes().into(), Some(headers::APPLICATION_XML)));
        }
        xml::write_structure_root(&mut out, self.service, name, namespace.as_ref(), output, members)?;
        Ok((out.finish().into_bytes().into(), Some(headers::APPLICATION_XML)))
    }

    /// The member that stands for the whole document: Smithy's `s3UnwrappedXmlOutput`, which only this operation has, and which the
    /// published package does not tell.
    fn unwrapped_member<'m>(&self, output: &'m Structure, members: &'m Struct) -> Option<(&'m Member, &'m Value)> {
        if !super::error::is_unwrapped(self.service) || self.operation.name != "GetBucketLocation" {
            return None;
        }
        output.members.first().zip(Some(members.get(0).unwrap_or(&Value::Null)))
    }

    /// A root without a namespace of its own has the service's, which some models state only at their requests.
    fn namespace(&self, own: Option<&XmlNamespace>) -> Option<XmlNamespace> {
        let inherited = || {
            let uri = self.service.xml_namespace.as_ref();
            uri.or_else(|| self.operation.input_root.as_ref()?.namespace.as_ref())
        };
        own.cloned().or_else(|| inherited().map(|uri| XmlNamespace { uri: uri.clone(), prefix: None }))
    }
}
