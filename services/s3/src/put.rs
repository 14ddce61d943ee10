//! `PutObject`.

use std::collections::BTreeMap;

use kumoi_core::body::Received;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;

use crate::api;
use crate::digests::{Claims, Digesting, Digests};
use crate::errors::{invalid_storage_class, metadata_too_large};
use crate::inputs::{checksums, headers};
use crate::names::check_key;
use crate::tables::{Algorithm, Content, Headers, OBJECTS, Object};
use crate::{bucket, conditions, content};

/// Bytes that names and values of a user's metadata may have together.
const MAX_METADATA: usize = 2048;

/// Storage classes that an object of a general purpose bucket can have.
const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

pub(crate) async fn put(cx: &Cx, input: api::PutObjectInput) -> Reply<api::PutObjectOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_key(&input.key)?;
    let storage_class = storage_class(input.storage_class)?;
    let (md5, announced) = (input.content_md5.as_deref(), input.checksum_algorithm.as_deref());
    let claims = Claims::read(md5, announced, checksums!(input))?;
    let trailers = input.body.as_ref().map(|body| body.trailers().clone());
    let received = cx.receive(input.body.as_ref(), || Digesting::new(claims, trailers, None))?;
    let (if_match, if_none_match) = (input.if_match, input.if_none_match);
    let key = (bucket.id, input.key.clone());
    let object = received_object(cx, &received, &received.seen, headers!(input), storage_class).await?;
    replace(cx, &key, &object, if_match.as_deref(), if_none_match.as_deref()).await?;
    Ok(output(&object))
}

/// An object of bytes that one request sent.
pub(crate) async fn received_object<S>(
    cx: &Cx,
    received: &Received<S>,
    digests: &Digests,
    headers: Headers,
    storage_class: Option<String>,
) -> Reply<Object> {
    Ok(Object {
        modified: cx.now().micros(),
        size: received.size,
        etag: digests.md5.clone(),
        checksum: digests.checksum.clone(),
        headers,
        storage_class,
        content: Content::One(cx.keep(received).await?),
    })
}

/// Puts an object in the place of what is there, under conditions on that.
pub(crate) async fn replace(
    cx: &Cx,
    key: &(u64, String),
    object: &Object,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
) -> Reply<()> {
    let before = cx.tx().get(&Scope::world(), &OBJECTS, key).await?;
    conditions::of_write(before.as_ref(), if_match, if_none_match)?;
    cx.tx().put(&Scope::world(), &OBJECTS, key, object).await?;
    if let Some(before) = before {
        content::discard(cx, &before).await?;
    }
    Ok(())
}

fn output(object: &Object) -> api::PutObjectOutput {
    api::PutObjectOutput {
        e_tag: Some(format!("\"{}\"", object.etag)),
        checksum_crc32: object.checksum.of(Algorithm::Crc32),
        checksum_crc32_c: object.checksum.of(Algorithm::Crc32c),
        checksum_crc64_nvme: object.checksum.of(Algorithm::Crc64Nvme),
        checksum_sha1: object.checksum.of(Algorithm::Sha1),
        checksum_sha256: object.checksum.of(Algorithm::Sha256),
        checksum_type: Some("FULL_OBJECT".to_owned()),
        // Every object has been encrypted with keys of S3 since 2023.
        server_side_encryption: Some("AES256".to_owned()),
        ..api::PutObjectOutput::default()
    }
}

pub(crate) fn storage_class(class: Option<String>) -> Result<Option<String>, Fault> {
    match class {
        Some(class) if !STORAGE_CLASSES.contains(&class.as_str()) => Err(invalid_storage_class()),
        class => Ok(class.filter(|class| class != "STANDARD")),
    }
}

pub(crate) fn metadata(given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    let size: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA {
        return Err(metadata_too_large());
    }
    Ok(given.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

/// `Content-Encoding` without `aws-chunked`, which is undone.
pub(crate) fn stored_encoding(encoding: &str) -> Option<String> {
    let rest: Vec<_> = encoding.split(',').map(str::trim).filter(|part| *part != "aws-chunked").collect();
    Some(rest.join(",")).filter(|rest| !rest.is_empty())
}
