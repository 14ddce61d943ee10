//! How much a request may ask of a decoder.

/// Bounds on what a decoder builds. The number of body bytes is bounded before, by whoever reads the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of structures, lists, maps and documents; also the number of segments in a query key.
    /// At most 120, since the JSON parser has a bound of its own at 128.
    pub max_depth: u16,
    /// Most values in one request, nested ones and those of unknown members included.
    pub max_values: u32,
    /// Most `name=value` pairs in a form or query string.
    pub max_pairs: usize,
}

impl Default for Limits {
    /// 120 levels (DynamoDB's documents, the deepest that AWS documents, have 32, which are 64 here; what is deeper it refuses in its own words), a million values and 100,000 pairs.
    fn default() -> Self {
        Self { max_depth: 120, max_values: 1_000_000, max_pairs: 100_000 }
    }
}
