//! Tags of queues.
//!
//! Follows "Quotas related to queues" of the Developer Guide: at most 50 tags, keys of 1 to 128 characters, values of at most 256, and none that
//! starts with `aws:`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{ListQueueTagsInput, ListQueueTagsOutput, TagQueueInput, UntagQueueInput};
use crate::errors::{invalid_parameter, missing_parameter};
use crate::queue::Located;
use crate::tables::TAGS;

const MAX_TAGS: usize = 50;

type Tags = BTreeMap<String, String>;

pub(crate) async fn tag(cx: &Cx, input: TagQueueInput) -> Reply<()> {
    let at = Located::of(cx, &input.queue_url).await?;
    if input.tags.is_empty() {
        return Err(missing_parameter("Tags").into());
    }
    let old = cx.tx().get(&at.scope, &TAGS, &at.name).await?.unwrap_or_default();
    let tags = merged(&at.name, old, input.tags)?;
    Ok(cx.tx().put(&at.scope, &TAGS, &at.name, &tags).await?)
}

pub(crate) async fn untag(cx: &Cx, input: UntagQueueInput) -> Reply<()> {
    let at = Located::of(cx, &input.queue_url).await?;
    if input.tag_keys.is_empty() {
        return Err(missing_parameter("TagKeys").into());
    }
    let mut tags = cx.tx().get(&at.scope, &TAGS, &at.name).await?.unwrap_or_default();
    tags.retain(|key, _| !input.tag_keys.contains(key));
    if tags.is_empty() {
        cx.tx().delete(&at.scope, &TAGS, &at.name).await?;
        return Ok(());
    }
    Ok(cx.tx().put(&at.scope, &TAGS, &at.name, &tags).await?)
}

pub(crate) async fn list(cx: &Cx, input: ListQueueTagsInput) -> Reply<ListQueueTagsOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    Ok(ListQueueTagsOutput { tags: cx.tx().get(&at.scope, &TAGS, &at.name).await? })
}

/// The tags of a queue with others added; a key that is there already gets the new value.
pub(crate) fn merged(queue: &str, mut tags: Tags, added: Tags) -> Result<Tags, Fault> {
    for (key, value) in added {
        check(&key, &value)?;
        tags.insert(key, value);
    }
    if tags.len() > MAX_TAGS {
        return Err(invalid_parameter(format!("Too many tags added for queue {queue}.")));
    }
    Ok(tags)
}

fn check(key: &str, value: &str) -> Result<(), Fault> {
    let allowed = |letter: char| letter.is_alphanumeric() || " _.:/=+-@".contains(letter);
    if key.is_empty() || key.chars().count() > 128 || !key.chars().all(allowed) {
        return Err(invalid_parameter(
            "Tag keys must be between 1 and 128 characters in length, and contain only letters, digits, white space and _.:/=+-@.",
        ));
    }
    if value.chars().count() > 256 || !value.chars().all(allowed) {
        return Err(invalid_parameter(
            "Tag values must be between 0 and 256 characters in length, and contain only letters, digits, white space and _.:/=+-@.",
        ));
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(invalid_parameter("Tag keys that start with 'aws:' are reserved for system use."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(range: std::ops::Range<usize>) -> Tags {
        range.map(|n| (format!("k{n}"), String::new())).collect()
    }

    #[test]
    fn fifty_tags_and_no_more() {
        assert_eq!(merged("q", tags(0..50), tags(0..50)).unwrap().len(), 50);
        let fault = merged("q", tags(0..50), tags(50..51)).unwrap_err();
        assert_eq!(fault.message(), "Too many tags added for queue q.");
    }

    #[test]
    fn keys_and_values() {
        assert!(check(&"k".repeat(128), &"v".repeat(256)).is_ok());
        assert!(check("grün", "a b").is_ok());
        for (key, value) in [
            ("", ""),
            ("k!", ""),
            ("aws:x", ""),
            ("AWS:x", ""),
            (&"k".repeat(129), ""),
            ("k", &"v".repeat(257)),
            ("k", "v\n"),
        ] {
            assert!(check(key, value).is_err(), "{key:?} {value:?}");
        }
    }
}
