//! What can go wrong in the store.

use std::fmt;
use std::path::PathBuf;

use crate::WorldId;

/// An error of the store. [`StoreError::Conflict`] is the only one that a caller answers by running its transaction again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// Something that the transaction read was changed by another commit: run the transaction again on a new snapshot.
    Conflict,
    /// No world has this name.
    UnknownWorld(WorldId),
    /// A world of this name exists already.
    WorldExists(WorldId),
    /// The name cannot name a world; see [`WorldId::new`] for the rule.
    InvalidWorldName(String),
    /// The default world can be emptied but not dropped.
    DefaultWorld,
    /// A key that cannot be stored: a NUL in a scope, or a key that is too long.
    InvalidKey(String),
    /// A record or a transaction beyond the limits of the store. Sizes are bytes.
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The largest size that is accepted.
        limit: usize,
    },
    /// A record that could not be encoded, or stored bytes that do not decode to the record's type.
    Record(String),
    /// Stored bytes that are damaged. The data is left as it is.
    Corrupt {
        /// What is damaged, and where.
        what: String,
    },
    /// Data written by a newer kumoi. The data is left as it is.
    TooNew {
        /// The version that was found.
        found: u32,
        /// The newest version that this kumoi reads.
        supported: u32,
    },
    /// Another process has the data directory open.
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// An operation of the file system failed.
    Io {
        /// What kind of failure.
        kind: std::io::ErrorKind,
        /// What the operating system said.
        message: String,
    },
    /// An earlier write to disk failed. What the operating system holds is unknown since, so nothing more is accepted until a restart.
    Poisoned(String),
    /// The store was closed.
    Closed,
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { what: what.into() }
    }

    /// Whether running the transaction again can succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, StoreError::Conflict)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict => f.write_str("the transaction conflicts with another one; run it again"),
            StoreError::UnknownWorld(world) => write!(f, "there is no world named {world}"),
            StoreError::WorldExists(world) => write!(f, "a world named {world} exists already"),
            StoreError::InvalidWorldName(name) => {
                write!(f, "{name:?} cannot name a world: use 1 to 63 lower-case letters, digits and inner hyphens")
            }
            StoreError::DefaultWorld => f.write_str("the default world cannot be dropped; reset it instead"),
            StoreError::InvalidKey(why) => write!(f, "the key cannot be stored: {why}"),
            StoreError::TooLarge { what, size, limit } => {
                write!(f, "{what} of {size} bytes exceeds the limit of {limit} bytes")
            }
            StoreError::Record(why) => write!(f, "the record does not fit its type: {why}"),
            StoreError::Corrupt { what } => {
                write!(
                    f,
                    "the stored data is damaged: {what}. Nothing was changed; restore it from a snapshot or a backup"
                )
            }
            StoreError::TooNew { found, supported } => write!(
                f,
                "the data has format version {found}, and this kumoi reads up to version {supported}: use a newer kumoi"
            ),
            StoreError::Locked { dir } => {
                write!(f, "another process has {} open: stop it, or choose another data directory", dir.display())
            }
            StoreError::Io { message, .. } => write!(f, "input or output failed: {message}"),
            StoreError::Poisoned(why) => {
                write!(f, "an earlier write to disk failed ({why}); nothing is accepted until kumoi is restarted")
            }
            StoreError::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        StoreError::Io { kind: error.kind(), message: error.to_string() }
    }
}
