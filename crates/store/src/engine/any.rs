//! The engine that was chosen at the start. An enum and not a trait object: reads then need no boxed future.

use super::chaos::{Chaos, ChaosSnapshot};
use super::local::Local;
use super::snapshot::LocalSnapshot;
use super::{Engine, Snapshot, Write};
use crate::raw::{Found, RawKey, Span, Value};
use crate::worlds::{WorldId, WorldInfo};
use crate::{EngineConfig, Stats, StoreError};

#[derive(Debug)]
pub(crate) enum AnyEngine {
    Local(Local),
    Chaos(Chaos<Local>),
}

#[derive(Debug)]
pub(crate) enum AnySnapshot {
    Local(LocalSnapshot),
    Chaos(ChaosSnapshot<LocalSnapshot>),
}

impl AnyEngine {
    pub(crate) async fn open(config: EngineConfig) -> Result<AnyEngine, StoreError> {
        match config {
            EngineConfig::Chaos { inner, seed, max_delay, conflict_rate } => {
                let inner = open_local(*inner).await?;
                Ok(AnyEngine::Chaos(Chaos::new(inner, seed, max_delay, conflict_rate)))
            }
            config => Ok(AnyEngine::Local(open_local(config).await?)),
        }
    }
}

async fn open_local(mut config: EngineConfig) -> Result<Local, StoreError> {
    loop {
        match config {
            EngineConfig::Memory => return Ok(Local::memory()),
            EngineConfig::Disk { dir, fsync } => {
                // Reading a directory blocks.
                let opened = tokio::task::spawn_blocking(move || Local::disk(&dir, fsync)).await;
                return opened.unwrap_or_else(|error| {
                    Err(StoreError::Io { kind: std::io::ErrorKind::Other, message: error.to_string() })
                });
            }
            // Chaos twice is no worse than once.
            EngineConfig::Chaos { inner, .. } => config = *inner,
        }
    }
}

/// Calls the same method of the engine, whichever it is.
macro_rules! each {
    ($self:ident, $type:ident, $inner:ident => $call:expr) => {
        match $self {
            $type::Local($inner) => $call,
            $type::Chaos($inner) => $call,
        }
    };
}

/// The snapshot of another engine, which no caller can mix up by accident within one store.
fn foreign() -> StoreError {
    StoreError::corrupt("the transaction belongs to another store")
}

impl Engine for AnyEngine {
    type Snapshot = AnySnapshot;

    fn begin(&self, world: &WorldId, live: bool) -> Result<AnySnapshot, StoreError> {
        match self {
            AnyEngine::Local(engine) => engine.begin(world, live).map(AnySnapshot::Local),
            AnyEngine::Chaos(engine) => engine.begin(world, live).map(AnySnapshot::Chaos),
        }
    }

    async fn commit(&self, snapshot: AnySnapshot, writes: Vec<(RawKey, Write)>) -> Result<(), StoreError> {
        match (self, snapshot) {
            (AnyEngine::Local(engine), AnySnapshot::Local(snapshot)) => engine.commit(snapshot, writes).await,
            (AnyEngine::Chaos(engine), AnySnapshot::Chaos(snapshot)) => engine.commit(snapshot, writes).await,
            _ => Err(foreign()),
        }
    }

    async fn changed(&self, snapshot: AnySnapshot) {
        match (self, snapshot) {
            (AnyEngine::Local(engine), AnySnapshot::Local(snapshot)) => engine.changed(snapshot).await,
            (AnyEngine::Chaos(engine), AnySnapshot::Chaos(snapshot)) => engine.changed(snapshot).await,
            _ => {}
        }
    }

    fn worlds(&self) -> Vec<WorldInfo> {
        each!(self, AnyEngine, engine => engine.worlds())
    }

    async fn create(&self, world: &WorldId) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.create(world).await)
    }

    async fn fork(&self, from: &WorldId, to: &WorldId) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.fork(from, to).await)
    }

    async fn reset(&self, world: &WorldId) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.reset(world).await)
    }

    async fn drop_world(&self, world: &WorldId) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.drop_world(world).await)
    }

    async fn replace(&self, to: &WorldId, from: &WorldId) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.replace(to, from).await)
    }

    async fn flush(&self) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.flush().await)
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        each!(self, AnyEngine, engine => engine.checkpoint().await)
    }

    async fn close(&self) {
        each!(self, AnyEngine, engine => engine.close().await)
    }

    fn stats(&self) -> Stats {
        each!(self, AnyEngine, engine => engine.stats())
    }
}

impl Snapshot for AnySnapshot {
    fn incarnation(&self) -> u64 {
        each!(self, AnySnapshot, snapshot => snapshot.incarnation())
    }

    async fn get(&self, key: RawKey) -> Result<Option<Value>, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.get(key).await)
    }

    async fn glance(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.glance(key).await)
    }

    async fn scan(&self, span: Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.scan(span, reverse, limit).await)
    }

    async fn follow(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
        to: impl Fn(&[u8]) -> Result<RawKey, StoreError> + Send + Sync,
    ) -> Result<Vec<(Found, Option<Value>)>, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.follow(span, reverse, limit, to).await)
    }

    async fn count(&self, span: Span) -> Result<usize, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.count(span).await)
    }

    async fn entries(&self, after: Option<&RawKey>, limit: usize) -> Result<Vec<(RawKey, Value)>, StoreError> {
        each!(self, AnySnapshot, snapshot => snapshot.entries(after, limit).await)
    }
}
