//! `ExecuteTransaction`: reads, or writes and conditions, all of them or none.
//!
//! Follows "Performing transactions with PartiQL for DynamoDB" of the Developer Guide. Statements become the actions of TransactWriteItems; `EXISTS`
//! is its `ConditionCheck`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::item_size;
use kumoi_expressions::partiql::{Select, Statement};

use super::{change, key_names, no_key, parse, read};
use crate::access;
use crate::api::{
    ConsumedCapacity, ExecuteTransactionInput, ExecuteTransactionOutput, ItemResponse, ParameterizedStatement,
};
use crate::attribute::{attribute, values};
use crate::capacity::{Consistency, Consumed, Units};
use crate::errors::validation;
use crate::item::action::Refusal;
use crate::key;
use crate::table::Located;
use crate::throttle::{self, Side};
use crate::transaction::cancellation::{self, Reasons};
use crate::transaction::token::{Fingerprint, Token};
use crate::transaction::write::{Step, run};
use crate::transaction::{check_bytes, check_distinct, locate};

pub(crate) async fn execute(cx: &Cx, input: ExecuteTransactionInput) -> Reply<ExecuteTransactionOutput> {
    let statements = input.transact_statements.iter().map(|one| parse(&one.statement, one.parameters.as_deref()));
    let statements = statements.collect::<Result<Vec<_>, Fault>>()?;
    for statement in &statements {
        access::check_statement(cx, "ExecuteTransaction", statement).await?;
    }
    let selects: Vec<_> = statements.iter().filter_map(select).collect();
    match selects.len() {
        0 => write(cx, &input, &statements).await,
        some if some == statements.len() => get(cx, &input, &selects).await,
        _ => Err(validation("The transaction must consist of either read statements or write statements").into()),
    }
}

fn select(statement: &Statement) -> Option<&Select> {
    match statement {
        Statement::Select(select) => Some(select),
        _ => None,
    }
}

async fn write(cx: &Cx, input: &ExecuteTransactionInput, statements: &[Statement]) -> Reply<ExecuteTransactionOutput> {
    statements.iter().try_for_each(returns_nothing)?;
    check_bytes(input.transact_statements.iter().map(values_size).sum())?;
    let asked = input.return_consumed_capacity.as_deref();
    let token = input.client_request_token.as_ref();
    let fingerprint = Fingerprint::of(&("partiql", &input.transact_statements, asked));
    if let Some(token) = token
        && let Some(done) = Token::find(cx, token, &fingerprint).await?
    {
        let consumed_capacity = done.bill().told(asked, Units::Read);
        return Ok(ExecuteTransactionOutput { consumed_capacity, ..ExecuteTransactionOutput::default() });
    }
    let names: Vec<_> = statements.iter().map(|statement| statement.table().to_owned()).collect();
    let tables = locate(cx, names.iter()).await?;
    let places: Vec<_> = tables.iter().zip(statements).zip(&input.transact_statements).collect();
    let actions = cancellation::keys(&places, |((at, statement), one)| {
        change::action(at, statement, one.return_values_on_condition_check_failure.as_deref())
    })?;
    let steps: Vec<Step> = names.into_iter().zip(actions).collect();
    let done = run(cx, &tables, &steps).await?;
    if let Some(token) = token {
        Token::keep(cx, token, fingerprint, done.read).await?;
    }
    let consumed_capacity = told(&tables, &done.each, asked, Units::Write);
    Ok(ExecuteTransactionOutput { consumed_capacity, ..ExecuteTransactionOutput::default() })
}

/// Bytes of the values of a statement. Those in its text are few, as it has 8 KB at most.
fn values_size(one: &ParameterizedStatement) -> usize {
    let values = one.parameters.iter().flatten().filter_map(|value| attribute(value).ok());
    values.map(|value| value.size()).sum()
}

/// "This statement doesn't return any values for Write operations."
fn returns_nothing(statement: &Statement) -> Result<(), Fault> {
    let returning = match statement {
        Statement::Update(change) => change.returning,
        Statement::Delete(delete) => delete.returning,
        Statement::Select(_) | Statement::Insert(_) | Statement::Exists(_) => None,
    };
    match returning {
        None => Ok(()),
        Some(_) => Err(validation("RETURNING is not supported in transactions")),
    }
}

async fn get(cx: &Cx, input: &ExecuteTransactionInput, selects: &[&Select]) -> Reply<ExecuteTransactionOutput> {
    if selects.iter().any(|select| select.index.is_some()) {
        return Err(validation("Transactions read items of tables, and not of indexes").into());
    }
    let tables = locate(cx, selects.iter().map(|select| &select.table)).await?;
    let places: Vec<_> = tables.iter().zip(selects).collect();
    let keys = cancellation::keys(&places, |(at, select)| {
        let (key, _) = select.item(&key_names(at)).ok_or_else(no_key)?;
        key::of_request(&at.table.key, &key)
    })?;
    check_distinct(&tables, &keys)?;
    let (mut responses, mut consumed, mut bytes) = (Vec::with_capacity(keys.len()), Vec::new(), 0);
    let mut reasons = Reasons::none(keys.len());
    for (number, (at, select)) in places.into_iter().enumerate() {
        let (item, units) = read::item(cx, at, select, Consistency::Transactional).await?;
        bytes += item.as_ref().map_or(0, item_size);
        if let Some(fault) = throttle::take(cx, at, &units, Side::Read).await? {
            reasons.refuse(number, Refusal::Throttled(fault));
        }
        consumed.push(units);
        responses.push(ItemResponse { item: item.map(values) });
    }
    check_bytes(bytes)?;
    reasons.check()?;
    let consumed_capacity = told(&tables, &consumed, input.return_consumed_capacity.as_deref(), Units::Read);
    Ok(ExecuteTransactionOutput { responses: Some(responses), consumed_capacity })
}

/// What each statement consumed, in their order.
fn told(tables: &[Located], each: &[Consumed], asked: Option<&str>, kind: Units) -> Option<Vec<ConsumedCapacity>> {
    let told = tables.iter().zip(each).filter_map(|(at, consumed)| consumed.told_as(&at.name, asked, kind));
    matches!(asked, Some("TOTAL" | "INDEXES")).then(|| told.collect())
}
