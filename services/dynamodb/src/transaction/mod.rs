//! Transactions: TransactGetItems and TransactWriteItems.
//!
//! Follows "Amazon DynamoDB Transactions: How it works" of the Developer Guide, and the two operations in the API Reference. The store makes every
//! operation a transaction that is serializable, so there is nothing to lock or to undo here, and no transaction fails because another is on its way:
//! it runs again.
//!
//! What is wrong with a request by itself fails it with the error that any operation has. What is wrong between a request and its tables, and
//! conditions that do not hold, cancel the transaction, with a reason for each action (`cancellation`).
//!
//! | Module | What it is about |
//! |---|---|
//! | `get`, `write` | the operations |
//! | `cancellation` | why a transaction is cancelled |
//! | `token` | `ClientRequestToken` |

pub(crate) mod cancellation;
pub(crate) mod get;
pub(crate) mod token;
pub(crate) mod write;

use std::collections::{BTreeMap, BTreeSet};

use kumoi_core::{Cx, Fault, Reply};

use crate::api::ConsumedCapacity;
use crate::capacity::{Consistency, Consumed, Units, read_units};
use crate::errors::validation;
use crate::key::KeyBytes;
use crate::table::Located;

/// The most bytes of a transaction: 4 MB.
const MAX_BYTES: usize = 4 << 20;

pub(crate) fn check_bytes(bytes: usize) -> Result<(), Fault> {
    if bytes > MAX_BYTES {
        return Err(validation("Transaction payload size cannot exceed 4 MB"));
    }
    Ok(())
}

/// The tables that a transaction names, each looked up once.
pub(crate) async fn locate<'a>(cx: &Cx, names: impl Iterator<Item = &'a String>) -> Reply<Vec<Located>> {
    let mut known: BTreeMap<&String, Located> = BTreeMap::new();
    let mut all = Vec::new();
    for name in names {
        let at = match known.get(name) {
            Some(at) => at.clone(),
            None => Located::for_items(cx, name).await?,
        };
        known.insert(name, at.clone());
        all.push(at);
    }
    Ok(all)
}

/// No two actions may be about the same item.
pub(crate) fn check_distinct(tables: &[Located], keys: &[KeyBytes]) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    let mut all = tables.iter().zip(keys);
    match all.all(|(at, key)| seen.insert((at.table.id, &key.partition, &key.sort))) {
        true => Ok(()),
        false => Err(validation("Transaction request cannot include multiple operations on one item")),
    }
}

/// What the actions of a transaction consumed, by table.
#[derive(Default)]
pub(crate) struct Bill {
    tables: BTreeMap<String, Consumed>,
}

impl Bill {
    fn add(&mut self, table: &str, consumed: &Consumed) {
        self.tables.entry(table.to_owned()).or_default().add(consumed);
    }

    /// Adds a transactional read of so many bytes, and says what it consumed.
    fn add_read(&mut self, table: &str, bytes: usize) -> Consumed {
        let consumed = Consumed::table(read_units(bytes, Consistency::Transactional));
        self.add(table, &consumed);
        consumed
    }

    /// What the request is told, as its `ReturnConsumedCapacity` asks.
    pub(crate) fn told(&self, asked: Option<&str>, kind: Units) -> Option<Vec<ConsumedCapacity>> {
        let told = self.tables.iter().filter_map(|(name, consumed)| consumed.told_as(name, asked, kind));
        matches!(asked, Some("TOTAL" | "INDEXES")).then(|| told.collect())
    }
}
