//! Configurations of which a bucket has many, each under an id: inventories, analytics of storage classes, metrics, archiving of intelligent tiering.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};

use super::{Configuration, OfBucket, at_most_one};
use crate::api;
use crate::errors::{invalid_argument, malformed_xml, refused};
use crate::tables::CONFIGURATIONS;

/// The most configurations of one kind in a bucket, and on a page.
const MAX_CONFIGURATIONS: usize = 1000;
const PAGE: usize = 100;

/// The most characters of an id.
const MAX_ID: usize = 64;

/// A page of configurations, and the token for the next.
type Page<C> = (Vec<C>, Option<String>);

async fn put<C: Configuration>(cx: &Cx, input: &impl OfBucket, id: &str, own: &str, configuration: C) -> Reply<()> {
    let mut bucket = super::find(cx, input).await?;
    let sign = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    if id != own || id.is_empty() || id.len() > MAX_ID || !id.chars().all(sign) {
        return Err(invalid_argument("The configuration Id is invalid.").into());
    }
    if super::get_named::<C>(cx, &bucket, id).await?.is_none() {
        let all = KeyRange::prefix(&(bucket.id, C::KIND as u8));
        if cx.tx().count_range(&Scope::world(), &CONFIGURATIONS, all).await? >= MAX_CONFIGURATIONS {
            return Err(too_many().into());
        }
    }
    super::set(cx, &mut bucket, id, configuration).await?;
    super::keep(cx, input, &bucket).await
}

async fn get<C: Configuration>(cx: &Cx, input: &impl OfBucket, id: &str) -> Reply<C> {
    let bucket = super::find(cx, input).await?;
    Ok(super::get_named(cx, &bucket, id).await?.ok_or_else(|| C::KIND.absent())?)
}

async fn delete<C: Configuration>(cx: &Cx, input: &impl OfBucket, id: &str) -> Reply<()> {
    let bucket = super::find(cx, input).await?;
    if super::unset::<C>(cx, input, bucket, id).await? { Ok(()) } else { Err(C::KIND.absent().into()) }
}

async fn list<C: Configuration>(cx: &Cx, input: &impl OfBucket, token: Option<&str>) -> Reply<Page<C>> {
    let bucket = super::find(cx, input).await?;
    let mut range = KeyRange::prefix(&(bucket.id, C::KIND as u8));
    if let Some(token) = token {
        let last = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let last = last.ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))?;
        range = range.after(&(bucket.id, C::KIND as u8, last.as_str()));
    }
    if !bucket.has(C::KIND) {
        return Ok((Vec::new(), None));
    }
    let mut found = cx.tx().range(&Scope::world(), &CONFIGURATIONS, range, PAGE + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|((_, _, id), _)| URL_SAFE_NO_PAD.encode(id));
    Ok((found.into_iter().filter_map(|(_, record)| C::unwrap(record)).collect(), next))
}

fn too_many() -> Fault {
    let message =
        "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.";
    refused("TooManyConfigurations", 400, message)
}

/// The operations on one kind.
macro_rules! named {
    ($module:ident, $type:ident in $field:ident, listed in $list:ident, checked by $check:path;
     $put:ident -> $put_output:ident, $get:ident -> $get_output:ident, $delete:ident -> $delete_output:ident, $all:ident -> $all_output:ident) => {
        pub(crate) mod $module {
            use kumoi_core::{Cx, Reply};

            use crate::api;

            pub(crate) async fn put(cx: &Cx, input: api::$put) -> Reply<api::$put_output> {
                $check(&input.$field)?;
                super::put(cx, &input, &input.id, &input.$field.id, input.$field.clone()).await?;
                Ok(api::$put_output::default())
            }

            pub(crate) async fn get(cx: &Cx, input: api::$get) -> Reply<api::$get_output> {
                Ok(api::$get_output { $field: Some(super::get(cx, &input, &input.id).await?) })
            }

            pub(crate) async fn delete(cx: &Cx, input: api::$delete) -> Reply<api::$delete_output> {
                super::delete::<api::$type>(cx, &input, &input.id).await?;
                Ok(api::$delete_output::default())
            }

            pub(crate) async fn list(cx: &Cx, input: api::$all) -> Reply<api::$all_output> {
                let (found, next) = super::list(cx, &input, input.continuation_token.as_deref()).await?;
                Ok(api::$all_output {
                    is_truncated: Some(next.is_some()),
                    continuation_token: input.continuation_token,
                    next_continuation_token: next,
                    $list: Some(found).filter(|found| !found.is_empty()),
                })
            }
        }
    };
}

