//! The life of worlds: fork, reset, drop, save and load.
//!
//! The store changes first, then the open worlds follow. What has begun is finished even when its caller goes away meanwhile, so that no
//! world of the store is left without its clock and drivers.

use std::io::{Read, Write};
use std::sync::Arc;

use kumoi_store::{SaveStats, StoreError, WorldId};

use crate::clock::Setting;
use crate::{Kernel, World};

impl Kernel {
    /// Makes `to` a copy of `from`, in constant time. The copy has its own records, clock and timers from here on.
    pub async fn fork(self: &Arc<Self>, from: &WorldId, to: &WorldId) -> Result<Arc<World>, StoreError> {
        let (kernel, from, to) = (self.clone(), from.clone(), to.clone());
        self.aside(async move {
            let origin = kernel.worlds.get(&from);
            kernel.store.fork(&from, &to).await?;
            // The clock runs ahead of what is stored while it is being advanced.
            let same = |now: &Arc<World>| origin.as_ref().is_some_and(|origin| Arc::ptr_eq(origin, now));
            let setting = kernel.worlds.get(&from).filter(same).map(|origin| origin.clock.setting());
            kernel.follow(&to, setting).await
        })
        .await
    }

    /// Empties a world: no records, real time.
    pub async fn reset(self: &Arc<Self>, id: &WorldId) -> Result<(), StoreError> {
        let (kernel, id) = (self.clone(), id.clone());
        self.aside(async move {
            kernel.store.reset(&id).await?;
            kernel.tidy();
            kernel.follow(&id, None).await.map(drop)
        })
        .await
    }

    /// Drops a world. The default world is emptied instead.
    pub async fn drop_world(self: &Arc<Self>, id: &WorldId) -> Result<(), StoreError> {
        if id.as_str() == WorldId::DEFAULT {
            return self.reset(id).await;
        }
        let (kernel, id) = (self.clone(), id.clone());
        self.aside(async move {
            kernel.store.drop_world(&id).await?;
            kernel.tidy();
            match kernel.follow(&id, None).await {
                // As it should be; or somebody has made another world of that name already.
                Err(StoreError::UnknownWorld(_)) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Writes a world to `out`; see [`Store::save`](kumoi_store::Store::save).
    pub async fn save(&self, id: &WorldId, out: &mut (dyn Write + Send)) -> Result<SaveStats, StoreError> {
        self.store.save(id, out).await
    }

    /// Replaces a world by one saved before, its clock setting included.
    pub async fn load(self: &Arc<Self>, id: &WorldId, input: &mut (dyn Read + Send)) -> Result<SaveStats, StoreError> {
        let stats = self.store.load(id, input).await?;
        let (kernel, id) = (self.clone(), id.clone());
        self.aside(async move {
            kernel.tidy();
            kernel.follow(&id, None).await
        })
        .await?;
        Ok(stats)
    }

    /// Brings the open world of a name in line with that of the store: opens it, opens it again after it got another content, or forgets it.
    /// `setting` is that of its clock, if not the stored one.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`] when the store has none; errors of the store.
    async fn follow(self: &Arc<Self>, id: &WorldId, setting: Option<Setting>) -> Result<Arc<World>, StoreError> {
        let _alone = self.attaching.lock().await;
        let incarnation = match self.store.begin(id) {
            Ok(tx) => tx.incarnation(),
            Err(error) => {
                if matches!(error, StoreError::UnknownWorld(_)) {
                    self.worlds.detach(id);
                }
                return Err(error);
            }
        };
        if let Some(world) = self.worlds.get(id).filter(|world| world.incarnation == incarnation) {
            return Ok(world);
        }
        let world = self.worlds.attach(id, setting).await?;
        self.drive(world.clone());
        Ok(world)
    }
}
