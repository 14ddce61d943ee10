//! The parameters from before there were expressions, turned into the same trees.
//!
//! Follows the Developer Guide, "Legacy conditional parameters". `AttributesToGet` is [`crate::Projection::attributes`].

mod conditions;
mod expected;
mod updates;

pub use conditions::{ComparisonOperator, LegacyCondition, filter, key_conditions};
pub use expected::{Expected, expected};
pub use updates::{AttributeUpdate, UpdateAction, updates};

use crate::Invalid;

/// What is wrong with the request by itself, without a look at the table.
pub(crate) fn invalid(rule: &str) -> Invalid {
    Invalid::new(format!("1 validation error detected: One or more parameter values were invalid: {rule}"))
}
