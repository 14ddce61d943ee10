//! Projection expressions, and the legacy `AttributesToGet`: which parts of an item are answered.

use std::collections::BTreeMap;

use crate::legacy::invalid;
use crate::parser::{Fault, Kind, Parser};
use crate::tree::{Node, Tree, first_clash};
use crate::{Attribute, Invalid, Item, Path, Placeholders};

/// Parts of items.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    tree: Tree<()>,
}

impl Projection {
    /// Parses a `ProjectionExpression`.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, Invalid> {
        let mut parser = Parser::new(Kind::Projection, text, placeholders)?;
        let mut paths = vec![parser.path()?];
        while parser.eat(",") {
            paths.push(parser.path()?);
        }
        let paths: Vec<&Path> = paths.iter().collect();
        if let Some(clash) = first_clash(&paths) {
            parser.note(Fault::Overlap, &clash);
        }
        parser.finish()?;
        Ok(Self::of(paths))
    }

    /// The top-level attributes of a legacy `AttributesToGet`. Fails on one that is there twice.
    pub fn attributes<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut projection = Self::default();
        for name in names {
            if !projection.tree.insert(&Path::attribute(name), ()) {
                return Err(invalid(&format!("Duplicate value in attribute name: {name}")));
            }
        }
        Ok(projection)
    }

    /// Of paths that do not clash.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut projection = Self::default();
        for path in paths {
            projection.tree.insert(path, ());
        }
        projection
    }

    /// Names of the top-level attributes that it looks at.
    pub fn top_level(&self) -> impl Iterator<Item = &str> {
        self.tree.attributes.keys().map(String::as_str)
    }

    /// What an item has of it. Lists hold only the elements that were asked for, in their order.
    pub fn apply(&self, item: &Item) -> Item {
        let part = |(name, node): (&String, &Node<()>)| Some((name.clone(), part(item.get(name)?, node)?));
        self.tree.attributes.iter().filter_map(part).collect()
    }
}

/// Not deeper than a path has steps.
fn part(value: &Attribute, node: &Node<()>) -> Option<Attribute> {
    match (node, value) {
        (Node::End(()), value) => Some(value.clone()),
        (Node::Names(names), Attribute::M(map)) => {
            let parts = names.iter().filter_map(|(name, node)| Some((name.clone(), part(map.get(name)?, node)?)));
            let parts: BTreeMap<_, _> = parts.collect();
            (!parts.is_empty()).then_some(Attribute::M(parts))
        }
        (Node::Indexes(indexes), Attribute::L(list)) => {
            let parts = indexes.iter().filter_map(|(index, node)| part(list.get(*index)?, node));
            let parts: Vec<_> = parts.collect();
            (!parts.is_empty()).then_some(Attribute::L(parts))
        }
        _ => None,
    }
}
