//! The rules for names (S3 User Guide, "Naming rules for access points" and "Rules for naming Amazon S3 Multi-Region Access Points").

use kumoi_core::Fault;

use crate::errors::{invalid_request, invalid_uri};

/// The end of aliases of access points.
pub(crate) const ALIAS: &str = "-s3alias";

/// Ends of names that are kept for S3's own purposes.
const RESERVED_ENDS: [&str; 3] = [ALIAS, "--ol-s3", "--xa-s3"];

/// Characters of the name that its alias begins with, and the random ones that follow: an alias has no more than 63 together.
const IN_ALIAS: usize = 20;
pub(crate) const RANDOM: usize = 34;

/// Three to fifty small letters, digits and hyphens, with no hyphen at either end.
fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=50).contains(&name.len())
        && name.bytes().all(|byte| letter(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Checks the name of a new access point.
pub(crate) fn check_point(name: &str) -> Result<(), Fault> {
    let valid = is_name(name) && !RESERVED_ENDS.iter().any(|end| name.ends_with(end));
    if valid { Ok(()) } else { Err(invalid_uri()) }
}

/// Checks the name of a new multi-region access point.
pub(crate) fn check_multi(name: &str) -> Result<(), Fault> {
    if is_name(name) { Ok(()) } else { Err(invalid_request("The Multi-Region Access Point name is not valid.")) }
}

/// The alias of an access point, of its name and small letters and digits drawn at random.
pub(crate) fn alias(name: &str, random: &str) -> String {
    let start = name.get(..IN_ALIAS).unwrap_or(name).trim_end_matches('-');
    format!("{start}-{}{ALIAS}", random.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_access_points() {
        for name in ["abc", "a-b", "1-2", &"a".repeat(50)] {
            check_point(name).unwrap();
        }
        for name in ["", "ab", &"a".repeat(51), "Abc", "a_b", "a.b", "-ab", "ab-", "ab-s3alias", "ab--ol-s3", "äöü"]
        {
            assert_eq!(check_point(name).unwrap_err().code(), "InvalidURI", "{name}");
        }
    }

    #[test]
    fn aliases_are_names_of_buckets() {
        for name in ["abc", &"a".repeat(50), "a234567890123456789-b"] {
            let alias = alias(name, &"R".repeat(RANDOM));
            assert!(alias.len() <= 63 && alias.ends_with("r-s3alias") && !alias.contains("--"), "{alias}");
        }
    }
}
