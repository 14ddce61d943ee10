//! Who may do what, apart from policies: the public access block, the ownership of objects, access by tags.

use kumoi_core::{Cx, Reply};

use crate::api;
use crate::errors::{acl_against_ownership, malformed_xml, refused};
use crate::tables::{Ownership, PublicAccessBlock};

/// The names of ownerships in the API.
const OWNERSHIPS: [(Ownership, &str); 3] = [
    (Ownership::Enforced, "BucketOwnerEnforced"),
    (Ownership::Preferred, "BucketOwnerPreferred"),
    (Ownership::Writer, "ObjectWriter"),
];

impl Ownership {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        OWNERSHIPS.iter().find(|(_, known)| *known == name).map(|(ownership, _)| *ownership)
    }

    fn name(self) -> String {
        OWNERSHIPS.iter().find(|(ownership, _)| *ownership == self).map_or("", |(_, name)| name).to_owned()
    }
}

impl PublicAccessBlock {
    /// What new buckets have.
    pub(crate) const ALL: Self =
        Self { public_acls: true, ignore_public_acls: true, public_policy: true, restrict_public_buckets: true };

    /// What either of two keeps from being public.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            public_acls: self.public_acls || other.public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            public_policy: self.public_policy || other.public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}

pub(crate) async fn put_block(
    cx: &Cx,
    input: api::PutPublicAccessBlockInput,
) -> Reply<api::PutPublicAccessBlockOutput> {
    let mut bucket = super::find(cx, &input).await?;
    let block = &input.public_access_block_configuration;
    let is = |setting: Option<bool>| setting == Some(true);
    bucket.block = Some(PublicAccessBlock {
        public_acls: is(block.block_public_acls),
        ignore_public_acls: is(block.ignore_public_acls),
        public_policy: is(block.block_public_policy),
        restrict_public_buckets: is(block.restrict_public_buckets),
    });
    super::keep(cx, &input, &bucket).await?;
    Ok(api::PutPublicAccessBlockOutput::default())
}

pub(crate) async fn get_block(
    cx: &Cx,
    input: api::GetPublicAccessBlockInput,
) -> Reply<api::GetPublicAccessBlockOutput> {
    let block = super::find(cx, &input).await?.block.ok_or_else(|| {
        let message = "The public access block configuration was not found";
        refused("NoSuchPublicAccessBlockConfiguration", 404, message)
    })?;
    Ok(api::GetPublicAccessBlockOutput {
        public_access_block_configuration: Some(api::PublicAccessBlockConfiguration {
            block_public_acls: Some(block.public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        }),
    })
}

pub(crate) async fn delete_block(
    cx: &Cx,
    input: api::DeletePublicAccessBlockInput,
) -> Reply<api::DeletePublicAccessBlockOutput> {
    let mut bucket = super::find(cx, &input).await?;
    bucket.block = None;
    super::keep(cx, &input, &bucket).await?;
    Ok(api::DeletePublicAccessBlockOutput::default())
}

pub(crate) async fn put_ownership(
    cx: &Cx,
    input: api::PutBucketOwnershipControlsInput,
) -> Reply<api::PutBucketOwnershipControlsOutput> {
    let mut bucket = super::find(cx, &input).await?;
    // The API Reference has a list, and S3 takes one rule.
    let [rule] = input.ownership_controls.rules.as_slice() else { return Err(malformed_xml().into()) };
    let ownership = Ownership::of_name(&rule.object_ownership).ok_or_else(malformed_xml)?;
    if ownership == Ownership::Enforced && bucket.acl.as_ref().is_some_and(|acl| !acl.is_only_for(&bucket.account)) {
        return Err(acl_against_ownership().into());
    }
    bucket.ownership = Some(ownership);
    super::keep(cx, &input, &bucket).await?;
    Ok(api::PutBucketOwnershipControlsOutput::default())
}

pub(crate) async fn get_ownership(
    cx: &Cx,
    input: api::GetBucketOwnershipControlsInput,
) -> Reply<api::GetBucketOwnershipControlsOutput> {
    let ownership = super::find(cx, &input).await?.ownership.ok_or_else(|| {
        refused("OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found")
    })?;
    let rule = api::OwnershipControlsRule { object_ownership: ownership.name() };
    Ok(api::GetBucketOwnershipControlsOutput { ownership_controls: Some(api::OwnershipControls { rules: vec![rule] }) })
}

pub(crate) async fn delete_ownership(
    cx: &Cx,
    input: api::DeleteBucketOwnershipControlsInput,
) -> Reply<api::DeleteBucketOwnershipControlsOutput> {
    let mut bucket = super::find(cx, &input).await?;
    bucket.ownership = None;
    super::keep(cx, &input, &bucket).await?;
    Ok(api::DeleteBucketOwnershipControlsOutput::default())
}

pub(crate) async fn put_abac(cx: &Cx, input: api::PutBucketAbacInput) -> Reply<api::PutBucketAbacOutput> {
    let bucket = super::find(cx, &input).await?;
    if input.abac_status.status.is_none() {
        return Err(malformed_xml().into());
    }
    super::put(cx, &input, bucket, input.abac_status.clone()).await
}

pub(crate) async fn get_abac(cx: &Cx, input: api::GetBucketAbacInput) -> Reply<api::GetBucketAbacOutput> {
    let status = super::look(cx, &input).await?;
    let status = status.unwrap_or_else(|| api::AbacStatus { status: Some("Disabled".to_owned()) });
    Ok(api::GetBucketAbacOutput { abac_status: Some(status) })
}
