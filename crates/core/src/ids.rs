//! The one source of randomness.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Random ids of one world. With a seed, the same requests in the same order get the same ids.
pub struct Ids {
    source: Mutex<ChaCha20Rng>,
    sequence: AtomicU64,
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Ids {
    /// A source from a seed, a world's name, and how often the store has been opened, so that ids do not repeat after a
    /// restart.
    pub fn new(seed: u64, world: &str, opened: u64) -> Self {
        let mut key = [0_u8; 32];
        let words = [seed, opened, fingerprint(world, 1), fingerprint(world, 2)];
        for (chunk, word) in key.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Self { source: Mutex::new(ChaCha20Rng::from_seed(key)), sequence: AtomicU64::new(opened << 40) }
    }

    /// Sixty-four random bits.
    pub fn number(&self) -> u64 {
        self.source.lock().next_u64()
    }

    /// A number greater than every one given before it in this world, across restarts too.
    pub fn sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// A random UUID (version 4, RFC 9562).
    pub fn uuid(&self) -> String {
        let mut bytes = self.bytes::<16>();
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
        let mut digits = [0; 32];
        // Two digits a byte.
        let _ = hex::encode_to_slice(bytes, &mut digits);
        let mut text = b"00000000-0000-0000-0000-000000000000".to_vec();
        for (place, digit) in text.iter_mut().filter(|place| **place != b'-').zip(digits) {
            *place = digit;
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// Letters and digits.
    pub fn alphanumeric(&self, length: usize) -> String {
        self.pick(ALPHANUMERIC, length)
    }

    /// Capital letters and the digits 2 to 7, as in access key ids.
    pub fn upper(&self, length: usize) -> String {
        self.pick(UPPER, length)
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source.lock().fill_bytes(&mut bytes);
        bytes
    }

    fn pick(&self, alphabet: &[u8], length: usize) -> String {
        let mut source = self.source.lock();
        (0..length)
            .filter_map(|_| {
                // The bias of a 64-bit remainder over so few letters cannot be observed.
                alphabet.get((source.next_u64() % alphabet.len() as u64) as usize).map(|&letter| char::from(letter))
            })
            .collect()
    }
}

/// A seed from the operating system, by way of the keys that the standard library draws for its hash maps.
pub fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("kumoi")
}

fn fingerprint(text: &str, salt: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ salt, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn a_seed_repeats_and_a_restart_does_not() {
        let ids = |opened| Ids::new(7, "main", opened).uuid();
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }

    #[test]
    fn a_uuid_is_of_version_4() {
        let uuid = Ids::new(1, "main", 1).uuid();
        let parts: Vec<_> = uuid.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']));
        assert!(parts.concat().bytes().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase()));
    }
}
