//! Tests of the real binary that need no AWS SDK: what a crash leaves, what load does, what a hostile client can do.
//!
//! Its parts that start a server and speak to it are shared with `bench/`.
#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests measure real time"))]

pub mod dynamodb;
pub mod http;
pub mod process;
pub mod random;
pub mod requests;
pub mod s3;
pub mod signed;

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod load;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod torn;
#[cfg(test)]
mod uploads;

/// What goes wrong in a run, for a person to read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
