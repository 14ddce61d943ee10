//! The public Signature Version 4 test suite (`data/sigv4`), AWS's SigV4A vectors, and
//! tampering.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use kumoi_model::Timestamp;
use kumoi_wire::sigv4::{
    Algorithm, Credentials, PathStyle, Payload, Policy, Presented, RequestParts, SigError, Signer, SigningKey,
    canonical_request, parse, parse_amz_date, string_to_sign, verify,
};

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Files of the suite that are not what they claim to be, and why.
const EXCLUDED: &[(&str, &str)] = &[(
    "get-vanilla-with-session-token.sreq",
    "its Authorization header is get-vanilla's, which does not cover the token; the .authz file does and is used",
)];

struct Request {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let (line, rest) = head.split_once('\n').unwrap();
        let (method, target) = line.strip_suffix(" HTTP/1.1").unwrap().split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // RFC 9112, 5.2: a server that accepts a folded line replaces the fold with spaces.
        let unfolded = rest.replace("\n ", "  ");
        let mut headers = HeaderMap::new();
        for header in unfolded.lines().filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':').unwrap();
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.trim().as_bytes()).unwrap(),
            );
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.trim_end_matches('\n').into(),
        }
    }

    fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: &self.method,
            raw_path: &self.path,
            raw_query: &self.query,
            headers: &self.headers,
            authority: None,
        }
    }

    fn authorize(&mut self, authorization: &str) {
        self.headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
    }

    fn verify(&self) -> Result<(), SigError> {
        let parts = self.parts();
        let presented = parse(&parts)?;
        let signed = presented.signed().ok_or(SigError::MissingToken)?;
        let policy = Policy { service: Some("service"), region: Some("us-east-1"), ..Policy::default() };
        verify(signed, &parts, Payload::Bytes(&self.body), SECRET, noon(), &policy)
    }
}

fn noon() -> Timestamp {
    parse_amz_date("20150830T123600Z").unwrap()
}

/// The cases of the suite: folders with a canonical request.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sigv4");
    let (mut folders, mut cases) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "creq") {
                cases.push(path.with_extension(""));
            }
        }
    }
    cases.sort();
    assert_eq!(cases.len(), 34, "cases of the suite");
    cases
}

fn file(case: &Path, extension: &str) -> String {
    fs::read_to_string(case.with_extension(extension)).unwrap().replace("\r\n", "\n")
}

#[test]
fn every_vector_of_the_suite() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let mut request = Request::read(&file(&case, "sreq"));
        let excluded = EXCLUDED.iter().any(|(file, _)| *file == format!("{name}.sreq"));
        assert_eq!(request.verify().is_ok(), !excluded, "{name}: .sreq as it stands");

        request.authorize(&file(&case, "authz"));
        let parts = request.parts();
        let Presented::Header(signed) = parse(&parts).unwrap() else { panic!("{name}") };
        let expected = file(&case, "creq");
        let payload = expected.lines().last().unwrap();
        let canonical = canonical_request(&signed, &parts, payload, PathStyle::Default);
        assert_eq!(String::from_utf8(canonical.clone()).unwrap(), expected, "{name}: canonical request");
        assert_eq!(string_to_sign(&signed, &canonical), file(&case, "sts"), "{name}: string to sign");
        assert_eq!(request.verify(), Ok(()), "{name}: signature");
    }
}

