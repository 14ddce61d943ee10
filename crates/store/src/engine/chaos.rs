//! The engine that tests patience: it delays every call and makes commits conflict at random, as a remote database under load does. What a
//! service does on top of it must come out the same.

use std::time::Duration;

use parking_lot::Mutex;

use super::{Engine, Snapshot, Write};
use crate::raw::{Found, RawKey, Span, Value};
use crate::worlds::{WorldId, WorldInfo};
use crate::{Stats, StoreError};

/// Another engine, with delays and conflicts. The same seed and the same order of calls give the same ones.
#[derive(Debug)]
pub(crate) struct Chaos<E> {
    inner: E,
    dice: std::sync::Arc<Dice>,
}

#[derive(Debug)]
struct Dice {
    state: Mutex<u64>,
    max_delay: Duration,
    conflict_rate: f64,
}

/// A snapshot whose reads take their time.
#[derive(Debug)]
pub(crate) struct ChaosSnapshot<S> {
    inner: S,
    live: bool,
    dice: std::sync::Arc<Dice>,
}

impl Dice {
    /// The next number of the SplitMix64 sequence, as a fraction of 1.
    fn roll(&self) -> f64 {
        let mut state = self.state.lock();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let fraction = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(fraction) / f64::from(u32::MAX)
    }

    /// A conflict, with a share of the usual probability.
    fn conflict(&self, share: f64) -> Result<(), StoreError> {
        if self.roll() < self.conflict_rate * share { Err(StoreError::Conflict) } else { Ok(()) }
    }

    async fn delay(&self) {
        if self.max_delay.is_zero() {
            return;
        }
        let delay = self.max_delay.mul_f64(self.roll());
        if delay < Duration::from_micros(100) {
            // Shorter than a timer's grain: let others run first.
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(delay).await;
        }
    }
}

impl<E: Engine> Chaos<E> {
    pub(crate) fn new(inner: E, seed: u64, max_delay: Duration, conflict_rate: f64) -> Chaos<E> {
        let dice = Dice { state: Mutex::new(seed), max_delay, conflict_rate: conflict_rate.clamp(0.0, 0.95) };
        Chaos { inner, dice: std::sync::Arc::new(dice) }
    }
}

impl<E: Engine> Engine for Chaos<E> {
    type Snapshot = ChaosSnapshot<E::Snapshot>;

    fn begin(&self, world: &WorldId, live: bool) -> Result<Self::Snapshot, StoreError> {
        Ok(ChaosSnapshot { inner: self.inner.begin(world, live)?, live, dice: self.dice.clone() })
    }

    async fn commit(&self, snapshot: Self::Snapshot, writes: Vec<(RawKey, Write)>) -> Result<(), StoreError> {
        self.dice.delay().await;
        if !writes.is_empty() {
            self.dice.conflict(1.0)?;
        }
        let outcome = self.inner.commit(snapshot.inner, writes).await;
        self.dice.delay().await;
        outcome
    }

    async fn changed(&self, snapshot: Self::Snapshot) {
        self.dice.delay().await;
        self.inner.changed(snapshot.inner).await;
    }

    fn worlds(&self) -> Vec<WorldInfo> {
        self.inner.worlds()
    }

    async fn create(&self, world: &WorldId) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.create(world).await
    }

    async fn fork(&self, from: &WorldId, to: &WorldId) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.fork(from, to).await
    }

    async fn reset(&self, world: &WorldId) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.reset(world).await
    }

    async fn drop_world(&self, world: &WorldId) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.drop_world(world).await
    }

    async fn replace(&self, to: &WorldId, from: &WorldId) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.replace(to, from).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.dice.delay().await;
        self.inner.flush().await
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        self.inner.checkpoint().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

impl<S> ChaosSnapshot<S> {
    /// Delays a read. One of a live snapshot can conflict; it is one of several in its transaction, so each seldom does.
    async fn disturb(&self) -> Result<(), StoreError> {
        self.dice.delay().await;
        if self.live { self.dice.conflict(0.25) } else { Ok(()) }
    }
}

impl<S: Snapshot> Snapshot for ChaosSnapshot<S> {
    fn incarnation(&self) -> u64 {
        self.inner.incarnation()
    }

    async fn get(&self, key: RawKey) -> Result<Option<Value>, StoreError> {
        self.disturb().await?;
        self.inner.get(key).await
    }

    async fn glance(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        self.disturb().await?;
        self.inner.glance(key).await
    }

    async fn scan(&self, span: Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        self.disturb().await?;
        self.inner.scan(span, reverse, limit).await
    }

    async fn follow(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
        to: impl Fn(&[u8]) -> Result<RawKey, StoreError> + Send + Sync,
    ) -> Result<Vec<(Found, Option<Value>)>, StoreError> {
        self.disturb().await?;
        self.inner.follow(span, reverse, limit, to).await
    }

    async fn count(&self, span: Span) -> Result<usize, StoreError> {
        self.disturb().await?;
        self.inner.count(span).await
    }

    async fn entries(&self, after: Option<&RawKey>, limit: usize) -> Result<Vec<(RawKey, Value)>, StoreError> {
        self.dice.delay().await;
        self.inner.entries(after, limit).await
    }
}
