//! CBOR bodies of `smithy.protocols#rpcv2Cbor` (RFC 8949).

mod decode;
mod encode;

pub(crate) use decode::decode_structure;
pub(crate) use encode::{encode_structure, error_body};
