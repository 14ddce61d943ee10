//! Random input.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

proptest! {
    /// Whatever a client sends, parsing, verifying and wording the refusal come to an end.
    #[test]
    fn random_requests_never_panic(
        path in "\\PC{0,40}",
        query in "([A-Za-z&=%+;-]|X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=|AWS4){0,30}",
        scheme in "(AWS4-(HMAC|ECDSA-P256)-SHA256 )?",
        rest in "([ ,=/;a-z%]|Credential=|SignedHeaders=|Signature=|a/b/c/d(/e)?){0,30}",
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut headers = headers(&[BUCKET, DATE]);
        let check = |raw_query: &str, headers: &HeaderMap| {
            let request = RequestParts { method: "GET", raw_path: &path, raw_query, headers, authority: None };
            for policy in [Policy::default(), Policy::s3()] {
                let presented = parse(&request);
                let error = match &presented {
                    Ok(presented) => {
                        let Some(signed) = presented.signed() else { continue };
                        verify(signed, &request, Payload::Bytes(&bytes), SECRET, midnight(), &policy).unwrap_err()
                    }
                    Err(error) => error.clone(),
                };
                for family in [Family::S3, Family::Query] {
                    assert!(!error.to_fault_parts(family).message.is_empty());
                }
            }
        };
        check(&query, &headers);
        if let Ok(value) = HeaderValue::from_str(&format!("{scheme}{rest}")) {
            headers.insert("authorization", value);
        }
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.insert("x-amz-content-sha256", value);
        }
        check("", &headers);
        check(&query, &headers);
    }

    /// Any request that the signer signs is accepted, in both styles.
    #[test]
    fn signed_requests_verify(
        path in "/[ -~&&[^?#]]{0,30}",
        raw_query in "[ -~&&[^#]]{0,40}",
        value in "[ -~]{0,30}",
        style in prop::sample::select(vec![PathStyle::Default, PathStyle::S3]),
    ) {
        prop_assume!(!raw_query.contains("X-Amz") && !raw_query.contains("AWSAccessKeyId"));
        let mut headers = headers(&[("host", "h"), ("x-value", &value)]);
        let credentials = Credentials { access_key: ACCESS_KEY, secret: SECRET, session_token: None };
        let (algorithm, now) = (Algorithm::Hmac, midnight());
        let signer = Signer { credentials, algorithm, region: "r", service: "s", style, now };
        signer.sign("GET", &path, &raw_query, &mut headers, EMPTY).unwrap();
        let request = parts_of(&path, &raw_query, &headers);
        let presented = parse(&request).unwrap();
        let policy = Policy { style, ..Policy::default() };
        let signed = presented.signed().unwrap();
        prop_assert_eq!(verify(signed, &request, Payload::Bytes(b""), SECRET, now, &policy), Ok(()));
    }
}

fn parts_of<'a>(raw_path: &'a str, raw_query: &'a str, headers: &'a HeaderMap) -> RequestParts<'a> {
    RequestParts { method: "GET", raw_path, raw_query, headers, authority: None }
}
