//! Configurations of S3 Storage Lens, which are kept as they were sent (S3 User Guide, "Assessing your storage activity and usage with S3 Storage
//! Lens"). There are no metrics to show.

use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_store::{KeyRange, Scope};

use crate::api;
use crate::caller::scope;
use crate::errors::{invalid_request, no_such_configuration};
use crate::points::after;
use crate::tables::{LENSES, Lens};

/// Entries of a page.
const PAGE: usize = 100;

const MAX_TAGS: usize = 50;

fn check_id(id: &str) -> Result<(), Fault> {
    let valid =
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if valid { Ok(()) } else { Err(invalid_request("The configuration id is not valid.")) }
}

fn check_tags(tags: &[api::StorageLensTag]) -> Result<(), Fault> {
    let too_long = |tag: &api::StorageLensTag| {
        tag.key.is_empty() || tag.key.chars().count() > 128 || tag.value.chars().count() > 256
    };
    let twice = tags.iter().enumerate().any(|(at, tag)| tags.iter().take(at).any(|other| other.key == tag.key));
    if tags.len() > MAX_TAGS || twice || tags.iter().any(too_long) {
        return Err(crate::errors::invalid_tag("The tag provided was not a valid tag."));
    }
    Ok(())
}

async fn find(cx: &Cx, scope: &Scope, id: &String) -> Reply<Lens> {
    Ok(cx.tx().get(scope, &LENSES, id).await?.ok_or_else(no_such_configuration)?)
}

pub(crate) async fn put(
    cx: &Cx,
    input: api::PutStorageLensConfigurationInput,
) -> Reply<api::PutStorageLensConfigurationOutput> {
    let scope = scope(cx, &input.account_id)?;
    check_id(&input.config_id)?;
    let mut configuration = input.storage_lens_configuration;
    if configuration.id != input.config_id {
        return Err(invalid_request("The id of the configuration is not that of the request.").into());
    }
    let known = cx.tx().get(&scope, &LENSES, &input.config_id).await?;
    // Tags are given when it is made; afterwards they have operations of their own.
    let tags = match (input.tags, known) {
        (Some(tags), _) => tags,
        (None, known) => known.map(|lens| lens.tags).unwrap_or_default(),
    };
    check_tags(&tags)?;
    configuration.storage_lens_arn = Some(cx.arn("s3", &format!("storage-lens/{}", input.config_id)));
    cx.tx().put(&scope, &LENSES, &input.config_id, &Lens { configuration, tags }).await?;
    Ok(api::PutStorageLensConfigurationOutput::default())
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetStorageLensConfigurationInput,
) -> Reply<api::GetStorageLensConfigurationOutput> {
    let lens = find(cx, &scope(cx, &input.account_id)?, &input.config_id).await?;
    Ok(api::GetStorageLensConfigurationOutput { storage_lens_configuration: Some(lens.configuration) })
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteStorageLensConfigurationInput,
) -> Reply<api::DeleteStorageLensConfigurationOutput> {
    let scope = scope(cx, &input.account_id)?;
    find(cx, &scope, &input.config_id).await?;
    cx.tx().delete(&scope, &LENSES, &input.config_id).await?;
    Ok(api::DeleteStorageLensConfigurationOutput::default())
}

pub(crate) async fn list(
    cx: &Cx,
    input: api::ListStorageLensConfigurationsInput,
) -> Reply<api::ListStorageLensConfigurationsOutput> {
    const LIST: &str = "storage lens";
    let scope = scope(cx, &input.account_id)?;
    let mut range = KeyRange::all();
    if let Some(last) = after(LIST, input.next_token.as_deref())? {
        range = range.after(&last);
    }
    let mut found = cx.tx().range(&scope, &LENSES, range, PAGE + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next_token = found.last().filter(|_| more).map(|(id, _)| paging::token(LIST, id));
    let entries = found.into_iter().map(|(id, lens)| api::ListStorageLensConfigurationEntry {
        id,
        storage_lens_arn: lens.configuration.storage_lens_arn.unwrap_or_default(),
        home_region: cx.region().to_owned(),
        is_enabled: Some(lens.configuration.is_enabled),
    });
    Ok(api::ListStorageLensConfigurationsOutput {
        storage_lens_configuration_list: Some(entries.collect()),
        next_token,
    })
}

pub(crate) async fn put_tags(
    cx: &Cx,
    input: api::PutStorageLensConfigurationTaggingInput,
) -> Reply<api::PutStorageLensConfigurationTaggingOutput> {
    let scope = scope(cx, &input.account_id)?;
    check_tags(&input.tags)?;
    let lens = Lens { tags: input.tags, ..find(cx, &scope, &input.config_id).await? };
    cx.tx().put(&scope, &LENSES, &input.config_id, &lens).await?;
    Ok(api::PutStorageLensConfigurationTaggingOutput::default())
}

pub(crate) async fn get_tags(
    cx: &Cx,
    input: api::GetStorageLensConfigurationTaggingInput,
) -> Reply<api::GetStorageLensConfigurationTaggingOutput> {
    let lens = find(cx, &scope(cx, &input.account_id)?, &input.config_id).await?;
    Ok(api::GetStorageLensConfigurationTaggingOutput { tags: Some(lens.tags) })
}

pub(crate) async fn delete_tags(
    cx: &Cx,
    input: api::DeleteStorageLensConfigurationTaggingInput,
) -> Reply<api::DeleteStorageLensConfigurationTaggingOutput> {
    let scope = scope(cx, &input.account_id)?;
    let lens = Lens { tags: Vec::new(), ..find(cx, &scope, &input.config_id).await? };
    cx.tx().put(&scope, &LENSES, &input.config_id, &lens).await?;
    Ok(api::DeleteStorageLensConfigurationTaggingOutput::default())
}
