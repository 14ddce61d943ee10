//! `AddPermission`, `RemovePermission` and the policy document that they edit.
//!
//! Follows `AddPermission` of the API Reference and "Amazon SQS message quotas" of the Developer Guide: a policy has at most 8,192 bytes, 20
//! statements, 50 principals and 10 conditions, and `AddPermission` takes at most seven actions.

use kumoi_core::{Cx, Fault, Reply};
use serde_json::{Map, Value as Json, json};

use crate::api::{self, AddPermissionInput, RemovePermissionInput};
use crate::errors::{bad_attribute, invalid_value, missing_parameter, over_limit};
use crate::queue::{Located, arn_of};

const MAX_BYTES: usize = 8192;
const MAX_STATEMENTS: usize = 20;
const MAX_PRINCIPALS: usize = 50;
const MAX_CONDITIONS: usize = 10;
const MAX_ACTIONS: usize = 7;

/// Actions that a queue's owner cannot share.
const OWNER_ONLY: [&str; 12] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

pub(crate) async fn add(cx: &Cx, input: AddPermissionInput) -> Reply<()> {
    let mut at = Located::of(cx, &input.queue_url).await?;
    check_label(&input.label)?;
    if input.aws_account_ids.is_empty() {
        return Err(missing_parameter("AWSAccountIds").into());
    }
    if input.actions.is_empty() {
        return Err(missing_parameter("Actions").into());
    }
    let principals =
        input.aws_account_ids.iter().map(|account| principal(&at, account)).collect::<Result<Vec<_>, _>>()?;
    let actions = input.actions.iter().map(|name| action(name)).collect::<Result<Vec<_>, _>>()?;
    if actions.len() > MAX_ACTIONS {
        return Err(
            over_limit(format!("{} Actions were found, maximum allowed is {MAX_ACTIONS}.", actions.len())).into()
        );
    }
    let resource = arn_of(&at.scope, &at.name);
    let mut policy = Policy::of(&at)?;
    if policy.position(&input.label).is_some() {
        return Err(invalid_value(&input.label, "Label", "Already exists.").into());
    }
    policy.statements.push(json!({
        "Sid": input.label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many(principals)},
        "Action": one_or_many(actions),
        "Resource": resource,
    }));
    policy.check_quotas()?;
    at.queue_mut().attributes.policy = Some(policy.text());
    at.save_changed(cx).await
}

pub(crate) async fn remove(cx: &Cx, input: RemovePermissionInput) -> Reply<()> {
    let mut at = Located::of(cx, &input.queue_url).await?;
    check_label(&input.label)?;
    let mut policy = Policy::of(&at)?;
    let Some(position) = policy.position(&input.label) else {
        return Err(invalid_value(&input.label, "Label", "can't find label on existing policy.").into());
    };
    policy.statements.remove(position);
    at.queue_mut().attributes.policy = (!policy.statements.is_empty()).then(|| policy.text());
    at.save_changed(cx).await
}

fn check_label(label: &str) -> Result<(), Fault> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if label.is_empty() || label.len() > 80 || !label.bytes().all(valid) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
        return Err(invalid_value(label, "Label", reason));
    }
    Ok(())
}

fn principal(at: &Located, account: &str) -> Result<String, Fault> {
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_value(format!("[{account}]"), "PrincipalId", "Unable to verify."));
    }
    let partition = kumoi_model::partitions::partition_of(&at.scope.region);
    Ok(format!("arn:{}:iam::{account}:root", partition.id))
}

fn action(name: &str) -> Result<String, Fault> {
    if OWNER_ONLY.contains(&name) {
        let reason = "Only the queue owner is allowed to invoke this action.";
        return Err(invalid_value(name, "ActionName", reason));
    }
    if name != "*" && !api::OPERATIONS.iter().any(|operation| operation.name == name) {
        let reason = "Please refer to the appropriate WSDL for a list of valid actions.";
        return Err(invalid_value(name, "ActionName", reason));
    }
    Ok(format!("SQS:{name}"))
}

fn one_or_many(mut values: Vec<String>) -> Json {
    match values.pop() {
        Some(only) if values.is_empty() => Json::String(only),
        last => Json::Array(values.into_iter().chain(last).map(Json::String).collect()),
    }
}

/// A policy document, as far as SQS edits and checks it.
pub(crate) struct Policy {
    /// Everything but the statements.
    members: Map<String, Json>,
    statements: Vec<Json>,
}

impl Policy {
    /// The policy of a queue, or an empty one.
    fn of(at: &Located) -> Result<Self, Fault> {
        match &at.queue.attributes.policy {
            Some(text) => Self::parse(text),
            None => {
                let id = format!("{}/SQSDefaultPolicy", arn_of(&at.scope, &at.name));
                let members = [("Version".to_owned(), "2008-10-17".into()), ("Id".to_owned(), id.into())];
                Ok(Self { members: members.into_iter().collect(), statements: Vec::new() })
            }
        }
    }

