//! Resource-based policies of tables and streams: "Using resource-based policies for DynamoDB" of the Developer Guide.
//!
//! The policy of a table speaks of its indexes, too. What policies permit and deny is decided in [`crate::access`].

use kumoi_access::{Context, Policy, Verdict};
use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::access;
use crate::api::{
    DeleteResourcePolicyInput, DeleteResourcePolicyOutput, GetResourcePolicyInput, GetResourcePolicyOutput,
    PutResourcePolicyInput, PutResourcePolicyOutput,
};
use crate::errors::{invalid, no_such_table, policy_not_found_exception, validation};
use crate::table::{Located, Named};
use crate::tables::POLICIES;

/// The most bytes of a policy, white space included.
const MAX_POLICY: usize = 20 << 10;

/// What `ExpectedRevisionId` says when there must be no policy.
const NO_POLICY: &str = "NO_POLICY";

/// A policy, as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attached {
    pub(crate) text: String,
    pub(crate) revision: String,
}

/// A table, or one of its streams by its label; of the table itself it is empty.
pub(crate) type PolicyKey = (String, String);

/// What a policy is attached to.
struct Resource<'a> {
    arn: &'a str,
    scope: Scope,
    key: PolicyKey,
}

impl<'a> Resource<'a> {
    /// Finds the resource of an ARN.
    async fn find(cx: &Cx, arn: &'a str) -> Reply<Self> {
        let refuse = || validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}"));
        let parsed = Arn::parse(arn).filter(|arn| arn.service == "dynamodb" && arn.region == cx.region());
        let parsed = parsed.ok_or_else(refuse)?;
        let resource = parsed.resource.strip_prefix("table/").ok_or_else(refuse)?;
        let (name, label) = match resource.split_once('/') {
            None => (resource, ""),
            Some((name, rest)) => (name, rest.strip_prefix("stream/").ok_or_else(refuse)?),
        };
        let scope = Scope::new(parsed.account, parsed.region);
        let at = Located::find(cx, Named { scope: scope.clone(), name }).await?;
        let at = at.ok_or_else(|| no_such_table(name))?;
        if !label.is_empty() && at.table.open_stream().is_none_or(|stream| stream.label != label) {
            let message = format!("Requested resource not found: Stream: {arn} not found");
            return Err(crate::errors::resource_not_found_exception(message).into());
        }
        Ok(Self { arn, scope, key: (name.to_owned(), label.to_owned()) })
    }

    async fn policy(&self, cx: &Cx) -> Reply<Option<Attached>> {
        Ok(cx.tx().get(&self.scope, &POLICIES, &self.key).await?)
    }
}

pub(crate) async fn put(cx: &Cx, input: PutResourcePolicyInput) -> Reply<PutResourcePolicyOutput> {
    let resource = Resource::find(cx, &input.resource_arn).await?;
    let policy = check(&input.policy, resource.arn)?;
    if input.confirm_remove_self_resource_access != Some(true) && locks_out(cx, &policy, &resource) {
        return Err(invalid(
            "The new policy would remove your own access to change it. Set ConfirmRemoveSelfResourceAccess to confirm that this is meant",
        )
        .into());
    }
    let now = resource.policy(cx).await?;
    expect(input.expected_revision_id.as_deref(), now.as_ref())?;
    if let Some(now) = now.filter(|now| now.text == input.policy) {
        return Ok(PutResourcePolicyOutput { revision_id: Some(now.revision) });
    }
    let attached = attach(cx, &resource.scope, &resource.key, input.policy).await?;
    Ok(PutResourcePolicyOutput { revision_id: Some(attached.revision) })
}

/// Attaches a policy that was checked.
async fn attach(cx: &Cx, scope: &Scope, key: &PolicyKey, text: String) -> Reply<Attached> {
    let revision = format!("{}{:04}", cx.now().millis(), cx.ids().sequence() % 10_000);
    let attached = Attached { text, revision };
    cx.tx().put(scope, &POLICIES, key, &attached).await?;
    Ok(attached)
}

/// Attaches the policy with which a table is created.
pub(crate) async fn create(cx: &Cx, at: &Located, text: Option<String>) -> Reply<()> {
    let Some(text) = text else { return Ok(()) };
    check(&text, &at.arn())?;
    attach(cx, &at.scope, &(at.name.clone(), String::new()), text).await?;
    Ok(())
}

pub(crate) async fn get(cx: &Cx, input: GetResourcePolicyInput) -> Reply<GetResourcePolicyOutput> {
    let resource = Resource::find(cx, &input.resource_arn).await?;
    let policy = resource.policy(cx).await?.ok_or_else(not_found)?;
    Ok(GetResourcePolicyOutput { policy: Some(policy.text), revision_id: Some(policy.revision) })
}

pub(crate) async fn delete(cx: &Cx, input: DeleteResourcePolicyInput) -> Reply<DeleteResourcePolicyOutput> {
    let resource = Resource::find(cx, &input.resource_arn).await?;
    let now = resource.policy(cx).await?;
    match (&now, input.expected_revision_id.as_deref()) {
        (None, Some(_)) => return Err(not_found().into()),
        (_, expected) => expect(expected, now.as_ref())?,
    }
    cx.tx().delete(&resource.scope, &POLICIES, &resource.key).await?;
    Ok(DeleteResourcePolicyOutput { revision_id: now.map(|policy| policy.revision) })
}

