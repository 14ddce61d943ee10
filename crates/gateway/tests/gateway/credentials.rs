//! Keys that were issued are verified, and the default one; all others are taken as they come.

use std::fmt::Write as _;

use kumoi_core::Principal;
use kumoi_core::clock::real_time;
use kumoi_core::identity::{CREDENTIALS, Credential, PrincipalKind};
use kumoi_model::Timestamp;
use kumoi_store::{Scope, WorldId};
use kumoi_wire::sigv4::{Algorithm, Credentials, PathStyle, Signer};
use serde_json::json;

use crate::support::{Response, Running, authorization, start, start_with};

pub(crate) const KEY: &str = "ASIAABCDEFGHIJKLMNOP";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Issues [`KEY`] as STS would.
pub(crate) async fn issue(server: &Running, expires: Option<Timestamp>, active: bool) {
    let principal = Principal {
        account: "111122223333".into(),
        arn: "arn:aws:sts::111122223333:assumed-role/reader/me".into(),
        user_id: "AROAEXAMPLE:me".into(),
        kind: PrincipalKind::AssumedRole,
    };
    let credential = Credential {
        secret: "secret".into(),
        session_token: Some("token".into()),
        principal,
        expires,
        active,
        session: Default::default(),
    };
    let store = server.kernel.store();
    let tx = store.begin(&WorldId::default()).unwrap();
    tx.put(&Scope::world(), &CREDENTIALS, &KEY.to_owned(), &credential).await.unwrap();
    store.commit(tx).await.unwrap();
}

/// The SHA-256 of [`BODY`].
const BODY_HASH: &str = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";

/// Calls `GetCallerIdentity` with the key that was issued, signed at `when`.
async fn call(server: &Running, secret: &str, token: &str, when: Timestamp) -> Response {
    call_with(server, Credentials { access_key: KEY, secret, session_token: Some(token) }, when).await
}

async fn call_with(server: &Running, credentials: Credentials<'_>, when: Timestamp) -> Response {
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "localhost".parse().unwrap());
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let signer = Signer {
        credentials,
        algorithm: Algorithm::Hmac,
        region: "us-east-1",
        service: "sts",
        style: PathStyle::Default,
        now: when,
    };
    signer.sign("POST", "/", "", &mut headers, BODY_HASH).unwrap();
    let mut request = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in &headers {
        writeln!(request, "{name}: {}\r", value.to_str().unwrap()).unwrap();
    }
    write!(request, "Content-Length: {}\r\n\r\n{BODY}", BODY.len()).unwrap();
    server.exchange(&request).await
}

/// The code of an error in the query protocol.
fn code(response: &Response) -> &str {
    let text = response.text();
    text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or(text, |(code, _)| code)
}

#[tokio::test]
async fn an_issued_key_acts_as_its_principal() {
    let server = start().await;
    let now = real_time();
    issue(&server, Some(now.plus_seconds(900)), true).await;
    let response = call(&server, "secret", "token", now).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(
        response.text().contains("<Arn>arn:aws:sts::111122223333:assumed-role/reader/me</Arn>"),
        "{}",
        response.text()
    );
    assert_eq!(server.last().account, "111122223333");
}

#[tokio::test]
async fn an_issued_key_is_verified() {
    let server = start().await;
    let now = real_time();
    issue(&server, Some(now.plus_seconds(900)), true).await;
    for (secret, token, when, expected) in [
        ("other", "token", now, "SignatureDoesNotMatch"),
        ("secret", "other", now, "InvalidClientTokenId"),
        ("secret", "token", now.plus_seconds(-3600), "SignatureDoesNotMatch"),
        ("secret", "token", now.plus_seconds(3600), "SignatureDoesNotMatch"),
    ] {
        let response = call(&server, secret, token, when).await;
        assert_eq!((response.status, code(&response)), (403, expected), "{}", response.text());
    }
    // Who looks for what went wrong finds it among the latest requests.
    let last = server.last();
    let found = (last.service.as_str(), last.operation.as_str(), last.status, last.code.as_deref());
    assert_eq!(found, ("sts", "GetCallerIdentity", 403, Some("SignatureDoesNotMatch")));
    issue(&server, None, false).await;
    let response = call(&server, "secret", "token", now).await;
    assert_eq!((response.status, code(&response)), (403, "InvalidClientTokenId"));
}

#[tokio::test]
async fn the_default_key_is_verified() {
    let server = start().await;
    let now = real_time();
    for (access_key, session_token) in [("test", None), ("test", Some("any")), ("test@default", None)] {
        let response = call_with(&server, Credentials { access_key, secret: "test", session_token }, now).await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert!(response.text().contains("<Arn>arn:aws:iam::000000000000:root</Arn>"), "{}", response.text());
    }
    for (access_key, secret, when) in
        [("test", "other", now), ("test@default", "other", now), ("test", "test", now.plus_seconds(-3600))]
    {
        let response = call_with(&server, Credentials { access_key, secret, session_token: None }, when).await;
        assert_eq!((response.status, code(&response)), (403, "SignatureDoesNotMatch"), "{}", response.text());
    }
}

