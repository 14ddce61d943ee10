//! Request signatures: AWS Signature Version 4 and 4A, from the server's side.
//!
//! A request passes through here in two steps, because most requests to kumoi need only the first:
//!
//! 1. [`parse`] reads *who claims* to send a request ([`Presented`]): access key, scope, session token. It knows no
//!    secret, touches no body and allocates nothing for a request signed in its `Authorization` header.
//! 2. [`verify`] proves the claim: it rebuilds the canonical request and the string to sign, checks scope, clock and
//!    payload, and compares signatures in constant time. A caller that keeps derived keys uses [`verify_with_key`].
//!
//! Everything that can be wrong is a variant of [`SigError`], which knows AWS's code, status and wording for each
//! family of services.
//!
//! [`verify_v2`] does the same for Signature Version 2, which S3 still meets.
//!
//! Sources: IAM User Guide, "Create a signed AWS API request", "Troubleshoot signed requests" and "AWS Signature
//! Version 4A"; Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".

mod canonical;
mod date;
mod error;
mod fault;
mod fault_s3;
mod key;
mod parse;
mod payload;
mod sign;
#[cfg(test)]
mod tests;
mod v2;
mod v4a;
mod verify;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use kumoi_model::Timestamp;

pub use canonical::{canonical_request, encode, percent_decode_text, string_to_sign};
pub use date::{format_amz_date, parse_amz_date};
pub use error::{Component, Mismatch, SigError};
pub use fault::{Family, FaultParts};
pub use key::SigningKey;
pub use parse::{parse, read_form};
pub use payload::{Payload, PayloadMarker};
pub use sign::{Credentials, Signer};
pub use v2::{SignedV2, check_v2, matches_v2, verify_v2};
pub use v4a::EcdsaKey;
pub use verify::{Policy, check_clock, verify, verify_with_key};

pub(crate) use key::{hex_sha256, sha256};

/// The last element of every credential scope.
pub const TERMINATOR: &str = "aws4_request";

/// The longest life of a presigned request, in seconds: seven days.
pub const MAX_EXPIRES: u32 = 604_800;

/// The parts of a request that a signature covers, apart from its body.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it came over the wire, percent-encoding untouched.
    pub raw_path: &'a str,
    /// The query as it came over the wire, without the `?`; empty when there is none.
    pub raw_query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// HTTP/2's `:authority`, which stands in for a missing `Host` header.
    pub authority: Option<&'a str>,
}

impl<'a> RequestParts<'a> {
    /// The one value of a header, where it is text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }
}

/// How the path enters the canonical request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathStyle {
    /// Dot segments and doubled slashes are resolved and what was sent is encoded once more: all services but S3.
    #[default]
    Default,
    /// The path names an object key, so it is neither normalised nor encoded twice. S3 and its relatives.
    S3,
}

/// What a signature was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `AWS4-HMAC-SHA256`: SigV4, for one region.
    Hmac,
    /// `AWS4-ECDSA-P256-SHA256`: SigV4A, for a set of regions.
    Ecdsa,
}

impl Algorithm {
    /// The algorithm's name in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hmac => "AWS4-HMAC-SHA256",
            Self::Ecdsa => "AWS4-ECDSA-P256-SHA256",
        }
    }

    /// The algorithm of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Hmac, Self::Ecdsa].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// What a signature is good for: a day, a region and a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The day, `YYYYMMDD`.
    pub date: Cow<'a, str>,
    /// The region; absent in SigV4A, where [`SignedRequest::region_set`] takes its place.
    pub region: Option<Cow<'a, str>>,
    /// The service's signing name, such as `s3`.
    pub service: Cow<'a, str>,
    /// What should be [`TERMINATOR`].
    pub terminator: Cow<'a, str>,
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/", self.date)?;
        if let Some(region) = &self.region {
            write!(f, "{region}/")?;
        }
        write!(f, "{}/{}", self.service, self.terminator)
    }
}

/// Where in the request the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the `Authorization` header.
    Header,
    /// In `X-Amz-*` query parameters: a presigned request.
    Query,
}

/// What a request says of its own signature. Well formed, and otherwise a mere claim until [`verify`] has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest<'a> {
    /// Where the signature stands.
    pub location: Location,
    /// What it was made with.
    pub algorithm: Algorithm,
    /// The access key id.
    pub access_key: Cow<'a, str>,
    /// The credential scope.
    pub scope: Scope<'a>,
    /// Names of the signed headers, separated by `;`, as sent.
    pub signed_headers: Cow<'a, str>,
    /// The signature, in hexadecimal digits.
    pub signature: Cow<'a, str>,
    /// When it was made, to the second.
    pub timestamp: Timestamp,
    /// Seconds that a presigned request lives, 0 to [`MAX_EXPIRES`].
    pub expires: Option<u32>,
    /// The session token of temporary credentials.
    pub session_token: Option<Cow<'a, str>>,
    /// SigV4A's regions, separated by commas, each perhaps with wildcards.
    pub region_set: Option<Cow<'a, str>>,
}

impl SignedRequest<'_> {
    /// The names of the signed headers, as sent.
    pub fn signed_header_names(&self) -> impl Iterator<Item = &str> {
        self.signed_headers.split(';').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Whether a header is among the signed ones, whatever its case.
    pub fn signs(&self, header: &str) -> bool {
        self.signed_header_names().any(|name| name.eq_ignore_ascii_case(header))
    }

    /// The region that the request is for: the scope's, or the first literal one of SigV4A's set.
    pub fn region(&self) -> Option<&str> {
        match &self.scope.region {
            Some(region) => Some(region),
            None => self
                .region_set
                .as_deref()?
                .split(',')
                .map(str::trim)
                .find(|region| !region.is_empty() && !region.contains('*')),
        }
    }
}

/// The credentials that a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// None: an anonymous request.
    None,
    /// SigV4 or SigV4A in the `Authorization` header.
    Header(SignedRequest<'a>),
    /// SigV4 or SigV4A in the query.
    Presigned(SignedRequest<'a>),
    /// Signature Version 2, in the header or in the query. S3's can be verified.
    V2(SignedV2<'a>),
    /// A still older scheme, recognised so that its account can be told, and never verified.
    Older {
        /// The access key id.
        access_key: Cow<'a, str>,
    },
    /// An `Authorization` header of another scheme, such as `Bearer`.
    Other {
        /// The scheme's name, as sent.
        scheme: &'a str,
    },
}

impl<'a> Presented<'a> {
    /// The signature, where there is one of version 4.
    pub fn signed(&self) -> Option<&SignedRequest<'a>> {
        match self {
            Self::Header(signed) | Self::Presigned(signed) => Some(signed),
            Self::None | Self::V2(_) | Self::Older { .. } | Self::Other { .. } => None,
        }
    }

    /// The session token, where one is presented.
    pub fn session_token(&self) -> Option<&str> {
        match self {
            Self::Header(signed) | Self::Presigned(signed) => signed.session_token.as_deref(),
            Self::V2(signed) => signed.session_token.as_deref(),
            Self::None | Self::Older { .. } | Self::Other { .. } => None,
        }
    }

    /// The access key id, where one is presented.
    pub fn access_key(&self) -> Option<&str> {
        match self {
            Self::Header(signed) | Self::Presigned(signed) => Some(&signed.access_key),
            Self::V2(signed) => Some(&signed.access_key),
            Self::Older { access_key } => Some(access_key),
            Self::None | Self::Other { .. } => None,
        }
    }
}
