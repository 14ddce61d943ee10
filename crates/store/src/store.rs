//! The store: transactions on worlds.

use std::io::{Read, Write as IoWrite};
use std::sync::Arc;

use crate::blobs::Blobs;
use crate::diff::Difference;
use crate::engine::{AnyEngine, Engine};
use crate::save::SaveStats;
use crate::worlds::{WorldId, WorldInfo};
use crate::{Stats, StoreConfig, StoreError, TableInfo, Tx};

/// A store. Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Arc<AnyEngine>,
    blobs: Blobs,
}

impl Store {
    /// Opens a store, with the world `default` in it.
    ///
    /// # Errors
    /// For a directory: [`StoreError::Locked`] when another process has it, [`StoreError::TooNew`] and [`StoreError::Corrupt`] when it cannot
    /// be read, in which case nothing in it was changed.
    pub async fn open(config: StoreConfig) -> Result<Store, StoreError> {
        let engine = Arc::new(AnyEngine::open(config.engine.clone()).await?);
        // After the engine, which locks the directory.
        let blobs = Blobs::open(&config.engine)?;
        Ok(Store { engine, blobs })
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Begins a transaction on a snapshot of a world.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`], [`StoreError::Closed`].
    pub fn begin(&self, world: &WorldId) -> Result<Tx, StoreError> {
        Ok(Tx::new(self.engine.begin(world, false)?))
    }

    /// Begins a transaction that reads the present rather than a snapshot, where the engine can: for the short ones that are most of the load,
    /// which then cost the commits of others nothing. All that it reads still belongs to one moment, but a read fails with
    /// [`StoreError::Conflict`] once something that it read before has changed. One that keeps failing had better [begin](Self::begin)
    /// on a snapshot.
    ///
    /// # Errors
    /// As for [`Store::begin`].
    pub fn begin_live(&self, world: &WorldId) -> Result<Tx, StoreError> {
        Ok(Tx::new(self.engine.begin(world, true)?))
    }

    /// Makes the writes of a transaction visible and lasting, all or none. Transactions are serializable: the outcome is as if they had run
    /// one after the other. Resolves once the commit is as durable as [`Fsync`](crate::Fsync) says; a transaction that only read
    /// resolves once what it saw is.
    ///
    /// A future that is dropped may have committed or not.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: run the transaction again. [`StoreError::UnknownWorld`] when the world was dropped.
    /// [`StoreError::Poisoned`] when writing to disk failed; whether the commit lasts is then unknown.
    pub async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        let (snapshot, writes) = tx.into_parts();
        self.engine.commit(snapshot, writes).await
    }

    /// Waits until a commit changes something that the transaction read, the absence of a record and the extent of a range included; or until
    /// its world is reset or dropped. Returns at once if that has happened since its snapshot. For long polls: the caller then starts over.
    /// Writes of the transaction are undone. A transaction that read nothing waits for the end of its world.
    ///
    /// Holds no snapshot while it waits, and can be dropped at any time.
    pub async fn changed(&self, tx: Tx) {
        let (snapshot, _) = tx.into_parts();
        self.engine.changed(snapshot).await;
    }

    /// All worlds, by name.
    pub fn worlds(&self) -> Vec<WorldInfo> {
        self.engine.worlds()
    }

    /// Makes an empty world.
    ///
    /// # Errors
    /// [`StoreError::WorldExists`].
    pub async fn create_world(&self, world: &WorldId) -> Result<(), StoreError> {
        self.engine.create(world).await
    }

    /// Makes a copy of a world, in constant time: the two share what neither changes.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`], [`StoreError::WorldExists`].
    pub async fn fork(&self, from: &WorldId, to: &WorldId) -> Result<(), StoreError> {
        self.engine.fork(from, to).await
    }

    /// Empties a world. Transactions on it that have not committed conflict.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`].
    pub async fn reset(&self, world: &WorldId) -> Result<(), StoreError> {
        self.engine.reset(world).await
    }

    /// Removes a world.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`]; [`StoreError::DefaultWorld`] for the world `default`.
    pub async fn drop_world(&self, world: &WorldId) -> Result<(), StoreError> {
        if world.as_str() == WorldId::DEFAULT {
            return Err(StoreError::DefaultWorld);
        }
        self.engine.drop_world(world).await
    }

    /// The records and counters that differ between two worlds, in the order of their keys, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`]; errors of the engine.
    pub async fn diff(&self, a: &WorldId, b: &WorldId, limit: usize) -> Result<Vec<Difference>, StoreError> {
        crate::diff::diff(&self.begin(a)?, &self.begin(b)?, limit).await
    }

    /// The tables of a world that have records, with their sizes, in the order of their scopes and names. Reads the whole world.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`]; errors of the engine.
    pub async fn tables(&self, world: &WorldId) -> Result<Vec<TableInfo>, StoreError> {
        crate::tables::tables(&self.begin(world)?).await
    }

    /// Writes a world, as of now, to a file or another stream; see [`save`](crate::save) for the format.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`], [`StoreError::Io`].
    pub async fn save(&self, world: &WorldId, out: &mut (dyn IoWrite + Send)) -> Result<SaveStats, StoreError> {
        crate::save::save(self, world, out).await
    }

    /// Makes what was saved the content of a world, which is made if it is not there. Others see all of it at once, or, after an error,
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::TooNew`]; [`StoreError::Corrupt`] when the input is cut off or damaged; [`StoreError::Io`].
    pub async fn load(&self, world: &WorldId, input: &mut (dyn Read + Send)) -> Result<SaveStats, StoreError> {
        crate::save::load(&self.engine, &self.blobs, world, input).await
    }

    /// Resolves when all commits so far would survive a loss of power.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] when writing to disk failed.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.engine.flush().await
    }

    /// Moves what the log of a data directory holds into its base, as happens by itself every now and then: the next start is quick, and the log
    /// is short.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] and errors of the file system.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.engine.checkpoint().await
    }

    /// Ends the store's work: everything is on disk afterwards. Later calls on any clone fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// Figures of the store, hidden work included.
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }
}
