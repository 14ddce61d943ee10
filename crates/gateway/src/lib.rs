//! The server: bytes in, bytes out, and everything between them and [`kumoi_core::Kernel`].
//!
//! * [`listener`](Server): HTTP/1.1, HTTP/2 and TLS on one port;
//! * `pipeline`: accept → identify → authenticate → decode → (kernel) → encode, each stage a module;
//! * `admin`: the admin API under `/_kumoi/`;
//! * `compat`: what tools made for LocalStack expect, and init scripts.

mod accept;
mod activity;
mod admin;
mod authenticate;
mod body;
mod bucket_cors;
mod compat;
mod config;
mod content;
mod cors;
mod decode;
mod encode;
mod failure;
mod gateway;
mod identify;
mod lanes;
mod listener;
mod named;
mod payload;
mod pipeline;
mod server;
mod services;
mod signing_keys;
mod stream;
mod tls;
mod upload;
mod website;

pub use config::{Compat, DEFAULT_PORT, Limits, ServerConfig};
pub use cors::Cors;
pub use server::{Ending, Server};
