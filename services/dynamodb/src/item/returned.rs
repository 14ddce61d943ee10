//! `ReturnValues` and `ReturnValuesOnConditionCheckFailure`: which of what an item was and is goes into the answer.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use kumoi_expressions::Item;
use kumoi_model::Value;

use crate::attribute::values;
use crate::errors::validation;

/// PutItem and DeleteItem return nothing, or what was.
pub(crate) fn check_old_or_none(return_values: Option<&str>) -> Result<(), Fault> {
    match return_values {
        None | Some("NONE" | "ALL_OLD") => Ok(()),
        Some(_) => Err(validation("ReturnValues can only be ALL_OLD or NONE")),
    }
}

/// Whether what was is asked for.
pub(crate) fn all_old(asked: Option<&str>) -> bool {
    asked == Some("ALL_OLD")
}

/// What there is to return; nothing where it would be empty.
pub(crate) fn told(item: Option<Item>) -> Option<BTreeMap<String, Value>> {
    item.filter(|item| !item.is_empty()).map(values)
}
