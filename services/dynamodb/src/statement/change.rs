//! `INSERT`, `UPDATE`, `DELETE` and `EXISTS`: the action of each, and what it answers.
//!
//! `INSERT` refuses an item that is there. `UPDATE` and `EXISTS` want an item that is there and fulfils the rest of the condition; `DELETE` is content
//! without one, but not with one that does not fulfil it.

use kumoi_core::{Cx, Fault, Halt, Reply};
use kumoi_expressions::partiql::{Returning, Statement};
use kumoi_expressions::{Condition, Item, Path};

use super::{key_names, no_key};
use crate::errors::validation;
use crate::item::action::{Action, Change, Planned, Refusal};
use crate::item::check_size;
use crate::table::Located;

/// The action of a statement that is no `SELECT`. `return_values` is `ReturnValuesOnConditionCheckFailure`.
pub(super) fn action(at: &Located, statement: &Statement, return_values: Option<&str>) -> Result<Action, Fault> {
    let names = key_names(at);
    let exists = |rest: Option<Condition>| Some(joined(presence(at, Condition::Exists), rest, Condition::And));
    let (change, condition) = match statement {
        Statement::Insert(insert) => {
            check_size(&insert.item)?;
            (Change::Insert(insert.item.clone()), None)
        }
        Statement::Update(change) => {
            let (key, rest) = change.item(&names).ok_or_else(no_key)?;
            (Change::Update(key, Some(change.update.clone())), exists(rest))
        }
        Statement::Delete(delete) => {
            let (key, rest) = delete.item(&names).ok_or_else(no_key)?;
            let condition = rest.map(|rest| joined(presence(at, Condition::NotExists), Some(rest), Condition::Or));
            (Change::Delete(key), condition)
        }
        Statement::Select(select) | Statement::Exists(select) => {
            if select.index.is_some() {
                return Err(validation("EXISTS is about an item of a table, and not of an index"));
            }
            let (key, rest) = select.item(&names).ok_or_else(no_key)?;
            (Change::Check(key), exists(rest))
        }
    };
    Ok(Action { change, condition, shows_old: return_values == Some("ALL_OLD") })
}

/// What a condition says of the item itself: every item has its partition key.
fn presence(at: &Located, says: fn(Path) -> Condition) -> Option<Condition> {
    at.table.key.partition.first().map(|attribute| says(Path::attribute(attribute.name.as_str())))
}

fn joined(first: Option<Condition>, rest: Option<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    join(first.into_iter().chain(rest).collect())
}

/// Does an action, or says why not.
pub(super) async fn run(cx: &Cx, at: &Located, action: &Action) -> Reply<Result<Planned, Refusal>> {
    let key = match action.key(at) {
        Ok(key) => key,
        Err(fault) => return Ok(Err(Refusal::Invalid(fault))),
    };
    let planned = match action.plan(cx, at, key, 1.0).await {
        Ok(Ok(planned)) => planned,
        Err(Halt::Fault(fault)) => return Ok(Err(Refusal::Invalid(fault))),
        other => return other,
    };
    planned.write(cx, at).await?;
    Ok(Ok(planned))
}

/// What a statement asks to be told of the item that it changed.
pub(super) fn returned(statement: &Statement, planned: &Planned) -> Option<Item> {
    let (returning, update) = match statement {
        Statement::Update(change) => (change.returning?, Some(&change.update)),
        Statement::Delete(delete) => (delete.returning?, None),
        Statement::Insert(_) | Statement::Select(_) | Statement::Exists(_) => return None,
    };
    let item = match returning {
        Returning::AllOld | Returning::ModifiedOld => planned.old.as_ref()?,
        Returning::AllNew | Returning::ModifiedNew => planned.new.as_ref()?,
    };
    let item = match (returning, update) {
        (Returning::ModifiedOld | Returning::ModifiedNew, Some(update)) => update.updated(item),
        _ => item.clone(),
    };
    (!item.is_empty()).then_some(item)
}
