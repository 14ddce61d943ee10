//! Shapes, and the errors that some of them are.

use super::member::{
    read_member, read_namespace, read_timestamp_format, write_member, write_namespace, write_timestamp_format,
};
use super::{Bits, part, write_optional};
use crate::format::FormatError;
use crate::format::bytes::{Reader, Writer};
use crate::{ErrorTrait, Kind, Shape, Structure};

/// Presence bits of a shape; the lowest four are the kind.
mod shape_bits {
    pub(super) const MIN: u32 = 4;
    pub(super) const MAX: u32 = 5;
    pub(super) const PATTERN: u32 = 6;
    pub(super) const ENUMERATION: u32 = 7;
    pub(super) const FLATTENED: u32 = 8;
    pub(super) const UNION: u32 = 9;
    pub(super) const ERROR: u32 = 10;
    pub(super) const SENSITIVE: u32 = 11;
    pub(super) const PAYLOAD: u32 = 12;
    pub(super) const TIMESTAMP_FORMAT: u32 = 13;
    pub(super) const SPARSE: u32 = 14;
    pub(super) const STREAMING: u32 = 15;
    pub(super) const REQUIRES_LENGTH: u32 = 16;
    pub(super) const LOCATION_NAME: u32 = 17;
    pub(super) const XML_NAMESPACE: u32 = 18;
    pub(super) const EVENT_STREAM: u32 = 19;
    pub(super) const EVENT: u32 = 20;
    pub(super) const WIDTH: u32 = 21;
}

/// Kinds with no parts of their own, by tag; 0, 1 and 2 are structures, lists and maps.
const SIMPLE: [(u64, Kind); 9] = [
    (3, Kind::String),
    (4, Kind::Integer),
    (5, Kind::Long),
    (6, Kind::Float),
    (7, Kind::Double),
    (8, Kind::Boolean),
    (9, Kind::Blob),
    (10, Kind::Timestamp),
    (11, Kind::Document),
];

fn kind_tag(kind: &Kind) -> u64 {
    match kind {
        Kind::Structure(_) => 0,
        Kind::List { .. } => 1,
        Kind::Map { .. } => 2,
        simple => SIMPLE.iter().find(|(_, known)| known == simple).map_or(11, |(tag, _)| *tag),
    }
}

pub(super) fn write_shape(writer: &mut Writer, shape: &Shape) {
    use shape_bits as bit;
    let structure = match &shape.kind {
        Kind::Structure(structure) => Some(structure),
        _ => None,
    };
    let flattened = matches!(shape.kind, Kind::List { flattened: true, .. } | Kind::Map { flattened: true, .. });
    let mut bits = Bits::new(&[
        (bit::MIN, shape.min.is_some()),
        (bit::MAX, shape.max.is_some()),
        (bit::PATTERN, shape.pattern.is_some()),
        (bit::ENUMERATION, !shape.enumeration.is_empty()),
        (bit::FLATTENED, flattened),
        (bit::UNION, structure.is_some_and(|structure| structure.union)),
        (bit::ERROR, structure.is_some_and(|structure| structure.error.is_some())),
        (bit::SENSITIVE, shape.sensitive),
        (bit::PAYLOAD, structure.is_some_and(|structure| structure.payload.is_some())),
        (bit::TIMESTAMP_FORMAT, shape.timestamp_format.is_some()),
        (bit::SPARSE, shape.sparse),
        (bit::STREAMING, shape.streaming),
        (bit::REQUIRES_LENGTH, shape.requires_length),
        (bit::LOCATION_NAME, shape.location_name.is_some()),
        (bit::XML_NAMESPACE, shape.xml_namespace.is_some()),
        (bit::EVENT_STREAM, structure.is_some_and(|structure| structure.event_stream)),
        (bit::EVENT, structure.is_some_and(|structure| structure.event)),
    ]);
    bits.0 |= kind_tag(&shape.kind);
    writer.varint(bits.0);
    writer.string(&shape.name);
    for bound in [shape.min, shape.max].into_iter().flatten() {
        writer.number(bound);
    }
    write_optional(writer, &[&shape.pattern]);
    if !shape.enumeration.is_empty() {
        writer.strings(&shape.enumeration);
    }
    if let Some(format) = shape.timestamp_format {
        write_timestamp_format(writer, format);
    }
    write_optional(writer, &[&shape.location_name]);
    write_namespace(writer, shape.xml_namespace.as_ref());
    match &shape.kind {
        Kind::Structure(structure) => {
            write_error(writer, &shape.name, structure.error.as_ref());
            if let Some(payload) = structure.payload {
                writer.varint(u64::from(payload));
            }
            writer.count(structure.members.len());
            for member in &structure.members {
                write_member(writer, member);
            }
        }
        Kind::List { member, .. } => write_member(writer, member),
        Kind::Map { key, value, .. } => {
            write_member(writer, key);
            write_member(writer, value);
        }
        _ => {}
    }
}

