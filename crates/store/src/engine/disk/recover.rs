//! Opening a data directory: the base, and on top of it what the log has that the base does not.
//!
//! The log is read up to its last whole frame. A broken frame at its very end is the last write of a process that was killed, never acknowledged, and
//! is cut off. A broken frame with a whole one after it is damage, and so is a gap in the numbers: the directory is then refused and left
//! as it is, since going on would lose commits silently.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::Database;

use super::base::{self, View};
use super::layers::Layers;
use super::record::{self, Replayed};
use super::segment::{self, HEADER, Read};
use crate::StoreError;
use crate::engine::root::Root;
use crate::worlds::WorldId;

/// What a data directory holds.
pub(super) struct Recovered {
    pub worlds: BTreeMap<WorldId, Root>,
    /// The number of the last record.
    pub last: u64,
    /// The bytes of the log that the base does not have.
    pub replayed: usize,
    pub next_layer: u64,
    pub view: Arc<View>,
}

pub(super) fn recover(dir: &Path, database: &Database) -> Result<Recovered, StoreError> {
    let standing = base::standing(database)?;
    let view = View::new(database)?;
    let mut worlds = BTreeMap::new();
    for (name, (list, has_top)) in standing.worlds {
        let layers = Layers::new(view.clone(), list, has_top);
        worlds.insert(WorldId::stored(&name)?, Root::from_layers(layers));
    }
    let mut replay = Replay { worlds, view: view.clone(), applied: standing.applied, last: standing.applied, bytes: 0 };
    replay.segments(segment::list(dir)?)?;
    Ok(Recovered {
        worlds: replay.worlds,
        last: replay.last,
        replayed: replay.bytes,
        next_layer: standing.next_layer,
        view,
    })
}

struct Replay {
    worlds: BTreeMap<WorldId, Root>,
    view: Arc<View>,
    /// The last record that the base has.
    applied: u64,
    /// The last record that was seen.
    last: u64,
    /// The bytes of the records after `applied`.
    bytes: usize,
}

impl Replay {
    fn segments(&mut self, segments: Vec<(u64, PathBuf)>) -> Result<(), StoreError> {
        let firsts: Vec<u64> = segments.iter().map(|(first, _)| *first).collect();
        let count = segments.len();
        // What a killed process left in the memory of the operating system counts as lasting from here on, and only the last segment may have
        // a torn end: so it is forced to the medium before it gets a successor.
        let last = segments.last().map(|(_, path)| path.clone());
        for (at, (first, path)) in segments.into_iter().enumerate() {
            let covered = firsts.get(at + 1).is_some_and(|next| *next <= self.applied.saturating_add(1));
            if !covered {
                self.segment(&path, first, at + 1 == count)?;
            }
        }
        if let Some(last) = last {
            OpenOptions::new().append(true).open(last)?.sync_data()?;
        }
        Ok(())
    }

    fn segment(&mut self, path: &Path, first: u64, is_last: bool) -> Result<(), StoreError> {
        let bytes = std::fs::read(path)?;
        let damaged = |what: &str| StoreError::corrupt(format!("{}: {what}", path.display()));
        match segment::read_header(&bytes)? {
            Some(number) if number == first => {}
            // The header is on the medium before the first frame, so none was lost. The next segment takes this one's place.
            None if is_last && bytes.len() <= HEADER => return Ok(()),
            _ => return Err(damaged("the header of a log segment is broken")),
        }
        if first > self.last.saturating_add(1) {
            return Err(damaged("the log segment before this one is missing"));
        }
        let (mut at, mut number) = (HEADER, first);
        loop {
            match segment::frame(&bytes, at) {
                Read::End => return Ok(()),
                Read::Broken if is_last && !segment::has_frame_after(&bytes, at, number) => {
                    tracing::warn!(path = %path.display(), at, "cutting off the torn end of the log, which was never acknowledged");
                    return cut(path, at);
                }
                Read::Broken => return Err(damaged(&format!("the frame at byte {at} of the log is broken"))),
                Read::Frame { first, records, next } => {
                    if first != number {
                        return Err(damaged(&format!("the frame at byte {at} of the log is out of order")));
                    }
                    for record in segment::records(records) {
                        self.record(number, record?)?;
                        number += 1;
                    }
                    at = next;
                }
            }
        }
    }

    fn record(&mut self, number: u64, bytes: &[u8]) -> Result<(), StoreError> {
        if number <= self.applied {
            return Ok(());
        }
        if number != self.last + 1 {
            return Err(StoreError::corrupt(format!("record {number} of the log follows record {}", self.last)));
        }
        self.last = number;
        self.bytes += bytes.len();
        self.apply(record::decode(bytes)?).ok_or_else(|| {
            StoreError::corrupt(format!(
                "record {number} of the log names a world that is not there, or is there already"
            ))
        })
    }

    fn apply(&mut self, record: Replayed) -> Option<()> {
        match record {
            Replayed::Commit(world, changes) => {
                let root = self.worlds.get_mut(&world)?;
                for (key, value) in changes {
                    root.set(&key, value);
                }
            }
            Replayed::Create(world) => self.add(world, Root::on_disk(self.view.clone()))?,
            Replayed::Fork { from, to } => {
                let root = self.worlds.get_mut(&from)?.fork();
                self.add(to, root)?;
            }
            Replayed::Reset(world) => *self.worlds.get_mut(&world)? = Root::on_disk(self.view.clone()),
            Replayed::Drop(world) => drop(self.worlds.remove(&world)?),
            Replayed::Replace { to, from } => {
                let root = self.worlds.remove(&from)?;
                self.worlds.insert(to, root);
            }
        }
        Some(())
    }

    fn add(&mut self, world: WorldId, root: Root) -> Option<()> {
        self.worlds.insert(world, root).is_none().then_some(())
    }
}

fn cut(path: &Path, at: usize) -> Result<(), StoreError> {
    let file: File = OpenOptions::new().write(true).open(path)?;
    file.set_len(at as u64)?;
    file.sync_all()?;
    Ok(())
}
