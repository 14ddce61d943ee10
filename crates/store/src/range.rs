//! Ranges of keys.

use std::marker::PhantomData;

use crate::key::{AFTER, put_text_start};
use crate::{Key, StartOf};

/// A range of the keys `K`, in ascending order unless [`reversed`](KeyRange::reversed).
///
/// Bounds are keys or the first elements of keys, so a range over `(String, u64)` can be all of a queue, from a number on:
/// `KeyRange::prefix(&("queue",)).from(&("queue", 7_u64))`. Bounds narrow: each call keeps what both the range and the bound admit.
#[derive(Debug)]
pub struct KeyRange<K> {
    /// The first bytes that are in the range.
    pub(crate) from: Vec<u8>,
    /// The first bytes that are beyond the range; none when it is open.
    pub(crate) to: Option<Vec<u8>>,
    pub(crate) reverse: bool,
    keys: PhantomData<fn(K)>,
}

impl<K> Clone for KeyRange<K> {
    fn clone(&self) -> KeyRange<K> {
        KeyRange { from: self.from.clone(), to: self.to.clone(), reverse: self.reverse, keys: PhantomData }
    }
}

impl<K: Key> KeyRange<K> {
    /// Every key.
    pub fn all() -> KeyRange<K> {
        KeyRange { from: Vec::new(), to: None, reverse: false, keys: PhantomData }
    }

    /// The keys whose first elements are these.
    pub fn prefix(start: &impl StartOf<K>) -> KeyRange<K> {
        KeyRange::all().from(start).until(start)
    }

    /// The keys whose first elements are these and whose next element is a text that begins with `text`.
    pub fn starts_with(start: &impl StartOf<K>, text: &str) -> KeyRange<K> {
        let mut from = encoded(start);
        put_text_start(text, &mut from);
        let mut to = from.clone();
        to.push(AFTER);
        KeyRange { from, to: Some(to), reverse: false, keys: PhantomData }
    }

    /// Keeps the keys at or after this one.
    #[must_use]
    pub fn from(self, start: &impl StartOf<K>) -> KeyRange<K> {
        self.at_least(encoded(start))
    }

    /// Keeps the keys after this one and all that begin with it: the next page after its last key.
    #[must_use]
    pub fn after(self, start: &impl StartOf<K>) -> KeyRange<K> {
        self.at_least(past(encoded(start)))
    }

    /// Keeps the keys after all those whose first elements are these and whose next element is a text that begins with `text`.
    #[must_use]
    pub fn past_texts(self, start: &impl StartOf<K>, text: &str) -> KeyRange<K> {
        let mut from = encoded(start);
        put_text_start(text, &mut from);
        self.at_least(past(from))
    }

    /// Keeps the keys before this one.
    #[must_use]
    pub fn before(self, end: &impl StartOf<K>) -> KeyRange<K> {
        self.below(encoded(end))
    }

    /// Keeps the keys up to this one, and all that begin with it.
    #[must_use]
    pub fn until(self, end: &impl StartOf<K>) -> KeyRange<K> {
        self.below(past(encoded(end)))
    }

    /// In a range over an index: keeps the entries after the one of this record, which need not be the only one with its index key.
    #[must_use]
    pub fn after_entry<P: Key>(self, entry: &K, key: &P) -> KeyRange<K> {
        let mut from = Vec::new();
        entry.encode(&mut from);
        key.encode(&mut from);
        self.at_least(past(from))
    }

    /// The same keys in descending order.
    #[must_use]
    pub fn reversed(mut self) -> KeyRange<K> {
        self.reverse = !self.reverse;
        self
    }

    fn at_least(mut self, from: Vec<u8>) -> KeyRange<K> {
        self.from = self.from.max(from);
        self
    }

    fn below(mut self, to: Vec<u8>) -> KeyRange<K> {
        self.to = Some(match self.to {
            Some(narrower) if narrower < to => narrower,
            _ => to,
        });
        self
    }
}

fn encoded<K>(start: &impl StartOf<K>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    start.encode_start(&mut bytes);
    bytes
}

fn past(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(AFTER);
    bytes
}
