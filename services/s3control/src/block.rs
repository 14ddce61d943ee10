//! Public access of a whole account (S3 User Guide, "Blocking public access to your Amazon S3 storage").

use kumoi_core::{Cx, Reply};
use kumoi_store::Scope;

use crate::api;
use crate::caller::scope;
use crate::errors::no_such_block;
use crate::tables::BLOCKS;

/// A configuration with every setting said; those that are not are off.
pub(crate) fn complete(given: api::PublicAccessBlockConfiguration) -> api::PublicAccessBlockConfiguration {
    let said = |setting: Option<bool>| Some(setting.unwrap_or(false));
    api::PublicAccessBlockConfiguration {
        block_public_acls: said(given.block_public_acls),
        ignore_public_acls: said(given.ignore_public_acls),
        block_public_policy: said(given.block_public_policy),
        restrict_public_buckets: said(given.restrict_public_buckets),
    }
}

/// That of an access point: everything is blocked unless something is said.
pub(crate) fn of_point(given: Option<api::PublicAccessBlockConfiguration>) -> api::PublicAccessBlockConfiguration {
    given.map(complete).unwrap_or(api::PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        ignore_public_acls: Some(true),
        block_public_policy: Some(true),
        restrict_public_buckets: Some(true),
    })
}

/// Whether the account lets no policy be public.
pub(crate) async fn blocks_policies(cx: &Cx, scope: &Scope) -> Reply<bool> {
    let block = cx.tx().get(scope, &BLOCKS, &()).await?;
    Ok(block.is_some_and(|block| block.block_public_policy == Some(true)))
}

pub(crate) async fn put(cx: &Cx, input: api::PutPublicAccessBlockInput) -> Reply<api::PutPublicAccessBlockOutput> {
    let scope = scope(cx, &input.account_id)?;
    cx.tx().put(&scope, &BLOCKS, &(), &complete(input.public_access_block_configuration)).await?;
    Ok(api::PutPublicAccessBlockOutput::default())
}

pub(crate) async fn get(cx: &Cx, input: api::GetPublicAccessBlockInput) -> Reply<api::GetPublicAccessBlockOutput> {
    let scope = scope(cx, &input.account_id)?;
    let block = cx.tx().get(&scope, &BLOCKS, &()).await?;
    let block = block.ok_or_else(|| no_such_block().with_detail("AccountId", &input.account_id))?;
    Ok(api::GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) })
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeletePublicAccessBlockInput,
) -> Reply<api::DeletePublicAccessBlockOutput> {
    let scope = scope(cx, &input.account_id)?;
    cx.tx().delete(&scope, &BLOCKS, &()).await?;
    Ok(api::DeletePublicAccessBlockOutput::default())
}
