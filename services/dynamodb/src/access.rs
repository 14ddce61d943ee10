//! Who may do what: the policies of tables are asked before an operation runs.
//!
//! Follows "Cross-account access with resource-based policies in DynamoDB" of the Developer Guide. In its own account a caller may do what no policy
//! denies, until IAM says what identities may. A caller of another account names a table by its ARN, and needs a policy that allows it.

use kumoi_access::{Context, Verdict};
use kumoi_core::ask::Fields;
use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Fault, Reply, policies};
use kumoi_expressions::partiql::Statement;
use kumoi_model::Value;

use crate::errors::access_denied;
use crate::table::{Named, arn_of};
use crate::tables::POLICIES;

/// Actions on tables that a policy can name: "API operations supported by resource-based policies".
const ON_TABLES: [&str; 46] = [
    "AssociateTableReplica",
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "CreateBackup",
    "CreateTable",
    "CreateTableReplica",
    "DeleteItem",
    "DeleteResourcePolicy",
    "DeleteTable",
    "DeleteTableReplica",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeExport",
    "DescribeKinesisStreamingDestination",
    "DescribeTable",
    "DescribeTableReplicaAutoScaling",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "GetItem",
    "GetResourcePolicy",
    "ListTagsOfResource",
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLSelect",
    "PartiQLUpdate",
    "PutItem",
    "PutResourcePolicy",
    "Query",
    "ReadDataForReplication",
    "ReplicateSettings",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "Scan",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateItem",
    "UpdateKinesisStreamingDestination",
    "UpdateTable",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
    "WriteDataForReplication",
];

/// Actions on streams.
const ON_STREAMS: [&str; 6] = [
    "DeleteResourcePolicy",
    "DescribeStream",
    "GetRecords",
    "GetResourcePolicy",
    "GetShardIterator",
    "PutResourcePolicy",
];

/// Whether a policy of a table, or of a stream, can name such an action.
pub(crate) fn is_action(written: &str, stream: bool) -> bool {
    if written == "*" {
        return true;
    }
    let Some((service, name)) = written.split_once(':') else { return false };
    let known: &[&str] = if stream { &ON_STREAMS } else { &ON_TABLES };
    let wild = name.contains(['*', '?']);
    service.eq_ignore_ascii_case("dynamodb") && (wild || known.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// What an operation does to one table.
struct Wanted<'a> {
    action: &'a str,
    /// The name of the table, or its ARN.
    table: &'a str,
    index: Option<&'a str>,
}

/// Refuses an operation that a policy denies, or, on another account's table, that none allows.
pub(crate) async fn check(cx: &Cx, operation: &str, input: &Value) -> Reply<()> {
    let Some(input) = Fields::of_input("dynamodb", operation, input) else { return Ok(()) };
    for wanted in wanted(input, operation) {
        decide(cx, &wanted, |context| tell(input, context)).await?;
    }
    Ok(())
}

/// The same for a statement of PartiQL, which `operation` encloses: "IAM security policies with PartiQL for DynamoDB" of the Developer Guide.
pub(crate) async fn check_statement(cx: &Cx, operation: &str, statement: &Statement) -> Reply<()> {
    let (action, index) = match statement {
        Statement::Select(select) | Statement::Exists(select) => ("PartiQLSelect", select.index.as_deref()),
        Statement::Insert(_) => ("PartiQLInsert", None),
        Statement::Update(_) => ("PartiQLUpdate", None),
        Statement::Delete(_) => ("PartiQLDelete", None),
    };
    let wanted = Wanted { action, table: statement.table(), index };
    decide(cx, &wanted, |context| {
        context.set("dynamodb:EnclosingOperation", operation);
    })
    .await
}

/// The same for what an operation does to the stream of an ARN.
pub(crate) async fn check_stream(cx: &Cx, operation: &str, arn: &str) -> Reply<()> {
    decide(cx, &Wanted { action: operation, table: arn, index: None }, |_| {}).await
}

/// Decides on one of the things that an operation wants. `tell` says what the request says about itself.
async fn decide<'a>(cx: &Cx, wanted: &Wanted<'_>, tell: impl FnOnce(&mut Context<'a>)) -> Reply<()> {
    let Some((named, label)) = located(cx, wanted.table) else { return Ok(()) };
    let own = &*named.scope.account == cx.account();
    let key = (named.name.to_owned(), label.to_owned());
    let attached = cx.tx().get_shared(&named.scope, &POLICIES, &key).await?;
    if own && attached.is_none() {
        return Ok(());
    }
    let table = arn_of(&named.scope, named.name);
    let resource = match (wanted.index, label) {
        (Some(index), _) => format!("{table}/index/{index}"),
        (None, "") => table,
        (None, label) => format!("{table}/stream/{label}"),
    };
    let action = ["dynamodb:", wanted.action].concat();
    let root = cx.principal().kind == PrincipalKind::Root;
    if own && root && wanted.action == "DeleteResourcePolicy" {
        return Ok(());
    }
    let verdict = match attached.and_then(|attached| policies::parsed(&attached.text)) {
        Some(policy) => {
            let mut context = policies::context(cx, &named.scope.account);
            tell(&mut context);
            policy.verdict(&kumoi_access::Request {
                caller: cx.principal().caller(),
                action: &action,
                resource: &resource,
                resource_account: Some(&named.scope.account),
                resource_must_allow: false,
                context: &context,
                moment: cx.now().millis(),
            })
        }
        None => Verdict::Silent,
    };
    match verdict {
        Verdict::Allow(..) => Ok(()),
        Verdict::Silent if own => Ok(()),
        Verdict::Silent => {
            Err(refuse(cx, &action, &resource, &format!("because no resource-based policy allows the {action} action"))
                .into())
        }
        Verdict::Deny(_) => {
            Err(refuse(cx, &action, &resource, "with an explicit deny in a resource-based policy").into())
        }
    }
}

/// In the words of the IAM User Guide, "Troubleshoot access denied error messages".
fn refuse(cx: &Cx, action: &str, resource: &str, why: &str) -> Fault {
    let caller = &cx.principal().arn;
    access_denied(format!("User: {caller} is not authorized to perform: {action} on resource: {resource} {why}"))
}

/// The table that a request names, and the label of the stream where it names that. What is no name is refused by the operation.
fn located<'a>(cx: &Cx, text: &'a str) -> Option<(Named<'a>, &'a str)> {
    if !text.starts_with("arn:") {
        return Some((Named { scope: cx.scope().clone(), name: text }, ""));
    }
    let (table, label) = text.split_once("/stream/").unwrap_or((text, ""));
    let table = table.split_once("/index/").map_or(table, |(table, _)| table);
    Some((Named::parse_arn(cx, table)?, label))
}

