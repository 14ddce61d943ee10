//! Transactions: reads of one moment, writes kept aside until the commit.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::engine::{AnySnapshot, Snapshot, Write, counter_bytes, counter_value};
use crate::raw::{Found, Kind, RawKey, Span, Value};
use crate::{Counter, Index, Key, KeyRange, Record, Scope, StoreError, Table};

mod access;
mod decoded;
mod work;

use work::Work;

/// The largest record, in bytes as stored.
pub const MAX_RECORD: usize = 64 << 20;
/// The most that one transaction writes, in bytes of keys and records.
pub const MAX_TRANSACTION: usize = 256 << 20;

/// The largest buffer that a thread keeps between two records, in bytes.
const MAX_BUFFER: usize = 256 << 10;

/// A transaction. It reads the world as it was at one moment, plus its own writes; others see its writes only once
/// [`Store::commit`](crate::Store::commit) has succeeded. Dropping it undoes it.
///
/// The methods take `&self`, so that a handler can share it; each is atomic in itself.
#[derive(Debug)]
pub struct Tx {
    snapshot: AnySnapshot,
    work: Mutex<Work>,
}

fn decode<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|error| StoreError::Record(error.to_string()))
}

fn encode<R: Record>(record: &R) -> Result<Value, StoreError> {
    thread_local! {
        // Records are written here first, so that each then takes one allocation, of its size.
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    buffer.clear();
    let written = rmp_serde::encode::write_named(&mut buffer, record);
    let value = match written {
        Err(error) => Err(StoreError::Record(error.to_string())),
        Ok(()) if buffer.len() > MAX_RECORD => {
            Err(StoreError::TooLarge { what: "a record", size: buffer.len(), limit: MAX_RECORD })
        }
        Ok(()) => Ok(Value::from(buffer.as_slice())),
    };
    if buffer.capacity() <= MAX_BUFFER {
        BUFFER.set(buffer);
    }
    value
}

/// The stored keys of the index entries of a record from its stored bytes, which are not looked at where there is no index.
fn stored_entries<K: Key, R: Record>(
    scope: &Scope,
    table: &Table<K, R>,
    key: &K,
    bytes: &[u8],
) -> Result<Vec<Option<RawKey>>, StoreError> {
    if table.indexes.is_empty() { Ok(Vec::new()) } else { table.entries(scope, key, &decode(bytes)?) }
}

/// The index key of an entry, and the key of its record.
fn decode_entry<I: Key, K: Key>(mut bytes: &[u8]) -> Result<(I, K), StoreError> {
    Ok((I::decode(&mut bytes)?, K::decode(&mut bytes)?))
}

impl Tx {
    pub(crate) fn new(snapshot: AnySnapshot) -> Tx {
        Tx { snapshot, work: Mutex::default() }
    }

    pub(crate) fn into_parts(self) -> (AnySnapshot, Vec<(RawKey, Write)>) {
        (self.snapshot, self.work.into_inner().writes.into_iter().collect())
    }

    pub(crate) fn snapshot(&self) -> &AnySnapshot {
        &self.snapshot
    }

    /// Which content of its world the transaction sees: another number after each reset or load, and for a later world of the same name. For
    /// who keeps something beside a world and must know whether it still belongs to it. Not kept across restarts.
    pub fn incarnation(&self) -> u64 {
        self.snapshot.incarnation()
    }

    /// The record under a key.
    ///
    /// # Errors
    /// [`StoreError::Record`] when the stored bytes are not an `R`; errors of the engine.
    pub async fn get<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
    ) -> Result<Option<R>, StoreError> {
        let raw = table.place.key(scope, Kind::Records, key)?;
        self.read(raw).await?.map(|bytes| decode(&bytes)).transpose()
    }

    /// The record under a key, shared with others who read it. For what is read by most requests and changed by few: as long as it stays the
    /// same, it is decoded seldom.
    ///
    /// # Errors
    /// As for [`Tx::get`].
    pub async fn get_shared<K: Key, R: Record + Any>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
    ) -> Result<Option<Arc<R>>, StoreError> {
        let raw = table.place.key(scope, Kind::Records, key)?;
        let Some(bytes) = self.read(raw).await? else { return Ok(None) };
        if let Some(record) = decoded::get(&bytes) {
            return Ok(Some(record));
        }
        let record: Arc<R> = Arc::new(decode(&bytes)?);
        decoded::keep(bytes, record.clone());
        Ok(Some(record))
    }

    /// Stores a record, in place of the one that the key had, and brings the table's indexes up to date.
    ///
    /// In a table without indexes this reads nothing, so it conflicts with no other writer: the later commit wins.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`MAX_RECORD`] or [`MAX_TRANSACTION`]; errors of the engine.
    pub async fn put<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        record: &R,
    ) -> Result<(), StoreError> {
        let old = match table.indexes {
            [] => None,
            _ => self.read(table.place.key(scope, Kind::Records, key)?).await?,
        };
        let old = old.map(|bytes| stored_entries(scope, table, key, &bytes)).transpose()?.unwrap_or_default();
        self.store(scope, table, key, record, old)
    }

    /// Stores a record, and moves its entries in the table's indexes from where they were; an index without an old one gets its first.
    fn store<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        record: &R,
        old: Vec<Option<RawKey>>,
    ) -> Result<(), StoreError> {
        let raw = table.place.key(scope, Kind::Records, key)?;
        let bytes = encode(record)?;
        let mut work = self.work.lock();
        for (index, old) in table.indexes.iter().zip(old.into_iter().chain(std::iter::repeat_with(|| None))) {
            work.move_entry(old, table.entry(scope, *index, key, record)?)?;
        }
        work.write(raw, Write::Put(bytes))
    }

    /// Stores the first record of a key that never had one: a key made from a number that is drawn once. As [`Tx::put`], without looking for a
    /// record that the indexes have to forget.
    ///
    /// # Errors
    /// As for [`Tx::put`].
    pub async fn insert<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        record: &R,
    ) -> Result<(), StoreError> {
        self.store(scope, table, key, record, Vec::new())
    }

    /// Changes a record, which is what this transaction reads under the key, and stores it. As [`Tx::put`], without reading it again.
    ///
    /// # Errors
    /// As for [`Tx::put`].
    pub async fn modify<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        record: &mut R,
        change: impl FnOnce(&mut R) + Send,
    ) -> Result<(), StoreError> {
        let old = table.entries(scope, key, record)?;
        change(record);
        self.store(scope, table, key, record, old)
    }

    /// Removes a record, `old`, which is what this transaction reads under the key. As [`Tx::delete`], without reading it again.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn remove<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
        old: &R,
    ) -> Result<(), StoreError> {
        self.forget(table.place.key(scope, Kind::Records, key)?, table.entries(scope, key, old)?)
    }

    /// Removes a record and its index entries; whether there was one.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn delete<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        key: &K,
    ) -> Result<bool, StoreError> {
        let raw = table.place.key(scope, Kind::Records, key)?;
        let Some(old) = self.read(raw.clone()).await? else { return Ok(false) };
        self.forget(raw, stored_entries(scope, table, key, &old)?)?;
        Ok(true)
    }

    /// The first records of a range, at most `limit`.
    ///
    /// Only the part up to the last record that is returned counts as read: a page of the oldest messages does not conflict with
    /// messages arriving at the end.
    ///
    /// # Errors
    /// [`StoreError::Record`] when stored bytes are not an `R`; errors of the engine.
    pub async fn range<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        range: KeyRange<K>,
        limit: usize,
    ) -> Result<Vec<(K, R)>, StoreError> {
        let span = Span::new(table.place.space(scope, Kind::Records)?, &range);
        let found = self.scan(span, range.reverse, limit).await?;
        found.iter().map(|(key, value)| Ok((K::decode(&mut &**key)?, decode(value)?))).collect()
    }

    /// The first entries of a range of an index with their records, at most `limit`: index key, key, record.
    ///
    /// # Errors
    /// As for [`Tx::range`].
    pub async fn index<K: Key, R: Record, I: Key>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        index: &Index<K, R, I>,
        range: KeyRange<I>,
        limit: usize,
    ) -> Result<Vec<(I, K, R)>, StoreError> {
        let record_key = |entry: &[u8]| {
            let (_, key) = decode_entry::<I, K>(entry)?;
            table.place.key(scope, Kind::Records, &key)
        };
        let span = Span::new(table.place.space(scope, Kind::Index(index.name))?, &range);
        let found = self.follow(span, range.reverse, limit, record_key).await?;
        let read = |(entry, bytes): (Found, Option<Value>)| {
            let (entry, key) = decode_entry(&entry.0)?;
            let missing = || StoreError::corrupt(format!("an entry of {index:?} over {table:?} has no record"));
            Ok((entry, key, decode(&bytes.ok_or_else(missing)?)?))
        };
        found.into_iter().map(read).collect()
    }

    /// The first entries of a range of an index, at most `limit`, without reading the records: index key and key.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn index_keys<K: Key, R: Record, I: Key>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        index: &Index<K, R, I>,
        range: KeyRange<I>,
        limit: usize,
    ) -> Result<Vec<(I, K)>, StoreError> {
        let span = Span::new(table.place.space(scope, Kind::Index(index.name))?, &range);
        let found = self.scan(span, range.reverse, limit).await?;
        found.iter().map(|(entry, _)| decode_entry(entry)).collect()
    }

    /// How many records a range has. Takes time in proportion; keep a [`Counter`] for what is asked often.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn count_range<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        range: KeyRange<K>,
    ) -> Result<usize, StoreError> {
        self.count(Span::new(table.place.space(scope, Kind::Records)?, &range)).await
    }

    /// How many entries a range of an index has, in time in proportion to that.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn count_index<K: Key, R: Record, I: Key>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        index: &Index<K, R, I>,
        range: KeyRange<I>,
    ) -> Result<usize, StoreError> {
        self.count(Span::new(table.place.space(scope, Kind::Index(index.name))?, &range)).await
    }

    /// Removes the records of a range and their index entries; how many there were.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] when that is more than one transaction can change (some hundred thousand records): remove them in parts.
    pub async fn delete_range<K: Key, R: Record>(
        &self,
        scope: &Scope,
        table: &Table<K, R>,
        range: KeyRange<K>,
    ) -> Result<usize, StoreError> {
        let space = table.place.space(scope, Kind::Records)?;
        let found = self.scan(Span::new(space.clone(), &range), range.reverse, usize::MAX).await?;
        for (bytes, value) in &found {
            let key = K::decode(&mut &**bytes)?;
            self.forget(RawKey::join(&space, bytes), stored_entries(scope, table, &key, value)?)?;
        }
        Ok(found.len())
    }

    /// Adds to a counter. Conflicts with those who read the counter, not with others who add. Saturates at the bounds of `i64`.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn add<K: Key>(
        &self,
        scope: &Scope,
        counter: &Counter<K>,
        key: &K,
        delta: i64,
    ) -> Result<(), StoreError> {
        let raw = counter.place.key(scope, Kind::Counters, key)?;
        let mut work = self.work.lock();
        let write = match work.writes.get(&raw) {
            None => Write::Add(delta),
            Some(Write::Add(sum)) => Write::Add(sum.saturating_add(delta)),
            Some(Write::Delete) => absolute(delta),
            Some(Write::Put(value)) => absolute(counter_value(Some(value))?.saturating_add(delta)),
        };
        work.write(raw, write)
    }

    /// The value of a counter; 0 when it was never added to.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn counter<K: Key>(&self, scope: &Scope, counter: &Counter<K>, key: &K) -> Result<i64, StoreError> {
        let raw = counter.place.key(scope, Kind::Counters, key)?;
        let added = match self.work.lock().writes.get(&raw) {
            Some(Write::Add(delta)) => *delta,
            _ => 0,
        };
        Ok(counter_value(self.read(raw).await?.as_ref())?.saturating_add(added))
    }

    /// The value of a counter at this moment, own additions included, without counting as read: no later addition conflicts with it or wakes who
    /// waits. For bounds that may be passed by a little.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn glance<K: Key>(&self, scope: &Scope, counter: &Counter<K>, key: &K) -> Result<i64, StoreError> {
        let raw = counter.place.key(scope, Kind::Counters, key)?;
        let own = self.work.lock().writes.get(&raw).cloned();
        let stored = counter_value(self.snapshot.glance(&raw).await?.as_ref())?;
        match own {
            None => Ok(stored),
            Some(Write::Add(delta)) => Ok(stored.saturating_add(delta)),
            Some(Write::Put(value)) => counter_value(Some(&value)),
            Some(Write::Delete) => Ok(0),
        }
    }

    /// Sets a counter back to 0.
    ///
    /// # Errors
    /// Errors of the engine.
    pub async fn clear_counter<K: Key>(&self, scope: &Scope, counter: &Counter<K>, key: &K) -> Result<(), StoreError> {
        let raw = counter.place.key(scope, Kind::Counters, key)?;
        self.work.lock().write(raw, Write::Delete)
    }

    /// Whether the transaction would change anything.
    pub fn has_writes(&self) -> bool {
        !self.work.lock().writes.is_empty()
    }

    /// Takes back all writes and keeps what was read: to wait for a change after finding nothing to do, or to answer with an error that
    /// must leave no trace.
    pub fn undo(&self) {
        let mut work = self.work.lock();
        work.writes.clear();
        work.size = 0;
    }
}

fn absolute(value: i64) -> Write {
    counter_bytes(value).map_or(Write::Delete, Write::Put)
}
