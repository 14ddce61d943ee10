//! Finding out whether what a transaction read has changed since: optimistic concurrency control, and the wake-up of those who wait for a change.

use std::collections::VecDeque;

use crate::raw::{RawKey, Span};

/// The keys that the history of a world remembers, about. A transaction that began before the oldest of them conflicts, whatever it read.
const REMEMBERED_KEYS: usize = 64 * 1024;
/// The bytes of those keys: clients choose how long most keys are.
const REMEMBERED_BYTES: usize = 32 << 20;

/// What a transaction has read: keys, whether present or not, and ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadSet {
    points: Vec<Vec<u8>>,
    ranges: Vec<Span>,
    sealed: bool,
}

impl ReadSet {
    pub(crate) fn point(&mut self, key: RawKey) {
        self.sealed = false;
        self.points.push(key.into_bytes());
    }

    pub(crate) fn range(&mut self, span: Span) {
        if !span.is_empty() {
            self.sealed = false;
            self.ranges.push(span);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.ranges.is_empty()
    }

    /// Orders what was read, so that a key is looked up in logarithmic time.
    pub(crate) fn seal(&mut self) {
        if std::mem::replace(&mut self.sealed, true) {
            return;
        }
        self.points.sort_unstable();
        self.points.dedup();
        self.ranges.sort_unstable();
        self.ranges.dedup_by(|next, kept| {
            let overlaps = next.from <= kept.to;
            if overlaps && next.to > kept.to {
                kept.to = std::mem::take(&mut next.to);
            }
            overlaps
        });
    }

    /// Whether a change of this key changes what was read. The set must be sealed.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        debug_assert!(self.sealed);
        if self.points.binary_search_by(|point| point.as_slice().cmp(key)).is_ok() {
            return true;
        }
        let after = self.ranges.partition_point(|span| span.from.as_slice() <= key);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|span| span.contains(key))
    }

    /// For each thing that was read, the bytes that a key must begin with to matter to it: a point is a key of its own, and all keys of a
    /// range share the common start of its bounds.
    pub(crate) fn stems(&self) -> impl Iterator<Item = &[u8]> {
        let ranges = self.ranges.iter().map(|span| {
            let shared = span.from.iter().zip(&span.to).take_while(|(a, b)| a == b).count();
            span.from.get(..shared).unwrap_or_default()
        });
        self.points.iter().map(Vec::as_slice).chain(ranges)
    }
}

/// The bytes of a block, about, after which another is begun.
const BLOCK_BYTES: usize = 64 << 10;

/// Consecutive commits. Their keys lie one after the other, so that remembering and forgetting them takes no allocation of its own.
#[derive(Debug, Default)]
struct Block {
    /// The keys, each behind its length.
    bytes: Vec<u8>,
    /// Where each commit ends.
    ends: Vec<usize>,
    keys: usize,
}

impl Block {
    fn push(&mut self, keys: &[RawKey]) {
        for key in keys {
            self.bytes.extend_from_slice(&key.bytes().len().to_ne_bytes());
            self.bytes.extend_from_slice(key.bytes());
        }
        self.keys += keys.len();
        self.ends.push(self.bytes.len());
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.keys = 0;
    }

