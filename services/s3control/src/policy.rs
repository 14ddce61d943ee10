//! Policies of access points (S3 User Guide, "Configuring IAM policies for using access points").

use kumoi_access::{Attached, Policy};
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;

use crate::errors::{access_denied, malformed_policy, no_such_point_policy};
use crate::points::Located;
use crate::{api, block};

/// The most bytes of a policy.
const MAX_POLICY: usize = 20 << 10;

/// Reads a policy that is to be that of an access point, and refuses one that is public where none may be.
pub(crate) async fn check(
    cx: &Cx,
    scope: &Scope,
    text: &str,
    arn: &str,
    block: &api::PublicAccessBlockConfiguration,
) -> Reply<()> {
    let policy = parse(text, arn)?;
    let blocked = block.block_public_policy == Some(true) || block::blocks_policies(cx, scope).await?;
    if blocked && policy.is_public() {
        return Err(access_denied().into());
    }
    Ok(())
}

fn parse(text: &str, arn: &str) -> Result<Policy, Fault> {
    if text.len() > MAX_POLICY {
        return Err(malformed_policy("Normalized policy document exceeds the maximum allowed size of 20480 bytes."));
    }
    let policy = Policy::parse(text).map_err(|error| malformed_policy(error.to_string()))?;
    let attached = Attached { resource: arn, service: "s3:", actions: &[], keys: &[] };
    policy.check_attached(&attached).map_err(|error| malformed_policy(error.to_string()))?;
    Ok(policy)
}

/// Whether a policy is public, as S3 has it.
pub(crate) fn is_public(text: &str) -> bool {
    Policy::parse(text).is_ok_and(|policy| policy.is_public())
}

pub(crate) async fn put(cx: &Cx, input: api::PutAccessPointPolicyInput) -> Reply<api::PutAccessPointPolicyOutput> {
    let mut located = Located::of(cx, &input.account_id, &input.name).await?;
    check(cx, &located.scope, &input.policy, &located.arn(), &located.point.block).await?;
    located.point.policy = Some(input.policy);
    located.keep(cx).await?;
    Ok(api::PutAccessPointPolicyOutput::default())
}

pub(crate) async fn get(cx: &Cx, input: api::GetAccessPointPolicyInput) -> Reply<api::GetAccessPointPolicyOutput> {
    let located = Located::of(cx, &input.account_id, &input.name).await?;
    let policy = located.point.policy.ok_or_else(|| no_such_point_policy(&located.name))?;
    Ok(api::GetAccessPointPolicyOutput { policy: Some(policy) })
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteAccessPointPolicyInput,
) -> Reply<api::DeleteAccessPointPolicyOutput> {
    let mut located = Located::of(cx, &input.account_id, &input.name).await?;
    located.point.policy = None;
    located.keep(cx).await?;
    Ok(api::DeleteAccessPointPolicyOutput::default())
}

pub(crate) async fn status(
    cx: &Cx,
    input: api::GetAccessPointPolicyStatusInput,
) -> Reply<api::GetAccessPointPolicyStatusOutput> {
    let located = Located::of(cx, &input.account_id, &input.name).await?;
    let policy = located.point.policy.ok_or_else(|| no_such_point_policy(&located.name))?;
    let status = api::PolicyStatus { is_public: Some(is_public(&policy)) };
    Ok(api::GetAccessPointPolicyStatusOutput { policy_status: Some(status) })
}
