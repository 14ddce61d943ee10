//! Operations.

use super::{Bits, part, write_optional};
use crate::format::FormatError;
use crate::format::bytes::{Reader, Writer};
use crate::{Operation, Paginator, XmlRoot};

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

pub(super) fn write_operation(writer: &mut Writer, operation: &Operation) {
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

pub(super) fn read_operation(reader: &mut Reader<'_>) -> Result<Operation, FormatError> {
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
    let errors = reader.many(Reader::u32)?;
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
