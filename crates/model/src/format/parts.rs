//! The parts of a document: service, operations, shapes, members.

use std::collections::HashMap;

use super::FormatError;
use super::bytes::{Reader, Writer};
use crate::{
    ErrorTrait, Kind, Location, Member, Operation, Paginator, Protocol, Service, Shape, ShapeId, Structure,
    TimestampFormat, XmlNamespace, XmlRoot,
};

/// Presence bits, gathered while writing.
struct Bits(u64);

impl Bits {
    fn new(flags: &[(u32, bool)]) -> Self {
        Self(flags.iter().filter(|(_, set)| *set).fold(0, |bits, (bit, _)| bits | 1 << bit))
    }

    fn has(&self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }

    fn read(reader: &mut Reader<'_>, width: u32) -> Result<Self, FormatError> {
        let bits = reader.varint()?;
        if bits >> width == 0 { Ok(Self(bits)) } else { Err(FormatError::Number) }
    }
}

/// Reads a part if its bit is set.
fn part<'a, T>(
    reader: &mut Reader<'a>,
    present: bool,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, FormatError>,
) -> Result<Option<T>, FormatError> {
    present.then(|| read(reader)).transpose()
}

fn write_optional(writer: &mut Writer, texts: &[&Option<String>]) {
    for text in texts.iter().filter_map(|text| text.as_ref()) {
        writer.string(text);
    }
}

/// Presence bits of the service.
mod service_bits {
    pub(super) const TARGET_PREFIX: u32 = 0;
    pub(super) const JSON_VERSION: u32 = 1;
    pub(super) const XML_NAMESPACE: u32 = 2;
    pub(super) const QUERY_COMPATIBLE: u32 = 3;
    pub(super) const WIDTH: u32 = 4;
}

pub(super) fn write_service(writer: &mut Writer, service: &Service) {
    use service_bits as bit;
    let bits = Bits::new(&[
        (bit::TARGET_PREFIX, service.target_prefix.is_some()),
        (bit::JSON_VERSION, service.json_version.is_some()),
        (bit::XML_NAMESPACE, service.xml_namespace.is_some()),
        (bit::QUERY_COMPATIBLE, service.query_compatible),
    ]);
    writer.varint(bits.0);
    let Service { id, service_id, full_name, api_version, endpoint_prefix, signing_name, .. } = service;
    for text in [id, service_id, full_name, api_version, endpoint_prefix, signing_name] {
        writer.string(text);
    }
    write_optional(writer, &[&service.target_prefix, &service.json_version, &service.xml_namespace]);
    write_protocols(writer, &service.protocols);
    writer.count(service.shapes.len());
    for shape in &service.shapes {
        write_shape(writer, shape);
    }
    writer.count(service.operations.len());
    for operation in &service.operations {
        write_operation(writer, operation);
    }
}

pub(super) fn read_service(reader: &mut Reader<'_>) -> Result<Service, FormatError> {
    use service_bits as bit;
    let bits = Bits::read(reader, bit::WIDTH)?;
    let mut service = Service {
        id: reader.string()?,
        service_id: reader.string()?,
        full_name: reader.string()?,
        api_version: reader.string()?,
        endpoint_prefix: reader.string()?,
        signing_name: reader.string()?,
        target_prefix: part(reader, bits.has(bit::TARGET_PREFIX), Reader::string)?,
        json_version: part(reader, bits.has(bit::JSON_VERSION), Reader::string)?,
        xml_namespace: part(reader, bits.has(bit::XML_NAMESPACE), Reader::string)?,
        query_compatible: bits.has(bit::QUERY_COMPATIBLE),
        protocols: read_protocols(reader)?,
        operations: Vec::new(),
        shapes: Vec::new(),
        by_name: HashMap::new(),
    };
    for _ in 0..reader.count()? {
        service.shapes.push(read_shape(reader)?);
    }
    let count = reader.count()?;
    for index in 0..count {
        let operation = read_operation(reader)?;
        service.by_name.insert(operation.name.clone(), index as u32);
        service.operations.push(operation);
    }
    Ok(service)
}

const PROTOCOLS: [Protocol; 6] = [
    Protocol::AwsJson,
    Protocol::AwsQuery,
    Protocol::Ec2Query,
    Protocol::RestJson,
    Protocol::RestXml,
    Protocol::RpcV2Cbor,
];

