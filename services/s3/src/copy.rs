//! `CopyObject` and `UploadPartCopy`.
//!
//! The bytes are read and written anew, so that the copy has an entity tag and a checksum of its own, as one that a single request makes has.

use std::sync::Arc;

use kumoi_core::body::{Received, Watch};
use kumoi_core::{Cx, Fault, Halt, Reply};
use percent_encoding::percent_decode_str;

use crate::changes::Place;
use crate::conditions::Conditions;
use crate::digests::{Claims, Digesting, Digests};
use crate::encryption::{CustomerKey, tell_encryption};
use crate::errors::{NOT_MODIFIED, entity_too_large, invalid_argument, invalid_request, precondition_failed};
use crate::inputs::{headers, tell_checksum};
use crate::multipart::Target;
use crate::names::check_key;
use crate::tables::{Algorithm, Bucket, Headers, Object};
use crate::{
    access, annotations, api, attributes, bucket, changes, content, get, lifecycle, put, range, restore, versions,
};

/// The largest object that one request copies, in bytes.
const MAX_COPY: u64 = 5 << 30;

/// What is to be copied.
pub(crate) struct Source {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

impl Source {
    /// Reads `bucket/key` or `/bucket/key`, encoded as in a URL, with a version or without.
    pub(crate) fn read(header: &str) -> Result<Self, Fault> {
        let (path, version) = match header.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version)),
            None => (header, None),
        };
        let malformed =
            || invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
        let path = percent_decode_str(path).decode_utf8().map_err(|_| malformed())?;
        let (bucket, key) = path.trim_start_matches('/').split_once('/').ok_or_else(malformed)?;
        if bucket.is_empty() || key.is_empty() {
            return Err(malformed());
        }
        let version = version.map(str::to_owned);
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), version })
    }

    async fn find(&self, cx: &Cx, owner: Option<&str>, wanted: Wanted<'_>) -> Reply<(Bucket, Object)> {
        let bucket = bucket::find(cx, &self.bucket, owner).await?;
        let version = self.version.as_deref();
        access::also(cx, "GetObject", (&bucket, &self.bucket), &self.key, version).await?;
        let object = match versions::object(cx, &bucket, &self.key, version).await {
            // A delete marker is nothing that could be copied.
            Err(Halt::Fault(fault)) if fault.code() == "MethodNotAllowed" => {
                return Err(invalid_request(
                    "The source of a copy request may not specifically refer to a delete marker by version id.",
                )
                .into());
            }
            found => found?,
        };
        wanted.key.check(&object)?;
        wanted.conditions.check(&object).map_err(|fault| {
            // A copy is no read that could be answered from a cache.
            if fault.code() == NOT_MODIFIED { precondition_failed() } else { fault }
        })?;
        restore::check_source(cx, &object)?;
        Ok((bucket, object))
    }
}

/// The bucket that a header names as the source of a copy.
pub(crate) fn source_bucket(header: &str) -> Option<String> {
    Some(Source::read(header).ok()?.bucket)
}

/// What a request wants of its source.
struct Wanted<'a> {
    conditions: Conditions<'a>,
    key: CustomerKey<'a>,
}

/// The members of a request that say it; two types have them.
macro_rules! wanted {
    ($input:ident) => {
        Wanted {
            conditions: Conditions {
                if_match: $input.copy_source_if_match.as_deref(),
                if_none_match: $input.copy_source_if_none_match.as_deref(),
                if_modified_since: $input.copy_source_if_modified_since,
                if_unmodified_since: $input.copy_source_if_unmodified_since,
            },
            key: CustomerKey {
                algorithm: $input.copy_source_sse_customer_algorithm.as_deref(),
                key: $input.copy_source_sse_customer_key.as_deref(),
                md5: $input.copy_source_sse_customer_key_md5.as_deref(),
            },
        }
    };
}

