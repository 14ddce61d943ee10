//! Third stage: who asks, and in which world and account.
//!
//! | Access key id | Acts as |
//! |---|---|
//! | issued by IAM or STS (`AKIA…`, `ASIA…`) | its principal; signature, session token and expiry are checked |
//! | `test` | root of the default account; the signature is checked, the secret being `test`, too |
//! | 12 digits | root of that account |
//! | anything else | root of the default account |
//! | none | nobody in S3, which may be asked so; elsewhere root of the default account |
//!
//! Of other keys than the first two nobody knows the secret, so only these can be, and are, verified. What needs no secret is checked of
//! all: a presigned request to S3 ends when it says. `KEY@WORLD` in place of any of these chooses a world; so do the header
//! `x-kumoi-world` and a host name, which go before it.

use std::cell::RefCell;
use std::sync::Arc;

use http::HeaderName;
use http::header::{REFERER, USER_AGENT};
use kumoi_core::clock::real_time;
use kumoi_core::identity::{self, Credential};
use kumoi_core::{Call, Client, Endpoint, Kernel, Principal, Signature, SignaturePlace, World};
use kumoi_model::partitions::partition_of;
use kumoi_model::{Protocol, Service, Value};
use kumoi_store::{Scope, StoreError, WorldId};
use kumoi_wire::WireError;
use kumoi_wire::chunked::ChunkVerifier;
use kumoi_wire::post_form;
use kumoi_wire::sigv4::{self, Family, FaultParts, Location, Payload, Policy, Presented, SigError};

use crate::accept::Head;
use crate::failure::Failure;
use crate::identify::Target;
use crate::identify::hosts::HostFacts;
use crate::{payload, signing_keys};

/// Header that chooses a world.
pub(crate) const WORLD_HEADER: HeaderName = HeaderName::from_static("x-kumoi-world");

/// Who asks, in which world, account and region.
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    pub(crate) access_key: Option<Arc<str>>,
    pub(crate) world: Arc<World>,
    pub(crate) scope: Scope,
    /// What checks the chunks of the body, where they are signed with a key that is known.
    pub(crate) chunks: Option<ChunkVerifier>,
}

impl Caller {
    /// What this caller asks of an operation.
    pub(crate) fn asks(self, head: &Head, target: &Target<'_>, client: Client, request_id: &str, input: Value) -> Call {
        Call {
            scope: self.scope,
            world: self.world,
            principal: self.principal,
            access_key: self.access_key,
            source_arn: None,
            request_id: request_id.to_owned(),
            endpoint: Endpoint { scheme: head.scheme, host: head.host().into() },
            client: Some(Arc::new(client)),
            website: None,
            model: target.model,
            operation: target.index,
            input,
        }
    }
}

/// The key of those who have none of their own, as documentation and tools for local clouds have it, and its secret.
const DEFAULT_KEY: &str = "test";
const DEFAULT_SECRET: &str = "test";

/// The most principals that a thread keeps.
const MAX_KNOWN: usize = 64;

/// Who stands for an account as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Somebody {
    Root,
    Nobody,
}

/// The root user of an account, or nobody, in a region.
fn somebody(who: Somebody, account: &str, region: &str) -> (Arc<Principal>, Scope) {
    thread_local! {
        // Most requests come from the same few. Each thread has its own, so that none waits for another to count their users.
        static KNOWN: RefCell<Vec<(Somebody, Arc<Principal>, Scope)>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        let same = known
            .iter()
            .find(|(kept, _, scope)| *kept == who && &*scope.account == account && &*scope.region == region);
        if let Some((_, principal, scope)) = same {
            return (principal.clone(), scope.clone());
        }
        let principal = Arc::new(match who {
            Somebody::Root => Principal::root(&partition_of(region).id, account),
            Somebody::Nobody => Principal::anonymous(account),
        });
        let scope = Scope::new(account, region);
        if known.len() < MAX_KNOWN {
            known.push((who, principal.clone(), scope.clone()));
        }
        (principal, scope)
    })
}

/// Nobody, in the default account.
pub(crate) fn nobody(kernel: &Kernel, region: &str) -> (Arc<Principal>, Scope) {
    somebody(Somebody::Nobody, &kernel.settings().account, region)
}

