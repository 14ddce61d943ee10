//! Reading through own writes.

use super::work::merge;
use super::{Tx, decode};
use crate::engine::{Snapshot, Write};
use crate::raw::{Found, RawKey, Span, Value};
use crate::{Key, Record, Scope, StoreError, Table};

impl Tx {
    /// The value of a key, own writes first. An addition is not a value: what lies under it is.
    pub(super) async fn read(&self, raw: RawKey) -> Result<Option<Value>, StoreError> {
        if let Some(own) = self.work.lock().own(&raw) {
            return Ok(own);
        }
        self.snapshot.get(raw).await
    }

    /// The values of keys, as [`Tx::read`] has them, from one look at the store.
    pub(super) async fn read_all(&self, raws: Vec<RawKey>) -> Result<Vec<Option<Value>>, StoreError> {
        let own: Vec<_> = {
            let work = self.work.lock();
            raws.iter().map(|raw| work.own(raw)).collect()
        };
        let others = raws.into_iter().zip(&own).filter(|(_, own)| own.is_none()).map(|(raw, _)| raw).collect();
        let mut stored = self.snapshot.get_all(others).await?.into_iter();
        Ok(own.into_iter().map(|own| own.unwrap_or_else(|| stored.next().flatten())).collect())
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

    pub(super) fn forget<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        raw: RawKey,
        old: &[u8],
    ) -> Result<(), StoreError> {
        if !table.indexes.is_empty() {
            let old: R = decode(old)?;
            for index in table.indexes {
                self.work.lock().move_entry(table.entry(scope, *index, key, &old)?, None)?;
            }
        }
        self.work.lock().write(raw, Write::Delete)
    }
}
