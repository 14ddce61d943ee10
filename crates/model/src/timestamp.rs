//! Moments, as the API carries them.

/// A moment: seconds and nanoseconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp {
    /// Whole seconds since the epoch, rounded towards the past.
    pub seconds: i64,
    /// Nanoseconds into that second, 0 to 999,999,999.
    pub nanos: u32,
}

impl Timestamp {
    /// From whole seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self { seconds: millis.div_euclid(1000), nanos: (millis.rem_euclid(1000) * 1_000_000) as u32 }
    }

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self { seconds: micros.div_euclid(1_000_000), nanos: (micros.rem_euclid(1_000_000) * 1000) as u32 }
    }

    /// Milliseconds since the epoch, rounded towards the past, saturating.
    pub const fn millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add((self.nanos / 1_000_000) as i64)
    }

    /// Microseconds since the epoch, rounded towards the past, saturating.
    pub const fn micros(self) -> i64 {
        self.seconds.saturating_mul(1_000_000).saturating_add((self.nanos / 1000) as i64)
    }

    /// This moment moved by `seconds`, saturating.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), nanos: self.nanos }
    }

    /// This moment moved by `millis`, saturating at the range of microseconds in 64 bits.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self::from_micros(self.micros().saturating_add(millis.saturating_mul(1000)))
    }
}