/// The world that a request chooses.
///
/// # Errors
/// 404 when there is no such world.
pub(crate) fn world(
    kernel: &Kernel,
    head: &Head,
    host: &HostFacts<'_>,
    presented: &Presented<'_>,
) -> Result<Arc<World>, Failure> {
    let from_key = || presented.access_key().and_then(|key| key.split_once('@')).map(|(_, world)| world);
    let name = head.header(WORLD_HEADER).or(host.world).or_else(from_key);
    let id = match name {
        None => WorldId::default(),
        Some(name) => WorldId::new(name).map_err(|error| Failure::plain(404, "UnknownWorld", error.to_string()))?,
    };
    kernel.worlds().get(&id).ok_or_else(|| {
        let message =
            format!("There is no world named {id}. `kumoi fork` makes one; GET /_kumoi/worlds lists those that exist.");
        Failure::plain(404, "UnknownWorld", message)
    })
}

/// What a policy can ask of the client, whose credentials may stand in a form.
pub(crate) fn client(head: &Head, presented: &Presented<'_>, in_form: bool) -> Client {
    let signed = match presented {
        Presented::Header(signed) | Presented::Presigned(signed) => Some((signed.location, signed.algorithm.name())),
        Presented::V2(signed) => Some((signed.location, "AWS")),
        Presented::None | Presented::Older { .. } | Presented::Other { .. } => None,
    };
    let signature = signed.map(|(location, algorithm)| {
        let place = match location {
            _ if in_form => SignaturePlace::Form,
            Location::Header => SignaturePlace::Header,
            Location::Query => SignaturePlace::Query,
        };
        Signature { place, algorithm }
    });
    let header = |name| head.header(name).map(str::to_owned);
    Client {
        address: head.peer,
        user_agent: header(USER_AGENT),
        referer: header(REFERER),
        signature,
        request_line: head.line(),
        tls: head.tls,
    }
}

/// What is to be authenticated.
pub(crate) struct Claim<'a> {
    pub(crate) head: &'a Head,
    pub(crate) target: &'a Target<'a>,
    pub(crate) presented: &'a Presented<'a>,
    pub(crate) payload: Payload<'a>,
    /// The policy that the credentials signed, where they stand in a form: they prove that and not the request.
    pub(crate) policy: Option<&'a str>,
    /// Presigned requests to S3 are taken as they come (`S3_SKIP_SIGNATURE_VALIDATION`).
    pub(crate) lenient: bool,
}

/// Tells who asks.
///
/// # Errors
/// Credentials that are malformed, or known and not rightly used, in the service's own words.
pub(crate) async fn authenticate(kernel: &Kernel, claim: Claim<'_>, world: Arc<World>) -> Result<Caller, Failure> {
    let (target, account) = (claim.target, kernel.settings().account.as_str());
    let Some(full) = claim.presented.access_key() else {
        let who = if is_s3(target.model) { Somebody::Nobody } else { Somebody::Root };
        let (principal, scope) = somebody(who, account, target.region);
        return Ok(Caller { principal, access_key: None, world, scope, chunks: None });
    };
    let key = full.split_once('@').map_or(full, |(key, _)| key);
    let access_key = Some(Arc::from(key));
    let refuse = |error: SigError| refusal(target, &error);
    if let Some(credential) = issued(kernel, &world, key).await? {
        usable(claim.presented, full, &credential, &world).map_err(refuse)?;
        let chunks = claim.verify(&credential.secret).map_err(refuse)?;
        let scope = Scope::new(&credential.principal.account, target.region);
        return Ok(Caller { principal: Arc::new(credential.principal), access_key, world, scope, chunks });
    }
    let chunks = if key == DEFAULT_KEY { claim.verify(DEFAULT_SECRET) } else { claim.check().map(|()| None) };
    let chunks = chunks.map_err(refuse)?;
    let (principal, scope) = somebody(Somebody::Root, if is_account(key) { key } else { account }, target.region);
    Ok(Caller { principal, access_key, world, scope, chunks })
}