    /// Refuses a text that is not a policy for a queue.
    pub(crate) fn check(text: &str) -> Result<(), Fault> {
        Self::parse(text)?.check_quotas()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let refuse = || bad_attribute("Policy");
        let Ok(Json::Object(mut members)) = serde_json::from_str::<Json>(text) else { return Err(refuse()) };
        let version = members.get("Version").and_then(Json::as_str);
        if members.contains_key("Version") && !matches!(version, Some("2008-10-17" | "2012-10-17")) {
            return Err(refuse());
        }
        let statements = match members.remove("Statement") {
            Some(Json::Array(statements)) => statements,
            Some(statement @ Json::Object(_)) => vec![statement],
            _ => return Err(refuse()),
        };
        if statements.is_empty() || !statements.iter().all(is_statement) {
            return Err(refuse());
        }
        Ok(Self { members, statements })
    }

    fn check_quotas(&self) -> Result<(), Fault> {
        let bytes: usize = self.statements.iter().map(|statement| statement.to_string().len()).sum();
        let principals: usize = self.statements.iter().map(|statement| count_leaves(statement.get("Principal"))).sum();
        let conditions: usize = self.statements.iter().map(|statement| count_keys(statement.get("Condition"))).sum();
        let quotas = [
            (bytes, MAX_BYTES, "bytes"),
            (self.statements.len(), MAX_STATEMENTS, "statements"),
            (principals, MAX_PRINCIPALS, "principals"),
            (conditions, MAX_CONDITIONS, "conditions"),
        ];
        match quotas.iter().find(|(found, most, _)| found > most) {
            Some((found, most, what)) => {
                Err(over_limit(format!("{found} {what} were found, maximum allowed is {most}.")))
            }
            None => Ok(()),
        }
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.statements.iter().position(|statement| statement.get("Sid").and_then(Json::as_str) == Some(label))
    }

    fn text(mut self) -> String {
        self.members.insert("Statement".to_owned(), Json::Array(self.statements));
        Json::Object(self.members).to_string()
    }
}

fn is_statement(statement: &Json) -> bool {
    let effect = matches!(statement.get("Effect").and_then(Json::as_str), Some("Allow" | "Deny"));
    let one_of = |a: &str, b: &str| statement.get(a).is_some() != statement.get(b).is_some();
    let sid = statement.get("Sid").is_none_or(Json::is_string);
    effect && sid && one_of("Principal", "NotPrincipal") && one_of("Action", "NotAction")
}

/// Strings in a value of the form `"a"`, `["a", …]` or `{"AWS": "a" or ["a", …], …}`.
fn count_leaves(value: Option<&Json>) -> usize {
    let flat = |value: &Json| value.as_array().map_or(1, Vec::len);
    match value {
        None => 0,
        Some(Json::Object(members)) => members.values().map(flat).sum(),
        Some(other) => flat(other),
    }
}

/// Condition keys in `{operator: {key: …}}`.
fn count_keys(value: Option<&Json>) -> usize {
    let operators = value.and_then(Json::as_object);
    operators.map_or(0, |operators| operators.values().filter_map(Json::as_object).map(Map::len).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str) -> String {
        format!(r#"{{"Sid":"{sid}","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}}"#)
    }

    #[test]
    fn a_policy_needs_statements_with_effect_principal_and_action() {
        assert!(Policy::check(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statement("a"))).is_ok());
        assert!(Policy::check(&format!(r#"{{"Statement":{}}}"#, statement("a"))).is_ok());
        for text in [
            "x",
            "[]",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Version":"2020-01-01","Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Maybe","Principal":"*","Action":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#,
            &format!("{{\"Statement\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)),
        ] {
            let fault = Policy::check(text).unwrap_err();
            assert_eq!(fault.to_string(), "InvalidAttributeValue: Invalid value for the parameter Policy.", "{text}");
        }
    }

    #[test]
    fn quotas_of_policies() {
        let many = |count: usize| {
            let statements: Vec<_> = (0..count).map(|n| statement(&format!("s{n}"))).collect();
            format!(r#"{{"Statement":[{}]}}"#, statements.join(","))
        };
        assert!(Policy::check(&many(20)).is_ok());
        assert_eq!(Policy::check(&many(21)).unwrap_err().code(), "OverLimit");
        let principals: Vec<_> = (0..51).map(|n| format!("\"{n:012}\"")).collect();
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"*"}}}}"#,
            principals.join(",")
        );
        assert_eq!(Policy::check(&text).unwrap_err().message(), "51 principals were found, maximum allowed is 50.");
    }

    #[test]
    fn actions_and_labels() {
        assert_eq!(action("SendMessage").unwrap(), "SQS:SendMessage");
        assert_eq!(action("*").unwrap(), "SQS:*");
        assert!(action("DeleteQueue").unwrap_err().message().contains("Only the queue owner"));
        assert!(action("FooBar").unwrap_err().message().contains("appropriate WSDL"));
        assert!(check_label(&"l".repeat(80)).is_ok());
        assert!(check_label(&"l".repeat(81)).is_err());
        assert!(check_label("a b").is_err());
        assert_eq!(one_or_many(vec!["a".into()]), json!("a"));
        assert_eq!(one_or_many(vec!["a".into(), "b".into()]), json!(["a", "b"]));
    }
}
