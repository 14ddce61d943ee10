//! Second stage: which service and which operation a request is for.
//!
//! Clues, strongest first: the service in the credential scope, the prefix of `X-Amz-Target`, the path of RPC v2 CBOR, `Action` and
//! `Version` of a form, the host name, the path. The first that names services yields candidates; where a family shares a name
//! (`rds` also signs for Neptune), the others narrow them down, and where they leave several, what the whole request says decides
//! ([`settle`]). What has no clue at all is for a service that nobody signs for, if the path is one of its own, else for S3, whose buckets
//! are paths.

pub(crate) mod hosts;
mod service;
mod siblings;

use http::Method;
use kumoi_model::partitions::partition_of;
use kumoi_model::{Operation, Protocol, Service};
use kumoi_wire::sigv4::SignedRequest;
use kumoi_wire::{Body, Labels, NotFound, Request, WireError, choose_protocol, find_operation};

use crate::accept::Head;
use crate::failure::Failure;
use crate::services::{Known, Services};
use hosts::HostFacts;
pub(crate) use siblings::settle;

/// What a request is for.
pub(crate) struct Target<'a> {
    /// The service's model.
    pub(crate) model: &'static Service,
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
    /// The boundary of the form that stands for the operation's request: a browser's upload to S3.
    pub(crate) upload: Option<String>,
    known: &'a Known,
    /// The query, when it came as a form.
    query: Option<String>,
    /// What else the request could be for, as far as its head tells; [`settle`] looks at the rest.
    rivals: Vec<Target<'a>>,
}

impl<'a> Target<'a> {
    /// The request as the operation's codec is to see it.
    pub(crate) fn request<'r>(&'r self, head: &'r Head, body: Body) -> Request<'r> {
        let raw_path = self.path.as_deref().unwrap_or(head.raw_path());
        let (query, body) = match &self.query {
            Some(query) => (query.as_str(), Body::empty()),
            None => (head.query(), body),
        };
        Request { method: &head.method, raw_path, query, headers: &head.headers, body }
    }
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
    // What a website is asked is no signed request, whatever it looks like.
    let family = match services.get("s3").filter(|_| host.website) {
        Some(known) => vec![known],
        None => service::find(services, head, host, signed, form)?,
    };
    let mut family = family.into_iter();
    let nobody = || Failure::plain(404, "UnknownService", "The request names no service.");
    let mut target = target(family.next().ok_or_else(nobody)?, region, head, host, signed, form)?;
    target.rivals = family.filter_map(|known| self::target(known, region, head, host, signed, form).ok()).collect();
    Ok(target)
}

/// What the request is for if it is for that service.
fn target<'a>(
    known: &'a Known,
    region: &'a str,
    head: &Head,
    host: &HostFacts<'a>,
    signed: Option<&'a SignedRequest<'_>>,
    form: Option<&[u8]>,
) -> Result<Target<'a>, Failure> {
    let broken = || Failure::plain(500, "InternalFailure", format!("The model of {} cannot be read.", known.entry.id));
    let (model, router) = known.load().ok_or_else(broken)?;
    let signed_region = signed.and_then(SignedRequest::region).filter(|region| is_region_label(region));
    let region = signed_region.or(host.region).unwrap_or(region);
    let path = bucket_path(model, head, host, region);
    let raw_path = path.as_deref().unwrap_or(head.raw_path());
    let Some(protocol) = choose_protocol(model, &head.headers, raw_path) else {
        let error = WireError::new("UnknownOperationException", 404, "The service does not speak this protocol.");
        return Err(Failure::service(model, model.protocols.first().copied().unwrap_or(Protocol::AwsJson), error));
    };
    let posted = posted_query(model, head, form);
    let (method, query) = posted.as_deref().map_or((&head.method, head.query()), |query| (&Method::GET, query));
    let upload = head.upload_boundary().filter(|_| model.id == "s3" && !host.website);
    let shown = model.operation(if head.method == Method::HEAD { "HeadObject" } else { "GetObject" });
    let (operation, labels, upload) = match (upload.zip(uploaded_to(model, raw_path)), shown.filter(|_| host.website)) {
        (Some((boundary, (operation, labels))), _) => (operation, labels, Some(boundary)),
        (None, Some(operation)) => (operation, Labels::none(), None),
        (None, None) => {
            let found = find_operation(model, router, protocol, method, raw_path, query, &head.headers, form);
            let refuse =
                |error: NotFound| Failure::service(model, protocol, with_head(error.to_wire(model, protocol), head));
            found.map(|(operation, labels)| (operation, labels, None)).map_err(refuse)?
        }
    };
    let operation = by_scope(model, operation, signed);
    let index = model.by_name.get(&operation.name).map_or(usize::MAX, |&index| index as usize);
    let (query, rivals) = (posted, Vec::new());
    Ok(Target { known, model, protocol, operation, index, region, labels, path, upload, query, rivals })
}

/// The operation that a form stands for which is posted to a bucket, and the bucket as its label. The key is in the form.
fn uploaded_to<'a>(model: &'a Service, raw_path: &str) -> Option<(&'a Operation, Labels)> {
    let bucket = raw_path.strip_prefix('/')?;
    let bucket = bucket.strip_suffix('/').unwrap_or(bucket);
    let mut labels = Labels::none();
    labels.push("Bucket", bucket);
    let operation = model.operation("PutObject").filter(|_| !bucket.is_empty() && !bucket.contains('/'))?;
    Some((operation, labels))
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

/// The path-style form of a virtual-hosted request, for the one service that has them. An access point stands there as its ARN.
fn bucket_path(model: &Service, head: &Head, host: &HostFacts<'_>, region: &str) -> Option<String> {
    let bucket = host.bucket.filter(|_| model.id == "s3")?;
    let path = head.raw_path();
    match hosts::access_point(bucket).filter(|_| host.point) {
        Some((name, account)) => {
            let partition = &partition_of(region).id;
            Some(format!("/arn:{partition}:s3:{region}:{account}:accesspoint%2F{name}{path}"))
        }
        None => Some(format!("/{bucket}{path}")),
    }
}

/// The query of a search of CloudSearch, which clients may also post as a form, since it can be longer than a URL may be (CloudSearch
/// Developer Guide, "Submitting Search Requests").
fn posted_query(model: &Service, head: &Head, form: Option<&[u8]>) -> Option<String> {
    let form = form.filter(|_| model.id == "cloudsearchdomain")?;
    let mut query = String::from_utf8_lossy(form).into_owned();
    if !head.query().is_empty() {
        query.push('&');
        query.push_str(head.query());
    }
    Some(query)
}

/// `GET /` lists general purpose buckets or directory buckets; only the scope of the signature tells which.
fn by_scope<'a>(model: &'a Service, operation: &'a Operation, signed: Option<&SignedRequest<'_>>) -> &'a Operation {
    let express = || signed.is_some_and(|signed| signed.scope.service == "s3express");
    match model.id == "s3" && operation.name == "ListBuckets" && express() {
        true => model.operation("ListDirectoryBuckets").unwrap_or(operation),
        false => operation,
    }
}
