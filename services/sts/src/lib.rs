//! AWS Security Token Service, all operations of its model.
//!
//! Credentials issued here are recognised by the gateway afterwards: requests signed with them are verified and act as the
//! session. What IAM decides (trust policies, identity providers, session policies) is not built yet; until then a role can be
//! assumed by whoever asks, and identity tokens are read and checked for their dates but not for their signature. The inputs
//! that only IAM could honour are declared in `build.rs`.
//!
//! Follows the AWS STS API Reference and "Temporary security credentials in IAM" of the IAM User Guide.

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod arns;
mod assume;
mod callers;
mod errors;
mod saml;
mod session;
mod tags;
mod web_identity;

use std::sync::Arc;

use kumoi_core::{Cx, Descriptor, Future, Reply, Service, ValidationStyle};
use kumoi_model::Value;

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(Sts)
}

struct Sts;

static DESCRIPTOR: Descriptor = Descriptor {
    model: "sts",
    operations: api::OPERATIONS,
    validation: ValidationStyle::Listed { code: "ValidationError" },
};

impl Service for Sts {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        api::dispatch(self, cx, operation, input)
    }
}

impl api::Api for Sts {
    async fn assume_role(&self, cx: &Cx, input: api::AssumeRoleInput) -> Reply<api::AssumeRoleOutput> {
        assume::role(cx, input).await
    }

    async fn assume_role_with_saml(
        &self,
        cx: &Cx,
        input: api::AssumeRoleWithSAMLInput,
    ) -> Reply<api::AssumeRoleWithSAMLOutput> {
        assume::with_saml(cx, input).await
    }

    async fn assume_role_with_web_identity(
        &self,
        cx: &Cx,
        input: api::AssumeRoleWithWebIdentityInput,
    ) -> Reply<api::AssumeRoleWithWebIdentityOutput> {
        assume::with_web_identity(cx, input).await
    }

    async fn assume_root(&self, cx: &Cx, input: api::AssumeRootInput) -> Reply<api::AssumeRootOutput> {
        assume::root(cx, input).await
    }

    /// kumoi encodes no authorization messages until IAM is enforced, so there is none that could be decoded.
    async fn decode_authorization_message(
        &self,
        _cx: &Cx,
        _input: api::DecodeAuthorizationMessageInput,
    ) -> Reply<api::DecodeAuthorizationMessageOutput> {
        Err(api::errors::invalid_authorization_message_exception("Message is not valid").into())
    }

    async fn get_access_key_info(
        &self,
        cx: &Cx,
        input: api::GetAccessKeyInfoInput,
    ) -> Reply<api::GetAccessKeyInfoOutput> {
        callers::access_key_info(cx, input).await
    }

    async fn get_caller_identity(
        &self,
        cx: &Cx,
        _input: api::GetCallerIdentityInput,
    ) -> Reply<api::GetCallerIdentityOutput> {
        let caller = cx.principal();
        Ok(api::GetCallerIdentityOutput {
            user_id: Some(caller.user_id.clone()),
            account: Some(caller.account.clone()),
            arn: Some(caller.arn.clone()),
        })
    }

    /// Trade-in tokens come from IAM's delegation requests, which cannot be made yet: every token is unknown.
    async fn get_delegated_access_token(
        &self,
        _cx: &Cx,
        _input: api::GetDelegatedAccessTokenInput,
    ) -> Reply<api::GetDelegatedAccessTokenOutput> {
        Err(api::errors::expired_trade_in_token_exception("The trade-in token is expired or not valid.").into())
    }

    async fn get_federation_token(
        &self,
        cx: &Cx,
        input: api::GetFederationTokenInput,
    ) -> Reply<api::GetFederationTokenOutput> {
        callers::federation_token(cx, input).await
    }

    async fn get_session_token(&self, cx: &Cx, input: api::GetSessionTokenInput) -> Reply<api::GetSessionTokenOutput> {
        callers::session_token(cx, input).await
    }

    /// The feature is off in every account until IAM's `EnableOutboundWebIdentityFederation` turns it on.
    async fn get_web_identity_token(
        &self,
        _cx: &Cx,
        _input: api::GetWebIdentityTokenInput,
    ) -> Reply<api::GetWebIdentityTokenOutput> {
        let message = "Outbound web identity federation is not enabled for this account.";
        Err(api::errors::outbound_web_identity_federation_disabled_exception(message).into())
    }
}
