//! Operations about, and for, the caller itself.

use kumoi_core::identity::{PrincipalKind, Session};
use kumoi_core::{Cx, Principal, Reply, access_key, identity};

use crate::api::{self, FederatedUser};
use crate::assume::refuse_sessions;
use crate::errors::validation;
use crate::session::{self, Policies};
use crate::tags;

/// Seconds a session of an IAM user lasts by default.
const USER_DURATION: i32 = 43_200;

/// The longest session of an account's root user; a longer one is shortened to it.
const ROOT_DURATION: i32 = 3600;

fn duration(cx: &Cx, asked: Option<i32>) -> i32 {
    match cx.principal().kind {
        PrincipalKind::Root => asked.unwrap_or(ROOT_DURATION).min(ROOT_DURATION),
        _ => asked.unwrap_or(USER_DURATION),
    }
}

pub(crate) async fn access_key_info(cx: &Cx, input: api::GetAccessKeyInfoInput) -> Reply<api::GetAccessKeyInfoOutput> {
    let issued = identity::find(cx.tx(), &input.access_key_id).await?;
    let account = issued.map(|credential| credential.principal.account);
    match account.or_else(|| access_key::account(&input.access_key_id)) {
        Some(account) => Ok(api::GetAccessKeyInfoOutput { account: Some(account) }),
        None => Err(validation("Access key ID is not valid").into()),
    }
}

pub(crate) async fn session_token(cx: &Cx, input: api::GetSessionTokenInput) -> Reply<api::GetSessionTokenOutput> {
    refuse_sessions(cx, "GetSessionToken", session::of_caller(cx).await?.as_ref())?;
    let duration = duration(cx, input.duration_seconds);
    let principal = cx.principal().clone();
    let issued = session::issue(cx, principal, Session::default(), duration, input.minimum_session_token_size).await?;
    Ok(api::GetSessionTokenOutput {
        credentials: Some(issued.credentials),
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}

pub(crate) async fn federation_token(
    cx: &Cx,
    input: api::GetFederationTokenInput,
) -> Reply<api::GetFederationTokenOutput> {
    refuse_sessions(cx, "GetFederationToken", session::of_caller(cx).await?.as_ref())?;
    let (tags, transitive) = tags::session_tags(None, input.tags.unwrap_or_default(), Vec::new())?;
    let policies = Policies::new(input.policy, input.policy_arns)?;
    let packed_policy_size = policies.packed_size(&tags)?;
    let account = cx.account();
    let partition = cx.partition();
    let user = FederatedUser {
        federated_user_id: format!("{account}:{}", input.name),
        arn: format!("arn:{partition}:sts::{account}:federated-user/{}", input.name),
    };
    let principal = Principal {
        account: account.to_owned(),
        arn: user.arn.clone(),
        user_id: user.federated_user_id.clone(),
        kind: PrincipalKind::FederatedUser,
    };
    let session =
        Session { policy: policies.inline, policy_arns: policies.arns, tags, transitive, source_identity: None };
    let duration = duration(cx, input.duration_seconds);
    let issued = session::issue(cx, principal, session, duration, input.minimum_session_token_size).await?;
    Ok(api::GetFederationTokenOutput {
        credentials: Some(issued.credentials),
        federated_user: Some(user),
        packed_policy_size,
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}
