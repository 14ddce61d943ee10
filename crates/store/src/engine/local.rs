//! The engine in this process: worlds as persistent maps, conflicts found in the history of each world.
//!
//! Locks are held for the time of a commit's changes in memory and never across an await. A commit holds the list of worlds for reading and
//! its own world; what concerns several worlds (fork, reset, drop) holds the list for writing, and so sees no commit half done.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use super::disk::{Checkpointer, Cut, CutWorld, Disk, Record, View, checkpoint};
use super::map::Map;
use super::root::Root;
use super::{Engine, Snapshot, Write, counter_bytes, counter_value};
use crate::conflict::{History, ReadSet};
use crate::raw::{Found, RawKey, Span, Value};
use crate::wait::Waiters;
use crate::worlds::{WorldId, WorldInfo};
use crate::{Fsync, Stats, StoreError};

/// The engine in this process.
#[derive(Debug)]
pub(crate) struct Local {
    core: Arc<Core>,
    checkpointer: Option<Checkpointer>,
}

/// The worlds, and the directory that keeps them if there is one.
#[derive(Debug)]
pub(crate) struct Core {
    worlds: RwLock<HashMap<WorldId, Arc<World>>>,
    disk: Option<Disk>,
    closed: AtomicBool,
    commits: AtomicU64,
    conflicts: AtomicU64,
}

/// A world, for as long as somebody holds a snapshot of it.
#[derive(Debug)]
pub(crate) struct World {
    id: WorldId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    root: Root,
    history: History,
    waiters: Waiters,
    /// The number of the last record of the log that changed the world.
    logged: u64,
    gone: bool,
}

/// A snapshot of a world of [`Local`].
#[derive(Debug)]
pub(crate) struct LocalSnapshot {
    world: Arc<World>,
    root: Root,
    /// The number of the latest commit that it shows.
    commit: u64,
    /// The number of the last record of the log that it shows.
    logged: u64,
}

impl World {
    fn new(id: &WorldId, root: Root, logged: u64) -> Arc<World> {
        Arc::new(World { id: id.clone(), state: Mutex::new(State { root, logged, ..State::default() }) })
    }

    /// Changes the whole content, and tells all who look at the world; what it was.
    fn replace(&self, root: impl FnOnce(&Root) -> Root, logged: u64, gone: bool) -> Root {
        let (old, wake) = {
            let mut state = self.state.lock();
            state.history.push_everything();
            state.gone = gone;
            state.logged = logged;
            let root = root(&state.root);
            (std::mem::replace(&mut state.root, root), state.waiters.take_all())
        };
        wake_all(wake);
        old
    }
}

fn wake_all(waiters: Vec<oneshot::Sender<()>>) {
    for waiter in waiters {
        // A waiter that has gone away needs no waking.
        let _ = waiter.send(());
    }
}

/// Frees a map that may be large without holding up the caller.
fn release(root: Root) {
    if root.len() < 10_000 {
        return;
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn_blocking(move || drop(root)));
    }
}

impl Core {
    fn new(worlds: Vec<(WorldId, Root)>, disk: Option<Disk>) -> Core {
        let logged = disk.as_ref().map_or(0, Disk::latest);
        let worlds = worlds.into_iter().map(|(id, root)| (id.clone(), World::new(&id, root, logged)));
        Core {
            worlds: RwLock::new(worlds.collect()),
            disk,
            closed: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            conflicts: AtomicU64::new(0),
        }
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.closed.load(Relaxed) {
            return Err(StoreError::Closed);
        }
        self.disk.as_ref().map_or(Ok(()), Disk::check)
    }

    /// Queues a change for the log, if there is one.
    fn log(&self, record: Record<'_>) -> Result<u64, StoreError> {
        self.disk.as_ref().map_or(Ok(0), |disk| disk.append(record))
    }

    /// Resolves when a change is as durable as was promised.
    async fn acknowledged(&self, logged: u64) -> Result<(), StoreError> {
        match &self.disk {
            Some(disk) => disk.acknowledged(logged).await,
            None => Ok(()),
        }
    }

    fn empty_root(&self) -> Root {
        self.disk.as_ref().map_or_else(Root::default, Disk::empty_root)
    }

    /// Applies a commit; the number of its record in the log.
    fn apply(
        &self,
        snapshot: LocalSnapshot,
        mut reads: ReadSet,
        writes: Vec<(RawKey, Write)>,
    ) -> Result<u64, StoreError> {
        reads.seal();
        let LocalSnapshot { world, root, commit, .. } = snapshot;
        // Let go of first: paths that nobody else shares are then changed in place.
        drop(root);
        let worlds = self.worlds.read();
        let mut state = world.state.lock();
        if state.gone {
            return Err(StoreError::UnknownWorld(world.id.clone()));
        }
        if state.history.changed_since(commit, &reads) {
            self.conflicts.fetch_add(1, Relaxed);
            return Err(StoreError::Conflict);
        }
        let changes = resolve(&state.root, writes)?;
        let logged = self.log(Record::Commit(&world.id, &changes))?;
        state.logged = logged;
        let mut keys = Vec::with_capacity(changes.len());
        for (key, value) in changes {
            state.root.set(&key, value);
            keys.push(key);
        }
        let wake = state.waiters.take(keys.iter());
        state.history.push(keys);
        drop(state);
        drop(worlds);
        self.commits.fetch_add(1, Relaxed);
        wake_all(wake);
        Ok(logged)
    }

