//! Paths of S3 that grants are for (S3 User Guide, "Working with grants in S3 Access Grants"): `s3://`, `s3://bucket`, `s3://bucket/prefix*`, or an object.

use kumoi_core::Principal;
use kumoi_core::arn::Arn;
use kumoi_core::identity::PrincipalKind;
use serde_json::{Value, json};

const SCHEME: &str = "s3://";

/// The bucket of a path, empty for that of everything; `None` if it is no path of S3.
pub(crate) fn bucket_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(SCHEME)?;
    let bucket = rest.split('/').next().unwrap_or_default();
    let sound = !bucket.contains('*') && (rest.is_empty() || !bucket.is_empty());
    sound.then_some(bucket)
}

/// The path of a grant: that of the location, with the sub-prefix behind it.
pub(crate) fn of_grant(location: &str, sub_prefix: Option<&str>) -> String {
    let whole_bucket = location != SCHEME && !location.trim_start_matches(SCHEME).contains('/');
    let slash = if whole_bucket { "/" } else { "" };
    match sub_prefix.filter(|sub| !sub.is_empty()) {
        Some(sub) => format!("{}{slash}{}", location.trim_end_matches('*'), sub.trim_start_matches('/')),
        None if whole_bucket => format!("{location}/*"),
        None => location.to_owned(),
    }
}

/// What a path reaches, without the scheme: a prefix of `bucket/key`, or all of it for an object.
fn reach(path: &str, object: bool) -> String {
    let path = path.trim_start_matches(SCHEME);
    let path = if object { path } else { path.trim_end_matches('*') };
    if path.contains('/') || path.is_empty() { path.to_owned() } else { format!("{path}/") }
}

/// Whether a grant for one path covers another; each may be an object.
pub(crate) fn covers(grant: (&str, bool), target: (&str, bool)) -> bool {
    let (granted, wanted) = (reach(grant.0, grant.1), reach(target.0, target.1));
    if grant.1 { target.1 && granted == wanted } else { wanted.starts_with(&granted) }
}

/// Whether a permission holds another.
pub(crate) fn permits(granted: &str, wanted: &str) -> bool {
    granted == wanted || granted == "READWRITE"
}

/// Whether a principal is whom a grant names: a user, or a role whose session it is.
pub(crate) fn is_grantee(principal: &Principal, identifier: &str) -> bool {
    if principal.kind != PrincipalKind::AssumedRole {
        return principal.kind != PrincipalKind::Anonymous && principal.arn == identifier;
    }
    let session = Arn::parse(&principal.arn).and_then(|arn| arn.resource.strip_prefix("assumed-role/"));
    let name = session.and_then(|session| session.split('/').next());
    let role = Arn::parse(identifier).filter(|arn| arn.account == principal.account && arn.service == "iam");
    // A session does not tell the path of its role.
    let role = role.and_then(|arn| arn.resource.strip_prefix("role/"));
    role.is_some_and(|role| role.rsplit('/').next() == name)
}

/// The session policy that keeps credentials within a path.
pub(crate) fn session_policy(partition: &str, path: (&str, bool), permission: &str) -> Value {
    let reach = reach(path.0, path.1);
    let (bucket, prefix) = reach.split_once('/').unwrap_or((&reach, ""));
    let star = if path.1 { "" } else { "*" };
    let objects = format!("arn:{partition}:s3:::{bucket}/{prefix}{star}");
    let mut statements = Vec::new();
    if permission != "WRITE" {
        let actions =
            ["GetObject", "GetObjectVersion", "GetObjectAcl", "GetObjectVersionAcl", "ListMultipartUploadParts"];
        let actions = actions.map(|action| format!("s3:{action}"));
        statements.push(json!({ "Effect": "Allow", "Action": actions, "Resource": [objects] }));
        let list = json!({
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [format!("arn:{partition}:s3:::{bucket}")],
            "Condition": { "StringLike": { "s3:prefix": [format!("{prefix}{star}")] } },
        });
        statements.push(list);
    }
    if permission != "READ" {
        let actions = [
            "PutObject",
            "PutObjectAcl",
            "PutObjectVersionAcl",
            "DeleteObject",
            "DeleteObjectVersion",
            "AbortMultipartUpload",
        ];
        let actions = actions.map(|action| format!("s3:{action}"));
        statements.push(json!({ "Effect": "Allow", "Action": actions, "Resource": [objects] }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_grants() {
        for (location, sub, scope) in [
            ("s3://", Some("b/p*"), "s3://b/p*"),
            ("s3://b", None, "s3://b/*"),
            ("s3://b", Some("p*"), "s3://b/p*"),
            ("s3://b/p/*", Some("q*"), "s3://b/p/q*"),
            ("s3://b/p*", None, "s3://b/p*"),
        ] {
            assert_eq!(of_grant(location, sub), scope);
        }
        assert_eq!(bucket_of("s3://"), Some(""));
        assert_eq!(bucket_of("s3://b/p*"), Some("b"));
        for path in ["b/p", "s3:///p", "s3://b*"] {
            assert_eq!(bucket_of(path), None, "{path}");
        }
    }

    #[test]
    fn what_a_grant_covers() {
        let grant = ("s3://b/p*", false);
        assert!(covers(grant, ("s3://b/p*", false)) && covers(grant, ("s3://b/pq/*", false)));
        assert!(covers(grant, ("s3://b/p1", true)));
        assert!(!covers(grant, ("s3://b/*", false)) && !covers(grant, ("s3://bp/*", false)));
        assert!(covers(("s3://b/*", false), ("s3://b", false)) && !covers(("s3://b", false), ("s3://bb", false)));
        let object = ("s3://b/key", true);
        assert!(covers(object, object) && !covers(object, ("s3://b/key", false)));
        assert!(!covers(object, ("s3://b/key2", true)));
    }

    #[test]
    fn a_role_is_known_by_its_sessions() {
        let session = Principal {
            account: "000000000000".into(),
            arn: "arn:aws:sts::000000000000:assumed-role/reader/me".into(),
            user_id: "AROA:me".into(),
            kind: PrincipalKind::AssumedRole,
        };
        assert!(is_grantee(&session, "arn:aws:iam::000000000000:role/team/reader"));
        assert!(!is_grantee(&session, "arn:aws:iam::000000000000:role/writer"));
        assert!(!is_grantee(&session, "arn:aws:iam::111111111111:role/reader"));
        let root = Principal::root("aws", "000000000000");
        assert!(is_grantee(&root, "arn:aws:iam::000000000000:root") && !is_grantee(&root, "x"));
    }
}
