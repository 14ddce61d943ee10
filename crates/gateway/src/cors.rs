//! Cross-origin requests: which web pages may call (the Fetch standard, "HTTP CORS protocol").
//!
//! AWS's own endpoints differ from service to service here. A browser reaches this machine's loopback addresses from whatever page it
//! shows, and no secret keeps strangers from calling, so only pages of this machine may call by default, and those that the operator
//! names. The admin API is stricter; see [`crate::admin`].

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::failure::Failure;
use crate::identify::hosts;

/// Which web pages may call.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Send CORS headers at all (off: `DISABLE_CORS_HEADERS`). Without them, browsers refuse cross-origin pages.
    pub headers: bool,
    /// Refuse requests of pages that are neither this machine's nor among [`Cors::origins`] (off: `DISABLE_CORS_CHECKS`).
    pub check: bool,
    /// Let the rules of S3's buckets say which pages may use them (off: `DISABLE_CUSTOM_CORS_S3`). See [`crate::bucket_cors`].
    pub buckets: bool,
    /// Origins that are allowed besides this machine's (`EXTRA_CORS_ALLOWED_ORIGINS`), such as `https://app.example.com`; `*` allows
    /// all. They may also use the admin API.
    pub origins: Vec<String>,
    /// Further request headers that a preflight allows (`EXTRA_CORS_ALLOWED_HEADERS`).
    pub allowed_headers: Vec<String>,
    /// Further response headers that pages may read (`EXTRA_CORS_EXPOSE_HEADERS`).
    pub exposed_headers: Vec<String>,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            headers: true,
            check: true,
            buckets: true,
            origins: Vec::new(),
            allowed_headers: Vec::new(),
            exposed_headers: Vec::new(),
        }
    }
}

const METHODS: HeaderValue = HeaderValue::from_static("HEAD,GET,PUT,POST,DELETE,OPTIONS,PATCH");
const ALLOWED: &str = "authorization,cache-control,content-length,content-md5,content-type,etag,location,x-amz-acl,\
                       x-amz-content-sha256,x-amz-date,x-amz-request-id,x-amz-security-token,x-amz-tagging,x-amz-target,\
                       x-amz-user-agent,x-amz-version-id,x-amzn-requestid,x-kumoi-world,amz-sdk-invocation-id,amz-sdk-request,\
                       smithy-protocol";
const EXPOSED: &str = "etag,x-amz-version-id,x-amz-request-id,x-amz-id-2,x-amzn-requestid,x-amzn-errortype,x-amzn-query-error,\
                       x-kumoi-ignored";

/// Whether a request is a preflight, which carries neither credentials nor an operation.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Cors {
    /// Whether the page that sends this request may call; requests that no page sent always may.
    pub(crate) fn permits(&self, headers: &HeaderMap) -> bool {
        match headers.get(ORIGIN) {
            Some(origin) if self.check => is_local_origin(origin) || self.lists(origin),
            _ => true,
        }
    }

    /// Whether the operator named that origin.
    pub(crate) fn lists(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }

    /// Adds what a browser needs to hand the answer to the page.
    pub(crate) fn decorate(&self, origin: &HeaderValue, answer: &mut HeaderMap) {
        if !self.headers {
            return;
        }
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.append(VARY, HeaderValue::from_static("Origin"));
        insert_list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED, &self.exposed_headers);
    }

    /// The headers of a preflight's answer. What the page asks for is allowed, by name, since `*` excludes `Authorization`.
    pub(crate) fn preflight(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        if !self.headers {
            return;
        }
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        match request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            Some(asked) => {
                answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            }
            None => insert_list(answer, ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED, &self.allowed_headers),
        }
        if request.contains_key("access-control-request-private-network") {
            let name = HeaderName::from_static("access-control-allow-private-network");
            answer.insert(name, HeaderValue::from_static("true"));
        }
    }
}

/// What a page gets that may not call.
pub(crate) fn refusal() -> Failure {
    Failure::plain(403, "Forbidden", "This origin may not call; EXTRA_CORS_ALLOWED_ORIGINS allows it.")
}

fn insert_list(answer: &mut HeaderMap, name: HeaderName, fixed: &'static str, extra: &[String]) {
    if extra.is_empty() {
        answer.insert(name, HeaderValue::from_static(fixed));
    } else if let Ok(value) = HeaderValue::from_str(&format!("{fixed},{}", extra.join(","))) {
        answer.insert(name, value);
    }
}

/// Whether a page comes from this machine: `http(s)://localhost`, `*.localhost` or a loopback address, on any port.
pub(crate) fn is_loopback_origin(origin: &HeaderValue) -> bool {
    host(origin).is_some_and(hosts::is_loopback)
}

/// Whether a page comes from this machine, also by the public name that stands for it.
fn is_local_origin(origin: &HeaderValue) -> bool {
    host(origin).is_some_and(|host| hosts::is_loopback(host) || hosts::is_local_name(host))
}

/// The host of a page's origin, without its port; `None` for pages that no web server sent.
fn host(origin: &HeaderValue) -> Option<&str> {
    let origin = origin.to_str().ok()?;
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).map(hosts::without_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_pages_are_told_from_others() {
        for origin in [
            "http://localhost:3000",
            "https://localhost",
            "http://app.localhost:1",
            "http://127.0.0.1:8",
            "http://[::1]:8",
        ] {
            assert!(is_loopback_origin(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in
            ["null", "http://localhost.evil.com", "https://example.com", "file://", "http://127.0.0.1.evil.com"]
        {
            assert!(!is_loopback_origin(&HeaderValue::from_static(origin)), "{origin}");
        }
    }

    #[test]
    fn only_local_and_listed_pages_pass() {
        let cors = Cors { origins: vec!["https://app.example.com".into()], ..Cors::default() };
        let from = |origin: &'static str| HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
        assert!(cors.permits(&HeaderMap::new()));
        assert!(cors.permits(&from("https://app.example.com")));
        assert!(cors.permits(&from("http://localhost:3000")));
        assert!(cors.permits(&from("https://app.localhost.localstack.cloud:4566")));
        assert!(!cors.permits(&from("https://other.example.com")));
        assert!(!cors.permits(&from("https://localhost.localstack.cloud.example.com")));
        assert!(!cors.permits(&from("https://192.168.1.4")));
        assert!(!cors.permits(&from("null")));
        assert!(Cors { check: false, ..cors }.permits(&from("https://other.example.com")));
    }
}
