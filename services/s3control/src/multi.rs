//! Multi-region access points: one name for buckets in several regions (S3 User Guide, "Managing multi-Region traffic with Multi-Region Access
//! Points").

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use crate::caller::{is_s3, scope};
use crate::errors::{conflict, invalid_request, method_not_allowed, no_such_multi};
use crate::points::{after, page, region_of_bucket};
use crate::requests::{Task, accept, repeated};
use crate::tables::{ALIASES, Alias, MULTIS, Multi, Route, State};
use crate::{api, block, names, policy};

/// The end of aliases.
const ALIAS: &str = ".mrap";

/// The most regions of one.
const MAX_REGIONS: usize = 20;

fn report(name: String, multi: Multi) -> api::MultiRegionAccessPointReport {
    let status = match multi.state {
        State::Creating => "CREATING",
        State::Ready => "READY",
        State::Deleting => "DELETING",
    };
    let regions = multi.routes.into_iter().map(|route| api::RegionReport {
        bucket: Some(route.bucket),
        region: Some(route.region),
        bucket_account_id: Some(route.account),
    });
    api::MultiRegionAccessPointReport {
        name: Some(name),
        alias: Some(multi.alias),
        created_at: Some(Timestamp::from_micros(multi.created)),
        public_access_block: Some(multi.block),
        status: Some(status.to_owned()),
        regions: Some(regions.collect()),
    }
}

async fn find(cx: &Cx, scope: &Scope, name: &String) -> Reply<Multi> {
    Ok(cx.tx().get(scope, &MULTIS, name).await?.ok_or_else(no_such_multi)?)
}

/// One that is ready to be changed.
async fn find_ready(cx: &Cx, scope: &Scope, name: &String) -> Reply<Multi> {
    let multi = find(cx, scope, name).await?;
    if multi.state != State::Ready {
        return Err(conflict(
            "A conflicting conditional operation is currently in progress against this resource. Try again.",
        )
        .into());
    }
    Ok(multi)
}

fn arn(cx: &Cx, scope: &Scope, alias: &str) -> String {
    let resource = &format!("accesspoint/{alias}");
    Arn { partition: cx.partition(), service: "s3", region: "", account: &scope.account, resource }.to_string()
}

pub(crate) async fn create(
    cx: &Cx,
    input: api::CreateMultiRegionAccessPointInput,
) -> Reply<api::CreateMultiRegionAccessPointOutput> {
    let scope = scope(cx, &input.account_id)?;
    let answer = |token| api::CreateMultiRegionAccessPointOutput { request_token_arn: Some(token) };
    if let Some(token) = repeated(cx, &scope, &input.client_token).await? {
        return Ok(answer(token));
    }
    let details = input.details;
    names::check_multi(&details.name)?;
    if cx.tx().get(&scope, &MULTIS, &details.name).await?.is_some() {
        return Err(invalid_request("A Multi-Region Access Point of that name exists already.").into());
    }
    if !(1..=MAX_REGIONS).contains(&details.regions.len()) {
        return Err(invalid_request("A Multi-Region Access Point has between 1 and 20 Regions.").into());
    }
    let mut routes: Vec<Route> = Vec::new();
    for given in &details.regions {
        let account = given.bucket_account_id.clone().unwrap_or_else(|| input.account_id.clone());
        let region = region_of_bucket(cx, &given.bucket, &account).await?;
        if routes.iter().any(|route| route.region == region) {
            return Err(
                invalid_request("Only one bucket in each Region can be part of a Multi-Region Access Point.").into()
            );
        }
        routes.push(Route { bucket: given.bucket.clone(), account, region, active: true });
    }
    // An alias begins with a letter.
    let alias = format!("m{}{ALIAS}", cx.ids().alphanumeric(12).to_ascii_lowercase());
    let multi = Multi {
        created: cx.now().micros(),
        alias: alias.clone(),
        block: block::of_point(details.public_access_block.clone()),
        state: State::Creating,
        routes,
        proposed: None,
        established: None,
    };
    cx.tx().put(&scope, &MULTIS, &details.name, &multi).await?;
    let known = Alias { account: input.account_id, region: String::new(), name: details.name.clone() };
    cx.tx().put(&Scope::world(), &ALIASES, &alias, &known).await?;
    Ok(answer(accept(cx, &scope, input.client_token, Task::Create(details)).await?))
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteMultiRegionAccessPointInput,
) -> Reply<api::DeleteMultiRegionAccessPointOutput> {
    let scope = scope(cx, &input.account_id)?;
    let answer = |token| api::DeleteMultiRegionAccessPointOutput { request_token_arn: Some(token) };
    if let Some(token) = repeated(cx, &scope, &input.client_token).await? {
        return Ok(answer(token));
    }
    let mut multi = find_ready(cx, &scope, &input.details.name).await?;
    multi.state = State::Deleting;
    cx.tx().put(&scope, &MULTIS, &input.details.name, &multi).await?;
    Ok(answer(accept(cx, &scope, input.client_token, Task::Delete(input.details)).await?))
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetMultiRegionAccessPointInput,
) -> Reply<api::GetMultiRegionAccessPointOutput> {
    let multi = find(cx, &scope(cx, &input.account_id)?, &input.name).await?;
    Ok(api::GetMultiRegionAccessPointOutput { access_point: Some(report(input.name, multi)) })
}

