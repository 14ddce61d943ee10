//! What the service stores, and in which order.
//!
//! | Table | Key | What |
//! |---|---|---|
//! | `tables` | name | the table: its schema, settings and state |
//! | `tags` | name | the table's tags |
//! | `items` | table, hash, partition key, sort key | items |
//! | `entries` | table, index, hash, key in the index, key of the item | which items an index has |
//! | `history` | table, hash, partition key, sort key, moment, sequence | what an item was before a change |
//! | `readers` | table, reader | work under way that reads the items of that number |
//! | `backups` | table's name, id | backups |
//! | `exports`, `imports` | table's name, id | exports to and imports from Amazon S3 |
//! | `export_files` | export, file | the data files of an export that is under way |
//! | `client_tokens` | operation, client token | which export or import a client token has asked for |
//! | `policies` | name, label | policies of the table (the label is empty) and of its streams |
//! | `insights` | name, index | contributor insights of the table (the index is empty) and of its indexes |
//! | `scaling` | name | settings of auto scaling |
//! | `globals` | name | Regions of a global table of version 2017.11.29 |
//! | `streams` | name, label | the streams of tables, those included that are disabled |
//! | `changes` | stream, epoch, number | their records |
//! | `epochs`, `trimmed` | stream | the epoch that writers write to; the last record that was trimmed |
//! | `expiries` | generation, second, hash, partition key, sort key | when which items expire |
//! | `armed` | generation | the second for which the timer is set that removes expired items |
//! | `counts`, `sizes` | table, index | items and their bytes; index 0 is the table itself |
//! | `buckets`, `spent` | table, index, reads or writes | capacity, where it bites |
//! | `collections` | table, partition key | bytes of item collections |
//! | `tokens` | client request token | transactions that were made with it |
//!
//! A table has a number, drawn when it is created, so that one that is deleted is out of sight in one write, and a new one of its name has nothing of
//! it; a timer then clears away what the old number still names.
//!
//! The *hash* is one of the partition key's bytes. Items lie in its order, and so Scan returns them; a segment of a parallel scan is a range of it.
//! The items of a partition lie together, in the order of their sort keys: Query is a range of them. The bytes of keys compare as keys do. Where an
//! index has several attributes in a key, each but the last is written so that it ends before what follows; the last stands as it is, so that a
//! prefix of it is a prefix of the key.
//!
//! A backup has a number, too, and its items lie under it like those of a table, without entries. What a table held at a moment of the past is what it
//! holds, with all that was changed since rolled back by its `history`: see [`crate::recovery`].
//!
//! An index has no copies of items. What reads an index reads the items of the table that its entries name, and projects them.

use std::collections::BTreeMap;

use kumoi_expressions::Item;
use kumoi_store::{Counter, Index, Table};

use crate::backup::BackupRecord;
use crate::client_token;
use crate::export::{DataFile, ExportRecord};
use crate::import::ImportRecord;
use crate::insights::{Insights, InsightsKey};
use crate::policy::{Attached, PolicyKey};
use crate::recovery::history;
use crate::scaling::Scaling;
use crate::streams::{Change, Position, StreamRecord};
use crate::table::TableRecord;
use crate::throttle::Bucket;
use crate::transaction::token::Token;

/// Table, hash, partition key, sort key: empty where the table has none.
pub(crate) type ItemRow = (u64, u64, Vec<u8>, Vec<u8>);

/// Table, index, and hash in the index; partition and sort key in the index; hash, partition key and sort key of the item.
pub(crate) type EntryRow = ((u64, u64, u64), Vec<u8>, Vec<u8>, (u64, Vec<u8>, Vec<u8>));

/// Table, hash, partition key, sort key; moment in microseconds, and the world's sequence, which tells changes of one moment apart.
pub(crate) type ChangeRow = (u64, u64, Vec<u8>, Vec<u8>, i64, u64);

/// Name of a table, and id of one of its backups, exports or imports.
pub(crate) type Owned = (String, String);

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
/// The streams of tables. A table has several when one was disabled in the last 24 hours.
pub(crate) static STREAMS: Table<(String, String), StreamRecord> = Table::region("dynamodb", "streams");

/// Stream, epoch, number; see [`crate::streams::position`].
pub(crate) static CHANGES: Table<(u64, u64, u64), Change> = Table::region("dynamodb", "changes");

pub(crate) static EPOCHS: Table<u64, u64> = Table::region("dynamodb", "epochs");

pub(crate) static TRIMMED: Table<u64, Position> = Table::region("dynamodb", "trimmed");

/// Generation of a table's time to live, second since 1970, and the key of an item; see [`crate::time_to_live`].
pub(crate) type Expiry = (u64, i64, u64, Vec<u8>, Vec<u8>);

pub(crate) static EXPIRIES: Table<Expiry, ()> = Table::region("dynamodb", "expiries");

pub(crate) static ARMED: Table<u64, i64> = Table::region("dynamodb", "armed");

/// Items in a table or index.
pub(crate) static COUNTS: Counter<Counted> = Counter::region("dynamodb", "counts");

/// Bytes of the items of a table or index, by the rules of "DynamoDB item sizes and formats".
pub(crate) static SIZES: Counter<Counted> = Counter::region("dynamodb", "sizes");

pub(crate) static HISTORY: Table<ChangeRow, history::Change> =
    Table::region("dynamodb", "history").indexed(&[&CHANGED]);

/// Changes of a table in their order.
pub(crate) static CHANGED: Index<ChangeRow, history::Change, (u64, i64, u64)> =
    Index::new("changed", |key, _| Some((key.0, key.4, key.5)));

pub(crate) static READERS: Table<(u64, u64), ()> = Table::region("dynamodb", "readers");

pub(crate) static BACKUPS: Table<Owned, BackupRecord> = Table::region("dynamodb", "backups");

pub(crate) static EXPORTS: Table<Owned, ExportRecord> = Table::region("dynamodb", "exports");

pub(crate) static EXPORT_FILES: Table<(u64, u32), DataFile> = Table::region("dynamodb", "export_files");

pub(crate) static IMPORTS: Table<Owned, ImportRecord> = Table::region("dynamodb", "imports");

pub(crate) static CLIENT_TOKENS: Table<(String, String), client_token::Token> =
    Table::region("dynamodb", "client_tokens");

/// Bytes of an item collection, in tables with local indexes.
pub(crate) static COLLECTIONS: Counter<(u64, Vec<u8>)> = Counter::region("dynamodb", "collections");

/// A table, one of its indexes (0 is the table itself), and 0 for reads, 1 for writes.
pub(crate) type BucketKey = (u64, u64, u64);

pub(crate) static BUCKETS: Table<BucketKey, Bucket> = Table::region("dynamodb", "buckets");

/// Half units that were ever taken out of a bucket.
pub(crate) static SPENT: Counter<BucketKey> = Counter::region("dynamodb", "spent");

pub(crate) static TOKENS: Table<String, Token> = Table::region("dynamodb", "tokens");
