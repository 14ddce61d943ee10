//! Writing a blob.

use std::fs::{self, File};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::Bytes;

use super::{BlobId, Blobs, Hold, blocking, directory::Directory};
use crate::StoreError;

/// Pieces are gathered to so many bytes before they are written.
const GATHERED: usize = 512 << 10;

/// A blob that is being written. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: Option<File>,
    gathered: Vec<Bytes>,
    /// Bytes that are gathered.
    pending: usize,
    size: u64,
    staged: Staged,
}

impl BlobWriter {
    pub(super) fn create(blobs: Blobs, directory: &Arc<Directory>, id: BlobId) -> Result<BlobWriter, StoreError> {
        let name = BlobId::random();
        let file = directory.create(name)?;
        let (hold, directory) = (blobs.hold(vec![id]), directory.clone());
        let staged = Staged { hold, directory, file: name, id, size: 0, whole: false, kept: AtomicBool::new(false) };
        Ok(BlobWriter { file: Some(file), gathered: Vec::new(), pending: 0, size: 0, staged })
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// Errors of the file system. The blob is of no use afterwards.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), StoreError> {
        self.size += piece.len() as u64;
        self.pending += piece.len();
        self.gathered.push(piece);
        if self.pending < GATHERED { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let mut file = self.file.take().ok_or(StoreError::Closed)?;
        let pieces = std::mem::take(&mut self.gathered);
        self.pending = 0;
        let file = blocking(move || {
            for piece in pieces {
                file.write_all(&piece)?;
            }
            Ok(file)
        });
        self.file = Some(file.await?);
        Ok(())
    }

    /// Ends the blob: it is whole, and as durable as the store promises of commits. It lasts once it is [kept](Staged::keep).
    ///
    /// # Errors
    /// Errors of the file system.
    pub async fn finish(mut self) -> Result<Staged, StoreError> {
        self.flush().await?;
        let file = self.file.take().ok_or(StoreError::Closed)?;
        let mut staged = self.staged;
        staged.size = self.size;
        blocking(move || {
            let force = staged.hold.blobs.inner.forces();
            if force {
                file.sync_data()?;
            }
            staged.directory.adopt(staged.file, staged.id, force)?;
            staged.whole = true;
            Ok(staged)
        })
        .await
    }
}

/// A blob that no committed record names yet. Dropped without being [kept](Staged::keep), it is removed.
#[derive(Debug)]
pub struct Staged {
    /// Lasts until the blob is named, or removed.
    hold: Hold,
    directory: Arc<Directory>,
    /// The name of the file while it is written.
    file: BlobId,
    id: BlobId,
    size: u64,
    whole: bool,
    kept: AtomicBool,
}

impl Staged {
    /// Its name.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it stays when this is dropped: to be set before a commit whose records name it, as nobody may be there to hear how it went, and
    /// taken back when the commit was refused.
    pub fn keep(&self, kept: bool) {
        self.kept.store(kept, Relaxed);
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let removed = match (self.whole, self.kept.load(Relaxed)) {
            (false, _) => fs::remove_file(self.directory.path_of_new(self.file)).map_err(StoreError::from),
            // A world that is loaded may hold the same blob, and will name it.
            (true, false) if self.hold.is_shared() => Ok(()),
            (true, false) => self.directory.remove(self.id),
            (true, true) => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(id = %self.id, %error, "a blob that nobody needs could not be removed");
        }
    }
}
