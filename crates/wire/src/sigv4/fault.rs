//! How each family of services words a refusal.
//!
//! Codes are those of "Common Errors" in every service's API reference and of S3's "Error Responses"; the words are
//! AWS's own, from "Troubleshoot signed requests for AWS APIs" in the IAM User Guide and from answers that clients have
//! published.

use super::date::format_amz_date;
use super::error::{Component, SigError};

/// Services that word their refusals alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// awsJson 1.0 and 1.1, and rpcv2Cbor: codes end in `Exception`, the status is 400.
    Json,
    /// restJson1: the codes of [`Family::Json`], the status is 403.
    RestJson,
    /// awsQuery, and restXml apart from S3.
    Query,
    /// ec2Query.
    Ec2,
    /// S3 and its relatives.
    S3,
}

/// A refusal, ready for a protocol to encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultParts {
    /// AWS's error code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// AWS's message.
    pub message: String,
    /// Further elements that S3 adds to its error document, in order.
    pub details: Vec<(&'static str, String)>,
}

impl FaultParts {
    /// A refusal without further elements.
    pub(crate) fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new() }
    }

    /// The refusal with a further element.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// For a request that is signed twice.
pub(super) const SEVERAL_MECHANISMS: &str = "Only one auth mechanism allowed; only the X-Amz-Algorithm query \
                                             parameter, Signature query string parameter or the Authorization \
                                             header should be specified";
/// For an `x-amz-content-sha256` that makes no sense.
pub(super) const BAD_CONTENT_SHA256: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, \
                                             STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, \
                                             STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                                             STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, \
                                             STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
/// For a request to S3 without `x-amz-content-sha256`.
pub(super) const NO_CONTENT_SHA256: &str = "Missing required header for this request: x-amz-content-sha256";
/// For a body that is not what was signed.
pub(super) const PAYLOAD_MISMATCH: &str =
    "The provided 'x-amz-content-sha256' header does not match what was computed.";
/// For a header of version 2 that has no two halves.
pub(super) const MALFORMED_V2: &str = "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature";
/// For a presigned request of version 2 that is not complete.
pub(super) const MISSING_V2: &str =
    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";

/// For an end that is no moment.
pub(super) fn malformed_v2_expires(expires: &str) -> String {
    format!("Invalid date (should be seconds since epoch): {expires}")
}

/// How every family begins to say that the signature is wrong.
pub(super) const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. ";

/// What went wrong, by the codes that all services but S3 share.
#[derive(Clone, Copy)]
enum Kind {
    Missing,
    Incomplete,
    Mismatch,
    UnknownKey,
    ExpiredToken,
    OutOfTime,
}

impl SigError {
    /// The code, status and message that a service of that family answers with.
    pub fn to_fault_parts(&self, family: Family) -> FaultParts {
        if family == Family::S3 {
            return self.s3();
        }
        let (kind, message) = self.common();
        let (code, status) = match (family, kind) {
            (Family::Json | Family::RestJson, kind) => {
                let code = match kind {
                    Kind::Missing => "MissingAuthenticationTokenException",
                    Kind::Incomplete => "IncompleteSignatureException",
                    Kind::Mismatch | Kind::OutOfTime => "InvalidSignatureException",
                    Kind::UnknownKey => "UnrecognizedClientException",
                    Kind::ExpiredToken => "ExpiredTokenException",
                };
                (code, if family == Family::Json { 400 } else { 403 })
            }
            // EC2 keeps its own counsel about which half of the credentials is wrong.
            (Family::Ec2, Kind::Mismatch | Kind::UnknownKey) => {
                return FaultParts::new(
                    "AuthFailure",
                    401,
                    "AWS was not able to validate the provided access credentials",
                );
            }
            (Family::Ec2, Kind::OutOfTime) => return FaultParts::new("RequestExpired", 400, "Request has expired."),
            (_, Kind::Missing) => ("MissingAuthenticationToken", 403),
            (_, Kind::Incomplete) => ("IncompleteSignature", 400),
            (_, Kind::Mismatch | Kind::OutOfTime) => ("SignatureDoesNotMatch", 403),
            (_, Kind::UnknownKey) => ("InvalidClientTokenId", 403),
            (_, Kind::ExpiredToken) => ("ExpiredToken", 403),
        };
        FaultParts::new(code, status, message)
    }

    /// What went wrong, in the words that all services but S3 share.
    fn common(&self) -> (Kind, String) {
        match self {
            Self::MissingToken | Self::UnsupportedScheme => {
                (Kind::Missing, "Request is missing Authentication Token".into())
            }
            Self::SeveralMechanisms
            | Self::UnsupportedAlgorithm { .. }
            | Self::NotKeyValue { .. }
            | Self::MissingComponents { .. }
            | Self::MissingQueryParameters { .. }
            | Self::MalformedCredential { .. }
            | Self::MalformedDate { .. }
            | Self::ExpiresNotANumber
            | Self::ExpiresNegative
            | Self::ExpiresTooLong
            | Self::MalformedV2 { .. }
            | Self::MissingV2Parameters
            | Self::MalformedV2Expires { .. }
            | Self::MissingContentSha256
            | Self::InvalidContentSha256 { .. } => (Kind::Incomplete, self.form()),
            Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::PresignedExpired { .. }
            | Self::PresignedNotYetValid { .. } => (Kind::OutOfTime, self.clock()),
            Self::UnknownAccessKey { .. } | Self::InvalidToken | Self::UnusableSecret => {
                (Kind::UnknownKey, "The security token included in the request is invalid.".into())
            }
            Self::ExpiredToken => (Kind::ExpiredToken, "The security token included in the request is expired".into()),
            Self::ScopeDate { .. }
            | Self::ScopeTerminator { .. }
            | Self::ScopeService { .. }
            | Self::ScopeRegion { .. }
            | Self::HostNotSigned
            | Self::HeadersNotSigned { .. }
            | Self::PayloadMismatch { .. }
            | Self::Mismatch(_) => (Kind::Mismatch, self.contradiction()),
        }
    }

