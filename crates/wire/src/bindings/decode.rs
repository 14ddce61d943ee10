//! From a REST request to the members of its input.

use std::borrow::Cow;
use std::collections::HashMap;

use kumoi_model::{
    Kind, Location, Member, Operation, Protocol, Service, Shape, Struct, Structure, TimestampFormat, Value,
};
use percent_encoding::percent_decode_str;

use super::{body, header, negotiate};
use crate::context::unique_keys;
use crate::form::{self, Pair};
use crate::timestamp::Offsets;
use crate::{DecodeError, Labels, Limits, Request, names, text};

/// Reads all members, wherever they travel.
pub(crate) fn decode(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    input: &Structure,
    request: Request<'_>,
    labels: &Labels,
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    if protocol == Protocol::RestJson {
        negotiate::check(service, operation, input, request.headers, &request.body)?;
    }
    let query = Parameters { pairs: form::parse(request.query.as_bytes(), limits)?, stated: stated_query(operation) };
    let mut members = Struct::with_capacity(input.members.len());
    let present = header::Present::of(request.headers);
    for (index, member) in input.members.iter().enumerate() {
        let shape = shape(service, member)?;
        let value = match member.location {
            Location::Uri => label(service, member, shape, labels)?,
            Location::QueryString => query.member(service, member, shape)?,
            Location::Header if present.lacks(member.wire_name()) => None,
            Location::Header => header::read(service, member, shape, request.headers, limits)?,
            Location::Headers => header::read_prefixed(member, request.headers)?,
            Location::Body | Location::StatusCode => None,
        };
        if let Some(value) = value {
            members.set(index as u16, value);
        }
    }
    body::read(service, protocol, input, &mut members, request.body, limits)?;
    Ok(members)
}

fn shape<'a>(service: &'a Service, member: &Member) -> Result<&'a Shape, DecodeError> {
    service.shape(member.shape).ok_or(DecodeError::Internal("the model refers to a shape that it lacks"))
}

/// Reads a scalar that stands where no list can.
fn scalar(service: &Service, member: &Member, shape: &Shape, text: &str) -> Result<Value, DecodeError> {
    let format = names::timestamp_format(service, member, TimestampFormat::Iso8601);
    text::parse(text, &shape.kind, format, Offsets::Utc).ok_or_else(|| malformed(member))
}

pub(super) fn malformed(member: &Member) -> DecodeError {
    DecodeError::binding(format!("The value of {} is malformed", member.wire_name()))
}

fn label(service: &Service, member: &Member, shape: &Shape, labels: &Labels) -> Result<Option<Value>, DecodeError> {
    let Some(raw) = labels.get(member.wire_name()) else { return Ok(None) };
    let text: Cow<'_, str> = percent_decode_str(raw).decode_utf8().map_err(|_| DecodeError::Path)?;
    scalar(service, member, shape, &text).map(Some)
}

/// Names of the query parameters that the URI template states itself.
fn stated_query(operation: &Operation) -> Vec<&str> {
    let query = operation.uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|part| part.split_once('=').map_or(part, |(name, _)| name)).collect()
}

/// The query parameters of a request.
struct Parameters<'a> {
    pairs: Vec<Pair<'a>>,
    /// Names that the URI template states itself.
    stated: Vec<&'a str>,
}

impl Parameters<'_> {
    fn member(&self, service: &Service, member: &Member, shape: &Shape) -> Result<Option<Value>, DecodeError> {
        let name = member.wire_name();
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        match &shape.kind {
            Kind::Map { value, .. } => self.all(service, value),
            Kind::List { member: element, .. } => {
                let element_shape = self::shape(service, element)?;
                let items: Vec<Value> =
                    values.map(|text| scalar(service, element, element_shape, text)).collect::<Result<_, _>>()?;
                Ok(if items.is_empty() { None } else { Some(Value::List(items)) })
            }
            _ => values.next().map(|text| scalar(service, member, shape, text)).transpose(),
        }
    }

    /// Every parameter, also those that another member takes, as Smithy's tests of `httpQueryParams` ask of servers; but none
    /// that the template states or that belongs to a presigned request.
    fn all(&self, service: &Service, element: &Member) -> Result<Option<Value>, DecodeError> {
        let listed = matches!(shape(service, element)?.kind, Kind::List { .. });
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (name, text) in &self.pairs {
            let signing = name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-amz-"));
            if signing || self.stated.contains(&name.as_ref()) {
                continue;
            }
            let value = Value::String(text.clone().into_owned());
            if !listed {
                entries.push((name.clone().into_owned(), value));
                continue;
            }
            match places.get(name.as_ref()).and_then(|at| entries.get_mut(*at)) {
                Some((_, Value::List(items))) => items.push(value),
                _ => {
                    places.insert(name, entries.len());
                    entries.push((name.clone().into_owned(), Value::List(vec![value])));
                }
            }
        }
        Ok(if entries.is_empty() { None } else { Some(Value::Map(unique_keys(entries))) })
    }
}
