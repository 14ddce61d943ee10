//! The shapes of a botocore document.

use super::Names;
use super::node::Node;
use crate::{ErrorTrait, Kind, Location, Member, Shape, ShapeId, Structure, TimestampFormat, XmlNamespace};

/// Shapes under construction, with their names.
pub(super) struct ShapeTable {
    shapes: Vec<Shape>,
    names: Names,
}

impl ShapeTable {
    /// Reads every shape, in the order of the document.
    pub(super) fn read(node: &Node) -> Result<Self, String> {
        let names = node.entries().iter().enumerate().map(|(id, (name, _))| (name.clone(), id as ShapeId)).collect();
        let shapes = node.entries().iter().map(|(name, node)| shape(name, node, &names));
        Ok(Self { shapes: shapes.collect::<Result<_, _>>()?, names })
    }

    pub(super) fn id(&self, name: &str) -> Option<ShapeId> {
        self.names.get(name).copied()
    }

    /// Marks a structure that an operation lists among its errors, with the traits that a few old models put there.
    pub(super) fn mark_error(&mut self, id: ShapeId, reference: &Node) {
        let Some(shape) = self.shapes.get_mut(id as usize) else { return };
        if let Kind::Structure(structure) = &mut shape.kind
            && (structure.error.is_none() || reference.get("error").is_some())
        {
            structure.error = Some(error_trait(&shape.name, reference));
        }
    }

    pub(super) fn into_shapes(self) -> Vec<Shape> {
        self.shapes
    }
}

/// An `xmlNamespace`: a URI alone, or with a prefix.
pub(super) fn namespace(node: &Node) -> Option<XmlNamespace> {
    match node {
        Node::String(uri) => Some(XmlNamespace { uri: uri.clone(), prefix: None }),
        node => {
            Some(XmlNamespace { uri: node.text("uri")?.to_owned(), prefix: node.text("prefix").map(str::to_owned) })
        }
    }
}

fn shape(name: &str, node: &Node, names: &Names) -> Result<Shape, String> {
    let element = |key: &str| -> Result<Member, String> {
        let element = node.get(key).ok_or_else(|| format!("shape {name} lacks its {key}"))?;
        member(key, element, names).map_err(|problem| format!("shape {name}: {problem}"))
    };
    let kind = match node.text("type").unwrap_or_default() {
        "structure" if node.flag("document") => Kind::Document,
        "structure" => Kind::Structure(structure(name, node, names)?),
        "list" => Kind::List { member: element("member")?, flattened: node.flag("flattened") },
        "map" => Kind::Map { key: element("key")?, value: element("value")?, flattened: node.flag("flattened") },
        "string" | "character" => Kind::String,
        "byte" | "short" | "integer" => Kind::Integer,
        "long" | "bigInteger" | "biginteger" => Kind::Long,
        "float" => Kind::Float,
        "double" | "bigDecimal" | "bigdecimal" => Kind::Double,
        "boolean" => Kind::Boolean,
        "blob" => Kind::Blob,
        "timestamp" => Kind::Timestamp,
        "document" => Kind::Document,
        other => return Err(format!("shape {name} has the unknown type {other:?}")),
    };
    Ok(Shape {
        name: name.to_owned(),
        kind,
        min: node.number("min"),
        max: node.number("max"),
        pattern: node.text("pattern").map(str::to_owned),
        enumeration: node.strings("enum"),
        timestamp_format: timestamp_format(node)?,
        sparse: node.flag("sparse"),
        streaming: node.flag("streaming"),
        requires_length: node.flag("requiresLength"),
        sensitive: node.flag("sensitive"),
        location_name: node.text("locationName").map(str::to_owned),
        xml_namespace: node.get("xmlNamespace").and_then(namespace),
    })
}

fn structure(name: &str, node: &Node, names: &Names) -> Result<Structure, String> {
    let required = node.strings("required");
    let mut members = Vec::new();
    for (key, node) in node.get("members").map_or(&[][..], Node::entries) {
        let mut member = member(key, node, names).map_err(|problem| format!("shape {name}: {problem}"))?;
        member.required = required.contains(key);
        members.push(member);
    }
    let payload = node
        .text("payload")
        .map(|payload| {
            let index = members.iter().position(|member| member.name == payload);
            index.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| format!("shape {name} lacks {payload}"))
        })
        .transpose()?;
    let error = node.flag("exception") || node.get("error").is_some() || node.flag("fault");
    Ok(Structure {
        members,
        union: node.flag("union"),
        payload,
        event_stream: node.flag("eventstream"),
        event: node.flag("event"),
        error: error.then(|| error_trait(name, node)),
    })
}

/// The facts of an error. Without a status of its own it is 400 when the sender is at fault and 500 otherwise, as the
/// Smithy specification has it for `@error`.
fn error_trait(name: &str, node: &Node) -> ErrorTrait {
    let details = node.get("error");
    let status = details.and_then(|details| details.number("httpStatusCode"));
    let sender = match details.and_then(|details| details.get("senderFault")) {
        Some(Node::Bool(sender)) => *sender,
        _ => !(node.flag("fault") || status.is_some_and(|status| status >= 500.0)),
    };
    ErrorTrait {
        code: details.and_then(|details| details.text("code")).unwrap_or(name).to_owned(),
        status: status.map_or(if sender { 400 } else { 500 }, |status| status as u16),
        sender,
        retryable: node.present("retryable"),
    }
}

fn member(name: &str, node: &Node, names: &Names) -> Result<Member, String> {
    let target = node.text("shape").ok_or_else(|| format!("member {name} has no shape"))?;
    Ok(Member {
        name: name.to_owned(),
        shape: *names.get(target).ok_or_else(|| format!("member {name} refers to {target}, which is absent"))?,
        required: false,
        location: match node.text("location") {
            None => Location::Body,
            Some("uri") => Location::Uri,
            Some("querystring") => Location::QueryString,
            Some("header") => Location::Header,
            Some("headers") => Location::Headers,
            Some("statusCode") => Location::StatusCode,
            Some(other) => return Err(format!("member {name} has the unknown location {other}")),
        },
        location_name: node.text("locationName").filter(|location| *location != name).map(str::to_owned),
        query_name: node.text("queryName").map(str::to_owned),
        flattened: node.flag("flattened"),
        xml_attribute: node.flag("xmlAttribute"),
        xml_namespace: node.get("xmlNamespace").and_then(namespace),
        timestamp_format: timestamp_format(node)?,
        streaming: node.flag("streaming"),
        idempotency_token: node.flag("idempotencyToken"),
        json_value: node.flag("jsonvalue"),
        host_label: node.flag("hostLabel"),
        event_header: node.flag("eventheader"),
        event_payload: node.flag("eventpayload"),
        boxed: node.flag("box"),
    })
}

fn timestamp_format(node: &Node) -> Result<Option<TimestampFormat>, String> {
    match node.text("timestampFormat") {
        None => Ok(None),
        Some("iso8601") => Ok(Some(TimestampFormat::Iso8601)),
        Some("rfc822") => Ok(Some(TimestampFormat::Rfc822)),
        Some("unixTimestamp") => Ok(Some(TimestampFormat::UnixTimestamp)),
        Some(other) => Err(format!("unknown timestamp format {other}")),
    }
}
