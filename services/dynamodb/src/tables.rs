//! What the service stores, and in which order.
//!
//! | Table | Key | What |
//! |---|---|---|
//! | `tables` | name | the table: its schema, settings and state |
//! | `tags` | name | the table's tags |
//! | `items` | table, hash, partition key, sort key | items |
//! | `entries` | table, index, hash, key in the index, key of the item | which items an index has |
//! | `policies` | name, label | policies of the table (the label is empty) and of its streams |
//! | `insights` | name, index | contributor insights of the table (the index is empty) and of its indexes |
//! | `scaling` | name | settings of auto scaling |
//! | `globals` | name | Regions of a global table of version 2017.11.29 |
//! | `counts`, `sizes` | table, index | items and their bytes; index 0 is the table itself |
//!
//! A table has a number, drawn when it is created, so that one that is deleted is out of sight in one write, and a new one of its name has nothing of
//! it; a timer then clears away what the old number still names.
//!
//! The *hash* is one of the partition key's bytes. Items lie in its order, and so Scan returns them; a segment of a parallel scan is a range of it.
//! The items of a partition lie together, in the order of their sort keys: Query is a range of them. The bytes of keys compare as keys do. Where an
//! index has several attributes in a key, each but the last is written so that it ends before what follows; the last stands as it is, so that a
//! prefix of it is a prefix of the key.
//!
//! An index has no copies of items. What reads an index reads the items of the table that its entries name, and projects them.

use std::collections::BTreeMap;

use kumoi_expressions::Item;
use kumoi_store::{Counter, Table};

use crate::insights::{Insights, InsightsKey};
use crate::policy::{Attached, PolicyKey};
use crate::scaling::Scaling;
use crate::table::TableRecord;

/// Table, hash, partition key, sort key: empty where the table has none.
pub(crate) type ItemRow = (u64, u64, Vec<u8>, Vec<u8>);

/// Table, index, and hash in the index; partition and sort key in the index; hash, partition key and sort key of the item.
pub(crate) type EntryRow = ((u64, u64, u64), Vec<u8>, Vec<u8>, (u64, Vec<u8>, Vec<u8>));

/// A table and one of its indexes; 0 is the table itself.
pub(crate) type Counted = (u64, u64);

pub(crate) static TABLES: Table<String, TableRecord> = Table::region("dynamodb", "tables");

pub(crate) static TAGS: Table<String, BTreeMap<String, String>> = Table::region("dynamodb", "tags");

pub(crate) static ITEMS: Table<ItemRow, Item> = Table::region("dynamodb", "items");

pub(crate) static ENTRIES: Table<EntryRow, ()> = Table::region("dynamodb", "entries");

pub(crate) static POLICIES: Table<PolicyKey, Attached> = Table::region("dynamodb", "policies");

pub(crate) static INSIGHTS: Table<InsightsKey, Insights> = Table::region("dynamodb", "insights");

pub(crate) static SCALING: Table<String, Scaling> = Table::region("dynamodb", "scaling");

pub(crate) static GLOBALS: Table<String, Vec<String>> = Table::account("dynamodb", "globals");

/// Items in a table or index.
pub(crate) static COUNTS: Counter<Counted> = Counter::region("dynamodb", "counts");

/// Bytes of the items of a table or index, by the rules of "DynamoDB item sizes and formats".
pub(crate) static SIZES: Counter<Counted> = Counter::region("dynamodb", "sizes");
