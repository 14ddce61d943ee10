//! Buckets: their life, and finding them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_model::partitions::partitions;
use kumoi_store::{KeyRange, Scope};

use crate::acl::Owners;
use crate::errors::{
    access_denied, acl_against_ownership, bucket_exists, bucket_not_empty, bucket_owned_by_you, illegal_location,
    invalid_argument, invalid_location, no_such_bucket,
};
use crate::names::{check_bucket, check_namespace};
use crate::tables::{BUCKETS, Bucket, OBJECTS, OWNED, Ownership, PublicAccessBlock, VERSIONS, Versioning};
use crate::{accounts, acl, api, config, lifecycle, logs, multipart};

/// The region whose endpoint makes buckets everywhere, and whose buckets have no location constraint.
const HOME: &str = "us-east-1";

/// The most buckets that a list returns.
const MAX_BUCKETS: i32 = 10_000;

/// The bucket of that name, to change it. `owner` is the account that the client expects to own it.
pub(crate) async fn find(cx: &Cx, name: &str, owner: Option<&str>) -> Reply<Bucket> {
    Ok(Arc::unwrap_or_clone(look(cx, name, owner).await?))
}

/// The same, to look at it.
pub(crate) async fn look(cx: &Cx, name: &str, owner: Option<&str>) -> Reply<Arc<Bucket>> {
    let bucket = cx.tx().get_shared(&Scope::world(), &BUCKETS, &name.to_owned()).await?;
    let bucket = bucket.ok_or_else(no_such_bucket)?;
    if owner.is_some_and(|owner| owner != bucket.account) {
        return Err(access_denied().into());
    }
    Ok(bucket)
}

pub(crate) async fn create(cx: &Cx, input: api::CreateBucketInput) -> Reply<api::CreateBucketOutput> {
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    if configuration.location.is_some() || configuration.bucket.is_some() {
        return Err(Fault::not_implemented("s3", "CreateBucket of directory buckets").into());
    }
    check_bucket(&input.bucket)?;
    let asked = acl::Asked { write: input.grant_write.as_deref(), ..acl::asked!(input) };
    let region = region(cx.region(), configuration.location_constraint.as_deref())?;
    check_namespace(&input.bucket, input.bucket_namespace.as_deref(), cx.account(), region)?;
    let tags = configuration.tags.unwrap_or_default();
    config::tagging::check(&tags)?;
    if let Some(bucket) = cx.tx().get(&Scope::world(), &BUCKETS, &input.bucket).await? {
        return match bucket.account == cx.account() {
            // Making it again changes nothing there, as it always did.
            true if cx.region() == HOME && bucket.region == HOME => {
                again(cx, &input.bucket, bucket, &asked).await?;
                Ok(created(&input.bucket))
            }
            true => Err(bucket_owned_by_you().into()),
            false => Err(bucket_exists().into()),
        };
    }
    let lock = input.object_lock_enabled_for_bucket == Some(true);
    let mut bucket = Bucket {
        id: cx.ids().sequence(),
        account: cx.account().to_owned(),
        region: region.to_owned(),
        created: cx.now().micros(),
        versioning: if lock { Versioning::Enabled } else { Versioning::Off },
        lock,
        ownership: ownership(cx, input.object_ownership.as_deref())?,
        block: (!as_before(cx)).then_some(PublicAccessBlock::ALL),
        acl: None,
        configured: 0,
    };
    let owners = Owners { own: &bucket.account, bucket: None };
    let acl = asked.read(&owners)?;
    if bucket.is_enforced() && acl.is_some() && asked.canned != Some("private") {
        return Err(acl_against_ownership().into());
    }
    bucket.acl = if bucket.is_enforced() { None } else { acl::allowed(cx, &bucket, asked.canned, acl).await? };
    if !tags.is_empty() {
        config::set(cx, &mut bucket, "", api::Tagging { tag_set: tags }).await?;
    }
    cx.tx().put(&Scope::world(), &BUCKETS, &input.bucket, &bucket).await?;
    Ok(created(&input.bucket))
}

/// A bucket that is made again in the home region stays as it is, but for its access control list.
async fn again(cx: &Cx, name: &String, mut bucket: Bucket, asked: &acl::Asked<'_>) -> Reply<()> {
    let acl = asked.read(&Owners { own: &bucket.account, bucket: None })?;
    let acl = if bucket.is_enforced() { None } else { acl::allowed(cx, &bucket, asked.canned, acl).await? };
    if acl != bucket.acl {
        bucket.acl = acl;
        cx.tx().put(&Scope::world(), &BUCKETS, name, &bucket).await?;
    }
    Ok(())
}

/// Whether S3 is as it was before 2023: new buckets have access control lists, nothing is kept from being public, and no default encryption is told of.
pub(crate) fn as_before(cx: &Cx) -> bool {
    cx.settings().options.get(crate::DEFAULTS).is_some_and(|year| year == "2022")
}

fn ownership(cx: &Cx, asked: Option<&str>) -> Result<Option<Ownership>, Fault> {
    let unknown = || {
        let fault = invalid_argument("Invalid x-amz-object-ownership header");
        fault.with_detail("ArgumentName", "x-amz-object-ownership")
    };
    match asked {
        None if as_before(cx) => Ok(None),
        None => Ok(Some(Ownership::Enforced)),
        Some(name) => Ownership::of_name(name).map(Some).ok_or_else(unknown),
    }
}

fn created(name: &str) -> api::CreateBucketOutput {
    // Only directory buckets have their ARN told, here and elsewhere.
    api::CreateBucketOutput { location: Some(format!("/{name}")), bucket_arn: None }
}

