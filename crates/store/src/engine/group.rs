//! Commits of one thread, applied together.
//!
//! A thread that serves many requests would take the lock of the world for each commit, and its processor would fetch anew what another one has
//! changed since. So commits that can wait do so until the other tasks at hand have run, and are then applied in one go. Only those
//! that are unlikely to conflict with each other can wait: see [`Core::commit`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Write;
use super::core::{Core, World};
use super::snapshot::{LocalSnapshot, View};
use crate::StoreError;
use crate::raw::RawKey;

/// Groups that form at a time. More threads than that share them.
const GROUPS: usize = 16;

/// The most commits in a group, which bounds for how long the world is locked.
const MOST: usize = 64;

/// A commit: its world, what it read as of which moment, and its writes.
pub(super) type Commit = (Arc<World>, View, Vec<(RawKey, Write)>);

/// A commit that waits to be applied.
#[derive(Debug)]
struct Waiting {
    commit: Commit,
    applied: oneshot::Sender<Result<u64, StoreError>>,
}

/// The groups that form.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    forming: [Mutex<Vec<Waiting>>; GROUPS],
}

impl Groups {
    /// The group of this thread.
    fn mine(&self) -> Option<&Mutex<Vec<Waiting>>> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = THREADS.fetch_add(1, Relaxed);
        }
        self.forming.get(NUMBER.with(|number| number % GROUPS))
    }
}

/// Applies a group when it is dropped: the task that opened the group may end before its turn comes.
struct Opener<'a> {
    core: &'a Core,
    group: &'a Mutex<Vec<Waiting>>,
}

impl Drop for Opener<'_> {
    fn drop(&mut self) {
        let group = std::mem::take(&mut *self.group.lock());
        let (commits, applied): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.commit, waiting.applied)).unzip();
        for (outcome, applied) in self.core.apply(commits).into_iter().zip(applied) {
            // Whoever has gone away needs no answer.
            let _ = applied.send(outcome);
        }
    }
}

impl Core {
    /// Applies a commit, by itself or in a group; the number of its record in the log.
    ///
    /// A transaction that scanned, or that stores what it read under the same key, competes with others of its kind: the longer its
    /// commit waits, the more of them conflict. Those that only add, and those that remove what they looked up, can wait.
    pub(super) async fn commit(
        &self,
        snapshot: LocalSnapshot,
        writes: Vec<(RawKey, Write)>,
    ) -> Result<u64, StoreError> {
        let (world, view) = snapshot.into_parts();
        let group = self.groups.mine().filter(|group| view.can_wait(&writes) && group.lock().len() < MOST);
        let commit = (world, view, writes);
        let Some(group) = group else {
            return self.apply(vec![commit]).pop().unwrap_or(Err(StoreError::Closed));
        };
        let (applied, outcome) = oneshot::channel();
        let opens = {
            let mut group = group.lock();
            group.push(Waiting { commit, applied });
            group.len() == 1
        };
        if opens {
            let opener = Opener { core: self, group };
            tokio::task::yield_now().await;
            drop(opener);
        }
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }
}
