//! Server access logging (User Guide, "Logging requests with server access logging").

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;

use super::exactly_one;
use crate::api;
use crate::errors::{malformed_xml, refused};
use crate::tables::BUCKETS;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketLoggingInput) -> Reply<api::PutBucketLoggingOutput> {
    let bucket = super::find(cx, &input).await?;
    let Some(logging) = input.bucket_logging_status.logging_enabled.clone() else {
        super::unset::<api::LoggingEnabled>(cx, &input, bucket, "").await?;
        return Ok(api::PutBucketLoggingOutput {});
    };
    check(&logging)?;
    let target = cx.tx().get(&Scope::world(), &BUCKETS, &logging.target_bucket).await?;
    let target = target.ok_or_else(|| invalid_target("The target bucket for logging does not exist"))?;
    if target.account != bucket.account {
        return Err(
            invalid_target("The owner for the bucket to be logged and the target bucket must be the same.").into()
        );
    }
    if target.region != bucket.region {
        return Err(refused("CrossLocationLoggingProhibitted", 403, "Cross S3 location logging not allowed.").into());
    }
    super::put(cx, &input, bucket, logging).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketLoggingInput) -> Reply<api::GetBucketLoggingOutput> {
    Ok(api::GetBucketLoggingOutput { logging_enabled: super::look(cx, &input).await? })
}

fn check(logging: &api::LoggingEnabled) -> Result<(), Fault> {
    for grant in logging.target_grants.iter().flatten() {
        let (Some(grantee), Some(_)) = (&grant.grantee, &grant.permission) else { return Err(malformed_xml()) };
        let named = match grantee.r#type.as_str() {
            "CanonicalUser" => &grantee.id,
            "AmazonCustomerByEmail" => &grantee.email_address,
            _ => &grantee.uri,
        };
        if named.is_none() {
            return Err(malformed_xml());
        }
    }
    if let Some(format) = &logging.target_object_key_format {
        exactly_one([format.simple_prefix.is_some(), format.partitioned_prefix.is_some()])?;
    }
    Ok(())
}

fn invalid_target(message: &str) -> Fault {
    refused("InvalidTargetBucketForLogging", 400, message)
}