/// Where a bucket is made: the endpoint of a region other than [`HOME`] makes buckets there only, and wants that to be said.
fn region<'a>(endpoint: &'a str, constraint: Option<&'a str>) -> Result<&'a str, Fault> {
    match constraint {
        None if endpoint == HOME => Ok(HOME),
        Some(HOME) => Err(invalid_location()),
        Some("EU") => region(endpoint, Some("eu-west-1")),
        Some(constraint) if endpoint == HOME => {
            let known = partitions().iter().any(|partition| partition.matches(constraint));
            if known { Ok(constraint) } else { Err(invalid_location()) }
        }
        Some(constraint) if constraint == endpoint => Ok(constraint),
        other => Err(illegal_location(other)),
    }
}

pub(crate) async fn delete(cx: &Cx, input: api::DeleteBucketInput) -> Reply<api::DeleteBucketOutput> {
    let bucket = find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let objects = cx.tx().range(&Scope::world(), &OBJECTS, KeyRange::prefix(&(bucket.id,)), 1).await?;
    let older = cx.tx().range(&Scope::world(), &VERSIONS, KeyRange::prefix(&(bucket.id,)), 1).await?;
    match (objects.is_empty(), older.is_empty()) {
        (true, true) => {}
        (true, false) => {
            return Err(crate::errors::versions_left().into());
        }
        (false, _) => return Err(bucket_not_empty().into()),
    }
    multipart::remove_all(cx, bucket.id).await?;
    config::remove_all(cx, &bucket).await?;
    lifecycle::cancel(cx, &bucket).await?;
    logs::deliver::forget(cx, &bucket).await?;
    cx.tx().delete(&Scope::world(), &BUCKETS, &input.bucket).await?;
    Ok(api::DeleteBucketOutput {})
}

pub(crate) async fn head(cx: &Cx, input: api::HeadBucketInput) -> Reply<api::HeadBucketOutput> {
    let bucket = find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    Ok(api::HeadBucketOutput {
        bucket_region: Some(bucket.region),
        access_point_alias: Some(false),
        ..api::HeadBucketOutput::default()
    })
}

pub(crate) async fn location(cx: &Cx, input: api::GetBucketLocationInput) -> Reply<api::GetBucketLocationOutput> {
    let bucket = find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    Ok(api::GetBucketLocationOutput { location_constraint: Some(bucket.region).filter(|region| region != HOME) })
}

pub(crate) async fn list(cx: &Cx, input: api::ListBucketsInput) -> Reply<api::ListBucketsOutput> {
    let max = input.max_buckets.unwrap_or(MAX_BUCKETS);
    if !(1..=MAX_BUCKETS).contains(&max) {
        return Err(invalid_argument("Argument max-buckets must be an integer between 1 and 10000").into());
    }
    let max = usize::try_from(max).unwrap_or(1);
    let mut range = KeyRange::starts_with(&(cx.account(),), input.prefix.as_deref().unwrap_or_default());
    if let Some(token) = &input.continuation_token {
        let last = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let last = last.ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))?;
        range = range.after(&(cx.account(), last.as_str()));
    }
    // The region of a bucket is told only to who asks for something.
    let narrowed = input.max_buckets.is_some()
        || input.continuation_token.is_some()
        || input.prefix.is_some()
        || input.bucket_region.is_some();
    let mut found = Vec::new();
    let mut more = None;
    'pages: loop {
        let page = cx.tx().index(&Scope::world(), &BUCKETS, &OWNED, range.clone(), 1000).await?;
        let Some((last, ..)) = page.last() else { break };
        range = range.after(last);
        for (_, name, bucket) in page {
            if input.bucket_region.as_ref().is_some_and(|region| *region != bucket.region) {
                continue;
            }
            if found.len() == max {
                more = found
                    .last()
                    .and_then(|bucket: &api::Bucket| bucket.name.as_ref().map(|name| URL_SAFE_NO_PAD.encode(name)));
                break 'pages;
            }
            found.push(api::Bucket {
                bucket_arn: None,
                name: Some(name),
                creation_date: Some(Timestamp::from_micros(bucket.created / 1_000_000 * 1_000_000)),
                bucket_region: narrowed.then_some(bucket.region),
            });
        }
    }
    Ok(api::ListBucketsOutput {
        buckets: Some(found),
        owner: Some(accounts::owner(cx, cx.account())),
        continuation_token: more,
        prefix: input.prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        assert_eq!(region(HOME, None).unwrap(), HOME);
        assert_eq!(region(HOME, Some("eu-west-1")).unwrap(), "eu-west-1");
        assert_eq!(region(HOME, Some("EU")).unwrap(), "eu-west-1");
        assert_eq!(region("eu-west-1", Some("EU")).unwrap(), "eu-west-1");
        assert_eq!(region("eu-west-1", Some("eu-west-1")).unwrap(), "eu-west-1");
        let code = |endpoint, constraint| region(endpoint, constraint).unwrap_err().code().to_owned();
        assert_eq!(code(HOME, Some(HOME)), "InvalidLocationConstraint");
        assert_eq!(code(HOME, Some("nowhere")), "InvalidLocationConstraint");
        assert_eq!(code("eu-west-1", None), "IllegalLocationConstraintException");
        assert_eq!(code("eu-west-1", Some("eu-west-2")), "IllegalLocationConstraintException");
        assert!(region("eu-west-1", None).unwrap_err().message().starts_with("The unspecified location constraint"));
    }
}
