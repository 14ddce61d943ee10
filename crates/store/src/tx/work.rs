//! What a transaction has done so far.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use super::MAX_TRANSACTION;
use crate::StoreError;
use crate::engine::Write;
use crate::raw::{Found, RawKey, Span, Value};

/// What a write costs beyond its bytes, for [`MAX_TRANSACTION`].
const WRITE_OVERHEAD: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Work {
    pub writes: BTreeMap<RawKey, Write>,
    /// The bytes of all writes so far.
    pub size: usize,
}

impl Work {
    /// What this transaction wrote under a key: a value, or that there is none. `None` when it wrote neither.
    pub(super) fn own(&self, key: &RawKey) -> Option<Option<Value>> {
        match self.writes.get(key)? {
            Write::Put(value) => Some(Some(value.clone())),
            Write::Delete => Some(None),
            Write::Add(_) => None,
        }
    }

    pub(super) fn write(&mut self, key: RawKey, write: Write) -> Result<(), StoreError> {
        let value = if let Write::Put(value) = &write { value.len() } else { 0 };
        self.size += key.bytes().len() + value + WRITE_OVERHEAD;
        if self.size > MAX_TRANSACTION {
            return Err(StoreError::TooLarge { what: "a transaction", size: self.size, limit: MAX_TRANSACTION });
        }
        self.writes.insert(key, write);
        Ok(())
    }

    /// Moves a record's entry in an index, unless it stays where it is.
    pub(super) fn move_entry(&mut self, old: Option<RawKey>, new: Option<RawKey>) -> Result<(), StoreError> {
        if old == new {
            return Ok(());
        }
        if let Some(old) = old {
            self.write(old, Write::Delete)?;
        }
        match new {
            Some(new) => self.write(new, Write::Put(no_bytes())),
            None => Ok(()),
        }
    }

    /// The writes within a span, in order.
    pub(super) fn within<'a>(&'a self, span: &'a Span) -> impl DoubleEndedIterator<Item = (&'a RawKey, &'a Write)> {
        // A range with its bounds the wrong way round is a panic in the map.
        let any = !span.is_empty() && !self.writes.is_empty();
        any.then(|| self.writes.range::<[u8], _>((Included(&*span.from), Excluded(&*span.to)))).into_iter().flatten()
    }
}

/// The value of every entry in an index.
fn no_bytes() -> Value {
    thread_local! {
        // An empty value is an allocation of its own, too. One for all threads would have them wait for each other to count its users.
        static EMPTY: Value = Value::default();
    }
    EMPTY.with(Value::clone)
}

/// Lays own writes over stored entries; both in the order of the scan.
pub(super) fn merge<'a>(
    stored: Vec<Found>,
    own: impl DoubleEndedIterator<Item = (&'a RawKey, &'a Write)>,
    reverse: bool,
) -> Vec<Found> {
    let mut merged: BTreeMap<Box<[u8]>, Value> = stored.into_iter().collect();
    for (key, write) in own {
        match write {
            Write::Put(value) => {
                merged.insert(key.key().into(), value.clone());
            }
            Write::Delete => {
                merged.remove(key.key());
            }
            // Counters are not in tables that can be scanned.
            Write::Add(_) => {}
        }
    }
    if reverse { merged.into_iter().rev().collect() } else { merged.into_iter().collect() }
}
