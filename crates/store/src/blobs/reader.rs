//! Reading a blob.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use bytes::{Bytes, BytesMut};

use super::blocking;
use crate::StoreError;

/// Bytes that are read at once from the medium, and held for one reader.
const PIECE: usize = 512 << 10;

/// Bytes that are read at once where the system has them in memory: few enough to be in the processor's still when they are sent.
const PIECE_AT_HAND: usize = 128 << 10;

/// A blob that is being read.
#[derive(Debug)]
pub struct BlobReader {
    file: Option<File>,
    left: u64,
}

impl BlobReader {
    pub(super) fn open(path: &Path, start: u64, length: u64) -> Result<BlobReader, StoreError> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(StoreError::Conflict),
            file => file?,
        };
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
        }
        Ok(BlobReader { file: Some(file), left: length })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the file is shorter than it was; errors of the file system.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let at_most = |piece: usize| usize::try_from(self.left).map_or(piece, |left| left.min(piece));
        let mut file = self.file.take().ok_or(StoreError::Closed)?;
        if let Some(piece) = at_hand(&file, at_most(PIECE_AT_HAND)) {
            self.file = Some(file);
            self.left -= piece.len() as u64;
            return Ok(Some(piece));
        }
        let wanted = at_most(PIECE);
        let (file, piece) = blocking(move || {
            let mut piece = room(wanted);
            match file.read_exact(&mut piece) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(StoreError::corrupt("a blob is cut off")),
                read => read.map(|()| (file, piece.freeze())).map_err(StoreError::from),
            }
        })
        .await?;
        self.file = Some(file);
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }
}

/// Room for so many bytes. Asked for zeros, allocators give large pieces back to the system, which takes longer than to write the zeros.
fn room(bytes: usize) -> BytesMut {
    let mut room = BytesMut::with_capacity(bytes);
    room.resize(bytes, 0);
    room
}

/// The next bytes of a file, as far as reading them waits for nothing; `None` when it would, or is better done where waiting is allowed.
#[cfg(target_os = "linux")]
fn at_hand(file: &File, wanted: usize) -> Option<Bytes> {
    use rustix::io::{IoSliceMut, ReadWriteFlags, preadv2};

    /// Where the file stands, which then moves on.
    const HERE: u64 = u64::MAX;
    let mut piece = room(wanted);
    let read = preadv2(file, &mut [IoSliceMut::new(&mut piece)], HERE, ReadWriteFlags::NOWAIT).ok()?;
    piece.truncate(read);
    Some(piece.freeze()).filter(|piece| !piece.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn at_hand(_: &File, _: usize) -> Option<Bytes> {
    None
}
