//! Tags of resources. Access points are the only ones that have them here.

use std::collections::BTreeMap;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};

use crate::api;
use crate::errors::{access_denied, invalid_request, invalid_tag, no_such_resource};
use crate::points::Located;

const MAX_TAGS: usize = 50;

type Tags = BTreeMap<String, String>;

/// The tags of a resource with others added; a key that is there already gets the new value.
pub(crate) fn merged(mut tags: Tags, added: Vec<api::Tag>) -> Result<Tags, Fault> {
    let known = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
    for api::Tag { key, value } in added {
        if key.is_empty() || key.chars().count() > 128 || !known(&key) {
            return Err(invalid_tag("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 || !known(&value) {
            return Err(invalid_tag("The TagValue you have provided is invalid"));
        }
        if key.starts_with("aws:") {
            return Err(invalid_tag("System tags cannot be added/updated by requester"));
        }
        tags.insert(key, value);
    }
    if tags.len() > MAX_TAGS { Err(invalid_request("Too many tags: a resource has at most 50.")) } else { Ok(tags) }
}

/// The access point of an ARN.
async fn find(cx: &Cx, account: &str, arn: &str) -> Reply<Located> {
    let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "s3");
    let parsed = parsed.ok_or_else(|| invalid_request("The resource ARN is not valid."))?;
    let Some(name) = parsed.resource.strip_prefix("accesspoint/") else {
        return Err(Fault::not_implemented("s3control", "tags of resources other than access points").into());
    };
    if parsed.account != account {
        return Err(access_denied().into());
    }
    if parsed.region != cx.region() {
        return Err(no_such_resource().into());
    }
    Located::of(cx, account, name).await
}

pub(crate) async fn tag(cx: &Cx, input: api::TagResourceInput) -> Reply<api::TagResourceOutput> {
    let mut located = find(cx, &input.account_id, &input.resource_arn).await?;
    located.point.tags = merged(std::mem::take(&mut located.point.tags), input.tags)?;
    located.keep(cx).await?;
    Ok(api::TagResourceOutput::default())
}

pub(crate) async fn untag(cx: &Cx, input: api::UntagResourceInput) -> Reply<api::UntagResourceOutput> {
    let mut located = find(cx, &input.account_id, &input.resource_arn).await?;
    located.point.tags.retain(|key, _| !input.tag_keys.contains(key));
    located.keep(cx).await?;
    Ok(api::UntagResourceOutput::default())
}

pub(crate) async fn list(cx: &Cx, input: api::ListTagsForResourceInput) -> Reply<api::ListTagsForResourceOutput> {
    let located = find(cx, &input.account_id, &input.resource_arn).await?;
    let tags = located.point.tags.into_iter().map(|(key, value)| api::Tag { key, value });
    Ok(api::ListTagsForResourceOutput { tags: Some(tags.collect()) })
}
