use super::{SESSION, caller, policy, request};
use crate::{Context, Policy, Verdict};

fn applies(policy: &Policy, action: &str, resource: &str, arn: &str) -> bool {
    let context = Context::new();
    let request = crate::Request { action, resource, caller: caller(arn), ..request(&context) };
    policy.verdict(&request) != Verdict::Silent
}

#[test]
fn actions() {
    // "IAM JSON policy elements: Action", "NotAction"
    for (element, pattern, action, expected) in [
        ("Action", "s3:GetObject", "s3:GetObject", true),
        ("Action", "S3:getobject", "s3:GetObject", true),
        ("Action", "s3:GetObject", "s3:GetObjectAcl", false),
        ("Action", "s3:Get*", "s3:GetObject", true),
        ("Action", "s3:get*", "s3:GetObject", true),
        ("Action", "s3:Get*", "s3:PutObject", false),
        ("Action", "s3:*", "s3:PutObject", true),
        ("Action", "s3:*", "s3express:CreateSession", false),
        ("Action", "iam:*AccessKey*", "iam:CreateAccessKey", true),
        ("Action", "iam:*AccessKey*", "iam:CreateUser", false),
        ("Action", "s3:?etObject", "s3:GetObject", true),
        ("Action", "s3:?etObject", "s3:etObject", false),
        ("Action", "*", "sqs:SendMessage", true),
        ("Action", "*:*", "sqs:SendMessage", true),
        ("NotAction", "s3:DeleteBucket", "s3:GetObject", true),
        ("NotAction", "s3:DeleteBucket", "s3:DeleteBucket", false),
        ("NotAction", "iam:*", "IAM:CreateUser", false),
        ("NotAction", "iam:*", "s3:GetObject", true),
    ] {
        let policy = policy(&format!(r#""Effect": "Allow", "{element}": "{pattern}", "Resource": "*""#));
        assert_eq!(applies(&policy, action, "*", ""), expected, "{element} {pattern}: {action}");
    }
}

#[test]
fn resources() {
    const ANN: &str = "arn:aws:iam::111122223333:user/team/ann";
    // "IAM JSON policy elements: Resource", "NotResource"; "IAM policy elements: Variables and tags"
    for (element, pattern, resource, arn, expected) in [
        ("Resource", "*", "*", "", true),
        ("Resource", "*", "arn:aws:s3:::bucket", "", true),
        ("Resource", "arn:aws:s3:::*", "*", "", false),
        ("Resource", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b", "", true),
        ("Resource", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", "", false),
        ("Resource", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a", "", false),
        ("Resource", "arn:aws:s3:::Bucket/*", "arn:aws:s3:::bucket/a", "", false),
        ("Resource", "arn:aws:s3:::bucket/test?", "arn:aws:s3:::bucket/test1", "", true),
        ("Resource", "arn:aws:s3:::bucket/test?", "arn:aws:s3:::bucket/test", "", false),
        ("Resource", "arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3", "", true),
        ("Resource", "arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/3", "", false),
        ("Resource", "arn:aws:sqs:us-east-2:*:queue", "arn:aws:sqs:us-east-2:111122223333:queue", "", true),
        ("Resource", "arn:aws:sqs:*:111122223333:queue", "arn:aws:sqs:us-east-2:111122223333:queue", "", true),
        // An asterisk at the end of a part reaches beyond it.
        ("Resource", "arn:aws:sqs:*", "arn:aws:sqs:us-east-2:111122223333:queue", "", true),
        ("Resource", "arn:aws:s3:::a:*", "arn:aws:s3:::a:b:c", "", true),
        ("Resource", "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/ann/a", ANN, true),
        ("Resource", "arn:aws:s3:::bucket/${AWS:UserName}/*", "arn:aws:s3:::bucket/ann/a", ANN, true),
        ("Resource", "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/eve/a", ANN, false),
        ("Resource", "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/ann/a", SESSION, false),
        ("Resource", "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/${aws:username}/a", SESSION, false),
        ("Resource", "arn:aws:s3:::bucket/${aws:userid, 'anonymous'}", "arn:aws:s3:::bucket/anonymous", "", true),
        (
            "Resource",
            "arn:aws:s3:::bucket/${aws:userid}",
            "arn:aws:s3:::bucket/AROAEXAMPLEROLE00001:session",
            SESSION,
            true,
        ),
        ("Resource", "arn:aws:s3:::bucket/${aws:PrincipalAccount}", "arn:aws:s3:::bucket/111122223333", ANN, true),
        ("Resource", "arn:aws:s3:::bucket/${aws:PrincipalType}", "arn:aws:s3:::bucket/AssumedRole", SESSION, true),
        ("Resource", "arn:aws:s3:::bucket/${aws:CurrentTime}", "arn:aws:s3:::bucket/2020-04-01T00:00:00Z", "", true),
        ("Resource", "arn:aws:s3:::bucket/a${*}b", "arn:aws:s3:::bucket/a*b", "", true),
        ("Resource", "arn:aws:s3:::bucket/a${*}b", "arn:aws:s3:::bucket/aXb", "", false),
        // Only what follows the fifth colon may have variables.
        (
            "Resource",
            "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q",
            "arn:aws:sqs:eu-west-1:111122223333:q",
            ANN,
            false,
        ),
        ("NotResource", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a", "", false),
        ("NotResource", "arn:aws:s3:::bucket/*", "arn:aws:s3:::other/a", "", true),
    ] {
        let policy = policy(&format!(r#""Effect": "Allow", "Action": "*", "{element}": "{pattern}""#));
        assert_eq!(
            applies(&policy, "s3:GetObject", resource, arn),
            expected,
            "{element} {pattern}: {resource} by {arn}"
        );
    }
}

#[test]
fn the_older_version_knows_no_variables() {
    // "IAM policy elements: Variables and tags", "Version"
    for version in ["", r#""Version": "2008-10-17","#] {
        let text = r#""Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}}"#;
        let policy = Policy::parse(&["{", version, text].concat()).unwrap();
        let ann = "arn:aws:iam::111122223333:user/ann";
        assert!(!applies(&policy, "s3:GetObject", "arn:aws:s3:::b/ann", ann));
        assert!(applies(&policy, "s3:GetObject", "arn:aws:s3:::b/${aws:username}", ann));
    }
}

#[test]
fn hostile_patterns_end_soon() {
    let pattern = format!("arn:aws:s3:::{}b", "a*".repeat(10_000));
    let policy = policy(&format!(r#""Effect": "Allow", "Action": "*", "Resource": "{pattern}""#));
    let resource = format!("arn:aws:s3:::{}", "a".repeat(1_024));
    assert!(!applies(&policy, "s3:GetObject", &resource, ""));
}

#[test]
fn what_a_policy_asks_for() {
    let policy = policy(concat!(
        r#""Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${s3:ExistingObjectTag/Owner}", "#,
        r#""Condition": {"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/Team}"}, "ArnLike": {"aws:SourceArn": "*"}}"#,
    ));
    for (prefix, asks) in
        [("s3:existingobjecttag/", true), ("aws:sourcevpc", true), ("aws:principaltag/", true), ("s3:prefix", false)]
    {
        assert_eq!(policy.asks_for(prefix), asks, "{prefix}");
    }
}
