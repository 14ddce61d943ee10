//! The state of kumoi: typed records in named tables, changed in transactions.
//!
//! - A **record** lies in a [`Table`] under an ordered [`Key`], scoped to an account and region where the table says so. An [`Index`]
//!   orders records by another key, a [`Counter`] counts without conflicts.
//! - A **transaction** ([`Tx`]) reads the world as of one moment and keeps its writes to itself. [`Store::commit`] applies them if nothing that it read has
//!   changed meanwhile, and answers [`StoreError::Conflict`] otherwise: the caller runs it again. So readers never block writers, and
//!   the outcome is that of running transactions one after the other.
//! - A **world** is all state, several times over: [`Store::fork`] copies one in constant time.
//! - A **blob** is what is too large for a record: a file, written once as a stream and named by records. See [`Blobs`].
//! - Engines: memory; a directory (a log in front of an ordered base); and one that disturbs another, for tests.

mod blobs;
mod config;
mod conflict;
mod diff;
mod engine;
mod error;
mod key;
mod range;
mod raw;
mod readable;
pub mod save;
mod start;
mod store;
mod table;
mod tables;
mod tx;
mod wait;
mod worlds;

pub use blobs::{BlobId, BlobReader, BlobWriter, Blobs, NAMED, Staged, named as named_blobs};
pub use config::{EngineConfig, Fsync, Stats, StoreConfig};
pub use diff::Difference;
pub use error::StoreError;
pub use key::Key;
pub use range::KeyRange;
pub use save::SaveStats;
pub use start::{AsKey, StartOf};
pub use store::Store;
pub use table::{Counter, Index, IndexOn, Level, Record, Scope, Table};
pub use tables::TableInfo;
pub use tx::{MAX_RECORD, MAX_TRANSACTION, Tx};
pub use worlds::{WorldId, WorldInfo};
