//! The fields of a service.

use std::collections::HashMap;

use super::operation::{read_operation, write_operation};
use super::shape::{read_shape, write_shape};
use super::{Bits, part, write_optional};
use crate::format::FormatError;
use crate::format::bytes::{Reader, Writer};
use crate::{Protocol, Service};

/// Presence bits of the service.
mod service_bits {
    pub(super) const TARGET_PREFIX: u32 = 0;
    pub(super) const JSON_VERSION: u32 = 1;
    pub(super) const XML_NAMESPACE: u32 = 2;
    pub(super) const QUERY_COMPATIBLE: u32 = 3;
    pub(super) const WIDTH: u32 = 4;
}

pub(in crate::format) fn write_service(writer: &mut Writer, service: &Service) {
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

pub(in crate::format) fn read_service(reader: &mut Reader<'_>) -> Result<Service, FormatError> {
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
    service.shapes = reader.many(read_shape)?;
    service.operations = reader.many(read_operation)?;
    let names = service.operations.iter().enumerate();
    service.by_name = names.map(|(index, operation)| (operation.name.clone(), index as u32)).collect();
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

pub(in crate::format) fn write_protocols(writer: &mut Writer, protocols: &[Protocol]) {
    writer.count(protocols.len());
    for protocol in protocols {
        let tag = PROTOCOLS.iter().position(|known| known == protocol).unwrap_or_default();
        writer.count(tag);
    }
}

pub(in crate::format) fn read_protocols(reader: &mut Reader<'_>) -> Result<Vec<Protocol>, FormatError> {
    reader.many(|reader| PROTOCOLS.get(usize::from(reader.u16()?)).copied().ok_or(FormatError::Number))
}
