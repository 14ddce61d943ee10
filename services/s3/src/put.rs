//! `PutObject`.

use std::collections::BTreeMap;

use kumoi_core::body::Received;
use kumoi_core::{Cx, Fault, Reply};

use crate::changes::Place;
use crate::digests::{Claims, Digesting, Digests};
use crate::encryption::tell_encryption;
use crate::errors::{invalid_request, invalid_storage_class, metadata_too_large};
use crate::inputs::{checksums, headers, tell_checksum};
use crate::names::check_key;
use crate::tables::{Attributes, Content, Headers, Object};
use crate::{access, api, attributes, bucket, changes, lifecycle, versions};

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
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_key(&input.key)?;
    let storage_class = storage_class(input.storage_class)?;
    let attributes = attributes::asked!(input).read(cx, &bucket).await?;
    let (md5, announced) = (input.content_md5.as_deref(), input.checksum_algorithm.as_deref());
    let claims = Claims::read(md5, announced, checksums!(input))?;
    let locked = input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some();
    if locked && md5.is_none() && claims.given().is_none() {
        let message = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
        return Err(invalid_request(message).into());
    }
    let trailers = input.body.as_ref().map(|body| body.trailers().clone());
    let received = cx.receive(input.body.as_ref(), || Digesting::new(claims, trailers, None))?;
    let conditions = (input.if_match.as_deref(), input.if_none_match.as_deref());
    let (seen, stored) = (&received.seen, Stored { headers: headers!(input), storage_class, attributes });
    let mut object = received_object(cx, &received, seen, stored).await?;
    let place = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    let event = if access::by_form(cx) { "ObjectCreated:Post" } else { "ObjectCreated:Put" };
    changes::put(cx, place, &mut object, conditions, event).await?;
    let mut output = api::PutObjectOutput {
        e_tag: Some(quoted(&object.etag)),
        size: None,
        expiration: lifecycle::expiration(cx, &bucket, &input.key, &object).await?,
        checksum_type: Some("FULL_OBJECT".to_owned()),
        version_id: versions::new_id(&object),
        ..api::PutObjectOutput::default()
    };
    tell_checksum!(output, Some(&object.checksum));
    tell_encryption!(output, &object.attributes.encryption);
    Ok(output)
}

/// What an object is stored with, besides its bytes.
pub(crate) struct Stored {
    pub(crate) headers: Headers,
    pub(crate) storage_class: Option<String>,
    pub(crate) attributes: Attributes,
}

/// An object of bytes that one request sent.
pub(crate) async fn received_object<S>(
    cx: &Cx,
    received: &Received<S>,
    digests: &Digests,
    stored: Stored,
) -> Reply<Object> {
    let Stored { headers, storage_class, attributes } = stored;
    Ok(Object {
        modified: cx.now().micros(),
        size: received.size,
        etag: attributes::etag(&attributes.encryption, &digests.md5),
        checksum: digests.checksum.clone(),
        headers,
        storage_class,
        content: Content::One(cx.keep(received).await?),
        version: None,
        attributes,
    })
}

/// An entity tag as headers have it.
pub(crate) fn quoted(etag: &str) -> String {
    ["\"", etag, "\""].concat()
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
    Some(rest.join(", ")).filter(|rest| !rest.is_empty())
}
