//! `UpdateItem`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Item, Update};

use crate::api::{UpdateItemInput, UpdateItemOutput};
use crate::capacity::Consumed;
use crate::errors::{invalid, refuse};
use crate::item::{check_updated_size, returned};
use crate::parameters::{self, Given};
use crate::table::{KeySchema, Located};
use crate::{attribute, key, write};

pub(crate) async fn update(cx: &Cx, input: UpdateItemInput) -> Reply<UpdateItemOutput> {
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
    let wanted = attribute::item(&input.key)?;
    let change = parameters::update(input.update_expression.as_deref(), input.attribute_updates, &mut placeholders)?;
    let condition = parameters::condition(
        input.condition_expression.as_deref(),
        input.expected,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_request(&at.table.key, &wanted)?;
    if let Some(change) = &change {
        check_keys_kept(&at.table.key, change)?;
    }
    let old = write::read(cx, &at, &key).await?;
    parameters::check(condition.as_ref(), old.as_ref(), input.return_values_on_condition_check_failure.as_deref())?;
    let new = updated(change.as_ref(), old.as_ref(), wanted)?;
    if let Some(new) = &new {
        check_updated_size(new)?;
        key::check_indexes(&at.table, new)?;
    }
    write::write(cx, &at, &key, old.as_ref(), new.as_ref()).await?;
    let consumed = Consumed::write(&at.table, old.as_ref(), new.as_ref(), 1.0);
    let changed = |item: Option<Item>| item.zip(change.as_ref()).map(|(item, change)| change.updated(&item));
    let attributes = match input.return_values.as_deref() {
        Some("ALL_OLD") => old,
        Some("ALL_NEW") => new,
        Some("UPDATED_OLD") => changed(old),
        Some("UPDATED_NEW") => changed(new),
        _ => None,
    };
    Ok(UpdateItemOutput {
        attributes: returned::told(attributes),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
        ..UpdateItemOutput::default()
    })
}

/// The key of an item never changes.
fn check_keys_kept(key: &KeySchema, change: &Update) -> Result<(), Fault> {
    match change.attributes().find(|name| key.has(name)) {
        Some(name) => Err(invalid(format!("Cannot update attribute {name}. This attribute is part of the key"))),
        None => Ok(()),
    }
}

/// What an update makes of an item, or of nothing but the key; an update that only takes away makes no item.
fn updated(change: Option<&Update>, old: Option<&Item>, key: Item) -> Result<Option<Item>, Fault> {
    match (change, old) {
        (None, Some(old)) => Ok(Some(old.clone())),
        (None, None) => Ok(Some(key)),
        (Some(change), None) if change.only_removes() => Ok(None),
        (Some(change), old) => change.apply(old, &key).map(Some).map_err(refuse),
    }
}
