//! Declarations of tables, indexes and counters. They are statics of the services; the store needs no other schema.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use crate::raw::{Kind, RawKey, put_space};
use crate::{Key, StoreError};

/// What can be stored: anything that serde carries. Records are MessagePack with field names, so a field can be added with
/// `#[serde(default)]` and read from records written before.
pub trait Record: serde::Serialize + serde::de::DeserializeOwned + Send + Sync {}
impl<R: serde::Serialize + serde::de::DeserializeOwned + Send + Sync> Record for R {}

/// What the keys of a table are scoped by. Two scopes never see each other's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// One table for the whole world.
    World,
    /// One table for each account.
    Account,
    /// One table for each account and region.
    Region,
}

/// An account and a region. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The account id.
    pub account: Arc<str>,
    /// The region's name.
    pub region: Arc<str>,
}

impl Scope {
    /// The scope of an account in a region.
    pub fn new(account: &str, region: &str) -> Scope {
        Scope { account: account.into(), region: region.into() }
    }

    /// The scope for tables of [`Level::World`], which look at neither account nor region.
    pub fn world() -> Scope {
        // Shared by all, so that this allocates nothing.
        static WORLD: LazyLock<Scope> = LazyLock::new(|| Scope::new("", ""));
        WORLD.clone()
    }
}

/// Where a table or counter lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    level: Level,
    service: &'static str,
    name: &'static str,
}

impl Place {
    /// The bytes of the space of this table in this scope.
    pub(crate) fn space(&self, scope: &Scope, kind: Kind<'_>) -> Result<Vec<u8>, StoreError> {
        let (account, region) = match self.level {
            Level::World => ("", ""),
            Level::Account => (&*scope.account, ""),
            Level::Region => (&*scope.account, &*scope.region),
        };
        // Room for the key too, so that most keys are built with one allocation.
        let mut space = Vec::with_capacity(account.len() + region.len() + self.service.len() + self.name.len() + 48);
        put_space([account, region, self.service, self.name], kind, &mut space)?;
        Ok(space)
    }

    pub(crate) fn key(&self, scope: &Scope, kind: Kind<'_>, key: &impl Key) -> Result<RawKey, StoreError> {
        RawKey::build(self.space(scope, kind)?, |out| key.encode(out))
    }
}

/// A table of records `R` under ordered keys `K`.
///
/// `static QUEUES: Table<String, Queue> = Table::region("sqs", "queues");`
pub struct Table<K, R>
where
    K: 'static,
    R: 'static,
{
    pub(crate) place: Place,
    pub(crate) indexes: &'static [&'static dyn IndexOn<K, R>],
}

impl<K: Key, R: Record> Table<K, R> {
    /// A table that each account has in each region.
    pub const fn region(service: &'static str, name: &'static str) -> Table<K, R> {
        Table { place: Place { level: Level::Region, service, name }, indexes: &[] }
    }

    /// A table that each account has once.
    pub const fn account(service: &'static str, name: &'static str) -> Table<K, R> {
        Table { place: Place { level: Level::Account, service, name }, indexes: &[] }
    }

    /// A table that each world has once.
    pub const fn world(service: &'static str, name: &'static str) -> Table<K, R> {
        Table { place: Place { level: Level::World, service, name }, indexes: &[] }
    }

    /// Declares the indexes that the store keeps with this table. An index added to a table that has records already covers those that are
    /// written from then on.
    #[must_use]
    pub const fn indexed(self, indexes: &'static [&'static dyn IndexOn<K, R>]) -> Table<K, R> {
        Table { place: self.place, indexes }
    }

    /// The stored key of a record's entry in an index, if it has one.
    pub(crate) fn entry(
        &self,
        scope: &Scope,
        index: &dyn IndexOn<K, R>,
        key: &K,
        record: &R,
    ) -> Result<Option<RawKey>, StoreError> {
        let mut present = false;
        let raw = RawKey::build(self.place.space(scope, Kind::Index(index.name()))?, |out| {
            present = index.entry(key, record, out);
            key.encode(out);
        })?;
        Ok(present.then_some(raw))
    }

    /// The stored keys of a record's entries, in the order of the table's indexes; `None` where it has none.
    pub(crate) fn entries(&self, scope: &Scope, key: &K, record: &R) -> Result<Vec<Option<RawKey>>, StoreError> {
        self.indexes.iter().map(|index| self.entry(scope, *index, key, record)).collect()
    }

    /// The service and the name of the table.
    pub fn name(&self) -> (&'static str, &'static str) {
        (self.place.service, self.place.name)
    }
}

impl<K, R> fmt::Debug for Table<K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}/{})", self.place.service, self.place.name)
    }
}

/// An index over a table of records `R` under keys `K`. Implemented by [`Index`].
pub trait IndexOn<K, R>: Sync {
    /// The name of the index, unique within its table.
    fn name(&self) -> &'static str;
    /// Appends the encoded index key of a record; `false` when the record is not in the index.
    fn entry(&self, key: &K, record: &R, out: &mut Vec<u8>) -> bool;
}

/// A secondary index: orders the records of a table by another key `I`, which need not be unique. Kept by the store with every write.
///
/// `static READY: Index<(String, u64), Message, i64> = Index::new("ready", |_, message| message.visible_at);`
pub struct Index<K, R, I> {
    pub(crate) name: &'static str,
    of: fn(&K, &R) -> Option<I>,
    types: PhantomData<fn(K, R) -> I>,
}

impl<K, R, I> Index<K, R, I> {
    /// Declares an index. The function gives a record's index key, or `None` for a record that is not in the index; it must depend on its
    /// arguments alone, or entries would be left behind.
    pub const fn new(name: &'static str, of: fn(&K, &R) -> Option<I>) -> Index<K, R, I> {
        Index { name, of, types: PhantomData }
    }
}

impl<K, R, I: Key> IndexOn<K, R> for Index<K, R, I> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn entry(&self, key: &K, record: &R, out: &mut Vec<u8>) -> bool {
        match (self.of)(key, record) {
            Some(entry) => {
                entry.encode(out);
                true
            }
            None => false,
        }
    }
}

impl<K, R, I> fmt::Debug for Index<K, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.name)
    }
}

/// A table of counters. Additions do not conflict with each other, so many writers can count without rerunning; reading a counter conflicts with additions
/// to it. A counter that was never added to, or that is back at 0, takes no space.
pub struct Counter<K> {
    pub(crate) place: Place,
    keys: PhantomData<fn(K)>,
}

impl<K: Key> Counter<K> {
    /// Counters that each account has in each region.
    pub const fn region(service: &'static str, name: &'static str) -> Counter<K> {
        Counter { place: Place { level: Level::Region, service, name }, keys: PhantomData }
    }

    /// Counters that each account has once.
    pub const fn account(service: &'static str, name: &'static str) -> Counter<K> {
        Counter { place: Place { level: Level::Account, service, name }, keys: PhantomData }
    }

    /// Counters that each world has once.
    pub const fn world(service: &'static str, name: &'static str) -> Counter<K> {
        Counter { place: Place { level: Level::World, service, name }, keys: PhantomData }
    }
}

impl<K> fmt::Debug for Counter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counter({}/{})", self.place.service, self.place.name)
    }
}
