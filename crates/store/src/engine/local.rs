//! The engine in this process, in memory or in a directory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::core::{Core, World};
use super::disk::{Checkpointer, Disk, Record, checkpoint};
use super::root::Root;
use super::snapshot::LocalSnapshot;
use super::{Engine, Write};
use crate::raw::RawKey;
use crate::worlds::{WorldId, WorldInfo};
use crate::{Fsync, Stats, StoreError};

/// The engine in this process.
#[derive(Debug)]
pub(crate) struct Local {
    core: Arc<Core>,
    checkpointer: Option<Checkpointer>,
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
            drop(core.end(&world, 0));
        }
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

    fn begin(&self, world: &WorldId, live: bool) -> Result<LocalSnapshot, StoreError> {
        self.core.check_open()?;
        let Some(world) = self.core.worlds.read().get(world).cloned() else {
            return Err(StoreError::UnknownWorld(world.clone()));
        };
        // The present may lie in files, and nobody waits for a file while holding up commits.
        if live && self.core.disk.is_none() {
            return Ok(LocalSnapshot::live(world));
        }
        let state = world.state.lock();
        if state.gone {
            // Dropped, or the engine closed, since it was looked up: it is not an empty world.
            self.core.check_open()?;
            return Err(StoreError::UnknownWorld(world.id.clone()));
        }
        Ok(LocalSnapshot::pinned(&world, &state))
    }

    async fn commit(&self, snapshot: LocalSnapshot, writes: Vec<(RawKey, Write)>) -> Result<(), StoreError> {
        self.core.check_open()?;
        let logged =
            if writes.is_empty() { snapshot.into_parts().1.logged } else { self.core.apply(snapshot, writes)? };
        self.core.acknowledged(logged).await
    }

    async fn changed(&self, snapshot: LocalSnapshot) {
        let (world, view) = snapshot.into_parts();
        let (_waiting, woken) = {
            let mut state = world.state.lock();
            if state.gone || view.is_outdated(&world, &state) {
                return;
            }
            let (id, woken) = state.waiters.add(view.reads);
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
            worlds.insert(world.clone(), self.core.new_world(world, self.core.empty_root(), logged));
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
            worlds.insert(to.clone(), self.core.new_world(to, root, logged));
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
            (self.core.replace(found, Root::emptied, logged), logged)
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
            (found.map(|found| self.core.end(&found, logged)), logged)
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
            let root = worlds.remove(from).map(|from| self.core.end(&from, logged)).unwrap_or_default();
            let old = match worlds.get(to) {
                Some(to) => self.core.replace(to, |_| root, logged),
                None => {
                    worlds.insert(to.clone(), self.core.new_world(to, root, logged));
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