#[test]
fn a_changed_bit_anywhere_in_a_signed_part_is_refused() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let read = || {
            let mut request = Request::read(&file(&case, "sreq"));
            request.authorize(&file(&case, "authz"));
            request
        };
        let refused = |request: &Request, what: &str| assert!(request.verify().is_err(), "{name}: {what}");

        let mut request = read();
        request.method = "PUT".into();
        refused(&request, "method");

        let mut request = read();
        request.path.push('x');
        refused(&request, "path");

        let mut request = read();
        request.query.push_str("&x=y");
        refused(&request, "query");

        let mut request = read();
        request.body.push(b'!');
        refused(&request, "body");

        let signed = parse(&read().parts()).unwrap().signed().unwrap().signed_headers.clone().into_owned();
        for header in signed.split(';') {
            let mut request = read();
            let value = request.headers.get(header).unwrap().as_bytes();
            let mut changed = value.to_vec();
            changed[0] ^= 1;
            request
                .headers
                .insert(HeaderName::from_bytes(header.as_bytes()).unwrap(), HeaderValue::from_bytes(&changed).unwrap());
            refused(&request, header);
        }

        let authorization = file(&case, "authz");
        let from = authorization.find("Credential=").unwrap();
        for position in from..authorization.len() {
            let mut changed = authorization.clone().into_bytes();
            changed[position] ^= 1;
            let mut request = read();
            let Ok(value) = HeaderValue::from_bytes(&changed) else { continue };
            request.headers.insert("authorization", value);
            // The access key is not part of what is signed: it chooses the secret. Separators may be white space of any
            // kind.
            let meant = std::str::from_utf8(&changed).unwrap();
            let other_key = !meant.contains("Credential=AKIDEXAMPLE/")
                && meant.contains("/20150830/us-east-1/service/aws4_request, SignedHeaders=")
                && meant.contains("Credential=");
            let separator = matches!(authorization.as_bytes()[position], b',' | b' ');
            assert!(other_key || separator || request.verify().is_err(), "{name}: {meant}");
        }
    }
}

#[test]
fn a_wrong_secret_is_answered_with_both_strings() {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("example.amazonaws.com"));
    let signer = signer(Algorithm::Hmac, PathStyle::Default, None);
    signer.sign("GET", "/", "", &mut headers, EMPTY).unwrap();
    let parts = RequestParts { method: "GET", raw_path: "/", raw_query: "", headers: &headers, authority: None };
    let presented = parse(&parts).unwrap();
    let error = verify(presented.signed().unwrap(), &parts, Payload::Bytes(b""), "another", noon(), &Policy::default())
        .unwrap_err();
    let SigError::Mismatch(mismatch) = error else { panic!("{error:?}") };
    assert_eq!(mismatch.access_key, ACCESS_KEY);
    assert!(
        mismatch.canonical_request.as_deref().unwrap().starts_with("GET\n/\n\nhost:example.amazonaws.com\n"),
        "{:?}",
        mismatch.canonical_request
    );
    assert!(
        mismatch
            .string_to_sign
            .starts_with("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n")
    );
}