/// An algorithm that is asked for, or that of the source.
fn claims(algorithm: Option<&str>, source: &Object) -> Result<Claims, Fault> {
    let mut claims = Claims::read(None, algorithm, Algorithm::ALL.map(|algorithm| (algorithm, None)))?;
    claims.algorithm = claims.algorithm.or(Some(source.checksum.algorithm));
    Ok(claims)
}

/// What was copied, and of which object: by the time that its bytes are here there may be another.
struct Copied {
    digests: Digests,
    source: Object,
    /// The id of its version.
    version: Option<String>,
}

struct Copying {
    digesting: Digesting,
    source: Object,
    version: Option<String>,
}

impl Watch for Copying {
    type Seen = Copied;

    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.digesting.see(bytes)
    }

    fn end(self, md5: [u8; 16]) -> Result<Copied, Fault> {
        Ok(Copied { digests: self.digesting.end(md5)?, source: self.source, version: self.version })
    }
}

pub(crate) async fn copy(cx: &Cx, input: api::CopyObjectInput) -> Reply<api::CopyObjectOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_key(&input.key)?;
    let replaces = directive(input.metadata_directive.as_deref(), "Unknown metadata directive.")?;
    let replaces_tags = directive(input.tagging_directive.as_deref(), "Unknown tagging directive.")?;
    let excludes = excludes(&input)?;
    let storage_class = put::storage_class(input.storage_class.clone())?;
    let mut attributes = attributes::asked!(input).read(cx, &bucket).await?;
    let received = match cx.received_body() {
        Some(received) => received,
        None => fetch(cx, &input, &bucket, replaces).await?,
    };
    let Copied { digests, source, version } = &received.seen;
    if !replaces_tags {
        attributes.tags.clone_from(&source.attributes.tags);
    }
    if let Some(annotated) = source.attributes.annotations.filter(|_| !excludes) {
        let algorithm = input.checksum_algorithm.as_ref().map(|_| digests.checksum.algorithm);
        let (from, to) = (&source.attributes.encryption, &attributes.encryption);
        attributes.annotations = Some(annotations::copy(cx, annotated, (from, to), algorithm).await?);
    }
    let conditions = (input.if_match.as_deref(), input.if_none_match.as_deref());
    let headers = match replaces {
        false => Headers { website_redirect: input.website_redirect_location, ..source.headers.clone() },
        true => headers!(input),
    };
    let stored = put::Stored { headers, storage_class, attributes };
    let mut object = put::received_object(cx, &received, digests, stored).await?;
    let place = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    changes::put(cx, place, &mut object, conditions, "ObjectCreated:Copy").await?;
    let mut result = api::CopyObjectResult {
        e_tag: Some(put::quoted(&object.etag)),
        last_modified: Some(get::seconds(object.modified)),
        checksum_type: Some(object.checksum.type_name().to_owned()),
        ..api::CopyObjectResult::default()
    };
    tell_checksum!(result, Some(&object.checksum));
    let mut output = api::CopyObjectOutput {
        copy_object_result: Some(result),
        expiration: lifecycle::expiration(cx, &bucket, &input.key, &object).await?,
        copy_source_version_id: version.clone(),
        version_id: versions::new_id(&object),
        ..api::CopyObjectOutput::default()
    };
    tell_encryption!(output, &object.attributes.encryption);
    Ok(output)
}

/// Whether a directive says to replace what the source has.
fn directive(given: Option<&str>, unknown: &str) -> Result<bool, Fault> {
    match given {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(invalid_argument(unknown)),
    }
}

/// Whether the annotations of the source stay behind.
fn excludes(input: &api::CopyObjectInput) -> Result<bool, Fault> {
    match input.annotation_directive.as_deref() {
        None | Some("COPY") => Ok(false),
        Some("EXCLUDE") => Ok(true),
        Some(_) => Err(invalid_argument("Unknown annotation directive.")),
    }
}

