//! Keys as bytes, the way engines see them.
//!
//! A stored key is a *space* and a key in it. The space says what the key belongs to: `account 00 region 00 service 00 table 00 kind`, where
//! the kind is `01` for records, `02 index-name 00` for the entries of an index and `03` for counters. Account and region are empty where the
//! table is not scoped by them. No space is a prefix of another, so comparing spaces first and keys second is comparing the whole bytes.

use std::sync::Arc;

use crate::{KeyRange, StoreError};

/// Stored bytes, shared by all who read them.
pub(crate) type Value = Arc<[u8]>;

/// An entry that a scan found: its key within the space, and its value.
pub(crate) type Found = (Box<[u8]>, Value);

/// The longest stored key, space included, in bytes: room for an index over two of the longest keys that AWS has (DynamoDB's, 3 KiB each).
pub(crate) const MAX_KEY: usize = 16 << 10;

const RECORDS: u8 = 1;
const INDEX: u8 = 2;
const COUNTERS: u8 = 3;

/// What a space holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Records,
    Index(&'a str),
    Counters,
}

/// The bytes of a space.
pub(crate) fn put_space(parts: [&str; 4], kind: Kind<'_>, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let [account, region, service, table] = parts;
    // Clients choose account and region; the other names are in the program.
    for part in [account, region] {
        if part.as_bytes().contains(&0) {
            return Err(StoreError::InvalidKey(format!("{part:?} contains a NUL")));
        }
        put_name(part, out);
    }
    put_name(service, out);
    put_name(table, out);
    match kind {
        Kind::Records => out.push(RECORDS),
        Kind::Counters => out.push(COUNTERS),
        Kind::Index(name) => {
            out.push(INDEX);
            put_name(name, out);
        }
    }
    Ok(())
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    debug_assert!(!name.as_bytes().contains(&0), "{name:?} contains a NUL");
    out.extend_from_slice(name.as_bytes());
    out.push(0);
}

/// A stored key read back into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub account: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    pub table: &'a str,
    pub kind: Kind<'a>,
    pub key: &'a [u8],
}

/// Reads a stored key; `None` when it is not one.
pub(crate) fn parse(bytes: &[u8]) -> Option<Parts<'_>> {
    fn name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (name, after) = rest.split_at_checked(end)?;
        *rest = after.get(1..)?;
        std::str::from_utf8(name).ok()
    }
    let mut rest = bytes;
    let (account, region, service, table) = (name(&mut rest)?, name(&mut rest)?, name(&mut rest)?, name(&mut rest)?);
    let (kind, after) = rest.split_first()?;
    rest = after;
    let kind = match *kind {
        RECORDS => Kind::Records,
        COUNTERS => Kind::Counters,
        INDEX => Kind::Index(name(&mut rest)?),
        _ => return None,
    };
    Some(Parts { account, region, service, table, kind, key: rest })
}

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RawKey {
    bytes: Vec<u8>,
    /// Where the key begins within its space. A function of the bytes, so it does not disturb the order.
    split: usize,
}

impl RawKey {
    /// Joins a space that is complete in `bytes` with the key that `put` appends.
    pub(crate) fn build(mut bytes: Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) -> Result<RawKey, StoreError> {
        let split = bytes.len();
        put(&mut bytes);
        if bytes.len() > MAX_KEY {
            return Err(StoreError::TooLarge { what: "a key", size: bytes.len(), limit: MAX_KEY });
        }
        Ok(RawKey { bytes, split })
    }

    /// A stored key as it came from a file.
    pub(crate) fn stored(bytes: Vec<u8>) -> Result<RawKey, StoreError> {
        let key_length = parse(&bytes).filter(|_| bytes.len() <= MAX_KEY).map(|parts| parts.key.len());
        match key_length {
            Some(length) => Ok(RawKey { split: bytes.len() - length, bytes }),
            None => Err(StoreError::corrupt("a stored key has no valid form")),
        }
    }

    pub(crate) fn join(space: &[u8], key: &[u8]) -> RawKey {
        RawKey { bytes: [space, key].concat(), split: space.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn space(&self) -> &[u8] {
        self.bytes.get(..self.split).unwrap_or_default()
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.bytes.get(self.split..).unwrap_or_default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl std::borrow::Borrow<[u8]> for RawKey {
    fn borrow(&self) -> &[u8] {
        &self.bytes
    }
}

/// A range within one space: from the first bound, inclusive, to the second, exclusive. Both are whole stored keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    /// The length of the space.
    pub split: usize,
}

impl Span {
    pub(crate) fn new<K>(space: Vec<u8>, range: &KeyRange<K>) -> Span {
        let split = space.len();
        let mut to = space.clone();
        match &range.to {
            Some(bound) => to.extend_from_slice(bound),
            // INVARIANT(tags): the bytes of a key begin with a tag, and every tag is below this byte.
            None => to.push(crate::key::AFTER),
        }
        let mut from = space;
        from.extend_from_slice(&range.from);
        Span { from, to, split }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.from.as_slice() <= key && key < self.to.as_slice()
    }

    pub(crate) fn space(&self) -> &[u8] {
        self.from.get(..self.split).unwrap_or_default()
    }

    /// The bounds within the space.
    pub(crate) fn keys(&self) -> (&[u8], &[u8]) {
        (self.from.get(self.split..).unwrap_or_default(), self.to.get(self.split..).unwrap_or_default())
    }

    /// The part of a span that a scan has seen: all of it, or up to the key within the space that it stopped at, inclusive.
    pub(crate) fn seen(mut self, last: Option<&[u8]>, reverse: bool) -> Span {
        let Some(last) = last else { return self };
        let bound = if reverse { &mut self.from } else { &mut self.to };
        bound.truncate(self.split);
        bound.extend_from_slice(last);
        if !reverse {
            self.to.push(0);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        for kind in [Kind::Records, Kind::Counters, Kind::Index("ready")] {
            let mut space = Vec::new();
            put_space(["000000000000", "us-east-1", "sqs", "messages"], kind, &mut space).unwrap();
            let length = space.len();
            let key = RawKey::build(space, |out| out.extend_from_slice(b"\x02q\0")).unwrap();
            let parts = parse(key.bytes()).unwrap();
            assert_eq!((parts.account, parts.region), ("000000000000", "us-east-1"));
            assert_eq!((parts.service, parts.table, parts.kind), ("sqs", "messages", kind));
            assert_eq!(parts.key, key.key());
            assert_eq!(key.space().len(), length);
            assert_eq!(RawKey::stored(key.bytes().to_vec()).unwrap(), key);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bytes in [
            &b""[..],
            b"a\0b\0",
            b"a\0b\0c\0d\0",
            b"a\0b\0c\0d\0\x09",
            b"a\0b\0c\0d\0\x02index",
            b"\xFF\0b\0c\0d\0\x01",
        ] {
            assert!(RawKey::stored(bytes.to_vec()).is_err(), "{bytes:?}");
        }
        let long = RawKey::build(Vec::new(), |out| out.resize(MAX_KEY + 1, 1));
        assert!(matches!(long, Err(StoreError::TooLarge { .. })));
        let mut space = Vec::new();
        assert!(matches!(put_space(["a\0", "", "", ""], Kind::Records, &mut space), Err(StoreError::InvalidKey(_))));
    }
}
