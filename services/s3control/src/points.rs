//! Access points: names under which a bucket can be reached, each with rules of its own (S3 User Guide, "Managing access to shared datasets with
//! access points").

use std::collections::BTreeMap;

use kumoi_core::arn::Arn;
use kumoi_core::ask::Ask;
use kumoi_core::{Cx, Fault, Principal, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_model::partitions::partition_of;
use kumoi_store::{KeyRange, Scope};

use crate::caller::{is_s3, scope};
use crate::errors::{access_denied, invalid_request, invalid_token, no_such_bucket, no_such_point, point_exists};
use crate::tables::{ALIASES, Alias, OF_BUCKET, POINTS, Point};
use crate::{api, block, names, tags};

/// The most access points of a page.
const MAX_PAGE: i32 = 1000;

/// The principal as which this service asks S3 on behalf of an account.
fn asking(account: &str) -> Principal {
    Principal::service("s3.amazonaws.com", account)
}

/// The region of a bucket of that account.
pub(crate) async fn region_of_bucket(cx: &Cx, bucket: &str, account: &str) -> Result<String, Fault> {
    let ask = Ask::new("s3", "HeadBucket")?.with("Bucket", bucket.to_owned());
    let answer = ask.with("ExpectedBucketOwner", account.to_owned()).call(cx, asking(account)).await;
    let answer = answer.map_err(|fault| match fault.status() {
        404 => no_such_bucket().with_detail("BucketName", bucket),
        403 => access_denied(),
        _ => fault,
    })?;
    Ok(answer.fields().text("BucketRegion").unwrap_or_default().to_owned())
}

/// Where an access point is kept, and under which name: that of the request, or for S3 what its ARN or alias says.
async fn locate(cx: &Cx, account: &str, name: &str) -> Reply<(Scope, String)> {
    let scope = scope(cx, account)?;
    if !is_s3(cx) {
        return Ok((scope, name.to_owned()));
    }
    if let Some(arn) = Arn::parse(name) {
        let named = arn.resource.strip_prefix("accesspoint/").or_else(|| arn.resource.strip_prefix("accesspoint:"));
        return Ok((Scope::new(arn.account, arn.region), named.unwrap_or(arn.resource).to_owned()));
    }
    match cx.tx().get(&Scope::world(), &ALIASES, &name.to_owned()).await? {
        Some(alias) => Ok((Scope::new(&alias.account, &alias.region), alias.name)),
        None => Ok((scope, name.to_owned())),
    }
}

/// An access point, and where it is.
pub(crate) struct Located {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) point: Point,
}

impl Located {
    pub(crate) async fn of(cx: &Cx, account: &str, name: &str) -> Reply<Self> {
        let (scope, name) = locate(cx, account, name).await?;
        let point = cx.tx().get(&scope, &POINTS, &name).await?.ok_or_else(|| no_such_point(&name))?;
        Ok(Self { scope, name, point })
    }

    pub(crate) fn arn(&self) -> String {
        arn(&self.scope, &self.name)
    }

    pub(crate) async fn keep(&self, cx: &Cx) -> Reply<()> {
        Ok(cx.tx().put(&self.scope, &POINTS, &self.name, &self.point).await?)
    }
}

fn arn(scope: &Scope, name: &str) -> String {
    let (region, account) = (&*scope.region, &*scope.account);
    let partition = &partition_of(region).id;
    Arn { partition, service: "s3", region, account, resource: &format!("accesspoint/{name}") }.to_string()
}

pub(crate) async fn create(cx: &Cx, input: api::CreateAccessPointInput) -> Reply<api::CreateAccessPointOutput> {
    let scope = scope(cx, &input.account_id)?;
    names::check_point(&input.name)?;
    let tags = tags::merged(BTreeMap::new(), input.tags.unwrap_or_default())?;
    if cx.tx().get(&scope, &POINTS, &input.name).await?.is_some() {
        return Err(point_exists(&input.name).into());
    }
    let bucket_account = input.bucket_account_id.unwrap_or(input.account_id);
    if region_of_bucket(cx, &input.bucket, &bucket_account).await? != cx.region() {
        return Err(invalid_request("The access point and the bucket must be in the same Region.").into());
    }
    let alias = names::alias(&input.name, &cx.ids().alphanumeric(names::RANDOM));
    let point = Point {
        bucket: input.bucket,
        bucket_account,
        vpc: input.vpc_configuration.map(|configuration| configuration.vpc_id),
        block: block::of_point(input.public_access_block_configuration),
        created: cx.now().micros(),
        alias,
        policy: None,
        tags,
    };
    let region = cx.region().to_owned();
    let known = Alias { account: scope.account.to_string(), region, name: input.name.clone() };
    cx.tx().put(&Scope::world(), &ALIASES, &point.alias, &known).await?;
    let located = Located { scope, name: input.name, point };
    located.keep(cx).await?;
    Ok(api::CreateAccessPointOutput { access_point_arn: Some(located.arn()), alias: Some(located.point.alias) })
}

