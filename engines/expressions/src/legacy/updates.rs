//! `AttributeUpdates`: what becomes of top-level attributes.

use super::invalid;
use crate::update::{Action, Operand, Source};
use crate::{Attribute, Invalid, Path, Update};

/// What is done with an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub enum UpdateAction {
    #[default]
    Put,
    Add,
    Delete,
}

/// What is done with one attribute.
#[derive(Clone, Debug)]
pub struct AttributeUpdate {
    /// `Action`
    pub action: UpdateAction,
    /// `Value`
    pub value: Option<Attribute>,
}

/// The update that `AttributeUpdates` states, by names of attributes.
pub fn updates(updates: impl IntoIterator<Item = (String, AttributeUpdate)>) -> Result<Update, Invalid> {
    let action = |(name, update): (String, AttributeUpdate)| {
        let path = Path::attribute(name);
        match (update.action, update.value) {
            (UpdateAction::Delete, None) => Ok(Action::Remove(path)),
            (_, None) => Err(invalid("Only DELETE action is allowed when no attribute value is specified")),
            (UpdateAction::Put, Some(value)) => Ok(Action::Set(path, Source::Operand(Operand::Value(value)))),
            (UpdateAction::Delete, Some(value)) if value.is_set() => Ok(Action::Delete(path, value)),
            (UpdateAction::Delete, Some(value)) => Err(invalid(&format!(
                "DELETE action with value is not supported for the type {}",
                value.long_type_name()
            ))),
            (UpdateAction::Add, Some(value)) => match value {
                Attribute::N(_) | Attribute::L(_) | Attribute::Ss(_) | Attribute::Ns(_) | Attribute::Bs(_) => {
                    Ok(Action::Add(path, value))
                }
                other => Err(invalid(&format!("ADD action is not supported for the type {}", other.long_type_name()))),
            },
        }
    };
    Ok(Update::new(updates.into_iter().map(action).collect::<Result<_, _>>()?, true))
}
