//! Client tokens of exports and imports: for 8 hours the same request with the same token has the same answer, and another is a conflict.

use std::fmt::Debug;

use kumoi_core::{Cx, Fault, Reply};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::tables::{CLIENT_TOKENS, Owned};

/// How long a token counts, in microseconds.
const PERIOD: i64 = 8 * 3600 * 1_000_000;

/// What a token has asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    made: Owned,
    /// A hash of the request.
    request: u64,
    /// In microseconds.
    at: i64,
}

/// A request with a token, or without.
pub(crate) struct Request {
    key: Option<(String, String)>,
    request: u64,
}

impl Request {
    /// `request` is all that the operation was asked.
    pub(crate) fn new(operation: &str, token: Option<&str>, request: &impl Debug) -> Self {
        let key = token.map(|token| (operation.to_owned(), token.to_owned()));
        Self { key, request: XxHash3_64::oneshot(format!("{request:?}").as_bytes()) }
    }

    /// What an earlier request with this token has made.
    ///
    /// # Errors
    /// `conflict`, when that asked for something else.
    pub(crate) async fn made(&self, cx: &Cx, conflict: impl FnOnce() -> Fault) -> Reply<Option<Owned>> {
        let Some(key) = &self.key else { return Ok(None) };
        let token = cx.get(&CLIENT_TOKENS, key).await?;
        let Some(token) = token.filter(|token| cx.now().micros() < token.at.saturating_add(PERIOD)) else {
            return Ok(None);
        };
        if token.request == self.request { Ok(Some(token.made)) } else { Err(conflict().into()) }
    }

    /// Notes what this request has made.
    pub(crate) async fn note(&self, cx: &Cx, made: &Owned) -> Reply<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let token = Token { made: made.clone(), request: self.request, at: cx.now().micros() };
        Ok(cx.put(&CLIENT_TOKENS, key, &token).await?)
    }
}

/// Forgets a token along with what it has made.
pub(crate) async fn forget(cx: &Cx, operation: &str, token: Option<&String>) -> Reply<()> {
    if let Some(token) = token {
        cx.delete(&CLIENT_TOKENS, &(operation.to_owned(), token.clone())).await?;
    }
    Ok(())
}
