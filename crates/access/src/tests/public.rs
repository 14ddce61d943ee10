use super::policy;

#[test]
fn the_meaning_of_public() {
    const ANYONE: &str = r#""*""#;
    // S3, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'"
    for (principal, condition, public) in [
        (ANYONE, "", true),
        (r#"{"AWS": "*"}"#, "", true),
        (r#"{"Federated": "graph.facebook.com"}"#, "", true),
        (r#"{"Service": "*"}"#, "", true),
        (r#"{"AWS": "111122223333"}"#, "", false),
        (r#"{"AWS": ["111122223333", "*"]}"#, "", true),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/r"}"#, "", false),
        (r#"{"Service": "cloudtrail.amazonaws.com"}"#, "", false),
        (r#"{"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, "", false),
        (ANYONE, r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#, true),
        (ANYONE, r#""StringEquals": {"aws:SourceVpc": "vpc-91237329"}"#, false),
        (ANYONE, r#""StringLike": {"aws:SourceVpc": "vpc-91237329"}"#, false),
        (ANYONE, r#""StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}"#, false),
        (ANYONE, r#""StringLike": {"aws:SourceVpc": ["vpc-1", "vpc-?"]}"#, true),
        (ANYONE, r#""StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}"#, true),
        (ANYONE, r#""StringEquals": {"AWS:sourcevpce": "vpce-1"}"#, false),
        (ANYONE, r#""StringNotEquals": {"aws:SourceVpce": "vpce-1"}"#, true),
        (ANYONE, r#""StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}"#, true),
        (ANYONE, r#""ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}"#, true),
        (ANYONE, r#""ForAnyValue:StringEquals": {"aws:SourceVpce": "vpce-1"}"#, false),
        (ANYONE, r#""StringEquals": {"aws:SourceAccount": "111122223333"}"#, false),
        (ANYONE, r#""StringEquals": {"aws:SourceOwner": "111122223333"}"#, false),
        (ANYONE, r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}"#, false),
        (ANYONE, r#""ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:t"}"#, false),
        (ANYONE, r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:*"}"#, true),
        (ANYONE, r#""ArnLike": {"aws:PrincipalArn": "*"}"#, true),
        (
            ANYONE,
            r#""StringEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:1:key/k"}"#,
            false,
        ),
        (ANYONE, r#""StringEquals": {"aws:userid": "AIDAEXAMPLE"}"#, false),
        (ANYONE, r#""StringLike": {"aws:userid": "AROAEXAMPLE:*"}"#, true),
        (ANYONE, r#""StringEquals": {"s3:DataAccessPointAccount": "111122223333"}"#, false),
        (
            ANYONE,
            r#""StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}"#,
            false,
        ),
        (ANYONE, r#""ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}"#, false),
        (ANYONE, r#""ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/a"}"#, true),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#, false),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#, false),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": "0.0.0.0/1"}"#, true),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}"#, true),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": "2001:db8::/32"}"#, false),
        (ANYONE, r#""IpAddress": {"aws:SourceIp": "2001::/16"}"#, true),
        (ANYONE, r#""NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#, true),
        (ANYONE, r#""StringEquals": {"aws:Referer": "https://example.com"}"#, true),
        (ANYONE, r#""Bool": {"aws:SecureTransport": "true"}"#, true),
        (ANYONE, r#""Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}"#, false),
    ] {
        let statement = format!(
            r#""Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*", "Condition": {{{condition}}}"#
        );
        assert_eq!(policy(&statement).is_public(), public, "{principal} {condition}");
    }
}

#[test]
fn denials_and_exceptions() {
    for (statement, public) in [
        (r#""Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*""#, false),
        (r#""Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*""#, true),
    ] {
        assert_eq!(policy(statement).is_public(), public, "{statement}");
    }
}
