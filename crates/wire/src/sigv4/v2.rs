//! Signature Version 2 of S3, from the server's side (S3 User Guide, "Signing and authenticating REST requests", and its query-string
//! form): an HMAC-SHA1 over method, a few headers and the resource. Other services never share its form, and took it off long ago.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::{CONTENT_TYPE, DATE};
use kumoi_model::Timestamp;

use super::canonical::decode;
use super::date::parse_date_header;
use super::parse::query_value;
use super::verify::check_skew;
use super::{Component, Location, Mismatch, RequestParts, SigError};
use crate::headers::AMZ_DATE;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// Parameters of the query that name a part of the resource or shape the answer, and are signed with it.
const SUBRESOURCES: [&str; 42] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// What a request says of its signature of version 2: a mere claim until [`verify_v2`] has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedV2<'a> {
    /// Where the signature stands.
    pub location: Location,
    /// The access key id.
    pub access_key: Cow<'a, str>,
    /// The signature, in base64; a presigned request may lack it.
    pub signature: Option<Cow<'a, str>>,
    /// The second since the epoch at which a presigned request ends, as sent.
    pub expires: Option<Cow<'a, str>>,
    /// The session token of temporary credentials.
    pub session_token: Option<Cow<'a, str>>,
}

/// Checks what needs no secret: that the request is complete, and neither too old nor over.
///
/// # Errors
/// The first thing found wrong.
pub fn check_v2(signed: &SignedV2<'_>, parts: &RequestParts<'_>, now: Timestamp) -> Result<(), SigError> {
    match signed.location {
        Location::Query => {
            let (Some(_), Some(expires)) = (&signed.signature, &signed.expires) else {
                return Err(SigError::MissingV2Parameters);
            };
            let malformed = || SigError::MalformedV2Expires { expires: expires.to_string() };
            let expired_at = Timestamp::from_seconds(expires.parse().map_err(|_| malformed())?);
            if now >= expired_at {
                return Err(SigError::PresignedExpired { expires: None, expired_at, now });
            }
            Ok(())
        }
        Location::Header => {
            let missing = || SigError::MissingComponents { missing: vec![Component::Date], header: String::new() };
            let date = parts.header(AMZ_DATE).or_else(|| parts.header(DATE)).ok_or_else(missing)?;
            check_skew(parse_date_header(date.trim_ascii()).ok_or_else(missing)?, now)
        }
    }
}

/// Proves that a request was signed with `secret` and is unchanged. `path` is the resource in path style: with the bucket in front,
/// wherever the request names it, and encoded as it was sent.
///
/// # Errors
/// The first thing found wrong.
pub fn verify_v2(
    signed: &SignedV2<'_>,
    parts: &RequestParts<'_>,
    path: &str,
    secret: &str,
    now: Timestamp,
) -> Result<(), SigError> {
    check_v2(signed, parts, now)?;
    let provided = signed.signature.as_deref().unwrap_or_default();
    let to_sign = string_to_sign(signed, parts, path);
    if matches_v2(secret, &to_sign, provided) {
        return Ok(());
    }
    Err(SigError::Mismatch(Box::new(Mismatch {
        access_key: signed.access_key.clone().into_owned(),
        provided: provided.to_owned(),
        canonical_request: None,
        string_to_sign: String::from_utf8_lossy(&to_sign).into_owned(),
    })))
}

/// Whether a signature, in base64, is that of the text. The comparison takes the same time wherever they differ.
pub fn matches_v2(secret: &str, text: &[u8], signature: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    STANDARD.decode(signature).is_ok_and(|signature| hmac::verify(&key, text, &signature).is_ok())
}

fn string_to_sign(signed: &SignedV2<'_>, parts: &RequestParts<'_>, path: &str) -> Vec<u8> {
    let presigned = signed.location == Location::Query;
    // SDKs move headers that they presign into the query.
    let moved = |name: &HeaderName| query_value(parts.raw_query, name.as_str()).filter(|_| presigned);
    let header = |name: HeaderName| match parts.headers.get(&name) {
        Some(value) => String::from_utf8_lossy(value.as_bytes().trim_ascii()).into_owned(),
        None => moved(&name).unwrap_or_default().into_owned(),
    };
    let date = match &signed.expires {
        Some(expires) if presigned => expires.to_string(),
        // The other date header is among the signed ones, and stands in for this.
        _ if parts.headers.contains_key(AMZ_DATE) => String::new(),
        _ => header(DATE),
    };
    let mut out = Vec::with_capacity(256);
    for line in [parts.method, &header(CONTENT_MD5), &header(CONTENT_TYPE), &date] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    for (name, value) in amz_headers(parts, presigned) {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&value);
        out.push(b'\n');
    }
    out.extend_from_slice(path.as_bytes());
    append_subresources(&mut out, parts.raw_query);
    out
}

/// The `x-amz-*` headers by name, each with all its values.
fn amz_headers(parts: &RequestParts<'_>, presigned: bool) -> BTreeMap<String, Vec<u8>> {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut add = |name: &str, value: &[u8]| {
        let all = found.entry(name.to_owned()).or_default();
        if !all.is_empty() {
            all.push(b',');
        }
        all.extend_from_slice(value.trim_ascii());
    };
    for (name, value) in parts.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-")) {
        add(name.as_str(), value.as_bytes());
    }
    if presigned {
        for (name, value) in pairs(parts.raw_query) {
            let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
            if name.starts_with("x-amz-") && !parts.headers.contains_key(name.as_str()) {
                add(&name, &value.unwrap_or_default());
            }
        }
    }
    found
}

fn append_subresources(out: &mut Vec<u8>, query: &str) {
    let mut kept: Vec<_> = pairs(query).filter(|(name, _)| is_subresource(name)).collect();
    kept.sort_unstable();
    for (at, (name, value)) in kept.iter().enumerate() {
        out.push(if at == 0 { b'?' } else { b'&' });
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
}

fn is_subresource(name: &[u8]) -> bool {
    SUBRESOURCES.iter().any(|known| known.as_bytes() == name)
}

type Pair<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// Names and values of a query, decoded; no value where there is no equals sign.
fn pairs(query: &str) -> impl Iterator<Item = Pair<'_>> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
        Some((name, value)) => (decode(name), Some(decode(value))),
        None => (decode(part), None),
    })
}