/// Checks the source, and reads it.
async fn fetch(cx: &Cx, input: &api::CopyObjectInput, target: &Bucket, replaces: bool) -> Reply<Arc<Received<Copied>>> {
    let named = Source::read(&input.copy_source)?;
    let owner = input.expected_source_bucket_owner.as_deref();
    let (bucket, source) = named.find(cx, owner, wanted!(input)).await?;
    if source.attributes.annotations.is_some() && !excludes(input)? {
        let (at, version) = ((&bucket, named.bucket.as_str()), named.version.as_deref());
        access::also(cx, "GetObjectAnnotation", at, &named.key, version).await?;
        access::also(cx, "PutObjectAnnotation", (target, &input.bucket), &input.key, None).await?;
    }
    let version = versions::id_of(&bucket, &source);
    // An older version may be copied over the latest as it is.
    let to_itself = bucket.id == target.id && named.key == input.key && named.version.is_none();
    if source.size > MAX_COPY {
        return Err(entity_too_large().into());
    }
    let changes = replaces || input.storage_class.is_some() || input.website_redirect_location.is_some();
    let encrypts = input.server_side_encryption.is_some() || input.sse_customer_key.is_some();
    if to_itself && !changes && !encrypts {
        return Err(invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, \
             website redirect location or encryption attributes.",
        )
        .into());
    }
    let claims = claims(input.checksum_algorithm.as_deref(), &source)?;
    let bytes = content::read(cx, &source, &(0..source.size)).await?;
    cx.receive(Some(&bytes), || Copying { digesting: Digesting::new(claims, None, None), source, version })
}

pub(crate) async fn part(cx: &Cx, input: api::UploadPartCopyInput) -> Reply<api::UploadPartCopyOutput> {
    let owner = input.expected_bucket_owner.as_deref();
    let upload_id = input.upload_id.clone();
    let target = Target::find(cx, &input.bucket, &input.key, upload_id, input.part_number, owner).await?;
    attributes::customer_key!(input).check_part(target.encryption())?;
    let received = match cx.received_body::<Copied>() {
        Some(received) => received,
        None => fetch_part(cx, &input, target.algorithm()).await?,
    };
    let part = target.store(cx, &received, &received.seen.digests).await?;
    let mut result = api::CopyPartResult {
        e_tag: Some(put::quoted(&part.etag)),
        last_modified: Some(get::seconds(part.modified)),
        ..api::CopyPartResult::default()
    };
    tell_checksum!(result, Some(part.known_checksum()));
    let mut output = api::UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: received.seen.version.clone(),
        ..api::UploadPartCopyOutput::default()
    };
    tell_encryption!(output, target.encryption());
    Ok(output)
}

/// Checks the source of a part, and reads it.
async fn fetch_part(cx: &Cx, input: &api::UploadPartCopyInput, algorithm: Algorithm) -> Reply<Arc<Received<Copied>>> {
    let source = Source::read(&input.copy_source)?;
    let owner = input.expected_source_bucket_owner.as_deref();
    let (bucket, source) = source.find(cx, owner, wanted!(input)).await?;
    let version = versions::id_of(&bucket, &source);
    let wanted = match input.copy_source_range.as_deref() {
        None => 0..source.size,
        Some(header) => whole_range(header, source.size)?,
    };
    let claims = claims(Some(algorithm.name()), &source)?;
    let bytes = content::read(cx, &source, &wanted).await?;
    cx.receive(Some(&bytes), || Copying { digesting: Digesting::new(claims, None, None), source, version })
}

/// `x-amz-copy-source-range`, which has both ends, within the source.
fn whole_range(header: &str, size: u64) -> Result<std::ops::Range<u64>, Fault> {
    let invalid = || {
        invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first \
             and last bytes to copy",
        )
    };
    let (first, last) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(invalid)?;
    let last: u64 = last.parse().map_err(|_| invalid())?;
    first.parse::<u64>().map_err(|_| invalid())?;
    if last >= size {
        return Err(invalid_argument(format!("Range specified is not valid for source object of size: {size}")));
    }
    range::read(header, size)?.ok_or_else(invalid)
}
