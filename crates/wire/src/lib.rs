//! AWS's wire protocols from the server's side: one codec a protocol, driven by the shapes of the model.
//!
//! ```text
//! request ─ choose_protocol ─ find_operation ─ decode ─→ Value ─→ (validate, authorize, handle) ─→ Value ─ encode ─→ response
//! ```
//!
//! * [`choose_protocol`] tells which protocol of a service a request speaks; [`find_operation`] and [`Router`] which operation it is for;
//! * [`decode`] reads the request into a [`Value`](kumoi_model::Value) of the input shape, within [`Limits`];
//! * [`encode`] and [`encode_error`] write the answer.
//!
//! Beside the codecs stand [`sigv4`], which verifies signatures, [`chunked`], which unpacks bodies signed chunk by chunk, [`eventstream`],
//! which frames streams of events, and [`post_form`], which reads the forms that browsers upload.
//!
//! Decoding checks form only: kinds, number ranges, base64, timestamps. Whether members are present and within their constraints is the
//! validator's affair (`kumoi_model::validate`). No decoder recurses deeper than [`Limits::max_depth`].

mod bindings;
mod cbor;
pub mod chunked;
mod codec;
mod context;
mod error;
pub mod eventstream;
mod form;
mod headers;
mod json;
mod limits;
mod names;
pub mod post_form;
mod protocol;
mod query;
mod request;
mod router;
mod rpc;
pub mod sigv4;
mod text;
mod timestamp;
mod xml;

pub use codec::{decode, encode, encode_error, streams_request, streams_response};
pub use error::{DecodeError, EncodeError, WireError};
pub use headers::{CONTENT_SHA256, TARGET};
pub use limits::Limits;
pub use protocol::{NotFound, choose_protocol, find_operation};
pub use request::{Body, Labels, Request, Response};
pub use router::Router;
pub use xml::escaped;