    /// Says what is wrong with the form of a signature.
    fn form(&self) -> String {
        match self {
            Self::SeveralMechanisms => SEVERAL_MECHANISMS.into(),
            Self::UnsupportedAlgorithm { algorithm, .. } => {
                format!("Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). ")
            }
            Self::NotKeyValue { part, header } => {
                format!("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'.")
            }
            Self::MissingComponents { missing, header } => {
                let lacks = |name| format!("Authorization header requires '{name}' parameter. ");
                let sentences = missing.iter().map(|component| match component {
                    Component::Credential => lacks("Credential"),
                    Component::Signature => lacks("Signature"),
                    Component::SignedHeaders => lacks("SignedHeaders"),
                    Component::Date => {
                        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ".into()
                    }
                });
                format!("{}Authorization={header}", sentences.collect::<String>())
            }
            Self::MissingQueryParameters { missing } => {
                let lacks = |name| format!("AWS query-string parameters must include '{name}'. ");
                let sentences: String = missing.iter().map(lacks).collect();
                format!("{sentences}Re-examine the query-string parameters.")
            }
            Self::MalformedCredential { credential, .. } => format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{credential}'"
            ),
            Self::MalformedDate { date, .. } => format!(
                "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ),
            Self::MalformedV2 { .. } => MALFORMED_V2.into(),
            Self::MissingV2Parameters => MISSING_V2.into(),
            Self::MalformedV2Expires { expires } => malformed_v2_expires(expires),
            Self::MissingContentSha256 => NO_CONTENT_SHA256.into(),
            Self::InvalidContentSha256 { .. } => BAD_CONTENT_SHA256.into(),
            _ => self.expires_message().into(),
        }
    }

    /// Says what is wrong with `X-Amz-Expires`; every family says the same.
    pub(super) fn expires_message(&self) -> &'static str {
        match self {
            Self::ExpiresNotANumber => "X-Amz-Expires should be a number",
            Self::ExpiresNegative => "X-Amz-Expires must be non-negative",
            _ => {
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                 than 604800 seconds"
            }
        }
    }

    /// Says what about a well-formed signature is not true.
    fn contradiction(&self) -> String {
        let must_be_signed = |header: &str| format!("'{header}' must be a 'SignedHeader' in the AWS Authorization.");
        match self {
            Self::ScopeDate { scope_date, date, .. } => format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{scope_date}' != '{}', from '{date}'.",
                date.split('T').next().unwrap_or_default()
            ),
            Self::ScopeTerminator { terminator, .. } => {
                format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'. ")
            }
            Self::ScopeService { expected, .. } => {
                format!("Credential should be scoped to correct service: '{expected}'. ")
            }
            Self::ScopeRegion { region, .. } => {
                format!("Credential should be scoped to a valid region, not '{region}'. ")
            }
            Self::HostNotSigned => must_be_signed("Host' or ':authority"),
            Self::HeadersNotSigned { names } => {
                let sentences: Vec<String> = names.iter().map(|name| must_be_signed(name)).collect();
                sentences.join(" ")
            }
            Self::Mismatch(mismatch) => format!(
                "{MISMATCH}Check your AWS Secret Access Key and signing method. Consult the service documentation for \
                 details.\n\nThe Canonical String for this request should have been\n'{}'\n\nThe String-to-Sign \
                 should have been\n'{}'\n",
                mismatch.canonical_request.as_deref().unwrap_or_default(),
                mismatch.string_to_sign
            ),
            _ => PAYLOAD_MISMATCH.into(),
        }
    }

    /// Says what is wrong with the time of a signature.
    fn clock(&self) -> String {
        match self {
            Self::Expired { signed_at, now, minutes } => {
                let limit = now.plus_seconds(-60 * i64::from(*minutes));
                let [signed_at, limit, now] = [*signed_at, limit, *now].map(format_amz_date);
                format!("Signature expired: {signed_at} is now earlier than {limit} ({now} - {minutes} min.)")
            }
            Self::NotYetCurrent { signed_at, now, minutes } => {
                let limit = now.plus_seconds(60 * i64::from(*minutes));
                let [signed_at, limit, now] = [*signed_at, limit, *now].map(format_amz_date);
                format!("Signature not yet current: {signed_at} is still later than {limit} ({now} + {minutes} min.)")
            }
            Self::PresignedNotYetValid { .. } => "Request is not yet valid".into(),
            _ => "Request has expired".into(),
        }
    }
}
