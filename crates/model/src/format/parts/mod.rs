//! The parts of a document, each written and read side by side.

mod member;
mod operation;
mod service;
mod shape;

use super::FormatError;
use super::bytes::{Reader, Writer};
use crate::{Kind, Service, ShapeId};

pub(super) use service::{read_protocols, read_service, write_protocols, write_service};

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
