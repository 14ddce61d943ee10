//! Decompression, a piece at a time.

use std::io::Write as _;

use bzip2::{Decompress, Status};
use flate2::write::MultiGzDecoder;

use super::Compression;
use crate::error::{self, SelectError};

/// Room for what bzip2 gives at once.
const ROOM: usize = 64 << 10;

pub(crate) enum Unpack {
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Bzip2 { stream: Decompress, ended: bool },
}

impl Unpack {
    pub(crate) fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Compression::Bzip2 => Self::Bzip2 { stream: Decompress::new(false), ended: true },
        }
    }

    /// How many bytes to unpack at once, so that what comes of them stays bounded.
    pub(crate) fn step(&self) -> usize {
        match self {
            Self::None => 64 << 10,
            Self::Gzip(_) => 2 << 10,
            // A block of 900,000 bytes may be packed in fifty.
            Self::Bzip2 { .. } => 256,
        }
    }

    /// Appends what the bytes hold.
    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), SelectError> {
        match self {
            Self::None => out.extend_from_slice(bytes),
            Self::Gzip(decoder) => {
                decoder.write_all(bytes).and_then(|()| decoder.flush()).map_err(|_| error::compression())?;
                out.append(decoder.get_mut());
            }
            Self::Bzip2 { stream, ended } => {
                while !bytes.is_empty() {
                    if std::mem::replace(ended, false) {
                        *stream = Decompress::new(false);
                    }
                    loop {
                        out.reserve(ROOM);
                        let (read, written) = (stream.total_in(), out.len());
                        let status = stream.decompress_vec(bytes, out).map_err(|_| error::compression())?;
                        let used = usize::try_from(stream.total_in() - read).unwrap_or(usize::MAX);
                        bytes = bytes.get(used..).unwrap_or_default();
                        if status == Status::StreamEnd {
                            *ended = true;
                            break;
                        }
                        // It has more to give as long as it fills the room.
                        if out.len() == written && used == 0 || (bytes.is_empty() && out.len() < out.capacity()) {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends what is left; nothing may be open.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), SelectError> {
        match self {
            Self::None => Ok(()),
            Self::Gzip(decoder) => {
                decoder.try_finish().map_err(|_| error::truncated())?;
                out.append(decoder.get_mut());
                Ok(())
            }
            Self::Bzip2 { ended, .. } => {
                if *ended {
                    Ok(())
                } else {
                    Err(error::truncated())
                }
            }
        }
    }
}
