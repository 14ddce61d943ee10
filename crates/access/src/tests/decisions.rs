use super::{ANN, NOBODY, ROOT, SERVICE, SESSION, caller, policy, request};
use crate::{
    Because, Caller, CallerKind, Context, Decider, Effect, Element, Outcome, Policy, PolicyKind, Request, Source,
    decide, explain,
};

const OTHER: &str = "arn:aws:iam::444455556666:user/eve";
const FOREIGN_ROOT: &str = "arn:aws:iam::444455556666:root";

const IDENTITY: PolicyKind = PolicyKind::Identity;
const RESOURCE: PolicyKind = PolicyKind::Resource;
const BOUNDARY: PolicyKind = PolicyKind::Boundary;
const SESSION_POLICY: PolicyKind = PolicyKind::Session;
const SCP: PolicyKind = PolicyKind::ServiceControl { level: 0 };
const SCP_BELOW: PolicyKind = PolicyKind::ServiceControl { level: 1 };
const RCP: PolicyKind = PolicyKind::ResourceControl { level: 0 };

/// A policy by what it says: `+` allows, `-` denies, `0` speaks of something else. A resource's says to whom behind that.
fn written(short: &str) -> Policy {
    let (effect, to) = short.split_at(1);
    let (effect, action) = match effect {
        "+" => ("Allow", "*"),
        "-" => ("Deny", "*"),
        _ => ("Allow", "none:None"),
    };
    let principal = match to {
        "" => String::new(),
        "*" => r#""Principal": "*", "#.to_owned(),
        to => format!(r#""Principal": {{"AWS": "{to}"}}, "#),
    };
    policy(&format!(r#""Effect": "{effect}", {principal}"Action": "{action}", "Resource": "*""#))
}

#[test]
fn outcomes() {
    use Outcome::{Allow, ExplicitDeny, ImplicitDeny};
    // "Policy evaluation logic", "Cross-account policy evaluation logic", "Permissions boundaries", "SCP evaluation", "RCPs"
    for (arn, policies, outcome, missing) in [
        // Within the account: nothing, the identity, the resource, both.
        (ANN, vec![], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(IDENTITY, "0")], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(IDENTITY, "+")], Allow, None),
        (ANN, vec![(IDENTITY, "0"), (IDENTITY, "+")], Allow, None),
        (ANN, vec![(IDENTITY, "+"), (IDENTITY, "-")], ExplicitDeny, None),
        (ANN, vec![(RESOURCE, "+arn:aws:iam::111122223333:user/ann")], Allow, None),
        (ANN, vec![(RESOURCE, "+*")], Allow, None),
        (ANN, vec![(RESOURCE, "+arn:aws:iam::111122223333:user/bob")], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(IDENTITY, "+"), (RESOURCE, "0*")], Allow, None),
        (ANN, vec![(IDENTITY, "+"), (RESOURCE, "-*")], ExplicitDeny, None),
        (ANN, vec![(IDENTITY, "-"), (RESOURCE, "+*")], ExplicitDeny, None),
        // What goes to the account needs the identity's policies.
        (ANN, vec![(RESOURCE, "+111122223333")], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(RESOURCE, "+111122223333"), (IDENTITY, "+")], Allow, None),
        (ROOT, vec![(RESOURCE, "+111122223333")], Allow, None),
        // Boundaries limit the identity's policies, not what the resource grants the user itself.
        (ANN, vec![(IDENTITY, "+"), (BOUNDARY, "0")], ImplicitDeny, Some(BOUNDARY)),
        (ANN, vec![(IDENTITY, "+"), (BOUNDARY, "+")], Allow, None),
        (ANN, vec![(BOUNDARY, "+")], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(IDENTITY, "+"), (BOUNDARY, "-")], ExplicitDeny, None),
        (ANN, vec![(RESOURCE, "+arn:aws:iam::111122223333:user/ann"), (BOUNDARY, "0")], Allow, None),
        (ANN, vec![(RESOURCE, "+111122223333"), (IDENTITY, "+"), (BOUNDARY, "0")], ImplicitDeny, Some(BOUNDARY)),
        // They limit what it grants the role, not what it grants the session; so do session policies.
        (SESSION, vec![(RESOURCE, "+arn:aws:iam::111122223333:role/reader")], Allow, None),
        (
            SESSION,
            vec![(RESOURCE, "+arn:aws:iam::111122223333:role/reader"), (BOUNDARY, "0")],
            ImplicitDeny,
            Some(BOUNDARY),
        ),
        (
            SESSION,
            vec![(RESOURCE, "+arn:aws:iam::111122223333:role/reader"), (SESSION_POLICY, "0")],
            ImplicitDeny,
            Some(SESSION_POLICY),
        ),
        (SESSION, vec![(RESOURCE, "+arn:aws:iam::111122223333:role/reader"), (SESSION_POLICY, "+")], Allow, None),
        (
            SESSION,
            vec![(RESOURCE, "+arn:aws:sts::111122223333:assumed-role/reader/session"), (SESSION_POLICY, "0")],
            Allow,
            None,
        ),
        (SESSION, vec![(IDENTITY, "+"), (SESSION_POLICY, "0")], ImplicitDeny, Some(SESSION_POLICY)),
        (SESSION, vec![(IDENTITY, "+"), (SESSION_POLICY, "0"), (SESSION_POLICY, "+")], Allow, None),
        (SESSION, vec![(IDENTITY, "0"), (SESSION_POLICY, "+")], ImplicitDeny, Some(IDENTITY)),
        (SESSION, vec![(IDENTITY, "+"), (BOUNDARY, "+"), (SESSION_POLICY, "-")], ExplicitDeny, None),
        // The root user of the account.
        (ROOT, vec![], Allow, None),
        (ROOT, vec![(RESOURCE, "-*")], ExplicitDeny, None),
        (ROOT, vec![(SCP, "0")], ImplicitDeny, Some(SCP)),
        (ROOT, vec![(SCP, "-")], ExplicitDeny, None),
        // Control policies: one of each level.
        (ANN, vec![(IDENTITY, "+"), (SCP, "+")], Allow, None),
        (ANN, vec![(SCP, "+")], ImplicitDeny, Some(IDENTITY)),
        (ANN, vec![(IDENTITY, "+"), (SCP, "0"), (SCP, "+")], Allow, None),
        (ANN, vec![(IDENTITY, "+"), (SCP, "+"), (SCP_BELOW, "0")], ImplicitDeny, Some(SCP_BELOW)),
        (ANN, vec![(IDENTITY, "+"), (SCP, "0"), (SCP_BELOW, "+")], ImplicitDeny, Some(SCP)),
        (ANN, vec![(RESOURCE, "+*"), (SCP, "0")], ImplicitDeny, Some(SCP)),
        (ANN, vec![(IDENTITY, "+"), (RCP, "+")], Allow, None),
        (ANN, vec![(IDENTITY, "+"), (RCP, "0")], ImplicitDeny, Some(RCP)),
        (NOBODY, vec![(RESOURCE, "+*"), (RCP, "-")], ExplicitDeny, None),
        // From another account: both sides.
        (OTHER, vec![(IDENTITY, "+")], ImplicitDeny, Some(RESOURCE)),
        (OTHER, vec![(RESOURCE, "+444455556666")], ImplicitDeny, Some(IDENTITY)),
        (OTHER, vec![(RESOURCE, "+arn:aws:iam::444455556666:user/eve")], ImplicitDeny, Some(IDENTITY)),
        (OTHER, vec![(RESOURCE, "+444455556666"), (IDENTITY, "+")], Allow, None),
        (OTHER, vec![(RESOURCE, "+*"), (IDENTITY, "+")], Allow, None),
        (OTHER, vec![(RESOURCE, "+111122223333"), (IDENTITY, "+")], ImplicitDeny, Some(RESOURCE)),
        (OTHER, vec![(RESOURCE, "+444455556666"), (IDENTITY, "+"), (BOUNDARY, "0")], ImplicitDeny, Some(BOUNDARY)),
        (FOREIGN_ROOT, vec![], ImplicitDeny, Some(RESOURCE)),
        (FOREIGN_ROOT, vec![(RESOURCE, "+444455556666")], Allow, None),
        // Those who have no account of their own here.
        (NOBODY, vec![], ImplicitDeny, Some(RESOURCE)),
        (NOBODY, vec![(RESOURCE, "+*")], Allow, None),
        (NOBODY, vec![(RESOURCE, "+111122223333")], ImplicitDeny, Some(RESOURCE)),
        (NOBODY, vec![(IDENTITY, "+")], ImplicitDeny, Some(RESOURCE)),
        (SERVICE, vec![(RESOURCE, "+*")], Allow, None),
        (SERVICE, vec![(IDENTITY, "+")], ImplicitDeny, Some(RESOURCE)),
    ] {
        let context = Context::new();
        let request = Request { caller: caller(arn), ..request(&context) };
        let parsed: Vec<_> = policies.iter().map(|(kind, short)| (*kind, *short, written(short))).collect();
        let sources: Vec<_> =
            parsed.iter().map(|(kind, label, policy)| Source { kind: *kind, label, policy }).collect();
        let decision = decide(&request, &sources);
        assert_eq!(decision.outcome, outcome, "{arn}: {policies:?}");
        if let Some(kind) = missing {
            assert_eq!(decision.because, Because::NoAllow(kind), "{arn}: {policies:?}");
        }
    }
}

