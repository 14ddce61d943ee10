//! Reading through own writes.

use super::work::merge;
use super::{Tx, decode};
use crate::engine::{Snapshot, Write};
use crate::raw::{Found, RawKey, Span, Value};
use crate::{Key, Record, Scope, StoreError, Table};

impl Tx {
    /// The value of a key, own writes first. An addition is not a value: what lies under it is.
    pub(super) async fn read(&self, raw: RawKey) -> Result<Option<Value>, StoreError> {
        match self.work.lock().writes.get(&raw) {
            Some(Write::Put(value)) => return Ok(Some(value.clone())),
            Some(Write::Delete) => return Ok(None),
            Some(Write::Add(_)) | None => {}
        }
        let value = self.snapshot.get(&raw).await?;
        self.work.lock().reads.point(raw);
        Ok(value)
    }

    /// The first entries of a span, own writes included, keys within the space.
    pub(super) async fn scan(&self, span: Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        if limit == 0 || span.is_empty() {
            return Ok(Vec::new());
        }
        // Each own removal can hide one entry, so that many more are asked for.
        let hidden = self.work.lock().within(&span).filter(|(_, write)| **write == Write::Delete).count();
        let stored = self.snapshot.scan(&span, reverse, limit.saturating_add(hidden)).await?;
        let mut work = self.work.lock();
        let mut found = if work.writes.is_empty() { stored } else { merge(stored, work.within(&span), reverse) };
        let seen = if found.len() >= limit {
            found.truncate(limit);
            match found.last() {
                Some((last, _)) => {
                    let last = [span.space(), last].concat();
                    span.seen_until(&last, reverse)
                }
                None => span,
            }
        } else {
            span
        };
        work.reads.range(seen);
        Ok(found)
    }

    pub(super) async fn count(&self, span: Span) -> Result<usize, StoreError> {
        let own: Vec<(RawKey, bool)> = {
            let work = self.work.lock();
            work.within(&span).map(|(key, write)| (key.clone(), *write != Write::Delete)).collect()
        };
        let mut count = self.snapshot.count(&span).await?;
        for (key, present) in own {
            let was = self.snapshot.get(&key).await?.is_some();
            count = count + usize::from(present) - usize::from(was);
        }
        self.work.lock().reads.range(span);
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
