//! `ExclusiveStartKey` and `LastEvaluatedKey`: the key of an item, and with it its key in the index that is read.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use kumoi_expressions::Item;
use kumoi_model::Value;

use crate::attribute::values;
use crate::errors::validation;
use crate::key::{KeyBytes, fits, of_item};
use crate::read::page::Start;
use crate::table::{Index, KeyAttribute, TableRecord};

/// Attributes that name a row: those of the table's key, and those of the index's that are others.
fn attributes<'a>(table: &'a TableRecord, index: Option<&'a Index>) -> impl Iterator<Item = &'a KeyAttribute> {
    let others = index.into_iter().flat_map(|index| index.key.attributes());
    table.key.attributes().chain(others.filter(|attribute| !table.key.has(&attribute.name)))
}

/// The row that `ExclusiveStartKey` names.
pub(crate) fn read(table: &TableRecord, index: Option<&Index>, key: &Item) -> Result<Start, Fault> {
    if !fits(attributes(table, index), key) {
        return Err(validation(
            "The provided starting key is invalid: The provided key element does not match the schema",
        ));
    }
    let told = |fault: Fault| validation(format!("The provided starting key is invalid: {}", fault.message()));
    let item = of_item(&table.key, key).map_err(told)?;
    let entry = match index {
        Some(index) => Some(of_item(&index.key, key).map_err(told)?),
        None => None,
    };
    Ok(Start { item, entry })
}

/// The row of an item that was read.
pub(crate) fn of(table: &TableRecord, index: Option<&Index>, item: &Item) -> Result<Start, Fault> {
    let item_key = of_item(&table.key, item)?;
    let entry = index.map(|index| of_item(&index.key, item)).transpose()?;
    Ok(Start { item: item_key, entry })
}

impl Start {
    /// Its key in what is read.
    pub(crate) fn key(&self) -> &KeyBytes {
        self.entry.as_ref().unwrap_or(&self.item)
    }
}

/// `LastEvaluatedKey` of an item.
pub(crate) fn write(table: &TableRecord, index: Option<&Index>, item: &Item) -> BTreeMap<String, Value> {
    let named = attributes(table, index).filter_map(|attribute| item.get_key_value(&attribute.name));
    values(named.map(|(name, value)| (name.clone(), value.clone())).collect())
}
