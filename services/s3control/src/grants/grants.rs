//! Grants themselves.

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use super::record::{GRANTS, Grant};
use super::{DEFAULT, arn, instance_of, listing, locations, refused, resource, scope as paths};
use crate::caller::scope;
use crate::errors::invalid_request;
use crate::{api, tags};

/// Grants that are looked at for one that is the same.
pub(super) const MOST: usize = 100_000;

fn grant_arn(scope: &Scope, id: &str) -> Option<String> {
    Some(arn(scope, &format!("grant/{id}")))
}

fn configuration(grant: &Grant) -> Option<api::AccessGrantsLocationConfiguration> {
    let sub_prefix = grant.sub_prefix.clone();
    sub_prefix.map(|prefix| api::AccessGrantsLocationConfiguration { s3_sub_prefix: Some(prefix) })
}

fn check_grantee(grantee: &api::Grantee) -> Result<(), Fault> {
    let invalid = || invalid_request("Invalid Grantee in the request");
    match grantee.grantee_type.as_deref() {
        Some("IAM") => {
            let arn = grantee.grantee_identifier.as_deref().and_then(Arn::parse);
            if arn.is_some_and(|arn| arn.service == "iam") { Ok(()) } else { Err(invalid()) }
        }
        Some("DIRECTORY_USER" | "DIRECTORY_GROUP") => {
            Err(Fault::not_implemented("s3control", "CreateAccessGrant for grantees of a directory"))
        }
        _ => Err(invalid()),
    }
}

pub(crate) async fn create(cx: &Cx, input: api::CreateAccessGrantInput) -> Reply<api::CreateAccessGrantOutput> {
    let scope = scope(cx, &input.account_id)?;
    let location = locations::find(cx, &scope, &input.access_grants_location_id).await?;
    check_grantee(&input.grantee)?;
    if input.application_arn.is_some() {
        return Err(Fault::not_implemented("s3control", "CreateAccessGrant for an application").into());
    }
    let sub_prefix = input.access_grants_location_configuration.and_then(|configuration| configuration.s3_sub_prefix);
    let sub_prefix = sub_prefix.filter(|prefix| !prefix.is_empty());
    let known = ["READ", "WRITE", "READWRITE"].contains(&input.permission.as_str());
    let object = input.s3_prefix_type.as_deref() == Some("Object");
    let path = paths::of_grant(&location.scope, sub_prefix.as_deref());
    // A grant is never for everything.
    let everything = input.access_grants_location_id == DEFAULT && sub_prefix.is_none();
    if everything || !known || paths::bucket_of(&path).is_none_or(str::is_empty) || (object && path.ends_with('*')) {
        return Err(refused("InvalidAccessGrant", 400, "The specified Access Grant is invalid").into());
    }
    let grant = Grant {
        created: cx.now().micros(),
        location: input.access_grants_location_id,
        sub_prefix,
        scope: path,
        object,
        grantee: input.grantee,
        permission: input.permission,
    };
    let known = cx.tx().range(&scope, &GRANTS, KeyRange::all(), MOST).await?;
    if known.iter().any(|(_, known)| Grant { created: grant.created, ..known.clone() } == grant) {
        return Err(refused("AccessGrantAlreadyExists", 409, "The specified access grant already exists").into());
    }
    let id = cx.ids().uuid();
    cx.tx().put(&scope, &GRANTS, &id, &grant).await?;
    tags::give(cx, &scope, &resource(&format!("grant/{id}")), input.tags).await?;
    Ok(api::CreateAccessGrantOutput {
        created_at: Some(Timestamp::from_micros(grant.created)),
        access_grant_arn: grant_arn(&scope, &id),
        access_grant_id: Some(id),
        access_grants_location_configuration: configuration(&grant),
        access_grants_location_id: Some(grant.location),
        grantee: Some(grant.grantee),
        permission: Some(grant.permission),
        application_arn: None,
        grant_scope: Some(grant.scope),
    })
}

async fn find(cx: &Cx, scope: &Scope, id: &String) -> Reply<Grant> {
    instance_of(cx, scope).await?;
    let missing = || refused("NoSuchAccessGrantError", 404, "The specified access grant does not exist");
    Ok(cx.tx().get(scope, &GRANTS, id).await?.ok_or_else(missing)?)
}

pub(crate) async fn get(cx: &Cx, input: api::GetAccessGrantInput) -> Reply<api::GetAccessGrantOutput> {
    let scope = scope(cx, &input.account_id)?;
    let grant = find(cx, &scope, &input.access_grant_id).await?;
    Ok(api::GetAccessGrantOutput {
        created_at: Some(Timestamp::from_micros(grant.created)),
        access_grant_arn: grant_arn(&scope, &input.access_grant_id),
        access_grant_id: Some(input.access_grant_id),
        access_grants_location_configuration: configuration(&grant),
        access_grants_location_id: Some(grant.location),
        grantee: Some(grant.grantee),
        permission: Some(grant.permission),
        application_arn: None,
        grant_scope: Some(grant.scope),
    })
}

pub(crate) async fn delete(cx: &Cx, input: api::DeleteAccessGrantInput) -> Reply<api::DeleteAccessGrantOutput> {
    let scope = scope(cx, &input.account_id)?;
    find(cx, &scope, &input.access_grant_id).await?;
    cx.tx().delete(&scope, &GRANTS, &input.access_grant_id).await?;
    tags::forget(cx, &scope, &resource(&format!("grant/{}", input.access_grant_id))).await?;
    Ok(api::DeleteAccessGrantOutput::default())
}

pub(crate) async fn list(cx: &Cx, input: api::ListAccessGrantsInput) -> Reply<api::ListAccessGrantsOutput> {
    let scope = scope(cx, &input.account_id)?;
    instance_of(cx, &scope).await?;
    let is = |asked: Option<&String>, value: Option<&String>| asked.is_none() || asked == value;
    let wanted = |grant: &Grant| {
        is(input.grantee_type.as_ref(), grant.grantee.grantee_type.as_ref())
            && is(input.grantee_identifier.as_ref(), grant.grantee.grantee_identifier.as_ref())
            && is(input.permission.as_ref(), Some(&grant.permission))
            && is_in(input.grant_scope.as_deref(), grant)
    };
    let asked = (input.next_token.as_deref(), input.max_results);
    let (found, next_token) = listing(cx, (&scope, &GRANTS, "access grants"), asked, wanted).await?;
    let entries = found.into_iter().map(|(id, grant)| api::ListAccessGrantEntry {
        created_at: Some(Timestamp::from_micros(grant.created)),
        access_grant_arn: grant_arn(&scope, &id),
        access_grant_id: Some(id),
        access_grants_location_configuration: configuration(&grant),
        access_grants_location_id: Some(grant.location),
        grantee: Some(grant.grantee),
        permission: Some(grant.permission),
        application_arn: None,
        grant_scope: Some(grant.scope),
    });
    Ok(api::ListAccessGrantsOutput { next_token, access_grants_list: Some(entries.collect()) })
}

/// Whether the path of a grant begins as a listing wants it.
pub(super) fn is_in(path: Option<&str>, grant: &Grant) -> bool {
    path.is_none_or(|path| grant.scope.starts_with(path.trim_end_matches('*')))
}
