//! Operations on one item.
//!
//! | Module | What it is about |
//! |---|---|
//! | `action` | what is done to an item, by these operations and by others |
//! | `get`, `put`, `delete`, `update` | the operations |
//! | `returned` | `ReturnValues` |

pub(crate) mod action;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod put;
pub(crate) mod returned;
pub(crate) mod update;

use kumoi_core::Fault;
use kumoi_expressions::{Item, item_size};

use crate::errors::validation;

/// The most bytes of an item: 400 KB.
const MAX_ITEM: usize = 400 << 10;

/// An item that is put must not be too large.
pub(crate) fn check_size(item: &Item) -> Result<(), Fault> {
    if item_size(item) > MAX_ITEM {
        return Err(validation("Item size has exceeded the maximum allowed size"));
    }
    Ok(())
}

/// Nor must one that an update makes.
pub(crate) fn check_updated_size(item: &Item) -> Result<(), Fault> {
    if item_size(item) > MAX_ITEM {
        return Err(validation("Item size to update has exceeded the maximum allowed size"));
    }
    Ok(())
}
