//! HTTP bindings: members in labels, query parameters, headers, the status and the body, for REST-JSON and REST-XML.

mod body;
mod decode;
mod encode;
mod error;
mod header;
mod negotiate;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use error::{encode_error, write_members};
