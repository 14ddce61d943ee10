//! `GetObjectAttributes`.

use kumoi_core::{Cx, Fault, Reply};

use crate::errors::invalid_argument;
use crate::inputs::tell_checksum;
use crate::tables::{Content, Object, Piece};
use crate::{api, attributes, bucket, get, versions};

/// The most parts that an answer lists.
const MAX_PARTS: i32 = 1000;

const KNOWN: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

pub(crate) async fn get(cx: &Cx, input: api::GetObjectAttributesInput) -> Reply<api::GetObjectAttributesOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    attributes::customer_key!(input).check(&object)?;
    // Some clients send the names in one header, others in several.
    let asked: Vec<&str> = input.object_attributes.iter().flat_map(|names| names.split(',')).map(str::trim).collect();
    if asked.is_empty() || asked.iter().any(|name| !KNOWN.contains(name)) {
        return Err(invalid_argument("Invalid attribute name specified.").into());
    }
    let wants = |name: &str| asked.contains(&name);
    let parts = match (&object.content, wants("ObjectParts")) {
        (Content::Parts(pieces), true) => {
            Some(parts(pieces, input.part_number_marker.unwrap_or(0), input.max_parts.unwrap_or(MAX_PARTS))?)
        }
        _ => None,
    };
    Ok(api::GetObjectAttributesOutput {
        last_modified: Some(get::seconds(object.modified)),
        version_id: versions::id_of(&bucket, &object),
        e_tag: wants("ETag").then(|| object.etag.clone()),
        checksum: wants("Checksum").then(|| checksum(&object)),
        object_parts: parts,
        storage_class: wants("StorageClass")
            .then(|| object.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())),
        object_size: i64::try_from(object.size).ok().filter(|_| wants("ObjectSize")),
        ..api::GetObjectAttributesOutput::default()
    })
}

fn checksum(object: &Object) -> api::Checksum {
    let checksum = &object.checksum;
    let mut told = api::Checksum { checksum_type: Some(checksum.type_name().to_owned()), ..api::Checksum::default() };
    tell_checksum!(told, Some(checksum));
    told
}

/// The parts of an object behind `marker`. What they are is told only where they have checksums.
fn parts(pieces: &[Piece], marker: i32, max: i32) -> Result<api::GetObjectAttributesParts, Fault> {
    let (Ok(after), Ok(limit)) = (u32::try_from(marker), usize::try_from(max.min(MAX_PARTS))) else {
        return Err(invalid_argument(
            "Argument max-parts and part-number-marker must be integers between 0 and 2147483647",
        ));
    };
    let numbered = (1_u32..).zip(pieces).map(|(place, piece)| (piece.number.unwrap_or(place), piece));
    let mut found: Vec<_> = numbered.filter(|(number, _)| *number > after).take(limit + 1).collect();
    let truncated = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map_or(marker, |(number, _)| i32::try_from(*number).unwrap_or(i32::MAX));
    let told = found.into_iter().filter_map(|(number, piece)| {
        let checksum = piece.checksum.as_ref()?;
        let mut part = api::ObjectPart {
            part_number: i32::try_from(number).ok(),
            size: i64::try_from(piece.size).ok(),
            ..api::ObjectPart::default()
        };
        tell_checksum!(part, Some(checksum));
        Some(part)
    });
    let told: Vec<_> = told.collect();
    Ok(api::GetObjectAttributesParts {
        total_parts_count: i32::try_from(pieces.len()).ok(),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(last),
        max_parts: Some(max),
        is_truncated: Some(truncated),
        parts: Some(told).filter(|parts| !parts.is_empty()),
    })
}
