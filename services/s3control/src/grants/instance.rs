//! The instance of Access Grants that an account has in a region, and its resource policy.

use kumoi_access::{Policy, Request, Verdict};
use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Fault, Reply, policies};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use super::record::{INSTANCES, Instance, LOCATIONS, ResourcePolicy};
use super::{DEFAULT, arn, instance_of, refused, resource, scope as paths};
use crate::caller::scope;
use crate::errors::{access_denied, invalid_request};
use crate::{api, points, tags};

pub(crate) async fn create(
    cx: &Cx,
    input: api::CreateAccessGrantsInstanceInput,
) -> Reply<api::CreateAccessGrantsInstanceOutput> {
    let scope = scope(cx, &input.account_id)?;
    if input.identity_center_arn.is_some() {
        return Err(Fault::not_implemented("s3control", "CreateAccessGrantsInstance with IAM Identity Center").into());
    }
    if cx.tx().get(&scope, &INSTANCES, &()).await?.is_some() {
        return Err(refused("AccessGrantsInstanceAlreadyExists", 409, "Access Grants Instance already exists").into());
    }
    let instance = Instance { created: cx.now().micros(), policy: None };
    cx.tx().put(&scope, &INSTANCES, &(), &instance).await?;
    tags::give(cx, &scope, &resource(""), input.tags).await?;
    Ok(api::CreateAccessGrantsInstanceOutput {
        created_at: Some(Timestamp::from_micros(instance.created)),
        access_grants_instance_id: Some(DEFAULT.to_owned()),
        access_grants_instance_arn: Some(arn(&scope, "")),
        ..api::CreateAccessGrantsInstanceOutput::default()
    })
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetAccessGrantsInstanceInput,
) -> Reply<api::GetAccessGrantsInstanceOutput> {
    let scope = scope(cx, &input.account_id)?;
    let instance = instance_of(cx, &scope).await?;
    Ok(api::GetAccessGrantsInstanceOutput {
        created_at: Some(Timestamp::from_micros(instance.created)),
        access_grants_instance_id: Some(DEFAULT.to_owned()),
        access_grants_instance_arn: Some(arn(&scope, "")),
        ..api::GetAccessGrantsInstanceOutput::default()
    })
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteAccessGrantsInstanceInput,
) -> Reply<api::DeleteAccessGrantsInstanceOutput> {
    let scope = scope(cx, &input.account_id)?;
    instance_of(cx, &scope).await?;
    if !cx.tx().range(&scope, &LOCATIONS, KeyRange::all(), 1).await?.is_empty() {
        let message = "Please clean up locations before deleting the access grants instance";
        return Err(refused("AccessGrantsInstanceNotEmptyError", 400, message).into());
    }
    cx.tx().delete(&scope, &INSTANCES, &()).await?;
    tags::forget(cx, &scope, &resource("")).await?;
    Ok(api::DeleteAccessGrantsInstanceOutput::default())
}

pub(crate) async fn list(
    cx: &Cx,
    input: api::ListAccessGrantsInstancesInput,
) -> Reply<api::ListAccessGrantsInstancesOutput> {
    let scope = scope(cx, &input.account_id)?;
    let found = cx.tx().get(&scope, &INSTANCES, &()).await?;
    let entries = found.into_iter().map(|instance| api::ListAccessGrantsInstanceEntry {
        access_grants_instance_id: Some(DEFAULT.to_owned()),
        access_grants_instance_arn: Some(arn(&scope, "")),
        created_at: Some(Timestamp::from_micros(instance.created)),
        ..api::ListAccessGrantsInstanceEntry::default()
    });
    Ok(api::ListAccessGrantsInstancesOutput { next_token: None, access_grants_instances_list: Some(entries.collect()) })
}