    /// Whether one of the latest `missed` commits changed something of what was read.
    fn changed(&self, missed: usize, reads: &ReadSet) -> bool {
        let known = self.ends.len().saturating_sub(missed);
        let start = known.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        let mut rest = self.bytes.get(start..).unwrap_or_default();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (key, after) = after.split_at_checked(usize::from_ne_bytes(*length)).unwrap_or_default();
            if reads.contains(key) {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// The recent commits of a world.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Consecutive commits; the last one is number `latest`.
    blocks: VecDeque<Block>,
    commits: usize,
    keys: usize,
    bytes: usize,
    latest: u64,
    /// The number of the latest commit that changed the whole world; 0 for none.
    replaced: u64,
}

impl History {
    /// The number of the latest commit.
    pub(crate) fn latest(&self) -> u64 {
        self.latest
    }

    /// Remembers a commit that changed these keys.
    pub(crate) fn push(&mut self, keys: &[RawKey]) {
        if self.blocks.back().is_none_or(|block| block.bytes.len() >= BLOCK_BYTES) {
            let block = self.forget();
            self.blocks.push_back(block);
        }
        let Some(block) = self.blocks.back_mut() else { return };
        let before = block.bytes.len();
        block.push(keys);
        self.bytes += block.bytes.len() - before;
        self.keys += keys.len();
        self.commits += 1;
        self.latest += 1;
    }

    /// Remembers a change of the whole world.
    pub(crate) fn push_everything(&mut self) {
        let (latest, replaced) = (self.latest + 1, self.latest + 1);
        *self = History { latest, replaced, ..History::default() };
    }

    /// Forgets the oldest blocks while too much is remembered; an empty block, in the memory of one of them if that is of the usual size.
    fn forget(&mut self) -> Block {
        let mut empty = Block::default();
        while self.keys > REMEMBERED_KEYS || self.bytes > REMEMBERED_BYTES {
            let Some(mut block) = self.blocks.pop_front() else { break };
            self.commits -= block.ends.len();
            self.keys -= block.keys;
            self.bytes -= block.bytes.len();
            if block.bytes.capacity() <= 4 * BLOCK_BYTES {
                block.clear();
                empty = block;
            }
        }
        empty
    }

    /// Whether a commit after number `since` changed something of what was read, or may have. A change of the whole world concerns even those
    /// who read nothing: they write to a world that is no more. The read set must be sealed.
    pub(crate) fn changed_since(&self, since: u64, reads: &ReadSet) -> bool {
        if since < self.replaced {
            return true;
        }
        if reads.is_empty() || since >= self.latest {
            return false;
        }
        let mut missed = usize::try_from(self.latest - since).unwrap_or(usize::MAX);
        if missed > self.commits {
            return true;
        }
        for block in self.blocks.iter().rev() {
            if block.changed(missed, reads) {
                return true;
            }
            missed = missed.saturating_sub(block.ends.len());
            if missed == 0 {
                break;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> RawKey {
        RawKey::join(b"space", name.as_bytes())
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: key(from).into_bytes(), to: key(to).into_bytes(), split: 5 }
    }

    fn reads(points: &[&str], ranges: &[(&str, &str)]) -> ReadSet {
        let mut reads = ReadSet::default();
        points.iter().for_each(|point| reads.point(key(point)));
        ranges.iter().for_each(|(from, to)| reads.range(span(from, to)));
        reads.seal();
        reads
    }

    #[test]
    fn ranges_are_joined_and_end_before_their_bound() {
        let reads = reads(&["x"], &[("d", "f"), ("a", "c"), ("b", "b5"), ("c", "c5"), ("z", "y")]);
        for inside in ["a", "b", "b9", "c", "c4", "d", "e", "x"] {
            assert!(reads.contains(key(inside).bytes()), "{inside}");
        }
        for outside in ["", "c5", "c9", "f", "w", "x1", "y", "z"] {
            assert!(!reads.contains(key(outside).bytes()), "{outside}");
        }
        assert_eq!(reads.ranges.len(), 2);
    }

    #[test]
    fn only_later_commits_count() {
        let mut history = History::default();
        history.push(&[key("a")]);
        let since = history.latest();
        history.push(&[key("b")]);
        assert!(!history.changed_since(since, &reads(&["a"], &[])));
        assert!(history.changed_since(since, &reads(&["b"], &[])));
        assert!(history.changed_since(0, &reads(&["a"], &[])));
        assert!(!history.changed_since(0, &reads(&[], &[])), "what read nothing never conflicts");
        history.push_everything();
        assert!(history.changed_since(since, &reads(&["a"], &[])));
        assert!(!history.changed_since(history.latest(), &reads(&["a"], &[])));
        assert!(history.changed_since(since, &reads(&[], &[])), "not even what read nothing outlives its world");
        history.push(&[key("a")]);
        assert!(!history.changed_since(history.latest() - 1, &reads(&[], &[])));
    }

    #[test]
    fn commits_are_told_apart_across_blocks() {
        let mut history = History::default();
        let name = |number: u64| format!("{number:0100}");
        let count = 4 * BLOCK_BYTES as u64 / 100;
        for number in 1..=count {
            history.push(&[key(&name(number)), key("always")]);
        }
        assert!(history.blocks.len() > 4);
        for number in (1..=count).step_by(97) {
            let reads = reads(&[&name(number)], &[]);
            assert!(history.changed_since(number - 1, &reads), "{number}");
            assert!(!history.changed_since(number, &reads), "{number}");
        }
    }

    #[test]
    fn long_keys_are_remembered_for_a_shorter_time() {
        let mut history = History::default();
        let long = RawKey::join(b"space", &vec![1; 16 << 10]);
        for _ in 0..5000 {
            history.push(std::slice::from_ref(&long));
        }
        assert!(history.bytes <= REMEMBERED_BYTES + 2 * BLOCK_BYTES && history.commits > 1000);
        assert_eq!(history.bytes, history.blocks.iter().map(|block| block.bytes.len()).sum::<usize>());
        history.push_everything();
        assert_eq!((history.bytes, history.commits), (0, 0));
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        for _ in 0..4 * REMEMBERED_KEYS {
            history.push(&[key("a")]);
        }
        let block = BLOCK_BYTES / (8 + key("a").bytes().len()) + 1;
        let bounds = REMEMBERED_KEYS - block..=REMEMBERED_KEYS + block;
        assert!(bounds.contains(&history.commits), "{}", history.commits);
        let oldest = history.latest() - history.commits as u64;
        assert!(history.changed_since(oldest - 1, &reads(&["never written"], &[])));
        assert!(!history.changed_since(oldest, &reads(&["never written"], &[])));
    }
}
