//! From JSON text straight to values: no intermediate tree.

use kumoi_model::{Member, Service, Struct, Structure, Value};
use serde::de::DeserializeSeed;

use super::Dialect;
use super::visitor::{AnySeed, MemberSeed, StructureSeed};
use crate::context::Context;
use crate::{DecodeError, Limits};

/// Reads the members of `structure` that are in the body. An empty body is an empty structure.
pub(crate) fn decode_structure(
    service: &Service,
    structure: &Structure,
    dialect: Dialect,
    body: &[u8],
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    if body.is_empty() {
        return Ok(Struct::new());
    }
    let cx = Context::new(service, limits);
    run(&cx, body, StructureSeed { cx: &cx, dialect, structure, scope: dialect.scope(), depth: 0 })
}

/// Reads a REST-JSON body that is the value of one member; `None` when it is empty or `null`.
pub(crate) fn decode_member(
    service: &Service,
    member: &Member,
    body: &[u8],
    limits: &Limits,
) -> Result<Option<Value>, DecodeError> {
    if body.is_empty() {
        return Ok(None);
    }
    let cx = Context::new(service, limits);
    let value = run(&cx, body, MemberSeed { cx: &cx, dialect: Dialect::Rest, member, depth: 0 })?;
    Ok(if value == Value::Null { None } else { Some(value) })
}

/// Checks that `text` is one JSON value within the limits.
pub(crate) fn check_document(service: &Service, text: &str, limits: &Limits) -> Result<(), DecodeError> {
    let cx = Context::new(service, limits);
    run(&cx, text.as_bytes(), AnySeed { cx: &cx, depth: 0 })
}

fn run<'de, S: DeserializeSeed<'de>>(cx: &Context<'_>, body: &'de [u8], seed: S) -> Result<S::Value, DecodeError> {
    let mut parser = serde_json::Deserializer::from_slice(body);
    seed.deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| cx.failure().unwrap_or_else(|| syntax_error(&error)))
}

fn syntax_error(error: &serde_json::Error) -> DecodeError {
    DecodeError::Syntax(format!("The request body is not valid JSON: {error}"))
}
