//! `ReturnValues`: which of what an item was and is goes into the answer.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use kumoi_expressions::Item;
use kumoi_model::Value;

use crate::attribute::values;
use crate::errors::validation;

/// PutItem and DeleteItem return nothing, or what was.
pub(crate) fn wants_old(return_values: Option<&str>) -> Result<bool, Fault> {
    match return_values {
        None | Some("NONE") => Ok(false),
        Some("ALL_OLD") => Ok(true),
        Some(_) => Err(validation("ReturnValues can only be ALL_OLD or NONE")),
    }
}

/// What there is to return; nothing where it would be empty.
pub(crate) fn told(item: Option<Item>) -> Option<BTreeMap<String, Value>> {
    item.filter(|item| !item.is_empty()).map(values)
}
