//! Random expressions on random items: the crate and a plain evaluator, which knows nothing of it, must agree.

mod conditions;
mod plain;
mod updates;
