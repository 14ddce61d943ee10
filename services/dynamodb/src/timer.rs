//! Work to do later: a timer of a kind is about one thing, which gives it its name.

use std::fmt::Display;

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;

/// Sets the timer of that kind about a thing for a moment in microseconds, in place of the one that is set.
pub(crate) async fn set(
    cx: &Cx,
    scope: &Scope,
    (kind, about): (&str, impl Display),
    due: i64,
    payload: impl Into<String>,
) -> Reply<()> {
    let (name, due) = (name(kind, about), Timestamp::from_micros(due));
    let timer = Timer { name, due, kind: kind.to_owned(), payload: payload.into() };
    Ok(timers::set(cx.tx(), "dynamodb", scope, &timer).await?)
}

/// Cancels the timer of that kind about a thing; nothing happens if none is set.
pub(crate) async fn cancel(cx: &Cx, scope: &Scope, kind: &str, about: impl Display) -> Reply<()> {
    timers::cancel(cx.tx(), "dynamodb", scope, &name(kind, about)).await?;
    Ok(())
}

fn name(kind: &str, about: impl Display) -> String {
    format!("{kind}:{about}")
}
