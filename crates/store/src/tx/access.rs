//! Reading through own writes.

use super::Tx;
use super::work::merge;
use crate::StoreError;
use crate::engine::{Snapshot, Write};
use crate::raw::{Found, RawKey, Span, Value};

impl Tx {
    /// The value of a key, own writes first. An addition is not a value: what lies under it is.
    pub(super) async fn read(&self, raw: RawKey) -> Result<Option<Value>, StoreError> {
        if let Some(own) = self.work.lock().own(&raw) {
            return Ok(own);
        }
        self.snapshot.get(raw).await
    }

    /// The first entries of a span of an index, and the values of the keys that they lead to, as [`Tx::read`] has them.
    pub(super) async fn follow(
        &self,
        span: Span,
        reverse: bool,
        limit: usize,
        to: impl Fn(&[u8]) -> Result<RawKey, StoreError> + Send + Sync,
    ) -> Result<Vec<(Found, Option<Value>)>, StoreError> {
        if limit == 0 || span.is_empty() {
            return Ok(Vec::new());
        }
        if !self.has_writes() {
            return self.snapshot.follow(span, reverse, limit, to).await;
        }
        let entries = self.scan(span, reverse, limit).await?;
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = self.read(to(&entry.0)?).await?;
            found.push((entry, value));
        }
        Ok(found)
    }

    /// The first entries of a span, own writes included, keys within the space.
    pub(super) async fn scan(&self, span: Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        if limit == 0 || span.is_empty() {
            return Ok(Vec::new());
        }
        // Each own removal can hide one entry, so that many more are asked for.
        let hidden = self.work.lock().within(&span).filter(|(_, write)| **write == Write::Delete).count();
        let stored = self.snapshot.scan(span.clone(), reverse, limit.saturating_add(hidden)).await?;
        let work = self.work.lock();
        let mut found = if work.writes.is_empty() { stored } else { merge(stored, work.within(&span), reverse) };
        found.truncate(limit);
        Ok(found)
    }

    pub(super) async fn count(&self, span: Span) -> Result<usize, StoreError> {
        let own: Vec<(RawKey, bool)> = {
            let work = self.work.lock();
            work.within(&span).map(|(key, write)| (key.clone(), *write != Write::Delete)).collect()
        };
        let mut count = self.snapshot.count(span).await?;
        for (key, present) in own {
            let was = self.snapshot.get(key).await?.is_some();
            count = count + usize::from(present) - usize::from(was);
        }
        Ok(count)
    }

    /// Removes a record and its entries in indexes.
    pub(super) fn forget(&self, raw: RawKey, entries: Vec<Option<RawKey>>) -> Result<(), StoreError> {
        let mut work = self.work.lock();
        for entry in entries {
            work.move_entry(entry, None)?;
        }
        work.write(raw, Write::Delete)
    }
}
