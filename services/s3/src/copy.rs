//! `CopyObject` and `UploadPartCopy`.
//!
//! The bytes are read and written anew, so that the copy has an entity tag and a checksum of its own, as one that a single request makes has.

use std::sync::Arc;

use kumoi_core::body::{Received, Watch};
use kumoi_core::{Cx, Fault, Reply};
use percent_encoding::percent_decode_str;

use crate::conditions::Conditions;
use crate::digests::{Claims, Digesting, Digests};
use crate::errors::{entity_too_large, invalid_argument, invalid_request, not_modified, precondition_failed};
use crate::inputs::headers;
use crate::multipart::Target;
use crate::names::check_key;
use crate::tables::{Algorithm, Headers, Object};
use crate::{api, bucket, content, get, put, range};

/// The largest object that one request copies, in bytes.
const MAX_COPY: u64 = 5 << 30;

/// What is to be copied.
struct Source {
    bucket: String,
    key: String,
}

impl Source {
    /// Reads `bucket/key` or `/bucket/key`, encoded as in a URL, with a version or without.
    fn read(header: &str) -> Result<Self, Fault> {
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
        // Buckets have no versions yet, which is the version `null` of each object.
        if version.is_some_and(|version| version != "null") {
            return Err(invalid_argument("Invalid version id specified"));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    async fn find(self, cx: &Cx, owner: Option<&str>, conditions: Conditions<'_>) -> Reply<Object> {
        let object = get::find(cx, &self.bucket, self.key, owner).await?;
        conditions.check(&object).map_err(|fault| {
            // A copy is no read that could be answered from a cache.
            if fault.code() == not_modified().code() { precondition_failed() } else { fault }
        })?;
        Ok(object)
    }
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
}

struct Copying {
    digesting: Digesting,
    source: Object,
}

impl Watch for Copying {
    type Seen = Copied;

    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.digesting.see(bytes)
    }

    fn end(self) -> Result<Copied, Fault> {
        Ok(Copied { digests: self.digesting.end()?, source: self.source })
    }
}

pub(crate) async fn copy(cx: &Cx, input: api::CopyObjectInput) -> Reply<api::CopyObjectOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_key(&input.key)?;
    let replaces = match input.metadata_directive.as_deref() {
        None | Some("COPY") => false,
        Some("REPLACE") => true,
        Some(_) => return Err(invalid_argument("Unknown metadata directive.").into()),
    };
    let received = match cx.received_body() {
        Some(received) => received,
        None => fetch(cx, &input, replaces).await?,
    };
    let Copied { digests, source } = &received.seen;
    let (key, if_match, if_none_match) = ((bucket.id, input.key.clone()), input.if_match, input.if_none_match);
    let storage_class = put::storage_class(input.storage_class)?;
    let headers = match replaces {
        false => Headers { website_redirect: input.website_redirect_location, ..source.headers.clone() },
        true => headers!(input),
    };
    let object = put::received_object(cx, &received, digests, headers, storage_class).await?;
    put::replace(cx, &key, &object, if_match.as_deref(), if_none_match.as_deref()).await?;
    Ok(api::CopyObjectOutput {
        copy_object_result: Some(api::CopyObjectResult {
            e_tag: Some(format!("\"{}\"", object.etag)),
            last_modified: Some(get::seconds(object.modified)),
            checksum_type: Some(object.checksum.type_name().to_owned()),
            checksum_crc32: object.checksum.of(Algorithm::Crc32),
            checksum_crc32_c: object.checksum.of(Algorithm::Crc32c),
            checksum_crc64_nvme: object.checksum.of(Algorithm::Crc64Nvme),
            checksum_sha1: object.checksum.of(Algorithm::Sha1),
            checksum_sha256: object.checksum.of(Algorithm::Sha256),
            ..api::CopyObjectResult::default()
        }),
        server_side_encryption: Some("AES256".to_owned()),
        ..api::CopyObjectOutput::default()
    })
}

/// Checks the source, and reads it.
async fn fetch(cx: &Cx, input: &api::CopyObjectInput, replaces: bool) -> Reply<Arc<Received<Copied>>> {
    let source = Source::read(&input.copy_source)?;
    let to_itself = source.bucket == input.bucket && source.key == input.key;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_deref(),
        if_none_match: input.copy_source_if_none_match.as_deref(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let source = source.find(cx, input.expected_source_bucket_owner.as_deref(), conditions).await?;
    if source.size > MAX_COPY {
        return Err(entity_too_large().into());
    }
    let changes = replaces || input.storage_class.is_some() || input.website_redirect_location.is_some();
    if to_itself && !changes && input.server_side_encryption.is_none() {
        return Err(invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, \
             website redirect location or encryption attributes.",
        )
        .into());
    }
    let claims = claims(input.checksum_algorithm.as_deref(), &source)?;
    let bytes = content::read(cx, &source, &(0..source.size)).await?;
    cx.receive(Some(&bytes), || Copying { digesting: Digesting::new(claims, None, None), source })
}

pub(crate) async fn part(cx: &Cx, input: api::UploadPartCopyInput) -> Reply<api::UploadPartCopyOutput> {
    let owner = input.expected_bucket_owner.as_deref();
    let upload_id = input.upload_id.clone();
    let target = Target::find(cx, &input.bucket, &input.key, upload_id, input.part_number, owner).await?;
    let received = match cx.received_body() {
        Some(received) => received,
        None => fetch_part(cx, &input, target.algorithm()).await?,
    };
    let part = target.store(cx, &received).await?;
    Ok(api::UploadPartCopyOutput {
        copy_part_result: Some(api::CopyPartResult {
            e_tag: Some(format!("\"{}\"", part.etag)),
            last_modified: Some(get::seconds(part.modified)),
            checksum_crc32: part.checksum_of(Algorithm::Crc32),
            checksum_crc32_c: part.checksum_of(Algorithm::Crc32c),
            checksum_crc64_nvme: part.checksum_of(Algorithm::Crc64Nvme),
            checksum_sha1: part.checksum_of(Algorithm::Sha1),
            checksum_sha256: part.checksum_of(Algorithm::Sha256),
            ..api::CopyPartResult::default()
        }),
        server_side_encryption: Some("AES256".to_owned()),
        ..api::UploadPartCopyOutput::default()
    })
}

/// Checks the source of a part, and reads it.
async fn fetch_part(cx: &Cx, input: &api::UploadPartCopyInput, algorithm: Algorithm) -> Reply<Arc<Received<Digests>>> {
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_deref(),
        if_none_match: input.copy_source_if_none_match.as_deref(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let source = Source::read(&input.copy_source)?;
    let source = source.find(cx, input.expected_source_bucket_owner.as_deref(), conditions).await?;
    let wanted = match input.copy_source_range.as_deref() {
        None => 0..source.size,
        Some(header) => whole_range(header, source.size)?,
    };
    let claims = claims(Some(algorithm.name()), &source)?;
    let bytes = content::read(cx, &source, &wanted).await?;
    cx.receive(Some(&bytes), || Digesting::new(claims, None, None))
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
