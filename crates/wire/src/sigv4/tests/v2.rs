//! The examples of "Signing and authenticating REST requests" in the S3 User Guide, and what may not be changed.

use super::*;

const KEY: &str = "AKIAIOSFODNN7EXAMPLE:";

fn check(parts: &RequestParts<'_>, path: &str, now: i64) -> Result<(), SigError> {
    let Presented::V2(signed) = parse(parts)? else { panic!("not of version 2") };
    verify_v2(&signed, parts, path, SECRET, Timestamp::from_seconds(now))
}

/// 19:36:42 on 27 March 2007.
const THEN: i64 = 1_175_024_202;

#[test]
fn a_header_is_proved() {
    let authorization = format!("AWS {KEY}qgk2+6Sv9/oM7G3qLEjTH1a1l1g=");
    let date = ("date", "Tue, 27 Mar 2007 19:36:42 +0000");
    let good = headers(&[date, ("authorization", &authorization)]);
    let path = "/awsexamplebucket1/photos/puppy.jpg";
    assert_eq!(check(&parts("GET", "/photos/puppy.jpg", &good), path, THEN), Ok(()));
    // A parameter that is no subresource is not covered.
    assert_eq!(check(&parts("GET", "/photos/puppy.jpg?x=y", &good), path, THEN), Ok(()));

    let mismatch = |result| matches!(result, Err(SigError::Mismatch(_)));
    assert!(mismatch(check(&parts("PUT", "/photos/puppy.jpg", &good), path, THEN)));
    assert!(mismatch(check(&parts("GET", "/photos/puppy.jpg?acl", &good), path, THEN)));
    assert!(mismatch(check(&parts("GET", "/photos/puppy.jpg", &good), "/other/photos/puppy.jpg", THEN)));
    for changed in [("x-amz-acl", "private"), ("content-type", "text/plain"), ("content-md5", "x")] {
        let changed = headers(&[date, ("authorization", &authorization), changed]);
        assert!(mismatch(check(&parts("GET", "/photos/puppy.jpg", &changed), path, THEN)));
    }
    let at = |now| check(&parts("GET", "/photos/puppy.jpg", &good), path, now);
    assert!(matches!(at(THEN + 901), Err(SigError::Expired { .. })));
    assert!(matches!(at(THEN - 901), Err(SigError::NotYetCurrent { .. })));
    let undated = headers(&[("authorization", &authorization)]);
    let error = check(&parts("GET", "/", &undated), "/", THEN).unwrap_err().to_fault_parts(Family::S3);
    assert_eq!((error.code, error.status), ("AccessDenied", 403));
}

#[test]
fn subresources_are_covered() {
    let authorization = format!("AWS {KEY}c2WLPFtWHVgbEmeEG93a4cG37dM=");
    let sent = headers(&[("date", "Tue, 27 Mar 2007 19:44:46 +0000"), ("authorization", &authorization)]);
    assert_eq!(check(&parts("GET", "/?acl", &sent), "/johnsmith/", THEN), Ok(()));
    assert!(check(&parts("GET", "/?acl&versionId=1", &sent), "/johnsmith/", THEN).is_err());
}

#[test]
fn a_query_is_proved_until_it_ends() {
    let target = "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
    let (none, path) = (HeaderMap::new(), "/johnsmith/photos/puppy.jpg");
    assert_eq!(check(&parts("GET", target, &none), path, THEN), Ok(()));
    let error = check(&parts("GET", target, &none), path, 1_175_139_620).unwrap_err().to_fault_parts(Family::S3);
    assert_eq!((error.code, error.status, &*error.message), ("AccessDenied", 403, "Request has expired"));
    let later = target.replace("1175139620", "1175139621");
    assert!(matches!(check(&parts("GET", &later, &none), path, THEN), Err(SigError::Mismatch(_))));
    for (part, error) in [
        ("&Expires=1175139620", SigError::MissingV2Parameters),
        ("&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D", SigError::MissingV2Parameters),
    ] {
        assert_eq!(check(&parts("GET", &target.replace(part, ""), &none), path, THEN), Err(error));
    }
    assert!(matches!(
        check(&parts("GET", &target.replace("=1175139620", "=soon"), &none), path, THEN),
        Err(SigError::MalformedV2Expires { .. })
    ));
}
