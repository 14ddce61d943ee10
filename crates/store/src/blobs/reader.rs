//! Reading a blob.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use bytes::{Bytes, BytesMut};

use super::blocking;
use crate::StoreError;

/// Bytes that are read at once, and held for one reader.
const PIECE: usize = 512 << 10;

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
        let mut file = self.file.take().ok_or(StoreError::Closed)?;
        let wanted = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let (file, piece) = blocking(move || {
            let mut piece = BytesMut::zeroed(wanted);
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
