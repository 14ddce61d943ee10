//! What DynamoDB computes with: its values, and the expressions that clients write over them.
//!
//! Follows the Amazon DynamoDB Developer Guide, "Using expressions in DynamoDB", "Supported data types" and "Legacy conditional parameters". The
//! crate is pure: it knows neither tables nor requests.
//!
//! | Module | What it is about |
//! |---|---|
//! | `number`, `value` | numbers of 38 digits; attributes, items and their sizes |

mod error;
mod number;
mod value;

pub use error::Invalid;
pub use number::Number;
pub use value::{Attribute, Item, MAX_DEPTH, item_size};
