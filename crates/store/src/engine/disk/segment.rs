//! The files of the log.
//!
//! A segment is named by the number of its first record, `log-` and 16 hexadecimal digits, so that names sort in order. Numbers are
//! little-endian.
//!
//! | Part | Bytes |
//! |---|---|
//! | header | the 8 bytes `KUMOILOG`, the version as `u32`, the number of the first record as `u64`, CRC-32 of these 20 bytes |
//! | frame, any number | the 4 bytes `FRAM`, length of the body as `u32`, CRC-32 of the body as `u32`, the body |
//!
//! The body of a frame is the number of its first record as `u64`, then its records, each with its length as `u32` in front. A frame is what
//! is written at one time. Records are numbered without gaps.

use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::tx::MAX_TRANSACTION;

/// The version of the data directory that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"KUMOILOG";
const FRAME: [u8; 4] = *b"FRAM";
pub(super) const HEADER: usize = 24;
/// What lies in front of the first record of a frame.
const FRAME_HEAD: usize = 20;
/// A frame gets no further records once it has this size.
pub(super) const FULL_FRAME: usize = 32 << 20;
/// No frame has a larger body: a full one and a record of the largest transaction, each of whose changes takes less than it counted there.
const MAX_BODY: usize = FULL_FRAME + MAX_TRANSACTION + 1024;

pub(super) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("log-{first:016x}"))
}

/// The segments of a directory in order: number of the first record, and path.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("log-")).filter(|digits| digits.len() == 16);
        if let Some(first) = number.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            segments.push((first, entry.path()));
        }
    }
    segments.sort();
    Ok(segments)
}

pub(super) fn header(first: u64) -> Vec<u8> {
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &first.to_le_bytes()].concat();
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// A frame that is being filled.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    pub(super) fn new(first: u64) -> Frame {
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(&FRAME);
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&first.to_le_bytes());
        Frame { bytes }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_FRAME
    }

    /// Adds a record; how many bytes that took.
    pub(super) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> usize {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        encode(&mut self.bytes);
        let size = u32::try_from(self.bytes.len() - at - 4).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&size);
        }
        self.bytes.len() - at
    }

    /// The finished bytes.
    pub(super) fn seal(mut self) -> Vec<u8> {
        let body = self.bytes.get(12..).unwrap_or_default();
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let crc = crc32fast::hash(body).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(4..12) {
            place.copy_from_slice(&[size, crc].concat());
        }
        self.bytes
    }
}

/// What was found at a place of a segment.
pub(super) enum Read<'a> {
    /// A frame: the number of its first record, its records, and where the next frame begins.
    Frame { first: u64, records: &'a [u8], next: usize },
    /// The end of the segment.
    End,
    /// Bytes that are no whole frame.
    Broken,
}

/// Reads what is at a place of a segment.
pub(super) fn frame(segment: &[u8], at: usize) -> Read<'_> {
    match segment.get(at..) {
        None | Some([]) => Read::End,
        Some(bytes) => whole_frame(bytes, at).unwrap_or(Read::Broken),
    }
}

fn whole_frame(bytes: &[u8], at: usize) -> Option<Read<'_>> {
    let rest = bytes.strip_prefix(&FRAME)?;
    let (size, rest) = rest.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok().filter(|size| *size <= MAX_BODY)?;
    let body = rest.get(..size)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (first, records) = body.split_first_chunk::<8>()?;
    Some(Read::Frame { first: u64::from_le_bytes(*first), records, next: at + FRAME_HEAD - 8 + size })
}

/// Whether a whole frame of records after a number begins anywhere after this place: then what is broken there is not the torn end of the last
/// write. The number tells frames of this log from what clients store, which can be the file of an older one.
pub(super) fn has_frame_after(segment: &[u8], at: usize, number: u64) -> bool {
    let mut rest = at + 1;
    while let Some(found) = segment.get(rest..).and_then(|bytes| bytes.windows(4).position(|four| four == FRAME)) {
        if matches!(frame(segment, rest + found), Read::Frame { first, .. } if first > number) {
            return true;
        }
        rest += found + 1;
    }
    false
}

/// The records of a frame.
pub(super) fn records(mut bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], StoreError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let record = bytes
            .split_first_chunk::<4>()
            .and_then(|(size, rest)| rest.split_at_checked(usize::try_from(u32::from_le_bytes(*size)).ok()?));
        match record {
            Some((record, rest)) => {
                bytes = rest;
                Some(Ok(record))
            }
            None => {
                bytes = &[];
                Some(Err(StoreError::corrupt("a frame of the log does not end with a record")))
            }
        }
    })
}

/// The number of the first record of a segment from its header; `None` when the header is not whole.
///
/// # Errors
/// [`StoreError::TooNew`].
pub(super) fn read_header(segment: &[u8]) -> Result<Option<u64>, StoreError> {
    let Some(header) = segment.first_chunk::<HEADER>() else { return Ok(None) };
    let number = |at: usize| {
        header.get(at..at + 4).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes))
    };
    if !header.starts_with(&MAGIC) {
        return Ok(None);
    }
    // Looked at before the checksum, which a later version may have elsewhere.
    if let Some(found) = number(8).filter(|found| *found > VERSION) {
        return Err(StoreError::TooNew { found, supported: VERSION });
    }
    if number(8) != Some(VERSION) || number(20) != header.get(..20).map(crc32fast::hash) {
        return Ok(None);
    }
    Ok(header.get(12..20).and_then(|bytes| bytes.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(first: u64, record: &[u8]) -> Vec<u8> {
        let mut frame = Frame::new(first);
        frame.push(|out| out.extend_from_slice(record));
        frame.seal()
    }

    #[test]
    fn a_log_that_a_client_stored_is_no_frame_of_this_one() {
        let old = frame_of(1, b"an old record");
        let torn = frame_of(2, &old);
        let torn = &torn[..torn.len() - 1];
        assert!(matches!(frame(torn, 0), Read::Broken));
        assert!(!has_frame_after(torn, 0, 2));
        let damaged = [torn, &frame_of(3, b"acknowledged")].concat();
        assert!(has_frame_after(&damaged, 0, 2));
    }
}
