//! XML bodies: REST-XML both ways, and the answers of the query protocols.

mod decode;
mod encode;
mod reader;
mod writer;

pub(crate) use decode::{decode_member, decode_structure};
pub(crate) use encode::{write_member_root, write_members, write_structure_root};
pub(crate) use writer::Writer;
pub use writer::escaped;
