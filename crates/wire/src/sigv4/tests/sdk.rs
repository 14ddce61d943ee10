//! Requests signed by botocore 1.44.5, an implementation that shares nothing with this one.

use super::*;

const TOKEN: (&str, &str) = ("x-amz-security-token", "tok/en+=");

/// Verifies a request to a service in `us-east-1`, and gives the session token that it carries.
fn accepted(request: &RequestParts<'_>, service: &str, style: PathStyle, body: &[u8], seconds: i64) -> Option<String> {
    let presented = parse(request).unwrap();
    let signed = presented.signed().unwrap();
    let policy = Policy { style, service: Some(service), region: Some("us-east-1"), ..Policy::default() };
    let now = midnight().plus_seconds(seconds);
    assert_eq!(verify(signed, request, Payload::Bytes(body), SECRET, now, &policy), Ok(()), "{service}");
    signed.session_token.as_deref().map(str::to_owned)
}

#[test]
fn s3_put_with_a_difficult_key() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                         SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token, \
                         Signature=3f2f5da84c2c70e98c86e3518819a5627174526a2b6892ccacc49f390fcbe6fd";
    let headers = headers(&[
        ("host", "s3.amazonaws.com"),
        ("x-amz-meta-a", "  v   w "),
        ("x-amz-content-sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        DATE,
        TOKEN,
        ("authorization", authorization),
    ]);
    let target = "/bucket/a%20b%2Bc%3D%C3%BC%25/../~x?tagging&x-id=Put%20Object";
    let request = parts("PUT", target, &headers);
    assert_eq!(accepted(&request, "s3", PathStyle::S3, b"hello", 0).as_deref(), Some(TOKEN.1));
}

#[test]
fn lambda_invoke_with_a_query() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/lambda/aws4_request, \
                         SignedHeaders=host;x-amz-date;x-amz-security-token, \
                         Signature=c961dce3b46a213704f18de68bddc9788e2afb89e0465603fe8829ce798c1b2d";
    let headers = headers(&[("host", "lambda.us-east-1.amazonaws.com"), DATE, TOKEN, ("authorization", authorization)]);
    let function = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
    // botocore signs a space as %20 and sends it as a plus sign.
    for query in ["Qualifier=%24LATEST&b=a+c~%2F", "b=a%20c%7E/&Qualifier=$LATEST"] {
        let target = format!("/2015-03-31/functions/{function}/invocations?{query}");
        accepted(&parts("POST", &target, &headers), "lambda", PathStyle::Default, b"{}", 0);
    }
}

#[test]
fn sts_presigned_lives_for_fifteen_minutes() {
    let target = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                  &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fsts%2Faws4_request\
                  &X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                  &X-Amz-Security-Token=tok%2Fen%2B%3D\
                  &X-Amz-Signature=2ebd99b43b6b06aa41809389efdd2fb561bfbd66533547e4b60b83f9e1c484c1";
    let headers = headers(&[("host", "sts.us-east-1.amazonaws.com"), ("x-k8s-aws-id", "cluster")]);
    let token = accepted(&parts("GET", target, &headers), "sts", PathStyle::Default, b"", 899);
    assert_eq!(token.as_deref(), Some(TOKEN.1));
}

#[test]
fn s3_presigned_with_a_session_token() {
    let target = "/bucket/k%20%24?response-content-type=a%2Fb%20c&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                  &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                  &X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host\
                  &X-Amz-Security-Token=tok%2Fen%2B%3D\
                  &X-Amz-Signature=5a507ae5848ecfd0744574bd10ae7af46c79a8194118f7465c5d3d951d91bc43";
    let headers = headers(&[("host", "s3.amazonaws.com")]);
    accepted(&parts("GET", target, &headers), "s3", PathStyle::S3, b"", 59);
}
