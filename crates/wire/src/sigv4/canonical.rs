//! The canonical request and the string to sign (IAM User Guide, "Create a signed AWS API request", steps 1 to 3).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use super::date::format_amz_date;
use super::{Location, PathStyle, RequestParts, SignedRequest, hex_sha256};

/// All but RFC 3986's unreserved characters.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same without the slash, for whole paths.
const RESERVED_IN_PATH: AsciiSet = RESERVED.remove(b'/');

/// Builds the canonical request, which is text but for header values in other encodings. `payload` is its last line.
pub fn canonical_request(
    signed: &SignedRequest<'_>,
    parts: &RequestParts<'_>,
    payload: &str,
    style: PathStyle,
) -> Vec<u8> {
    let mut names: Vec<Cow<'_, str>> = signed.signed_header_names().map(lower_case).collect();
    names.sort_unstable();
    let mut out = Vec::with_capacity(512);
    for part in [parts.method, &canonical_path(parts.raw_path, style), &canonical_query(signed, parts.raw_query)] {
        out.extend_from_slice(part.as_bytes());
        out.push(b'\n');
    }
    for name in &names {
        append_header(&mut out, name, parts);
    }
    out.push(b'\n');
    out.extend_from_slice(names.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    out
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Builds the string to sign of a canonical request.
pub fn string_to_sign(signed: &SignedRequest<'_>, canonical_request: &[u8]) -> String {
    let date = format_amz_date(signed.timestamp);
    let scope = signed.scope.to_string();
    [signed.algorithm.name(), &date, &scope, &hex_sha256(canonical_request)].join("\n")
}

/// Percent-encodes one name or value of a query as signatures want it: all but RFC 3986's unreserved characters.
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, &RESERVED).to_string()
}

fn canonical_path(raw: &str, style: PathStyle) -> String {
    match style {
        // What S3 signs is the key, encoded once; a client may have encoded more or less of it than that.
        PathStyle::S3 => {
            let key: Cow<'_, [u8]> = percent_decode(raw.as_bytes()).into();
            if key.is_empty() { "/".to_owned() } else { percent_encode(&key, &RESERVED_IN_PATH).to_string() }
        }
        // What was sent is encoded already, and is encoded once more.
        PathStyle::Default => percent_encode(normalise(raw).as_bytes(), &RESERVED_IN_PATH).to_string(),
    }
}

/// Resolves dot segments and empty ones (RFC 3986, 5.2.4, and then doubled slashes).
fn normalise(raw: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut directory = true;
    for segment in raw.split('/') {
        directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    let mut path = format!("/{}", kept.join("/"));
    if directory && !kept.is_empty() {
        path.push('/');
    }
    path
}

/// Names and values decoded, encoded again as AWS wants it, and sorted by both.
fn canonical_query(signed: &SignedRequest<'_>, raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (encode(&decode(name)), encode(&decode(value))))
        .filter(|(name, _)| !left_out(signed, name))
        .collect();
    pairs.sort_unstable();
    let mut out = String::with_capacity(raw.len() + 16);
    for (name, value) in &pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
    out
}

/// A presigned request's signature cannot cover itself, and AWS IoT's WebSocket end point has the session token added
/// after signing (AWS IoT Core Developer Guide, "MQTT over WebSocket").
fn left_out(signed: &SignedRequest<'_>, name: &str) -> bool {
    signed.location == Location::Query
        && (name == "X-Amz-Signature" || (name == "X-Amz-Security-Token" && signed.scope.service == "iotdevicegateway"))
}

/// Undoes percent-encoding; bytes that are no UTF-8 become replacement characters.
pub fn percent_decode_text(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// Decodes a name or value of a query, in which a plus sign is a space.
pub(super) fn decode(part: &str) -> Cow<'_, [u8]> {
    if part.contains('+') {
        return percent_decode(part.replace('+', " ").as_bytes()).collect::<Vec<u8>>().into();
    }
    percent_decode(part.as_bytes()).into()
}

/// `name:value,value` and a line feed. A signed header that is absent has an empty value, so that the signature cannot
/// match.
fn append_header(out: &mut Vec<u8>, name: &str, parts: &RequestParts<'_>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let mut first = true;
    for value in parts.headers.get_all(name) {
        if !first {
            out.push(b',');
        }
        first = false;
        append_trimmed(out, value.as_bytes());
    }
    if let (true, "host", Some(authority)) = (first, name, parts.authority) {
        append_trimmed(out, authority.as_bytes());
    }
    out.push(b'\n');
}

/// Appends a value without white space around it and with runs of spaces as one.
fn append_trimmed(out: &mut Vec<u8>, value: &[u8]) {
    let mut previous = b' ';
    for &byte in value.trim_ascii() {
        if byte != b' ' || previous != b' ' {
            out.push(byte);
        }
        previous = byte;
    }
}

#[cfg(test)]
mod tests {
    use kumoi_model::Timestamp;

    use super::super::{Algorithm, Scope};
    use super::*;

    #[test]
    fn paths() {
        for (raw, default, s3) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("/a/./b/../c", "/a/c", "/a/./b/../c"),
            ("/../..", "/", "/../.."),
            ("//a//", "/a/", "//a//"),
            ("/a b", "/a%20b", "/a%20b"),
            ("/a%20b", "/a%2520b", "/a%20b"),
            ("/a$b~c", "/a%24b~c", "/a%24b~c"),
            ("/a%2Fb", "/a%252Fb", "/a/b"),
            ("/a+b", "/a%2Bb", "/a%2Bb"),
            ("/100%", "/100%25", "/100%25"),
        ] {
            assert_eq!(canonical_path(raw, PathStyle::Default), default, "{raw}");
            assert_eq!(canonical_path(raw, PathStyle::S3), s3, "{raw}");
        }
    }

    #[test]
    fn queries() {
        let mut signed = SignedRequest {
            location: Location::Query,
            algorithm: Algorithm::Hmac,
            access_key: "".into(),
            scope: Scope { date: "".into(), region: None, service: "s3".into(), terminator: "".into() },
            signed_headers: "".into(),
            signature: "".into(),
            timestamp: Timestamp::default(),
            expires: None,
            session_token: None,
            region_set: None,
        };
        for (raw, canonical) in [
            ("", ""),
            ("&&", ""),
            ("a", "a="),
            ("b=2&a=2&a=1&B", "B=&a=1&a=2&b=2"),
            ("a=1+2%2B3", "a=1%202%2B3"),
            ("a=%7e%2f%zz=/", "a=~%2F%25zz%3D%2F"),
            ("%61b=c&X-Amz-Signature=00", "ab=c"),
            ("X-Amz-Security-Token=t", "X-Amz-Security-Token=t"),
        ] {
            assert_eq!(canonical_query(&signed, raw), canonical, "{raw}");
        }
        signed.scope.service = "iotdevicegateway".into();
        assert_eq!(canonical_query(&signed, "X-Amz-Security-Token=t&a=b"), "a=b");
        signed.location = Location::Header;
        assert_eq!(canonical_query(&signed, "X-Amz-Signature=t"), "X-Amz-Signature=t");
    }

    #[test]
    fn header_values() {
        let mut out = Vec::new();
        append_trimmed(&mut out, b" \t a   \"b   c\"  d\t ");
        assert_eq!(out, b"a \"b c\" d");
    }
}
