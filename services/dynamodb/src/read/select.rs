//! `Select`: what of the items is answered.

use kumoi_core::Fault;
use kumoi_expressions::Item;

use crate::errors::{invalid, validation};
use crate::table::{Index, Located};

/// What a read answers of each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Select {
    /// All of it.
    All,
    /// What the index has.
    Projected,
    /// What an expression or `AttributesToGet` names.
    Specific,
    /// Nothing: how many there are.
    Count,
}

impl Select {
    /// What a request asks for. `naming` is the parameter by which it names attributes, if it does; `querying` is how messages name the operation.
    pub(crate) fn read(
        asked: Option<&str>,
        naming: Option<&str>,
        index: Option<&Index>,
        querying: &str,
    ) -> Result<Self, Fault> {
        let naming_with = |what: &str| {
            let parameter = naming.unwrap_or_default();
            validation(format!("Cannot specify the {parameter} when choosing to get {what}"))
        };
        match asked {
            None if naming.is_some() => Ok(Self::Specific),
            None if index.is_some() => Ok(Self::Projected),
            None => Ok(Self::All),
            Some("SPECIFIC_ATTRIBUTES") if naming.is_none() => Err(validation(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
            )),
            Some("SPECIFIC_ATTRIBUTES") => Ok(Self::Specific),
            Some("COUNT") if naming.is_some() => Err(naming_with("only the Count")),
            Some("COUNT") => Ok(Self::Count),
            Some("ALL_PROJECTED_ATTRIBUTES") if index.is_none() => {
                Err(validation(format!("ALL_PROJECTED_ATTRIBUTES can be used only when {querying} using an IndexName")))
            }
            Some(all) if naming.is_some() => Err(naming_with(all)),
            Some("ALL_PROJECTED_ATTRIBUTES") => Ok(Self::Projected),
            Some(_) => match index {
                Some(index) if index.global && !index.projects_all() => Err(invalid(format!(
                    "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                    index.name
                ))),
                _ => Ok(Self::All),
            },
        }
    }

    /// What is answered of an item, before any projection by name.
    pub(crate) fn of(self, at: &Located, index: Option<&Index>, mut item: Item) -> Item {
        if let (Self::Projected, Some(index)) = (self, index)
            && !index.projects_all()
        {
            item.retain(|name, _| index.projects(&at.table.key, name));
        }
        item
    }
}

/// The parameter by which a request names what it wants.
pub(crate) fn naming(expression: bool, attributes_to_get: bool) -> Option<&'static str> {
    match (expression, attributes_to_get) {
        (true, _) => Some("ProjectionExpression"),
        (false, true) => Some("AttributesToGet"),
        (false, false) => None,
    }
}

/// The index that a read names.
pub(crate) fn index<'a>(
    at: &'a Located,
    name: Option<&str>,
    consistent_read: Option<bool>,
) -> Result<Option<&'a Index>, Fault> {
    let Some(name) = name else { return Ok(None) };
    let Some(index) = at.table.index(name) else {
        return Err(validation(format!("The table does not have the specified index: {name}")));
    };
    if index.global && consistent_read == Some(true) {
        return Err(validation("Consistent reads are not supported on global secondary indexes"));
    }
    if index.is_filling() {
        return Err(validation(format!("Cannot read from backfilling global secondary index: {name}")));
    }
    Ok(Some(index))
}