pub(super) fn write_protocols(writer: &mut Writer, protocols: &[Protocol]) {
    writer.count(protocols.len());
    for protocol in protocols {
        let tag = PROTOCOLS.iter().position(|known| known == protocol).unwrap_or_default();
        writer.count(tag);
    }
}

pub(super) fn read_protocols(reader: &mut Reader<'_>) -> Result<Vec<Protocol>, FormatError> {
    let count = reader.count()?;
    (0..count)
        .map(|_| {
            let tag = reader.u16()?;
            PROTOCOLS.get(usize::from(tag)).copied().ok_or(FormatError::Number)
        })
        .collect()
}

/// Presence bits of an operation.
mod operation_bits {
    pub(super) const INPUT: u32 = 0;
    pub(super) const OUTPUT: u32 = 1;
    pub(super) const WRAPPER: u32 = 2;
    /// The wrapper, when it is the name and `Result`.
    pub(super) const USUAL_WRAPPER: u32 = 3;
    pub(super) const ROOT: u32 = 4;
    pub(super) const ROOT_NAMESPACE: u32 = 5;
    pub(super) const HOST_PREFIX: u32 = 6;
    pub(super) const UNSIGNED: u32 = 7;
    pub(super) const CHECKSUM_REQUIRED: u32 = 8;
    pub(super) const CHECKSUM_MEMBER: u32 = 9;
    pub(super) const PAGINATOR: u32 = 10;
    pub(super) const PAGE_LIMIT: u32 = 11;
    pub(super) const WIDTH: u32 = 12;
}

fn usual_wrapper(name: &str) -> String {
    format!("{name}Result")
}

fn write_operation(writer: &mut Writer, operation: &Operation) {
    use operation_bits as bit;
    let usual = operation.result_wrapper.as_ref().is_some_and(|wrapper| *wrapper == usual_wrapper(&operation.name));
    let root = operation.input_root.as_ref();
    let pages = operation.paginator.as_ref();
    let bits = Bits::new(&[
        (bit::INPUT, operation.input.is_some()),
        (bit::OUTPUT, operation.output.is_some()),
        (bit::WRAPPER, operation.result_wrapper.is_some() && !usual),
        (bit::USUAL_WRAPPER, usual),
        (bit::ROOT, root.is_some()),
        (bit::ROOT_NAMESPACE, root.is_some_and(|root| root.namespace.is_some())),
        (bit::HOST_PREFIX, operation.host_prefix.is_some()),
        (bit::UNSIGNED, operation.unsigned),
        (bit::CHECKSUM_REQUIRED, operation.checksum_required),
        (bit::CHECKSUM_MEMBER, operation.checksum_member.is_some()),
        (bit::PAGINATOR, pages.is_some()),
        (bit::PAGE_LIMIT, pages.is_some_and(|pages| pages.limit_key.is_some())),
    ]);
    writer.varint(bits.0);
    writer.string(&operation.name);
    writer.string(&operation.method);
    writer.string(&operation.uri);
    writer.varint(u64::from(operation.status));
    for id in [operation.input, operation.output].into_iter().flatten() {
        writer.varint(u64::from(id));
    }
    if bits.has(bit::WRAPPER) {
        write_optional(writer, &[&operation.result_wrapper]);
    }
    if let Some(root) = root {
        writer.string(&root.name);
        write_optional(writer, &[&root.namespace]);
    }
    writer.count(operation.errors.len());
    for &id in &operation.errors {
        writer.varint(u64::from(id));
    }
    write_optional(writer, &[&operation.host_prefix, &operation.checksum_member]);
    if let Some(pages) = pages {
        writer.strings(&pages.input_token);
        writer.strings(&pages.output_token);
        writer.strings(&pages.result_key);
        write_optional(writer, &[&pages.limit_key]);
    }
}

