//! Requests as an AWS SDK signs and sends them, with the key `test` and its secret `test`.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use kumoi_model::Timestamp;
use kumoi_wire::sigv4::{Algorithm, Credentials, PathStyle, Signer};

use crate::Failure;
use crate::http::Template;

/// A signed request to a service. `target` is its path and query, encoded; `payload` is the SHA-256 of its body, or what S3 has in its place.
///
/// # Errors
/// A target or a header that is none.
pub fn request(
    service: &str,
    authority: &str,
    method: Method,
    target: &str,
    headers: &[(&'static str, &str)],
    body: Bytes,
    payload: &str,
) -> Result<Template, Failure> {
    let mut all = HeaderMap::new();
    all.insert("host", HeaderValue::from_str(authority)?);
    for (name, value) in headers {
        all.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let signer = Signer {
        credentials: Credentials { access_key: "test", secret: "test", session_token: None },
        algorithm: Algorithm::Hmac,
        region: "us-east-1",
        service,
        style: if service == "s3" { PathStyle::S3 } else { PathStyle::Default },
        now: now()?,
    };
    signer.sign(method.as_str(), path, query, &mut all, payload).map_err(|error| format!("{error:?}"))?;
    // What SDKs send and do not sign.
    all.insert("accept-encoding", HeaderValue::from_static("identity"));
    let agent = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython m/Z,b,e cfg/retry-mode#standard";
    all.insert("user-agent", HeaderValue::from_static(agent));
    all.insert("amz-sdk-invocation-id", HeaderValue::from_static("6d9f2f9e-8c0b-4b0e-9f0a-0a1b2c3d4e5f"));
    all.insert("amz-sdk-request", HeaderValue::from_static("attempt=1"));
    Ok(Template { method, target: target.parse::<Uri>()?, headers: all, body })
}

#[expect(clippy::disallowed_methods, reason = "a signature is of the moment at which it is made")]
fn now() -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_seconds(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?))
}