fn signer(algorithm: Algorithm, style: PathStyle, session_token: Option<&'static str>) -> Signer<'static> {
    let credentials = Credentials { access_key: ACCESS_KEY, secret: SECRET, session_token };
    Signer { credentials, algorithm, region: "us-east-1", service: "service", style, now: noon() }
}

/// What the signer makes, the verifier accepts: both algorithms, header and presigned, with and without a session
/// token, both path styles.
#[test]
fn signer_and_verifier_agree() {
    for algorithm in [Algorithm::Hmac, Algorithm::Ecdsa] {
        for style in [PathStyle::Default, PathStyle::S3] {
            for token in [None, Some("a+token/with=specials")] {
                let what = format!("{algorithm:?} {style:?} {token:?}");
                let signer = signer(algorithm, style, token);
                let policy = Policy { style, service: Some("service"), region: Some("us-east-1"), skew_minutes: 15 };
                let (path, query) = ("/a/../b c/%2B", "b=2&a=%20x&a=1+2");
                let mut headers = HeaderMap::new();
                headers.insert("host", HeaderValue::from_static("example.amazonaws.com"));

                let presigned = signer.presign("PUT", path, query, &headers, "UNSIGNED-PAYLOAD", 60).unwrap();
                let presigned_default = signer.presign("PUT", path, query, &headers, EMPTY, 60).unwrap();
                let raw_query = if style == PathStyle::S3 { &presigned } else { &presigned_default };
                let parts =
                    RequestParts { method: "PUT", raw_path: path, raw_query, headers: &headers, authority: None };
                let presented = parse(&parts).unwrap();
                let Presented::Presigned(signed) = &presented else { panic!("{what}") };
                assert_eq!(signed.session_token.as_deref(), token, "{what}");
                assert_eq!(signed.expires, Some(60), "{what}");
                assert_eq!(signed.region(), Some("us-east-1"), "{what}");
                assert_eq!(verify(signed, &parts, Payload::Bytes(b""), SECRET, noon(), &policy), Ok(()), "{what}");

                signer.sign("PUT", path, query, &mut headers, EMPTY).unwrap();
                let parts = RequestParts {
                    method: "PUT",
                    raw_path: path,
                    raw_query: query,
                    headers: &headers,
                    authority: None,
                };
                let presented = parse(&parts).unwrap();
                let Presented::Header(signed) = &presented else { panic!("{what}") };
                assert_eq!(signed.session_token.as_deref(), token, "{what}");
                assert_eq!(verify(signed, &parts, Payload::Bytes(b""), SECRET, noon(), &policy), Ok(()), "{what}");
                let elsewhere = Policy { region: Some("eu-west-1"), ..policy };
                let error = verify(signed, &parts, Payload::Bytes(b""), SECRET, noon(), &elsewhere).unwrap_err();
                assert!(matches!(error, SigError::ScopeRegion { .. }), "{what}: {error:?}");
            }
        }
    }
}

/// SigV4A's `get-vanilla`, header and presigned, and `post-sts-header-before` of aws-c-auth's signing test suite.
#[test]
fn sigv4a_vectors() {
    let Ok(SigningKey::Ecdsa(key)) = SigningKey::derive_v4a(ACCESS_KEY, SECRET) else { panic!() };
    let public = "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1865ed22a7eadc9c5cb9d2cbaca1b3699139f\
                  edc5043dc6661864218330c8e518";
    assert_eq!(hex::encode(key.public_key()), format!("04{public}"));

    let mut request = Request::read(
        "GET / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nX-Amz-Region-Set:us-east-1",
    );
    let signature = "3045022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5eb7d2022100effb9c5f22ed9ef3ae0\
                     ab243d21f06bce82365bbb79529a07b6888c343ae5f8c";
    let authorization = format!(
        "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=host;x-amz-date;\
         x-amz-region-set, Signature={signature}"
    );
    request.authorize(&authorization);
    assert_eq!(request.verify(), Ok(()));
    let parts = request.parts();
    let Presented::Header(signed) = parse(&parts).unwrap() else { panic!() };
    let to_sign = string_to_sign(&signed, &canonical_request(&signed, &parts, EMPTY, PathStyle::Default));
    assert_eq!(
        to_sign,
        "AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n20150830/service/aws4_request\ncf59db423e841c8b7e3444158185aa261b72\
         4a5c27cbe762676f3eed19f4dc02"
    );
    request.authorize(&authorization.replace("ae5f8c", "ae5f8d"));
    assert!(matches!(request.verify(), Err(SigError::Mismatch(_))));

    let presigned = "GET /?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&\
                     X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&\
                     X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1&\
                     X-Amz-Signature=3045022100a28466db6c76223d5aa6ed436a8451b30e21ba0a076e7f2f943dd1f3d2816249022049e\
                     4b3746929cd2a2cb7b7984dbe0f5d40a300e7d9a7a7f1307c196b6f96b61a \
                     HTTP/1.1\nHost:example.amazonaws.com";
    assert_eq!(Request::read(presigned).verify(), Ok(()));
    assert!(matches!(
        Request::read(&presigned.replace("Set=us-east-1", "Set=eu-west-1")).verify(),
        Err(SigError::ScopeRegion { .. })
    ));
    assert!(matches!(
        Request::read(&presigned.replace("Set=us-east-1", "Set=us-east-*")).verify(),
        Err(SigError::Mismatch(_))
    ));
}
