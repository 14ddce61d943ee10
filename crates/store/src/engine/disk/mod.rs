//! The data directory.
//!
//! | File | What it is |
//! |---|---|
//! | `VERSION` | the text `kumoi-data 1`: the version of all that is here |
//! | `LOCK` | locked by the process that has the directory open |
//! | `log-…` | the log: every commit since the last checkpoint; see `segment` and `record` for the bytes |
//! | `base.redb` | everything up to the last checkpoint; see `base` |
//!
//! A commit is a record of the log, and a change of maps in memory that lie over the base. So a commit costs one sequential write, shared
//! with all who commit at the same time, and never waits for the base. A checkpoint moves what the maps hold into the base, in one transaction
//! of redb; see `checkpoint`. A start reads the base and replays the log; see `recover`. How worlds share the base is told in `layers`.
//!
//! Reads go to memory first and then to redb, on the calling thread: redb keeps its pages cached, and a page that is not costs one read of the
//! file.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redb::Database;

use crate::engine::root::Root;
use crate::worlds::WorldId;
use crate::{Fsync, StoreError};

mod base;
mod checkpoint;
mod fold;
mod layers;
mod log;
mod record;
mod recover;
mod segment;
mod writer;

pub(crate) use base::View;
pub(crate) use checkpoint::{Checkpointer, checkpoint};
pub(crate) use fold::{Cut, CutWorld};
pub(crate) use layers::Layers;
pub(crate) use record::Record;

const VERSION_FILE: &str = "VERSION";
const VERSION_WORD: &str = "kumoi-data ";
const LOCK_FILE: &str = "LOCK";
const BASE_FILE: &str = "base.redb";

/// An open data directory.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    log: log::Log,
    /// Gone once the engine is closed. Held for the time of a checkpoint.
    database: Mutex<Option<Database>>,
    view: Mutex<Arc<View>>,
    next_layer: Mutex<u64>,
    signal: Arc<checkpoint::Signal>,
    /// The lock lasts as long as the file is open.
    lock: Mutex<Option<File>>,
}

impl Disk {
    /// Opens a data directory, or makes one; the worlds in it.
    pub(crate) fn open(dir: &Path, fsync: Fsync) -> Result<(Disk, Vec<(WorldId, Root)>), StoreError> {
        make_dir(dir)?;
        let lock = lock(dir)?;
        check_version(dir)?;
        let database = base::open(&dir.join(BASE_FILE))?;
        let recovered = recover::recover(dir, &database)?;
        let signal = Arc::new(checkpoint::Signal::default());
        let log = log::Log::open(dir, recovered.last + 1, recovered.replayed, fsync, signal.clone())?;
        let disk = Disk {
            dir: dir.to_owned(),
            log,
            database: Mutex::new(Some(database)),
            view: Mutex::new(recovered.view),
            next_layer: Mutex::new(recovered.next_layer),
            signal,
            lock: Mutex::new(Some(lock)),
        };
        let mut worlds: Vec<(WorldId, Root)> = Vec::new();
        for (id, root) in recovered.worlds {
            if id.is_hidden() {
                // Work that a crash left unfinished.
                disk.append(Record::Drop(&id))?;
            } else {
                worlds.push((id, root));
            }
        }
        if !worlds.iter().any(|(id, _)| id.as_str() == WorldId::DEFAULT) {
            let default = WorldId::default();
            disk.append(Record::Create(&default))?;
            worlds.push((default, disk.empty_root()));
        }
        Ok((disk, worlds))
    }

    /// Queues a change for the log; its number.
    pub(crate) fn append(&self, record: Record<'_>) -> Result<u64, StoreError> {
        self.log.append(record)
    }

    /// Resolves when a change is as durable as was asked for.
    pub(crate) async fn acknowledged(&self, number: u64) -> Result<(), StoreError> {
        self.log.acknowledged(number).await
    }

    /// Resolves when everything up to now is on the medium.
    pub(crate) async fn synced(&self) -> Result<(), StoreError> {
        self.log.synced().await
    }

    /// Whether changes can still be made.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.log.check()
    }

    /// The number of the last change.
    pub(crate) fn latest(&self) -> u64 {
        self.log.latest()
    }

    pub(crate) fn empty_root(&self) -> Root {
        Root::on_disk(self.view.lock().clone())
    }

    /// Begins a cut: the caller adds the worlds, which nobody changes meanwhile.
    pub(crate) fn cut(&self, add: impl FnOnce(&mut u64) -> Vec<CutWorld>) -> Cut {
        let mut next_layer = self.next_layer.lock();
        let worlds = add(&mut next_layer);
        Cut { applied: self.log.rotate(), next_layer: *next_layer, worlds }
    }

    pub(crate) fn set_view(&self, view: &Arc<View>) {
        *self.view.lock() = view.clone();
    }

    /// Writes out what is queued and lets go of the directory.
    pub(crate) fn close(&self) {
        self.log.close();
        self.database.lock().take();
        self.lock.lock().take();
    }
}

/// For how long the disk's own work takes and rests; nothing that a service sees.
#[expect(clippy::disallowed_methods, reason = "the medium does not follow a world's clock")]
fn now() -> Instant {
    Instant::now()
}

/// Makes the directory if it is not there, for its owner alone: what services keep includes secrets.
fn make_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    builder.create(dir)?;
    // A directory lasts once the one that it lies in is on the medium.
    for parent in made.into_iter().filter_map(Path::parent) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        // One may be allowed to write to a directory and not to open it.
        if let Ok(parent) = File::open(parent) {
            parent.sync_all()?;
        }
    }
    Ok(())
}

/// Locks the directory. The lock may outlast its holder by moments: a process that it is just starting holds copies of its open files until it
/// runs its program. So a directory that is locked is asked for again for a second.
fn lock(dir: &Path) -> Result<File, StoreError> {
    const ATTEMPTS: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    let file = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_FILE))?;
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Ok(file)
}

/// Refuses a directory of a newer version, and writes the version into a new one.
fn check_version(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(VERSION_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if dir.join(BASE_FILE).exists() || !segment::list(dir)?.is_empty() {
                return Err(StoreError::corrupt(format!("{} is missing", path.display())));
            }
            return write_version(dir, &path);
        }
        Err(error) => return Err(error.into()),
    };
    let version = text.strip_prefix(VERSION_WORD).and_then(|number| number.trim_end().parse::<u32>().ok());
    match version {
        Some(segment::VERSION) => Ok(()),
        Some(found) if found > segment::VERSION => Err(StoreError::TooNew { found, supported: segment::VERSION }),
        _ => Err(StoreError::corrupt(format!("{} does not name a version", path.display()))),
    }
}

fn write_version(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let draft = dir.join("VERSION.new");
    let mut file = File::create(&draft)?;
    writeln!(file, "{VERSION_WORD}{}", segment::VERSION)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()?;
    Ok(())
}
