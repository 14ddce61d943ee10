//! Browser-based uploads to S3: a form takes the place of the request's headers and body, and the answer is one for a browser (S3 User
//! Guide, "Browser-based uploads using POST"; S3 API Reference, "POST Object").
//!
//! Everything between is `PutObject`'s: from the fields the request is made that would do the same, with the file as its streamed body.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use kumoi_core::Fault;
use kumoi_core::clock::real_time;
use kumoi_model::{ByteStream, Chunks, StreamError};
use kumoi_wire::post_form::{self, Event, Fields, FormError, MAX_FIELD_BYTES, Parser, Policy};
use kumoi_wire::sigv4::{Payload, Presented};
use kumoi_wire::{Body, Labels, Request, WireError};

use crate::accept::Head;
use crate::authenticate::{self, Claim, authenticate};
use crate::body::{ReplyBody, RequestBody};
use crate::bucket_cors::Page;
use crate::encode::{self, Reply};
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::identify::Target;
use crate::identify::hosts::HostFacts;
use crate::named::Named;
use crate::{cors, decode, payload};

/// Answers a form that was posted to a bucket.
///
/// # Errors
/// The form or its credentials are refused.
pub(crate) async fn answer(
    gateway: &Gateway,
    head: &Head,
    target: &Target<'_>,
    host: &HostFacts<'_>,
    body: &mut RequestBody,
    page: &Page,
    request_id: &str,
) -> Result<Reply, Failure> {
    let (kernel, limits) = (&gateway.config.kernel, &gateway.config.limits);
    let refuse = |error: FormError| authenticate::fault(target, error.to_fault_parts());
    let body = payload::told(&body.stream(u64::MAX, limits)?);
    let mut form = Form::new(target.upload.as_deref().unwrap_or_default(), &body);
    let fields = form.fields().await.map_err(|error| broken_off(target, error))?;
    let key = fields.key().map_err(refuse)?;

    // authenticate
    let presented = post_form::presented(&fields).map_err(refuse)?;
    let presented = presented.map_err(|error| authenticate::refusal(target, &error))?;
    if presented != Presented::None && !gateway.config.cors.permits(&head.headers) && !page.may_sign() {
        return Err(cors::refusal());
    }
    let world = authenticate::world(kernel, head, host, &presented)?;
    let policy = fields.get("policy");
    let claim = Claim { head, target, presented: &presented, payload: Payload::Streamed, policy, lenient: false };
    let caller = authenticate(kernel, claim, world).await?;
    let bucket = target.labels.get("Bucket").unwrap_or_default();
    let allowed = match policy {
        Some(policy) => Policy::read(policy).and_then(|policy| policy.check(&fields, bucket, real_time())),
        None => Ok((0, u64::MAX)),
    };
    let allowed = allowed.map_err(refuse)?;

    // decode
    let mut headers = fields.headers().map_err(refuse)?;
    if let Some(tagging) = fields.get("tagging") {
        headers.insert(TAGGING, tags(limits, target, tagging)?);
    }
    let (path, labels) = object(bucket, key);
    let request = Request {
        method: &Method::PUT,
        raw_path: &path,
        query: "",
        headers: &headers,
        body: Body::Stream(form.file(allowed)),
    };
    let input = decode::decode_as(kernel, &limits.decode, head, target, request, &labels)?;

    // validate → authorize → handle → commit → record
    let client = authenticate::client(head, &presented, true);
    let outcome = kernel.dispatch(caller.asks(head, target, client, request_id, input)).await;

    // encode
    let stored = outcome.result.is_ok();
    let mut reply = encode::encode(head, target, outcome, request_id);
    if stored {
        let location = match host.bucket {
            Some(_) => format!("{}://{}/{}", head.scheme, head.host(), encoded(key)),
            None => format!("{}://{}/{bucket}/{}", head.scheme, head.host(), encoded(key)),
        };
        succeed(&mut reply, &fields, bucket, key, &location);
    }
    Ok(reply)
}

const TAGGING: HeaderName = HeaderName::from_static("x-amz-tagging");

/// Path and labels of an object, as a `PUT` of it would have them.
fn object(bucket: &str, key: &str) -> (String, Labels) {
    let mut labels = Labels::none();
    let key = encoded(key);
    labels.push("Bucket", bucket);
    labels.push("Key", &key);
    (format!("/{bucket}/{key}"), labels)
}

/// A key as one segment of a path.
fn encoded(key: &str) -> String {
    kumoi_wire::sigv4::encode(key.as_bytes())
}

/// The tags of a form, which are an XML document there, as the header has them.
fn tags(limits: &crate::Limits, target: &Target<'_>, document: &str) -> Result<HeaderValue, Failure> {
    let model = target.model;
    let malformed = || Failure::at(target, WireError::new("MalformedXML", 400, MALFORMED_XML));
    let operation = model.operation("PutObjectTagging").ok_or_else(malformed)?;
    let (path, labels) = object("b", "k");
    let body = Body::Bytes(Bytes::copy_from_slice(document.as_bytes()));
    let request = Request { method: &Method::PUT, raw_path: &path, query: "tagging", headers: &HeaderMap::new(), body };
    let input = kumoi_wire::decode(model, target.protocol, operation, request, &labels, &limits.decode)
        .map_err(|_| malformed())?;
    let input = Named::new(model, operation.input.ok_or_else(malformed)?, &input);
    let set = input.member("Tagging").and_then(|tagging| tagging.member("TagSet")).ok_or_else(malformed)?;
    let mut pairs = Vec::new();
    for tag in set.items() {
        let text = |name| tag.member(name).and_then(|value| value.text()).map(encoded);
        pairs.push([text("Key").ok_or_else(malformed)?, text("Value").unwrap_or_default()].join("="));
    }
    HeaderValue::try_from(pairs.join("&")).map_err(|_| malformed())
}

