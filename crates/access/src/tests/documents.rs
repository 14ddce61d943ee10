use super::policy;
use crate::{ActionRule, Attached, Effect, KeyRule, Level, MAX_TEXT, Named, Policy, Version};

fn refusal(text: &str) -> String {
    Policy::parse(text).map_or_else(|error| error.to_string(), |_| "taken".to_owned())
}

#[test]
fn documents() {
    const NOT_JSON: &str = "Policies must be valid JSON and the first byte must be '{'";
    const INVALID: &str = "This policy contains invalid Json";
    const SYNTAX: &str = "Invalid policy syntax.";
    const S: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    // "Grammar of the IAM JSON policy language"
    for (text, expected) in [
        (format!(r#"{{"Statement": {S}}}"#), "taken"),
        (format!(r#"{{"Statement": [{S}, {S}]}}"#), "taken"),
        (format!(r#"{{"Version": "2012-10-17", "Id": "x", "Statement": [{S}]}}"#), "taken"),
        (format!(r#"{{"Version": "2008-10-17", "Statement": [{S}]}}"#), "taken"),
        (
            format!(r#"{{"Version": "2012-10-18", "Statement": [{S}]}}"#),
            "The policy must contain a valid version string",
        ),
        (format!(r#"{{"Version": 2012, "Statement": [{S}]}}"#), "The policy must contain a valid version string"),
        (format!(r#"{{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": [{S}]}}"#), INVALID),
        (format!(r#"{{"Statment": [{S}]}}"#), "Unknown field Statment"),
        (format!(r#"{{"Id": 1, "Statement": [{S}]}}"#), SYNTAX),
        (format!(r#"{{"Statement": [{S}]}} x"#), INVALID),
        (format!(r#" {{"Statement": [{S}]}}"#), NOT_JSON),
        (r#"{"Version": "2012-10-17"}"#.to_owned(), "Missing required field Statement"),
        (r#"{"Statement": []}"#.to_owned(), "Could not parse the policy: Statement is empty!"),
        (r#"{"Statement": "x"}"#.to_owned(), SYNTAX),
        (r#"{"Statement": ["x"]}"#.to_owned(), SYNTAX),
        (r#"{"Statement": "#.to_owned(), INVALID),
        ("{}".to_owned(), "Missing required field Statement"),
        (String::new(), NOT_JSON),
        ("policy.json".to_owned(), NOT_JSON),
        ("[]".to_owned(), NOT_JSON),
        (format!("{{{}", " ".repeat(MAX_TEXT)), "Policy size exceeds the maximum allowed"),
        (format!(r#"{{"Statement": {}"#, "[".repeat(100_000)), INVALID),
    ] {
        assert_eq!(refusal(&text), expected, "{}", text.get(..200).unwrap_or(&text));
    }
}

#[test]
fn statements() {
    const ARN: &str = "arn:aws:iam::111122223333";
    for (statement, expected) in [
        (r#""Effect": "Allow", "Action": "s3:*", "Resource": "*""#.to_owned(), "taken"),
        (
            r#""Sid": "a b", "Effect": "Deny", "NotAction": ["s3:*"], "NotResource": ["arn:aws:s3:::b"]"#.to_owned(),
            "taken",
        ),
        (r#""Effect": "Allow", "Action": "sts:AssumeRole""#.to_owned(), "taken"),
        (r#""Action": "s3:*", "Resource": "*""#.to_owned(), "Missing required field Effect"),
        (r#""Effect": "Allow", "Resource": "*""#.to_owned(), "Missing required field Action"),
        (r#""Effect": "Allow", "Action": [], "Resource": "*""#.to_owned(), "Missing required field Action"),
        (r#""Effect": "Allow", "Action": "*", "Resource": []"#.to_owned(), "Missing required field Resource"),
        (r#""Effect": "allow", "Action": "*", "Resource": "*""#.to_owned(), "Invalid effect: allow"),
        (r#""Effect": "Allow", "Action": "*", "Resource": "*", "Foo": 1"#.to_owned(), "Unknown field Foo"),
        (r#""Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*""#.to_owned(), "Invalid policy syntax."),
        (r#""Effect": "Allow", "Action": 1, "Resource": "*""#.to_owned(), "Invalid policy syntax."),
        (r#""Effect": "Allow", "Action": "GetObject", "Resource": "*""#.to_owned(), "Policy has invalid action"),
        (r#""Effect": "Allow", "Action": "a:b:c", "Resource": "*""#.to_owned(), "Policy has invalid action"),
        (r#""Effect": "Allow", "Action": "s3:", "Resource": "*""#.to_owned(), "Policy has invalid action"),
        (r#""Effect": "Allow", "Action": "s3:*", "Resource": "bucket""#.to_owned(), "Policy has invalid resource"),
        (r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3""#.to_owned(), "Policy has invalid resource"),
        (r#""Effect": "Allow", "Action": "s3:*", "Resource": """#.to_owned(), "Policy has invalid resource"),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"StringEqual": {"a:b": "c"}}"#.to_owned(),
            "Invalid Condition type : StringEqual",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"NullIfExists": {"a:b": "true"}}"#.to_owned(),
            "Invalid Condition type : NullIfExists",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"ForSome:Bool": {"a:b": "true"}}"#.to_owned(),
            "Invalid Condition type : ForSome:Bool",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"NumericEquals": {"a:b": "c"}}"#.to_owned(),
            "Invalid value for condition operator NumericEquals: c",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"IpAddress": {"a:b": "10.0.0.0/33"}}"#.to_owned(),
            "Invalid value for condition operator IpAddress: 10.0.0.0/33",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"DateEquals": {"a:b": "soon"}}"#.to_owned(),
            "Invalid value for condition operator DateEquals: soon",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"Null": {"a:b": "maybe"}}"#.to_owned(),
            "Invalid value for condition operator Null: maybe",
        ),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"Bool": {"": "true"}}"#.to_owned(),
            "Policy has an invalid condition key",
        ),
        (r#""Effect": "Allow", "Action": "*", "Condition": {"Bool": {"a:b": [true, 1, "x"]}}"#.to_owned(), "taken"),
        (
            r#""Effect": "Allow", "Action": "*", "Condition": {"Bool": {"a:b": null}}"#.to_owned(),
            "Invalid policy syntax.",
        ),
        (r#""Effect": "Allow", "Action": "*", "Condition": []"#.to_owned(), "Invalid policy syntax."),
    ] {
        assert_eq!(refusal(&format!(r#"{{"Statement": {{{statement}}}}}"#)), expected, "{statement}");
    }
    // "AWS JSON policy elements: Principal"
    for (principal, taken) in [
        (r#""*""#.to_owned(), true),
        (r#"{"AWS": "*", "Service": "s3.amazonaws.com"}"#.to_owned(), true),
        (format!(r#"{{"AWS": ["{ARN}:root", "111122223333", "{ARN}:user/a/b", "{ARN}:role/r"]}}"#), true),
        (r#"{"AWS": "arn:aws-cn:sts::111122223333:assumed-role/r/s"}"#.to_owned(), true),
        (r#"{"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}"#.to_owned(), true),
        (r#"{"AWS": "AIDAJQABLZS4A3QDU576Q"}"#.to_owned(), true),
        (r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/p"}"#.to_owned(), true),
        (r#""111122223333""#.to_owned(), false),
        (r#"{"AWS": "11112222333"}"#.to_owned(), false),
        (format!(r#"{{"AWS": "{ARN}:user/*"}}"#), false),
        (format!(r#"{{"AWS": "{ARN}:group/g"}}"#), false),
        (format!(r#"{{"AWS": "{ARN}:role/"}}"#), false),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/r"}"#.to_owned(), false),
        (r#"{"AWS": "arn:aws:iam::*:root"}"#.to_owned(), false),
        (r#"{"AWS": "user"}"#.to_owned(), false),
        (r#"{"AWS": []}"#.to_owned(), false),
        (r#"{"User": "a"}"#.to_owned(), false),
        (r#"{"Service": "*.amazonaws.com"}"#.to_owned(), false),
        ("{}".to_owned(), false),
        ("[]".to_owned(), false),
    ] {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*"}}}}"#
        );
        assert_eq!(refusal(&text), if taken { "taken" } else { "Invalid principal in policy" }, "{principal}");
    }
}

#[test]
fn what_was_read() {
    let policy = Policy::parse(
        r#"{"Version": "2012-10-17", "Id": "id", "Statement": {"Sid": "one", "Effect": "Deny", "Principal": {"AWS": "111122223333"},
            "Action": ["s3:Get*", "s3:Put*"], "Resource": "arn:aws:s3:::b", "Condition": {"Bool": {"aws:SecureTransport": false}}}}"#,
    )
    .unwrap();
    let [statement] = policy.statements() else { panic!("one statement") };
    assert_eq!((policy.version(), policy.id(), statement.sid()), (Version::V2012, Some("id"), Some("one")));
    assert_eq!(
        (statement.effect(), statement.principals()),
        (Effect::Deny, [Named::Account("111122223333".into())].as_slice())
    );
    assert_eq!(statement.actions().collect::<Vec<_>>(), ["s3:Get*", "s3:Put*"]);
    assert_eq!(statement.resources().collect::<Vec<_>>(), ["arn:aws:s3:::b"]);
    assert_eq!(statement.condition_keys().collect::<Vec<_>>(), ["aws:securetransport"]);
}

#[test]
fn policies_of_a_bucket() {
    const RULES: Attached<'_> = Attached {
        resource: "arn:aws:s3:::bucket",
        service: "s3:",
        actions: &[
            ActionRule { name: "s3:GetObject", level: Level::Part },
            ActionRule { name: "s3:PutObject", level: Level::Part },
            ActionRule { name: "s3:ListBucket", level: Level::Resource },
            ActionRule { name: "s3:GetBucketAcl", level: Level::Resource },
        ],
        keys: &[
            KeyRule { key: "s3:prefix", actions: &["s3:ListBucket"] },
            KeyRule { key: "s3:existingobjecttag/", actions: &["s3:GetObject"] },
            KeyRule { key: "s3:authtype", actions: &[] },
        ],
    };
    const TAKEN: &str = "taken";
    const RESOURCE: &str = "Policy has invalid resource";
    const ACTION: &str = "Policy has invalid action";
    const NO_RESOURCE: &str = "Action does not apply to any resource(s) in statement";
    const NO_ACTION: &str = "Conditions do not apply to combination of actions and resources in statement";
    // "Bucket policies", "Policy resources for Amazon S3", "Troubleshooting"
    for (action, resource, condition, expected) in [
        (r#""s3:GetObject""#, r#""arn:aws:s3:::bucket/*""#, "", TAKEN),
        (r#""S3:getobject""#, r#""arn:aws:s3:::bucket/a*""#, "", TAKEN),
        (r#""*""#, r#""arn:aws:s3:::bucket""#, "", TAKEN),
        (r#""s3:*""#, r#""arn:aws:s3:::bucket*""#, "", TAKEN),
        (r#"["s3:GetObject", "s3:ListBucket"]"#, r#"["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]"#, "", TAKEN),
        (r#"["s3:GetObject", "s3:ListBucket"]"#, r#""arn:aws:s3:::bucket/*""#, "", NO_RESOURCE),
        (r#""s3:PutObject""#, r#""arn:aws:s3:::bucket""#, "", NO_RESOURCE),
        (r#""s3:GetBucket*""#, r#""arn:aws:s3:::bucket/x""#, "", NO_RESOURCE),
        (r#""s3:Get*""#, r#""arn:aws:s3:::bucket/x""#, "", TAKEN),
        (r#""s3:Fetch""#, r#""arn:aws:s3:::bucket/*""#, "", ACTION),
        (r#""sqs:SendMessage""#, r#""arn:aws:s3:::bucket/*""#, "", ACTION),
        (r#""s3:GetObject""#, r#""*""#, "", RESOURCE),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::*""#, "", TAKEN),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::other/*""#, "", RESOURCE),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::bucket-2/*""#, "", RESOURCE),
        (r#""s3:GetObject""#, r#"["arn:aws:s3:::bucket/*", "arn:aws:s3:::other/*"]"#, "", RESOURCE),
        (r#""s3:ListBucket""#, r#""arn:aws:s3:::bucket""#, r#""StringLike": {"s3:Prefix": "a*"}"#, TAKEN),
        (
            r#"["s3:ListBucket", "s3:GetBucketAcl"]"#,
            r#""arn:aws:s3:::bucket""#,
            r#""StringLike": {"s3:prefix": "a*"}"#,
            NO_ACTION,
        ),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::bucket/*""#, r#""StringLike": {"s3:prefix": "a*"}"#, NO_ACTION),
        (
            r#""s3:GetObject""#,
            r#""arn:aws:s3:::bucket/*""#,
            r#""StringLike": {"s3:ExistingObjectTag/Team": "a"}"#,
            TAKEN,
        ),
        (r#""s3:PutObject""#, r#""arn:aws:s3:::bucket/*""#, r#""StringLike": {"s3:authType": "a"}"#, TAKEN),
        (
            r#""s3:GetObject""#,
            r#""arn:aws:s3:::bucket/*""#,
            r#""StringLike": {"s3:Foo": "a"}"#,
            "Policy has an invalid condition key",
        ),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::bucket/*""#, r#""StringLike": {"aws:Referer": "a"}"#, TAKEN),
    ] {
        let policy = policy(&format!(
            r#""Effect": "Allow", "Principal": "*", "Action": {action}, "Resource": {resource}, "Condition": {{{condition}}}"#
        ));
        let found = policy.check_attached(&RULES).map_or_else(|error| error.to_string(), |()| TAKEN.to_owned());
        assert_eq!(found, expected, "{action} {resource} {condition}");
    }
    for (statement, expected) in [
        (
            r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket""#,
            "Missing required field Principal",
        ),
        (r#""Effect": "Allow", "Principal": "*", "Action": "s3:*""#, "Missing required field Resource"),
    ] {
        assert_eq!(
            policy(statement).check_attached(&RULES).map_err(|error| error.to_string()),
            Err(expected.to_owned())
        );
    }
}
