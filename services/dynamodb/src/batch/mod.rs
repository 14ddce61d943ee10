//! Operations on many items that have nothing to do with one another: BatchGetItem and BatchWriteItem.
//!
//! Follows "BatchGetItem" and "BatchWriteItem" of the API Reference. A batch is checked as a whole before any of it is done.

pub(crate) mod get;
pub(crate) mod write;

use std::collections::BTreeSet;

use kumoi_core::Fault;

use crate::errors::validation;
use crate::key::KeyBytes;

/// No item may be in a batch twice. The keys are those of one table.
fn check_distinct<'a>(keys: impl IntoIterator<Item = &'a KeyBytes>) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    match keys.into_iter().all(|key| seen.insert((&key.partition, &key.sort))) {
        true => Ok(()),
        false => Err(validation("Provided list of item keys contains duplicates")),
    }
}

/// How many items a batch may have in all of its tables. What one table may have, the model says.
fn check_number(number: usize, most: usize, operation: &str) -> Result<(), Fault> {
    if number > most {
        return Err(validation(format!("Too many items requested for the {operation} call")));
    }
    Ok(())
}