named! {
    inventory, InventoryConfiguration in inventory_configuration, listed in inventory_configuration_list, checked by super::check_inventory;
    PutBucketInventoryConfigurationInput -> PutBucketInventoryConfigurationOutput,
    GetBucketInventoryConfigurationInput -> GetBucketInventoryConfigurationOutput,
    DeleteBucketInventoryConfigurationInput -> DeleteBucketInventoryConfigurationOutput,
    ListBucketInventoryConfigurationsInput -> ListBucketInventoryConfigurationsOutput
}

named! {
    analytics, AnalyticsConfiguration in analytics_configuration, listed in analytics_configuration_list, checked by super::check_analytics;
    PutBucketAnalyticsConfigurationInput -> PutBucketAnalyticsConfigurationOutput,
    GetBucketAnalyticsConfigurationInput -> GetBucketAnalyticsConfigurationOutput,
    DeleteBucketAnalyticsConfigurationInput -> DeleteBucketAnalyticsConfigurationOutput,
    ListBucketAnalyticsConfigurationsInput -> ListBucketAnalyticsConfigurationsOutput
}

named! {
    metrics, MetricsConfiguration in metrics_configuration, listed in metrics_configuration_list, checked by super::check_metrics;
    PutBucketMetricsConfigurationInput -> PutBucketMetricsConfigurationOutput,
    GetBucketMetricsConfigurationInput -> GetBucketMetricsConfigurationOutput,
    DeleteBucketMetricsConfigurationInput -> DeleteBucketMetricsConfigurationOutput,
    ListBucketMetricsConfigurationsInput -> ListBucketMetricsConfigurationsOutput
}

named! {
    tiering, IntelligentTieringConfiguration in intelligent_tiering_configuration, listed in intelligent_tiering_configuration_list, checked by super::check_tiering;
    PutBucketIntelligentTieringConfigurationInput -> PutBucketIntelligentTieringConfigurationOutput,
    GetBucketIntelligentTieringConfigurationInput -> GetBucketIntelligentTieringConfigurationOutput,
    DeleteBucketIntelligentTieringConfigurationInput -> DeleteBucketIntelligentTieringConfigurationOutput,
    ListBucketIntelligentTieringConfigurationsInput -> ListBucketIntelligentTieringConfigurationsOutput
}

fn check_inventory(inventory: &api::InventoryConfiguration) -> Result<(), Fault> {
    let destination = &inventory.destination.s3_bucket_destination;
    if let Some(encryption) = &destination.encryption {
        at_most_one([encryption.sses3.is_some(), encryption.ssekms.is_some()])?;
    }
    check_destination(&destination.bucket)
}

fn check_analytics(analytics: &api::AnalyticsConfiguration) -> Result<(), Fault> {
    if let Some(filter) = &analytics.filter {
        at_most_one([filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()])?;
    }
    let export = analytics.storage_class_analysis.data_export.as_ref();
    export.map_or(Ok(()), |export| check_destination(&export.destination.s3_bucket_destination.bucket))
}

fn check_metrics(metrics: &api::MetricsConfiguration) -> Result<(), Fault> {
    let Some(filter) = &metrics.filter else { return Ok(()) };
    at_most_one([
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.access_point_arn.is_some(),
        filter.and.is_some(),
    ])
}

/// Days without access after which an object moves (API Reference, `Tiering`).
fn check_tiering(tiering: &api::IntelligentTieringConfiguration) -> Result<(), Fault> {
    if let Some(filter) = &tiering.filter {
        at_most_one([filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()])?;
    }
    let days = |tier: &str| {
        tiering
            .tierings
            .iter()
            .filter(|tiering| tiering.access_tier == tier)
            .map(|tiering| tiering.days)
            .collect::<Vec<_>>()
    };
    for (tier, least) in [("ARCHIVE_ACCESS", 90), ("DEEP_ARCHIVE_ACCESS", 180)] {
        match *days(tier) {
            [] => {}
            [days] if (least..=730).contains(&days) => {}
            [_] => return Err(invalid_argument(format!("'Days' of {tier} must be between {least} and 730"))),
            _ => return Err(malformed_xml()),
        }
    }
    Ok(())
}

/// Reports go to a bucket, which is told by its ARN.
fn check_destination(arn: &str) -> Result<(), Fault> {
    match super::replication::bucket_of(arn) {
        Some(_) => Ok(()),
        None => Err(invalid_argument("Invalid bucket ARN.")),
    }
}
