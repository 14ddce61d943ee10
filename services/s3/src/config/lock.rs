//! Object Lock of a bucket: that it is on, and the retention of objects that are put without one (User Guide, "Locking objects with Object Lock").

use kumoi_core::{Cx, Fault, Reply};

use super::Kind;
use crate::api;
use crate::errors::{invalid_bucket_state, malformed_xml, refused};
use crate::tables::{Bucket, Retention, Versioning};

/// The longest default retention.
const MAX_DAYS: i32 = 36_500;
const MAX_YEARS: i32 = 100;

const DAYS_OF_A_YEAR: i32 = 365;

pub(crate) async fn put(
    cx: &Cx,
    input: api::PutObjectLockConfigurationInput,
) -> Reply<api::PutObjectLockConfigurationOutput> {
    let mut bucket = super::find(cx, &input).await?;
    let lock = input.object_lock_configuration.clone().ok_or_else(malformed_xml)?;
    if lock.object_lock_enabled.is_none() {
        return Err(malformed_xml().into());
    }
    lock.rule.as_ref().map_or(Ok(()), check)?;
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        return Err(invalid_bucket_state(message).into());
    }
    bucket.lock = true;
    match lock.rule {
        Some(rule) => super::put(cx, &input, bucket, rule).await,
        None => {
            super::keep(cx, &input, &bucket).await?;
            super::unset::<api::ObjectLockRule>(cx, &input, bucket, "").await?;
            Ok(api::PutObjectLockConfigurationOutput::default())
        }
    }
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetObjectLockConfigurationInput,
) -> Reply<api::GetObjectLockConfigurationOutput> {
    let bucket = super::find(cx, &input).await?;
    if !bucket.lock {
        return Err(Kind::Lock.absent().into());
    }
    let rule = super::get(cx, &bucket).await?;
    let lock = api::ObjectLockConfiguration { object_lock_enabled: Some("Enabled".to_owned()), rule };
    Ok(api::GetObjectLockConfigurationOutput { object_lock_configuration: Some(lock) })
}

/// The retention of an object that is put without one.
pub(crate) async fn default(cx: &Cx, bucket: &Bucket) -> Reply<Option<Retention>> {
    let rule = super::get::<api::ObjectLockRule>(cx, bucket).await?;
    let Some(default) = rule.and_then(|rule| rule.default_retention) else { return Ok(None) };
    let days = default.days.unwrap_or(0).saturating_add(default.years.unwrap_or(0).saturating_mul(DAYS_OF_A_YEAR));
    let compliance = default.mode.as_deref() == Some("COMPLIANCE");
    Ok(Some(Retention { compliance, until: cx.now().plus_seconds(i64::from(days) * 86_400).micros() }))
}

fn check(rule: &api::ObjectLockRule) -> Result<(), Fault> {
    let Some(retention) = &rule.default_retention else { return Err(malformed_xml()) };
    let (period, most) = match (retention.days, retention.years) {
        (Some(days), None) => (days, MAX_DAYS),
        (None, Some(years)) => (years, MAX_YEARS),
        _ => return Err(malformed_xml()),
    };
    if retention.mode.is_none() {
        return Err(malformed_xml());
    }
    match period {
        period if period <= 0 => Err(invalid_period("Default retention period must be a positive integer value.")),
        period if period > most => Err(invalid_period("Default retention period too large")),
        _ => Ok(()),
    }
}

fn invalid_period(message: &str) -> Fault {
    refused("InvalidRetentionPeriod", 400, message)
}
