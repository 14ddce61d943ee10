//! S3's worked examples, the rules around a signature, AWS's words for each refusal, and random input.

mod form;
mod random;
mod rules;
mod s3;
mod sdk;
mod v2;

use http::{HeaderMap, HeaderName, HeaderValue};
use kumoi_model::Timestamp;

use super::*;

/// The credentials of all examples in the S3 API Reference.
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const BUCKET: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

fn midnight() -> Timestamp {
    parse_amz_date("20130524T000000Z").unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn parts<'a>(method: &'a str, target: &'a str, headers: &'a HeaderMap) -> RequestParts<'a> {
    let (raw_path, raw_query) = target.split_once('?').unwrap_or((target, ""));
    RequestParts { method, raw_path, raw_query, headers, authority: None }
}

fn s3(parts: &RequestParts<'_>, payload: Payload<'_>, now: Timestamp) -> Result<(), SigError> {
    let presented = parse(parts)?;
    let signed = presented.signed().ok_or(SigError::MissingToken)?;
    verify(
        signed,
        parts,
        payload,
        SECRET,
        now,
        &Policy { service: Some("s3"), region: Some("us-east-1"), ..Policy::s3() },
    )
}

const PRESIGNED: &str = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
                         X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
