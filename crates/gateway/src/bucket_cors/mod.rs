//! Pages and buckets: a bucket's own rules say which pages may use it, as in S3 (S3 User Guide, "Using cross-origin resource sharing").
//!
//! A bucket with rules goes by them, whoever asks. One without goes, for pages of this machine and those that the operator names, by what
//! holds for all services; for others it is closed.
//!
//! On AWS a page can only do what the secret in its hands allows. Here any key is accepted, so a rule alone must not let every page on the
//! web act as somebody: pages from elsewhere that show a key need a rule that names where they come from. Without a key they are nobody,
//! and S3 lets nobody do what is public.

mod rules;

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kumoi_core::{Call, Endpoint, Kernel, Principal, World};
use kumoi_model::Value;
use kumoi_store::Scope;
use kumoi_wire::TARGET;
use kumoi_wire::sigv4::{self, Presented};

use crate::accept::Head;
use crate::authenticate;
use crate::body::ReplyBody;
use crate::encode::{self, Reply};
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::identify::hosts::{self, HostFacts};
use crate::named::Named;
use rules::{Granted, Rule, Wish};

/// What is known of the page that sent a request to a bucket.
pub(crate) enum Page {
    /// It goes by what holds for all services.
    Usual,
    /// It goes by the bucket's rules.
    Ruled {
        /// What its browser is to be told, when a rule allows the request.
        headers: Option<HeaderMap>,
        /// It may show a key.
        trusted: bool,
        /// It shows one in the request's head.
        keyed: bool,
    },
}

impl Page {
    /// Whether the request may go on, so far as its head tells.
    pub(crate) fn may_call(&self) -> bool {
        match self {
            Self::Usual => false,
            Self::Ruled { trusted, keyed, .. } => *trusted || !keyed,
        }
    }

    /// Whether it may show a key.
    pub(crate) fn may_sign(&self) -> bool {
        matches!(self, Self::Ruled { trusted: true, .. })
    }
}

/// What a request is about, if that may be a bucket or what is in it.
struct About<'a> {
    bucket: &'a str,
    object: bool,
    presented: Option<Presented<'a>>,
    host: HostFacts<'a>,
}

