//! Update expressions, and the legacy `AttributeUpdates`: what becomes of an item.
//!
//! Follows the Developer Guide, "Using update expressions in DynamoDB".

mod apply;
mod parse;

use crate::{Attribute, Item, Path, Projection};

/// What an expression sets a path to.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Operand(Operand),
    Plus(Operand, Operand),
    Minus(Operand, Operand),
}

/// A value that may be computed with.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Path(Path),
    Value(Attribute),
    IfNotExists(Path, Box<Operand>),
    ListAppend(Box<Operand>, Box<Operand>),
}

/// One thing to do to an item.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Set(Path, Source),
    Remove(Path),
    Add(Path, Attribute),
    Delete(Path, Attribute),
}

impl Action {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Add(path, _) | Self::Delete(path, _) => path,
        }
    }
}

/// An update of an item, to be applied as often as it takes.
#[derive(Clone, Debug, Default)]
pub struct Update {
    actions: Vec<Action>,
    /// What `UPDATED_OLD` and `UPDATED_NEW` answer.
    touched: Projection,
    /// Whether it comes from `AttributeUpdates`, which adds to lists and has its own message for wrong types.
    legacy: bool,
}

impl Update {
    /// Of actions whose paths do not clash.
    pub(crate) fn new(actions: Vec<Action>, legacy: bool) -> Self {
        let touched = Projection::of(actions.iter().map(Action::path));
        Self { actions, touched, legacy }
    }

    /// Names of the top-level attributes that it changes, in order. A key must not be among them.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.touched.top_level()
    }

    /// Whether it only takes away: such an update creates no item. One that does nothing creates one.
    pub fn only_removes(&self) -> bool {
        let removes = |action: &Action| matches!(action, Action::Remove(_) | Action::Delete(..));
        !self.actions.is_empty() && self.actions.iter().all(removes)
    }

    /// What `ReturnValues` of `UPDATED_OLD` answers of the old item, and `UPDATED_NEW` of the new one: the paths that it names.
    pub fn updated(&self, item: &Item) -> Item {
        self.touched.apply(item)
    }
}
