//! The store from the outside, on every engine.

mod crash;
mod model;
mod serial;
mod speed;
mod support;
mod tx;
mod wait;
mod worlds;