fn read_operation(reader: &mut Reader<'_>) -> Result<Operation, FormatError> {
    use operation_bits as bit;
    let bits = Bits::read(reader, bit::WIDTH)?;
    let name = reader.string()?;
    let method = reader.string()?;
    let uri = reader.string()?;
    let status = reader.u16()?;
    let input = part(reader, bits.has(bit::INPUT), Reader::u32)?;
    let output = part(reader, bits.has(bit::OUTPUT), Reader::u32)?;
    let mut result_wrapper = part(reader, bits.has(bit::WRAPPER), Reader::string)?;
    if bits.has(bit::USUAL_WRAPPER) {
        result_wrapper = Some(usual_wrapper(&name));
    }
    let input_root = part(reader, bits.has(bit::ROOT), |reader| {
        let name = reader.string()?;
        Ok(XmlRoot { name, namespace: part(reader, bits.has(bit::ROOT_NAMESPACE), Reader::string)? })
    })?;
    let count = reader.count()?;
    let errors = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
    let host_prefix = part(reader, bits.has(bit::HOST_PREFIX), Reader::string)?;
    let checksum_member = part(reader, bits.has(bit::CHECKSUM_MEMBER), Reader::string)?;
    let paginator = part(reader, bits.has(bit::PAGINATOR), |reader| {
        Ok(Paginator {
            input_token: reader.strings()?,
            output_token: reader.strings()?,
            result_key: reader.strings()?,
            limit_key: part(reader, bits.has(bit::PAGE_LIMIT), Reader::string)?,
        })
    })?;
    Ok(Operation {
        name,
        method,
        uri,
        status,
        input,
        output,
        result_wrapper,
        input_root,
        errors,
        host_prefix,
        unsigned: bits.has(bit::UNSIGNED),
        checksum_required: bits.has(bit::CHECKSUM_REQUIRED),
        checksum_member,
        paginator,
    })
}

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

fn write_shape(writer: &mut Writer, shape: &Shape) {
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

fn read_shape(reader: &mut Reader<'_>) -> Result<Shape, FormatError> {
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
            members: {
                let count = reader.count()?;
                (0..count).map(|_| read_member(reader)).collect::<Result<_, _>>()?
            },
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
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn write_member(writer: &mut Writer, member: &Member) {
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

fn read_member(reader: &mut Reader<'_>) -> Result<Member, FormatError> {
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
fn write_namespace(writer: &mut Writer, namespace: Option<&XmlNamespace>) {
    if let Some(namespace) = namespace {
        writer.string(&namespace.uri);
        writer.string(namespace.prefix.as_deref().unwrap_or_default());
    }
}

fn read_namespace(reader: &mut Reader<'_>) -> Result<XmlNamespace, FormatError> {
    let uri = reader.string()?;
    let prefix = reader.string()?;
    Ok(XmlNamespace { uri, prefix: (!prefix.is_empty()).then_some(prefix) })
}

const TIMESTAMP_FORMATS: [TimestampFormat; 3] =
    [TimestampFormat::Iso8601, TimestampFormat::Rfc822, TimestampFormat::UnixTimestamp];

fn write_timestamp_format(writer: &mut Writer, format: TimestampFormat) {
    writer.count(TIMESTAMP_FORMATS.iter().position(|known| *known == format).unwrap_or_default());
}

fn read_timestamp_format(reader: &mut Reader<'_>) -> Result<TimestampFormat, FormatError> {
    TIMESTAMP_FORMATS.get(usize::from(reader.u16()?)).copied().ok_or(FormatError::Number)
}

/// Checks what the rest of kumoi relies on: references are valid, operations in order.
pub(super) fn check(service: &Service) -> Result<(), FormatError> {
    let valid = |id: ShapeId| (id as usize) < service.shapes.len();
    for shape in &service.shapes {
        let ok = match &shape.kind {
            Kind::Structure(structure) => {
                structure.members.len() <= usize::from(u16::MAX)
                    && structure.members.iter().all(|member| valid(member.shape))
                    && structure.payload.is_none_or(|payload| usize::from(payload) < structure.members.len())
            }
            Kind::List { member, .. } => valid(member.shape),
            Kind::Map { key, value, .. } => valid(key.shape) && valid(value.shape),
            _ => true,
        };
        if !ok {
            return Err(FormatError::Reference);
        }
    }
    for operation in &service.operations {
        let structures =
            [operation.input, operation.output].into_iter().flatten().chain(operation.errors.iter().copied());
        for id in structures {
            if service.structure(id).is_none() {
                return Err(FormatError::Reference);
            }
        }
    }
    if service.operations.is_sorted_by(|a, b| a.name < b.name) { Ok(()) } else { Err(FormatError::Order) }
}
