//! Third stage: who asks, and in which world and account.
//!
//! | Access key id | Acts as |
//! |---|---|
//! | issued by IAM or STS (`AKIA…`, `ASIA…`) | its principal; signature, session token and expiry are checked |
//! | 12 digits | root of that account |
//! | anything else, or no credentials at all | root of the default account |
//!
//! Only issued keys have a secret that kumoi knows, so only they can be, and are, verified. `KEY@WORLD` in place of any of these chooses a
//! world; so do the header `x-kumoi-world` and a host name, which go before it.

use std::cell::RefCell;
use std::sync::Arc;

use http::HeaderName;
use kumoi_core::identity::{self, Credential};
use kumoi_core::{Kernel, Principal, World};
use kumoi_model::partitions::partition_of;
use kumoi_model::{Protocol, Service};
use kumoi_store::{Scope, StoreError, WorldId};
use kumoi_wire::WireError;
use kumoi_wire::chunked::ChunkVerifier;
use kumoi_wire::sigv4::{self, Family, FaultParts, PathStyle, Payload, Policy, Presented, SigError, SigningKey};

use crate::accept::Head;
use crate::failure::Failure;
use crate::identify::Target;
use crate::identify::hosts::HostFacts;
use crate::payload;

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

/// The most root users that a thread keeps.
const MAX_ROOTS: usize = 64;

/// The root user of an account, in a region.
fn root_of(account: &str, region: &str) -> (Arc<Principal>, Scope) {
    thread_local! {
        // Most requests come from the same few. Each thread has its own, so that none waits for another to count their users.
        static KNOWN: RefCell<Vec<(Arc<Principal>, Scope)>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        let same = |(_, scope): &&(Arc<Principal>, Scope)| &*scope.account == account && &*scope.region == region;
        if let Some(root) = known.iter().find(same) {
            return root.clone();
        }
        let principal = Arc::new(Principal::root(&partition_of(region).id, account));
        let root = (principal, Scope::new(account, region));
        if known.len() < MAX_ROOTS {
            known.push(root.clone());
        }
        root
    })
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

/// Tells who asks.
///
/// # Errors
/// Credentials that are malformed, or issued and not rightly used, in the service's own words.
pub(crate) async fn authenticate(
    kernel: &Kernel,
    head: &Head,
    target: &Target<'_>,
    presented: &Presented<'_>,
    payload: Payload<'_>,
    world: Arc<World>,
) -> Result<Caller, Failure> {
    let key = presented.access_key().map(|key| key.split_once('@').map_or(key, |(key, _)| key));
    let root = |account: &str, access_key, world| {
        let (principal, scope) = root_of(account, target.region);
        Caller { principal, access_key, world, scope, chunks: None }
    };
    let Some(key) = key else { return Ok(root(&kernel.settings().account, None, world)) };
    let access_key = Some(Arc::from(key));
    let credential = if is_issued(key) { find(kernel, &world, key).await? } else { None };
    let Some(credential) = credential else {
        let account = if is_account(key) { key } else { &kernel.settings().account };
        return Ok(root(account, access_key, world));
    };
    let style = path_style(target.model);
    let key = verify(head, presented, payload, &credential, &world, style).map_err(|error| refusal(target, &error))?;
    let signs = payload::marker(head).is_some_and(|marker| marker.signs_parts());
    let chunks = presented.signed().filter(|_| signs).map(|signed| ChunkVerifier::new(signed, key));
    let scope = Scope::new(&credential.principal.account, target.region);
    Ok(Caller { principal: Arc::new(credential.principal), access_key, world, scope, chunks })
}

/// The form of the keys that IAM (`AKIA`) and STS (`ASIA`) issue; no other needs a look into the store.
fn is_issued(key: &str) -> bool {
    key.len() >= 16 && (key.starts_with("AKIA") || key.starts_with("ASIA"))
}

fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}

async fn find(kernel: &Kernel, world: &World, key: &str) -> Result<Option<Credential>, Failure> {
    let found = match kernel.store().begin(&world.id) {
        Ok(tx) => identity::find(&tx, key).await,
        Err(error) => Err(error),
    };
    found.map_err(|error: StoreError| {
        tracing::error!(%error, "the store failed while looking up a credential");
        Failure::plain(500, "InternalFailure", "An internal failure occurred; the log of kumoi has the details.")
    })
}

/// Proves that the request was signed with an issued key; that of the signature.
///
/// Clients sign with real time, whatever the world's clock shows, so the age of a signature is measured in real time. A
/// credential's life belongs to the world and ends by the world's clock.
fn verify(
    head: &Head,
    presented: &Presented<'_>,
    payload: Payload<'_>,
    credential: &Credential,
    world: &World,
    style: PathStyle,
) -> Result<SigningKey, SigError> {
    let signed = presented.signed().ok_or(SigError::UnsupportedScheme)?;
    if !credential.active {
        return Err(SigError::UnknownAccessKey { access_key: signed.access_key.clone().into_owned() });
    }
    if credential.session_token.as_deref() != signed.session_token.as_deref() {
        return Err(SigError::InvalidToken);
    }
    if credential.expires.is_some_and(|end| end <= world.clock.now()) {
        return Err(SigError::ExpiredToken);
    }
    let policy = if style == PathStyle::S3 { Policy::s3() } else { Policy::default() };
    let now = kumoi_core::clock::real_time();
    let key = SigningKey::for_request(signed, &credential.secret)?;
    sigv4::verify_with_key(signed, &head.signed_parts(), payload, &key, now, &policy)?;
    Ok(key)
}

/// How the service signs paths: S3 and its relatives do it their own way.
fn path_style(model: &Service) -> PathStyle {
    if is_s3(model) { PathStyle::S3 } else { PathStyle::Default }
}

pub(crate) fn is_s3(model: &Service) -> bool {
    matches!(model.id.as_str(), "s3" | "s3control" | "s3outposts")
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
    Failure::at(target, WireError::new(parts.code, parts.status, parts.message))
}