/// The bucket of a request, as far as head and host tell.
fn about<'a>(gateway: &'a Gateway, head: &'a Head) -> Option<About<'a>> {
    if !gateway.config.cors.buckets || head.headers.contains_key(TARGET) || head.has_form() {
        return None;
    }
    let host = hosts::parse(head.host(), &gateway.config.host_names);
    if host.service.is_some_and(|service| service != "s3") {
        return None;
    }
    let path = head.raw_path().strip_prefix('/')?;
    let (bucket, key) = match host.bucket {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    if bucket.is_empty() || crate::admin::path(head).is_some() || crate::compat::path(head).is_some() {
        return None;
    }
    let presented = sigv4::parse(&head.signed_parts()).ok();
    let signed = presented.as_ref().and_then(Presented::signed);
    if signed.is_some_and(|signed| !matches!(&*signed.scope.service, "s3" | "s3express")) {
        return None;
    }
    Some(About { bucket, object: !key.is_empty(), presented, host })
}

/// The rules of a bucket; `None` when it has none, or is not there.
async fn rules_of(gateway: &Gateway, world: Arc<World>, bucket: &str) -> Option<Vec<Rule>> {
    let kernel = &gateway.config.kernel;
    let (model, operation) = Kernel::operation("s3", "GetBucketCors")?;
    let shape = model.operations.get(operation)?;
    let (index, _) = model.structure(shape.input?)?.member("Bucket")?;
    let mut input = kumoi_model::Struct::new();
    input.set(index, Value::String(bucket.to_owned()));
    let settings = kernel.settings();
    let call = Call {
        scope: Scope::new(&settings.account, &settings.region),
        world,
        principal: Arc::new(Principal::service("s3.amazonaws.com", &settings.account)),
        access_key: None,
        source_arn: None,
        request_id: gateway.request_id(),
        endpoint: Endpoint { scheme: "http", host: Arc::from("localhost") },
        client: None,
        website: None,
        model,
        operation,
        input: Value::Struct(input),
    };
    let output = kernel.dispatch(call).await.result.ok()?;
    Some(rules::read(&Named::new(model, shape.output?, &output)))
}

fn text(head: &Head, name: HeaderName) -> Option<&str> {
    head.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
}

/// What the rules of the bucket say of the page that sent this request.
pub(crate) async fn consult(gateway: &Gateway, head: &Head) -> Page {
    let (Some(origin), Some(about)) = (text(head, ORIGIN), about(gateway, head)) else { return Page::Usual };
    let permitted = gateway.config.cors.permits(&head.headers);
    let presented = about.presented.as_ref().unwrap_or(&Presented::None);
    let Ok(world) = authenticate::world(&gateway.config.kernel, head, &about.host, presented) else {
        return Page::Usual;
    };
    let rules = rules_of(gateway, world, about.bucket).await;
    if rules.is_none() && permitted {
        return Page::Usual;
    }
    let method = text(head, ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(head.method.as_str());
    let granted = rules::grant(&rules.unwrap_or_default(), &Wish { origin, method, headers: None });
    let trusted = permitted || granted.as_ref().is_some_and(|granted| !granted.open);
    // What cannot be read as credentials is refused later, and is no page's business.
    let keyed = !matches!(about.presented, Some(Presented::None));
    Page::Ruled { headers: granted.map(|granted| granted.headers), trusted, keyed }
}

/// Answers a request with the method OPTIONS, when it is for a bucket and the bucket's rules are to say; `None` otherwise.
pub(crate) async fn preflight(gateway: &Gateway, head: &Head, request_id: &str) -> Option<Reply> {
    if head.method != Method::OPTIONS {
        return None;
    }
    let about = about(gateway, head)?;
    let presented = about.presented.as_ref().unwrap_or(&Presented::None);
    let world = authenticate::world(&gateway.config.kernel, head, &about.host, presented).ok()?;
    let (origin, method) = (text(head, ORIGIN), text(head, ACCESS_CONTROL_REQUEST_METHOD));
    let refuse = |status, code, message: &str| refusal(status, code, message, method, &about, head, request_id);
    let Some(origin) = origin else {
        return Some(refuse(400, "BadRequest", "Insufficient information. Origin request header needed."));
    };
    let Some(wanted) = method else {
        return Some(refuse(400, "BadRequest", "Invalid Access-Control-Request-Method: null"));
    };
    let Some(rules) = rules_of(gateway, world, about.bucket).await else {
        let usual = gateway.config.cors.permits(&head.headers);
        return (!usual).then(|| refuse(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket."));
    };
    let headers = text(head, ACCESS_CONTROL_REQUEST_HEADERS);
    let Some(Granted { headers, .. }) = rules::grant(&rules, &Wish { origin, method: wanted, headers }) else {
        return Some(refuse(403, "AccessForbidden", NOT_ALLOWED));
    };
    let mut reply = http::Response::new(ReplyBody::EMPTY);
    if gateway.config.cors.headers {
        *reply.headers_mut() = headers;
        if head.headers.contains_key("access-control-request-private-network") {
            let name = HeaderName::from_static("access-control-allow-private-network");
            reply.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
    }
    Some(reply)
}

/// S3's own words, spelling included.
const NOT_ALLOWED: &str = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
                           method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
                           resource's CORS spec.";

fn refusal(
    status: u16,
    code: &'static str,
    message: &str,
    method: Option<&str>,
    about: &About<'_>,
    head: &Head,
    request_id: &str,
) -> Reply {
    let Some((model, _)) = Kernel::operation("s3", "GetBucketCors") else {
        return encode::plain(status, code, message, request_id);
    };
    let mut error = kumoi_wire::WireError::new(code, status, message);
    if status == 403 {
        let kind = if about.object { "OBJECT" } else { "BUCKET" };
        error.details = vec![("Method", method.unwrap_or_default().to_owned()), ("ResourceType", kind.to_owned())];
    }
    encode::refuse(head, Failure::service(model, kumoi_model::Protocol::RestXml, error), request_id)
}