impl Claim<'_> {
    fn is_s3(&self) -> bool {
        is_s3(self.target.model)
    }

    /// Whether it is a presigned request that the operator wants taken as it is.
    fn is_waived(&self) -> bool {
        let presigned = match self.presented {
            Presented::Presigned(_) => true,
            Presented::V2(signed) => signed.location == Location::Query,
            _ => false,
        };
        self.lenient && presigned && self.policy.is_none() && self.is_s3()
    }

    fn policy(&self) -> Policy<'static> {
        if self.is_s3() { Policy::s3() } else { Policy::default() }
    }

    /// Proves that the request was signed with that secret. Returns what checks the signatures of chunks, where there are any.
    ///
    /// Clients sign with real time, whatever the world's clock shows, so the age of a signature is measured in real time.
    fn verify(&self, secret: &str) -> Result<Option<ChunkVerifier>, SigError> {
        if self.is_waived() {
            return Ok(None);
        }
        if let Some(policy) = self.policy {
            let signed = self.presented.signed().ok_or(SigError::UnsupportedScheme);
            let key = || signed.and_then(|signed| signing_keys::of(signed, secret));
            return post_form::proves(self.presented, policy, secret, key).map(|()| None);
        }
        let (parts, now) = (self.head.signed_parts(), real_time());
        let signed = match self.presented {
            Presented::Header(signed) | Presented::Presigned(signed) => signed,
            Presented::V2(signed) if self.is_s3() => {
                let path = self.target.path.as_deref().unwrap_or(self.head.raw_path());
                return sigv4::verify_v2(signed, &parts, path, secret, now).map(|()| None);
            }
            _ => return Err(SigError::UnsupportedScheme),
        };
        let key = signing_keys::of(signed, secret)?;
        sigv4::verify_with_key(signed, &parts, self.payload, &key, now, &self.policy())?;
        let signs = payload::marker(self.head).is_some_and(|marker| marker.signs_parts());
        Ok(signs.then(|| ChunkVerifier::new(signed, key)))
    }

    /// Checks what needs no secret: the form and the life of a presigned request, and the age of one signed in version 2.
    fn check(&self) -> Result<(), SigError> {
        match self.presented {
            _ if !self.is_s3() || self.policy.is_some() || self.is_waived() => Ok(()),
            Presented::Presigned(signed) => sigv4::check_clock(signed, real_time(), &self.policy()),
            Presented::V2(signed) => sigv4::check_v2(signed, &self.head.signed_parts(), real_time()),
            _ => Ok(()),
        }
    }
}

/// Checks that a key that was issued is in force. A credential's life belongs to the world and ends by the world's clock.
fn usable(presented: &Presented<'_>, key: &str, credential: &Credential, world: &World) -> Result<(), SigError> {
    if !credential.active {
        return Err(SigError::UnknownAccessKey { access_key: key.to_owned() });
    }
    if credential.session_token.as_deref() != presented.session_token() {
        return Err(SigError::InvalidToken);
    }
    if credential.expires.is_some_and(|end| end <= world.clock.now()) {
        return Err(SigError::ExpiredToken);
    }
    Ok(())
}

/// The form of the keys that IAM (`AKIA`) and STS (`ASIA`) issue; no other needs a look into the store.
fn is_issued(key: &str) -> bool {
    key.len() >= 16 && (key.starts_with("AKIA") || key.starts_with("ASIA"))
}

fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// The credential of a key, if it was issued in that world.
async fn issued(kernel: &Kernel, world: &World, key: &str) -> Result<Option<Credential>, Failure> {
    if !is_issued(key) {
        return Ok(None);
    }
    let found = match kernel.store().begin(&world.id) {
        Ok(tx) => identity::find(&tx, key).await,
        Err(error) => Err(error),
    };
    found.map_err(|error: StoreError| {
        tracing::error!(%error, "the store failed while looking up a credential");
        Failure::plain(500, "InternalFailure", "An internal failure occurred; the log of kumoi has the details.")
    })
}

/// S3 and S3 Control sign their own way.
pub(crate) fn is_s3(model: &Service) -> bool {
    matches!(model.id.as_str(), "s3" | "s3control")
}

/// An error of the signature in the service's own form.
pub(crate) fn refusal(target: &Target<'_>, error: &SigError) -> Failure {
    let family = match target.protocol {
        _ if is_s3(target.model) => Family::S3,
        Protocol::AwsJson | Protocol::RpcV2Cbor => Family::Json,
        Protocol::RestJson => Family::RestJson,
        Protocol::AwsQuery | Protocol::RestXml => Family::Query,
        Protocol::Ec2Query => Family::Ec2,
    };
    fault(target, error.to_fault_parts(family))
}

/// A fault of the signature, or of what it covers, in the service's own form.
pub(crate) fn fault(target: &Target<'_>, parts: FaultParts) -> Failure {
    let details = parts.details;
    Failure::at(target, WireError { details, ..WireError::new(parts.code, parts.status, parts.message) })
}
