//! PartiQL, as DynamoDB speaks it: statements, with their conditions and updates turned into the trees of the other expressions.
//!
//! Follows "PartiQL - a SQL-compatible query language for Amazon DynamoDB" of the Developer Guide. Of errors only those are in AWS's words that its
//! documentation or users tell; where the guide has a clause that this does not read (functions in a projection, say), the statement is refused.
//!
//! ```
//! use kumoi_expressions::{Attribute, partiql::Statement};
//!
//! let one = Attribute::N("1".parse().unwrap());
//! let Statement::Select(select) = Statement::parse("SELECT a.b FROM \"T\" WHERE id = ? AND n > 0", &[one]).unwrap() else { panic!() };
//! assert_eq!(select.table, "T");
//! ```
//!
//! | Module | What it is about |
//! |---|---|
//! | `lexer`, `parser` | tokens, names, paths, values |
//! | `condition` | `WHERE` |
//! | `statement` | the four statements, and `EXISTS` |
//! | `plan` | which keys a condition asks for |
//! | `selection` | the list behind `SELECT` |

mod condition;
mod lexer;
mod parser;
mod plan;
mod selection;
mod statement;

pub use plan::{Access, MAX_PARTITIONS};
pub use selection::Selection;

use crate::{Condition, Item, Update};

/// One statement. `EXISTS` is one in transactions only.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it begins with")]
pub enum Statement {
    Select(Select),
    Insert(Insert),
    Update(Change),
    Delete(Delete),
    Exists(Select),
}

/// `SELECT … FROM "table"."index" WHERE … ORDER BY …`
#[derive(Clone, Debug)]
pub struct Select {
    /// Name or ARN of the table.
    pub table: String,
    /// Name of the index, if one is read.
    pub index: Option<String>,
    /// What is answered of the items; all of them for `*`.
    pub selection: Option<Selection>,
    /// Which items are answered; all without one.
    pub condition: Option<Condition>,
    /// Attributes to order by, the first one first.
    pub order: Vec<Order>,
}

/// A key to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Name of the attribute.
    pub attribute: String,
    /// Whether what is largest comes first.
    pub descending: bool,
}

/// `INSERT INTO "table" VALUE {…}`
#[derive(Clone, Debug)]
pub struct Insert {
    /// Name or ARN of the table.
    pub table: String,
    /// The item.
    pub item: Item,
}

/// `UPDATE "table" SET … REMOVE … WHERE … RETURNING …`
#[derive(Clone, Debug)]
pub struct Change {
    /// Name or ARN of the table.
    pub table: String,
    /// What becomes of the item.
    pub update: Update,
    /// Which item, and on what condition.
    pub condition: Condition,
    /// What is answered of it.
    pub returning: Option<Returning>,
}

/// `DELETE FROM "table" WHERE … RETURNING ALL OLD *`
#[derive(Clone, Debug)]
pub struct Delete {
    /// Name or ARN of the table.
    pub table: String,
    /// Which item, and on what condition.
    pub condition: Condition,
    /// What is answered of it.
    pub returning: Option<Returning>,
}

/// What a statement that changes an item answers of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its words say")]
pub enum Returning {
    AllOld,
    ModifiedOld,
    AllNew,
    ModifiedNew,
}

impl Statement {
    /// Name or ARN of the table that it is about.
    pub fn table(&self) -> &str {
        match self {
            Self::Select(select) | Self::Exists(select) => &select.table,
            Self::Insert(insert) => &insert.table,
            Self::Update(change) => &change.table,
            Self::Delete(delete) => &delete.table,
        }
    }

    /// Whether it only reads. `EXISTS` does, but goes with those that write.
    pub fn is_select(&self) -> bool {
        matches!(self, Self::Select(_))
    }
}