    /// Sets aside what all worlds have changed since the last checkpoint, as of one record of the log.
    pub(crate) fn cut(&self, disk: &Disk) -> Cut {
        let worlds = self.worlds.write();
        disk.cut(|next_layer| {
            let cut = |world: &Arc<World>| {
                let mut state = world.state.lock();
                let changes = state.root.begin_fold(next_layer);
                let layers = state.root.layers();
                CutWorld {
                    name: world.id.as_str().to_owned(),
                    list: layers.map(|layers| layers.list().clone()).unwrap_or_default(),
                    top: layers.and_then(|layers| layers.top()),
                    changes,
                }
            };
            worlds.values().map(cut).collect()
        })
    }

    /// Lets all worlds read the base that has what was set aside; gives that back to be freed.
    pub(crate) fn read_base(&self, disk: &Disk, view: &Arc<View>, merged: &[u64]) -> Vec<Map> {
        let worlds = self.worlds.write();
        disk.set_view(view);
        worlds.values().filter_map(|world| world.state.lock().root.end_fold(view, merged)).collect()
    }
}

impl Local {
    /// An engine in memory, with the default world.
    pub(crate) fn memory() -> Local {
        Local { core: Arc::new(Core::new(vec![(WorldId::default(), Root::default())], None)), checkpointer: None }
    }

    /// An engine in a directory.
    pub(crate) fn disk(dir: &Path, fsync: Fsync) -> Result<Local, StoreError> {
        let (disk, worlds) = Disk::open(dir, fsync)?;
        let core = Arc::new(Core::new(worlds, Some(disk)));
        let checkpointer = core.disk().map(|disk| Checkpointer::start(&core, disk)).transpose()?;
        Ok(Local { core, checkpointer })
    }

    /// Moves everything into the base, and lets go of it.
    fn end(core: &Core) {
        if let Some(disk) = core.disk() {
            // A failure is in the log of the process, and the log of the directory still has everything.
            let _ = checkpoint(core, disk);
            disk.close();
        }
        for world in std::mem::take(&mut *core.worlds.write()).into_values() {
            drop(world.replace(|_| Root::default(), 0, true));
        }
    }
}

/// The writes with additions worked out.
fn resolve(root: &Root, writes: Vec<(RawKey, Write)>) -> Result<Vec<(RawKey, Option<Value>)>, StoreError> {
    writes
        .into_iter()
        .map(|(key, write)| {
            let value = match write {
                Write::Put(value) => Some(value),
                Write::Delete => None,
                Write::Add(delta) => counter_bytes(counter_value(root.get(&key)?.as_ref())?.saturating_add(delta)),
            };
            Ok((key, value))
        })
        .collect()
}

/// Takes a waiter off its world when the future that waits is dropped.
struct Waiting {
    world: Arc<World>,
    id: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.world.state.lock().waiters.remove(self.id);
    }
}

impl Engine for Local {
    type Snapshot = LocalSnapshot;

    fn begin(&self, world: &WorldId) -> Result<LocalSnapshot, StoreError> {
        self.core.check_open()?;
        let Some(world) = self.core.worlds.read().get(world).cloned() else {
            return Err(StoreError::UnknownWorld(world.clone()));
        };
        let (root, commit, logged) = {
            let state = world.state.lock();
            (state.root.clone(), state.history.latest(), state.logged)
        };
        Ok(LocalSnapshot { world, root, commit, logged })
    }

    async fn commit(
        &self,
        snapshot: LocalSnapshot,
        reads: ReadSet,
        writes: Vec<(RawKey, Write)>,
    ) -> Result<(), StoreError> {
        self.core.check_open()?;
        let logged = if writes.is_empty() { snapshot.logged } else { self.core.apply(snapshot, reads, writes)? };
        self.core.acknowledged(logged).await
    }

    async fn changed(&self, snapshot: LocalSnapshot, mut reads: ReadSet) {
        reads.seal();
        let LocalSnapshot { world, root, commit, .. } = snapshot;
        drop(root);
        let (_waiting, woken) = {
            let mut state = world.state.lock();
            if state.gone || state.history.changed_since(commit, &reads) {
                return;
            }
            let (id, woken) = state.waiters.add(reads);
            (Waiting { world: Arc::clone(&world), id }, woken)
        };
        // An error says that the world let go of its waiters: that is a change as well.
        let _ = woken.await;
    }

