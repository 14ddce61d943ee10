//! A persistent B+ tree from bytes to values: cloning it takes constant time, and a changed clone shares all but the changed paths.
//!
//! Entries lie in leaves of up to [`FANOUT`], keys beside each other where they are short, so that a step down costs few lines of memory, and
//! a change moves few between processors. Nodes are changed in place where no clone shares them, and copied where one does. All leaves are at
//! the same depth. A full leaf at whose end an entry is added is left full: keys that only grow, as those of messages do, fill their leaves.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::slice;
use std::sync::Arc;

/// The most entries of a leaf, and children of a branch. Tests do better with deep trees.
const FANOUT: usize = if cfg!(test) { 8 } else { 32 };

/// A node with fewer is joined with a neighbour where both then have at most [`JOINED`].
const SPARSE: usize = FANOUT / 4;
const JOINED: usize = FANOUT * 3 / 4;

/// The longest key that needs no allocation of its own: those of most indexes.
const SHORT: usize = 46;

/// An ordered map.
#[derive(Clone)]
pub(crate) struct Tree<V> {
    root: Arc<Node<V>>,
}

#[derive(Clone)]
enum Node<V> {
    Leaf(Vec<Entry<V>>),
    Branch(Vec<Child<V>>),
}

#[derive(Clone)]
struct Entry<V> {
    key: Key,
    value: V,
}

/// A subtree: its keys are no less than `low`, but for the first of a branch, and less than that of the next.
struct Child<V> {
    low: Key,
    node: Arc<Node<V>>,
}

#[derive(Clone)]
enum Key {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Key {
    fn new(key: &[u8]) -> Key {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..key.len()), u8::try_from(key.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(key);
                Key::Short { length, bytes }
            }
            _ => Key::Long(key.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Key::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Key::Long(bytes) => bytes,
        }
    }
}

impl<V> Clone for Child<V> {
    fn clone(&self) -> Self {
        Child { low: self.low.clone(), node: self.node.clone() }
    }
}

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Tree { root: Arc::new(Node::Leaf(Vec::new())) }
    }
}

impl<V: fmt::Debug> fmt::Debug for Tree<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.ascend(Unbounded)).finish()
    }
}

/// Where a key is among entries, or belongs.
fn search<V>(entries: &[Entry<V>], key: &[u8]) -> Result<usize, usize> {
    // Most keys are added at the end.
    match entries.last().map(|last| last.key.bytes().cmp(key)) {
        None | Some(Ordering::Less) => Err(entries.len()),
        _ => entries.binary_search_by(|entry| entry.key.bytes().cmp(key)),
    }
}

/// The child that a key belongs to.
fn route<V>(children: &[Child<V>], key: &[u8]) -> usize {
    children.partition_point(|child| child.low.bytes() <= key).saturating_sub(1)
}

/// Takes the upper half of a full list, but nothing where something is to be added at its end.
fn split<T>(list: &mut Vec<T>, at: usize) -> Vec<T> {
    let kept = if at == list.len() { at } else { list.len() / 2 };
    let mut upper = Vec::with_capacity(FANOUT);
    upper.extend(list.drain(kept..));
    upper
}

/// Puts something into a list, which splits where it is full; the upper part of it then.
fn put<T>(list: &mut Vec<T>, at: usize, item: T) -> Option<Vec<T>> {
    if list.len() < FANOUT {
        list.insert(at, item);
        return None;
    }
    let mut upper = split(list, at);
    match at.checked_sub(list.len()) {
        Some(at) if at > 0 || upper.is_empty() => upper.insert(at, item),
        _ => list.insert(at, item),
    }
    Some(upper)
}

impl<V> Node<V> {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Branch(children) => children.len(),
        }
    }
}

