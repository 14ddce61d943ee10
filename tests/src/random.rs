//! Chance that can be repeated: a test prints its seed, and `KUMOI_TEST_SEED` gives it again.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;

/// A generator of numbers (SplitMix64).
pub struct Random(u64);

impl Random {
    /// One that starts from a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// One that starts from `KUMOI_TEST_SEED`, or from anywhere.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("KUMOI_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(test));
        let _ = writeln!(std::io::stderr(), "{test}: KUMOI_TEST_SEED={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    /// Another generator, for a task of its own.
    pub fn split(&mut self) -> Self {
        Self(self.number())
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number() as u8).collect()
    }
}
