//! Reading many items: Query and Scan, of tables and of indexes.
//!
//! | Module | What it is about |
//! |---|---|
//! | `range` | which rows, in which direction, and from where on |
//! | `page` | reads rows until a page is full |
//! | `start` | `ExclusiveStartKey` and `LastEvaluatedKey` |
//! | `select` | `Select`: what of the items is answered |
//! | `answer` | what both answer |
//! | `query`, `scan` | the operations |

pub(crate) mod answer;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod range;
pub(crate) mod scan;
pub(crate) mod select;
pub(crate) mod start;
