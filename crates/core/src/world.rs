//! Worlds at run time: each has its records in the store, its clock and its ids.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kumoi_store::{Scope, Store, StoreError, Table, WorldId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::{self, Clock, SETTING, SETTING_KEY, Setting};
use crate::ids::{Ids, random_seed};
use crate::{Kernel, Settings};

/// One world.
pub struct World {
    /// Its name.
    pub id: WorldId,
    /// Its clock.
    pub clock: Clock,
    /// Its ids.
    pub ids: Ids,
    /// Which content of the store's world it belongs to: after a reset or a load there is another of its name.
    pub(crate) incarnation: u64,
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
    /// Replaced as a whole, as seldom as worlds come and go: every request looks into it.
    open: ArcSwap<HashMap<WorldId, Arc<World>>>,
    changing: Mutex<()>,
}

impl Worlds {
    /// Opens every world of the store.
    pub async fn open(store: Store, settings: &Settings) -> Result<Self, StoreError> {
        let worlds = Self {
            store,
            seed: settings.seed.unwrap_or_else(random_seed),
            open: ArcSwap::default(),
            changing: Mutex::new(()),
        };
        for info in worlds.store.worlds() {
            worlds.attach(&info.id, None).await?;
        }
        Ok(worlds)
    }

    /// The open world of that name.
    pub fn get(&self, id: &WorldId) -> Option<Arc<World>> {
        self.open.load().get(id).cloned()
    }

    /// All open worlds, by name.
    pub fn all(&self) -> Vec<Arc<World>> {
        let mut worlds: Vec<_> = self.open.load().values().cloned().collect();
        worlds.sort_by(|a, b| a.id.cmp(&b.id));
        worlds
    }

    /// Makes a world of the store available, or again after its records were replaced; with this setting of its clock, or the stored one.
    pub(crate) async fn attach(&self, id: &WorldId, setting: Option<Setting>) -> Result<Arc<World>, StoreError> {
        let (scope, key) = (Scope::world(), SETTING_KEY.to_owned());
        let (clock, opened, incarnation) = loop {
            let tx = self.store.begin(id)?;
            let incarnation = tx.incarnation();
            let stored = tx.get(&scope, &SETTING, &key).await?.unwrap_or(Setting::REAL);
            let clock = Clock::new(setting.unwrap_or(stored));
            clock::keep(&tx, &clock).await?;
            let times = tx.get(&scope, &OPENED, &key).await?.map_or(0, |opened| opened.times).wrapping_add(1);
            tx.put(&scope, &OPENED, &key, &Opened { times }).await?;
            match self.store.commit(tx).await {
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                other => break other.map(|()| (clock, times, incarnation))?,
            }
        };
        let world = Arc::new(World {
            id: id.clone(),
            clock,
            ids: Ids::new(self.seed, id.as_str(), opened),
            incarnation,
            firing: tokio::sync::Mutex::new(()),
            delivering: tokio::sync::Mutex::new(()),
            ended: tokio::sync::watch::Sender::new(false),
        });
        self.change(|open| open.insert(id.clone(), world.clone()));
        Ok(world)
    }

    /// Forgets a world that the store no longer has.
    pub(crate) fn detach(&self, id: &WorldId) {
        self.change(|open| open.remove(id));
    }

    /// Changes the list of open worlds, and ends the world that is no longer in it.
    fn change(&self, change: impl FnOnce(&mut HashMap<WorldId, Arc<World>>) -> Option<Arc<World>>) {
        let changing = self.changing.lock();
        let mut open = HashMap::clone(&self.open.load());
        let old = change(&mut open);
        self.open.store(Arc::new(open));
        drop(changing);
        if let Some(old) = old {
            old.ended.send_replace(true);
        }
    }
}

/// Repeats a step of a driver until the world ends. A store that fails is asked again after a pause.
pub(crate) async fn drive<S>(kernel: Arc<Kernel>, world: Arc<World>, what: &'static str, step: S)
where
    S: AsyncFn(&Arc<Kernel>, &Arc<World>) -> Result<(), StoreError>,
{
    let mut ended = world.ended.subscribe();
    loop {
        let step = async {
            match step(&kernel, &world).await {
                Ok(()) => {}
                Err(StoreError::UnknownWorld(_) | StoreError::Closed) => std::future::pending().await,
                Err(error) => {
                    tracing::error!(world = %world.id, %error, "{what} cannot read the store");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        };
        tokio::select! {
            () = step => {}
            _ = ended.wait_for(|ended| *ended) => return,
        }
    }
}
