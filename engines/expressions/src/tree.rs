//! Several document paths as one tree. Paths that overlap or conflict with one another have no place in it.

use std::collections::BTreeMap;

use crate::{Path, Step};

/// What a tree has at a step: the end of a path, or more steps, which are all of one sort.
#[derive(Clone, Debug)]
pub(crate) enum Node<T> {
    End(T),
    Names(BTreeMap<String, Node<T>>),
    Indexes(BTreeMap<usize, Node<T>>),
}

/// Something for each of some paths.
#[derive(Clone, Debug)]
pub(crate) struct Tree<T> {
    pub(crate) attributes: BTreeMap<String, Node<T>>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { attributes: BTreeMap::new() }
    }
}

/// How two paths exclude one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// One is the other, or leads to it.
    Overlap,
    /// One takes for a list what is a map to the other.
    Conflict,
}

/// How two paths exclude one another, if they do.
pub(crate) fn clash(left: &Path, right: &Path) -> Option<Clash> {
    if left.attribute != right.attribute {
        return None;
    }
    match left.steps.iter().zip(&right.steps).find(|(left, right)| left != right) {
        None => Some(Clash::Overlap),
        Some((Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_))) => Some(Clash::Conflict),
        Some(_) => None,
    }
}

impl<T> Tree<T> {
    /// Adds a path; `false` if it excludes one that is there.
    pub(crate) fn insert(&mut self, path: &Path, end: T) -> bool {
        let mut end = Some(end);
        let mut steps = path.steps.iter();
        let Some(mut node) = entry(&mut self.attributes, path.attribute.clone(), steps.as_slice().first(), &mut end)
        else {
            return false;
        };
        while let Some(step) = steps.next() {
            let next = steps.as_slice().first();
            let below = match (node, step) {
                (Node::Names(names), Step::Name(name)) => entry(names, name.clone(), next, &mut end),
                (Node::Indexes(indexes), Step::Index(index)) => entry(indexes, *index, next, &mut end),
                _ => None,
            };
            let Some(below) = below else { return false };
            node = below;
        }
        end.is_none()
    }
}

/// The node under a key, made as the next step of the path demands if there is none.
fn entry<'a, K: Ord, T>(
    nodes: &'a mut BTreeMap<K, Node<T>>,
    key: K,
    next: Option<&Step>,
    end: &mut Option<T>,
) -> Option<&'a mut Node<T>> {
    use std::collections::btree_map::Entry;
    match (nodes.entry(key), next) {
        (Entry::Occupied(known), Some(_)) => Some(known.into_mut()),
        (Entry::Occupied(_), None) => None,
        (Entry::Vacant(place), Some(Step::Name(_))) => Some(place.insert(Node::Names(BTreeMap::new()))),
        (Entry::Vacant(place), Some(Step::Index(_))) => Some(place.insert(Node::Indexes(BTreeMap::new()))),
        (Entry::Vacant(place), None) => Some(place.insert(Node::End(end.take()?))),
    }
}

/// The first of the paths that excludes another behind it, as AWS's message says it.
pub(crate) fn first_clash(paths: &[&Path]) -> Option<String> {
    let mut tree = Tree::default();
    let (at, later) = paths.iter().enumerate().find(|(_, path)| !tree.insert(path, ()))?;
    let (earlier, clash) = paths.iter().take(at).find_map(|earlier| Some((earlier, clash(earlier, later)?)))?;
    let how = match clash {
        Clash::Overlap => "overlap",
        Clash::Conflict => "conflict",
    };
    Some(format!(
        "Two document paths {how} with each other; must remove or rewrite one of these paths; \
         path one: {earlier}, path two: {later}"
    ))
}