#[test]
fn some_resources_open_themselves_only() {
    // "Policy evaluation logic": trust policies of roles and key policies of KMS
    for (arn, policies, allowed) in [
        (ANN, vec![(IDENTITY, "+")], false),
        (ROOT, vec![], false),
        (ANN, vec![(IDENTITY, "+"), (RESOURCE, "+111122223333")], true),
        (ANN, vec![(RESOURCE, "+111122223333")], false),
        (ANN, vec![(RESOURCE, "+arn:aws:iam::111122223333:user/ann")], true),
    ] {
        let context = Context::new();
        let request = Request { caller: caller(arn), resource_must_allow: true, ..request(&context) };
        let parsed: Vec<_> = policies.iter().map(|(kind, short)| (*kind, *short, written(short))).collect();
        let sources: Vec<_> =
            parsed.iter().map(|(kind, label, policy)| Source { kind: *kind, label, policy }).collect();
        assert_eq!(decide(&request, &sources).is_allowed(), allowed, "{arn}: {policies:?}");
    }
}

#[test]
fn the_decision_names_its_statement() {
    let bucket = Policy::parse(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"},
            {"Sid": "Writes", "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"},
            {"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        ]}"#,
    )
    .unwrap();
    let sources = [Source { kind: RESOURCE, label: "bucket policy", policy: &bucket }];
    let named = |sid, index| Because::Statement(Decider { kind: RESOURCE, label: "bucket policy", sid, index });
    let mut context = Context::new();
    let allowed = decide(&request(&context), &sources);
    assert_eq!((allowed.outcome, allowed.because), (Outcome::Allow, named(Some("Read"), 0)));
    context.set("aws:SecureTransport", "false");
    let request = Request { caller: caller(ANN), ..request(&context) };
    let denied = decide(&request, &sources);
    assert_eq!((denied.outcome, denied.because), (Outcome::ExplicitDeny, named(None, 2)));

    let stranger = Request { caller: Caller { kind: CallerKind::Anonymous, ..request.caller }, ..request };
    let found: Vec<_> =
        explain(&stranger, &sources).into_iter().map(|finding| (finding.effect, finding.kept)).collect();
    let expected =
        [(Effect::Allow, None), (Effect::Allow, Some(Element::Action)), (Effect::Deny, Some(Element::Principal))];
    assert_eq!(found, expected);
}

#[test]
fn an_identity_taken_for_an_administrator() {
    let full = Policy::full_access();
    let bucket = written("+444455556666");
    let context = Context::new();
    for (arn, policies, allowed) in
        [(ANN, vec![&full], true), (OTHER, vec![&full], false), (OTHER, vec![&full, &bucket], true)]
    {
        let kinds = [IDENTITY, RESOURCE];
        let sources: Vec<_> =
            policies.into_iter().zip(kinds).map(|(policy, kind)| Source { kind, label: "", policy }).collect();
        assert_eq!(
            decide(&Request { caller: caller(arn), ..request(&context) }, &sources).is_allowed(),
            allowed,
            "{arn}"
        );
    }
}

#[test]
fn conditions_are_all_needed() {
    // "Conditions with multiple context keys or values"
    let policy = policy(
        r#""Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {
            "StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"], "s3:prefix": "a"}, "Bool": {"aws:SecureTransport": true},
            "NumericLessThan": {"s3:max-keys": 10}}"#,
    );
    for (vpc, prefix, secure, keys, allowed) in [
        ("vpc-1", "a", "true", "1", true),
        ("vpc-2", "a", "true", "1", true),
        ("vpc-3", "a", "true", "1", false),
        ("vpc-1", "b", "true", "1", false),
        ("vpc-1", "a", "false", "1", false),
        ("vpc-1", "a", "true", "10", false),
    ] {
        let mut context = Context::new();
        context
            .set("aws:SourceVpc", vpc)
            .set("s3:prefix", prefix)
            .set("aws:SecureTransport", secure)
            .set("s3:max-keys", keys);
        let sources = [Source { kind: RESOURCE, label: "", policy: &policy }];
        assert_eq!(decide(&request(&context), &sources).is_allowed(), allowed, "{vpc} {prefix} {secure} {keys}");
    }
}
