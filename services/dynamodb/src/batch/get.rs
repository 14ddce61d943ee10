//! `BatchGetItem`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Item, Projection, item_size};

use crate::api::{BatchGetItemInput, BatchGetItemOutput, KeysAndAttributes};
use crate::attribute;
use crate::batch::{check_distinct, check_number};
use crate::capacity::{Consistency, Consumed, read_units};
use crate::errors::refuse;
use crate::key::{self, KeyBytes};
use crate::parameters::{self, Given};
use crate::table::Located;
use crate::throttle::{self, Side};
use crate::write;

/// Items that can be asked for.
const MAX_ITEMS: usize = 100;

/// Bytes that are read: 16 MB. Keys that would pass them come back as unprocessed.
const MAX_BYTES: usize = 16 << 20;

pub(crate) async fn get(cx: &Cx, input: BatchGetItemInput) -> Reply<BatchGetItemOutput> {
    check_number(input.request_items.values().map(|wanted| wanted.keys.len()).sum(), MAX_ITEMS, "BatchGetItem")?;
    check_parameters(&input.request_items)?;
    let wanted = input.request_items.iter().map(|(name, wanted)| Ok((name, Wanted::read(wanted)?)));
    let wanted = wanted.collect::<Result<Vec<_>, Fault>>()?;
    let mut tables = Vec::with_capacity(wanted.len());
    for (name, wanted) in wanted {
        let at = Located::for_items(cx, name).await?;
        let keys = wanted.keys.iter().map(|key| key::of_request(&at.table.key, key));
        let keys = keys.collect::<Result<Vec<_>, Fault>>()?;
        check_distinct(&keys)?;
        tables.push((name, wanted, at, keys));
    }
    let (mut room, mut read, mut throttled) = (MAX_BYTES, 0, None);
    let (mut responses, mut unprocessed, mut capacity) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (name, wanted, at, keys) in tables {
        let page = wanted.page(cx, &at, keys, &mut room).await?;
        read += page.read;
        throttled = throttled.or(page.throttled);
        if let Some(rest) = input.request_items.get(name).and_then(|request| unread(request, page.read)) {
            unprocessed.insert(name.clone(), rest);
        }
        responses.insert(name.clone(), page.items.into_iter().map(attribute::values).collect());
        capacity.extend(Consumed::table(page.units).told(&at, input.return_consumed_capacity.as_deref()));
    }
    if let Some(fault) = throttled.filter(|_| read == 0) {
        return Err(fault.into());
    }
    Ok(BatchGetItemOutput {
        responses: Some(responses),
        unprocessed_keys: Some(unprocessed),
        consumed_capacity: input.return_consumed_capacity.filter(|asked| asked != "NONE").map(|_| capacity),
    })
}

/// Expressions and older parameters do not go together, though they are about different tables.
fn check_parameters(request: &BTreeMap<String, KeysAndAttributes>) -> Result<(), Fault> {
    let any = |has: fn(&KeysAndAttributes) -> bool| request.values().any(has);
    let given = Given {
        expressions: &[],
        projection: any(|wanted| wanted.projection_expression.is_some()),
        older: &[("AttributesToGet", any(|wanted| wanted.attributes_to_get.is_some()))],
    };
    given.placeholders(None, None).map(|_| ())
}

/// What a request wants of one table.
struct Wanted {
    keys: Vec<Item>,
    projection: Option<Projection>,
    consistency: Consistency,
}

/// What was read of one table.
#[derive(Default)]
struct Page {
    items: Vec<Item>,
    /// How many of the keys were looked up.
    read: usize,
    units: f64,
    /// Why no more were, if there is no capacity left.
    throttled: Option<Fault>,
}

impl Wanted {
    fn read(request: &KeysAndAttributes) -> Result<Self, Fault> {
        let given = Given {
            expressions: &[],
            projection: request.projection_expression.is_some(),
            older: &[("AttributesToGet", request.attributes_to_get.is_some())],
        };
        let mut placeholders = given.placeholders(request.expression_attribute_names.clone(), None)?;
        let projection = parameters::projection(
            request.projection_expression.as_deref(),
            request.attributes_to_get.as_deref(),
            &mut placeholders,
        )?;
        placeholders.check_unused().map_err(refuse)?;
        let keys = request.keys.iter().map(attribute::item).collect::<Result<_, _>>()?;
        Ok(Self { keys, projection, consistency: Consistency::of(request.consistent_read) })
    }

    /// Looks keys up as long as their items find room. Each counts as a read of its own, and one that is not found as the smallest.
    async fn page(&self, cx: &Cx, at: &Located, keys: Vec<KeyBytes>, room: &mut usize) -> Reply<Page> {
        let mut page = Page::default();
        for key in keys {
            let item = write::read(cx, at, &key).await?;
            let size = item.as_ref().map_or(0, item_size);
            let Some(left) = room.checked_sub(size) else {
                *room = 0;
                break;
            };
            let units = read_units(size, self.consistency);
            page.throttled = throttle::take(cx, at, &Consumed::table(units), Side::Read).await?;
            if page.throttled.is_some() {
                break;
            }
            *room = left;
            page.read += 1;
            page.units += units;
            page.items.extend(item.map(|item| match &self.projection {
                Some(projection) => projection.apply(&item),
                None => item,
            }));
        }
        Ok(page)
    }
}

/// The request for what is left of a table's keys.
fn unread(request: &KeysAndAttributes, read: usize) -> Option<KeysAndAttributes> {
    let keys = request.keys.get(read..).filter(|keys| !keys.is_empty())?;
    Some(KeysAndAttributes { keys: keys.to_vec(), ..request.clone() })
}