    fn worlds(&self) -> Vec<WorldInfo> {
        let info = |world: &Arc<World>| {
            let state = world.state.lock();
            WorldInfo {
                id: world.id.clone(),
                commits: state.history.latest(),
                entries: u64::try_from(state.root.len()).unwrap_or(u64::MAX),
            }
        };
        let mut infos: Vec<WorldInfo> = {
            let worlds = self.core.worlds.read();
            worlds.values().filter(|world| !world.id.is_hidden()).map(info).collect()
        };
        infos.sort_by(|a, b| a.id.cmp(&b.id));
        infos
    }

    async fn create(&self, world: &WorldId) -> Result<(), StoreError> {
        self.core.check_open()?;
        let logged = {
            let mut worlds = self.core.worlds.write();
            if worlds.contains_key(world) {
                return Err(StoreError::WorldExists(world.clone()));
            }
            let logged = self.core.log(Record::Create(world))?;
            worlds.insert(world.clone(), World::new(world, self.core.empty_root(), logged));
            logged
        };
        self.core.acknowledged(logged).await
    }

    async fn fork(&self, from: &WorldId, to: &WorldId) -> Result<(), StoreError> {
        self.core.check_open()?;
        let logged = {
            let mut worlds = self.core.worlds.write();
            if worlds.contains_key(to) {
                return Err(StoreError::WorldExists(to.clone()));
            }
            let Some(parent) = worlds.get(from) else {
                return Err(StoreError::UnknownWorld(from.clone()));
            };
            let logged = self.core.log(Record::Fork { from, to })?;
            let root = parent.state.lock().root.fork();
            worlds.insert(to.clone(), World::new(to, root, logged));
            logged
        };
        self.core.acknowledged(logged).await
    }

    async fn reset(&self, world: &WorldId) -> Result<(), StoreError> {
        self.core.check_open()?;
        let (old, logged) = {
            let worlds = self.core.worlds.write();
            let Some(found) = worlds.get(world) else {
                return Err(StoreError::UnknownWorld(world.clone()));
            };
            let logged = self.core.log(Record::Reset(world))?;
            (found.replace(Root::emptied, logged, false), logged)
        };
        release(old);
        self.core.acknowledged(logged).await
    }

    async fn drop_world(&self, world: &WorldId) -> Result<(), StoreError> {
        self.core.check_open()?;
        let (old, logged) = {
            let mut worlds = self.core.worlds.write();
            if !worlds.contains_key(world) {
                return Err(StoreError::UnknownWorld(world.clone()));
            }
            let logged = self.core.log(Record::Drop(world))?;
            let found = worlds.remove(world);
            (found.map(|found| found.replace(Root::emptied, logged, true)), logged)
        };
        release(old.unwrap_or_default());
        self.core.acknowledged(logged).await
    }

    async fn replace(&self, to: &WorldId, from: &WorldId) -> Result<(), StoreError> {
        self.core.check_open()?;
        let (old, logged) = {
            let mut worlds = self.core.worlds.write();
            if !worlds.contains_key(from) {
                return Err(StoreError::UnknownWorld(from.clone()));
            }
            let logged = self.core.log(Record::Replace { to, from })?;
            let root = worlds.remove(from).map(|from| from.replace(Root::emptied, logged, true)).unwrap_or_default();
            let old = match worlds.get(to) {
                Some(to) => to.replace(|_| root, logged, false),
                None => {
                    worlds.insert(to.clone(), World::new(to, root, logged));
                    Root::default()
                }
            };
            (old, logged)
        };
        release(old);
        self.core.acknowledged(logged).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.core.check_open()?;
        match &self.core.disk {
            Some(disk) => disk.synced().await,
            None => Ok(()),
        }
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        self.core.check_open()?;
        let core = self.core.clone();
        let work = move || core.disk().map_or(Ok(()), |disk| checkpoint(&core, disk));
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed))
    }

    async fn close(&self) {
        if self.core.closed.swap(true, Relaxed) {
            return;
        }
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.ask_to_stop();
        }
        let core = self.core.clone();
        // The outcome has nothing to tell: the work reports its failures itself.
        let _ = tokio::task::spawn_blocking(move || Local::end(&core)).await;
    }

    fn stats(&self) -> Stats {
        let worlds = self.core.worlds.read();
        let mut stats = Stats {
            worlds: worlds.len(),
            commits: self.core.commits.load(Relaxed),
            conflicts: self.core.conflicts.load(Relaxed),
            ..Stats::default()
        };
        for world in worlds.values() {
            let state = world.state.lock();
            stats.entries += state.root.len();
            stats.bytes += state.root.bytes();
            stats.waiters += state.waiters.len();
        }
        stats
    }
}

impl Snapshot for LocalSnapshot {
    async fn get(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        self.root.get(key)
    }

    async fn scan(&self, span: &Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        self.root.scan(span, reverse, limit)
    }

    async fn count(&self, span: &Span) -> Result<usize, StoreError> {
        self.root.count(span)
    }

    async fn entries(&self, after: Option<&RawKey>, limit: usize) -> Result<Vec<(RawKey, Value)>, StoreError> {
        self.root.entries(after, limit)
    }
}
