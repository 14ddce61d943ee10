//! Tests of the real binary that need no AWS SDK: what a crash leaves, what load does, what a hostile client can do.
//!
//! Its parts that start a server and speak to it are shared with `bench/`.
#![expect(clippy::disallowed_methods, reason = "tests and benchmarks measure real time")]

pub mod http;
pub mod process;
pub mod requests;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod load;
#[cfg(test)]
mod random;

/// What goes wrong in a run, for a person to read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
