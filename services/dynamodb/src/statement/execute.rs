//! `ExecuteStatement`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::partiql::Statement;

use super::read::{self, Request};
use super::{change, parse};
use crate::access;
use crate::api::{ExecuteStatementInput, ExecuteStatementOutput};
use crate::errors::validation;
use crate::read::page::limit;
use crate::table::Located;
use crate::throttle;

pub(crate) async fn execute(cx: &Cx, input: ExecuteStatementInput) -> Reply<ExecuteStatementOutput> {
    let statement = parse(&input.statement, input.parameters.as_deref())?;
    access::check_statement(cx, "ExecuteStatement", &statement).await?;
    let asked = input.return_consumed_capacity.as_deref();
    let at = Located::for_items(cx, statement.table()).await?;
    let select = match &statement {
        Statement::Select(select) => select,
        Statement::Exists(_) => return Err(validation("EXISTS can only be used in transactions").into()),
        _ => {
            let action = change::action(&at, &statement, input.return_values_on_condition_check_failure.as_deref())?;
            let done = change::run(cx, &at, &action).await?.map_err(Fault::from)?;
            return Ok(ExecuteStatementOutput {
                items: Some(read::told(change::returned(&statement, &done).into_iter().collect())),
                consumed_capacity: done.consumed(&at, 1.0).told(&at, asked),
                ..ExecuteStatementOutput::default()
            });
        }
    };
    let text = format!("{}\n{:?}\n{}", input.statement, input.parameters, at.table.id);
    let request = Request {
        consistent_read: input.consistent_read,
        limit: limit(input.limit),
        text: &text,
        token: input.next_token.as_deref(),
    };
    let answer = read::page(cx, &at, select, &request).await?;
    throttle::read(cx, &at, &answer.consumed).await?;
    Ok(ExecuteStatementOutput {
        items: Some(read::told(answer.items)),
        next_token: answer.next_token,
        last_evaluated_key: answer.last_evaluated_key,
        consumed_capacity: answer.consumed.told(&at, asked),
    })
}
