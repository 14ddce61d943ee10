//! Those who wait until something that they read changes.
//!
//! Ten thousand long polls must not make every commit slow. So each waits under the *stems* of what it read: the bytes that a changed key must
//! begin with to matter. A commit looks up each changed key at the few lengths that stems have, and checks only the waiters found there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::sync::oneshot;

use crate::conflict::ReadSet;
use crate::raw::RawKey;

/// So many waiters are asked one by one, which takes less than looking up stems: mostly there are but those of timers and outbox.
const FEW: usize = 4;

/// The waiters of a world.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: HashMap<u64, Waiter>,
    by_stem: HashMap<Box<[u8]>, BTreeSet<u64>>,
    /// How many stems have each length.
    lengths: BTreeMap<usize, usize>,
    next: u64,
}

#[derive(Debug)]
struct Waiter {
    reads: ReadSet,
    wake: oneshot::Sender<()>,
}

impl Waiters {
    /// Adds a waiter. Its read set must be sealed.
    pub(crate) fn add(&mut self, reads: ReadSet) -> (u64, oneshot::Receiver<()>) {
        let (wake, woken) = oneshot::channel();
        self.next += 1;
        let id = self.next;
        for stem in reads.stems() {
            let ids = match self.by_stem.get_mut(stem) {
                Some(ids) => ids,
                None => {
                    *self.lengths.entry(stem.len()).or_default() += 1;
                    self.by_stem.entry(stem.into()).or_default()
                }
            };
            ids.insert(id);
        }
        self.waiting.insert(id, Waiter { reads, wake });
        (id, woken)
    }

    /// Forgets a waiter, whether it is still there or not.
    pub(crate) fn remove(&mut self, id: u64) -> Option<oneshot::Sender<()>> {
        let waiter = self.waiting.remove(&id)?;
        for stem in waiter.reads.stems() {
            let Some(ids) = self.by_stem.get_mut(stem) else { continue };
            ids.remove(&id);
            if ids.is_empty() {
                self.by_stem.remove(stem);
                if let Some(count) = self.lengths.get_mut(&stem.len()) {
                    *count -= 1;
                    if *count == 0 {
                        self.lengths.remove(&stem.len());
                    }
                }
            }
        }
        Some(waiter.wake)
    }

    /// Takes out those for whom these changed keys matter.
    pub(crate) fn take<'a>(&mut self, changed: impl Iterator<Item = &'a RawKey>) -> Vec<oneshot::Sender<()>> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut ids = BTreeSet::new();
        for key in changed {
            if self.waiting.len() <= FEW {
                let touched = self.waiting.iter().filter(|(_, waiter)| waiter.reads.contains(key.bytes()));
                ids.extend(touched.map(|(id, _)| *id));
                continue;
            }
            for length in self.lengths.keys() {
                let Some(stem) = key.bytes().get(..*length) else { break };
                let Some(candidates) = self.by_stem.get(stem) else { continue };
                let touched = |id: &&u64| self.waiting.get(id).is_some_and(|waiter| waiter.reads.contains(key.bytes()));
                ids.extend(candidates.iter().filter(touched));
            }
        }
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Takes out all.
    pub(crate) fn take_all(&mut self) -> Vec<oneshot::Sender<()>> {
        self.by_stem.clear();
        self.lengths.clear();
        self.waiting.drain().map(|(_, waiter)| waiter.wake).collect()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    #[cfg(test)]
    pub(crate) fn leaves_nothing(&self) -> bool {
        self.waiting.is_empty() && self.by_stem.is_empty() && self.lengths.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Span;

    fn key(name: &str) -> RawKey {
        RawKey::join(b"space", name.as_bytes())
    }

    fn reads(points: &[&str], ranges: &[(&str, &str)]) -> ReadSet {
        let mut reads = ReadSet::default();
        points.iter().for_each(|point| reads.point(key(point)));
        for (from, to) in ranges {
            reads.range(Span { from: key(from).into_bytes(), to: key(to).into_bytes(), split: 5 });
        }
        reads.seal();
        reads
    }

    fn taken_once(others: usize) {
        let mut waiters = Waiters::default();
        let (_, mut point) = waiters.add(reads(&["a1", "b"], &[]));
        let (_, mut range) = waiters.add(reads(&[], &[("a", "a5"), ("c", "z")]));
        let (_, mut wide) = waiters.add(reads(&[], &[("", "\u{7F}")]));
        let (_, mut other) = waiters.add(reads(&["a"], &[("a5", "a9")]));
        // A few are asked one by one, more by their stems.
        for _ in 0..others {
            waiters.add(reads(&["b5"], &[("x", "y")]));
        }
        let changed = [key("a1"), key("a2"), key("d")];
        let taken = waiters.take(changed.iter());
        assert_eq!((taken.len(), waiters.len()), (3, 1 + others));
        taken.into_iter().for_each(|wake| wake.send(()).unwrap());
        assert!(point.try_recv().is_ok() && range.try_recv().is_ok() && wide.try_recv().is_ok());
        assert!(other.try_recv().is_err());
        assert_eq!(waiters.take([key("a5")].iter()).len(), 1);
        assert_eq!(waiters.take([key("b5")].iter()).len(), others);
        assert!(waiters.leaves_nothing());
    }

    #[test]
    fn those_concerned_are_taken_once() {
        taken_once(0);
        taken_once(2 * FEW);
    }

    #[test]
    fn those_who_leave_leave_nothing() {
        let mut waiters = Waiters::default();
        let ids: Vec<u64> = (0..10).map(|_| waiters.add(reads(&["a"], &[("b", "c")])).0).collect();
        ids.iter().for_each(|id| drop(waiters.remove(*id)));
        assert!(waiters.leaves_nothing());
        assert!(waiters.remove(1).is_none());
        waiters.add(reads(&["a"], &[("b", "c")]));
        assert_eq!(waiters.take_all().len(), 1);
        assert!(waiters.leaves_nothing());
    }
}
