//! One request from its first byte to its answer: the table of contents of the server.
//!
//! ```text
//! accept → identify → authenticate → decode → ┐
//!                                             validate → authorize → handle → commit → record   (kumoi_core::Kernel)
//! answer ← decorate ← encode ←──────────────── ┘
//! ```

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use hyper::Request;
use hyper::body::Incoming;
use kumoi_core::RequestRecord;
use kumoi_core::clock::{Stopwatch, real_time};
use kumoi_wire::sigv4::{self, Payload, Presented};
use kumoi_wire::{Body, streams_request};

use crate::accept::{Head, Wire};
use crate::authenticate::{self, Claim, authenticate};
use crate::body::{BodyError, ReplyBody, RequestBody};
use crate::bucket_cors::{self, Page};
use crate::encode::{self, Reply};
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::identify::{hosts, identify, settle};
use crate::{admin, compat, content, cors, decode, upload, website};

/// Answers a request, whatever it is. A panic on the way costs this one request a 500.
pub(crate) async fn answer(gateway: &Arc<Gateway>, request: Request<Incoming>, wire: Wire) -> Reply {
    let (parts, body) = request.into_parts();
    let head = Head::accept(parts, wire);
    let mut body = RequestBody::new(body, &head.headers);
    let request_id = gateway.request_id();
    let work = async {
        // What pages may do with buckets the buckets say; everybody else needs no look at them.
        let page = match head.headers.contains_key(header::ORIGIN) {
            true => Box::pin(bucket_cors::consult(gateway, &head)).await,
            false => Page::Usual,
        };
        (route(gateway, &head, &mut body, &page, &request_id).await, page)
    };
    let answered = AssertUnwindSafe(work).catch_unwind().await;
    let (mut reply, page) = answered.unwrap_or_else(|panic| {
        tracing::error!(message = panic_message(panic.as_ref()), path = head.raw_path(), "a request panicked");
        let message = "An internal failure occurred; the log of kumoi has the details.";
        (encode::plain(500, "InternalFailure", message, &request_id), Page::Usual)
    });
    decorate(gateway, &head, &page, reply.headers_mut());
    if !body.settle().await && head.is_http1() {
        reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

/// What is kumoi's own affair goes to its own handlers, everything else is AWS's.
async fn route(gateway: &Arc<Gateway>, head: &Head, body: &mut RequestBody, page: &Page, request_id: &str) -> Reply {
    if head.method == Method::OPTIONS
        && let Some(reply) = Box::pin(bucket_cors::preflight(gateway, head, request_id)).await
    {
        return reply;
    }
    if cors::is_preflight(&head.method, &head.headers) {
        return preflight(gateway, head);
    }
    // Boxed, so that what is rare does not make the future of every request larger.
    if let Some(path) = admin::path(head) {
        return Box::pin(admin::answer(gateway, head, path, body)).await;
    }
    if let Some(path) = compat::path(head) {
        return Box::pin(compat::answer(gateway, head, path, body)).await;
    }
    let stopwatch = Stopwatch::start();
    match call(gateway, head, body, page, request_id).await {
        Ok(reply) => reply,
        Err(failure) => {
            record(gateway, &failure, request_id, stopwatch);
            encode::refuse(head, failure, request_id)
        }
    }
}

/// Lists a refusal among the latest requests, where a person looks for what went wrong.
fn record(gateway: &Gateway, failure: &Failure, request_id: &str, stopwatch: Stopwatch) {
    let (status, code) = failure.told();
    let (service, operation) = failure.target();
    gateway.config.kernel.recorder().record(RequestRecord {
        id: request_id.to_owned(),
        time: real_time().millis(),
        world: String::new(),
        account: String::new(),
        region: String::new(),
        service: service.to_owned(),
        operation: operation.to_owned(),
        status,
        code: Some(code.to_owned()),
        principal: String::new(),
        micros: u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX),
        ignored: Vec::new(),
    });
}

/// The pipeline.
async fn call(
    gateway: &Arc<Gateway>,
    head: &Head,
    body: &mut RequestBody,
    page: &Page,
    request_id: &str,
) -> Result<Reply, Failure> {
    let kernel = &gateway.config.kernel;
    let limits = &gateway.config.limits;

    // accept
    head.check()?;
    let stranger = !gateway.config.cors.permits(&head.headers);
    if stranger && !page.may_call() {
        return Err(cors::refusal());
    }

    // identify
    let host = hosts::parse(head.host(), &gateway.config.host_names);
    let parts = head.signed_parts();
    let presented = sigv4::parse(&parts);
    let signed = presented.as_ref().ok().and_then(Presented::signed);
    // A form names its operation in the body, so it is read first; no operation streams a form.
    let sent_form = if head.has_form() { Some(body.read(limits.body, limits).await?) } else { None };
    let form = sent_form.clone().map(|form| content::expand(head, form, limits.body)).transpose()?;
    let target = identify(&gateway.services, &kernel.settings().region, head, &host, signed, form.as_deref())?;
    let in_form = |failure: Failure| failure.of(&target);
    if stranger && target.model.id != "s3" {
        return Err(in_form(cors::refusal()));
    }
    if host.website {
        return Ok(Box::pin(website::answer(gateway, head, &target, &host, request_id)).await);
    }
    if target.upload.is_some() {
        // Boxed, as what is rare.
        return Box::pin(upload::answer(gateway, head, &target, &host, body, page, request_id)).await.map_err(in_form);
    }

    let front = kernel.registry().get(&target.model.id).and_then(|service| service.front());
    if let Some(front) = front {
        head.suits(front).map_err(in_form)?;
    }
    let most = front.map_or(limits.body, |front| front.body.min(limits.body));
    let unreadable = |error: BodyError| in_form(Failure::unreadable(error, front));

    // The body is read whole, unless the operation streams it. Signatures cover it as it was sent.
    let sent = match sent_form {
        Some(form) => Body::Bytes(form),
        // A signature that covers the body, and does not say what it covers, can be verified with the whole body alone.
        None if streams_request(target.model, target.operation) && !is_covered(head, &target) => {
            Body::Stream(body.hand_on(limits).await.map_err(|error| in_form(error.into()))?)
        }
        None => Body::Bytes(body.read(most, limits).await.map_err(unreadable)?),
    };
    let body = match form {
        Some(form) => Body::Bytes(form),
        None => content::expand_for(head, (target.model, target.operation), sent.clone(), most, front.is_some())
            .map_err(unreadable)?,
    };
    let target = settle(target, head, &body, &limits.decode);
    let in_form = |failure: Failure| failure.of(&target);

    // authenticate
    let presented = presented.as_ref().map_err(|error| authenticate::refusal(&target, error))?;
    let world = authenticate::world(kernel, head, &host, presented).map_err(in_form)?;
    let payload = match &sent {
        Body::Bytes(bytes) => Payload::Bytes(bytes),
        Body::Stream(_) => Payload::Streamed,
    };
    let lenient = gateway.config.compat.skip_presigned_signatures;
    let claim = Claim { head, target: &target, presented, payload, policy: None, lenient };
    let mut caller = authenticate(kernel, claim, world).await.map_err(in_form)?;
    let body = match body {
        Body::Stream(sent) if authenticate::is_s3(target.model) => {
            let opened = crate::payload::open(&sent, head, caller.chunks.take());
            Body::Stream(opened.map_err(|error| authenticate::fault(&target, error.to_fault_parts()))?)
        }
        body => body,
    };

    // decode
    let input = decode::decode(kernel, &limits.decode, head, &target, body)?;

    // validate → authorize → handle → commit → record
    let client = authenticate::client(head, presented, false);
    let outcome = kernel.dispatch(caller.asks(head, &target, client, request_id, input)).await;

    // encode
    Ok(encode::encode(head, &target, outcome, request_id))
}

fn preflight(gateway: &Gateway, head: &Head) -> Reply {
    let mut reply = http::Response::new(ReplyBody::EMPTY);
    *reply.status_mut() = http::StatusCode::NO_CONTENT;
    if gateway.config.cors.permits(&head.headers) {
        gateway.config.cors.preflight(&head.headers, reply.headers_mut());
    }
    reply
}

/// Headers that every answer has.
fn decorate(gateway: &Gateway, head: &Head, page: &Page, headers: &mut HeaderMap) {
    if gateway.config.compat.response_header {
        headers.insert(HeaderName::from_static("x-localstack"), HeaderValue::from_static("true"));
    }
    if let Page::Ruled { headers: ruled, .. } = page {
        // A preflight's answer has its headers already.
        if let Some(ruled) = ruled.clone().filter(|_| gateway.config.cors.headers && head.method != Method::OPTIONS) {
            headers.extend(ruled);
        }
        return;
    }
    if let Some(origin) = head.headers.get(header::ORIGIN)
        && gateway.config.cors.permits(&head.headers)
    {
        gateway.config.cors.decorate(origin, headers);
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

/// Whether the signature covers a hash of the body that no header tells: outside S3 clients need not send it.
fn is_covered(head: &Head, target: &crate::identify::Target<'_>) -> bool {
    !authenticate::is_s3(target.model) && crate::payload::marker(head).is_none()
}
