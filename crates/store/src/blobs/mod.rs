//! Blobs: bytes that are too many for a record, such as the body of a large object.
//!
//! A blob is written once, as a stream, and never changed. It lies in a file of its own, and records name it by its [`BlobId`]. Blobs belong
//! to no world: a fork shares them, and one is of use for as long as any world has a record that names it. Who may remove one is therefore
//! decided above; see `kumoi_core::blobs`.
//!
//! | File | What it is |
//! |---|---|
//! | `new/ID` | a blob that is being written; removed when the directory is opened |
//! | `ID[0..2]/ID` | a blob, written whole, where `ID` is its 32 hexadecimal digits |
//!
//! A store in memory keeps its blobs in a directory for temporary files, which is made when the first is written and removed when the store is
//! closed; one that a killed process left behind is removed by the next that makes its own.

mod directory;
mod reader;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::config::EngineConfig;
use crate::{Fsync, KeyRange, Scope, StoreError, Table, Tx};
use directory::Directory;
pub use reader::BlobReader;
pub use writer::{BlobWriter, Staged};

/// Names a blob: a random number, so that a world that was saved can never name a later blob by accident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(u128);

impl BlobId {
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> BlobId {
        BlobId(u128::from_le_bytes(bytes))
    }

    fn random() -> BlobId {
        // The standard library draws the keys of its hash maps from the operating system.
        let half = || u128::from(RandomState::new().hash_one("blob"));
        BlobId((half() << 64) | half())
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<BlobId, StoreError> {
        let digits =
            text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let id = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        id.map(BlobId).ok_or_else(|| StoreError::corrupt(format!("{text:?} names no blob")))
    }
}

/// How often the records of a world name each blob, by its id in hexadecimal digits. Whoever stores or removes a name keeps it; see
/// `kumoi_core::body`.
pub static NAMED: Table<String, u32> = Table::world("kumoi", "blobs");

/// The blobs that a world names.
///
/// # Errors
/// Errors of the store.
pub async fn named(tx: &Tx) -> Result<Vec<BlobId>, StoreError> {
    let mut range = KeyRange::all();
    let mut named = Vec::new();
    loop {
        let page = tx.range(&Scope::world(), &NAMED, range.clone(), 1000).await?;
        let Some((last, _)) = page.last() else { return Ok(named) };
        range = range.after(last);
        for (id, _) in &page {
            named.push(id.parse()?);
        }
    }
}

/// The blobs of a store. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Blobs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    /// Written, or being written, and not named by a record that is committed; or needed by somebody. How often each is.
    held: Mutex<HashMap<BlobId, usize>>,
    /// Told when somebody holds a blob no longer.
    released: Notify,
}

/// Keeps blobs from being removed for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Hold {
    blobs: Blobs,
    ids: Vec<BlobId>,
}

impl Hold {
    /// Whether somebody else holds one of the blobs, too.
    fn is_shared(&self) -> bool {
        let held = self.blobs.inner.held.lock();
        self.ids.iter().any(|id| held.get(id).is_some_and(|count| *count > 1))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.blobs.inner.held.lock();
        for id in &self.ids {
            if let Some(count) = held.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    held.remove(id);
                }
            }
        }
        drop(held);
        self.blobs.inner.released.notify_waiters();
    }
}

#[derive(Debug)]
enum Place {
    /// In the data directory.
    Kept { directory: Arc<Directory>, fsync: bool },
    /// In a directory for temporary files, once there is a blob.
    Temporary(Mutex<Option<Arc<Directory>>>),
}

