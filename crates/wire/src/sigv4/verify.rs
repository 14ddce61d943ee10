//! Proves a signature.

use kumoi_model::Timestamp;

use super::canonical::{canonical_request, string_to_sign};
use super::date::format_amz_date;
use super::payload::{self, Payload};
use super::{
    Algorithm, Location, Mismatch, PathStyle, RequestParts, SigError, SignedRequest, SigningKey, TERMINATOR, v4a,
};

/// What the service that a request is for demands of its signature.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// How the path is signed. S3's style brings S3's other rules along: `x-amz-content-sha256` must be sent, every
    /// `x-amz-*` header must be signed, and `X-Amz-Expires` is obligatory and strict.
    pub style: PathStyle,
    /// The signing name that the scope must have; `None` accepts any.
    pub service: Option<&'a str>,
    /// The region that the scope must have or the region set must cover; `None` accepts any.
    pub region: Option<&'a str>,
    /// Minutes that a client's clock may differ, either way. 15 in S3, STS, IAM and most others; 5 in some JSON
    /// services such as Kinesis.
    pub skew_minutes: u32,
}

impl Default for Policy<'_> {
    fn default() -> Self {
        Self { style: PathStyle::Default, service: None, region: None, skew_minutes: 15 }
    }
}

impl Policy<'_> {
    /// S3's rules, for any region.
    pub fn s3() -> Self {
        Self { style: PathStyle::S3, ..Self::default() }
    }
}

/// Proves that a request was signed with `secret`, just now, for this place, and is unchanged.
///
/// # Errors
/// The first thing found wrong.
pub fn verify(
    signed: &SignedRequest<'_>,
    parts: &RequestParts<'_>,
    payload: Payload<'_>,
    secret: &str,
    now: Timestamp,
    policy: &Policy<'_>,
) -> Result<(), SigError> {
    verify_with_key(signed, parts, payload, &SigningKey::for_request(signed, secret)?, now, policy)
}

/// Like [`verify`], with a key of [`SigningKey::for_request`] that the caller kept. A key for another algorithm matches
/// nothing.
///
/// # Errors
/// The first thing found wrong.
pub fn verify_with_key(
    signed: &SignedRequest<'_>,
    parts: &RequestParts<'_>,
    payload: Payload<'_>,
    key: &SigningKey,
    now: Timestamp,
    policy: &Policy<'_>,
) -> Result<(), SigError> {
    check_clock(signed, now, policy)?;
    check_headers(signed, parts, policy.style)?;
    check_scope(signed, policy)?;
    let payload = payload::resolve(signed, parts, payload, policy.style)?;
    let canonical = canonical_request(signed, parts, &payload.line, policy.style);
    let to_sign = string_to_sign(signed, &canonical);
    if key.algorithm() != signed.algorithm || !key.verifies(to_sign.as_bytes(), &signed.signature) {
        return Err(SigError::Mismatch(Box::new(Mismatch {
            access_key: signed.access_key.clone().into_owned(),
            provided: signed.signature.clone().into_owned(),
            canonical_request: Some(String::from_utf8_lossy(&canonical).into_owned()),
            string_to_sign: to_sign,
        })));
    }
    match payload.mismatch {
        Some((declared, computed)) => Err(SigError::PayloadMismatch { declared, computed }),
        None => Ok(()),
    }
}

/// The version 4 half of what can be checked without a secret: that the request is neither too old, nor over, nor of the future.
///
/// # Errors
/// Which of these it is.
pub fn check_clock(signed: &SignedRequest<'_>, now: Timestamp, policy: &Policy<'_>) -> Result<(), SigError> {
    let signed_at = signed.timestamp;
    let minutes = policy.skew_minutes;
    let skew = i64::from(minutes) * 60;
    let strict = policy.style == PathStyle::S3 && signed.location == Location::Query;
    if signed_at > now.plus_seconds(skew) {
        return Err(if strict {
            SigError::PresignedNotYetValid { now }
        } else {
            SigError::NotYetCurrent { signed_at, now, minutes }
        });
    }
    if strict {
        let expires = signed.expires.ok_or(SigError::MissingQueryParameters { missing: vec!["X-Amz-Expires"] })?;
        let expired_at = signed_at.plus_seconds(i64::from(expires));
        return if now >= expired_at {
            Err(SigError::PresignedExpired { expires: Some(expires), expired_at, now })
        } else {
            Ok(())
        };
    }
    // Services other than S3 take X-Amz-Expires as a wish for more time: STS's presigned GetCallerIdentity lives for 15
    // minutes though clients ask for one.
    let life = skew.max(i64::from(signed.expires.unwrap_or(0)));
    if signed_at.plus_seconds(life) < now {
        let minutes = u32::try_from(life / 60).unwrap_or(minutes);
        return Err(SigError::Expired { signed_at, now, minutes });
    }
    Ok(())
}

/// Checks the age of a request that was signed for at once, as S3 measures it.
pub(super) fn check_skew(signed_at: Timestamp, now: Timestamp) -> Result<(), SigError> {
    let minutes = Policy::default().skew_minutes;
    let skew = i64::from(minutes) * 60;
    if signed_at > now.plus_seconds(skew) {
        Err(SigError::NotYetCurrent { signed_at, now, minutes })
    } else if signed_at.plus_seconds(skew) < now {
        Err(SigError::Expired { signed_at, now, minutes })
    } else {
        Ok(())
    }
}

fn check_headers(signed: &SignedRequest<'_>, parts: &RequestParts<'_>, style: PathStyle) -> Result<(), SigError> {
    if !signed.signs("host") {
        return Err(SigError::HostNotSigned);
    }
    if style == PathStyle::S3 {
        let mut names: Vec<String> = parts
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && !signed.signs(name))
            .map(str::to_owned)
            .collect();
        if !names.is_empty() {
            names.sort_unstable();
            return Err(SigError::HeadersNotSigned { names });
        }
    }
    Ok(())
}

fn check_scope(signed: &SignedRequest<'_>, policy: &Policy<'_>) -> Result<(), SigError> {
    let (scope, location) = (&signed.scope, signed.location);
    if scope.terminator != TERMINATOR {
        return Err(SigError::ScopeTerminator { terminator: scope.terminator.clone().into_owned(), location });
    }
    if let Some(expected) = policy.service.filter(|expected| *expected != scope.service) {
        return Err(SigError::ScopeService {
            expected: expected.to_owned(),
            service: scope.service.clone().into_owned(),
            location,
        });
    }
    let region = match signed.algorithm {
        Algorithm::Hmac => scope.region.as_deref(),
        Algorithm::Ecdsa => signed.region_set.as_deref(),
    }
    .unwrap_or_default();
    let covered = |expected: &str| match signed.algorithm {
        Algorithm::Hmac => region == expected,
        Algorithm::Ecdsa => v4a::covers(region, expected),
    };
    if let Some(expected) = policy.region.filter(|expected| !covered(expected)) {
        return Err(SigError::ScopeRegion { expected: expected.to_owned(), region: region.to_owned(), location });
    }
    let date = format_amz_date(signed.timestamp);
    if !date.starts_with(&*scope.date) || scope.date.len() != 8 {
        return Err(SigError::ScopeDate { scope_date: scope.date.clone().into_owned(), date, location });
    }
    Ok(())
}
