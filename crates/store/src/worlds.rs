//! The names of worlds.

use std::fmt;
use std::sync::Arc;

use crate::StoreError;

/// The longest name of a world, so that it fits a label of a host name (RFC 1035).
const LONGEST: usize = 63;

/// The name of a world: an independent copy of all state. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorldId(Arc<str>);

impl WorldId {
    /// The world that exists from the start.
    pub const DEFAULT: &'static str = "default";

    /// Names a world. A name is a label of a host name: 1 to 63 lower-case letters, digits and inner hyphens.
    ///
    /// # Errors
    /// [`StoreError::InvalidWorldName`].
    pub fn new(name: &str) -> Result<WorldId, StoreError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (1..=LONGEST).contains(&name.len())
            && name.bytes().all(allowed)
            && !name.starts_with('-')
            && !name.ends_with('-');
        if valid {
            Ok(WorldId(name.into()))
        } else {
            Err(StoreError::InvalidWorldName(name.chars().take(80).collect()))
        }
    }

    /// A world that no caller can name, for work that becomes visible all at once.
    pub(crate) fn hidden(number: u64) -> WorldId {
        WorldId(format!("{HIDDEN}{number}").into())
    }

    /// The name of a world as it was stored.
    pub(crate) fn stored(name: &str) -> Result<WorldId, StoreError> {
        match name.strip_prefix(HIDDEN) {
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => Ok(WorldId(name.into())),
            _ => WorldId::new(name).map_err(|_| StoreError::corrupt(format!("{name:?} names no world"))),
        }
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.0.starts_with(HIDDEN)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not allowed in a name that a caller gives.
const HIDDEN: char = '*';

impl Default for WorldId {
    fn default() -> WorldId {
        WorldId(WorldId::DEFAULT.into())
    }
}

impl fmt::Display for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::str::FromStr for WorldId {
    type Err = StoreError;
    fn from_str(name: &str) -> Result<WorldId, StoreError> {
        WorldId::new(name)
    }
}

/// A world and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldInfo {
    /// Its name.
    pub id: WorldId,
    /// How many transactions changed it since the process started.
    pub commits: u64,
    /// Stored entries held in memory: records, index entries and counters. With the disk engine, those not yet folded into the base.
    pub entries: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_label() {
        for name in ["default", "a", "pr-42", "0", &"x".repeat(63)] {
            assert_eq!(WorldId::new(name).unwrap().as_str(), name);
        }
        for name in ["", "-a", "a-", "A", "a.b", "a b", "*1", "ü", &"x".repeat(64)] {
            assert_eq!(WorldId::new(name), Err(StoreError::InvalidWorldName(name.into())));
        }
    }

    #[test]
    fn hidden_worlds_come_back_from_disk_and_nothing_else_does() {
        let hidden = WorldId::hidden(7);
        assert!(hidden.is_hidden());
        assert_eq!(WorldId::stored(hidden.as_str()).unwrap(), hidden);
        assert!(WorldId::stored("*x").is_err());
        assert!(WorldId::stored("Nope").is_err());
    }
}
