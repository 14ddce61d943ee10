//! `NextToken`: the row behind which the next page begins. A token is for the statement, the parameters and the table that it was made for.

use kumoi_core::{Fault, paging};

use crate::errors::validation;
use crate::key::{KeyBytes, hash};
use crate::read::page::Start;

/// Where a page begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Which of the partitions that the statement names; 0 for a scan.
    pub(super) partition: usize,
    /// The row in front of it; none for the partition's begin.
    pub(super) after: Option<Start>,
}

/// Partition; partition and sort key of the item, and of its entry in the index. A partition key is never empty, so that emptiness says: none.
type Row = (u64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

/// The token that leads to a place.
pub(super) fn write(statement: &str, place: Place) -> String {
    let partition = u64::try_from(place.partition).unwrap_or(u64::MAX);
    let (item, entry) = place.after.map_or((None, None), |start| (Some(start.item), start.entry));
    let bytes = |key: Option<KeyBytes>| key.map(|key| (key.partition, key.sort)).unwrap_or_default();
    let ((item, item_sort), (entry, entry_sort)) = (bytes(item), bytes(entry));
    let row: Row = (partition, item, item_sort, entry, entry_sort);
    paging::token(statement, &row)
}

/// The place to which a token leads.
pub(super) fn read(statement: &str, token: Option<&str>) -> Result<Place, Fault> {
    let Some(token) = token else { return Ok(Place::default()) };
    let row = paging::key::<Row>(statement, token);
    let (partition, item, item_sort, entry, entry_sort) =
        row.ok_or_else(|| validation("NextToken does not match request"))?;
    let key = |partition: Vec<u8>, sort| {
        (!partition.is_empty()).then(|| KeyBytes { hash: hash(&partition), partition, sort })
    };
    let after = key(item, item_sort).map(|item| Start { item, entry: key(entry, entry_sort) });
    Ok(Place { partition: usize::try_from(partition).unwrap_or(usize::MAX), after })
}
