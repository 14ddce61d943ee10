//! Access key ids.
//!
//! An id is a prefix of four letters (`AKIA` long-term, `ASIA` temporary) and sixteen letters of base32, in which AWS has carried the
//! account since 2019: bits 46 to 7 of the first six bytes. kumoi's keys do the same, so that `GetAccessKeyInfo` can read any
//! of them.

use crate::ids::Ids;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh access key id of `account` with a prefix such as `ASIA`.
pub fn generate(ids: &Ids, prefix: &str, account: &str) -> String {
    let account: u64 = account.parse().unwrap_or(0);
    let random = u128::from(ids.number());
    // Eighty bits: one set bit (so that the first letter is Q to Z or a digit, as in today's keys), forty of the account,
    // thirty-nine of chance.
    let bits = (1_u128 << 79) | (u128::from(account & 0xff_ffff_ffff) << 39) | (random & 0x7f_ffff_ffff);
    let letters = (0..16).rev().filter_map(|place| ALPHABET.get(((bits >> (place * 5)) & 31) as usize));
    prefix.chars().chain(letters.map(|&letter| char::from(letter))).collect()
}

/// The account in an access key id, 12 digits; `None` for an id of another form.
pub fn account(access_key: &str) -> Option<String> {
    let letters = access_key.get(4..).filter(|rest| rest.len() == 16)?;
    let mut bits = 0_u128;
    for letter in letters.bytes() {
        let value = ALPHABET.iter().position(|&known| known == letter)?;
        bits = (bits << 5) | value as u128;
    }
    let account = (bits >> 39) & 0xff_ffff_ffff;
    Some(format!("{account:012}")).filter(|account| account.len() == 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_carries_its_account() {
        let ids = Ids::new(1, "main", 1);
        for number in ["000000000000", "123456789012", "999999999999"] {
            let key = generate(&ids, "ASIA", number);
            assert_eq!(key.len(), 20);
            assert_eq!(account(&key).as_deref(), Some(number), "{key}");
        }
    }

    #[test]
    fn a_published_example_is_read() {
        // The id and account that AWS's own blog posts and several decoders use as the worked example.
        assert_eq!(account("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
    }

    #[test]
    fn other_forms_have_none() {
        for key in ["", "test", "123456789012", "AKIA0000000000000000"] {
            assert_eq!(account(key), None, "{key}");
        }
    }
}
