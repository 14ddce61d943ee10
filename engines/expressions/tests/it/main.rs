//! What expressions answer and refuse, by tables; and random ones against a plain evaluator.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod conditions;
mod keys;
mod legacy;
mod projections;
mod random;
mod updates;
mod values;
