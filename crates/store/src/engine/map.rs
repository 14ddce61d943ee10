//! The persistent map of a world's entries: cloning it is a snapshot, in constant time, and a changed clone shares all but the changed paths.
//!
//! Two levels, spaces and keys: a message's key then costs its own bytes and not account, region, service and table again, and comparing
//! keys skips what they share. A change is made in place where no snapshot shares the path, and copies the path where one does.

use std::ops::Bound::{Excluded, Included, Unbounded};

use super::tree::Tree;
use crate::raw::{RawKey, Span, Value};

type Keys = Tree<Option<Value>>;

/// Entries in order. A value of `None` is the mark of a deleted entry, for maps that lie over other data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    spaces: Tree<Keys>,
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

    /// Sets an entry; what was there, for the caller to free.
    pub(crate) fn insert(&mut self, key: &RawKey, value: Option<Value>) -> Option<Value> {
        self.bytes += weight(key, &value);
        let before = match self.spaces.get_mut(key.space()) {
            Some(keys) => keys.insert(key.key(), value),
            None => {
                let mut keys = Keys::default();
                keys.insert(key.key(), value);
                self.spaces.insert(key.space(), keys);
                None
            }
        };
        match &before {
            Some(before) => self.bytes -= weight(key, before),
            None => self.len += 1,
        }
        before.flatten()
    }

    /// Removes an entry; what was there, for the caller to free.
    pub(crate) fn remove(&mut self, key: &RawKey) -> Option<Value> {
        // Looked up first: taking a path for change copies it where it is shared.
        self.get(key)?;
        let keys = self.spaces.get_mut(key.space())?;
        let before = keys.remove(key.key())?;
        self.bytes -= weight(key, &before);
        self.len -= 1;
        if keys.is_empty() {
            self.spaces.remove(key.space());
        }
        before
    }

    /// The entries of a span, keys within the space, from its beginning or from its end.
    pub(crate) fn span<'a>(
        &'a self,
        span: &'a Span,
        reverse: bool,
    ) -> impl Iterator<Item = (&'a [u8], &'a Option<Value>)> {
        let keys = if span.is_empty() { None } else { self.spaces.get(span.space()) };
        keys.into_iter().flat_map(move |keys| {
            let (from, to) = span.keys();
            let walk = if reverse { keys.descend(to) } else { keys.ascend(Included(from)) };
            walk.take_while(move |(key, _)| if reverse { from <= *key } else { *key < to })
        })
    }

    /// All entries after a stored key, or all, with whole keys.
    pub(crate) fn entries<'a>(
        &'a self,
        after: Option<&'a RawKey>,
    ) -> impl Iterator<Item = (RawKey, &'a Option<Value>)> {
        let spaces = self.spaces.ascend(after.map_or(Unbounded, |after| Included(after.space())));
        spaces.flat_map(move |(space, keys)| {
            let from = match after {
                Some(after) if after.space() == space => Excluded(after.key()),
                _ => Unbounded,
            };
            keys.ascend(from).map(move |(key, value)| (RawKey::join(space, key), value))
        })
    }
}

fn weight(key: &RawKey, value: &Option<Value>) -> usize {
    key.key().len() + value.as_ref().map_or(0, |value| value.len())
}
