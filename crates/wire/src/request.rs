//! HTTP messages, as far as the codecs see them.

use bytes::Bytes;
use http::{HeaderMap, Method};
use kumoi_model::ByteStream;

/// A request to decode.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path as sent: percent-encoded, without the query.
    pub raw_path: &'a str,
    /// Query string as sent, without `?`; empty when there is none.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body. Must be [`Body::Bytes`] unless [`streams_request`](crate::streams_request) is true of the operation.
    pub body: Body,
}

/// A request or response body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Whole in memory.
    Bytes(Bytes),
    /// Not held in memory.
    Stream(ByteStream),
}

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// An encoded response.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, without those of the transport (`Content-Length`, `Date`).
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
}

/// What the labels of a URI template matched: names in the template's order, values as sent (percent-encoded).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pairs: Vec<(String, String)>,
}

impl Labels {
    /// No label.
    pub const fn none() -> Self {
        Self { pairs: Vec::new() }
    }

    /// Adds what the label `name` matched.
    pub fn push(&mut self, name: &str, raw: &str) {
        self.pairs.push((name.to_owned(), raw.to_owned()));
    }

    /// What the label `name` matched, percent-encoded.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(label, _)| label == name).map(|(_, raw)| raw.as_str())
    }
}
