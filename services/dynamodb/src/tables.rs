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
//! | `tokens` | operation, client token | which export or import a client token has asked for |
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
//! A backup has a number, too, and its items lie under it like those of a table, without entries. What a table held at a moment of the past is what it
//! holds, with all that was changed since rolled back by its `history`: see [`crate::recovery`].
//!
//! An index has no copies of items. What reads an index reads the items of the table that its entries name, and projects them.

use std::collections::BTreeMap;

use kumoi_expressions::Item;
use kumoi_store::{Counter, Index, Table};

use crate::backup::BackupRecord;
use crate::export::{DataFile, ExportRecord};
use crate::import::ImportRecord;
use crate::recovery::history::Change;
use crate::table::TableRecord;
use crate::tokens::Token;

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

/// Items in a table or index.
pub(crate) static COUNTS: Counter<Counted> = Counter::region("dynamodb", "counts");

/// Bytes of the items of a table or index, by the rules of "DynamoDB item sizes and formats".
pub(crate) static SIZES: Counter<Counted> = Counter::region("dynamodb", "sizes");

pub(crate) static HISTORY: Table<ChangeRow, Change> = Table::region("dynamodb", "history").indexed(&[&CHANGED]);

/// Changes of a table in their order.
pub(crate) static CHANGED: Index<ChangeRow, Change, (u64, i64, u64)> =
    Index::new("changed", |key, _| Some((key.0, key.4, key.5)));

pub(crate) static READERS: Table<(u64, u64), ()> = Table::region("dynamodb", "readers");

pub(crate) static BACKUPS: Table<Owned, BackupRecord> = Table::region("dynamodb", "backups");

pub(crate) static EXPORTS: Table<Owned, ExportRecord> = Table::region("dynamodb", "exports");

pub(crate) static EXPORT_FILES: Table<(u64, u32), DataFile> = Table::region("dynamodb", "export_files");

pub(crate) static IMPORTS: Table<Owned, ImportRecord> = Table::region("dynamodb", "imports");

pub(crate) static TOKENS: Table<(String, String), Token> = Table::region("dynamodb", "tokens");
