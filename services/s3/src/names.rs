//! The rules for names of buckets and keys.
//!
//! Amazon S3 User Guide, "General purpose bucket naming rules" and "Naming Amazon S3 objects".

use kumoi_core::Fault;
use kumoi_model::partitions::partitions;

use crate::errors::{invalid_bucket_name, invalid_namespace, key_too_long, missing_namespace};

/// The longest key, in bytes.
const MAX_KEY: usize = 1024;

/// Starts and ends of names that are kept for S3's own purposes.
const RESERVED_STARTS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Checks the name of a new bucket.
pub(crate) fn check_bucket(name: &str) -> Result<(), Fault> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edge = |byte: Option<u8>| byte.is_some_and(letter);
    let valid = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| letter(byte) || matches!(byte, b'.' | b'-'))
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
        && !name.contains("..")
        && !is_address(name)
        && !RESERVED_STARTS.iter().any(|start| name.starts_with(start))
        && !RESERVED_ENDS.iter().any(|end| name.ends_with(end));
    if valid { Ok(()) } else { Err(invalid_bucket_name()) }
}

/// Checks the namespace that a new bucket is to be in. An account has one of its own in every region: names there end with both and `-an`, and nobody
/// else can make them (User Guide, "Namespaces for general purpose buckets").
pub(crate) fn check_namespace(name: &str, asked: Option<&str>, account: &str, region: &str) -> Result<(), Fault> {
    match asked {
        Some("account-regional") if name.ends_with(&format!("-{account}-{region}-an")) => Ok(()),
        None | Some("global") if !is_regional(name) => Ok(()),
        None => Err(missing_namespace()),
        Some(_) => Err(invalid_namespace()),
    }
}

/// Whether a name is in the namespace of some account in some region.
fn is_regional(name: &str) -> bool {
    let Some(name) = name.strip_suffix("-an") else { return false };
    name.match_indices('-').any(|(place, _)| {
        let rest = name.get(place + 1..).and_then(|rest| rest.split_once('-'));
        rest.is_some_and(|(account, region)| {
            account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && partitions().iter().any(|partition| partition.matches(region))
        })
    })
}

/// Four numbers, as in an IP address of version 4.
fn is_address(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Checks the key of a new object.
pub(crate) fn check_key(key: &str) -> Result<(), Fault> {
    if key.len() > MAX_KEY { Err(key_too_long()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for name in ["abc", "a-b.c1", "1.2.3", "1.2.3.a", &"a".repeat(63)] {
            assert!(check_bucket(name).is_ok(), "{name}");
        }
        let long = "a".repeat(64);
        for name in [
            "",
            "ab",
            &long,
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            ".abc",
            "a..b",
            "192.168.5.4",
            "xn--a",
            "sthree-a",
            "amzn-s3-demo-a",
            "a-s3alias",
            "a--ol-s3",
            "abc.mrap",
            "a--x-s3",
            "a--table-s3",
            "bücket",
        ] {
            assert_eq!(check_bucket(name).unwrap_err().code(), "InvalidBucketName", "{name}");
        }
    }

    #[test]
    fn namespaces() {
        let check = |name: &str, asked| match check_namespace(name, asked, "111122223333", "us-west-2") {
            Ok(()) => "ok".to_owned(),
            Err(fault) => fault.code().to_owned(),
        };
        let regional = Some("account-regional");
        assert_eq!(check("a-111122223333-us-west-2-an", regional), "ok");
        for name in ["a", "a-an", "a-111122223333-us-east-1-an", "a-000000000000-us-west-2-an"] {
            assert_eq!(check(name, regional), "InvalidNamespaceHeader", "{name}");
        }
        for name in ["a-111122223333-us-west-2-an", "a-b-000000000000-us-gov-west-1-an"] {
            assert_eq!(check(name, None), "MissingNamespaceHeader", "{name}");
            assert_eq!(check(name, Some("global")), "InvalidNamespaceHeader", "{name}");
        }
        for name in ["a", "a-an", "a-111122223333-an", "a-111122223333-us-west-2", "a-11112222333-us-west-2-an"] {
            assert_eq!((check(name, None).as_str(), check(name, Some("global")).as_str()), ("ok", "ok"), "{name}");
        }
    }

    #[test]
    fn keys_count_in_bytes() {
        assert!(check_key(&"ü".repeat(512)).is_ok());
        assert_eq!(check_key(&"ü".repeat(513)).unwrap_err().code(), "KeyTooLongError");
    }
}
