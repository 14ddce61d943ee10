//! `BatchExecuteStatement`: statements that have nothing to do with one another, all of them reads or all writes. Each fails by itself.

use kumoi_core::{Cx, Fault, Halt, Reply};
use kumoi_expressions::Item;
use kumoi_expressions::partiql::Statement;

use super::{change, parse, read};
use crate::access;
use crate::api::{
    BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchStatementError, BatchStatementRequest,
    BatchStatementResponse, ConsumedCapacity,
};
use crate::attribute::values;
use crate::capacity::{Consistency, Consumed};
use crate::errors::validation;
use crate::item::action::Refusal;
use crate::table::Located;
use crate::throttle;

pub(crate) async fn execute(cx: &Cx, input: BatchExecuteStatementInput) -> Reply<BatchExecuteStatementOutput> {
    let read = |request: &BatchStatementRequest| parse(&request.statement, request.parameters.as_deref());
    let statements: Vec<_> = input.statements.iter().map(read).collect();
    let mut kinds = statements.iter().flatten().map(Statement::is_select);
    if let Some(first) = kinds.next()
        && kinds.any(|other| other != first)
    {
        return Err(validation("The batch must consist of either read statements or write statements").into());
    }
    let asked = input.return_consumed_capacity.as_deref();
    let (mut responses, mut consumed) = (Vec::with_capacity(statements.len()), Vec::new());
    for (statement, request) in statements.into_iter().zip(&input.statements) {
        let (response, capacity) = respond(cx, statement, request, asked).await?;
        responses.push(response);
        consumed.extend(capacity);
    }
    Ok(BatchExecuteStatementOutput {
        responses: Some(responses),
        consumed_capacity: matches!(asked, Some("TOTAL" | "INDEXES")).then_some(consumed),
    })
}

async fn respond(
    cx: &Cx,
    statement: Result<Statement, Fault>,
    request: &BatchStatementRequest,
    asked: Option<&str>,
) -> Reply<(BatchStatementResponse, Option<ConsumedCapacity>)> {
    let failed = |refusal| BatchStatementResponse { error: Some(error(refusal)), ..BatchStatementResponse::default() };
    let statement = match statement {
        Ok(statement) => statement,
        Err(fault) => return Ok((failed(Refusal::Invalid(fault)), None)),
    };
    let table_name = Some(statement.table().to_owned());
    let done = match one(cx, &statement, request).await {
        Ok(done) => done,
        Err(Halt::Fault(fault)) => Err(Refusal::Invalid(fault)),
        Err(halt) => return Err(halt),
    };
    Ok(match done {
        Ok((at, item, consumed)) => {
            let response = BatchStatementResponse { table_name, item: item.map(values), error: None };
            (response, consumed.told(&at, asked))
        }
        Err(refusal) => (BatchStatementResponse { table_name, ..failed(refusal) }, None),
    })
}

type Done = (Located, Option<Item>, Consumed);

/// Does one statement. One that fails has changed nothing.
async fn one(cx: &Cx, statement: &Statement, request: &BatchStatementRequest) -> Reply<Result<Done, Refusal>> {
    access::check_statement(cx, "BatchExecuteStatement", statement).await?;
    let at = Located::for_items(cx, statement.table()).await?;
    match statement {
        Statement::Select(select) => {
            if select.index.is_some() || select.item(&super::key_names(&at)).is_none() {
                return Err(validation(
                    "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
                )
                .into());
            }
            let (item, consumed) = read::item(cx, &at, select, Consistency::of(request.consistent_read)).await?;
            throttle::read(cx, &at, &consumed).await?;
            Ok(Ok((at, item, consumed)))
        }
        Statement::Exists(_) => Err(validation("EXISTS can only be used in transactions").into()),
        _ => {
            let action = change::action(&at, statement, request.return_values_on_condition_check_failure.as_deref())?;
            let done = change::run(cx, &at, &action).await?;
            Ok(done.map(|done| (at.clone(), change::returned(statement, &done), done.consumed(&at, 1.0))))
        }
    }
}

/// A refusal as a batch tells it: codes are the names of the exceptions, a little changed.
fn error(refusal: Refusal) -> BatchStatementError {
    let item = match &refusal {
        Refusal::Condition(old) => old.clone().map(values),
        _ => None,
    };
    let fault = Fault::from(refusal);
    let code = match fault.code() {
        "ValidationException" => "ValidationError",
        "ThrottlingException" => "ThrottlingError",
        other => other.strip_suffix("Exception").unwrap_or(other),
    };
    BatchStatementError { code: Some(code.to_owned()), message: Some(fault.message().to_owned()), item }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_model() {
        for (refusal, code) in [
            (Refusal::Condition(None), "ConditionalCheckFailed"),
            (Refusal::Duplicate, "DuplicateItem"),
            (Refusal::Collection, "ItemCollectionSizeLimitExceeded"),
            (Refusal::Invalid(validation("x")), "ValidationError"),
            (Refusal::Invalid(crate::errors::no_such_resource()), "ResourceNotFound"),
        ] {
            assert_eq!(error(refusal).code.as_deref(), Some(code));
        }
    }
}
