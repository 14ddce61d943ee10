//! S3's worked examples and S3's own rules.

use http::HeaderMap;

use super::*;

/// Method, target, headers, names of the signed ones, signature, and the body.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str, Payload<'a>);

/// "Examples: Signature Calculations" of the Authorization header, and the seed of both chunked uploads.
#[test]
fn documented_s3_requests() {
    let hello = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let chunked =
        [("host", "s3.amazonaws.com"), ("content-encoding", "aws-chunked"), ("content-length", "66824"), DATE];
    let chunked =
        [&chunked[..], &[("x-amz-decoded-content-length", "66560"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]]
            .concat();
    let upload = [&chunked[..], &[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]].concat();
    let trailer = [
        &chunked[..],
        &[
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ],
    ]
    .concat();
    let get = [BUCKET, DATE, ("x-amz-content-sha256", EMPTY)];
    let put = [
        BUCKET,
        DATE,
        ("x-amz-content-sha256", hello),
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let range = [&get[..], &[("range", "bytes=0-9")]].concat();
    let cases: &[Case<'_>] = &[
        (
            "GET",
            "/test.txt",
            &range,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            Payload::Bytes(b""),
        ),
        (
            "PUT",
            "/test$file.text",
            &put,
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            Payload::Bytes(b"Welcome to Amazon S3."),
        ),
        (
            "GET",
            "/?lifecycle",
            &get,
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            Payload::Bytes(b""),
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            &get,
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            Payload::Digest(sha256(b"")),
        ),
        (
            "PUT",
            "/examplebucket/chunkObject.txt",
            &upload,
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
             x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            Payload::Streamed,
        ),
        (
            "PUT",
            "/examplebucket/chunkObject.txt",
            &trailer,
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;\
             x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
            Payload::Streamed,
        ),
    ];
    for (method, target, pairs, names, signature, payload) in cases {
        // The documentation writes the parts without a space between them, clients write one.
        for separator in [",", ", ", " , "] {
            let mut headers = headers(pairs);
            let authorization = format!("{SCOPE}{separator}SignedHeaders={names}{separator}Signature={signature}");
            headers.insert("authorization", authorization.parse().unwrap());
            assert_eq!(s3(&parts(method, target, &headers), *payload, midnight()), Ok(()), "{target} {names}");
        }
    }
    // The declared hash is what is signed; the body is compared with it.
    let mut headers = headers(&put);
    let (_, target, _, names, signature, _) = cases[1];
    headers.insert("authorization", format!("{SCOPE}, SignedHeaders={names}, Signature={signature}").parse().unwrap());
    let error = s3(&parts("PUT", target, &headers), Payload::Bytes(b"Welcome to Amazon S4."), midnight()).unwrap_err();
    assert_eq!(error.to_fault_parts(Family::S3).code, "XAmzContentSHA256Mismatch");
}

/// "Authenticating Requests: Using Query Parameters", its example.
#[test]
fn documented_presigned_request() {
    let bucket = headers(&[BUCKET]);
    let at = |target: &str, headers: &HeaderMap, seconds: i64| {
        s3(&parts("GET", target, headers), Payload::Streamed, midnight().plus_seconds(seconds))
    };
    for seconds in [-900, 0, 86_399] {
        assert_eq!(at(PRESIGNED, &bucket, seconds), Ok(()), "{seconds}");
    }
    assert!(matches!(at(PRESIGNED, &bucket, 86_400), Err(SigError::PresignedExpired { expires: Some(86_400), .. })));
    assert!(matches!(at(PRESIGNED, &bucket, -901), Err(SigError::PresignedNotYetValid { .. })));
    // Parameters in another order, with another encoding, are the same request; any other change is not.
    let (path, query) = PRESIGNED.split_once('?').unwrap();
    let reversed: Vec<&str> = query.split('&').rev().collect();
    assert_eq!(at(&format!("{path}?{}", reversed.join("&")).replace("%2F", "/"), &bucket, 0), Ok(()));
    assert_eq!(at(&PRESIGNED.replace("test", "%74est"), &bucket, 0), Ok(()));
    for (from, to) in [
        ("test", "Test"),
        ("86400", "86401"),
        ("20130524T", "20130524T0"),
        ("aeeed", "beeed"),
        ("=host", "=host%3Bx"),
        ("us-east-1", "us-east-2"),
    ] {
        assert!(at(&PRESIGNED.replace(from, to), &bucket, 0).is_err(), "{from}");
    }
    let two = headers(&[BUCKET, ("x-amz-meta-a", "b")]);
    assert_eq!(at(PRESIGNED, &two, 0), Err(SigError::HeadersNotSigned { names: vec!["x-amz-meta-a".to_owned()] }));
    let no_expires = PRESIGNED.replace("&X-Amz-Expires=86400", "");
    assert_eq!(at(&no_expires, &bucket, 0), Err(SigError::MissingQueryParameters { missing: vec!["X-Amz-Expires"] }));
}

#[test]
fn an_http2_authority_is_the_host() {
    let none = HeaderMap::new();
    let request = RequestParts { authority: Some(BUCKET.1), ..parts("GET", PRESIGNED, &none) };
    assert_eq!(s3(&request, Payload::Streamed, midnight()), Ok(()));
    assert!(matches!(s3(&parts("GET", PRESIGNED, &none), Payload::Streamed, midnight()), Err(SigError::Mismatch(_))));
}

#[test]
fn s3_wants_the_hash_of_the_body() {
    let request = |value: Option<&str>| {
        let mut headers = headers(&[
            BUCKET,
            DATE,
            ("authorization", &format!("{SCOPE}, SignedHeaders=host;x-amz-date;x-amz-content-sha256, Signature=00")),
        ]);
        if let Some(value) = value {
            headers.insert("x-amz-content-sha256", value.parse().unwrap());
        }
        s3(&parts("GET", "/", &headers), Payload::Bytes(b""), midnight()).unwrap_err().to_fault_parts(Family::S3)
    };
    assert_eq!(request(None).message, "Missing required header for this request: x-amz-content-sha256");
    assert_eq!(request(Some("nonsense")).code, "InvalidArgument");
    assert_eq!(request(Some("UNSIGNED-PAYLOAD")).code, "SignatureDoesNotMatch");
}
