//! Second stage: which service and which operation a request is for.
//!
//! Clues, strongest first: the service in the credential scope, the prefix of `X-Amz-Target`, the path of RPC v2 CBOR, `Action` and
//! `Version` of a form, the host name, the path. The first that names services yields candidates; where a family shares a name
//! (`rds` also signs for Neptune), the others narrow them down. What has no clue at all is for S3, whose buckets are paths.

pub(crate) mod hosts;

use http::{HeaderName, Method};
use kumoi_model::{Catalog, Operation, Protocol, Service};
use kumoi_wire::sigv4::SignedRequest;
use kumoi_wire::{Labels, WireError, choose_protocol, find_operation};
use std::sync::Arc;

use crate::accept::Head;
use crate::failure::Failure;
use crate::services::{Known, Services};
use hosts::HostFacts;

/// What a request is for.
pub(crate) struct Target<'a> {
    /// The service's model.
    pub(crate) model: &'a Arc<Service>,
    /// The protocol that the client speaks.
    pub(crate) protocol: Protocol,
    /// The operation.
    pub(crate) operation: &'a Operation,
    /// Its index in the model.
    pub(crate) index: usize,
    /// The region that it acts in.
    pub(crate) region: &'a str,
    /// What its URI template's labels matched.
    pub(crate) labels: Labels,
    /// The path that matched, when it is not the one that was sent: that of a virtual-hosted bucket.
    pub(crate) path: Option<String>,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Finds service, protocol, operation and region. `form` is the body, when it is a form; `region` is for requests that name none.
///
/// # Errors
/// No service or no operation is meant, in the words of whoever is asked.
pub(crate) fn identify<'a>(
    services: &'a Services,
    region: &'a str,
    head: &Head,
    host: &HostFacts<'a>,
    signed: Option<&'a SignedRequest<'_>>,
    form: Option<&[u8]>,
) -> Result<Target<'a>, Failure> {
    let known = service(services, head, host, signed, form)?;
    known.touch();
    let broken = || Failure::plain(500, "InternalFailure", format!("The model of {} cannot be read.", known.entry.id));
    let (model, router) = known.load().ok_or_else(broken)?;
    let path = bucket_path(model, head, host);
    let raw_path = path.as_deref().unwrap_or(head.raw_path());
    let Some(protocol) = choose_protocol(model, &head.headers, raw_path) else {
        let error = WireError::new("UnknownOperationException", 404, "The service does not speak this protocol.");
        return Err(Failure::service(model, model.protocols.first().copied().unwrap_or(Protocol::AwsJson), error));
    };
    let found = find_operation(model, router, protocol, &head.method, raw_path, head.query(), &head.headers, form);
    let (operation, labels) =
        found.map_err(|error| Failure::service(model, protocol, with_head(error.to_wire(model, protocol), head)))?;
    let index = model.by_name.get(&operation.name).map_or(usize::MAX, |&index| index as usize);
    let signed_region = signed.and_then(SignedRequest::region).filter(|region| is_region_label(region));
    let region = signed_region.or(host.region).unwrap_or(region);
    Ok(Target { model, protocol, operation, index, region, labels, path })
}

/// Whether a region can be part of host names and keys. Which regions exist is for the services to say.
fn is_region_label(region: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&region.len()) && region.bytes().all(allowed)
}

fn with_head(mut error: WireError, head: &Head) -> WireError {
    error.head = head.method == Method::HEAD;
    error
}

/// The path-style form of a virtual-hosted request, for the one service that has them.
fn bucket_path(model: &Service, head: &Head, host: &HostFacts<'_>) -> Option<String> {
    let bucket = host.bucket.filter(|_| model.id == "s3")?;
    Some(format!("/{bucket}{}", head.raw_path()))
}

fn service<'a>(
    services: &'a Services,
    head: &Head,
    host: &HostFacts<'_>,
    signed: Option<&SignedRequest<'_>>,
    form: Option<&[u8]>,
) -> Result<&'a Known, Failure> {
    let catalog = Catalog::get();
    let scope = signed.map(|signed| &*signed.scope.service);
    if let Some(name) = scope {
        let family = services.of(catalog.by_signing_name(name));
        if let Some(known) = narrow(family, name, head, host, form) {
            return Ok(known);
        }
    }
    if let Some(prefix) = target_prefix(head).or_else(|| cbor_service(head.raw_path()))
        && let Some(known) = services.of(catalog.by_target_prefix(prefix)).first()
    {
        return Ok(known);
    }
    if let Some(name) = host.service {
        // Endpoint prefixes are shared as signing names are.
        if let Some(known) = narrow(services.of(catalog.by_endpoint_prefix(name)), name, head, host, form) {
            return Ok(known);
        }
    }
    if let Some(action) = action(head, form) {
        return by_action(services, head, &action, form);
    }
    if let Some(name) = scope {
        let message =
            format!("No service of AWS signs its requests as \"{name}\". Check the credential scope of the client.");
        return Err(Failure::plain(404, "UnknownService", message));
    }
    if head.headers.contains_key(TARGET) {
        return Err(Failure::plain(
            404,
            "UnknownOperationException",
            "No service has operations of this X-Amz-Target.",
        ));
    }
    services.get("s3").ok_or_else(|| Failure::plain(404, "UnknownService", "The request names no service."))
}

