//! The compact form in which models are kept.
//!
//! # Bytes
//!
//! A model file is `KMDLZ` and the version, the length of the document as four little-endian bytes, and the document as one
//! zstd frame. The document:
//!
//! ```text
//! document = "KMDL" version table body
//! table    = count { length utf8 }                     strings in the order of their first use
//! body     = service fields, then count { shape }, then count { operation }
//! ```
//!
//! * Counts, lengths and references are varints: seven bits a byte, least significant first, at most nine bytes.
//! * A string is a reference: 0 for the next one of the table that has not been used, else one more than its index.
//! * A structure's optional parts are announced by a varint of presence bits; parts follow in the order of their bits. A flag
//!   is a bit with no part. The bits stand in the `*_bits` modules of `parts`.
//! * A number (`min`, `max`) is 0 and a zigzag varint, or 1 and a little-endian double.
//! * A shape reference is its index; an operation's index is its place in the order of names.
//!
//! The version is raised whenever the meaning of a byte changes; another version than [`VERSION`] is refused. The same
//! primitives hold the [catalog index](CatalogEntry), with a magic of its own.

mod bytes;
mod index;
mod parts;

use std::fmt;

use crate::Service;
use bytes::{Reader, Writer};
pub use index::{CatalogEntry, decode_index, encode_index};

/// The version of the bytes.
pub const VERSION: u8 = 1;

const SERVICE_MAGIC: &[u8] = &[b'K', b'M', b'D', b'L', VERSION];
const INDEX_MAGIC: &[u8] = &[b'K', b'M', b'D', b'I', VERSION];
const FILE_MAGIC: &[u8] = &[b'K', b'M', b'D', b'L', b'Z', VERSION];

/// The largest document that is read, and the most bytes of strings that one may expand to. EC2, the largest service, takes
/// less than a tenth.
pub const MAX_DOCUMENT: usize = 32 << 20;

/// Why bytes are not a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// Not a model, or one of another version.
    Magic,
    /// The bytes end early, or a count promises more than there are.
    Truncated,
    /// A number is out of its range, or a bit or tag is unknown.
    Number,
    /// A string is not UTF-8.
    Text,
    /// A reference to a string, shape or member that does not exist.
    Reference,
    /// Operations or names are not in order, or not unique.
    Order,
    /// Bytes or strings are left over.
    Trailing,
    /// The document expands beyond [`MAX_DOCUMENT`].
    Budget,
    /// The zstd frame is damaged.
    Compression,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "not a model of this version",
            Self::Truncated => "the model ends early",
            Self::Number => "a number in the model is out of range",
            Self::Text => "a string in the model is not UTF-8",
            Self::Reference => "the model refers to something that it lacks",
            Self::Order => "operations of the model are not in order",
            Self::Trailing => "the model has bytes left over",
            Self::Budget => "the model is too large",
            Self::Compression => "the model's compressed bytes are damaged",
        })
    }
}

impl std::error::Error for FormatError {}

/// The document of a service, uncompressed.
pub fn encode(service: &Service) -> Vec<u8> {
    let mut writer = Writer::default();
    parts::write_service(&mut writer, service);
    writer.finish(SERVICE_MAGIC)
}

/// Reads a document. Every shape and member index inside the result is valid.
pub fn decode(bytes: &[u8]) -> Result<Service, FormatError> {
    let mut reader = Reader::open(bytes, SERVICE_MAGIC, MAX_DOCUMENT)?;
    let service = parts::read_service(&mut reader)?;
    reader.finish()?;
    parts::check(&service)?;
    Ok(service)
}

/// Compresses a document into the bytes of a model file.
pub fn pack(document: &[u8]) -> Result<Vec<u8>, FormatError> {
    let length = u32::try_from(document.len()).map_err(|_| FormatError::Budget)?;
    let frame = zstd::bulk::compress(document, 19).map_err(|_| FormatError::Compression)?;
    Ok([FILE_MAGIC, &length.to_le_bytes(), &frame].concat())
}

/// The document inside a model file.
pub fn unpack(file: &[u8]) -> Result<Vec<u8>, FormatError> {
    let rest = file.strip_prefix(FILE_MAGIC).ok_or(FormatError::Magic)?;
    let (length, frame) = rest.split_first_chunk::<4>().ok_or(FormatError::Truncated)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_DOCUMENT {
        return Err(FormatError::Budget);
    }
    let document = zstd::bulk::decompress(frame, length).map_err(|_| FormatError::Compression)?;
    if document.len() == length { Ok(document) } else { Err(FormatError::Truncated) }
}
