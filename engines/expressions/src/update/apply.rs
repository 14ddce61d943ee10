//! An update done to an item. All values are read from the item as it was; then the paths are written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Operand, Source, Update};
use crate::tree::{Node, Tree};
use crate::{Attribute, Invalid, Item};

const MISSING: &str = "The provided expression refers to an attribute that does not exist in the item";
const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const WRONG_PATH: &str = "The document path provided in the update expression is invalid for update";
const MISMATCH: &str = "Type mismatch for attribute to update";

/// What becomes of a path: a value, or nothing.
type Edit = Option<Attribute>;

impl Update {
    /// The item that it makes of an old one, or of the key where there is none. Fails where the item lacks what the update needs.
    pub fn apply(&self, old: Option<&Item>, key: &Item) -> Result<Item, Invalid> {
        let nothing = Item::new();
        let read = old.unwrap_or(&nothing);
        let mut edits = Tree::default();
        let mut direct = Vec::new();
        for action in &self.actions {
            let path = action.path();
            let edit = self.edit(action, read)?;
            if path.steps.is_empty() {
                direct.push((&path.attribute, edit));
            } else if old.is_some() || edit.is_some() {
                // There is nothing to take out of an item that is not there.
                edits.insert(path, edit);
            }
        }
        let mut item = old.unwrap_or(key).clone();
        for (name, node) in edits.attributes {
            let value = item.get_mut(&name).ok_or_else(|| Invalid::new(WRONG_PATH))?;
            write(value, node)?;
        }
        for (name, edit) in direct {
            match edit {
                Some(value) => {
                    item.insert(name.clone(), value);
                }
                None => {
                    item.remove(name);
                }
            }
        }
        Ok(item)
    }

    /// What an action makes of its path.
    fn edit(&self, action: &Action, item: &Item) -> Result<Edit, Invalid> {
        Ok(match action {
            Action::Set(_, source) => Some(computed(source, item)?),
            Action::Remove(_) => None,
            Action::Add(path, value) => Some(match path.find(item) {
                None => value.clone(),
                Some(old) => self.sum(old, value)?,
            }),
            Action::Delete(path, value) => match path.find(item) {
                None => None,
                Some(old) => difference(old, value).ok_or_else(|| self.wrong_type())?,
            },
        })
    }

    fn wrong_type(&self) -> Invalid {
        Invalid::new(if self.legacy { MISMATCH } else { WRONG_TYPE })
    }

    fn sum(&self, old: &Attribute, value: &Attribute) -> Result<Attribute, Invalid> {
        Ok(match (old, value) {
            (Attribute::N(old), Attribute::N(value)) => Attribute::N(old.plus(*value)?),
            (Attribute::Ss(old), Attribute::Ss(value)) => Attribute::Ss(old | value),
            (Attribute::Ns(old), Attribute::Ns(value)) => Attribute::Ns(old | value),
            (Attribute::Bs(old), Attribute::Bs(value)) => Attribute::Bs(old | value),
            (Attribute::L(old), Attribute::L(value)) if self.legacy => Attribute::L([&old[..], value].concat()),
            _ => return Err(self.wrong_type()),
        })
    }
}

/// A set without the elements of another, nothing if none are left; `None` if they are not sets of one type.
fn difference(old: &Attribute, value: &Attribute) -> Option<Edit> {
    Some(match (old, value) {
        (Attribute::Ss(old), Attribute::Ss(value)) => some_of(old - value).map(Attribute::Ss),
        (Attribute::Ns(old), Attribute::Ns(value)) => some_of(old - value).map(Attribute::Ns),
        (Attribute::Bs(old), Attribute::Bs(value)) => some_of(old - value).map(Attribute::Bs),
        _ => return None,
    })
}

fn some_of<T>(set: BTreeSet<T>) -> Option<BTreeSet<T>> {
    (!set.is_empty()).then_some(set)
}

fn computed(source: &Source, item: &Item) -> Result<Attribute, Invalid> {
    let number = |operand: &Operand| match value_of(operand, item)? {
        Attribute::N(number) => Ok(number),
        _ => Err(Invalid::new(WRONG_TYPE)),
    };
    Ok(match source {
        Source::Operand(operand) => value_of(operand, item)?,
        Source::Plus(left, right) => Attribute::N(number(left)?.plus(number(right)?)?),
        Source::Minus(left, right) => Attribute::N(number(left)?.minus(number(right)?)?),
    })
}

fn value_of(operand: &Operand, item: &Item) -> Result<Attribute, Invalid> {
    match operand {
        Operand::Value(value) => Ok(value.clone()),
        Operand::Path(path) => path.find(item).cloned().ok_or_else(|| Invalid::new(MISSING)),
        Operand::IfNotExists(path, other) => match path.find(item) {
            Some(value) => Ok(value.clone()),
            None => value_of(other, item),
        },
        Operand::ListAppend(first, second) => match (value_of(first, item)?, value_of(second, item)?) {
            (Attribute::L(mut list), Attribute::L(more)) => {
                list.extend(more);
                Ok(Attribute::L(list))
            }
            _ => Err(Invalid::new(WRONG_TYPE)),
        },
    }
}

/// Writes what is under a node into a value that is there. Not deeper than a path has steps.
fn write(value: &mut Attribute, node: Node<Edit>) -> Result<(), Invalid> {
    match (value, node) {
        (Attribute::M(map), Node::Names(names)) => {
            for (name, node) in names {
                match node {
                    Node::End(Some(value)) => {
                        map.insert(name, value);
                    }
                    Node::End(None) => {
                        map.remove(&name);
                    }
                    node => write(map.get_mut(&name).ok_or_else(|| Invalid::new(WRONG_PATH))?, node)?,
                }
            }
            Ok(())
        }
        (Attribute::L(list), Node::Indexes(indexes)) => write_list(list, indexes),
        _ => Err(Invalid::new(WRONG_PATH)),
    }
}

/// Indexes are those of the list as it was. What is set beyond its end is appended, in order.
fn write_list(list: &mut Vec<Attribute>, indexes: BTreeMap<usize, Node<Edit>>) -> Result<(), Invalid> {
    let mut removed = Vec::new();
    let mut appended = Vec::new();
    for (index, node) in indexes {
        match (list.get_mut(index), node) {
            (Some(element), Node::End(Some(value))) => *element = value,
            (Some(_), Node::End(None)) => removed.push(index),
            (Some(element), node) => write(element, node)?,
            (None, Node::End(Some(value))) => appended.push(value),
            (None, Node::End(None)) => {}
            (None, _) => return Err(Invalid::new(WRONG_PATH)),
        }
    }
    if !removed.is_empty() {
        let mut at = 0;
        list.retain(|_| {
            let keep = removed.binary_search(&at).is_err();
            at += 1;
            keep
        });
    }
    list.extend(appended);
    Ok(())
}
