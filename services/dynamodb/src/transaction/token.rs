//! `ClientRequestToken`: a transaction that is sent again is not made again.
//!
//! Follows "Idempotency" of the Developer Guide: for 10 minutes a token stands for one transaction, and another with it is refused. One that was
//! cancelled leaves no token behind. A repetition consumes what it takes to read the items that the transaction wrote.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Write as _};

use kumoi_core::{Cx, Reply};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::capacity::Consumed;
use crate::errors::idempotent_parameter_mismatch_exception;
use crate::tables::TOKENS;
use crate::timer;
use crate::transaction::Bill;

/// The kind of the timer that forgets a token.
pub(crate) const FORGET: &str = "forget-token";

/// How long a token is known, in microseconds: 10 minutes.
const LIFE: i64 = 10 * 60 * 1_000_000;

/// A transaction that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    request: Fingerprint,
    /// When it is forgotten, in microseconds.
    until: i64,
    /// Units that reading what it wrote takes, by the name of the table.
    units: BTreeMap<String, f64>,
}

/// Tells requests apart. Requests that mean the same, however they write it, have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint(u64, u64);

impl Fingerprint {
    /// Of what was read of a request.
    pub(crate) fn of(request: &impl Debug) -> Self {
        let mut text = Hashed(XxHash3_128::new());
        // INVARIANT(infallible): the writer takes everything, and the types derive `Debug`.
        let _ = write!(text, "{request:?}");
        let hash = text.0.finish_128();
        Self((hash >> 64) as u64, hash as u64)
    }
}

/// Hashes text as it is written.
struct Hashed(XxHash3_128);

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl Token {
    /// The transaction that was made with a token; fails if it was another.
    pub(crate) async fn find(cx: &Cx, token: &str, request: &Fingerprint) -> Reply<Option<Self>> {
        let found = cx.get(&TOKENS, &token.to_owned()).await?.filter(|found| found.until > cx.now().micros());
        match found {
            Some(found) if found.request != *request => Err(idempotent_parameter_mismatch_exception(
                "The request was retried with a different payload, but with a client request token that was already used.",
            )
            .into()),
            found => Ok(found),
        }
    }

    /// Keeps a token for a transaction that was just made.
    pub(crate) async fn keep(cx: &Cx, token: &str, request: Fingerprint, read: Bill) -> Reply<()> {
        let until = cx.now().micros().saturating_add(LIFE);
        let units = read.tables.into_iter().map(|(name, consumed)| (name, consumed.total())).collect();
        cx.put(&TOKENS, &token.to_owned(), &Self { request, until, units }).await?;
        timer::set(cx, cx.scope(), (FORGET, token), until, token).await
    }

    /// What a repetition consumes.
    pub(crate) fn bill(&self) -> Bill {
        let tables = self.units.iter().map(|(name, units)| (name.clone(), Consumed::table(*units)));
        Bill { tables: tables.collect() }
    }
}

/// The time of a token is over.
pub(crate) async fn forget(cx: &Cx, token: &str) -> Reply<()> {
    cx.delete(&TOKENS, &token.to_owned()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_requests_apart() {
        assert_eq!(Fingerprint::of(&("a", 1)), Fingerprint::of(&("a", 1)));
        assert_ne!(Fingerprint::of(&("a", 1)), Fingerprint::of(&("a", 2)));
    }
}
