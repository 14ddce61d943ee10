//! JSON bodies: awsJson1.0, awsJson1.1 and REST-JSON.

mod decode;
mod encode;
mod scalar;
mod visitor;

pub(crate) use decode::{check_document, decode_member, decode_structure};
pub(crate) use encode::{error_body, write_member, write_structure};
