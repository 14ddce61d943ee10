//! `GetObject` and `HeadObject`.

use std::ops::Range;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::conditions::Conditions;
use crate::encryption::tell_encryption;
use crate::errors::{invalid_part_number, invalid_request};
use crate::inputs::tell_checksum;
use crate::tables::{Checksum, Content, Object};
use crate::{api, bucket, content, lifecycle, lock, put, range, replicate, restore, versions};

/// The media type of what was stored without one.
const UNKNOWN: &str = "binary/octet-stream";

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
    ($output:ident, $cx:ident, $input:ident, $bucket:ident, $object:ident) => {{
        let conditions = Conditions {
            if_match: $input.if_match.as_deref(),
            if_none_match: $input.if_none_match.as_deref(),
            if_modified_since: $input.if_modified_since,
            if_unmodified_since: $input.if_unmodified_since,
        };
        if $input.part_number.is_some_and(|number| content::range_of_part(&$object, number).is_none()) {
            return Err(invalid_part_number().into());
        }
        $crate::attributes::customer_key!($input).check(&$object)?;
        conditions.check(&$object)?;
        let part = part(&$object, $input.range.as_deref(), $input.part_number)?;
        let wanted = part.clone().unwrap_or(0..$object.size);
        let headers = $object.headers.clone();
        let attributes = &$object.attributes;
        let checksum = (checksum_of_part(&$object, part.as_ref(), $input.part_number))
            .filter(|_| $input.checksum_mode.as_deref() == Some("ENABLED"));
        let mut output = api::$output {
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(seconds($object.modified)),
            expiration: match $input.version_id {
                // What it tells is when a version stops to be the latest.
                Some(_) => None,
                None => lifecycle::expiration($cx, &$bucket, &$input.key, &$object).await?,
            },
            restore: restore::header($cx, &$object),
            content_length: i64::try_from(wanted.end - wanted.start).ok(),
            e_tag: Some(put::quoted(&$object.etag)),
            checksum_type: checksum.as_ref().map(|_| $object.checksum.type_name().to_owned()),
            cache_control: $input.response_cache_control.or(headers.cache_control),
            content_disposition: $input.response_content_disposition.or(headers.content_disposition),
            content_encoding: $input.response_content_encoding.or(headers.content_encoding),
            content_language: $input.response_content_language.or(headers.content_language),
            content_range: part.map(|part| range::content_range(&part, $object.size)),
            content_type: $input.response_content_type.or(headers.content_type).or_else(|| Some(UNKNOWN.to_owned())),
            expires: $input.response_expires.or(headers.expires.map(Timestamp::from_seconds)),
            website_redirect_location: headers.website_redirect,
            metadata: Some(headers.metadata).filter(|metadata| !metadata.is_empty()),
            storage_class: $object.storage_class.clone(),
            parts_count: $input.part_number.and_then(|_| content::count_of_parts(&$object)),
            version_id: versions::id_of(&$bucket, &$object),
            tag_count: i32::try_from(attributes.tags.len()).ok().filter(|count| *count > 0),
            object_lock_mode: attributes.retention.as_ref().map(|retention| lock::mode_name(retention.compliance)),
            object_lock_retain_until_date: (attributes.retention.as_ref())
                .map(|retention| Timestamp::from_micros(retention.until)),
            object_lock_legal_hold_status: attributes.hold.map(lock::hold_name),
            replication_status: attributes.replication.map(replicate::status_name),
            ..api::$output::default()
        };
        tell_checksum!(output, &checksum);
        tell_encryption!(output, &attributes.encryption);
        (output, wanted)
    }};
}

/// The checksum of what is asked for: of the whole, or of a part that has its own.
fn checksum_of_part(object: &Object, part: Option<&Range<u64>>, number: Option<i32>) -> Option<Checksum> {
    match (part, number, &object.content) {
        (_, Some(number), Content::Parts(pieces)) => {
            let piece = pieces.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
            piece.checksum.clone()
        }
        (None, ..) | (_, Some(_), _) => Some(object.checksum.clone()),
        (Some(_), None, _) => None,
    }
}

pub(crate) async fn get(cx: &Cx, input: api::GetObjectInput) -> Reply<api::GetObjectOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let (output, wanted) = described!(GetObjectOutput, cx, input, bucket, object);
    restore::check(cx, &object)?;
    let body = content::read(cx, &object, &wanted).await?;
    Ok(api::GetObjectOutput { body: Some(body), ..output })
}

pub(crate) async fn head(cx: &Cx, input: api::HeadObjectInput) -> Reply<api::HeadObjectOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    Ok(described!(HeadObjectOutput, cx, input, bucket, object).0)
}

/// A moment as headers have it, in whole seconds.
pub(crate) fn seconds(micros: i64) -> Timestamp {
    Timestamp::from_seconds(micros.div_euclid(1_000_000))
}

/// A moment as the header `Last-Modified` has it.
pub(crate) fn http_date(micros: i64) -> String {
    let moment = jiff::Timestamp::from_second(micros.div_euclid(1_000_000)).unwrap_or_default();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}
