//! Worlds at run time: each has its records in the store, its clock and its ids.

use std::collections::HashMap;
use std::sync::Arc;

use kumoi_store::{Scope, Store, StoreError, Table, WorldId};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::clock::{Clock, SETTING, SETTING_KEY, Setting};
use crate::ids::{Ids, random_seed};

/// One world.
pub struct World {
    /// Its name.
    pub id: WorldId,
    /// Its clock.
    pub clock: Clock,
    /// Its ids.
    pub ids: Ids,
    /// Held while timers fire, so that they fire one at a time and in order.
    pub(crate) firing: tokio::sync::Mutex<()>,
    /// Held while effects are delivered, so that none is delivered twice at once.
    pub(crate) delivering: tokio::sync::Mutex<()>,
    /// Told when the world is dropped or replaced; its drivers end.
    pub(crate) ended: tokio::sync::watch::Sender<bool>,
}

/// How often a world was opened: ids must not repeat after a restart.
#[derive(Serialize, Deserialize)]
struct Opened {
    times: u64,
}

static OPENED: Table<String, Opened> = Table::world("kumoi", "opened");

/// The open worlds.
pub struct Worlds {
    store: Store,
    seed: u64,
    open: RwLock<HashMap<WorldId, Arc<World>>>,
}

impl Worlds {
    /// Opens every world of the store.
    pub async fn open(store: Store, settings: &Settings) -> Result<Self, StoreError> {
        let worlds = Self { store, seed: settings.seed.unwrap_or_else(random_seed), open: RwLock::default() };
        for info in worlds.store.worlds() {
            worlds.attach(&info.id).await?;
        }
        Ok(worlds)
    }

    /// The open world of that name.
    pub fn get(&self, id: &WorldId) -> Option<Arc<World>> {
        self.open.read().get(id).cloned()
    }

    /// All open worlds, by name.
    pub fn all(&self) -> Vec<Arc<World>> {
        let mut worlds: Vec<_> = self.open.read().values().cloned().collect();
        worlds.sort_by(|a, b| a.id.cmp(&b.id));
        worlds
    }

    /// Makes a world of the store available, or again after its records were replaced.
    pub(crate) async fn attach(&self, id: &WorldId) -> Result<Arc<World>, StoreError> {
        let (scope, key) = (Scope::world(), SETTING_KEY.to_owned());
        let (setting, opened) = loop {
            let tx = self.store.begin(id)?;
            let setting = tx.get(&scope, &SETTING, &key).await?.unwrap_or(Setting::REAL);
            let times = tx.get(&scope, &OPENED, &key).await?.map_or(0, |opened| opened.times) + 1;
            tx.put(&scope, &OPENED, &key, &Opened { times }).await?;
            match self.store.commit(tx).await {
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                other => break other.map(|()| (setting, times))?,
            }
        };
        let world = Arc::new(World {
            id: id.clone(),
            clock: Clock::new(setting),
            ids: Ids::new(self.seed, id.as_str(), opened),
            firing: tokio::sync::Mutex::new(()),
            delivering: tokio::sync::Mutex::new(()),
            ended: tokio::sync::watch::Sender::new(false),
        });
        if let Some(old) = self.open.write().insert(id.clone(), world.clone()) {
            old.ended.send_replace(true);
        }
        Ok(world)
    }

    /// Forgets a world that the store no longer has.
    pub(crate) fn detach(&self, id: &WorldId) {
        if let Some(old) = self.open.write().remove(id) {
            old.ended.send_replace(true);
        }
    }
}
