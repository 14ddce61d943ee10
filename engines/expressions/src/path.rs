//! Document paths: "Specifying item attributes when using expressions" of the Developer Guide.

use std::fmt;

use crate::{Attribute, Item};

/// One step into a map or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Name(String),
    /// `[index]`
    Index(usize),
}

/// A top-level attribute, and the way from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Name of the top-level attribute.
    pub attribute: String,
    /// The steps below it; 31 at most.
    pub steps: Vec<Step>,
}

impl Path {
    /// The path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { attribute: name.into(), steps: Vec::new() }
    }

    /// What an item has there.
    pub fn find<'a>(&self, item: &'a Item) -> Option<&'a Attribute> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (value, step) {
            (Attribute::M(map), Step::Name(name)) => map.get(name),
            (Attribute::L(list), Step::Index(index)) => list.get(*index),
            _ => None,
        })
    }
}

/// As AWS's messages write it: `[a, b, [0]]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.attribute)?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
