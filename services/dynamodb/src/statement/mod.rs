//! PartiQL: ExecuteStatement, BatchExecuteStatement and ExecuteTransaction.
//!
//! Follows "PartiQL - a SQL-compatible query language for Amazon DynamoDB" of the Developer Guide. Statements become what the other operations are
//! made of: `SELECT` a read of an item or of ranges (`read`), the rest actions on an item (`change`). Nothing here has a way of its own to items.
//!
//! | Module | What it is about |
//! |---|---|
//! | `execute`, `batch`, `transaction` | the operations |
//! | `read`, `order`, `token` | `SELECT`: what is read, in which order, and where the next page begins |
//! | `change` | `INSERT`, `UPDATE`, `DELETE`, `EXISTS`, and what they answer |

pub(crate) mod batch;
mod change;
pub(crate) mod execute;
mod order;
mod read;
mod token;
pub(crate) mod transaction;

use kumoi_core::Fault;
use kumoi_expressions::partiql::Statement;
use kumoi_model::Value;

use crate::attribute::attribute;
use crate::errors::{refuse, validation};
use crate::table::Located;

/// Reads a statement with its parameters.
fn parse(text: &str, parameters: Option<&[Value]>) -> Result<Statement, Fault> {
    let parameters = parameters.unwrap_or_default().iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    Statement::parse(text, &parameters).map_err(refuse)
}

/// Names of the attributes of a table's key.
fn key_names(at: &Located) -> Vec<&str> {
    at.table.key.attributes().map(|attribute| attribute.name.as_str()).collect()
}

/// A statement that changes an item names it by its whole key.
fn no_key() -> Fault {
    validation("Where clause does not contain a mandatory equality on all key attributes")
}