/// The instance that a path belongs to: that of the bucket's owner. Buckets of other accounts are not looked for.
pub(crate) async fn for_prefix(
    cx: &Cx,
    input: api::GetAccessGrantsInstanceForPrefixInput,
) -> Reply<api::GetAccessGrantsInstanceForPrefixOutput> {
    let own = scope(cx, &input.account_id)?;
    let bucket = paths::bucket_of(&input.s3_prefix).filter(|bucket| !bucket.is_empty());
    let bucket = bucket.ok_or_else(|| invalid_request("The S3 prefix does not begin with s3:// and a bucket."))?;
    let region = points::region_of_bucket(cx, bucket, &input.account_id).await?;
    let scope = Scope::new(&own.account, &region);
    instance_of(cx, &scope).await?;
    Ok(api::GetAccessGrantsInstanceForPrefixOutput {
        access_grants_instance_arn: Some(arn(&scope, "")),
        access_grants_instance_id: Some(DEFAULT.to_owned()),
    })
}

pub(crate) async fn put_policy(
    cx: &Cx,
    input: api::PutAccessGrantsInstanceResourcePolicyInput,
) -> Reply<api::PutAccessGrantsInstanceResourcePolicyOutput> {
    let scope = scope(cx, &input.account_id)?;
    let mut instance = instance_of(cx, &scope).await?;
    if Policy::parse(&input.policy).is_err() {
        return Err(refused("InvalidResourcePolicy", 400, "The specified Resource Policy is invalid").into());
    }
    let (text, organization, created) = (input.policy, input.organization, cx.now().micros());
    let policy = ResourcePolicy { text, organization, created };
    instance.policy = Some(policy.clone());
    cx.tx().put(&scope, &INSTANCES, &(), &instance).await?;
    Ok(api::PutAccessGrantsInstanceResourcePolicyOutput {
        policy: Some(policy.text),
        organization: policy.organization,
        created_at: Some(Timestamp::from_micros(policy.created)),
    })
}

fn no_policy() -> Fault {
    let message = "Access Grants Instance Resource Policy does not exist";
    refused("AccessGrantsInstanceResourcePolicyNotExists", 404, message)
}

pub(crate) async fn get_policy(
    cx: &Cx,
    input: api::GetAccessGrantsInstanceResourcePolicyInput,
) -> Reply<api::GetAccessGrantsInstanceResourcePolicyOutput> {
    let scope = scope(cx, &input.account_id)?;
    let policy = instance_of(cx, &scope).await?.policy.ok_or_else(no_policy)?;
    Ok(api::GetAccessGrantsInstanceResourcePolicyOutput {
        policy: Some(policy.text),
        organization: policy.organization,
        created_at: Some(Timestamp::from_micros(policy.created)),
    })
}

pub(crate) async fn delete_policy(
    cx: &Cx,
    input: api::DeleteAccessGrantsInstanceResourcePolicyInput,
) -> Reply<api::DeleteAccessGrantsInstanceResourcePolicyOutput> {
    let scope = scope(cx, &input.account_id)?;
    let instance = Instance { policy: None, ..instance_of(cx, &scope).await? };
    cx.tx().put(&scope, &INSTANCES, &(), &instance).await?;
    Ok(api::DeleteAccessGrantsInstanceResourcePolicyOutput::default())
}

/// The instance of an account, for a caller that may do this with it: its own, or one that the resource policy lets in.
pub(crate) async fn open_to_caller(cx: &Cx, account: &str, action: &str) -> Reply<Scope> {
    if let Ok(scope) = scope(cx, account) {
        instance_of(cx, &scope).await?;
        return Ok(scope);
    }
    let (scope, principal) = (Scope::new(account, cx.region()), cx.principal());
    if matches!(principal.kind, PrincipalKind::Service | PrincipalKind::Anonymous) {
        return Err(access_denied().into());
    }
    let instance = cx.tx().get(&scope, &INSTANCES, &()).await?;
    let policy = instance.and_then(|instance| instance.policy);
    let policy = policy.and_then(|policy| policies::parsed(&policy.text)).ok_or_else(access_denied)?;
    let (context, resource) = (policies::context(cx, account), arn(&scope, ""));
    let asked = Request {
        caller: principal.caller(),
        action,
        resource: &resource,
        resource_account: Some(account),
        resource_must_allow: false,
        context: &context,
        moment: cx.now().millis(),
    };
    match policy.verdict(&asked) {
        Verdict::Allow(..) => Ok(scope),
        Verdict::Deny(_) | Verdict::Silent => Err(access_denied().into()),
    }
}
