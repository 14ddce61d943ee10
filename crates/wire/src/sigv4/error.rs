//! What can be wrong with a signature. One variant a cause; the wording for clients is in `fault`.

use kumoi_model::Timestamp;

use super::Location;

/// A part that an `Authorization` header must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// `Credential=`.
    Credential,
    /// `Signature=`.
    Signature,
    /// `SignedHeaders=`.
    SignedHeaders,
    /// An `X-Amz-Date` or `Date` header.
    Date,
}

/// Both sides of a signature that does not match, which AWS prints so that a client's author can compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The access key id of the request.
    pub access_key: String,
    /// The signature of the request.
    pub provided: String,
    /// The canonical request as the server sees it; version 2 has none.
    pub canonical_request: Option<String>,
    /// The string to sign as the server sees it.
    pub string_to_sign: String,
}

/// Why a request's credentials are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigError {
    /// The request presents no credentials, and needs some.
    MissingToken,
    /// More than one of `Authorization`, `X-Amz-Algorithm` and version 2's `Signature` is present.
    SeveralMechanisms,
    /// The signature is of version 2 or older, or the scheme is not AWS's at all.
    UnsupportedScheme,
    /// The algorithm is neither of the two of version 4.
    UnsupportedAlgorithm {
        /// What was sent.
        algorithm: String,
        /// Where it stood.
        location: Location,
    },
    /// A part of the `Authorization` header has no `=`.
    NotKeyValue {
        /// The part.
        part: String,
        /// The whole header.
        header: String,
    },
    /// The `Authorization` header, or the date beside it, lacks something.
    MissingComponents {
        /// What is missing.
        missing: Vec<Component>,
        /// The whole header.
        header: String,
    },
    /// A presigned request lacks parameters.
    MissingQueryParameters {
        /// Names of those missing.
        missing: Vec<&'static str>,
    },
    /// The credential does not have the elements that its algorithm asks for.
    MalformedCredential {
        /// What was sent.
        credential: String,
        /// Where it stood.
        location: Location,
    },
    /// The date is no date, or is not in the basic format.
    MalformedDate {
        /// What was sent.
        date: String,
        /// Where it stood.
        location: Location,
    },
    /// `X-Amz-Expires` is not a number.
    ExpiresNotANumber,
    /// `X-Amz-Expires` is below zero.
    ExpiresNegative,
    /// `X-Amz-Expires` exceeds [`MAX_EXPIRES`](super::MAX_EXPIRES).
    ExpiresTooLong,
    /// The day of the scope is not the day of the date.
    ScopeDate {
        /// The scope's day.
        scope_date: String,
        /// The date, in the basic format.
        date: String,
        /// Where the scope stood.
        location: Location,
    },
    /// The scope does not end in `aws4_request`.
    ScopeTerminator {
        /// What it ends in.
        terminator: String,
        /// Where the scope stood.
        location: Location,
    },
    /// The scope names another service.
    ScopeService {
        /// The service that the request is for.
        expected: String,
        /// What the scope names.
        service: String,
        /// Where the scope stood.
        location: Location,
    },
    /// The scope, or SigV4A's region set, is not for this region.
    ScopeRegion {
        /// The region that the request is for.
        expected: String,
        /// What was sent.
        region: String,
        /// Where the scope stood.
        location: Location,
    },
    /// `Host` is not among the signed headers.
    HostNotSigned,
    /// Headers that must be signed when present are not.
    HeadersNotSigned {
        /// Their names, in lower case.
        names: Vec<String>,
    },
    /// The request was signed too long ago.
    Expired {
        /// When it was signed.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// Minutes that a signature stays valid.
        minutes: u32,
    },
    /// The request is signed for the future.
    NotYetCurrent {
        /// When it was signed.
        signed_at: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// Minutes that a client's clock may be ahead.
        minutes: u32,
    },
    /// A presigned request's life is over.
    PresignedExpired {
        /// Its life, in seconds, where it names that and not its end.
        expires: Option<u32>,
        /// When it ended.
        expired_at: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// A presigned request's life has not begun.
    PresignedNotYetValid {
        /// The server's time.
        now: Timestamp,
    },
    /// A header of version 2 is not of the form `AWS KEY:SIGNATURE`.
    MalformedV2 {
        /// The whole header.
        header: String,
    },
    /// A request that is presigned in version 2 lacks a parameter.
    MissingV2Parameters,
    /// `Expires` is no number of seconds.
    MalformedV2Expires {
        /// What was sent.
        expires: String,
    },
    /// S3 wants `x-amz-content-sha256` with every request signed in a header.
    MissingContentSha256,
    /// `x-amz-content-sha256` is neither a hash nor one of the markers.
    InvalidContentSha256 {
        /// What was sent.
        value: String,
    },
    /// The body does not hash to what `x-amz-content-sha256` says.
    PayloadMismatch {
        /// The client's hash, in hexadecimal digits.
        declared: String,
        /// The server's.
        computed: String,
    },
    /// No such access key.
    UnknownAccessKey {
        /// The access key id.
        access_key: String,
    },
    /// The session token does not belong to the access key.
    InvalidToken,
    /// The session token has expired.
    ExpiredToken,
    /// The signature is another than the one that the secret makes.
    Mismatch(Box<Mismatch>),
    /// No key can be derived from the credentials. Does not happen with credentials that AWS or kumoi issued.
    UnusableSecret,
}

impl std::fmt::Display for SigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_fault_parts(super::Family::Query).message)
    }
}

impl std::error::Error for SigError {}
