//! How a store is opened, and what it tells about itself.

use std::path::PathBuf;
use std::time::Duration;

/// How to open a store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreConfig {
    /// What keeps the bytes.
    pub engine: EngineConfig,
}

impl StoreConfig {
    /// A store in memory.
    pub fn memory() -> StoreConfig {
        StoreConfig { engine: EngineConfig::Memory }
    }

    /// A store in a directory, which is made if it is not there.
    pub fn disk(dir: impl Into<PathBuf>, fsync: Fsync) -> StoreConfig {
        StoreConfig { engine: EngineConfig::Disk { dir: dir.into(), fsync } }
    }
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig::memory()
    }
}

/// What keeps the bytes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EngineConfig {
    /// Memory: gone when the process ends.
    Memory,
    /// A directory of the file system.
    Disk {
        /// The directory. One process at a time has it open.
        dir: PathBuf,
        /// When writes are forced to the medium.
        fsync: Fsync,
    },
    /// Another engine with delays and random conflicts, for tests.
    Chaos {
        /// The engine that does the work.
        inner: Box<EngineConfig>,
        /// Where the random numbers start.
        seed: u64,
        /// The longest delay of a call.
        max_delay: Duration,
        /// Which share of the commits conflicts for no reason: 0 to 0.95.
        conflict_rate: f64,
    },
}

/// When writes to disk are forced to the medium. An acknowledged commit survives the end of the process, `kill -9` included, in every case;
/// the choice is about the loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before a commit is acknowledged.
    Always,
    /// This often: a loss of power costs at most the commits of that time.
    Interval(Duration),
    /// When the operating system sees fit.
    Never,
}

/// Figures of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Worlds.
    pub worlds: usize,
    /// Stored entries held in memory: records, index entries and counters. Entries that forked worlds share count in each.
    pub entries: usize,
    /// Their bytes, without the cost of keeping them.
    pub bytes: usize,
    /// Commits that changed something since the start.
    pub commits: u64,
    /// Commits that were refused because of a conflict since the start.
    pub conflicts: u64,
    /// Those who wait for a change.
    pub waiters: usize,
}
