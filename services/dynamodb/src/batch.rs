//! `BatchWriteItem`: up to 25 puts and deletes, of any tables. Here all of them are made, and in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;

use crate::api::{BatchWriteItemInput, BatchWriteItemOutput, WriteRequest};
use crate::capacity::Consumed;
use crate::errors::{invalid, validation};
use crate::item::check_size;
use crate::key::KeyBytes;
use crate::table::Located;
use crate::{attribute, key, write};

/// Puts and deletes of a request.
const MAX_WRITES: usize = 25;

/// One of the writes: an item that is put, or the key of one that is deleted.
enum Wanted {
    Put(Item),
    Delete(Item),
}

pub(crate) async fn batch_write(cx: &Cx, input: BatchWriteItemInput) -> Reply<BatchWriteItemOutput> {
    if input.request_items.values().map(Vec::len).sum::<usize>() > MAX_WRITES {
        return Err(validation("Too many items requested for the BatchWriteItem call").into());
    }
    let mut tables = Vec::new();
    for (table, requests) in &input.request_items {
        tables.push((table, requests.iter().map(wanted).collect::<Result<Vec<_>, _>>()?));
    }
    let mut consumed = Vec::new();
    for (table, wanted) in tables {
        let at = Located::for_items(cx, table).await?;
        let units = write_all(cx, &at, wanted).await?;
        consumed.extend(units.told(&at, input.return_consumed_capacity.as_deref()));
    }
    Ok(BatchWriteItemOutput {
        unprocessed_items: Some(BTreeMap::new()),
        consumed_capacity: (!consumed.is_empty()).then_some(consumed),
        ..BatchWriteItemOutput::default()
    })
}

fn wanted(request: &WriteRequest) -> Result<Wanted, Fault> {
    match (&request.put_request, &request.delete_request) {
        (Some(put), None) => {
            let item = attribute::item(&put.item)?;
            check_size(&item)?;
            Ok(Wanted::Put(item))
        }
        (None, Some(delete)) => Ok(Wanted::Delete(attribute::item(&delete.key)?)),
        _ => Err(invalid("Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest")),
    }
}

/// Makes the writes of one table, after all of them were found to be valid.
async fn write_all(cx: &Cx, at: &Located, wanted: Vec<Wanted>) -> Reply<Consumed> {
    let mut changes: Vec<(KeyBytes, Option<Item>)> = Vec::with_capacity(wanted.len());
    let mut keys = BTreeSet::new();
    for wanted in wanted {
        let change = match wanted {
            Wanted::Put(item) => {
                let key = key::of_item(&at.table.key, &item)?;
                key::check_indexes(&at.table, &item)?;
                (key, Some(item))
            }
            Wanted::Delete(key) => (key::of_request(&at.table.key, &key)?, None),
        };
        if !keys.insert((change.0.partition.clone(), change.0.sort.clone())) {
            return Err(validation("Provided list of item keys contains duplicates").into());
        }
        changes.push(change);
    }
    let mut consumed = Consumed::default();
    for (key, new) in changes {
        let old = write::read(cx, at, &key).await?;
        write::write(cx, at, &key, old.as_ref(), new.as_ref()).await?;
        consumed.add(&Consumed::write(&at.table, old.as_ref(), new.as_ref(), 1.0));
    }
    Ok(consumed)
}