impl Blobs {
    pub(crate) fn open(config: &EngineConfig) -> Result<Blobs, StoreError> {
        let place = match config {
            EngineConfig::Memory => Place::Temporary(Mutex::new(None)),
            EngineConfig::Disk { dir, fsync } => {
                let directory = Arc::new(Directory::kept(dir.join("blobs"))?);
                Place::Kept { directory, fsync: *fsync == Fsync::Always }
            }
            EngineConfig::Chaos { inner, .. } => return Blobs::open(inner),
        };
        Ok(Blobs { inner: Arc::new(Inner { place, held: Mutex::default(), released: Notify::new() }) })
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// Errors of the file system.
    pub async fn write(&self) -> Result<BlobWriter, StoreError> {
        self.write_as(BlobId::random()).await
    }

    /// Begins a blob that had a name before. Where there is one of that name, it has the same bytes.
    pub(crate) async fn write_as(&self, id: BlobId) -> Result<BlobWriter, StoreError> {
        let blobs = self.clone();
        blocking(move || {
            let directory = blobs.inner.make()?;
            BlobWriter::create(blobs, &directory, id)
        })
        .await
    }

    /// Reads `length` bytes of a blob from `start` on. It stays readable through the reader even if it is removed meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such blob: then the record that names it is gone, too, or changed. Errors of the file system.
    pub async fn read(&self, id: BlobId, start: u64, length: u64) -> Result<BlobReader, StoreError> {
        let path = self.inner.directory().map(|directory| directory.path(id)).ok_or(StoreError::Conflict)?;
        blocking(move || BlobReader::open(&path, start, length)).await
    }

    /// Keeps blobs from being removed, whether they are there or not.
    pub(crate) fn hold(&self, ids: Vec<BlobId>) -> Hold {
        let mut held = self.inner.held.lock();
        for id in &ids {
            *held.entry(*id).or_default() += 1;
        }
        Hold { blobs: self.clone(), ids }
    }

    /// The size of a blob in bytes; `None` when there is none of that name.
    pub(crate) async fn size(&self, id: BlobId) -> Result<Option<u64>, StoreError> {
        let Some(directory) = self.inner.directory() else { return Ok(None) };
        blocking(move || directory.size(id)).await
    }

    /// Removes a blob, unless somebody still needs it: then it is false. None by that name is as good as one that is removed.
    ///
    /// # Errors
    /// Errors of the file system.
    pub async fn remove(&self, id: BlobId) -> Result<bool, StoreError> {
        let Some(directory) = self.inner.directory() else { return Ok(true) };
        let blobs = self.clone();
        blocking(move || {
            // What is not held now is named by no record, so that nobody will begin to need it.
            if blobs.inner.held.lock().contains_key(&id) { Ok(false) } else { directory.remove(id).map(|()| true) }
        })
        .await
    }

    /// Ends once somebody who needed a blob, when this was called, needs it no longer.
    pub fn released(&self) -> impl Future<Output = ()> + Send + '_ {
        self.inner.released.notified()
    }

    /// All blobs but those that are being written or wait for their commit.
    ///
    /// # Errors
    /// Errors of the file system.
    pub async fn all(&self) -> Result<Vec<BlobId>, StoreError> {
        let Some(directory) = self.inner.directory() else { return Ok(Vec::new()) };
        let mut all = blocking(move || directory.list()).await?;
        let held = self.inner.held.lock();
        all.retain(|id| !held.contains_key(id));
        Ok(all)
    }
}

impl Inner {
    fn directory(&self) -> Option<Arc<Directory>> {
        match &self.place {
            Place::Kept { directory, .. } => Some(directory.clone()),
            Place::Temporary(directory) => directory.lock().clone(),
        }
    }

    fn make(&self) -> Result<Arc<Directory>, StoreError> {
        match &self.place {
            Place::Kept { directory, .. } => Ok(directory.clone()),
            Place::Temporary(slot) => {
                let mut slot = slot.lock();
                if let Some(directory) = &*slot {
                    return Ok(directory.clone());
                }
                let directory = Arc::new(Directory::temporary()?);
                Ok(slot.insert(directory).clone())
            }
        }
    }

    fn forces(&self) -> bool {
        matches!(self.place, Place::Kept { fsync: true, .. })
    }
}

