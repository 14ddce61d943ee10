//! Where in a stream a record is, and why no reader misses one.
//!
//! A record's position is an *epoch* and a *number* drawn from the world's sequence when the record is written. Writers read the stream's open epoch
//! and nothing that others write, so they never conflict with each other. But a number does not tell when its transaction commits: one that was
//! drawn first may be committed last, behind a reader's back. So this holds:
//!
//! **No position within the open epoch is told to anybody, but its beginning.** A reader that is about to tell one ends the epoch, in the transaction
//! in which it read: the next epoch is then the open one. Let W be a writer that drew a number below that position.
//!
//! * W committed before the reader did: the reader has read the range in which W's record lies. Either it saw the record, or the two conflict and the
//!   reader runs again.
//! * W did not: it had read the epoch that has ended, so it conflicts, runs again, and its record goes to the next epoch, which lies behind every
//!   position that was told.
//!
//! Writers with greater numbers that commit in time have their records in the ended epoch, behind the position, where the next read finds them. A
//! reader that finds nothing new ends no epoch and writes nothing.
//!
//! Records of one item are in the order of its changes. A change reads the item, so it follows the one before it in the serial order of
//! transactions: the epoch it read is the same or a later one, and it drew its number after reading what the other had committed.
//!
//! A stream that is disabled is never written to again, so its positions are told as they are.

use serde::{Deserialize, Serialize};

/// Digits of an epoch and of a number in a sequence number; the epoch is counted from there, so that its first digit is no zero.
const EPOCH: usize = 10;
const FIRST: u64 = 1_000_000_000;
const NUMBER: usize = 20;

/// The position of a record in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    pub(crate) number: u64,
}

impl Position {
    /// Where an epoch begins.
    pub(crate) fn start(epoch: u64) -> Self {
        Self { epoch, number: 0 }
    }

    /// Right behind this.
    pub(crate) fn next(self) -> Self {
        match self.number.checked_add(1) {
            Some(number) => Self { number, ..self },
            None => Self::start(self.epoch + 1),
        }
    }

    /// As a sequence number: digits alone, which compare as numbers and as texts.
    pub(crate) fn text(self) -> String {
        format!("{:0EPOCH$}{:0NUMBER$}", FIRST.saturating_add(self.epoch), self.number)
    }

    /// Reads a sequence number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.len() != EPOCH + NUMBER {
            return None;
        }
        let (epoch, number) = text.split_at_checked(EPOCH)?;
        Some(Self { epoch: epoch.parse::<u64>().ok()?.checked_sub(FIRST)?, number: number.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_come_back_in_order() {
        let positions = [(0, 0), (0, 7), (0, u64::MAX), (1, 0), (40, 1 << 40)];
        let positions = positions.map(|(epoch, number)| Position { epoch, number });
        let texts = positions.map(Position::text);
        assert!(texts.is_sorted());
        for (position, text) in positions.iter().zip(&texts) {
            assert_eq!(Position::parse(text), Some(*position));
            assert!((21..=40).contains(&text.len()));
        }
        assert_eq!(positions[2].next(), positions[3]);
        assert_eq!(Position::parse("000000000000000000000"), None);
        assert_eq!(Position::parse(&"0".repeat(30)), None);
    }
}
