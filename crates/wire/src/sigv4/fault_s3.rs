//! How S3 words a refusal, and the elements that it adds to its error document (S3 API Reference, "Error Responses").

use super::Location;
use super::date::{format_amz_date, format_extended};
use super::error::{Component, Mismatch, SigError};
use super::fault::{
    BAD_CONTENT_SHA256, FaultParts, MALFORMED_V2, MISMATCH, MISSING_V2, NO_CONTENT_SHA256, PAYLOAD_MISMATCH,
    SEVERAL_MECHANISMS, malformed_v2_expires,
};

const MALFORMED_CREDENTIAL: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
const QUERY_PARAMETERS: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                                X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
const HEADER_COMPONENTS: &str = "The authorization header is malformed; the authorization header requires three \
                                 components: Credential, SignedHeaders, and Signature.";

impl SigError {
    /// The code, status, message and further elements that S3 answers with.
    pub(super) fn s3(&self) -> FaultParts {
        match self {
            Self::MissingToken => FaultParts::new("AccessDenied", 403, "Access Denied"),
            Self::SeveralMechanisms => FaultParts::new("InvalidArgument", 400, SEVERAL_MECHANISMS),
            Self::UnsupportedScheme => FaultParts::new(
                "InvalidRequest",
                400,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            ),
            Self::UnsupportedAlgorithm { algorithm, location: Location::Header } => {
                FaultParts::new("InvalidArgument", 400, "Unsupported Authorization Type")
                    .with("ArgumentName", "Authorization")
                    .with("ArgumentValue", algorithm)
            }
            Self::UnsupportedAlgorithm { location: Location::Query, .. } => FaultParts::new(
                "AuthorizationQueryParametersError",
                400,
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
            ),
            Self::MissingComponents { missing, .. } if missing.as_slice() == [Component::Date] => no_date(),
            Self::NotKeyValue { .. } | Self::MissingComponents { .. } => {
                FaultParts::new("AuthorizationHeaderMalformed", 400, HEADER_COMPONENTS)
            }
            Self::MissingQueryParameters { .. } => {
                FaultParts::new("AuthorizationQueryParametersError", 400, QUERY_PARAMETERS)
            }
            Self::MalformedCredential { location, .. } => malformed(*location, MALFORMED_CREDENTIAL),
            Self::MalformedDate { location: Location::Header, .. } => no_date(),
            Self::MalformedDate { location: Location::Query, .. } => FaultParts::new(
                "AuthorizationQueryParametersError",
                400,
                "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
            ),
            Self::ExpiresNotANumber | Self::ExpiresNegative | Self::ExpiresTooLong => {
                FaultParts::new("AuthorizationQueryParametersError", 400, self.expires_message())
            }
            Self::ScopeDate { scope_date, date, location } => {
                let day = date.split('T').next().unwrap_or_default();
                malformed(
                    *location,
                    &format!(
                        "Invalid credential date \"{scope_date}\". This date is not the same as X-Amz-Date: \"{day}\"."
                    ),
                )
            }
            Self::ScopeTerminator { terminator, location } => malformed(
                *location,
                &format!("incorrect terminal \"{terminator}\". This endpoint uses \"aws4_request\"."),
            ),
            Self::ScopeService { expected, service, location } => malformed(
                *location,
                &format!("incorrect service \"{service}\". This endpoint belongs to \"{expected}\"."),
            ),
            Self::ScopeRegion { expected, region, location } => {
                malformed(*location, &format!("the region '{region}' is wrong; expecting '{expected}'"))
                    .with("Region", expected)
            }
            Self::HostNotSigned => not_signed("host"),
            Self::HeadersNotSigned { names } => not_signed(&names.join(", ")),
            Self::Expired { signed_at, now, minutes } | Self::NotYetCurrent { signed_at, now, minutes } => {
                FaultParts::new(
                    "RequestTimeTooSkewed",
                    403,
                    "The difference between the request time and the current time is too large.",
                )
                .with("RequestTime", format_amz_date(*signed_at))
                .with("ServerTime", format_extended(*now))
                .with("MaxAllowedSkewMilliseconds", (u64::from(*minutes) * 60_000).to_string())
            }
            Self::PresignedExpired { expires, expired_at, now } => {
                let parts = FaultParts::new("AccessDenied", 403, "Request has expired");
                let parts = match expires {
                    Some(expires) => parts.with("X-Amz-Expires", expires.to_string()),
                    None => parts,
                };
                parts.with("Expires", format_extended(*expired_at)).with("ServerTime", format_extended(*now))
            }
            Self::PresignedNotYetValid { now } => FaultParts::new("AccessDenied", 403, "Request is not yet valid")
                .with("ServerTime", format_extended(*now)),
            Self::MalformedV2 { header } => FaultParts::new("InvalidArgument", 400, MALFORMED_V2)
                .with("ArgumentName", "Authorization")
                .with("ArgumentValue", header),
            Self::MissingV2Parameters => FaultParts::new("AccessDenied", 403, MISSING_V2),
            Self::MalformedV2Expires { expires } => FaultParts::new("AccessDenied", 403, malformed_v2_expires(expires)),
            Self::MissingContentSha256 => FaultParts::new("InvalidRequest", 400, NO_CONTENT_SHA256),
            Self::InvalidContentSha256 { value } => FaultParts::new("InvalidArgument", 400, BAD_CONTENT_SHA256)
                .with("ArgumentName", "x-amz-content-sha256")
                .with("ArgumentValue", value),
            Self::PayloadMismatch { declared, computed } => {
                FaultParts::new("XAmzContentSHA256Mismatch", 400, PAYLOAD_MISMATCH)
                    .with("ClientComputedContentSHA256", declared)
                    .with("S3ComputedContentSHA256", computed)
            }
            Self::UnknownAccessKey { access_key } => FaultParts::new(
                "InvalidAccessKeyId",
                403,
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .with("AWSAccessKeyId", access_key),
            Self::InvalidToken | Self::UnusableSecret => {
                FaultParts::new("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
            }
            Self::ExpiredToken => FaultParts::new("ExpiredToken", 400, "The provided token has expired."),
            Self::Mismatch(mismatch) => s3_mismatch(mismatch),
        }
    }
}

fn no_date() -> FaultParts {
    FaultParts::new("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
}

fn not_signed(names: &str) -> FaultParts {
    FaultParts::new("AccessDenied", 403, "There were headers present in the request which were not signed")
        .with("HeadersNotSigned", names)
}

/// S3's words for a bad credential, by where it stood.
fn malformed(location: Location, why: &str) -> FaultParts {
    match location {
        Location::Header => FaultParts::new(
            "AuthorizationHeaderMalformed",
            400,
            format!("The authorization header is malformed; {why}"),
        ),
        Location::Query => FaultParts::new(
            "AuthorizationQueryParametersError",
            400,
            format!("Error parsing the X-Amz-Credential parameter; {why}"),
        ),
    }
}

fn s3_mismatch(mismatch: &Mismatch) -> FaultParts {
    let bytes = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let parts = FaultParts::new("SignatureDoesNotMatch", 403, format!("{MISMATCH}Check your key and signing method."))
        .with("AWSAccessKeyId", &mismatch.access_key)
        .with("StringToSign", &mismatch.string_to_sign)
        .with("SignatureProvided", &mismatch.provided)
        .with("StringToSignBytes", bytes(&mismatch.string_to_sign));
    match &mismatch.canonical_request {
        Some(request) => parts.with("CanonicalRequest", request).with("CanonicalRequestBytes", bytes(request)),
        None => parts,
    }
}