/// Runs work on files where it holds up no request.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn written(blobs: &Blobs, pieces: &[&'static [u8]]) -> Staged {
        let mut writer = blobs.write().await.unwrap();
        for piece in pieces {
            writer.write(Bytes::from_static(piece)).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    async fn read(blobs: &Blobs, id: BlobId, start: u64, length: u64) -> Vec<u8> {
        let mut reader = blobs.read(id, start, length).await.unwrap();
        let mut all = Vec::new();
        while let Some(piece) = reader.next().await.unwrap() {
            all.extend_from_slice(&piece);
        }
        all
    }

    fn kinds() -> (Vec<Blobs>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let disk = EngineConfig::Disk { dir: dir.path().to_owned(), fsync: Fsync::Always };
        (vec![Blobs::open(&EngineConfig::Memory).unwrap(), Blobs::open(&disk).unwrap()], dir)
    }

    #[tokio::test]
    async fn what_was_written_is_read_in_parts() {
        for blobs in kinds().0 {
            assert_eq!(blobs.all().await.unwrap(), []);
            let staged = written(&blobs, &[b"one ", b"", b"two ", b"three"]).await;
            assert_eq!(staged.size(), 13);
            let id = staged.id();
            staged.keep(true);
            drop(staged);
            assert_eq!(read(&blobs, id, 0, 13).await, b"one two three");
            assert_eq!(read(&blobs, id, 4, 3).await, b"two");
            assert_eq!(read(&blobs, id, 13, 0).await, b"");
            assert_eq!(id.to_string().parse::<BlobId>().unwrap(), id);
            assert_eq!(blobs.all().await.unwrap(), [id]);
            let mut reader = blobs.read(id, 0, 13).await.unwrap();
            blobs.remove(id).await.unwrap();
            blobs.remove(id).await.unwrap();
            assert_eq!(reader.next().await.unwrap().unwrap(), "one two three", "an open reader goes on");
            assert_eq!(blobs.read(id, 0, 1).await.err(), Some(StoreError::Conflict));
        }
    }

    #[tokio::test]
    async fn what_is_not_kept_leaves_nothing_behind() {
        let (all, dir) = kinds();
        for blobs in all {
            let mut broken_off = blobs.write().await.unwrap();
            broken_off.write(Bytes::from_static(b"part")).await.unwrap();
            drop(broken_off);
            let staged = written(&blobs, &[b"whole"]).await;
            assert_eq!(blobs.all().await.unwrap(), [], "it waits for its commit");
            drop(staged);
            let files = |path: &std::path::Path| std::fs::read_dir(path).map_or(0, Iterator::count);
            let directory = blobs.inner.directory().unwrap();
            assert_eq!(directory.list().unwrap(), []);
            assert_eq!(files(&directory.root().join("new")), 0);
        }
        drop(dir);
    }

    #[tokio::test]
    async fn what_somebody_else_holds_stays() {
        for blobs in kinds().0 {
            let staged = written(&blobs, &[b"held"]).await;
            let id = staged.id();
            let hold = blobs.hold(vec![id]);
            drop(staged);
            let released = blobs.released();
            assert!(!blobs.remove(id).await.unwrap());
            assert_eq!(read(&blobs, id, 0, 4).await, b"held");
            drop(hold);
            released.await;
            assert!(blobs.remove(id).await.unwrap());
            assert_eq!(blobs.read(id, 0, 4).await.err(), Some(StoreError::Conflict));
        }
    }

    #[tokio::test]
    async fn what_others_use_is_left_alone_and_what_they_left_is_removed() {
        let blobs = Blobs::open(&EngineConfig::Memory).unwrap();
        written(&blobs, &[b"kept"]).await.keep(true);
        let abandoned = std::env::temp_dir().join(format!("kumoi-blobs-{}", BlobId::random()));
        std::fs::create_dir(&abandoned).unwrap();
        std::fs::write(abandoned.join("LOCK"), "").unwrap();
        let other = Blobs::open(&EngineConfig::Memory).unwrap();
        written(&other, &[b"new"]).await.keep(true);
        assert!(!abandoned.exists());
        assert_eq!(blobs.all().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_store_in_memory_leaves_no_directory() {
        let blobs = Blobs::open(&EngineConfig::Memory).unwrap();
        written(&blobs, &[b"kept"]).await.keep(true);
        let root = blobs.inner.directory().unwrap().root().to_owned();
        assert!(root.exists());
        drop(blobs);
        assert!(!root.exists());
    }

    #[test]
    fn names_are_read_strictly() {
        for text in ["", "0", &"g".repeat(32), &"A".repeat(32), &"+".repeat(32)] {
            assert!(text.parse::<BlobId>().is_err(), "{text}");
        }
        assert_ne!(BlobId::random(), BlobId::random());
    }
}
