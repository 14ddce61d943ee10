//! The clock, the scope, the signed headers, and the code of each refusal.

use super::*;

/// A request signed in its header at midnight for `service` in `us-east-1`, and what becomes of it.
fn checked(change: impl Fn(&mut SignedRequest<'_>), now: Timestamp, policy: &Policy<'_>) -> Result<(), SigError> {
    let mut headers = headers(&[("host", "h"), ("x-amz-meta-a", "b")]);
    let credentials = Credentials { access_key: ACCESS_KEY, secret: SECRET, session_token: None };
    let signer = Signer {
        credentials,
        algorithm: Algorithm::Hmac,
        region: "us-east-1",
        service: "service",
        style: policy.style,
        now: midnight(),
    };
    signer.sign("POST", "/", "", &mut headers, EMPTY).unwrap();
    let parts = parts("POST", "/", &headers);
    let presented = parse(&parts).unwrap();
    let mut signed = presented.signed().unwrap().clone();
    change(&mut signed);
    verify(&signed, &parts, Payload::Bytes(b""), SECRET, now, policy)
}

#[test]
fn the_clock() {
    let same = |_: &mut SignedRequest<'_>| {};
    let five = Policy { skew_minutes: 5, ..Policy::default() };
    for (policy, limit) in [(Policy::default(), 900), (five, 300), (Policy::s3(), 900)] {
        for seconds in [-limit, 0, limit] {
            assert_eq!(checked(same, midnight().plus_seconds(seconds), &policy), Ok(()), "{seconds}");
        }
        let late = checked(same, midnight().plus_seconds(limit + 1), &policy).unwrap_err();
        let early = checked(same, midnight().plus_seconds(-limit - 1), &policy).unwrap_err();
        assert!(matches!(late, SigError::Expired { .. }), "{late:?}");
        assert!(matches!(early, SigError::NotYetCurrent { .. }), "{early:?}");
    }
    let late = checked(same, midnight().plus_seconds(301), &five).unwrap_err();
    assert_eq!(
        late.to_string(),
        "Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T000501Z - 5 min.)"
    );
    assert_eq!(late.to_fault_parts(Family::Json).code, "InvalidSignatureException");
    let early = checked(same, midnight().plus_seconds(-901), &Policy::default()).unwrap_err();
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)"
    );
    let fault = early.to_fault_parts(Family::S3);
    assert_eq!((fault.code, fault.status), ("RequestTimeTooSkewed", 403));
    let details = [
        ("RequestTime", "20130524T000000Z"),
        ("ServerTime", "2013-05-23T23:44:59Z"),
        ("MaxAllowedSkewMilliseconds", "900000"),
    ];
    assert_eq!(fault.details, details.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn the_scope_and_the_signed_headers() {
    let code = |change: fn(&mut SignedRequest<'_>), policy: Policy<'_>| {
        let error = checked(change, midnight(), &policy).unwrap_err();
        (error.to_string(), error.to_fault_parts(Family::S3).message)
    };
    let policy = Policy { service: Some("service"), region: Some("us-east-1"), ..Policy::default() };
    assert_eq!(checked(|_| {}, midnight(), &policy), Ok(()));
    let (message, s3) = code(|_| {}, Policy { service: Some("batch"), ..policy });
    assert_eq!(message, "Credential should be scoped to correct service: 'batch'. ");
    assert_eq!(
        s3,
        "The authorization header is malformed; incorrect service \"service\". This endpoint belongs to \"batch\"."
    );
    let (message, s3) = code(|_| {}, Policy { region: Some("eu-central-1"), ..policy });
    assert_eq!(message, "Credential should be scoped to a valid region, not 'us-east-1'. ");
    assert_eq!(s3, "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'");
    let (message, _) = code(|signed| signed.scope.terminator = "aws5_request".into(), policy);
    assert_eq!(message, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ");
    for date in ["20130523", "2013052", "", "20130524T"] {
        let error = checked(|signed| signed.scope.date = date.to_owned().into(), midnight(), &policy).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' \
                 != '20130524', from '20130524T000000Z'."
            )
        );
    }
    let (message, _) = code(|signed| signed.signed_headers = "x-amz-date".into(), policy);
    assert_eq!(message, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    let error = checked(
        |signed| signed.signed_headers = "host;x-amz-date;x-amz-content-sha256".into(),
        midnight(),
        &Policy::s3(),
    )
    .unwrap_err();
    let fault = error.to_fault_parts(Family::S3);
    assert_eq!(
        (fault.code, fault.status, fault.details),
        ("AccessDenied", 403, vec![("HeadersNotSigned", "x-amz-meta-a".to_owned())])
    );
}

/// Codes and statuses of the refusals that depend on what the server knows.
#[test]
fn codes_of_each_family() {
    let key = SigError::UnknownAccessKey { access_key: "AKID".into() };
    let mismatch = SigError::Mismatch(Box::new(Mismatch {
        access_key: "AKID".into(),
        provided: "00".into(),
        canonical_request: Some("GET\n/".into()),
        string_to_sign: "AWS4".into(),
    }));
    use Family::{Ec2, Json, Query, RestJson, S3};
    for (error, family, code, status) in [
        (&SigError::MissingToken, Json, "MissingAuthenticationTokenException", 400),
        (&SigError::MissingToken, Query, "MissingAuthenticationToken", 403),
        (&SigError::MissingToken, S3, "AccessDenied", 403),
        (&key, Json, "UnrecognizedClientException", 400),
        (&key, RestJson, "UnrecognizedClientException", 403),
        (&key, Query, "InvalidClientTokenId", 403),
        (&key, Ec2, "AuthFailure", 401),
        (&key, S3, "InvalidAccessKeyId", 403),
        (&SigError::ExpiredToken, Json, "ExpiredTokenException", 400),
        (&SigError::ExpiredToken, Query, "ExpiredToken", 403),
        (&SigError::ExpiredToken, S3, "ExpiredToken", 400),
        (&SigError::InvalidToken, S3, "InvalidToken", 400),
        (&mismatch, Json, "InvalidSignatureException", 400),
        (&mismatch, Query, "SignatureDoesNotMatch", 403),
        (&mismatch, Ec2, "AuthFailure", 401),
        (&mismatch, S3, "SignatureDoesNotMatch", 403),
    ] {
        let fault = error.to_fault_parts(family);
        assert_eq!((fault.code, fault.status), (code, status), "{error:?} {family:?}");
    }
    assert_eq!(
        mismatch.to_string(),
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the \
         service documentation for details.\n\nThe Canonical String for this request should have been\n'GET\n/'\n\nThe \
         String-to-Sign should have \
         been\n'AWS4'\n"
    );
    let details: Vec<_> =
        mismatch.to_fault_parts(S3).details.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        details[..4],
        ["AWSAccessKeyId=AKID", "StringToSign=AWS4", "SignatureProvided=00", "StringToSignBytes=41 57 53 34"]
    );
}
