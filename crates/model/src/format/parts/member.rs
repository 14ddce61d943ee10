//! Members, and what they share with shapes.

use super::{Bits, part, write_optional};
use crate::format::FormatError;
use crate::format::bytes::{Reader, Writer};
use crate::{Location, Member, TimestampFormat, XmlNamespace};

/// Presence bits of a member; the location takes three of them.
mod member_bits {
    pub(super) const REQUIRED: u32 = 0;
    pub(super) const LOWERED: u32 = 1;
    pub(super) const LOCATION_NAME: u32 = 2;
    pub(super) const LOCATION: u32 = 3;
    pub(super) const BOXED: u32 = 6;
    pub(super) const IDEMPOTENCY_TOKEN: u32 = 7;
    pub(super) const FLATTENED: u32 = 8;
    pub(super) const XML_NAMESPACE: u32 = 9;
    pub(super) const HOST_LABEL: u32 = 10;
    pub(super) const JSON_VALUE: u32 = 11;
    pub(super) const QUERY_NAME: u32 = 12;
    pub(super) const XML_ATTRIBUTE: u32 = 13;
    pub(super) const TIMESTAMP_FORMAT: u32 = 14;
    pub(super) const STREAMING: u32 = 15;
    pub(super) const EVENT_HEADER: u32 = 16;
    pub(super) const EVENT_PAYLOAD: u32 = 17;
    pub(super) const WIDTH: u32 = 18;
}

const LOCATIONS: [Location; 6] =
    [Location::Body, Location::Uri, Location::QueryString, Location::Header, Location::Headers, Location::StatusCode];

/// A name with its first letter in lower case: the wire name of most members that have one.
fn lowered(name: &str) -> String {
    let mut lowered = name.to_owned();
    if let Some(first) = lowered.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    lowered
}

pub(super) fn write_member(writer: &mut Writer, member: &Member) {
    use member_bits as bit;
    let usual = member.location_name.as_ref().is_some_and(|name| *name == lowered(&member.name));
    let mut bits = Bits::new(&[
        (bit::REQUIRED, member.required),
        (bit::LOWERED, usual),
        (bit::LOCATION_NAME, member.location_name.is_some() && !usual),
        (bit::BOXED, member.boxed),
        (bit::IDEMPOTENCY_TOKEN, member.idempotency_token),
        (bit::FLATTENED, member.flattened),
        (bit::XML_NAMESPACE, member.xml_namespace.is_some()),
        (bit::HOST_LABEL, member.host_label),
        (bit::JSON_VALUE, member.json_value),
        (bit::QUERY_NAME, member.query_name.is_some()),
        (bit::XML_ATTRIBUTE, member.xml_attribute),
        (bit::TIMESTAMP_FORMAT, member.timestamp_format.is_some()),
        (bit::STREAMING, member.streaming),
        (bit::EVENT_HEADER, member.event_header),
        (bit::EVENT_PAYLOAD, member.event_payload),
    ]);
    let location = LOCATIONS.iter().position(|known| *known == member.location).unwrap_or_default();
    bits.0 |= (location as u64) << bit::LOCATION;
    writer.varint(bits.0);
    writer.string(&member.name);
    writer.varint(u64::from(member.shape));
    if bits.has(bit::LOCATION_NAME) {
        write_optional(writer, &[&member.location_name]);
    }
    write_namespace(writer, member.xml_namespace.as_ref());
    write_optional(writer, &[&member.query_name]);
    if let Some(format) = member.timestamp_format {
        write_timestamp_format(writer, format);
    }
}

pub(super) fn read_member(reader: &mut Reader<'_>) -> Result<Member, FormatError> {
    use member_bits as bit;
    let bits = Bits::read(reader, bit::WIDTH)?;
    let name = reader.string()?;
    let shape = reader.u32()?;
    let mut location_name = part(reader, bits.has(bit::LOCATION_NAME), Reader::string)?;
    if bits.has(bit::LOWERED) {
        location_name = Some(lowered(&name));
    }
    let location = LOCATIONS.get((bits.0 >> bit::LOCATION & 7) as usize).ok_or(FormatError::Number)?;
    Ok(Member {
        name,
        shape,
        required: bits.has(bit::REQUIRED),
        location: *location,
        location_name,
        xml_namespace: part(reader, bits.has(bit::XML_NAMESPACE), read_namespace)?,
        query_name: part(reader, bits.has(bit::QUERY_NAME), Reader::string)?,
        timestamp_format: part(reader, bits.has(bit::TIMESTAMP_FORMAT), read_timestamp_format)?,
        flattened: bits.has(bit::FLATTENED),
        xml_attribute: bits.has(bit::XML_ATTRIBUTE),
        streaming: bits.has(bit::STREAMING),
        idempotency_token: bits.has(bit::IDEMPOTENCY_TOKEN),
        json_value: bits.has(bit::JSON_VALUE),
        host_label: bits.has(bit::HOST_LABEL),
        event_header: bits.has(bit::EVENT_HEADER),
        event_payload: bits.has(bit::EVENT_PAYLOAD),
        boxed: bits.has(bit::BOXED),
    })
}

/// A namespace: its URI, then its prefix, empty where it has none.
pub(super) fn write_namespace(writer: &mut Writer, namespace: Option<&XmlNamespace>) {
    if let Some(namespace) = namespace {
        writer.string(&namespace.uri);
        writer.string(namespace.prefix.as_deref().unwrap_or_default());
    }
}

pub(super) fn read_namespace(reader: &mut Reader<'_>) -> Result<XmlNamespace, FormatError> {
    let uri = reader.string()?;
    let prefix = reader.string()?;
    Ok(XmlNamespace { uri, prefix: (!prefix.is_empty()).then_some(prefix) })
}

const TIMESTAMP_FORMATS: [TimestampFormat; 3] =
    [TimestampFormat::Iso8601, TimestampFormat::Rfc822, TimestampFormat::UnixTimestamp];

pub(super) fn write_timestamp_format(writer: &mut Writer, format: TimestampFormat) {
    writer.count(TIMESTAMP_FORMATS.iter().position(|known| *known == format).unwrap_or_default());
}

pub(super) fn read_timestamp_format(reader: &mut Reader<'_>) -> Result<TimestampFormat, FormatError> {
    TIMESTAMP_FORMATS.get(usize::from(reader.u16()?)).copied().ok_or(FormatError::Number)
}