pub(crate) async fn list(
    cx: &Cx,
    input: api::ListMultiRegionAccessPointsInput,
) -> Reply<api::ListMultiRegionAccessPointsOutput> {
    const LIST: &str = "multi-region access points";
    let scope = scope(cx, &input.account_id)?;
    let max = page(input.max_results);
    let mut range = KeyRange::all();
    if let Some(last) = after(LIST, input.next_token.as_deref())? {
        range = range.after(&last);
    }
    let mut found = cx.tx().range(&scope, &MULTIS, range, max + 1).await?;
    let more = found.len() > max;
    found.truncate(max);
    let next_token = found.last().filter(|_| more).map(|(name, _)| paging::token(LIST, name));
    let reports = found.into_iter().map(|(name, multi)| report(name, multi));
    Ok(api::ListMultiRegionAccessPointsOutput { access_points: Some(reports.collect()), next_token })
}

pub(crate) async fn put_policy(
    cx: &Cx,
    input: api::PutMultiRegionAccessPointPolicyInput,
) -> Reply<api::PutMultiRegionAccessPointPolicyOutput> {
    let scope = scope(cx, &input.account_id)?;
    let answer = |token| api::PutMultiRegionAccessPointPolicyOutput { request_token_arn: Some(token) };
    if let Some(token) = repeated(cx, &scope, &input.client_token).await? {
        return Ok(answer(token));
    }
    let details = input.details;
    let mut multi = find_ready(cx, &scope, &details.name).await?;
    policy::check(cx, &scope, &details.policy, &arn(cx, &scope, &multi.alias), &multi.block).await?;
    multi.proposed = Some(details.policy.clone());
    cx.tx().put(&scope, &MULTIS, &details.name, &multi).await?;
    Ok(answer(accept(cx, &scope, input.client_token, Task::PutPolicy(details)).await?))
}

pub(crate) async fn get_policy(
    cx: &Cx,
    input: api::GetMultiRegionAccessPointPolicyInput,
) -> Reply<api::GetMultiRegionAccessPointPolicyOutput> {
    let (_, multi) = locate(cx, &input.account_id, &input.name).await?;
    let established =
        multi.established.map(|policy| api::EstablishedMultiRegionAccessPointPolicy { policy: Some(policy) });
    let proposed = multi.proposed.map(|policy| api::ProposedMultiRegionAccessPointPolicy { policy: Some(policy) });
    let policy = api::MultiRegionAccessPointPolicyDocument { established, proposed };
    Ok(api::GetMultiRegionAccessPointPolicyOutput { policy: Some(policy) })
}

