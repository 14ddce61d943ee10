//! `GetObject` and `HeadObject`.

use std::ops::Range;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;

use crate::conditions::Conditions;
use crate::errors::{invalid_part_number, invalid_request, no_such_key};
use crate::tables::{Algorithm, OBJECTS, Object};
use crate::{api, bucket, content, range};

/// The media type of what was stored without one.
const UNKNOWN: &str = "binary/octet-stream";

pub(crate) async fn find(cx: &Cx, bucket: &str, key: String, owner: Option<&str>) -> Reply<Object> {
    let bucket = bucket::find(cx, bucket, owner).await?;
    let object = cx.tx().get(&Scope::world(), &OBJECTS, &(bucket.id, key)).await?;
    Ok(object.ok_or_else(no_such_key)?)
}

/// The part of an object that is asked for, by a range or by its number; `None` for the whole.
fn part(object: &Object, header: Option<&str>, number: Option<i32>) -> Result<Option<Range<u64>>, Fault> {
    match (header, number) {
        (Some(_), Some(_)) => Err(invalid_request("Cannot specify both Range header and partNumber query parameter")),
        (Some(header), None) => range::read(header, object.size),
        (None, Some(number)) => {
            let part = content::range_of_part(object, number).ok_or_else(invalid_part_number)?;
            // No bytes are no range.
            Ok(Some(part).filter(|part| !part.is_empty()))
        }
        (None, None) => Ok(None),
    }
}

/// What an answer tells of an object, and the part of it that is asked for. The two operations have it in types of their own, with the same
/// members.
macro_rules! described {
    ($output:ident, $input:ident, $object:ident) => {{
        let conditions = Conditions {
            if_match: $input.if_match.as_deref(),
            if_none_match: $input.if_none_match.as_deref(),
            if_modified_since: $input.if_modified_since,
            if_unmodified_since: $input.if_unmodified_since,
        };
        conditions.check(&$object)?;
        let part = part(&$object, $input.range.as_deref(), $input.part_number)?;
        let wanted = part.clone().unwrap_or(0..$object.size);
        // A checksum is of the whole.
        let verified = part.is_none() && $input.checksum_mode.as_deref() == Some("ENABLED");
        let checksum = |wanted: Algorithm| $object.checksum.of(wanted).filter(|_| verified);
        let headers = $object.headers.clone();
        let output = api::$output {
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(seconds($object.modified)),
            content_length: i64::try_from(wanted.end - wanted.start).ok(),
            e_tag: Some(format!("\"{}\"", $object.etag)),
            checksum_crc32: checksum(Algorithm::Crc32),
            checksum_crc32_c: checksum(Algorithm::Crc32c),
            checksum_crc64_nvme: checksum(Algorithm::Crc64Nvme),
            checksum_sha1: checksum(Algorithm::Sha1),
            checksum_sha256: checksum(Algorithm::Sha256),
            checksum_type: verified.then(|| $object.checksum.type_name().to_owned()),
            cache_control: $input.response_cache_control.or(headers.cache_control),
            content_disposition: $input.response_content_disposition.or(headers.content_disposition),
            content_encoding: $input.response_content_encoding.or(headers.content_encoding),
            content_language: $input.response_content_language.or(headers.content_language),
            content_range: part.map(|part| range::content_range(&part, $object.size)),
            content_type: $input.response_content_type.or(headers.content_type).or_else(|| Some(UNKNOWN.to_owned())),
            expires: $input.response_expires.or(headers.expires.map(Timestamp::from_seconds)),
            website_redirect_location: headers.website_redirect,
            server_side_encryption: Some("AES256".to_owned()),
            metadata: Some(headers.metadata).filter(|metadata| !metadata.is_empty()),
            storage_class: $object.storage_class.clone(),
            parts_count: $input.part_number.and_then(|_| content::count_of_parts(&$object)),
            ..api::$output::default()
        };
        (output, wanted)
    }};
}

pub(crate) async fn get(cx: &Cx, input: api::GetObjectInput) -> Reply<api::GetObjectOutput> {
    let object = find(cx, &input.bucket, input.key, input.expected_bucket_owner.as_deref()).await?;
    let (output, wanted) = described!(GetObjectOutput, input, object);
    let body = content::read(cx, &object, &wanted).await?;
    Ok(api::GetObjectOutput { body: Some(body), ..output })
}

pub(crate) async fn head(cx: &Cx, input: api::HeadObjectInput) -> Reply<api::HeadObjectOutput> {
    let object = find(cx, &input.bucket, input.key, input.expected_bucket_owner.as_deref()).await?;
    Ok(described!(HeadObjectOutput, input, object).0)
}

/// A moment as headers have it, in whole seconds.
pub(crate) fn seconds(micros: i64) -> Timestamp {
    Timestamp::from_seconds(micros.div_euclid(1_000_000))
}
