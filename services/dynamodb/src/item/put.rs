//! `PutItem`.

use kumoi_core::{Cx, Reply};

use crate::api::{PutItemInput, PutItemOutput};
use crate::capacity::Consumed;
use crate::errors::refuse;
use crate::item::{check_size, returned};
use crate::parameters::{self, Given};
use crate::table::Located;
use crate::{attribute, key, write};

pub(crate) async fn put(cx: &Cx, input: PutItemInput) -> Reply<PutItemOutput> {
    let given = Given {
        expressions: &[("ConditionExpression", input.condition_expression.is_some())],
        projection: false,
        older: &[("Expected", input.expected.is_some()), ("ConditionalOperator", input.conditional_operator.is_some())],
    };
    let mut placeholders = given.placeholders(input.expression_attribute_names, input.expression_attribute_values)?;
    let wants_old = returned::wants_old(input.return_values.as_deref())?;
    let new = attribute::item(&input.item)?;
    check_size(&new)?;
    let condition = parameters::condition(
        input.condition_expression.as_deref(),
        input.expected,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_item(&at.table.key, &new)?;
    key::check_indexes(&at.table, &new)?;
    let old = write::read(cx, &at, &key).await?;
    parameters::check(condition.as_ref(), old.as_ref(), input.return_values_on_condition_check_failure.as_deref())?;
    write::write(cx, &at, &key, old.as_ref(), Some(&new)).await?;
    let consumed = Consumed::write(&at.table, old.as_ref(), Some(&new), 1.0);
    Ok(PutItemOutput {
        attributes: returned::told(old.filter(|_| wants_old)),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
        ..PutItemOutput::default()
    })
}