fn origin(point: &Point) -> &'static str {
    if point.vpc.is_some() { "VPC" } else { "Internet" }
}

fn network(point: &Point) -> Option<api::VpcConfiguration> {
    point.vpc.clone().map(|vpc_id| api::VpcConfiguration { vpc_id })
}

/// The host names that lead to access points of a region.
fn endpoints(region: &str) -> BTreeMap<String, String> {
    let suffix = &partition_of(region).dns_suffix;
    let kinds = [
        ("ipv4", "s3-accesspoint"),
        ("fips", "s3-accesspoint-fips"),
        ("dualstack", "s3-accesspoint.dualstack"),
        ("fips_dualstack", "s3-accesspoint-fips.dualstack"),
    ];
    kinds.iter().map(|(kind, host)| ((*kind).to_owned(), format!("{host}.{region}.{suffix}"))).collect()
}

pub(crate) async fn get(cx: &Cx, input: api::GetAccessPointInput) -> Reply<api::GetAccessPointOutput> {
    let located = Located::of(cx, &input.account_id, &input.name).await?;
    let (arn, point) = (located.arn(), located.point);
    Ok(api::GetAccessPointOutput {
        network_origin: Some(origin(&point).to_owned()),
        vpc_configuration: network(&point),
        name: Some(located.name),
        bucket: Some(point.bucket),
        public_access_block_configuration: Some(point.block),
        creation_date: Some(Timestamp::from_micros(point.created / 1_000_000 * 1_000_000)),
        alias: Some(point.alias),
        access_point_arn: Some(arn),
        endpoints: Some(endpoints(&located.scope.region)),
        bucket_account_id: Some(point.bucket_account),
        ..api::GetAccessPointOutput::default()
    })
}

pub(crate) async fn delete(cx: &Cx, input: api::DeleteAccessPointInput) -> Reply<api::DeleteAccessPointOutput> {
    let located = Located::of(cx, &input.account_id, &input.name).await?;
    cx.tx().delete(&Scope::world(), &ALIASES, &located.point.alias).await?;
    cx.tx().delete(&located.scope, &POINTS, &located.name).await?;
    Ok(api::DeleteAccessPointOutput::default())
}

/// How many entries a page has that was asked for with `MaxResults`.
pub(crate) fn page(asked: Option<i32>) -> usize {
    let asked = asked.filter(|asked| *asked > 0).unwrap_or(MAX_PAGE).min(MAX_PAGE);
    usize::try_from(asked).unwrap_or(1)
}

/// The name behind which a listing goes on.
pub(crate) fn after(list: &str, token: Option<&str>) -> Result<Option<String>, Fault> {
    token.map(|token| paging::key::<String>(list, token).ok_or_else(invalid_token)).transpose()
}

pub(crate) async fn list(cx: &Cx, input: api::ListAccessPointsInput) -> Reply<api::ListAccessPointsOutput> {
    const LIST: &str = "access points";
    let scope = scope(cx, &input.account_id)?;
    let max = page(input.max_results);
    let last = after(LIST, input.next_token.as_deref())?;
    let mut found: Vec<(String, Point)> = match &input.bucket {
        Some(bucket) => {
            let mut range = KeyRange::prefix(&(bucket.as_str(),));
            if let Some(last) = &last {
                range = range.after(&(bucket.as_str(), last.as_str()));
            }
            let found = cx.tx().index(&scope, &POINTS, &OF_BUCKET, range, max + 1).await?;
            found.into_iter().map(|(_, name, point)| (name, point)).collect()
        }
        None => {
            let mut range = KeyRange::all();
            if let Some(last) = &last {
                range = range.after(last);
            }
            cx.tx().range(&scope, &POINTS, range, max + 1).await?
        }
    };
    let more = found.len() > max;
    found.truncate(max);
    let next_token = found.last().filter(|_| more).map(|(name, _)| paging::token(LIST, name));
    let points = found.into_iter().map(|(name, point)| api::AccessPoint {
        network_origin: origin(&point).to_owned(),
        vpc_configuration: network(&point),
        access_point_arn: Some(arn(&scope, &name)),
        name,
        bucket: point.bucket,
        alias: Some(point.alias),
        bucket_account_id: Some(point.bucket_account),
        data_source_id: None,
        data_source_type: None,
    });
    Ok(api::ListAccessPointsOutput { access_point_list: Some(points.collect()), next_token })
}
