//! Tables, a line a case. Each names the page of the IAM guide or of S3's that it comes from.

mod decisions;
mod documents;
mod naive;
mod operators;
mod patterns;
mod principals;
mod public;

use crate::{Caller, CallerKind, Context, Policy, Request};

pub(super) const ROOT: &str = "arn:aws:iam::111122223333:root";
pub(super) const ANN: &str = "arn:aws:iam::111122223333:user/ann";
pub(super) const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/session";
pub(super) const SERVICE: &str = "sns.amazonaws.com";
pub(super) const NOBODY: &str = "";

/// The anonymous reading an object, without a context.
pub(super) fn request<'a>(context: &'a Context<'a>) -> Request<'a> {
    Request {
        caller: Caller::anonymous(),
        action: "s3:GetObject",
        resource: "arn:aws:s3:::bucket/key",
        resource_account: Some("111122223333"),
        resource_must_allow: false,
        context,
        // 2020-04-01T00:00:00Z
        moment: 1_585_699_200_000,
    }
}

/// A caller by its ARN, or by the name of a service; empty for the anonymous.
pub(super) fn caller(arn: &str) -> Caller<'_> {
    let mut parts = arn.splitn(6, ':').skip(4);
    let account = parts.next().unwrap_or_default();
    let resource = parts.next().unwrap_or_default();
    let (kind, user_id) = match resource.split('/').next().unwrap_or_default() {
        "root" => (CallerKind::Root, account),
        "user" => (CallerKind::User, "AIDAEXAMPLEUSER00001"),
        "assumed-role" => (CallerKind::AssumedRole, "AROAEXAMPLEROLE00001:session"),
        "federated-user" => (CallerKind::FederatedUser, "111122223333:fed"),
        _ if arn.is_empty() => (CallerKind::Anonymous, ""),
        _ => (CallerKind::Service, arn),
    };
    Caller {
        kind,
        account,
        arn,
        user_id,
        issuer: None,
        canonical_user: (!account.is_empty()).then_some("canonical-1111"),
    }
}

/// A policy of one statement, given by its fields without the braces.
pub(super) fn policy(statement: &str) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {{{statement}}}}}"#);
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