pub(super) fn read_shape(reader: &mut Reader<'_>) -> Result<Shape, FormatError> {
    use shape_bits as bit;
    let bits = Bits::read(reader, bit::WIDTH)?;
    let name = reader.string()?;
    let min = part(reader, bits.has(bit::MIN), Reader::number)?;
    let max = part(reader, bits.has(bit::MAX), Reader::number)?;
    let pattern = part(reader, bits.has(bit::PATTERN), Reader::string)?;
    let enumeration = part(reader, bits.has(bit::ENUMERATION), Reader::strings)?.unwrap_or_default();
    let timestamp_format = part(reader, bits.has(bit::TIMESTAMP_FORMAT), read_timestamp_format)?;
    let location_name = part(reader, bits.has(bit::LOCATION_NAME), Reader::string)?;
    let xml_namespace = part(reader, bits.has(bit::XML_NAMESPACE), read_namespace)?;
    let flattened = bits.has(bit::FLATTENED);
    let kind = match bits.0 & 0xf {
        0 => Kind::Structure(Structure {
            error: part(reader, bits.has(bit::ERROR), |reader| read_error(reader, &name))?,
            payload: part(reader, bits.has(bit::PAYLOAD), Reader::u16)?,
            members: reader.many(read_member)?,
            union: bits.has(bit::UNION),
            event_stream: bits.has(bit::EVENT_STREAM),
            event: bits.has(bit::EVENT),
        }),
        1 => Kind::List { member: read_member(reader)?, flattened },
        2 => Kind::Map { key: read_member(reader)?, value: read_member(reader)?, flattened },
        tag => SIMPLE.iter().find(|(known, _)| *known == tag).ok_or(FormatError::Number)?.1.clone(),
    };
    Ok(Shape {
        name,
        kind,
        min,
        max,
        pattern,
        enumeration,
        timestamp_format,
        sparse: bits.has(bit::SPARSE),
        streaming: bits.has(bit::STREAMING),
        requires_length: bits.has(bit::REQUIRES_LENGTH),
        sensitive: bits.has(bit::SENSITIVE),
        location_name,
        xml_namespace,
    })
}

/// Presence bits of an error.
mod error_bits {
    pub(super) const SENDER: u32 = 0;
    pub(super) const RETRYABLE: u32 = 1;
    /// The code, when it is not the shape's name.
    pub(super) const CODE: u32 = 2;
    pub(super) const WIDTH: u32 = 3;
}

fn write_error(writer: &mut Writer, name: &str, error: Option<&ErrorTrait>) {
    use error_bits as bit;
    let Some(error) = error else { return };
    let own = error.code != name;
    writer.varint(Bits::new(&[(bit::SENDER, error.sender), (bit::RETRYABLE, error.retryable), (bit::CODE, own)]).0);
    writer.varint(u64::from(error.status));
    if own {
        writer.string(&error.code);
    }
}

fn read_error(reader: &mut Reader<'_>, name: &str) -> Result<ErrorTrait, FormatError> {
    use error_bits as bit;
    let bits = Bits::read(reader, bit::WIDTH)?;
    let status = reader.u16()?;
    let code = part(reader, bits.has(bit::CODE), Reader::string)?.unwrap_or_else(|| name.to_owned());
    Ok(ErrorTrait { code, status, sender: bits.has(bit::SENDER), retryable: bits.has(bit::RETRYABLE) })
}
