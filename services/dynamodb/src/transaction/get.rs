//! `TransactGetItems`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Item, Projection, item_size};

use crate::api::{Get, ItemResponse, TransactGetItemsInput, TransactGetItemsOutput};
use crate::capacity::Units;
use crate::errors::refuse;
use crate::item::action::Refusal;
use crate::parameters::{self, Given};
use crate::throttle::{self, Side};
use crate::transaction::cancellation::{self, Reasons};
use crate::transaction::{Bill, check_bytes, check_distinct, locate};
use crate::{attribute, key, write};

pub(crate) async fn get(cx: &Cx, input: TransactGetItemsInput) -> Reply<TransactGetItemsOutput> {
    let wanted = input.transact_items.into_iter().map(|item| Wanted::read(item.get));
    let wanted = wanted.collect::<Result<Vec<_>, Fault>>()?;
    let tables = locate(cx, wanted.iter().map(|wanted| &wanted.table_name)).await?;
    let places: Vec<_> = wanted.iter().zip(&tables).collect();
    let keys = cancellation::keys(&places, |(wanted, at)| key::of_request(&at.table.key, &wanted.key))?;
    check_distinct(&tables, &keys)?;
    let (mut responses, mut bill, mut bytes) = (Vec::with_capacity(keys.len()), Bill::default(), 0);
    let mut reasons = Reasons::none(keys.len());
    for (number, ((wanted, at), key)) in places.iter().zip(&keys).enumerate() {
        let item = write::read(cx, at, key).await?;
        let size = item.as_ref().map_or(0, item_size);
        bytes += size;
        let consumed = bill.add_read(&at.name, size);
        if let Some(fault) = throttle::take(cx, at, &consumed, Side::Read).await? {
            reasons.refuse(number, Refusal::Throttled(fault));
        }
        let item = item.map(|item| match &wanted.projection {
            Some(projection) => projection.apply(&item),
            None => item,
        });
        responses.push(ItemResponse { item: item.map(attribute::values) });
    }
    check_bytes(bytes)?;
    reasons.check()?;
    Ok(TransactGetItemsOutput {
        responses: Some(responses),
        consumed_capacity: bill.told(input.return_consumed_capacity.as_deref(), Units::Read),
    })
}

/// One item that is asked for.
struct Wanted {
    table_name: String,
    key: Item,
    projection: Option<Projection>,
}

impl Wanted {
    fn read(request: Get) -> Result<Self, Fault> {
        let given = Given { expressions: &[], projection: request.projection_expression.is_some(), older: &[] };
        let mut placeholders = given.placeholders(request.expression_attribute_names, None)?;
        let projection = parameters::projection(request.projection_expression.as_deref(), None, &mut placeholders)?;
        placeholders.check_unused().map_err(refuse)?;
        Ok(Self { table_name: request.table_name, key: attribute::item(&request.key)?, projection })
    }
}
