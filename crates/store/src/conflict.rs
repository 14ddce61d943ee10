//! Finding out whether what a transaction read has changed since: optimistic concurrency control, and the wake-up of those who wait for a change.

use std::collections::VecDeque;

use crate::raw::{RawKey, Span};

/// The keys that the history of a world remembers. A transaction that began before the oldest of them conflicts, whatever it read.
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

/// What a commit changed.
#[derive(Debug)]
enum Changed {
    Keys(Vec<RawKey>),
    Everything,
}

/// The recent commits of a world.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Consecutive commits; the last one is number `latest`.
    commits: VecDeque<Changed>,
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

    pub(crate) fn push(&mut self, keys: Vec<RawKey>) {
        self.keys += keys.len().max(1);
        self.bytes += size(&keys);
        self.add(Changed::Keys(keys));
    }

    /// Remembers a change of the whole world.
    pub(crate) fn push_everything(&mut self) {
        self.commits.clear();
        self.keys = 1;
        self.bytes = 0;
        self.add(Changed::Everything);
        self.replaced = self.latest;
    }

    fn add(&mut self, changed: Changed) {
        self.latest += 1;
        self.commits.push_back(changed);
        while self.keys > REMEMBERED_KEYS || self.bytes > REMEMBERED_BYTES {
            match self.commits.pop_front() {
                Some(Changed::Keys(keys)) => {
                    self.keys -= keys.len().max(1);
                    self.bytes -= size(&keys);
                }
                Some(Changed::Everything) => self.keys -= 1,
                None => break,
            }
        }
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
        let missed = usize::try_from(self.latest - since).unwrap_or(usize::MAX);
        if missed > self.commits.len() {
            return true;
        }
        self.commits.iter().rev().take(missed).any(|changed| match changed {
            Changed::Everything => true,
            Changed::Keys(keys) => keys.iter().any(|key| reads.contains(key.bytes())),
        })
    }
}

/// The bytes of keys.
fn size(keys: &[RawKey]) -> usize {
    keys.iter().map(|key| key.bytes().len()).sum()
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
        history.push(vec![key("a")]);
        let since = history.latest();
        history.push(vec![key("b")]);
        assert!(!history.changed_since(since, &reads(&["a"], &[])));
        assert!(history.changed_since(since, &reads(&["b"], &[])));
        assert!(history.changed_since(0, &reads(&["a"], &[])));
        assert!(!history.changed_since(0, &reads(&[], &[])), "what read nothing never conflicts");
        history.push_everything();
        assert!(history.changed_since(since, &reads(&["a"], &[])));
        assert!(!history.changed_since(history.latest(), &reads(&["a"], &[])));
        assert!(history.changed_since(since, &reads(&[], &[])), "not even what read nothing outlives its world");
        history.push(vec![key("a")]);
        assert!(!history.changed_since(history.latest() - 1, &reads(&[], &[])));
    }

    #[test]
    fn long_keys_are_remembered_for_a_shorter_time() {
        let mut history = History::default();
        let long = RawKey::join(b"space", &vec![1; 16 << 10]);
        for _ in 0..3000 {
            history.push(vec![long.clone()]);
        }
        assert!(history.bytes <= REMEMBERED_BYTES && history.commits.len() > 1000);
        assert_eq!(history.bytes, history.commits.len() * long.bytes().len());
        history.push_everything();
        assert_eq!((history.bytes, history.commits.len()), (0, 1));
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        for _ in 0..REMEMBERED_KEYS + 10 {
            history.push(vec![key("a")]);
        }
        assert_eq!(history.commits.len(), REMEMBERED_KEYS);
        assert!(history.changed_since(5, &reads(&["never written"], &[])));
        assert!(!history.changed_since(10, &reads(&["never written"], &[])));
        history.push((0..REMEMBERED_KEYS + 1).map(|_| key("b")).collect());
        assert!(history.commits.is_empty());
        assert!(history.changed_since(history.latest() - 1, &reads(&["never written"], &[])));
    }
}
