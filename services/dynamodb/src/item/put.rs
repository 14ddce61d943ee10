//! `PutItem`.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{PutItemInput, PutItemOutput};
use crate::errors::refuse;
use crate::item::action::{Action, Change};
use crate::item::{check_size, returned};
use crate::parameters::{self, Given};
use crate::table::Located;
use crate::{attribute, collection};

pub(crate) async fn put(cx: &Cx, input: PutItemInput) -> Reply<PutItemOutput> {
    let wants_old = returned::all_old(input.return_values.as_deref());
    let (consumed, metrics) = (input.return_consumed_capacity.clone(), input.return_item_collection_metrics.clone());
    let name = input.table_name.clone();
    let action = read(input)?;
    let at = Located::for_items(cx, &name).await?;
    let done = action.run(cx, &at).await?;
    Ok(PutItemOutput {
        consumed_capacity: done.consumed(&at, 1.0).told(&at, consumed.as_deref()),
        item_collection_metrics: collection::told(cx, &at, action.given(), metrics.as_deref()).await?,
        attributes: returned::told(done.old.filter(|_| wants_old)),
    })
}

/// The action that a request asks for.
pub(crate) fn read(input: PutItemInput) -> Result<Action, Fault> {
    let given = Given {
        expressions: &[("ConditionExpression", input.condition_expression.is_some())],
        projection: false,
        older: &[("Expected", input.expected.is_some()), ("ConditionalOperator", input.conditional_operator.is_some())],
    };
    let mut placeholders = given.placeholders(input.expression_attribute_names, input.expression_attribute_values)?;
    returned::check_old_or_none(input.return_values.as_deref())?;
    let item = attribute::item(&input.item)?;
    check_size(&item)?;
    let condition = parameters::condition(
        input.condition_expression.as_deref(),
        input.expected,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let shows_old = returned::all_old(input.return_values_on_condition_check_failure.as_deref());
    Ok(Action { change: Change::Put(item), condition, shows_old })
}