impl<V: Clone> Node<V> {
    /// The value that the key had, and the upper part of the node if it split.
    fn insert(&mut self, key: &[u8], value: V) -> (Option<V>, Option<Child<V>>) {
        match self {
            Node::Leaf(entries) => match search(entries, key) {
                Ok(at) => (entries.get_mut(at).map(|entry| std::mem::replace(&mut entry.value, value)), None),
                Err(at) => {
                    let upper = put(entries, at, Entry { key: Key::new(key), value });
                    let child = |entries: Vec<Entry<V>>| {
                        let low = entries.first()?.key.clone();
                        Some(Child { low, node: Arc::new(Node::Leaf(entries)) })
                    };
                    (None, upper.and_then(child))
                }
            },
            Node::Branch(children) => {
                let at = route(children, key);
                let Some(child) = children.get_mut(at) else { return (None, None) };
                let (before, upper) = Arc::make_mut(&mut child.node).insert(key, value);
                let upper = upper.and_then(|upper| put(children, at + 1, upper));
                let child = |children: Vec<Child<V>>| {
                    let low = children.first()?.low.clone();
                    Some(Child { low, node: Arc::new(Node::Branch(children)) })
                };
                (before, upper.and_then(child))
            }
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<V> {
        match self {
            Node::Leaf(entries) => search(entries, key).ok().map(|at| entries.remove(at).value),
            Node::Branch(children) => {
                let at = route(children, key);
                let node = Arc::make_mut(&mut children.get_mut(at)?.node);
                let removed = node.remove(key);
                match node.len() {
                    0 => drop(children.remove(at)),
                    1..SPARSE => join(children, at),
                    _ => {}
                }
                removed
            }
        }
    }

    /// Takes in what comes after all that the node has.
    fn append(&mut self, low: Key, upper: Node<V>) {
        match (self, upper) {
            (Node::Leaf(entries), Node::Leaf(upper)) => entries.extend(upper),
            (Node::Branch(children), Node::Branch(mut upper)) => {
                // As the first one it may have keys below its own bound.
                if let Some(first) = upper.first_mut() {
                    first.low = low;
                }
                children.extend(upper);
            }
            // INVARIANT(depth): neighbours are of one kind.
            _ => debug_assert!(false, "neighbours of different depths"),
        }
    }
}

/// Joins a child with one of its neighbours if they are small enough.
fn join<V: Clone>(children: &mut Vec<Child<V>>, at: usize) {
    for lower in [Some(at), at.checked_sub(1)].into_iter().flatten() {
        if let Some([one, other]) = children.get(lower..).and_then(|rest| rest.first_chunk())
            && one.node.len() + other.node.len() <= JOINED
        {
            let upper = children.remove(lower + 1);
            if let Some(child) = children.get_mut(lower) {
                Arc::make_mut(&mut child.node).append(upper.low, Arc::unwrap_or_clone(upper.node));
            }
            return;
        }
    }
}

impl<V> Tree<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.root.len() == 0
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => return entries.get(search(entries, key).ok()?).map(|entry| &entry.value),
                Node::Branch(children) => node = &*children.get(route(children, key))?.node,
            }
        }
    }

    /// The entries from a bound on, upwards.
    pub(crate) fn ascend(&self, from: Bound<&[u8]>) -> Walk<'_, V> {
        let mut walk = Walk { branches: Vec::new(), leaf: [].iter(), downwards: false };
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = match from {
                        Unbounded => 0,
                        Included(key) => search(entries, key).unwrap_or_else(|at| at),
                        Excluded(key) => search(entries, key).map_or_else(|at| at, |at| at + 1),
                    };
                    walk.leaf = entries.get(at..).unwrap_or_default().iter();
                    return walk;
                }
                Node::Branch(children) => {
                    let at = match from {
                        Unbounded => 0,
                        Included(key) | Excluded(key) => route(children, key),
                    };
                    let Some((child, after)) = children.get(at..).and_then(<[_]>::split_first) else { return walk };
                    walk.branches.push(after.iter());
                    node = &*child.node;
                }
            }
        }
    }

    /// The entries below a key, downwards.
    pub(crate) fn descend(&self, to: &[u8]) -> Walk<'_, V> {
        let mut walk = Walk { branches: Vec::new(), leaf: [].iter(), downwards: true };
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = search(entries, to).unwrap_or_else(|at| at);
                    walk.leaf = entries.get(..at).unwrap_or_default().iter();
                    return walk;
                }
                Node::Branch(children) => {
                    let at = route(children, to);
                    let Some((child, before)) = children.get(..=at).and_then(<[_]>::split_last) else { return walk };
                    walk.branches.push(before.iter());
                    node = &*child.node;
                }
            }
        }
    }
}

