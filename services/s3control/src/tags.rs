//! Tags of resources: of access points with them, of all others in a table of their own.

use std::collections::BTreeMap;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{Scope, Table};

use crate::errors::{access_denied, invalid_request, invalid_tag, no_such_resource};
use crate::points::Located;
use crate::{api, grants, groups};

const MAX_TAGS: usize = 50;

type Tags = BTreeMap<String, String>;

/// By the last part of the ARN.
static TAGS: Table<String, Tags> = Table::region("s3control", "tags");

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

/// Gives a new resource its tags.
pub(crate) async fn give(cx: &Cx, scope: &Scope, resource: &str, given: Option<Vec<api::Tag>>) -> Reply<()> {
    let tags = merged(Tags::new(), given.unwrap_or_default())?;
    Ok(cx.tx().put(scope, &TAGS, &resource.to_owned(), &tags).await?)
}

/// Removes the tags of a resource that is gone.
pub(crate) async fn forget(cx: &Cx, scope: &Scope, resource: &str) -> Reply<()> {
    cx.tx().delete(scope, &TAGS, &resource.to_owned()).await?;
    Ok(())
}

/// What an ARN names.
enum Tagged {
    Point(Box<Located>),
    Other { scope: Scope, resource: String, tags: Tags },
}

impl Tagged {
    async fn find(cx: &Cx, account: &str, arn: &str) -> Reply<Self> {
        let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "s3");
        let parsed = parsed.ok_or_else(|| invalid_request("The resource ARN is not valid."))?;
        if parsed.account != account {
            return Err(access_denied().into());
        }
        if parsed.region != cx.region() {
            return Err(no_such_resource().into());
        }
        if let Some(name) = parsed.resource.strip_prefix("accesspoint/") {
            return Ok(Self::Point(Box::new(Located::of(cx, account, name).await?)));
        }
        let (scope, resource) = (crate::caller::scope(cx, account)?, parsed.resource.to_owned());
        let there = match resource.split('/').next().unwrap_or_default() {
            "access-grants" => grants::is_there(cx, &scope, &resource).await?,
            "storage-lens-group" => groups::is_there(cx, &scope, &resource).await?,
            _ => return Err(Fault::not_implemented("s3control", "tags of resources of this kind").into()),
        };
        if !there {
            return Err(no_such_resource().into());
        }
        let tags = cx.tx().get(&scope, &TAGS, &resource).await?.unwrap_or_default();
        Ok(Self::Other { scope, resource, tags })
    }

    fn tags(&mut self) -> &mut Tags {
        match self {
            Self::Point(located) => &mut located.point.tags,
            Self::Other { tags, .. } => tags,
        }
    }

    async fn keep(&self, cx: &Cx) -> Reply<()> {
        match self {
            Self::Point(located) => located.keep(cx).await,
            Self::Other { scope, resource, tags } => Ok(cx.tx().put(scope, &TAGS, resource, tags).await?),
        }
    }
}

pub(crate) async fn tag(cx: &Cx, input: api::TagResourceInput) -> Reply<api::TagResourceOutput> {
    let mut found = Tagged::find(cx, &input.account_id, &input.resource_arn).await?;
    *found.tags() = merged(std::mem::take(found.tags()), input.tags)?;
    found.keep(cx).await?;
    Ok(api::TagResourceOutput::default())
}

pub(crate) async fn untag(cx: &Cx, input: api::UntagResourceInput) -> Reply<api::UntagResourceOutput> {
    let mut found = Tagged::find(cx, &input.account_id, &input.resource_arn).await?;
    found.tags().retain(|key, _| !input.tag_keys.contains(key));
    found.keep(cx).await?;
    Ok(api::UntagResourceOutput::default())
}

pub(crate) async fn list(cx: &Cx, input: api::ListTagsForResourceInput) -> Reply<api::ListTagsForResourceOutput> {
    let mut found = Tagged::find(cx, &input.account_id, &input.resource_arn).await?;
    let tags = std::mem::take(found.tags()).into_iter().map(|(key, value)| api::Tag { key, value });
    Ok(api::ListTagsForResourceOutput { tags: Some(tags.collect()) })
}
