//! `BatchWriteItem`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;

use crate::api::{
    BatchWriteItemInput, BatchWriteItemOutput, DeleteItemInput, DeleteRequest, PutItemInput, PutRequest, WriteRequest,
};
use crate::attribute::values;
use crate::batch::{check_distinct, check_number};
use crate::capacity::Consumed;
use crate::collection::{self, Collections};
use crate::errors::validation;
use crate::item::action::{Action, Change, Refusal};
use crate::item::{delete, put};
use crate::key::{self, KeyBytes};
use crate::table::{KeySchema, Located};

/// Items that can be written.
const MAX_ITEMS: usize = 25;

pub(crate) async fn write(cx: &Cx, input: BatchWriteItemInput) -> Reply<BatchWriteItemOutput> {
    check_number(input.request_items.values().map(Vec::len).sum(), MAX_ITEMS, "BatchWriteItem")?;
    let mut wanted = Vec::with_capacity(input.request_items.len());
    for (name, requests) in input.request_items {
        wanted.push((name, requests.into_iter().map(read).collect::<Result<Vec<_>, Fault>>()?));
    }
    let mut tables = Vec::with_capacity(wanted.len());
    for (name, actions) in wanted {
        let at = Located::for_items(cx, &name).await?;
        let keys = actions.iter().map(|action| key_of(&at, action)).collect::<Result<Vec<_>, Fault>>()?;
        check_distinct(&keys)?;
        tables.push((name, at, actions));
    }
    let (mut collections, mut capacity) = (Collections::default(), Vec::new());
    let (mut unprocessed, mut done, mut throttled) = (BTreeMap::<_, Vec<_>>::new(), 0, None);
    for (name, at, actions) in tables {
        let mut consumed = Consumed::default();
        for action in &actions {
            match action.attempt(cx, &at).await? {
                Ok(planned) => consumed.add(&planned.consumed(&at, 1.0)),
                Err(Refusal::Throttled(fault)) => {
                    throttled = Some(fault);
                    unprocessed.entry(name.clone()).or_default().push(request(action));
                    continue;
                }
                Err(refusal) => return Err(Fault::from(refusal).into()),
            }
            done += 1;
        }
        for action in &actions {
            let asked = input.return_item_collection_metrics.as_deref();
            collections.add(&name, collection::told(cx, &at, action.given(), asked).await?);
        }
        capacity.extend(consumed.told(&at, input.return_consumed_capacity.as_deref()));
    }
    if let Some(fault) = throttled.filter(|_| done == 0) {
        return Err(fault.into());
    }
    Ok(BatchWriteItemOutput {
        unprocessed_items: Some(unprocessed),
        item_collection_metrics: collections.all(),
        consumed_capacity: input.return_consumed_capacity.filter(|asked| asked != "NONE").map(|_| capacity),
    })
}

/// The action of a request: what PutItem or DeleteItem would do.
fn read(request: WriteRequest) -> Result<Action, Fault> {
    match (request.put_request, request.delete_request) {
        (Some(request), None) => put::read(PutItemInput { item: request.item, ..PutItemInput::default() }),
        (None, Some(request)) => delete::read(DeleteItemInput { key: request.key, ..DeleteItemInput::default() }),
        _ => Err(validation("A WriteRequest must contain exactly one of PutRequest or DeleteRequest")),
    }
}

/// The request for an action.
fn request(action: &Action) -> WriteRequest {
    let given = values(action.given().clone());
    match action.change {
        Change::Put(_) => WriteRequest { put_request: Some(PutRequest { item: given }), ..WriteRequest::default() },
        _ => WriteRequest { delete_request: Some(DeleteRequest { key: given }), ..WriteRequest::default() },
    }
}

/// The key of the item that an action is about. What is wrong with it is told in the same words for both kinds.
fn key_of(at: &Located, action: &Action) -> Result<KeyBytes, Fault> {
    match &action.change {
        Change::Put(item) => {
            let key = key::of_request(&at.table.key, &keys(&at.table.key, item))?;
            key::check_indexes(&at.table, item)?;
            Ok(key)
        }
        _ => action.key(at),
    }
}

/// What an item has of its key.
fn keys(schema: &KeySchema, item: &Item) -> Item {
    let of = |(name, value): (&str, &kumoi_expressions::Attribute)| (name.to_owned(), value.clone());
    schema.attributes().filter_map(|key| Some((key.name.as_str(), item.get(&key.name)?))).map(of).collect()
}
