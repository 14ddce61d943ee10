//! What grantees ask for: credentials, and which grants they have.

use kumoi_core::ask::Ask;
use kumoi_core::{Cx, Fault, Principal, Reply};
use kumoi_store::KeyRange;

use super::grants::{MOST, is_in};
use super::instance::open_to_caller;
use super::record::{GRANTS, Grant, LOCATIONS};
use super::{arn, listing, locations, refused, scope as paths};
use crate::api;
use crate::errors::invalid_request;

/// Who assumes the roles of locations.
const SERVICE: &str = "access-grants.s3.amazonaws.com";

fn is_callers(cx: &Cx, grant: &Grant) -> bool {
    let identifier = grant.grantee.grantee_identifier.as_deref().unwrap_or_default();
    paths::is_grantee(cx.principal(), identifier)
}

pub(crate) async fn get(cx: &Cx, input: api::GetDataAccessInput) -> Reply<api::GetDataAccessOutput> {
    let scope = open_to_caller(cx, &input.account_id, "s3:GetDataAccess").await?;
    if paths::bucket_of(&input.target).is_none_or(str::is_empty) {
        return Err(invalid_request("The target does not begin with s3:// and a bucket.").into());
    }
    let target = (input.target.as_str(), input.target_type.as_deref() == Some("Object"));
    let grants = cx.tx().range(&scope, &GRANTS, KeyRange::all(), MOST).await?;
    let fitting = grants.into_iter().map(|(_, grant)| grant).filter(|grant| {
        is_callers(cx, grant)
            && paths::permits(&grant.permission, &input.permission)
            && paths::covers((&grant.scope, grant.object), target)
    });
    // The closest one counts.
    let Some(grant) = fitting.max_by_key(|grant| (grant.scope.trim_end_matches('*').len(), grant.object)) else {
        let (permission, target) = (&input.permission, &input.target);
        let message = format!("You do not have {permission} permissions to the requested S3 Prefix: {target}");
        return Err(refused("AccessDenied", 403, message).into());
    };
    let location = cx.tx().get(&scope, &LOCATIONS, &grant.location).await?.ok_or_else(locations::invalid)?;
    let minimal = input.privilege.as_deref() == Some("Minimal");
    let granted = if minimal { target } else { (grant.scope.as_str(), grant.object) };
    let policy = paths::session_policy(cx.partition(), granted, &input.permission).to_string();
    let mut ask = Ask::new("sts", "AssumeRole")?
        .with("RoleArn", location.role.clone())
        .with("RoleSessionName", format!("access-grants-{}", cx.ids().uuid()))
        .with("Policy", policy);
    if let Some(seconds) = input.duration_seconds {
        ask = ask.with("DurationSeconds", seconds);
    }
    let answer = ask.call(cx, Principal::service(SERVICE, &input.account_id)).await;
    let answer = answer.map_err(|fault| from_sts(&fault, &location.role))?;
    let credentials = answer.fields().fields("Credentials").ok_or_else(Fault::internal)?;
    let text = |member| credentials.text(member).map(str::to_owned);
    Ok(api::GetDataAccessOutput {
        credentials: Some(api::Credentials {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            session_token: text("SessionToken"),
            expiration: credentials.moment("Expiration"),
        }),
        matched_grant_target: Some(granted.0.to_owned()),
        matched_instance_arn: Some(arn(&scope, "")),
        grantee: Some(grant.grantee),
    })
}

/// The errors of STS, as the service tells them.
fn from_sts(fault: &Fault, role: &str) -> Fault {
    match fault.status() {
        403 => {
            let message = format!("User: {SERVICE} is not authorized to perform: sts:AssumeRole on resource: {role}");
            refused("StsNotAuthorizedError", 403, message)
        }
        400 if fault.code().starts_with("PackedPolicyTooLarge") => {
            refused("StsPackedPolicyTooLargeError", 400, "Serialized token too large for session")
        }
        400 => refused("StsValidationError", 400, fault.message()),
        _ => fault.clone(),
    }
}

pub(crate) async fn list(cx: &Cx, input: api::ListCallerAccessGrantsInput) -> Reply<api::ListCallerAccessGrantsOutput> {
    let scope = open_to_caller(cx, &input.account_id, "s3:ListCallerAccessGrants").await?;
    let asked = (input.next_token.as_deref(), input.max_results);
    let wanted = |grant: &Grant| is_callers(cx, grant) && is_in(input.grant_scope.as_deref(), grant);
    let (found, next_token) = listing(cx, (&scope, &GRANTS, "caller access grants"), asked, wanted).await?;
    let entries = found.into_iter().map(|(_, grant)| api::ListCallerAccessGrantsEntry {
        permission: Some(grant.permission),
        grant_scope: Some(grant.scope),
        application_arn: None,
        access_grants_instance_arn: Some(arn(&scope, "")),
    });
    Ok(api::ListCallerAccessGrantsOutput { next_token, caller_access_grants_list: Some(entries.collect()) })
}
