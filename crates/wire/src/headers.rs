//! Headers that every protocol sets.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const TEXT_XML: HeaderValue = HeaderValue::from_static("text/xml");
pub(crate) const TEXT_XML_UTF_8: HeaderValue = HeaderValue::from_static("text/xml;charset=UTF-8");
pub(crate) const APPLICATION_XML: HeaderValue = HeaderValue::from_static("application/xml");
pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const APPLICATION_CBOR: HeaderValue = HeaderValue::from_static("application/cbor");
pub(crate) const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");
pub(crate) const TEXT_PLAIN: HeaderValue = HeaderValue::from_static("text/plain");
pub(crate) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
pub(crate) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
pub(crate) const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

pub(crate) const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
/// The header that says what a signature covers of the body.
pub const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
pub(crate) const REGION_SET: HeaderName = HeaderName::from_static("x-amz-region-set");
pub(crate) const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
pub(crate) const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
/// The header that names the operation in awsJson.
pub const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

pub(crate) const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
pub(crate) const S3_HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// Sets `x-amzn-RequestId`.
pub(crate) fn request_id(headers: &mut HeaderMap, id: &str) {
    insert(headers, REQUEST_ID, id);
}

/// Sets a header, unless the value cannot stand in one.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
