//! Which tables a world has.

use crate::engine::Snapshot;
use crate::raw::{Kind, RawKey, parse};
use crate::{StoreError, Tx};

/// How many entries are read at a time.
const PAGE: usize = 1000;

/// A table of records in a scope, or a table of counters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableInfo {
    /// The account; empty for a table of the world.
    pub account: String,
    /// The region; empty for a table of the world or the account.
    pub region: String,
    /// The service.
    pub service: String,
    /// The table or counter.
    pub table: String,
    /// How many records or counters it has.
    pub records: u64,
    /// The bytes of their keys and values.
    pub bytes: u64,
}

impl TableInfo {
    fn is_of(&self, account: &str, region: &str, service: &str, table: &str) -> bool {
        self.account == account && self.region == region && self.service == service && self.table == table
    }
}

/// Counts the records of every table, in the order of the keys. Index entries are left out.
pub(crate) async fn tables(tx: &Tx) -> Result<Vec<TableInfo>, StoreError> {
    let (mut tables, mut last) = (Vec::<TableInfo>::new(), None::<RawKey>);
    loop {
        let page = tx.snapshot().entries(last.as_ref(), PAGE).await?;
        let Some((key, _)) = page.last() else { return Ok(tables) };
        last = Some(key.clone());
        for (key, value) in &page {
            let Some(parts) = parse(key.bytes()) else { continue };
            if matches!(parts.kind, Kind::Index(_)) {
                continue;
            }
            let bytes = (parts.key.len() + value.len()) as u64;
            match tables.last_mut() {
                Some(table) if table.is_of(parts.account, parts.region, parts.service, parts.table) => {
                    table.records += 1;
                    table.bytes += bytes;
                }
                _ => tables.push(TableInfo {
                    account: parts.account.into(),
                    region: parts.region.into(),
                    service: parts.service.into(),
                    table: parts.table.into(),
                    records: 1,
                    bytes,
                }),
            }
        }
        tokio::task::yield_now().await;
    }
}
