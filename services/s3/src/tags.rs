//! Tags of objects (User Guide, "Categorizing your objects using tags").

use kumoi_core::{Cx, Fault, Reply};
use percent_encoding::percent_decode_str;

use crate::changes::Place;
use crate::errors::{bad_request, invalid_argument, invalid_tag};
use crate::tables::{Bucket, Object};
use crate::{api, bucket, changes, versions};

/// Tags that an object can have.
const MAX_TAGS: usize = 10;

/// Characters of a tag's key, and of its value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Checks tags.
pub(crate) fn check(tags: &[(String, String)], most: usize) -> Result<(), Fault> {
    if tags.len() > most {
        return Err(bad_request(format!("Object tags cannot be greater than {most}")));
    }
    for (index, (key, value)) in tags.iter().enumerate() {
        let known =
            |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
        if key.is_empty() || key.chars().count() > MAX_KEY || !known(key) {
            return Err(invalid_tag("The TagKey you have provided is invalid").with_detail("TagKey", key));
        }
        if value.chars().count() > MAX_VALUE || !known(value) {
            return Err(invalid_tag("The TagValue you have provided is invalid").with_detail("TagKey", key));
        }
        if tags.iter().take(index).any(|(other, _)| other == key) {
            return Err(invalid_tag("Cannot provide multiple Tags with the same key").with_detail("TagKey", key));
        }
        if key.starts_with("aws:") {
            return Err(invalid_tag("System tags cannot be added/updated by requester").with_detail("TagKey", key));
        }
    }
    Ok(())
}

/// Reads the header `x-amz-tagging`: tags as in a query.
pub(crate) fn read(header: Option<&str>) -> Result<Vec<(String, String)>, Fault> {
    let malformed = || {
        invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        )
    };
    let decoded = |text: &str| -> Result<String, Fault> {
        let text = text.replace('+', " ");
        Ok(percent_decode_str(&text).decode_utf8().map_err(|_| malformed())?.into_owned())
    };
    let mut tags: Vec<(String, String)> = Vec::new();
    for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        if tags.len() > MAX_TAGS {
            break;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let tag = (decoded(key)?, decoded(value)?);
        if tags.iter().any(|(key, _)| *key == tag.0) {
            return Err(malformed());
        }
        tags.push(tag);
    }
    check(&tags, MAX_TAGS)?;
    Ok(sorted(tags))
}

pub(crate) fn from_api(tagging: api::Tagging) -> Vec<(String, String)> {
    sorted(tagging.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn sorted(mut tags: Vec<(String, String)>) -> Vec<(String, String)> {
    tags.sort();
    tags
}

pub(crate) fn to_api(tags: &[(String, String)]) -> Vec<api::Tag> {
    tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect()
}

async fn found(
    cx: &Cx,
    name: &str,
    key: &str,
    version: Option<&str>,
    owner: Option<&str>,
) -> Reply<(Bucket, Object, Option<u64>)> {
    let bucket = bucket::find(cx, name, owner).await?;
    let (object, place) = versions::located(cx, &bucket, key, version).await?;
    Ok((bucket, object, place))
}

pub(crate) async fn put(cx: &Cx, input: api::PutObjectTaggingInput) -> Reply<api::PutObjectTaggingOutput> {
    let (owner, version) = (input.expected_bucket_owner.as_deref(), input.version_id.as_deref());
    let (bucket, mut object, place) = found(cx, &input.bucket, &input.key, version, owner).await?;
    let tags = from_api(input.tagging);
    check(&tags, MAX_TAGS)?;
    object.attributes.tags = tags;
    let at = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    changes::updated(cx, at, &mut object, "ObjectTagging:Put").await?;
    let version_id = versions::id_of(&bucket, &object);
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::PutObjectTaggingOutput { version_id })
}

pub(crate) async fn get(cx: &Cx, input: api::GetObjectTaggingInput) -> Reply<api::GetObjectTaggingOutput> {
    let (owner, version) = (input.expected_bucket_owner.as_deref(), input.version_id.as_deref());
    let (bucket, object, _) = found(cx, &input.bucket, &input.key, version, owner).await?;
    let version_id = versions::id_of(&bucket, &object);
    Ok(api::GetObjectTaggingOutput { version_id, tag_set: to_api(&object.attributes.tags) })
}

pub(crate) async fn delete(cx: &Cx, input: api::DeleteObjectTaggingInput) -> Reply<api::DeleteObjectTaggingOutput> {
    let (owner, version) = (input.expected_bucket_owner.as_deref(), input.version_id.as_deref());
    let (bucket, mut object, place) = found(cx, &input.bucket, &input.key, version, owner).await?;
    object.attributes.tags.clear();
    let at = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    changes::updated(cx, at, &mut object, "ObjectTagging:Delete").await?;
    let version_id = versions::id_of(&bucket, &object);
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::DeleteObjectTaggingOutput { version_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_query() {
        let read = |header: &str| read(Some(header));
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(read("a=b&c%20d=e+f&g").unwrap(), [tag("a", "b"), tag("c d", "e f"), tag("g", "")]);
        assert_eq!(read("a=b&a=c").unwrap_err().code(), "InvalidArgument");
        assert_eq!(read("a=%FF").unwrap_err().code(), "InvalidArgument");
        assert_eq!(read("aws:a=b").unwrap_err().code(), "InvalidTag");
        let many: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        assert_eq!(read(&many.join("&")).unwrap_err().code(), "BadRequest");
        assert_eq!(read(&format!("{}=v", "k".repeat(129))).unwrap_err().code(), "InvalidTag");
        assert_eq!(read(&format!("k={}", "v".repeat(257))).unwrap_err().code(), "InvalidTag");
    }
}
