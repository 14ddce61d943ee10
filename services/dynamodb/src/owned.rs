//! Backups, exports and imports belong to a table, whose ARN begins theirs: `…:table/NAME/backup/ID`. They outlive it.

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::table::{Named, arn_of};
use crate::tables::Owned;
use crate::timer;

/// An id that no other has: the moment in milliseconds, and eight random digits.
pub(crate) fn new_id(cx: &Cx) -> String {
    let millis = cx.now().micros().div_euclid(1000);
    format!("{millis:014}-{:08x}", cx.ids().number() >> 32)
}

/// The ARN of what has that key.
pub(crate) fn arn(scope: &Scope, (table, id): &Owned, kind: &str) -> String {
    format!("{}/{kind}/{id}", arn_of(scope, table))
}

/// The scope and key in an ARN, of this account.
pub(crate) fn parse_arn(cx: &Cx, text: &str, kind: &str) -> Option<(Scope, Owned)> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "dynamodb" && arn.account == cx.account())?;
    let mut parts = arn.resource.split('/');
    let (("table", name), (found, id)) = ((parts.next()?, parts.next()?), (parts.next()?, parts.next()?)) else {
        return None;
    };
    let whole = found == kind && parts.next().is_none();
    whole.then(|| (Scope::new(arn.account, arn.region), (name.to_owned(), id.to_owned())))
}

/// Sets the timer of what has that key, for its next step or its end.
pub(crate) async fn set_timer(cx: &Cx, key: &Owned, kind: &str, due: i64) -> Reply<()> {
    let payload = payload(key);
    timer::set(cx, cx.scope(), (kind, payload.clone()), due, payload).await
}

/// What a timer is told of the key that it is about; [`key_of`] reads it.
pub(crate) fn payload((table, id): &Owned) -> String {
    [table.as_str(), "/", id].concat()
}

/// The key that a timer is about.
pub(crate) fn key_of(payload: &str) -> Option<Owned> {
    let (table, id) = payload.split_once('/')?;
    Some((table.to_owned(), id.to_owned()))
}

/// The range of those that a listing is about: of a table, or of all; `None` for a table of another account, whose they are. They go on behind a key.
pub(crate) fn listed(cx: &Cx, table: Option<&Named<'_>>, after: Option<Owned>) -> Option<KeyRange<Owned>> {
    if table.is_some_and(|named| *named.scope.account != *cx.account()) {
        return None;
    }
    let range = table.map_or_else(KeyRange::all, |named| KeyRange::prefix(&(named.name,)));
    Some(match after {
        Some((table, id)) => range.after(&(table.as_str(), id.as_str())),
        None => range,
    })
}
