//! Tags of buckets, and the rules for all tags (User Guide, "Categorizing your objects using tags").

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Reply};

use crate::api;
use crate::errors::refused;

/// The most tags of a bucket.
const MAX_TAGS: usize = 50;

/// The most characters of a key and of a value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketTaggingInput) -> Reply<api::PutBucketTaggingOutput> {
    let bucket = super::find(cx, &input).await?;
    let tags = &input.tagging.tag_set;
    if tags.len() > MAX_TAGS {
        let message = format!("Bucket tag count cannot be greater than {MAX_TAGS}");
        return Err(refused("BadRequest", 400, message).into());
    }
    check(tags)?;
    super::put(cx, &input, bucket, input.tagging.clone()).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketTaggingInput) -> Reply<api::GetBucketTaggingOutput> {
    let tagging: api::Tagging = super::require(cx, &input).await?;
    Ok(api::GetBucketTaggingOutput { tag_set: tagging.tag_set })
}

/// Checks the keys and values of tags of a bucket or an object. How many there may be is for the caller to say.
pub(crate) fn check(tags: &[api::Tag]) -> Result<(), Fault> {
    let mut keys = BTreeSet::new();
    for tag in tags {
        if tag.key.is_empty() || tag.key.chars().count() > MAX_KEY || !allowed(&tag.key) {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if tag.value.chars().count() > MAX_VALUE || !allowed(&tag.value) {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
        if tag.key.starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester"));
        }
        if !keys.insert(&tag.key) {
            return Err(invalid("Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(())
}

fn invalid(message: &str) -> Fault {
    refused("InvalidTag", 400, message)
}

/// Letters, numbers, spaces and some signs.
fn allowed(text: &str) -> bool {
    text.chars().all(|sign| sign.is_alphanumeric() || sign.is_whitespace() || "+-=._:/@".contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_tags() {
        let tag = |key: &str, value: &str| api::Tag { key: key.to_owned(), value: value.to_owned() };
        check(&[tag("Größe 1", "a+b-c=d._:/@"), tag("b", "")]).unwrap();
        let message = |tags: &[api::Tag]| check(tags).unwrap_err().message().to_owned();
        for key in ["", "a#b", "a\u{7}", &"a".repeat(129)] {
            assert_eq!(message(&[tag(key, "")]), "The TagKey you have provided is invalid");
        }
        for value in ["a#b", &"a".repeat(257)] {
            assert_eq!(message(&[tag("a", value)]), "The TagValue you have provided is invalid");
        }
        assert_eq!(message(&[tag("aws:a", "")]), "System tags cannot be added/updated by requester");
        assert_eq!(message(&[tag("a", ""), tag("a", "")]), "Cannot provide multiple Tags with the same key");
    }
}
