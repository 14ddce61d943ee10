//! Second stage: which service and which operation a request is for.
//!
//! Clues, strongest first: the service in the credential scope, the prefix of `X-Amz-Target`, the path of RPC v2 CBOR, `Action` and
//! `Version` of a form, the host name, the path. The first that names services yields candidates; where a family shares a name
//! (`rds` also signs for Neptune), the others narrow them down. What has no clue at all is for S3, whose buckets are paths.

pub(crate) mod hosts;
mod service;

use http::Method;
use kumoi_model::{Operation, Protocol, Service};
use kumoi_wire::sigv4::SignedRequest;
use kumoi_wire::{Labels, WireError, choose_protocol, find_operation};
use std::sync::Arc;

use crate::accept::Head;
use crate::failure::Failure;
use crate::services::Services;
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
    let known = service::find(services, head, host, signed, form)?;
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
