//! Who may do what, apart from policies: the public access block, the ownership of objects, access by tags.

use kumoi_core::{Cx, Reply};

use crate::api;
use crate::errors::malformed_xml;

pub(crate) async fn put_block(
    cx: &Cx,
    input: api::PutPublicAccessBlockInput,
) -> Reply<api::PutPublicAccessBlockOutput> {
    let bucket = super::find(cx, &input).await?;
    let block = &input.public_access_block_configuration;
    let told = |setting: Option<bool>| Some(setting.unwrap_or(false));
    let block = api::PublicAccessBlockConfiguration {
        block_public_acls: told(block.block_public_acls),
        ignore_public_acls: told(block.ignore_public_acls),
        block_public_policy: told(block.block_public_policy),
        restrict_public_buckets: told(block.restrict_public_buckets),
    };
    super::put(cx, &input, bucket, block).await
}

pub(crate) async fn get_block(
    cx: &Cx,
    input: api::GetPublicAccessBlockInput,
) -> Reply<api::GetPublicAccessBlockOutput> {
    let block = super::require(cx, &input).await?;
    Ok(api::GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) })
}

pub(crate) async fn put_ownership(
    cx: &Cx,
    input: api::PutBucketOwnershipControlsInput,
) -> Reply<api::PutBucketOwnershipControlsOutput> {
    let bucket = super::find(cx, &input).await?;
    // The API Reference has a list, and S3 takes one rule.
    if input.ownership_controls.rules.len() != 1 {
        return Err(malformed_xml().into());
    }
    super::put(cx, &input, bucket, input.ownership_controls.clone()).await
}

pub(crate) async fn get_ownership(
    cx: &Cx,
    input: api::GetBucketOwnershipControlsInput,
) -> Reply<api::GetBucketOwnershipControlsOutput> {
    Ok(api::GetBucketOwnershipControlsOutput { ownership_controls: Some(super::require(cx, &input).await?) })
}

pub(crate) async fn put_abac(cx: &Cx, input: api::PutBucketAbacInput) -> Reply<api::PutBucketAbacOutput> {
    let bucket = super::find(cx, &input).await?;
    if input.abac_status.status.is_none() {
        return Err(malformed_xml().into());
    }
    super::put(cx, &input, bucket, input.abac_status.clone()).await
}

pub(crate) async fn get_abac(cx: &Cx, input: api::GetBucketAbacInput) -> Reply<api::GetBucketAbacOutput> {
    let status = super::look(cx, &input).await?;
    let status = status.unwrap_or_else(|| api::AbacStatus { status: Some("Disabled".to_owned()) });
    Ok(api::GetBucketAbacOutput { abac_status: Some(status) })
}
