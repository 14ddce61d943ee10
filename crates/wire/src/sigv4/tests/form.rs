//! What a signature may look like.

use http::HeaderMap;

use super::*;

/// What is presented, or the error, of a request with that `Authorization` header.
fn presented(authorization: &str) -> Result<String, SigError> {
    let headers = headers(&[DATE, ("authorization", authorization)]);
    parse(&parts("GET", "/", &headers)).map(|presented| format!("{presented:?}"))
}

#[test]
fn authorization_headers() {
    let good = format!("{SCOPE}, SignedHeaders=host, Signature=00");
    let fails = |authorization: &str, family| presented(authorization).unwrap_err().to_fault_parts(family);
    assert!(presented(&good).unwrap().starts_with("Header("));
    assert!(presented(&format!("  {} ", good.replace(' ', " \t "))).unwrap().starts_with("Header("));
    assert!(presented("AWS AKID:sig=").unwrap().contains("access_key: \"AKID\", signature: Some(\"sig=\")"));
    let fault = fails("AWS HAHAHA", Family::S3);
    assert_eq!((fault.code, fault.status), ("InvalidArgument", 400));
    assert_eq!(
        presented("AWS3-HTTPS AWSAccessKeyId=AKID,Algorithm=HmacSHA256,Signature=x").unwrap(),
        "Older { access_key: \"AKID\" }"
    );
    assert_eq!(presented("Bearer abc").unwrap(), "Other { scheme: \"Bearer\" }");
    assert_eq!(presented(" ").unwrap(), "None");

    let fault = fails(&good.replace("=AKIA", "= AKIA"), Family::Query);
    assert_eq!((fault.code, fault.status), ("IncompleteSignature", 400));
    let part = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    assert_eq!(
        fault.message,
        format!(
            "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.",
            good.replace("=AKIA", "= AKIA")
        )
    );
    let fault = fails("AWS4-HMAC-SHA256 x=y", Family::Json);
    assert_eq!((fault.code, fault.status), ("IncompleteSignatureException", 400));
    assert_eq!(
        fault.message,
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires \
         'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 x=y"
    );
    assert_eq!(fails("AWS4-HMAC-SHA1 x=y", Family::S3).code, "InvalidArgument");
    for credential in ["a", "a/b/c/d", "a/b/c/d/e/f", "/b/c/d/e", "a//c/d/e"] {
        let authorization = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00");
        assert_eq!(fails(&authorization, Family::S3).code, "AuthorizationHeaderMalformed", "{credential}");
        assert!(fails(&authorization, Family::Query).message.ends_with(&format!("got '{credential}'")), "{credential}");
    }
}

#[test]
fn dates_of_header_requests() {
    let authorization = ("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00");
    let date_of = |pairs: &[(&str, &str)]| {
        let headers = headers(&[&[authorization], pairs].concat());
        parse(&parts("GET", "/", &headers)).map(|presented| presented.signed().unwrap().timestamp)
    };
    assert_eq!(date_of(&[DATE, ("date", "rubbish")]), Ok(midnight()));
    assert_eq!(date_of(&[("date", DATE.1)]), Ok(midnight()));
    assert_eq!(date_of(&[("date", "Fri, 24 May 2013 00:00:00 GMT")]), Ok(midnight()));
    assert!(matches!(date_of(&[]), Err(SigError::MissingComponents { missing, .. }) if missing == [Component::Date]));
    let error = date_of(&[("x-amz-date", "Fri, 24 May 2013 00:00:00 GMT")]).unwrap_err();
    assert_eq!(
        error.to_fault_parts(Family::S3).message,
        "AWS authentication requires a valid Date or x-amz-date header"
    );
    assert!(error.to_string().starts_with("Date must be in ISO-8601 'basic format'. Got 'Fri, 24 May"));
}

#[test]
fn presigned_queries() {
    let none = HeaderMap::new();
    let parse_query = |query: &str| {
        parse(&parts("GET", query, &none)).map(|presented| presented.signed().and_then(|signed| signed.expires))
    };
    assert_eq!(parse_query(PRESIGNED), Ok(Some(86_400)));
    assert_eq!(parse_query("/?x-amz-signature=00"), Ok(None), "names are told apart by case");
    for (value, error) in [
        ("", SigError::ExpiresNotANumber),
        ("-", SigError::ExpiresNotANumber),
        ("1e3", SigError::ExpiresNotANumber),
        ("-1", SigError::ExpiresNegative),
        ("604801", SigError::ExpiresTooLong),
        ("99999999999999999999", SigError::ExpiresTooLong),
    ] {
        assert_eq!(parse_query(&PRESIGNED.replace("86400", value)), Err(error.clone()), "{value}");
        assert_eq!(error.to_fault_parts(Family::S3).code, "AuthorizationQueryParametersError");
    }
    assert_eq!(parse_query(&PRESIGNED.replace("86400", "604800")), Ok(Some(MAX_EXPIRES)));
    let error = parse_query("/?X-Amz-Signature=00&X-Amz-Date=x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include \
         'X-Amz-Credential'. AWS query-string \
         parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters."
    );
    let both = headers(&[("authorization", "AWS a:b")]);
    assert_eq!(parse(&parts("GET", PRESIGNED, &both)), Err(SigError::SeveralMechanisms));
    let v2 = parse(&parts("GET", "/?AWSAccessKeyId=AK%49D&Signature=x&Expires=1", &none)).unwrap();
    assert_eq!(v2.access_key(), Some("AKID"));
}