fn not_found() -> Fault {
    policy_not_found_exception("Resource-based policy not found for the provided ResourceArn: Policy not found")
}

/// Whether the policy is the one that a request expects.
fn expect(expected: Option<&str>, now: Option<&Attached>) -> Result<(), Fault> {
    let fits = match (expected, now) {
        (None, _) | (Some(NO_POLICY), None) => true,
        (Some(expected), Some(now)) => now.revision == expected,
        (Some(_), None) => false,
    };
    if fits {
        return Ok(());
    }
    Err(policy_not_found_exception(format!(
        "Resource-based policy not found for the provided ResourceArn: Requested update for policy with revision id {} failed because the policy's current revision id is {}",
        expected.unwrap_or_default(),
        now.map_or(NO_POLICY, |now| &now.revision),
    )))
}

/// Whether the policy denies the caller to change it. The root user always may delete it, but not put another.
fn locks_out(cx: &Cx, policy: &Policy, resource: &Resource<'_>) -> bool {
    let context = Context::new();
    let request = kumoi_access::Request {
        caller: cx.principal().caller(),
        action: "dynamodb:PutResourcePolicy",
        resource: resource.arn,
        resource_account: Some(&resource.scope.account),
        resource_must_allow: false,
        context: &context,
        moment: cx.now().millis(),
    };
    matches!(policy.verdict(&request), Verdict::Deny(_))
}

/// Reads a policy that is to be attached to the table or stream of that ARN.
fn check(text: &str, arn: &str) -> Result<Policy, Fault> {
    let malformed = |message: String| invalid(format!("Invalid policy document: {message}"));
    if text.len() > MAX_POLICY {
        return Err(malformed(format!("The size of the policy exceeds the maximum of {MAX_POLICY} bytes")));
    }
    let policy = Policy::parse(text).map_err(|error| malformed(error.to_string()))?;
    let stream = arn.contains("/stream/");
    let mut unknown = Vec::new();
    for statement in policy.statements() {
        if statement.principals().is_empty() {
            return Err(malformed("Missing required field Principal".to_owned()));
        }
        if statement.resources().next().is_none() {
            return Err(malformed("Missing required field Resource".to_owned()));
        }
        unknown.extend(statement.actions().filter(|action| !access::is_action(action, stream)).map(str::to_owned));
        if let Some(other) = statement.resources().find(|resource| !covers(resource, arn)) {
            return Err(malformed(format!("The resource {other} is neither {arn} nor an index of it")));
        }
    }
    if unknown.is_empty() {
        return Ok(policy);
    }
    let names: Vec<_> = unknown.iter().map(|action| format!("\"{action}\"")).collect();
    Err(malformed(format!("The following action names are invalid: {}", names.join(", "))))
}

/// Whether what a statement calls a resource can be that resource or what lies under it.
fn covers(resource: &str, arn: &str) -> bool {
    let fixed = resource.split(['*', '?', '$']).next().unwrap_or_default();
    let under = || resource.strip_prefix(arn).is_some_and(|rest| rest.starts_with("/index/"));
    resource == arn || under() || (fixed.len() < resource.len() && (arn.starts_with(fixed) || fixed.starts_with(arn)))
}

/// Detaches the policies of a table that is gone, and of its streams.
pub(crate) async fn forget(cx: &Cx, scope: &Scope, name: &str) -> Reply<()> {
    let range = kumoi_store::KeyRange::prefix(&(name,));
    for (key, _) in cx.tx().range(scope, &POLICIES, range, 100).await? {
        cx.tx().delete(scope, &POLICIES, &key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/t";

    fn policy(action: &str, resource: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"{resource}"}}]}}"#
        )
    }

    #[test]
    fn a_policy_speaks_of_its_table() {
        for resource in [TABLE, "*", &format!("{TABLE}/index/*"), "arn:aws:dynamodb:*:111111111111:table/t"] {
            check(&policy("dynamodb:GetItem", resource), TABLE).unwrap();
        }
        for resource in ["arn:aws:dynamodb:us-east-1:111111111111:table/tt", "arn:aws:s3:::b"] {
            check(&policy("dynamodb:GetItem", resource), TABLE).unwrap_err();
        }
    }

    #[test]
    fn actions_are_known() {
        let message = |action: &str, arn: &str| check(&policy(action, arn), arn).unwrap_err().message().to_owned();
        assert_eq!(
            message("dynamodb:ListStreams", TABLE),
            "One or more parameter values were invalid: Invalid policy document: The following action names are invalid: \"dynamodb:ListStreams\""
        );
        let stream = format!("{TABLE}/stream/2024-01-01T00:00:00.000");
        check(&policy("dynamodb:GetRecords", &stream), &stream).unwrap();
        message("dynamodb:GetItem", &stream);
        message("dynamodb:GetRecords", TABLE);
        message("s3:GetObject", TABLE);
    }

    #[test]
    fn policies_are_of_a_limited_size() {
        let padded = |size: usize| {
            let text = policy("dynamodb:*", TABLE);
            let space = " ".repeat(size - text.len());
            text + &space
        };
        check(&padded(MAX_POLICY), TABLE).unwrap();
        check(&padded(MAX_POLICY + 1), TABLE).unwrap_err();
    }
}
