//! The list behind `SELECT`: parts of items, each under the name that its path ends with.

use crate::{Item, Path, Step};

/// Parts of items.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    parts: Vec<(String, Path)>,
}

impl Selection {
    pub(super) fn new(paths: Vec<Path>) -> Self {
        Self { parts: paths.into_iter().map(|path| (name(&path), path)).collect() }
    }

    /// Names of the top-level attributes that it looks at.
    pub fn top_level(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(_, path)| path.attribute.as_str())
    }

    /// What an item has of it.
    pub fn apply(&self, item: &Item) -> Item {
        self.parts.iter().filter_map(|(name, path)| Some((name.clone(), path.find(item)?.clone()))).collect()
    }
}

/// The last name of a path, and the indexes behind it.
fn name(path: &Path) -> String {
    let mut name = path.attribute.clone();
    for step in &path.steps {
        match step {
            Step::Name(inner) => name.clone_from(inner),
            Step::Index(index) => name.push_str(&format!("[{index}]")),
        }
    }
    name
}
