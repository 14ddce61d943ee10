//! Opaque paging tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kumoi_store::Key;

/// The longest token that is read: keys of items and of their places in an index take some KiB.
const MAX_TOKEN: usize = 32 << 10;

/// A token that says "after this key". `list` names the listing, so that a token of one listing is refused by another.
pub fn token(list: &str, key: &impl Key) -> String {
    let mut bytes = checksum(list).to_be_bytes().to_vec();
    key.encode(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key in a token; `None` when it is none of ours, or of another listing.
pub fn key<K: Key>(list: &str, token: &str) -> Option<K> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (sum, mut rest) = bytes.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*sum) != checksum(list) {
        return None;
    }
    let key = K::decode(&mut rest).ok()?;
    rest.is_empty().then_some(key)
}

/// FNV-1a: enough to tell listings apart, no secret.
fn checksum(list: &str) -> u32 {
    list.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_token_belongs_to_its_listing() {
        let token = super::token("queues", &"name".to_owned());
        assert_eq!(super::key::<String>("queues", &token).as_deref(), Some("name"));
        assert_eq!(super::key::<String>("topics", &token), None);
        assert_eq!(super::key::<String>("queues", "%%%"), None);
    }
}
