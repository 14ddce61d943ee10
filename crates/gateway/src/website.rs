//! Websites of buckets: browsers ask for pages, and get pages also when something is wrong (S3 User Guide, "Website endpoints": only GET and
//! HEAD, no signatures, errors as HTML). Which object a path stands for the service knows, from the bucket's website configuration.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use kumoi_core::{Call, Fault};
use kumoi_wire::sigv4::{Presented, percent_decode_text};
use kumoi_wire::{Body, Labels, Request, escaped};

use crate::accept::Head;
use crate::authenticate::{self, Caller};
use crate::body::ReplyBody;
use crate::decode;
use crate::encode::{self, Reply};
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::identify::Target;
use crate::identify::hosts::HostFacts;

/// Answers a request to a website.
pub(crate) async fn answer(
    gateway: &Gateway,
    head: &Head,
    target: &Target<'_>,
    host: &HostFacts<'_>,
    request_id: &str,
) -> Reply {
    match show(gateway, head, target, host, request_id).await {
        Ok(reply) => reply,
        Err(fault) => page(head, &fault, request_id),
    }
}

async fn show(
    gateway: &Gateway,
    head: &Head,
    target: &Target<'_>,
    host: &HostFacts<'_>,
    request_id: &str,
) -> Result<Reply, Fault> {
    let kernel = &gateway.config.kernel;
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let message = "The specified method is not allowed against this resource.";
        let fault = Fault::new("MethodNotAllowed", 405, true, message).with_header("allow", "GET, HEAD");
        return Err(fault.with_detail("Method", head.method.as_str()).with_detail("ResourceType", "OBJECT"));
    }
    let service = kernel.registry().get(&target.model.id);
    if !service.is_some_and(|service| service.serves_websites()) {
        return Err(Fault::not_implemented(&target.model.id, "websites"));
    }
    let world = authenticate::world(kernel, head, host, &Presented::None).map_err(of_failure)?;
    let (principal, scope) = authenticate::nobody(kernel, target.region);
    // The service goes by the path; a key has to be there all the same.
    let key = head.raw_path().trim_start_matches('/');
    let mut labels = Labels::none();
    labels.push("Bucket", host.bucket.unwrap_or_default());
    labels.push("Key", if key.is_empty() { "%2F" } else { key });
    let raw_path = target.path.as_deref().unwrap_or(head.raw_path());
    let request = Request { method: &head.method, raw_path, query: "", headers: &head.headers, body: Body::empty() };
    let limits = &gateway.config.limits.decode;
    let input = decode::decode_as(kernel, limits, head, target, request, &labels).map_err(of_failure)?;
    let caller = Caller { principal, access_key: None, world, scope, chunks: None };
    let client = authenticate::client(head, &Presented::None, false);
    let website = Some(Arc::from(percent_decode_text(head.raw_path())));
    let call = Call { website, ..caller.asks(head, target, client, request_id, input) };
    let outcome = kernel.dispatch(call).await;
    match outcome.result {
        Err(fault) => Err(fault),
        Ok(_) => Ok(encode::encode(head, target, outcome, request_id)),
    }
}

fn of_failure(failure: Failure) -> Fault {
    let (status, code) = failure.told();
    let message = match &failure {
        Failure::Service { error, .. } => error.message.clone(),
        Failure::Plain { message, .. } => message.clone(),
    };
    Fault::new(code.to_owned(), status, status < 500, message)
}

/// What a browser shows of an error: what the service says that it is to show, or a page about the error.
fn page(head: &Head, fault: &Fault, request_id: &str) -> Reply {
    let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let silent = head.method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let body = match fault.body() {
        _ if silent => ReplyBody::EMPTY,
        Some(stream) => ReplyBody::stream(stream),
        None if status.is_redirection() => ReplyBody::EMPTY,
        None => ReplyBody::from(Bytes::from(html(status, fault, request_id))),
    };
    let mut reply = http::Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let mut put = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    put("x-amz-request-id", request_id);
    put("x-amz-id-2", request_id);
    if status.is_client_error() || status.is_server_error() {
        put("x-amz-error-code", fault.code());
        put("x-amz-error-message", fault.message());
        fault.details().iter().for_each(|(name, value)| put(&format!("x-amz-error-detail-{name}"), value));
    }
    fault.headers().iter().for_each(|(name, value)| put(name, value));
    reply
}

fn html(status: StatusCode, fault: &Fault, request_id: &str) -> String {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let mut out = format!("<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n");
    let told = [("Code", fault.code()), ("Message", fault.message())];
    let details = fault.details().iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in told.into_iter().chain(details).chain([("RequestId", request_id), ("HostId", request_id)]) {
        // A string takes all that is written to it.
        let _ = writeln!(out, "<li>{name}: {}</li>", escaped(value));
    }
    out.push_str("</ul>\n<hr/>\n</body>\n</html>\n");
    out
}
