//! `UpdateItem`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;

use crate::api::{UpdateItemInput, UpdateItemOutput};
use crate::errors::refuse;
use crate::item::action::{Action, Change};
use crate::item::returned;
use crate::parameters::{self, Given};
use crate::table::Located;
use crate::{attribute, collection};

pub(crate) async fn update(cx: &Cx, input: UpdateItemInput) -> Reply<UpdateItemOutput> {
    let (consumed, metrics) = (input.return_consumed_capacity.clone(), input.return_item_collection_metrics.clone());
    let (name, return_values) = (input.table_name.clone(), input.return_values.clone());
    let action = read(input)?;
    let at = Located::for_items(cx, &name).await?;
    let done = action.run(cx, &at).await?;
    let consumed_capacity = done.consumed(&at, 1.0).told(&at, consumed.as_deref());
    let changed = |item: Option<Item>| match &action.change {
        Change::Update(_, Some(update)) => item.map(|item| update.updated(&item)),
        _ => None,
    };
    let attributes = match return_values.as_deref() {
        Some("ALL_OLD") => done.old,
        Some("ALL_NEW") => done.new,
        Some("UPDATED_OLD") => changed(done.old),
        Some("UPDATED_NEW") => changed(done.new),
        _ => None,
    };
    Ok(UpdateItemOutput {
        attributes: returned::told(attributes),
        consumed_capacity,
        item_collection_metrics: collection::told(cx, &at, action.given(), metrics.as_deref()).await?,
    })
}

/// The action that a request asks for.
pub(crate) fn read(input: UpdateItemInput) -> Result<Action, Fault> {
    let given = Given {
        expressions: &[
            ("UpdateExpression", input.update_expression.is_some()),
            ("ConditionExpression", input.condition_expression.is_some()),
        ],
        projection: false,
        older: &[
            ("AttributeUpdates", input.attribute_updates.is_some()),
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
    };
    let mut placeholders = given.placeholders(input.expression_attribute_names, input.expression_attribute_values)?;
    let key = attribute::item(&input.key)?;
    let update = parameters::update(input.update_expression.as_deref(), input.attribute_updates, &mut placeholders)?;
    let condition = parameters::condition(
        input.condition_expression.as_deref(),
        input.expected,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let shows_old = returned::all_old(input.return_values_on_condition_check_failure.as_deref());
    Ok(Action { change: Change::Update(key, update), condition, shows_old })
}
