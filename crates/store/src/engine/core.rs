//! The worlds of the engine in this process: persistent maps, with the history and the waiters of each.
//!
//! Locks are held for the time of a commit's changes in memory and never across an await. A commit holds the list of worlds for reading and
//! its own world; what concerns several worlds (fork, reset, drop, a checkpoint's cut) holds the list for writing, and so sees no commit half
//! done.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::oneshot;

use super::disk::{Cut, CutWorld, Disk, Record, View};
use super::map::Map;
use super::root::Root;
use super::snapshot::LocalSnapshot;
use super::{Write, counter_bytes, counter_value};
use crate::StoreError;
use crate::conflict::History;
use crate::raw::{RawKey, Value};
use crate::wait::Waiters;
use crate::worlds::WorldId;

/// The worlds, and the directory that keeps them if there is one.
#[derive(Debug)]
pub(crate) struct Core {
    pub worlds: RwLock<HashMap<WorldId, Arc<World>>>,
    pub disk: Option<Disk>,
    pub closed: AtomicBool,
    pub commits: AtomicU64,
    pub conflicts: AtomicU64,
    /// The latest incarnation of any world.
    pub incarnations: AtomicU64,
}

/// A world, for as long as somebody holds a snapshot of it.
#[derive(Debug)]
pub(crate) struct World {
    pub id: WorldId,
    /// Tells the content apart from that before a reset or a load, and from that of a dropped world of the same name. Changed under the lock of
    /// the state.
    pub incarnation: AtomicU64,
    pub state: Mutex<State>,
}

/// How often a task that reads lets others go first before it insists on the lock of a world.
const PATIENCE: u32 = 16;

/// Attempts at a lock that is held for a microsecond or two, before others go first.
const SPINS: u32 = 400;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub root: Root,
    pub history: History,
    pub waiters: Waiters,
    /// The number of the last record of the log that changed the world.
    pub logged: u64,
    pub gone: bool,
}

impl World {
    fn new(id: &WorldId, root: Root, logged: u64, incarnation: u64) -> Arc<World> {
        let state = State { root, logged, ..State::default() };
        Arc::new(World { id: id.clone(), incarnation: AtomicU64::new(incarnation), state: Mutex::new(state) })
    }

    /// The state. A holder of the lock may have lost its processor: the thread does better to see to other
    /// tasks than to sleep.
    pub(super) async fn enter(&self) -> MutexGuard<'_, State> {
        for _ in 0..PATIENCE {
            if let Some(state) = self.try_enter() {
                return state;
            }
            tokio::task::yield_now().await;
        }
        self.state.lock()
    }

    /// The state, soon.
    pub(super) fn insist(&self) -> MutexGuard<'_, State> {
        self.try_enter().unwrap_or_else(|| self.state.lock())
    }

    /// The state, if it can be had at once or in about a microsecond.
    fn try_enter(&self) -> Option<MutexGuard<'_, State>> {
        for _ in 0..SPINS {
            if let Some(state) = self.state.try_lock() {
                return Some(state);
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Changes the whole content, and tells all who look at the world; what it was.
    fn replace(&self, root: impl FnOnce(&Root) -> Root, logged: u64, incarnation: u64, gone: bool) -> Root {
        let (old, wake) = {
            let mut state = self.state.lock();
            state.history.push_everything();
            self.incarnation.store(incarnation, Relaxed);
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

impl Core {
    pub(super) fn new(worlds: Vec<(WorldId, Root)>, disk: Option<Disk>) -> Core {
        let logged = disk.as_ref().map_or(0, Disk::latest);
        let core = Core {
            worlds: RwLock::default(),
            disk,
            closed: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            conflicts: AtomicU64::new(0),
            incarnations: AtomicU64::new(0),
        };
        *core.worlds.write() =
            worlds.into_iter().map(|(id, root)| (id.clone(), core.new_world(&id, root, logged))).collect();
        core
    }

    fn next_incarnation(&self) -> u64 {
        self.incarnations.fetch_add(1, Relaxed) + 1
    }

    pub(super) fn new_world(&self, id: &WorldId, root: Root, logged: u64) -> Arc<World> {
        World::new(id, root, logged, self.next_incarnation())
    }

    /// Gives a world another content; what it was.
    pub(super) fn replace(&self, world: &World, root: impl FnOnce(&Root) -> Root, logged: u64) -> Root {
        world.replace(root, logged, self.next_incarnation(), false)
    }

    /// Ends a world that is no longer in the list; what it was.
    pub(super) fn end(&self, world: &World, logged: u64) -> Root {
        world.replace(Root::emptied, logged, self.next_incarnation(), true)
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    pub(super) fn check_open(&self) -> Result<(), StoreError> {
        if self.closed.load(Relaxed) {
            return Err(StoreError::Closed);
        }
        self.disk.as_ref().map_or(Ok(()), Disk::check)
    }

    /// Queues a change for the log, if there is one.
    pub(super) fn log(&self, record: Record<'_>) -> Result<u64, StoreError> {
        self.disk.as_ref().map_or(Ok(0), |disk| disk.append(record))
    }

    /// Resolves when a change is as durable as was promised.
    pub(super) async fn acknowledged(&self, logged: u64) -> Result<(), StoreError> {
        match &self.disk {
            Some(disk) => disk.acknowledged(logged).await,
            None => Ok(()),
        }
    }

    pub(super) fn empty_root(&self) -> Root {
        self.disk.as_ref().map_or_else(Root::default, Disk::empty_root)
    }

    /// Applies a commit; the number of its record in the log.
    pub(super) fn apply(&self, snapshot: LocalSnapshot, writes: Vec<(RawKey, Write)>) -> Result<u64, StoreError> {
        let (world, view) = snapshot.into_parts();
        // All that can be done without the locks is: they are held for as short as possible.
        let mut changes = Vec::with_capacity(writes.len());
        let mut keys = Vec::with_capacity(writes.len());
        let mut before = Vec::with_capacity(writes.len());
        let worlds = self.worlds.read();
        let mut state = world.insist();
        if state.gone {
            self.check_open()?;
            return Err(StoreError::UnknownWorld(world.id.clone()));
        }
        if view.is_outdated(&world, &state) {
            self.conflicts.fetch_add(1, Relaxed);
            return Err(StoreError::Conflict);
        }
        for (key, write) in writes {
            let value = resolve(&state.root, &key, write)?;
            changes.push((key, value));
        }
        let logged = self.log(Record::Commit(&world.id, &changes))?;
        state.logged = logged;
        for (key, value) in changes {
            before.push(state.root.set(&key, value));
            keys.push(key);
        }
        let wake = state.waiters.take(keys.iter());
        state.history.push(&keys);
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

/// What a write leaves under its key, additions worked out.
fn resolve(root: &Root, key: &RawKey, write: Write) -> Result<Option<Value>, StoreError> {
    Ok(match write {
        Write::Put(value) => Some(value),
        Write::Delete => None,
        Write::Add(delta) => counter_bytes(counter_value(root.get(key)?.as_ref())?.saturating_add(delta)),
    })
}
