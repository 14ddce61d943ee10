//! The store from the outside, on every engine.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that fails stops, and figures need the time"
)]

mod crash;
mod kill;
mod live;
mod model;
mod serial;
mod speed;
mod support;
mod tx;
mod wait;
mod worlds;
