use super::{ANN, NOBODY, ROOT, SERVICE, SESSION, caller, policy, request};
use crate::{Caller, CallerKind, Context, Grant, Request, Verdict};

const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/fed";
const OTHER: &str = "arn:aws:iam::444455556666:user/ann";

fn verdict(statement: &str, caller: Caller<'_>) -> Verdict {
    let context = Context::new();
    policy(statement).verdict(&Request { caller, ..request(&context) })
}

#[test]
fn principal() {
    use Grant::{Account, Direct, Issuer};
    // "AWS JSON policy elements: Principal"
    for (principal, arn, grant) in [
        (r#""*""#, ANN, Some(Direct)),
        (r#""*""#, NOBODY, Some(Direct)),
        (r#""*""#, SERVICE, Some(Direct)),
        (r#"{"AWS": "*"}"#, NOBODY, Some(Direct)),
        (r#"{"AWS": "*"}"#, SESSION, Some(Direct)),
        // An account stands for all its principals, whichever way it is written.
        (r#"{"AWS": "111122223333"}"#, ROOT, Some(Direct)),
        (r#"{"AWS": "111122223333"}"#, ANN, Some(Account)),
        (r#"{"AWS": "111122223333"}"#, SESSION, Some(Account)),
        (r#"{"AWS": "111122223333"}"#, FEDERATED, Some(Account)),
        (r#"{"AWS": "111122223333"}"#, OTHER, None),
        (r#"{"AWS": "111122223333"}"#, SERVICE, None),
        (r#"{"AWS": "111122223333"}"#, NOBODY, None),
        (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, ANN, Some(Account)),
        (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, OTHER, None),
        (r#"{"AWS": ["444455556666", "111122223333"]}"#, OTHER, Some(Account)),
        // Users, whose names count case.
        (r#"{"AWS": "arn:aws:iam::111122223333:user/ann"}"#, ANN, Some(Direct)),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/Ann"}"#, ANN, None),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/ann"}"#, OTHER, None),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/ann"}"#, ROOT, None),
        // A role stands for its sessions, with or without its path; a session for itself.
        (r#"{"AWS": "arn:aws:iam::111122223333:role/reader"}"#, SESSION, Some(Issuer)),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/path/reader"}"#, SESSION, Some(Issuer)),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/writer"}"#, SESSION, None),
        (r#"{"AWS": "arn:aws:iam::444455556666:role/reader"}"#, SESSION, None),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/reader"}"#, SESSION, None),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/reader/session"}"#, SESSION, Some(Direct)),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/reader/other"}"#, SESSION, None),
        (r#"{"AWS": "arn:aws:sts::111122223333:federated-user/fed"}"#, FEDERATED, Some(Direct)),
        // What is left of a user or role that was deleted.
        (r#"{"AWS": "AIDAEXAMPLEUSER00001"}"#, ANN, Some(Direct)),
        (r#"{"AWS": "AROAEXAMPLEROLE00001"}"#, SESSION, Some(Issuer)),
        (r#"{"AWS": "AROAEXAMPLEROLE00002"}"#, SESSION, None),
        // Services, and S3's canonical user.
        (r#"{"Service": "sns.amazonaws.com"}"#, SERVICE, Some(Direct)),
        (r#"{"Service": ["sqs.amazonaws.com", "sns.amazonaws.com"]}"#, SERVICE, Some(Direct)),
        (r#"{"Service": "sqs.amazonaws.com"}"#, SERVICE, None),
        (r#"{"Service": "*"}"#, SERVICE, Some(Direct)),
        (r#"{"Service": "*"}"#, ANN, None),
        (r#"{"CanonicalUser": "canonical-1111"}"#, ROOT, Some(Direct)),
        (r#"{"CanonicalUser": "canonical-1111"}"#, ANN, Some(Account)),
        (r#"{"CanonicalUser": "canonical-2222"}"#, ANN, None),
        (r#"{"CanonicalUser": "canonical-1111"}"#, NOBODY, None),
        (r#"{"Federated": "accounts.google.com"}"#, ANN, None),
        // The strongest of several counts.
        (r#"{"AWS": ["111122223333", "arn:aws:iam::111122223333:user/ann"]}"#, ANN, Some(Direct)),
    ] {
        let found = verdict(
            &format!(r#""Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*""#),
            caller(arn),
        );
        let expected = grant.map_or(Verdict::Silent, |grant| Verdict::Allow(0, grant));
        assert_eq!(found, expected, "{principal}: {arn}");
    }
}

#[test]
fn not_principal() {
    const BOB: &str = r#"{"AWS": "arn:aws:iam::111122223333:user/ann"}"#;
    const BOB_AND_ACCOUNT: &str =
        r#"{"AWS": ["arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:root"]}"#;
    const ROLE: &str = concat!(
        r#"{"AWS": ["arn:aws:sts::111122223333:assumed-role/reader/session", "#,
        r#""arn:aws:iam::111122223333:role/reader", "arn:aws:iam::111122223333:root"]}"#
    );
    const ROLE_ONLY: &str = r#"{"AWS": ["arn:aws:iam::111122223333:role/reader", "arn:aws:iam::111122223333:root"]}"#;
    const WITHOUT_ROLE: &str = r#"{"AWS": ["arn:aws:sts::111122223333:assumed-role/reader/session", "111122223333"]}"#;
    // "AWS JSON policy elements: NotPrincipal"
    for (effect, list, arn, applies) in [
        ("Deny", BOB_AND_ACCOUNT, ANN, false),
        ("Deny", BOB_AND_ACCOUNT, OTHER, true),
        ("Deny", BOB_AND_ACCOUNT, SESSION, true),
        ("Deny", BOB_AND_ACCOUNT, NOBODY, true),
        ("Deny", BOB_AND_ACCOUNT, ROOT, false),
        // The account is looked at, too.
        ("Deny", BOB, ANN, true),
        ("Deny", ROLE, SESSION, false),
        ("Deny", ROLE_ONLY, SESSION, true),
        ("Deny", WITHOUT_ROLE, SESSION, true),
        ("Deny", r#"{"Service": "sns.amazonaws.com"}"#, SERVICE, false),
        ("Deny", r#"{"Service": "sns.amazonaws.com"}"#, ANN, true),
        ("Deny", r#""*""#, NOBODY, false),
        ("Allow", BOB, ANN, false),
        ("Allow", BOB, OTHER, true),
        ("Allow", BOB, NOBODY, true),
        ("Allow", r#"{"AWS": "111122223333"}"#, ANN, false),
    ] {
        let statement = format!(r#""Effect": "{effect}", "NotPrincipal": {list}, "Action": "*", "Resource": "*""#);
        let found = verdict(&statement, caller(arn)) != Verdict::Silent;
        assert_eq!(found, applies, "{effect} NotPrincipal {list}: {arn}");
    }
}

#[test]
fn a_known_issuer_is_compared_as_a_whole() {
    let session = Caller { issuer: Some("arn:aws:iam::111122223333:role/path/reader"), ..caller(SESSION) };
    let federated = Caller { issuer: Some(ANN), ..caller(FEDERATED) };
    for (principal, caller, grant) in [
        ("arn:aws:iam::111122223333:role/path/reader", session, Some(Grant::Issuer)),
        ("arn:aws:iam::111122223333:role/reader", session, None),
        (ANN, federated, Some(Grant::Issuer)),
        (OTHER, federated, None),
    ] {
        let statement =
            format!(r#""Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "*", "Resource": "*""#);
        let expected = grant.map_or(Verdict::Silent, |grant| Verdict::Allow(0, grant));
        assert_eq!(verdict(&statement, caller), expected, "{principal}");
    }
}

#[test]
fn an_identity_provider_vouches() {
    let stranger = Caller { kind: CallerKind::Federated, arn: "accounts.google.com", ..Caller::anonymous() };
    // A trust policy has no Resource.
    let trust = |name: &str| format!(r#""Effect": "Allow", "Principal": {{"Federated": "{name}"}}, "Action": "*""#);
    assert_eq!(verdict(&trust("accounts.google.com"), stranger), Verdict::Allow(0, Grant::Direct));
    assert_eq!(verdict(&trust("www.amazon.com"), stranger), Verdict::Silent);
}

#[test]
fn keys_about_the_caller() {
    // "AWS global condition context keys"
    for (arn, operator, key, value, holds) in [
        (ANN, "StringEquals", "aws:username", "ann", true),
        (ANN, "StringEquals", "aws:PrincipalArn", ANN, true),
        (ANN, "StringEquals", "aws:PrincipalAccount", "111122223333", true),
        (ANN, "StringEquals", "aws:PrincipalType", "User", true),
        (ANN, "StringEquals", "aws:userid", "AIDAEXAMPLEUSER00001", true),
        (ANN, "Bool", "aws:PrincipalIsAWSService", "false", true),
        (SESSION, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/reader", true),
        (SESSION, "ArnLike", "aws:PrincipalArn", SESSION, false),
        (SESSION, "Null", "aws:username", "true", true),
        (SESSION, "StringLike", "aws:userid", "AROAEXAMPLEROLE00001:*", true),
        (ROOT, "StringEquals", "aws:PrincipalType", "Account", true),
        (ROOT, "StringEquals", "aws:PrincipalArn", ROOT, true),
        (ROOT, "Null", "aws:username", "true", true),
        (FEDERATED, "StringEquals", "aws:PrincipalType", "FederatedUser", true),
        (SERVICE, "Bool", "aws:PrincipalIsAWSService", "true", true),
        (SERVICE, "StringEquals", "aws:PrincipalServiceName", "sns.amazonaws.com", true),
        (SERVICE, "Null", "aws:PrincipalArn", "true", true),
        (NOBODY, "StringEquals", "aws:PrincipalType", "Anonymous", true),
        (NOBODY, "Null", "aws:userid", "true", true),
        (NOBODY, "Null", "aws:PrincipalAccount", "true", true),
        (NOBODY, "DateGreaterThan", "aws:CurrentTime", "2020-03-31T23:59:59Z", true),
        (NOBODY, "DateLessThan", "aws:CurrentTime", "2020-03-31T23:59:59Z", false),
        (NOBODY, "NumericEquals", "aws:EpochTime", "1585699200", true),
    ] {
        let statement = format!(
            r#""Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {{"{operator}": {{"{key}": "{value}"}}}}"#
        );
        assert_eq!(verdict(&statement, caller(arn)) != Verdict::Silent, holds, "{operator} {key} {value}: {arn}");
    }
}
