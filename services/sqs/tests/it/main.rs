//! Stories told through the kernel, on the memory engine and on one that delays every call and makes commits conflict at random.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod adapt;
mod dead_letters;
mod fifo;
mod figures;
mod house;
mod many;
mod queues;
mod standard;
