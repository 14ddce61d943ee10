//! `TransactWriteItems`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::item_size;

use crate::api::{
    ConditionCheck, Delete, DeleteItemInput, Put, PutItemInput, TransactWriteItem, TransactWriteItemsInput,
    TransactWriteItemsOutput, Update, UpdateItemInput,
};
use crate::capacity::{Consumed, Units};
use crate::collection::{self, Collections};
use crate::errors::validation;
use crate::item::action::{Action, Change};
use crate::item::{delete, put, update};
use crate::table::Located;
use crate::transaction::cancellation::{self, Reasons};
use crate::transaction::token::{Fingerprint, Token};
use crate::transaction::{Bill, check_bytes, check_distinct, locate};
use crate::{attribute, key};

/// An action, and the name that the request has for its table.
pub(crate) type Step = (String, Action);

pub(crate) async fn write(cx: &Cx, input: TransactWriteItemsInput) -> Reply<TransactWriteItemsOutput> {
    let values: usize = input.transact_items.iter().map(values_size).sum();
    let steps = input.transact_items.into_iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
    check_bytes(values + steps.iter().map(|(_, action)| item_size(action.given())).sum::<usize>())?;
    let (capacity, metrics) = (input.return_consumed_capacity, input.return_item_collection_metrics);
    let token = input.client_request_token;
    let fingerprint = token.as_ref().map(|_| Fingerprint::of(&(&steps, &capacity, &metrics)));
    if let (Some(token), Some(fingerprint)) = (&token, &fingerprint)
        && let Some(done) = Token::find(cx, token, fingerprint).await?
    {
        return Ok(TransactWriteItemsOutput {
            consumed_capacity: done.bill().told(capacity.as_deref(), Units::Read),
            ..TransactWriteItemsOutput::default()
        });
    }
    let tables = locate(cx, steps.iter().map(|(name, _)| name)).await?;
    let done = run(cx, &tables, &steps).await?;
    let mut collections = Collections::default();
    for (at, (name, action)) in tables.iter().zip(&steps) {
        if !matches!(action.change, Change::Check(_)) {
            collections.add(name, collection::told(cx, at, action.given(), metrics.as_deref()).await?);
        }
    }
    if let (Some(token), Some(fingerprint)) = (&token, fingerprint) {
        Token::keep(cx, token, fingerprint, done.read).await?;
    }
    Ok(TransactWriteItemsOutput {
        consumed_capacity: done.written.told(capacity.as_deref(), Units::Write),
        item_collection_metrics: collections.all(),
    })
}

/// What a transaction consumed, and what reading the same items would.
pub(crate) struct Done {
    written: Bill,
    pub(crate) read: Bill,
    /// What each action consumed.
    pub(crate) each: Vec<Consumed>,
}

/// Does all of a transaction, or cancels it.
pub(crate) async fn run(cx: &Cx, tables: &[Located], steps: &[Step]) -> Reply<Done> {
    let places: Vec<_> = tables.iter().zip(steps.iter().map(|(_, action)| action)).collect();
    for (at, action) in &places {
        key::check_not_empty(&at.table, action.given())?;
    }
    let keys = cancellation::keys(&places, |(at, action)| action.key(at))?;
    check_distinct(tables, &keys)?;
    let mut reasons = Reasons::none(steps.len());
    let mut planned = Vec::with_capacity(steps.len());
    for (number, ((at, action), key)) in places.iter().zip(keys).enumerate() {
        match action.plan(cx, at, key, 2.0).await? {
            Ok(plan) => planned.push((*at, plan)),
            Err(refusal) => reasons.refuse(number, refusal),
        }
    }
    reasons.check()?;
    let mut done = Done { written: Bill::default(), read: Bill::default(), each: Vec::with_capacity(planned.len()) };
    for (at, plan) in planned {
        plan.write(cx, at).await?;
        let consumed = plan.consumed(at, 2.0);
        done.written.add(&at.name, &consumed);
        done.each.push(consumed);
        done.read.add_read(&at.name, plan.size());
    }
    Ok(done)
}

/// Reads an action: each says what the operation on one item would be given.
fn read(item: TransactWriteItem) -> Result<Step, Fault> {
    match (item.put, item.update, item.delete, item.condition_check) {
        (Some(action), None, None, None) => read_put(action),
        (None, Some(action), None, None) => read_update(action),
        (None, None, Some(action), None) => read_delete(action),
        (None, None, None, Some(action)) => read_check(action),
        _ => Err(validation("TransactItems can only contain one of Check, Put, Update or Delete")),
    }
}

/// Bytes of the values that an action's expressions have; what is wrong with them is told when they are read.
fn values_size(item: &TransactWriteItem) -> usize {
    let values = [
        item.put.as_ref().and_then(|action| action.expression_attribute_values.as_ref()),
        item.update.as_ref().and_then(|action| action.expression_attribute_values.as_ref()),
        item.delete.as_ref().and_then(|action| action.expression_attribute_values.as_ref()),
        item.condition_check.as_ref().and_then(|action| action.expression_attribute_values.as_ref()),
    ];
    values.into_iter().flatten().filter_map(|values| attribute::item(values).ok()).map(|item| item_size(&item)).sum()
}

fn read_put(action: Put) -> Result<Step, Fault> {
    let input = PutItemInput {
        item: action.item,
        condition_expression: action.condition_expression,
        expression_attribute_names: action.expression_attribute_names,
        expression_attribute_values: action.expression_attribute_values,
        return_values_on_condition_check_failure: action.return_values_on_condition_check_failure,
        ..PutItemInput::default()
    };
    Ok((action.table_name, put::read(input)?))
}

fn read_update(action: Update) -> Result<Step, Fault> {
    let input = UpdateItemInput {
        key: action.key,
        update_expression: Some(action.update_expression),
        condition_expression: action.condition_expression,
        expression_attribute_names: action.expression_attribute_names,
        expression_attribute_values: action.expression_attribute_values,
        return_values_on_condition_check_failure: action.return_values_on_condition_check_failure,
        ..UpdateItemInput::default()
    };
    Ok((action.table_name, update::read(input)?))
}

fn read_delete(action: Delete) -> Result<Step, Fault> {
    let input = DeleteItemInput {
        key: action.key,
        condition_expression: action.condition_expression,
        expression_attribute_names: action.expression_attribute_names,
        expression_attribute_values: action.expression_attribute_values,
        return_values_on_condition_check_failure: action.return_values_on_condition_check_failure,
        ..DeleteItemInput::default()
    };
    Ok((action.table_name, delete::read(input)?))
}

/// A condition is read as that of a delete, which then does not happen.
fn read_check(action: ConditionCheck) -> Result<Step, Fault> {
    let (name, read) = read_delete(Delete {
        key: action.key,
        table_name: action.table_name,
        condition_expression: Some(action.condition_expression),
        expression_attribute_names: action.expression_attribute_names,
        expression_attribute_values: action.expression_attribute_values,
        return_values_on_condition_check_failure: action.return_values_on_condition_check_failure,
    })?;
    Ok((name, Action { change: Change::Check(read.given().clone()), ..read }))
}
