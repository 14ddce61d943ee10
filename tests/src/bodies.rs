//! Bodies of objects that tell who wrote them: each is made from a number, and none has a run of bytes in common with another.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use md5::{Digest as _, Md5};

/// Bytes that a number and a size stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) number: u64,
    pub(crate) size: usize,
}

impl Stamp {
    pub(crate) fn bytes(self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.size + 8);
        let mut word = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        while bytes.len() < self.size {
            word = word.wrapping_add(0x2545_f491_4f6c_dd1d);
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.truncate(self.size);
        bytes.freeze()
    }
}

/// The bytes of several, one after the other.
pub(crate) fn joined(stamps: &[Stamp]) -> Bytes {
    stamps.iter().flat_map(|stamp| stamp.bytes()).collect()
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The entity tag of an object that one request wrote, in its quotes.
pub(crate) fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(&Md5::digest(bytes)))
}

/// The entity tag of an object that was uploaded in parts.
pub(crate) fn tag_of_parts(parts: &[Stamp]) -> String {
    let digests: Vec<u8> = parts.iter().flat_map(|part| Md5::digest(part.bytes())).collect();
    format!("\"{}-{}\"", hex(&Md5::digest(digests)), parts.len())
}
