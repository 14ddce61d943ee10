//! Canonical user ids, which S3 has for accounts: 64 hexadecimal digits.
//!
//! AWS draws them at random. Here they follow from the account, and the account from them, so that there is no table to keep.

use aws_lc_rs::digest::{SHA256, digest};
use kumoi_core::Cx;

use crate::api;

/// Bytes that hold the account's number, hidden under a mask of the others.
const NUMBER: usize = 5;

fn tag(account: &str) -> [u8; 32 - NUMBER] {
    let mut tag = [0; 32 - NUMBER];
    let hash = digest(&SHA256, format!("canonical user of {account}").as_bytes());
    tag.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    tag
}

fn masked(number: [u8; NUMBER], tag: &[u8]) -> [u8; NUMBER] {
    let mask = digest(&SHA256, tag);
    let mut masked = number;
    masked.iter_mut().zip(mask.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
    masked
}

/// The canonical user id of an account.
pub(crate) fn canonical(account: &str) -> String {
    let [_, _, _, number @ ..] = account.parse::<u64>().unwrap_or(0).to_be_bytes();
    let tag = tag(account);
    hex::encode([&masked(number, &tag)[..], &tag].concat())
}

/// The account whose canonical user id it is; `None` if it is nobody's.
pub(crate) fn account_of(id: &str) -> Option<String> {
    let bytes = hex::decode(id).ok()?;
    let (number, rest) = bytes.split_first_chunk::<NUMBER>()?;
    let [a, b, c, d, e] = masked(*number, rest);
    let account = format!("{:012}", u64::from_be_bytes([0, 0, 0, a, b, c, d, e]));
    (canonical(&account) == id).then_some(account)
}

/// The name of an account, which S3 told until November 2025 and tells again where the operator gives names.
pub(crate) fn display_name(cx: &Cx, account: &str) -> Option<String> {
    let names = cx.settings().options.get(crate::OWNER_NAMES)?;
    let mut pairs = names.split(',').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == account).map(|(_, name)| name.to_owned())
}

/// An account as the owner of something.
pub(crate) fn owner(cx: &Cx, account: &str) -> api::Owner {
    api::Owner { id: Some(canonical(account)), display_name: display_name(cx, account) }
}

/// An account as who began an upload.
pub(crate) fn initiator(cx: &Cx, account: &str) -> api::Initiator {
    api::Initiator { id: Some(canonical(account)), display_name: display_name(cx, account) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_accounts_follow_from_each_other() {
        for account in ["000000000000", "111111111111", "999999999999", "012345678901"] {
            let id = canonical(account);
            assert_eq!(id.len(), 64);
            assert_eq!(account_of(&id).as_deref(), Some(account));
            assert_eq!(account_of(&id.replacen(id.chars().next().unwrap(), "g", 1)), None);
        }
        assert_ne!(canonical("111111111111"), canonical("111111111112"));
        for nobody in ["", "abc", &"0".repeat(64), "_foo"] {
            assert_eq!(account_of(nobody), None, "{nobody}");
        }
    }
}
