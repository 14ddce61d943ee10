//! What every service of kumoi stands on: the request context, the clock, timers, the outbox, ids, identities and faults.
//!
//! A service sees one type, [`Cx`]: it carries who asks, where, when, and the one transaction in which the operation reads
//! and writes. Everything that a service must not do by itself (read the wall clock, sleep, spawn, hold state, call another
//! service behind its API) has its place here.
//!
//! [`Kernel`] owns the inner half of the pipeline — validate → authorize → handle → commit → record — which requests from
//! outside and calls between services share. The outer half, which deals with bytes, lives in `kumoi-gateway`.

pub mod access_key;
mod advance;
pub mod arn;
pub mod ask;
pub mod body;
pub mod clock;
mod compute;
mod cx;
mod fault;
pub mod identity;
pub mod ids;
mod kernel;
mod lifecycle;
mod md5;
pub mod outbox;
pub mod paging;
mod physics;
pub mod policies;
mod record;
mod service;
mod settings;
pub mod timers;
mod world;

pub use advance::Advanced;
pub use compute::compute;
pub use cx::{CallInfo, Client, Cx, Endpoint, Signature, SignaturePlace, Tls};
pub use fault::{Fault, Halt, Reply};
pub use identity::Principal;
pub use kernel::{Call, Kernel, Outcome};
pub use record::{Recorder, RequestRecord};
pub use service::{
    Descriptor, Front, Future, Incoming, OperationSpec, OptionEffect, Registry, Sent, Service, ServiceOption,
    ValidationStyle,
};
pub use settings::{Physics, Settings};
pub use world::{World, Worlds};