#[tokio::test]
async fn who_shows_no_key_is_nobody_in_s3() {
    let server = start().await;
    for (authorization, host) in [("", "s3.localhost"), ("", "photos.s3.localhost"), ("", "localhost")] {
        server.exchange(&format!("GET /key HTTP/1.1\r\nHost: {host}\r\n{authorization}\r\n")).await;
        let last = server.last();
        assert_eq!((last.service.as_str(), last.principal.as_str()), ("s3", "anonymous"), "{host}");
        assert_eq!(last.account, "000000000000");
    }
}

#[tokio::test]
async fn presigned_requests_to_s3_end_whoever_signed_them() {
    let server = start().await;
    let get = async |query: &str| {
        server.exchange(&format!("GET /photos/cat.jpg?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    };
    let scope = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=anyone%2F20260101%2Feu-west-3%2Fs3%2Faws4_request\
                 &X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    for (query, expected) in [
        (format!("{scope}&X-Amz-Expires=60"), (403, "AccessDenied")),
        (format!("{scope}&X-Amz-Expires=604801"), (400, "AuthorizationQueryParametersError")),
        (format!("{scope}&X-Amz-Expires=-1"), (400, "AuthorizationQueryParametersError")),
        (scope.to_owned(), (400, "AuthorizationQueryParametersError")),
        ("AWSAccessKeyId=anyone&Signature=00&Expires=1175139620".to_owned(), (403, "AccessDenied")),
        ("AWSAccessKeyId=anyone&Signature=00".to_owned(), (403, "AccessDenied")),
        ("AWSAccessKeyId=test&Signature=00&Expires=4102444800".to_owned(), (403, "SignatureDoesNotMatch")),
    ] {
        let response = get(&query).await;
        assert_eq!((response.status, code(&response)), expected, "{query} {}", response.text());
    }
    let text = get(&format!("{scope}&X-Amz-Expires=60")).await;
    let text = text.text();
    let message = "<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires><Expires>2026-01-01T00:01:00Z</Expires>";
    assert!(text.contains(message) && text.contains("<ServerTime>"), "{text}");
    let response = get("AWSAccessKeyId=anyone&Signature=00&Expires=4102444800").await;
    assert_eq!(code(&response), "NotImplemented", "taken at its word");

    let server = start_with(|config| config.compat.skip_presigned_signatures = true).await;
    let request = format!("GET /photos/cat.jpg?{scope}&X-Amz-Expires=60 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(code(&server.exchange(&request).await), "NotImplemented", "taken as it comes");
}

#[tokio::test]
async fn a_key_ends_by_the_clock_of_its_world_and_a_signature_ages_in_real_time() {
    let server = start().await;
    let now = real_time();
    issue(&server, Some(now.plus_seconds(3600)), true).await;
    server.tell("POST", "/_kumoi/clock", &json!({ "action": "advance", "by": "PT50M" })).await;
    assert_eq!(call(&server, "secret", "token", now).await.status, 200, "the client's own clock was not moved");
    server.tell("POST", "/_kumoi/clock", &json!({ "action": "advance", "by": "PT20M" })).await;
    let response = call(&server, "secret", "token", now).await;
    assert_eq!((response.status, code(&response)), (403, "ExpiredToken"));
}

#[tokio::test]
async fn a_malformed_signature_is_refused_in_the_words_of_the_service() {
    let server = start().await;
    for (form, header, status, expected) in [
        (true, "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request", 400, "IncompleteSignature"),
        (true, "AWS4-HMAC-SHA256 nonsense", 400, "IncompleteSignature"),
        (false, "AWS4-HMAC-SHA256 nonsense", 400, "IncompleteSignatureException"),
    ] {
        let clue =
            if form { "Content-Type: application/x-www-form-urlencoded" } else { "X-Amz-Target: AmazonSQS.ListQueues" };
        let body = if form { BODY } else { "{}" };
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\n{clue}\r\nAuthorization: {header}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let response = server.exchange(&request).await;
        assert!(response.text().contains(expected), "{}", response.text());
        assert_eq!(response.status, status, "{}", response.text());
    }
}

#[tokio::test]
async fn keys_that_nobody_issued_are_taken_as_they_come() {
    let server = start().await;
    for (key, account) in
        [("anyone", "000000000000"), ("123456789012", "123456789012"), ("AKIAIOSFODNN7EXAMPLE", "000000000000")]
    {
        let headers = authorization(key, "us-east-1", "sts");
        let length = BODY.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{BODY}"
        );
        let response = server.exchange(&request).await;
        assert!(response.text().contains(&format!("<Arn>arn:aws:iam::{account}:root</Arn>")), "{}", response.text());
    }
}

#[tokio::test]
async fn the_root_user_is_of_the_partition_of_the_region() {
    let server = start().await;
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")] {
        let headers = authorization("111122223333", region, "sts");
        let length = BODY.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{BODY}"
        );
        let response = server.exchange(&request).await;
        assert!(
            response.text().contains(&format!("<Arn>arn:{partition}:iam::111122223333:root</Arn>")),
            "{}",
            response.text()
        );
    }
}
