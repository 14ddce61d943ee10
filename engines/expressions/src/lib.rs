//! What DynamoDB computes with: its values, and the expressions that clients write over them.
//!
//! Follows the Amazon DynamoDB Developer Guide, "Using expressions in DynamoDB", "Supported data types" and "Legacy conditional parameters". The
//! crate is pure: it knows neither tables nor requests.
//!
//! An operation parses all of its expressions with the same [`Placeholders`], has those checked, and then asks the trees as often as it has items:
//!
//! ```
//! use kumoi_expressions::{Attribute, Condition, Item, Placeholders, Update};
//!
//! let values = [(":one".to_string(), Attribute::N("1".parse().unwrap()))].into();
//! let mut placeholders = Placeholders::new(None, Some(values)).unwrap();
//! let condition = Condition::parse("attribute_not_exists(a) OR a < :one", &mut placeholders).unwrap();
//! let update = Update::parse("ADD a :one", &mut placeholders).unwrap();
//! placeholders.check_unused().unwrap();
//!
//! let key: Item = [("id".to_string(), Attribute::S("x".into()))].into();
//! assert!(condition.holds(&Item::new()));
//! let new = update.apply(None, &key).unwrap();
//! assert_eq!(new["a"], Attribute::N("1".parse().unwrap()));
//! assert!(!condition.holds(&new));
//! ```
//!
//! | Module | What it is about |
//! |---|---|
//! | `number`, `value` | numbers of 38 digits; attributes, items and their sizes |
//! | `placeholders`, `lexer`, `parser`, `reserved`, `path`, `tree` | what all expressions have in common |
//! | `condition` | conditions and filters |
//! | `projection` | which parts are answered |
//! | `update` | what becomes of an item |
//! | `key` | which keys a query is about |
//! | `partiql` | statements |
//! | `legacy` | the parameters from before there were expressions |

mod condition;
mod error;
mod key;
mod legacy;
mod lexer;
mod number;
mod parser;
pub mod partiql;
mod path;
mod placeholders;
mod projection;
mod reserved;
mod tree;
mod update;
mod value;

pub use condition::{Comparator, Condition, Operand};
pub use error::Invalid;
pub use key::{KeyConditions, KeyPart, KeyQuery, KeySchema, KeyTest, KeyType};
pub use legacy::{AttributeUpdate, ComparisonOperator, Expected, LegacyCondition, UpdateAction};
pub use legacy::{expected, filter, key_conditions, updates};
pub use number::Number;
pub use path::{Path, Step};
pub use placeholders::Placeholders;
pub use projection::Projection;
pub use update::Update;
pub use value::{Attribute, Item, MAX_DEPTH, item_size};
