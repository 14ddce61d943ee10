//! Tags of tables: "Tagging restrictions in DynamoDB" of the Developer Guide.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{ListTagsOfResourceInput, ListTagsOfResourceOutput, Tag, TagResourceInput, UntagResourceInput};
use crate::errors::{invalid, resource_not_found_exception, validation};
use crate::table::{Located, Named};
use crate::tables::TAGS;

const MAX_TAGS: usize = 50;

pub(crate) type Tags = BTreeMap<String, String>;

pub(crate) async fn tag(cx: &Cx, input: TagResourceInput) -> Reply<()> {
    let at = located(cx, &input.resource_arn).await?;
    if input.tags.is_empty() {
        return Err(validation("Atleast one Tag needs to be provided as Input.").into());
    }
    let mut tags = of(cx, &at).await?;
    tags.extend(checked(&input.tags)?);
    if tags.len() > MAX_TAGS {
        return Err(too_many().into());
    }
    replace(cx, &at, tags).await
}

pub(crate) async fn untag(cx: &Cx, input: UntagResourceInput) -> Reply<()> {
    let at = located(cx, &input.resource_arn).await?;
    if input.tag_keys.is_empty() {
        return Err(validation("Atleast one Tag Key needs to be provided as Input.").into());
    }
    let mut tags = of(cx, &at).await?;
    tags.retain(|key, _| !input.tag_keys.contains(key));
    replace(cx, &at, tags).await
}

/// All tags of a table: as many as it can have are one page.
pub(crate) async fn list(cx: &Cx, input: ListTagsOfResourceInput) -> Reply<ListTagsOfResourceOutput> {
    if input.next_token.is_some() {
        return Err(validation("Invalid NextToken provided as input").into());
    }
    let at = located(cx, &input.resource_arn).await?;
    let tags = of(cx, &at).await?.into_iter().map(|(key, value)| Tag { key, value });
    Ok(ListTagsOfResourceOutput { tags: Some(tags.collect()), next_token: None })
}

/// The tags of a table.
async fn of(cx: &Cx, at: &Located) -> Reply<Tags> {
    Ok(cx.tx().get(&at.scope, &TAGS, &at.name).await?.unwrap_or_default())
}

/// Gives a table these tags and no other.
pub(crate) async fn replace(cx: &Cx, at: &Located, tags: Tags) -> Reply<()> {
    if tags.is_empty() {
        cx.tx().delete(&at.scope, &TAGS, &at.name).await?;
        return Ok(());
    }
    Ok(cx.tx().put(&at.scope, &TAGS, &at.name, &tags).await?)
}

/// The table that an ARN names; an index has no tags.
async fn located(cx: &Cx, arn: &str) -> Reply<Located> {
    if !arn.starts_with("arn:") {
        return Err(validation(format!("Invalid TableArn: ARNs must start with 'arn:': {arn}")).into());
    }
    let Some(named) = Named::parse_arn(cx, arn) else {
        return Err(validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {arn}")).into());
    };
    let found = Located::find(cx, named).await?;
    found.ok_or_else(|| {
        resource_not_found_exception(format!("Requested resource not found: ResourcArn: {arn} not found")).into()
    })
}

fn too_many() -> Fault {
    validation(format!("One or more parameter values were invalid: Too many tags: a resource can have {MAX_TAGS}"))
}

/// Tags of a request, each key once.
pub(crate) fn checked(tags: &[Tag]) -> Result<Tags, Fault> {
    let mut checked = Tags::new();
    for Tag { key, value } in tags {
        let allowed = |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "+-=._:/@".contains(letter);
        for (what, text) in [("Key", key), ("Value", value)] {
            if !text.chars().all(allowed) {
                return Err(invalid(format!("Tag {what} {text} has characters that are not allowed")));
            }
        }
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(format!("Tag Key {key} is reserved for system use: it starts with aws:")));
        }
        if checked.insert(key.clone(), value.clone()).is_some() {
            return Err(invalid(format!("Duplicate tag key: {key}")));
        }
    }
    if checked.len() > MAX_TAGS {
        return Err(too_many());
    }
    Ok(checked)
}
