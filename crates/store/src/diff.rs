//! What differs between two worlds.

use crate::engine::{AnySnapshot, Snapshot, counter_value};
use crate::key::readable;
use crate::raw::{Kind, RawKey, Value, parse};
use crate::{StoreError, Tx};

/// How many entries are read at a time.
const PAGE: usize = 1000;

/// A record or counter that differs between two worlds.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The account; empty for a table of the world.
    pub account: String,
    /// The region; empty for a table of the world or the account.
    pub region: String,
    /// The service.
    pub service: String,
    /// The table or counter.
    pub table: String,
    /// The elements of the key; bytes in hexadecimal.
    pub key: Vec<serde_json::Value>,
    /// The content in the first world, if it is there.
    pub before: Option<serde_json::Value>,
    /// The content in the second world, if it is there.
    pub after: Option<serde_json::Value>,
}

/// The entries of a snapshot, page by page.
struct Entries<'a> {
    snapshot: &'a AnySnapshot,
    page: std::vec::IntoIter<(RawKey, Value)>,
    last: Option<RawKey>,
    done: bool,
}

impl<'a> Entries<'a> {
    fn new(snapshot: &'a AnySnapshot) -> Entries<'a> {
        Entries { snapshot, page: Vec::new().into_iter(), last: None, done: false }
    }

    async fn next(&mut self) -> Result<Option<(RawKey, Value)>, StoreError> {
        loop {
            if let Some(entry) = self.page.next() {
                return Ok(Some(entry));
            }
            if self.done {
                return Ok(None);
            }
            let page = self.snapshot.entries(self.last.as_ref(), PAGE).await?;
            self.done = page.len() < PAGE;
            self.last = page.last().map(|(key, _)| key.clone());
            self.page = page.into_iter();
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn diff(a: &Tx, b: &Tx, limit: usize) -> Result<Vec<Difference>, StoreError> {
    let (mut left, mut right) = (Entries::new(a.snapshot()), Entries::new(b.snapshot()));
    let (mut before, mut after) = (left.next().await?, right.next().await?);
    let mut found = Vec::new();
    while found.len() < limit {
        use std::cmp::Ordering;
        let order = match (&before, &after) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((before, _)), Some((after, _))) => before.cmp(after),
        };
        let old = if order.is_le() { std::mem::replace(&mut before, left.next().await?) } else { None };
        let new = if order.is_ge() { std::mem::replace(&mut after, right.next().await?) } else { None };
        let (old_value, new_value) = (old.as_ref().map(|entry| &entry.1), new.as_ref().map(|entry| &entry.1));
        if old_value != new_value
            && let Some((key, _)) = old.as_ref().or(new.as_ref())
        {
            found.extend(difference(key, old_value, new_value)?);
        }
    }
    Ok(found)
}

/// A difference in readable form; none for an index entry, which follows from its record.
fn difference(key: &RawKey, before: Option<&Value>, after: Option<&Value>) -> Result<Option<Difference>, StoreError> {
    let parts = parse(key.bytes()).ok_or_else(|| StoreError::corrupt("a stored key has no valid form"))?;
    let content = |value: Option<&Value>| match (parts.kind, value) {
        (_, None) => Ok(None),
        (Kind::Counters, value) => counter_value(value).map(|number| Some(number.into())),
        (_, Some(bytes)) => crate::readable::record(bytes).map(Some),
    };
    if matches!(parts.kind, Kind::Index(_)) {
        return Ok(None);
    }
    Ok(Some(Difference {
        account: parts.account.into(),
        region: parts.region.into(),
        service: parts.service.into(),
        table: parts.table.into(),
        key: readable(parts.key),
        before: content(before)?,
        after: content(after)?,
    }))
}
