//! What a transaction sees of a world of the local engines.
//!
//! A snapshot is *pinned* or *live*. A pinned one holds the content of the world as it was when it began. That is one pointer, but as long as
//! it is held, every commit must copy the paths that it changes. So a short transaction had better not hold it: a live snapshot reads the
//! present content, and moves forward with it. Each read first makes sure that no commit has changed anything that was read before; then all
//! that was read is as true at this moment as it was at the earlier one, and the transaction goes on as if it had begun just now. When a commit
//! has, the read fails with [`StoreError::Conflict`], as the commit of the transaction would have. Riegel, Felber and Fetzer, "A Lazy Snapshot
//! Algorithm with Eager Validation" (2006), is where the idea comes from.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::{Mutex, MutexGuard};

use super::Snapshot;
use super::core::{State, World};
use super::root::Root;
use crate::StoreError;
use crate::conflict::ReadSet;
use crate::raw::{Found, RawKey, Span, Value};

/// A live snapshot is pinned before it reads more entries than this: reading the present content holds up commits.
const MAX_LIVE_SCAN: usize = 256;

/// What a transaction sees of a world.
#[derive(Debug)]
pub(crate) struct LocalSnapshot {
    pub(super) world: Arc<World>,
    view: Mutex<View>,
}

/// The moment that a snapshot shows.
#[derive(Debug, Default)]
pub(super) struct View {
    incarnation: u64,
    /// The content, when the snapshot is pinned.
    root: Option<Root>,
    /// The number of the latest commit that it shows; `None` before the first read of a live one.
    commit: Option<u64>,
    /// The number of the last record of the log that it shows.
    pub(super) logged: u64,
    /// What was read.
    pub(super) reads: ReadSet,
}

impl LocalSnapshot {
    /// A snapshot of the present, whenever it is read.
    pub(super) fn live(world: Arc<World>) -> LocalSnapshot {
        let view = View { incarnation: world.incarnation.load(Relaxed), ..View::default() };
        LocalSnapshot { world, view: Mutex::new(view) }
    }

    /// A snapshot of a world as it is now.
    pub(super) fn pinned(world: &Arc<World>, state: &State) -> LocalSnapshot {
        let view = View {
            incarnation: world.incarnation.load(Relaxed),
            root: Some(state.root.clone()),
            commit: Some(state.history.latest()),
            logged: state.logged,
            reads: ReadSet::default(),
        };
        LocalSnapshot { world: world.clone(), view: Mutex::new(view) }
    }

    /// The world, and what was read as of which moment. The content is let go of: commits change what nobody else holds in place.
    pub(super) fn into_parts(self) -> (Arc<World>, View) {
        let mut view = self.view.into_inner();
        view.root = None;
        view.reads.seal();
        (self.world, view)
    }

    /// Reads a little of the content. What was read is to be noted in the view before it is let go of.
    async fn look<T>(
        &self,
        read: impl Fn(&Root) -> Result<T, StoreError>,
    ) -> Result<(MutexGuard<'_, View>, T), StoreError> {
        {
            let view = self.view.lock();
            if let Some(root) = &view.root {
                let found = read(root)?;
                return Ok((view, found));
            }
        }
        let state = self.world.enter().await;
        let mut view = self.view.lock();
        let found = match &view.root {
            // Pinned meanwhile.
            Some(root) => read(root)?,
            None => {
                view.advance(&self.world, &state)?;
                read(&state.root)?
            }
        };
        Ok((view, found))
    }

    /// Pins the snapshot; its content.
    fn pin(&self) -> Result<Root, StoreError> {
        if let Some(root) = &self.view.lock().root {
            return Ok(root.clone());
        }
        let state = self.world.insist();
        let mut view = self.view.lock();
        view.advance(&self.world, &state)?;
        Ok(view.root.insert(state.root.clone()).clone())
    }
}

impl View {
    /// Whether something that was read has changed, or the world is another.
    pub(super) fn is_outdated(&self, world: &World, state: &State) -> bool {
        match self.commit {
            Some(commit) => state.history.changed_since(commit, &self.reads),
            None => self.incarnation != world.incarnation.load(Relaxed),
        }
    }

    /// Moves to the present, if nothing that was read has changed.
    fn advance(&mut self, world: &World, state: &State) -> Result<(), StoreError> {
        let latest = Some(state.history.latest());
        if self.commit == latest {
            return Ok(());
        }
        self.reads.seal();
        if state.gone || self.is_outdated(world, state) {
            return Err(StoreError::Conflict);
        }
        self.commit = latest;
        self.logged = state.logged;
        Ok(())
    }
}

impl Snapshot for LocalSnapshot {
    fn incarnation(&self) -> u64 {
        self.view.lock().incarnation
    }

    async fn get(&self, key: RawKey) -> Result<Option<Value>, StoreError> {
        let (mut view, value) = self.look(|root| root.get(&key)).await?;
        view.reads.point(key);
        Ok(value)
    }

    async fn glance(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        if let Some(root) = &self.view.lock().root {
            return root.get(key);
        }
        self.world.enter().await.root.get(key)
    }

    async fn scan(&self, span: Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        if limit > MAX_LIVE_SCAN {
            self.pin()?;
        }
        let (mut view, found) = self.look(|root| root.scan(&span, reverse, limit)).await?;
        let last = found.last().filter(|_| found.len() >= limit).map(|(last, _)| &**last);
        view.reads.range(span.seen(last, reverse));
        Ok(found)
    }

    async fn follow(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
        to: impl Fn(&[u8]) -> Result<RawKey, StoreError> + Send + Sync,
    ) -> Result<Vec<(Found, Option<Value>)>, StoreError> {
        if limit > MAX_LIVE_SCAN {
            self.pin()?;
        }
        let look = |root: &Root| {
            let entries = root.scan(&span, reverse, limit)?;
            let mut found = Vec::with_capacity(entries.len());
            for entry in entries {
                let key = to(&entry.0)?;
                let value = root.get(&key)?;
                found.push((key, (entry, value)));
            }
            Ok(found)
        };
        let (mut view, found) = self.look(look).await?;
        let last = found.last().filter(|_| found.len() >= limit).map(|(_, ((last, _), _))| &**last);
        view.reads.range(span.seen(last, reverse));
        let (keys, found): (Vec<_>, _) = found.into_iter().unzip();
        keys.into_iter().for_each(|key| view.reads.point(key));
        Ok(found)
    }

    async fn count(&self, span: Span) -> Result<usize, StoreError> {
        let root = self.pin()?;
        self.view.lock().reads.range(span.clone());
        root.count(&span)
    }

    async fn entries(&self, after: Option<&RawKey>, limit: usize) -> Result<Vec<(RawKey, Value)>, StoreError> {
        self.pin()?.entries(after, limit)
    }
}
