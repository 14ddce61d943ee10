//! The directory that blobs lie in.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::BlobId;
use crate::StoreError;

/// How the names of directories for temporary files begin.
const PREFIX: &str = "kumoi-blobs-";

/// The file in a temporary directory that its process has locked.
const LOCK: &str = "LOCK";

#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    /// Held while a temporary directory is in use; it is removed in the end.
    lock: Option<File>,
}

impl Directory {
    /// The directory for the blobs of a data directory, which its owner has locked. It is made with the first blob.
    pub(super) fn kept(root: PathBuf) -> Result<Directory, StoreError> {
        // What an earlier process did not finish.
        match fs::remove_dir_all(root.join("new")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(Directory { root, lock: None }),
        }
    }

    /// A directory of this process's own.
    pub(super) fn temporary() -> Result<Directory, StoreError> {
        let place = std::env::temp_dir();
        clear(&place);
        let root = place.join(format!("{PREFIX}{}", BlobId::random()));
        fs::create_dir(&root)?;
        // Locked before it has its name: one that is not locked tells others that they may remove the directory.
        let new = root.join("LOCK.new");
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(&new, root.join(LOCK))?;
        Ok(Directory { root, lock: Some(lock) })
    }

    #[cfg(test)]
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.root.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// Begins a file.
    pub(super) fn create(&self, id: BlobId) -> Result<File, StoreError> {
        let path = self.path_of_new(id);
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(self.root.join("new"))?;
                Ok(File::create_new(&path)?)
            }
            file => Ok(file?),
        }
    }

    pub(super) fn path_of_new(&self, id: BlobId) -> PathBuf {
        self.root.join("new").join(id.to_string())
    }

    /// Makes a blob of a file that was written.
    pub(super) fn adopt(&self, file: BlobId, id: BlobId, force: bool) -> Result<(), StoreError> {
        let path = self.path(id);
        let folder = path.parent().unwrap_or(&self.root);
        let made = match fs::create_dir(folder) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error.into()),
        };
        fs::rename(self.path_of_new(file), &path)?;
        if force {
            File::open(folder)?.sync_all()?;
            if made {
                File::open(&self.root)?.sync_all()?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, id: BlobId) -> Result<(), StoreError> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub(super) fn size(&self, id: BlobId) -> Result<Option<u64>, StoreError> {
        match fs::metadata(self.path(id)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            file => Ok(Some(file?.len())),
        }
    }

    /// All blobs that are written whole.
    pub(super) fn list(&self) -> Result<Vec<BlobId>, StoreError> {
        let mut found = Vec::new();
        let folders = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            folders => folders?,
        };
        for folder in folders {
            let folder = folder?;
            if folder.file_name().len() != 2 {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                // What else lies here is nobody's to remove.
                found.extend(file?.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok()));
            }
        }
        Ok(found)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What stays behind is removed by the next process.
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// Removes the directories of processes that are gone, as far as that is allowed.
fn clear(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        let abandoned = match File::open(entry.path().join(LOCK)).map(|lock| lock.try_lock()) {
            Ok(Ok(())) => true,
            Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => false,
        };
        if abandoned {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