impl<V: Clone> Tree<V> {
    /// A value to change in place.
    pub(crate) fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        let mut node = Arc::make_mut(&mut self.root);
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = search(entries, key).ok()?;
                    return entries.get_mut(at).map(|entry| &mut entry.value);
                }
                Node::Branch(children) => {
                    let at = route(children, key);
                    node = Arc::make_mut(&mut children.get_mut(at)?.node);
                }
            }
        }
    }

    /// Sets a value; the one before.
    pub(crate) fn insert(&mut self, key: &[u8], value: V) -> Option<V> {
        let (before, upper) = Arc::make_mut(&mut self.root).insert(key, value);
        if let Some(upper) = upper {
            let lower = Child { low: Key::new(&[]), node: std::mem::take(self).root };
            self.root = Arc::new(Node::Branch(vec![lower, upper]));
        }
        before
    }

    /// Removes a key; its value.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<V> {
        // Looked up first: taking a path for change copies it where it is shared.
        self.get(key)?;
        let removed = Arc::make_mut(&mut self.root).remove(key);
        while let Node::Branch(children) = &*self.root {
            match children.as_slice() {
                [] => self.root = Tree::default().root,
                [only] => self.root = only.node.clone(),
                _ => break,
            }
        }
        removed
    }
}

/// Entries in order, or against it.
pub(crate) struct Walk<'a, V> {
    /// Of each branch on the way to the leaf, the children that are still to come.
    branches: Vec<slice::Iter<'a, Child<V>>>,
    /// Of the leaf, the entries that are still to come.
    leaf: slice::Iter<'a, Entry<V>>,
    downwards: bool,
}

impl<V> Walk<'_, V> {
    fn step<I: DoubleEndedIterator>(downwards: bool, iterator: &mut I) -> Option<I::Item> {
        if downwards { iterator.next_back() } else { iterator.next() }
    }
}