/// The part of `X-Amz-Target` before the operation.
fn target_prefix(head: &Head) -> Option<&str> {
    head.header("x-amz-target").and_then(|target| target.rsplit_once('.')).map(|(prefix, _)| prefix)
}

/// The service in `/service/{Service}/operation/{Operation}`.
fn cbor_service(path: &str) -> Option<&str> {
    let mut segments = path.rsplit('/').skip(1);
    (segments.next()? == "operation").then(|| segments.next())?.filter(|_| segments.next() == Some("service"))
}

/// Which of a family a request is for. `name` is the name that they share.
fn narrow<'a>(
    mut family: Vec<&'a Known>,
    name: &str,
    head: &Head,
    host: &HostFacts<'_>,
    form: Option<&[u8]>,
) -> Option<&'a Known> {
    if family.len() < 2 {
        return family.pop();
    }
    if let Some(prefix) = target_prefix(head).or_else(|| cbor_service(head.raw_path())) {
        keep(&mut family, |known| known.entry.target_prefix.as_deref() == Some(prefix));
    }
    if let Some(endpoint) = host.service {
        keep(&mut family, |known| known.entry.endpoint_prefix == endpoint);
    }
    if let Some(action) = action(head, form) {
        keep(&mut family, Known::speaks_query);
        if let Some(version) = parameter(head, form, "Version") {
            keep(&mut family, |known| known.entry.api_version == version);
        }
        keep(&mut family, |known| known.load().is_some_and(|(model, _)| model.operation(&action).is_some()));
    } else if family.iter().any(|known| known.speaks_rest()) {
        // S3's buckets match any path, so its relatives are asked first.
        family.sort_by_key(|known| known.entry.id == "s3");
        keep(&mut family, |known| known.speaks_rest() || head.raw_path() == "/");
        keep_routed(&mut family, head);
    }
    // The one that gave the family its name, when nothing tells them apart.
    let leader = family.iter().position(|known| known.entry.id == name).unwrap_or(0);
    family.get(leader).copied()
}

/// Keeps those that match, or all when none does.
fn keep(family: &mut Vec<&Known>, matches: impl Fn(&Known) -> bool) {
    if family.len() > 1 && family.iter().any(|known| matches(known)) {
        family.retain(|known| matches(known));
    }
}

/// Keeps the services that have a URI template for the request. S3, at the end, only counts when no other has one; nor does
/// `s3control` without the account that each of its requests names.
fn keep_routed(family: &mut Vec<&Known>, head: &Head) {
    if head.header("x-amz-account-id").is_none() {
        keep(family, |known| known.entry.id != "s3control");
    }
    let routed = |known: &Known| {
        known.load().is_some_and(|(_, router)| {
            router.route(&head.method, head.raw_path(), head.query(), &head.headers).is_some()
        })
    };
    keep(family, routed);
    if family.len() > 1 {
        keep(family, |known| known.entry.id != "s3");
    }
}

/// The service that has `Action`, in the `Version` that the form names. Without a version it is the one that the path or SQS knows.
fn by_action<'a>(services: &'a Services, head: &Head, action: &str, form: Option<&[u8]>) -> Result<&'a Known, Failure> {
    let version = parameter(head, form, "Version");
    let has = |known: &&Known| known.load().is_some_and(|(model, _)| model.operation(action).is_some());
    let found = match &version {
        Some(version) => {
            services.iter().filter(|known| known.speaks_query() && known.entry.api_version == *version).find(has)
        }
        // Only SQS's clients ever left it out, on queue URLs.
        None => services.get("sqs").filter(has),
    };
    found.ok_or_else(|| {
        let version = version.unwrap_or_default();
        Failure::plain(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
    })
}

/// `Action` of a query request.
fn action(head: &Head, form: Option<&[u8]>) -> Option<String> {
    parameter(head, form, "Action")
}

/// A parameter of a query request, in the form or else in the query string.
fn parameter(head: &Head, form: Option<&[u8]>, name: &str) -> Option<String> {
    let find = |text: &[u8]| {
        let pair =
            text.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        // Names of actions and versions need no encoding; what is encoded is none.
        std::str::from_utf8(pair).ok().filter(|value| value.len() <= 128 && !value.contains('%')).map(str::to_owned)
    };
    form.and_then(find).or_else(|| find(head.query().as_bytes()))
}
