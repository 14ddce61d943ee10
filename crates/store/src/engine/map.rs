//! The persistent map of a world's entries: cloning it is a snapshot, in constant time, and a changed clone shares all but the changed paths.
//!
//! Two levels, spaces and keys: a message's key then costs its own bytes and not account, region, service and table again, and comparing
//! keys skips what they share. A change is made in place where no snapshot shares the path, and copies the path where one does.

use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::raw::{RawKey, Span, Value};

type Keys = RedBlackTreeMapSync<Box<[u8]>, Option<Value>>;

/// Entries in order. A value of `None` is the mark of a deleted entry, for maps that lie over other data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    spaces: RedBlackTreeMapSync<Arc<[u8]>, Keys>,
    len: usize,
    bytes: usize,
}

impl Map {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes of the keys within their spaces and of the values.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn get(&self, key: &RawKey) -> Option<&Option<Value>> {
        self.spaces.get(key.space())?.get(key.key())
    }

    pub(crate) fn insert(&mut self, key: &RawKey, value: Option<Value>) {
        self.bytes += weight(key, &value);
        let Some(keys) = self.spaces.get_mut(key.space()) else {
            let mut keys = Keys::new_sync();
            keys.insert_mut(key.key().into(), value);
            self.spaces.insert_mut(key.space().into(), keys);
            self.len += 1;
            return;
        };
        match keys.get(key.key()) {
            Some(before) => self.bytes -= weight(key, before),
            None => self.len += 1,
        }
        keys.insert_mut(key.key().into(), value);
    }

    pub(crate) fn remove(&mut self, key: &RawKey) {
        // Looked up first: taking a path for change copies it where it is shared.
        let Some(before) = self.get(key) else { return };
        self.bytes -= weight(key, before);
        self.len -= 1;
        let Some(keys) = self.spaces.get_mut(key.space()) else { return };
        keys.remove_mut(key.key());
        if keys.is_empty() {
            self.spaces.remove_mut(key.space());
        }
    }

    /// The entries of a span, keys within the space.
    pub(crate) fn span<'a>(&'a self, span: &'a Span) -> impl DoubleEndedIterator<Item = (&'a [u8], &'a Option<Value>)> {
        let keys = if span.is_empty() { None } else { self.spaces.get(span.space()) };
        keys.into_iter().flat_map(move |keys| {
            let (from, to) = span.keys();
            keys.range::<[u8], _>((Included(from), Excluded(to))).map(|(key, value)| (&**key, value))
        })
    }

    /// All entries after a stored key, or all, with whole keys.
    pub(crate) fn entries<'a>(
        &'a self,
        after: Option<&'a RawKey>,
    ) -> impl Iterator<Item = (RawKey, &'a Option<Value>)> {
        let spaces = match after {
            Some(after) => self.spaces.range::<[u8], _>((Included(after.space()), Unbounded)),
            None => self.spaces.range::<[u8], _>((Unbounded, Unbounded)),
        };
        spaces.flat_map(move |(space, keys)| {
            let from = match after {
                Some(after) if after.space() == &**space => Excluded(after.key()),
                _ => Unbounded,
            };
            keys.range::<[u8], _>((from, Unbounded)).map(move |(key, value)| (RawKey::join(space, key), value))
        })
    }
}

fn weight(key: &RawKey, value: &Option<Value>) -> usize {
    key.key().len() + value.as_ref().map_or(0, |value| value.len())
}