impl<'a, V> Iterator for Walk<'a, V> {
    type Item = (&'a [u8], &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = Self::step(self.downwards, &mut self.leaf) {
                return Some((entry.key.bytes(), &entry.value));
            }
            let children = self.branches.last_mut()?;
            match Self::step(self.downwards, children).map(|child| &*child.node) {
                None => drop(self.branches.pop()),
                Some(Node::Leaf(entries)) => self.leaf = entries.iter(),
                Some(Node::Branch(children)) => self.branches.push(children.iter()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Model = BTreeMap<Vec<u8>, u32>;

    fn check<V>(node: &Node<V>, from: &[u8], to: Option<&[u8]>, is_root: bool) -> usize {
        match node {
            Node::Leaf(entries) => {
                assert!(entries.len() <= FANOUT && (is_root || !entries.is_empty()));
                assert!(entries.is_sorted_by(|one, other| one.key.bytes() < other.key.bytes()));
                for entry in entries {
                    assert!(from <= entry.key.bytes() && to.is_none_or(|to| entry.key.bytes() < to));
                }
                1
            }
            Node::Branch(children) => {
                assert!((1..=FANOUT).contains(&children.len()) && (!is_root || children.len() > 1));
                let depths: Vec<_> = (0..children.len())
                    .map(|at| {
                        let from = if at == 0 { from } else { children[at].low.bytes() };
                        let to = children.get(at + 1).map_or(to, |next| Some(next.low.bytes()));
                        check(&children[at].node, from, to, false)
                    })
                    .collect();
                assert!(depths.iter().all(|depth| *depth == depths[0]), "leaves at different depths");
                1 + depths[0]
            }
        }
    }

    fn compare(tree: &Tree<u32>, model: &Model) {
        check(&tree.root, &[], None, true);
        assert!(tree.ascend(Unbounded).eq(model.iter().map(|(key, value)| (&**key, value))));
        assert_eq!(tree.is_empty(), model.is_empty());
    }

    /// Keys that share beginnings, of which some are long.
    fn key(number: u16) -> Vec<u8> {
        let mut key = vec![1; if number.is_multiple_of(7) { SHORT } else { 3 }];
        key.extend_from_slice(&number.to_be_bytes());
        key
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16),
        /// Keys one after the other.
        Append(u16, u8),
        Remove(u16),
        /// Keys one after the other, so that whole nodes go.
        Clear(u16, u8),
        /// The lowest.
        Pop(u8),
        Change(u16),
        Clone,
    }

    fn step() -> impl Strategy<Value = Step> {
        let number = || 0..1000_u16;
        prop_oneof![
            4 => number().prop_map(Step::Insert),
            2 => (number(), any::<u8>()).prop_map(|(from, count)| Step::Append(from, count)),
            4 => number().prop_map(Step::Remove),
            2 => (number(), any::<u8>()).prop_map(|(from, count)| Step::Clear(from, count)),
            1 => any::<u8>().prop_map(Step::Pop),
            2 => number().prop_map(Step::Change),
            1 => Just(Step::Clone),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn it_is_a_map_and_clones_keep_what_they_had(steps in prop::collection::vec(step(), 1..200)) {
            let (mut tree, mut model) = (Tree::default(), Model::new());
            let mut clones = Vec::new();
            for (value, step) in (0_u32..).zip(steps) {
                match step {
                    Step::Insert(number) => {
                        assert_eq!(tree.insert(&key(number), value), model.insert(key(number), value));
                    }
                    Step::Append(from, count) => {
                        for number in from..from + u16::from(count) {
                            assert_eq!(tree.insert(&key(number), value), model.insert(key(number), value));
                        }
                    }
                    Step::Remove(number) => assert_eq!(tree.remove(&key(number)), model.remove(&key(number))),
                    Step::Clear(from, count) => {
                        for number in from..from + u16::from(count) {
                            assert_eq!(tree.remove(&key(number)), model.remove(&key(number)));
                        }
                    }
                    Step::Pop(count) => {
                        for _ in 0..count {
                            let Some((key, value)) = model.pop_first() else { break };
                            assert_eq!(tree.remove(&key), Some(value));
                        }
                    }
                    Step::Change(number) => {
                        let (one, other) = (tree.get_mut(&key(number)), model.get_mut(&key(number)));
                        assert_eq!(one, other);
                        if let (Some(one), Some(other)) = (one, other) {
                            (*one, *other) = (value, value);
                        }
                    }
                    Step::Clone => clones.push((tree.clone(), model.clone())),
                }
            }
            compare(&tree, &model);
            for (tree, model) in &clones {
                compare(tree, model);
            }
        }

        #[test]
        fn ranges_begin_where_they_should(numbers in prop::collection::btree_set(0..2000_u16, 0..500), at in 0..2000_u16) {
            let (mut tree, mut model) = (Tree::default(), Model::new());
            for number in numbers {
                tree.insert(&key(number), 0);
                model.insert(key(number), 0);
            }
            let bound = key(at);
            assert_eq!(tree.get(&bound), model.get(&bound));
            for from in [Included(&*bound), Excluded(&*bound), Unbounded] {
                let expected = model.range::<[u8], _>((from, Unbounded)).map(|(key, value)| (&**key, value));
                assert!(tree.ascend(from).eq(expected));
            }
            let expected = model.range::<[u8], _>((Unbounded, Excluded(&*bound))).rev().map(|(key, value)| (&**key, value));
            assert!(tree.descend(&bound).eq(expected));
        }
    }

    #[test]
    fn growing_keys_fill_their_leaves_and_a_queue_frees_them() {
        fn leaves<V>(node: &Node<V>) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Branch(children) => children.iter().map(|child| leaves(&child.node)).sum(),
            }
        }
        let mut tree = Tree::default();
        for number in 0..10_000_u32 {
            tree.insert(&number.to_be_bytes(), ());
        }
        assert_eq!(leaves(&tree.root), 10_000_usize.div_ceil(FANOUT));
        for number in 0..9_999_u32 {
            tree.remove(&number.to_be_bytes());
        }
        assert!(matches!(&*tree.root, Node::Leaf(entries) if entries.len() == 1));
    }
}