const MALFORMED_XML: &str = "The XML you provided was not well-formed or did not validate against our published schema";

/// Turns the answer to a `PUT` into the one that the form asks for.
fn succeed(reply: &mut Reply, fields: &Fields, bucket: &str, key: &str, location: &str) {
    let etag = reply.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    if let Some(to) = redirect.and_then(|url| redirection(url, bucket, key, &etag)) {
        *reply.status_mut() = StatusCode::SEE_OTHER;
        reply.headers_mut().insert(LOCATION, to);
        return;
    }
    if let Ok(location) = HeaderValue::try_from(location) {
        reply.headers_mut().insert(LOCATION, location);
    }
    *reply.status_mut() = match fields.get("success_action_status") {
        Some("200") => StatusCode::OK,
        Some("201") => {
            let document = post_form::response(location, bucket, key, &etag);
            *reply.body_mut() = ReplyBody::from(Bytes::from(document));
            reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            StatusCode::CREATED
        }
        _ => StatusCode::NO_CONTENT,
    };
}

/// Where a browser is sent on, with what was stored in the query; `None` when that is no URL of the web.
fn redirection(url: &str, bucket: &str, key: &str, etag: &str) -> Option<HeaderValue> {
    let target: http::Uri = url.parse().ok()?;
    matches!(target.scheme_str(), Some("http" | "https")).then_some(())?;
    let separator = if target.query().is_some() { '&' } else { '?' };
    let [bucket, key, etag] = [bucket, key, etag].map(encoded);
    HeaderValue::try_from(format!("{url}{separator}bucket={bucket}&key={key}&etag={etag}")).ok()
}

/// A form on its way in: the fields first, then the file as a stream.
struct Form {
    parser: Parser,
    chunks: Option<Chunks>,
}

impl Form {
    fn new(boundary: &str, body: &ByteStream) -> Self {
        Self { parser: Parser::new(boundary), chunks: body.take() }
    }

    /// What comes next; the end of the body before that of the form is an error.
    async fn next(&mut self) -> Result<Event, StreamError> {
        loop {
            if let Some(event) = self.parser.event()? {
                return Ok(event);
            }
            let chunk = match &mut self.chunks {
                Some(chunks) => chunks.next().await.transpose()?,
                None => None,
            };
            self.parser.feed(&chunk.ok_or(FormError::Malformed)?);
        }
    }

    /// Reads all that stands before the file, and the file's head.
    async fn fields(&mut self) -> Result<Fields, StreamError> {
        let mut fields = Fields::default();
        loop {
            let part = match self.next().await? {
                Event::Part(part) if part.name.eq_ignore_ascii_case("file") => {
                    fields.name_file(part.filename.as_deref().unwrap_or_default());
                    return Ok(fields);
                }
                Event::Part(part) => part,
                Event::End => return Err(FormError::NoFile.into()),
                Event::Data(_) | Event::PartEnd => continue,
            };
            let mut value = Vec::new();
            while let Event::Data(data) = self.next().await? {
                value.extend_from_slice(&data);
                if value.len() > MAX_FIELD_BYTES {
                    return Err(FormError::FieldsTooLong.into());
                }
            }
            fields.add(&part.name, &value)?;
        }
    }

    /// The file, which breaks off when it has fewer or more bytes than allowed. What is behind it means nothing.
    fn file(self, (least, most): (u64, u64)) -> ByteStream {
        let chunks = futures_util::stream::try_unfold((self, 0u64), move |(mut form, received)| async move {
            match form.next().await.map_err(told)? {
                Event::Data(data) => {
                    let received = received.saturating_add(data.len() as u64);
                    if received > most {
                        return Err(told(FormError::TooLarge.into()));
                    }
                    Ok(Some((data, (form, received))))
                }
                _ if received < least => Err(told(FormError::TooSmall.into())),
                _ => Ok(None),
            }
        });
        ByteStream::new(chunks, None)
    }
}

/// The error of a form as the one that the client of a stream gets.
fn told(error: StreamError) -> StreamError {
    match error.downcast_ref::<FormError>() {
        Some(error) => {
            let parts = error.to_fault_parts();
            let fault = Fault::new(parts.code, parts.status, true, parts.message);
            Box::new(parts.details.into_iter().fold(fault, |fault, (name, value)| fault.with_detail(name, value)))
        }
        None => error,
    }
}

/// Why a form ended before its file began.
fn broken_off(target: &Target<'_>, error: StreamError) -> Failure {
    if let Some(error) = error.downcast_ref::<FormError>() {
        return authenticate::fault(target, error.to_fault_parts());
    }
    match error.downcast_ref::<Fault>() {
        Some(fault) => Failure::at(target, WireError::new(fault.code().to_owned(), fault.status(), fault.message())),
        None => Failure::plain(400, "IncompleteBody", "The request body terminated unexpectedly").of(target),
    }
}
