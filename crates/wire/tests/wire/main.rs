//! The codecs against the public protocol vectors, the rules for malformed requests, and hostile input.
#![recursion_limit = "512"]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests stand outside of the functions that clippy knows as tests"
)]

mod compare;
mod errors;
mod hostile;
mod input_vectors;
mod malformed;
mod models;
mod output_vectors;
mod plain;
mod round_trip;
mod suites;
