//! First stage: the head of a request, kept as it came over the wire.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Method, Uri, Version, header};
use kumoi_core::{Front, Tls};
use kumoi_wire::post_form;
use kumoi_wire::sigv4::RequestParts;

use crate::failure::Failure;

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Where the connection comes from.
    pub(crate) peer: Option<IpAddr>,
    /// What protects it.
    pub(crate) tls: Option<Tls>,
}

/// The head of a request. Path and query stay as sent, since signatures cover them and labels are decoded one by one.
pub(crate) struct Head {
    pub(crate) method: Method,
    version: Version,
    uri: Uri,
    pub(crate) headers: HeaderMap,
    host: String,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Where the connection comes from.
    pub(crate) peer: Option<IpAddr>,
    /// What protects the connection.
    pub(crate) tls: Option<Tls>,
}

/// The longest path with its query. AWS's longest are S3's: a key of 1,024 bytes, each percent-encoded, and a presigned query.
const LONGEST_TARGET: usize = 32 << 10;

impl Head {
    /// Takes a request's head.
    pub(crate) fn accept(parts: http::request::Parts, wire: Wire) -> Self {
        let host = match parts.headers.get(header::HOST) {
            Some(host) => String::from_utf8_lossy(host.as_bytes()).to_ascii_lowercase(),
            None => parts.uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default(),
        };
        Self {
            version: parts.version,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            host,
            scheme: wire.scheme,
            peer: wire.peer,
            tls: wire.tls,
        }
    }

    /// Refuses what is out of proportion before anything else looks at it.
    ///
    /// # Errors
    /// A target that is too long.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let length = self.raw_path().len() + self.query().len();
        if length > LONGEST_TARGET {
            return Err(Failure::plain(414, "RequestURITooLong", "The request's path and query are too long."));
        }
        Ok(())
    }

    /// Refuses what the front of a service does not take.
    ///
    /// # Errors
    /// A head that is too long, or a path that the service does not have.
    pub(crate) fn suits(&self, front: &Front) -> Result<(), Failure> {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if self.raw_path().len() + self.query().len() > front.head || headers > front.head {
            let message = format!("The path or the headers are longer than {} bytes.", front.head);
            return Err(Failure::plain(400, "BadRequest", message));
        }
        if front.root_only && self.raw_path() != "/" {
            // DynamoDB says no more than that.
            return Err(Failure::plain(404, "UnknownOperationException", ""));
        }
        Ok(())
    }

    /// Whether the connection serves one request at a time.
    pub(crate) fn is_http1(&self) -> bool {
        self.version <= Version::HTTP_11
    }

    /// The path as sent.
    pub(crate) fn raw_path(&self) -> &str {
        self.uri.path()
    }

    /// The query as sent, without `?`; empty when there is none.
    pub(crate) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// The first line of the request. HTTP/2 has no such line; it tells the same in fields of its own.
    pub(crate) fn line(&self) -> String {
        let target = self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let version = match self.version {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        };
        [self.method.as_str(), " ", target, " ", version].concat()
    }

    /// The host that the client named, with its port, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What a signature covers.
    pub(crate) fn signed_parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: self.method.as_str(),
            raw_path: self.raw_path(),
            raw_query: self.query(),
            headers: &self.headers,
            authority: self.uri.authority().map(http::uri::Authority::as_str),
        }
    }

    /// The boundary of the body's parts, when it is a form as browsers upload files with it.
    pub(crate) fn upload_boundary(&self) -> Option<String> {
        if self.method != Method::POST {
            return None;
        }
        self.header(header::CONTENT_TYPE).and_then(post_form::boundary)
    }

    /// Whether the body is a form, as the query protocols send it.
    pub(crate) fn has_form(&self) -> bool {
        self.method == Method::POST
            && self.header(header::CONTENT_TYPE).is_some_and(|value| {
                value.get(..33).is_some_and(|start| start.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
            })
    }
}
