//! Issuing temporary credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::identity::{CREDENTIALS, Credential, Session};
use kumoi_core::{Cx, Fault, Principal, Reply, access_key};
use kumoi_store::Scope;

use crate::api::{self, Credentials, PolicyDescriptorType};
use crate::errors::validation;

/// The most characters of an inline session policy: "IAM and STS character limits" of the IAM User Guide.
const POLICY_CHARACTERS: usize = 2048;

/// Managed session policies in one request.
const POLICY_ARNS: usize = 10;

/// The most bytes a session token may be asked to have.
const TOKEN_SIZE: usize = 4096;

/// Random bytes in a token: as much as makes a token of AWS's usual length.
const TOKEN_BYTES: usize = 264;

/// Issued credentials, and what else the answer says of them.
pub(crate) struct Issued {
    pub(crate) credentials: Credentials,
    /// Bytes of the token.
    pub(crate) token_size: i32,
    /// The token's size as a percentage of the largest.
    pub(crate) token_utilization: i32,
}

/// Issues a key that acts as `principal` for `duration` seconds of the world's clock.
pub(crate) async fn issue(
    cx: &Cx,
    principal: Principal,
    session: Session,
    duration: i32,
    minimum_token: Option<i32>,
) -> Reply<Issued> {
    let key = access_key::generate(cx.ids(), "ASIA", &principal.account);
    let secret = STANDARD.encode(cx.ids().bytes::<30>());
    let token = session_token(cx, minimum_token);
    let expiration = kumoi_model::Timestamp::from_seconds(cx.now().plus_seconds(i64::from(duration)).seconds);
    let credential = Credential {
        secret: secret.clone(),
        session_token: Some(token.clone()),
        principal,
        expires: Some(expiration),
        active: true,
        session,
    };
    cx.tx().put(&Scope::world(), &CREDENTIALS, &key, &credential).await?;
    let token_size = i32::try_from(token.len()).unwrap_or(i32::MAX);
    Ok(Issued {
        token_size,
        token_utilization: token_size.saturating_mul(100) / TOKEN_SIZE as i32,
        credentials: Credentials { access_key_id: key, secret_access_key: secret, session_token: token, expiration },
    })
}

fn session_token(cx: &Cx, minimum: Option<i32>) -> String {
    let minimum = usize::try_from(minimum.unwrap_or(0)).unwrap_or(0).min(TOKEN_SIZE);
    let mut bytes = Vec::from(cx.ids().bytes::<TOKEN_BYTES>());
    while bytes.len().div_ceil(3) * 4 < minimum {
        bytes.extend(cx.ids().bytes::<48>());
    }
    STANDARD.encode(bytes)
}

/// The session of the calling key, when it is a temporary one.
pub(crate) async fn of_caller(cx: &Cx) -> Reply<Option<Session>> {
    let Some(key) = &cx.call_info().access_key else { return Ok(None) };
    let found = kumoi_core::identity::find(cx.tx(), key).await?;
    Ok(found.filter(|credential| credential.session_token.is_some()).map(|credential| credential.session))
}

/// Session policies of a request, checked as far as their form goes.
pub(crate) struct Policies {
    pub(crate) inline: Option<String>,
    pub(crate) arns: Vec<String>,
}

impl Policies {
    /// Checks form and limits.
    pub(crate) fn new(inline: Option<String>, arns: Option<Vec<PolicyDescriptorType>>) -> Result<Self, Fault> {
        let arns: Vec<String> = arns.unwrap_or_default().into_iter().filter_map(|policy| policy.arn).collect();
        if arns.len() > POLICY_ARNS {
            let message = format!("The number of managed policy ARNs exceeds the limit of {POLICY_ARNS}.");
            return Err(validation(message));
        }
        if let Some(policy) = &inline {
            let document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(policy)
                .map_err(|_| api::errors::malformed_policy_document_exception("This policy contains invalid Json"))?;
            if !document.contains_key("Statement") {
                return Err(api::errors::malformed_policy_document_exception("Syntax errors in policy."));
            }
            if policy.chars().count() > POLICY_CHARACTERS {
                return Err(packed_too_large(100 * policy.chars().count() / POLICY_CHARACTERS));
            }
        }
        Ok(Self { inline, arns })
    }

    /// How much of the space for policies and tags is used, in percent; `None` when there are neither. AWS's packed
    /// format is not published: this counts plain characters, so it is an upper bound.
    pub(crate) fn packed_size(&self, tags: &std::collections::BTreeMap<String, String>) -> Result<Option<i32>, Fault> {
        if self.inline.is_none() && self.arns.is_empty() && tags.is_empty() {
            return Ok(None);
        }
        let policy = self.inline.as_ref().map_or(0, String::len);
        let arns: usize = self.arns.iter().map(String::len).sum();
        let tags: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        // Tags have their own generous limit (50 of up to 384 characters); together they share the space with policies.
        let percent = (100 * (policy + arns)).div_ceil(POLICY_CHARACTERS).max((100 * tags).div_ceil(50 * 384));
        if percent > 100 {
            return Err(packed_too_large(percent));
        }
        Ok(Some(i32::try_from(percent.max(1)).unwrap_or(100)))
    }
}

fn packed_too_large(percent: usize) -> Fault {
    let message = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
    api::errors::packed_policy_too_large_exception(message)
}
