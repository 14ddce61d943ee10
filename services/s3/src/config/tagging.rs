//! Tags of buckets (User Guide, "Using cost allocation S3 bucket tags").

use kumoi_core::{Cx, Fault, Reply};

use crate::errors::bad_request;
use crate::{api, tags};

/// The most tags of a bucket.
const MAX_TAGS: usize = 50;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketTaggingInput) -> Reply<api::PutBucketTaggingOutput> {
    let bucket = super::find(cx, &input).await?;
    check(&input.tagging.tag_set)?;
    super::put(cx, &input, bucket, input.tagging.clone()).await
}

/// Checks what a bucket is to be tagged with.
pub(crate) fn check(given: &[api::Tag]) -> Result<(), Fault> {
    let pairs: Vec<_> = given.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    if pairs.len() > MAX_TAGS {
        return Err(bad_request(format!("Bucket tag count cannot be greater than {MAX_TAGS}")));
    }
    tags::check(&pairs, MAX_TAGS)
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketTaggingInput) -> Reply<api::GetBucketTaggingOutput> {
    let tagging: api::Tagging = super::require(cx, &input).await?;
    Ok(api::GetBucketTaggingOutput { tag_set: tagging.tag_set })
}
