//! The server through real connections: what it identifies, what it refuses, and what it survives.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod admin;
mod buckets;
mod compat;
mod compressed;
mod credentials;
mod hostile;
mod identification;
mod refusals;
mod siblings;
mod support;
mod transports;
mod worlds;