/// What the operation does, and to which tables. Those that statements of PartiQL name have [`check_statement`].
fn wanted<'a>(input: Fields<'a>, operation: &'a str) -> Vec<Wanted<'a>> {
    let on = |action, table| Wanted { action, table, index: None };
    const STEPS: [(&str, &str); 5] = [
        ("ConditionCheck", "ConditionCheckItem"),
        ("Delete", "DeleteItem"),
        ("Get", "GetItem"),
        ("Put", "PutItem"),
        ("Update", "UpdateItem"),
    ];
    let tables = input.keys("RequestItems").map(|table| on(operation, table));
    let steps = input.list("TransactItems").into_iter().flat_map(|item| {
        STEPS.iter().filter_map(move |(member, action)| Some(on(*action, item.fields(member)?.text("TableName")?)))
    });
    let named = ["TableName", "ResourceArn", "TableArn", "SourceTableArn", "SourceTableName"]
        .iter()
        .find_map(|name| input.text(name));
    let itself = named.map(|table| Wanted { action: operation, table, index: input.text("IndexName") });
    tables.chain(steps).chain(itself).collect()
}

/// What the request says about itself: "Condition keys for Amazon DynamoDB" of the Service Authorization Reference.
fn tell<'a>(input: Fields<'a>, context: &mut Context<'a>) {
    for name in ["Select", "ReturnValues", "ReturnConsumedCapacity"] {
        if let Some(text) = input.text(name) {
            context.set(["dynamodb:", name].concat(), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_tables_and_of_streams_are_others() {
        for action in ["*", "dynamodb:*", "dynamodb:Get*", "DynamoDB:getitem"] {
            assert!(is_action(action, false), "{action}");
        }
        assert!(!is_action("dynamodb:GetRecords", false) && is_action("dynamodb:GetRecords", true));
        assert!(!is_action("dynamodb:Nonsense", false) && !is_action("sqs:SendMessage", false));
    }
}
