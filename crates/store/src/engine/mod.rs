//! What the store asks of the thing that keeps its bytes.
//!
//! An engine gives snapshots of a world, and applies the writes of a transaction if nothing that it read has changed since its snapshot.
//! All but taking a snapshot is asynchronous, so that a remote database can stand behind the same trait: its `begin` would remember the world,
//! the first read would open a serializable transaction, `commit` would send the writes, and a serialization failure is
//! [`StoreError::Conflict`].

use std::future::Future;

use crate::raw::{Found, RawKey, Span, Value};
use crate::worlds::{WorldId, WorldInfo};
use crate::{Stats, StoreError};

mod any;
mod chaos;
mod core;
mod disk;
mod local;
mod map;
mod merge;
mod root;
mod snapshot;
mod tree;

pub(crate) use any::{AnyEngine, AnySnapshot};

/// One change of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// Stores these bytes.
    Put(Value),
    /// Removes the entry, if it is there.
    Delete,
    /// Adds to the counter, at the time of the commit.
    Add(i64),
}

/// The value of a counter from its stored bytes; absent is 0.
pub(crate) fn counter_value(stored: Option<&Value>) -> Result<i64, StoreError> {
    match stored {
        None => Ok(0),
        Some(bytes) => match <[u8; 8]>::try_from(&**bytes) {
            Ok(bytes) => Ok(i64::from_be_bytes(bytes)),
            Err(_) => Err(StoreError::corrupt("a counter does not have 8 bytes")),
        },
    }
}

/// The stored bytes of a counter; 0 is not stored.
pub(crate) fn counter_bytes(value: i64) -> Option<Value> {
    (value != 0).then(|| Value::from(value.to_be_bytes()))
}

/// A consistent view of a world. It knows what was read through it; a live one may fail with [`StoreError::Conflict`] at any read.
pub(crate) trait Snapshot: Send + Sync {
    /// Which content of the world this is; see [`Tx::incarnation`](crate::Tx::incarnation).
    fn incarnation(&self) -> u64;

    /// The value of a key.
    fn get(&self, key: RawKey) -> impl Future<Output = Result<Option<Value>, StoreError>> + Send;

    /// The value of a key about now, which does not count as read.
    fn glance(&self, key: &RawKey) -> impl Future<Output = Result<Option<Value>, StoreError>> + Send;

    /// The first entries of a span, or its last ones in descending order; keys within the space.
    fn scan(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Found>, StoreError>> + Send;

    /// As [`Snapshot::scan`], with the values of the keys that the entries lead to, from one look.
    fn follow(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
        to: impl Fn(&[u8]) -> Result<RawKey, StoreError> + Send + Sync,
    ) -> impl Future<Output = Result<Vec<(Found, Option<Value>)>, StoreError>> + Send;

    /// How many entries a span has.
    fn count(&self, span: Span) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// The first entries of the world after a key, whatever table they belong to. Nobody waits for their change or conflicts over them.
    fn entries(
        &self,
        after: Option<&RawKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RawKey, Value)>, StoreError>> + Send;
}

/// A keeper of worlds.
pub(crate) trait Engine: Send + Sync {
    type Snapshot: Snapshot;

    /// A snapshot of a world as of its latest commit. A `live` one may show the present instead, as long as all that is read through it
    /// belongs to one moment.
    fn begin(&self, world: &WorldId, live: bool) -> Result<Self::Snapshot, StoreError>;

    /// Applies the writes, in the order of their keys, unless something that was read through the snapshot changed since. Resolves when the commit,
    /// and everything that the snapshot showed, is as durable as the engine promises. Not undone when the future is dropped after it began.
    fn commit(
        &self,
        snapshot: Self::Snapshot,
        writes: Vec<(RawKey, Write)>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Resolves once something that was read through the snapshot has changed since, or the world is gone.
    fn changed(&self, snapshot: Self::Snapshot) -> impl Future<Output = ()> + Send;

    /// All worlds, hidden ones left out, by name.
    fn worlds(&self) -> Vec<WorldInfo>;

    /// Makes an empty world.
    fn create(&self, world: &WorldId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes a copy of a world, in constant time.
    fn fork(&self, from: &WorldId, to: &WorldId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Empties a world.
    fn reset(&self, world: &WorldId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a world.
    fn drop_world(&self, world: &WorldId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes the world `from`, and makes its content that of the world `to`, which need not exist.
    fn replace(&self, to: &WorldId, from: &WorldId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Resolves when all commits so far would survive a loss of power, whatever the engine promises for each.
    fn flush(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Tidies up: resolves when what was written lately has been moved to where it is kept for good. For engines that have such a place.
    fn checkpoint(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the engine's work in good order. Later calls fail with [`StoreError::Closed`].
    fn close(&self) -> impl Future<Output = ()> + Send;

    fn stats(&self) -> Stats;
}
