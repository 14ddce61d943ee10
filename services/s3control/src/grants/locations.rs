//! Places that grants can be for, each with the role that reaches it.

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use super::record::{GRANTS, LOCATIONS, Location};
use super::{DEFAULT, arn, instance_of, listing, refused, resource, scope as paths};
use crate::caller::scope;
use crate::{api, points, tags};

/// Locations that are looked at for one of the same scope, and grants for those of a location.
const MOST: usize = 100_000;

pub(super) fn invalid() -> Fault {
    refused("InvalidAccessGrantsLocation", 400, "The specified Access Grants Location is invalid")
}

fn check_role(role: &str, account: &str) -> Result<(), Fault> {
    let parsed = Arn::parse(role).filter(|arn| arn.service == "iam" && arn.account == account);
    let valid = parsed.is_some_and(|arn| arn.resource.starts_with("role/"));
    if valid { Ok(()) } else { Err(refused("InvalidIamRole", 400, "The specified IAM Role is invalid")) }
}

pub(super) async fn find(cx: &Cx, scope: &Scope, id: &String) -> Reply<Location> {
    instance_of(cx, scope).await?;
    let message = "The specified access grants location does not exist";
    let missing = || refused("NoSuchAccessGrantsLocationError", 404, message);
    Ok(cx.tx().get(scope, &LOCATIONS, id).await?.ok_or_else(missing)?)
}

fn location_arn(scope: &Scope, id: &str) -> Option<String> {
    Some(arn(scope, &format!("location/{id}")))
}

pub(crate) async fn create(
    cx: &Cx,
    input: api::CreateAccessGrantsLocationInput,
) -> Reply<api::CreateAccessGrantsLocationOutput> {
    let scope = scope(cx, &input.account_id)?;
    instance_of(cx, &scope).await?;
    check_role(&input.iam_role_arn, &input.account_id)?;
    let bucket = paths::bucket_of(&input.location_scope).ok_or_else(invalid)?;
    if !bucket.is_empty() {
        // The data are where the instance is.
        let region = points::region_of_bucket(cx, bucket, &input.account_id).await.map_err(|_| invalid())?;
        if region != cx.region() {
            return Err(invalid().into());
        }
    }
    let known = cx.tx().range(&scope, &LOCATIONS, KeyRange::all(), MOST).await?;
    if known.iter().any(|(_, known)| known.scope == input.location_scope) {
        let message = "The specified access grants location already exists";
        return Err(refused("AccessGrantsLocationAlreadyExistsError", 409, message).into());
    }
    let id = if bucket.is_empty() { DEFAULT.to_owned() } else { cx.ids().uuid() };
    let location = Location { created: cx.now().micros(), scope: input.location_scope, role: input.iam_role_arn };
    cx.tx().put(&scope, &LOCATIONS, &id, &location).await?;
    tags::give(cx, &scope, &resource(&format!("location/{id}")), input.tags).await?;
    Ok(api::CreateAccessGrantsLocationOutput {
        created_at: Some(Timestamp::from_micros(location.created)),
        access_grants_location_arn: location_arn(&scope, &id),
        access_grants_location_id: Some(id),
        location_scope: Some(location.scope),
        iam_role_arn: Some(location.role),
    })
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetAccessGrantsLocationInput,
) -> Reply<api::GetAccessGrantsLocationOutput> {
    let scope = scope(cx, &input.account_id)?;
    let location = find(cx, &scope, &input.access_grants_location_id).await?;
    Ok(api::GetAccessGrantsLocationOutput {
        created_at: Some(Timestamp::from_micros(location.created)),
        access_grants_location_arn: location_arn(&scope, &input.access_grants_location_id),
        access_grants_location_id: Some(input.access_grants_location_id),
        location_scope: Some(location.scope),
        iam_role_arn: Some(location.role),
    })
}

pub(crate) async fn update(
    cx: &Cx,
    input: api::UpdateAccessGrantsLocationInput,
) -> Reply<api::UpdateAccessGrantsLocationOutput> {
    let (scope, id) = (scope(cx, &input.account_id)?, input.access_grants_location_id);
    let location = find(cx, &scope, &id).await?;
    check_role(&input.iam_role_arn, &input.account_id)?;
    let location = Location { role: input.iam_role_arn, ..location };
    cx.tx().put(&scope, &LOCATIONS, &id, &location).await?;
    Ok(api::UpdateAccessGrantsLocationOutput {
        created_at: Some(Timestamp::from_micros(location.created)),
        access_grants_location_arn: location_arn(&scope, &id),
        access_grants_location_id: Some(id),
        location_scope: Some(location.scope),
        iam_role_arn: Some(location.role),
    })
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteAccessGrantsLocationInput,
) -> Reply<api::DeleteAccessGrantsLocationOutput> {
    let (scope, id) = (scope(cx, &input.account_id)?, input.access_grants_location_id);
    find(cx, &scope, &id).await?;
    let grants = cx.tx().range(&scope, &GRANTS, KeyRange::all(), MOST).await?;
    if grants.iter().any(|(_, grant)| grant.location == id) {
        let message = "Please clean up access grants before deleting access grants location";
        return Err(refused("AccessGrantsLocationNotEmptyError", 400, message).into());
    }
    cx.tx().delete(&scope, &LOCATIONS, &id).await?;
    tags::forget(cx, &scope, &resource(&format!("location/{id}"))).await?;
    Ok(api::DeleteAccessGrantsLocationOutput::default())
}

pub(crate) async fn list(
    cx: &Cx,
    input: api::ListAccessGrantsLocationsInput,
) -> Reply<api::ListAccessGrantsLocationsOutput> {
    let scope = scope(cx, &input.account_id)?;
    instance_of(cx, &scope).await?;
    let asked = (input.next_token.as_deref(), input.max_results);
    let wanted = |location: &Location| input.location_scope.as_ref().is_none_or(|scope| *scope == location.scope);
    let (found, next_token) = listing(cx, (&scope, &LOCATIONS, "grants locations"), asked, wanted).await?;
    let entries = found.into_iter().map(|(id, location)| api::ListAccessGrantsLocationsEntry {
        created_at: Some(Timestamp::from_micros(location.created)),
        access_grants_location_arn: location_arn(&scope, &id),
        access_grants_location_id: Some(id),
        location_scope: Some(location.scope),
        iam_role_arn: Some(location.role),
    });
    Ok(api::ListAccessGrantsLocationsOutput { next_token, access_grants_locations_list: Some(entries.collect()) })
}
