//! `BatchWriteItem`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;

use crate::api::{BatchWriteItemInput, BatchWriteItemOutput, DeleteItemInput, PutItemInput, WriteRequest};
use crate::batch::{check_distinct, check_number};
use crate::capacity::Consumed;
use crate::collection::{self, Collections};
use crate::errors::validation;
use crate::item::action::{Action, Change};
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
    for (name, at, actions) in tables {
        let mut consumed = Consumed::default();
        for action in &actions {
            consumed.add(&action.run(cx, &at).await?.consumed(&at, 1.0));
        }
        for action in &actions {
            let asked = input.return_item_collection_metrics.as_deref();
            collections.add(&name, collection::told(cx, &at, action.given(), asked).await?);
        }
        capacity.extend(consumed.told(&at, input.return_consumed_capacity.as_deref()));
    }
    Ok(BatchWriteItemOutput {
        unprocessed_items: Some(Default::default()),
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
