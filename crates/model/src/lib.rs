//! AWS's API models as facts: what a service's operations are called, what goes in and out of them, and under which constraints.
//!
//! The facts live in `models/`, one compressed file a service, distilled by `cargo xtask facts` from the published `botocore`
//! package. This crate reads them, a service at a time and on first use, and holds what is independent of any wire format:
//!
//! * [`Service`], [`Operation`], [`Shape`]: the model itself;
//! * [`Catalog`]: the small index over all services that is enough to tell which of them a request is for;
//! * [`Value`]: data in the form that a shape describes, the common currency of codecs, handlers and calls between services;
//! * [`partitions`]: regions and what is common to those of one partition;
//! * [`validate`]: the constraints of the model, checked once and told in AWS's words;
//! * [`FromValue`] and [`IntoValue`]: the bridge to the typed structs that `kumoi-codegen` generates.
//!
//! Nothing here knows about HTTP, JSON text or XML.

#[cfg(feature = "botocore")]
pub mod botocore;
mod catalog;
mod convert;
pub mod format;
pub mod partitions;
mod pattern;
mod shape;
mod stream;
mod timestamp;
pub mod validate;
mod value;

/// Types that generated code names, so that a service needs no dependency on their crates.
#[doc(hidden)]
pub mod generated {
    pub use bytes::Bytes;
    pub use serde_json::Value as Document;
}

pub use catalog::{Catalog, CatalogEntry};
pub use convert::{ConvertError, FromValue, IntoValue, StructReader};
pub use shape::*;
pub use stream::{ByteStream, Chunks, StreamError, Trailers};
pub use timestamp::Timestamp;
pub use value::{Struct, Value};