pub(crate) async fn policy_status(
    cx: &Cx,
    input: api::GetMultiRegionAccessPointPolicyStatusInput,
) -> Reply<api::GetMultiRegionAccessPointPolicyStatusOutput> {
    let multi = find(cx, &scope(cx, &input.account_id)?, &input.name).await?;
    let public = multi.established.is_some_and(|policy| policy::is_public(&policy));
    let established = Some(api::PolicyStatus { is_public: Some(public) });
    Ok(api::GetMultiRegionAccessPointPolicyStatusOutput { established })
}

/// The one of an ARN, an alias or a name, and where it is kept. S3 finds those of every account.
async fn locate(cx: &Cx, account: &str, mrap: &str) -> Reply<((Scope, String), Multi)> {
    let scope = scope(cx, account)?;
    let parsed = Arn::parse(mrap);
    let named = parsed.as_ref().and_then(|arn| arn.resource.strip_prefix("accesspoint/")).unwrap_or(mrap);
    let at = if named.ends_with(ALIAS) {
        let known = cx.tx().get(&Scope::world(), &ALIASES, &named.to_owned()).await?.ok_or_else(no_such_multi)?;
        if parsed.is_some_and(|arn| arn.account != known.account) || (known.account != *scope.account && !is_s3(cx)) {
            return Err(no_such_multi().into());
        }
        (Scope::new(&known.account, &scope.region), known.name)
    } else {
        (scope, named.to_owned())
    };
    let multi = find(cx, &at.0, &at.1).await?;
    Ok((at, multi))
}

pub(crate) async fn get_routes(
    cx: &Cx,
    input: api::GetMultiRegionAccessPointRoutesInput,
) -> Reply<api::GetMultiRegionAccessPointRoutesOutput> {
    let ((scope, _), multi) = locate(cx, &input.account_id, &input.mrap).await?;
    let routes = multi.routes.iter().map(|route| api::MultiRegionAccessPointRoute {
        bucket: Some(route.bucket.clone()),
        region: Some(route.region.clone()),
        traffic_dial_percentage: if route.active { 100 } else { 0 },
    });
    let routes = Some(routes.collect());
    Ok(api::GetMultiRegionAccessPointRoutesOutput { mrap: Some(arn(cx, &scope, &multi.alias)), routes })
}

pub(crate) async fn submit_routes(
    cx: &Cx,
    input: api::SubmitMultiRegionAccessPointRoutesInput,
) -> Reply<api::SubmitMultiRegionAccessPointRoutesOutput> {
    let ((scope, name), mut multi) = locate(cx, &input.account_id, &input.mrap).await?;
    if multi.routes.len() < 2 {
        return Err(method_not_allowed().into());
    }
    for update in input.route_updates {
        update_route(&mut multi.routes, &update)?;
    }
    if !multi.routes.iter().any(|route| route.active) {
        return Err(invalid_request("At least one Region must be active.").into());
    }
    cx.tx().put(&scope, &MULTIS, &name, &multi).await?;
    Ok(api::SubmitMultiRegionAccessPointRoutesOutput::default())
}

fn update_route(routes: &mut [Route], update: &api::MultiRegionAccessPointRoute) -> Result<(), Fault> {
    let is = |route: &&mut Route| {
        update.bucket.as_ref().is_none_or(|bucket| *bucket == route.bucket)
            && update.region.as_ref().is_none_or(|region| *region == route.region)
    };
    let named = update.bucket.is_some() || update.region.is_some();
    let route = routes.iter_mut().find(is).filter(|_| named);
    let route = route.ok_or_else(|| invalid_request("The route names no bucket of the Multi-Region Access Point."))?;
    route.active = match update.traffic_dial_percentage {
        0 => false,
        100 => true,
        _ => return Err(invalid_request("TrafficDialPercentage is 0 or 100.")),
    };
    Ok(())
}
