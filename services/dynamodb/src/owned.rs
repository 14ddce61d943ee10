//! Backups, exports and imports belong to a table, whose ARN begins theirs: `…:table/NAME/backup/ID`. They outlive it.

use kumoi_core::Cx;
use kumoi_core::arn::Arn;
use kumoi_store::Scope;

use crate::table::arn_of;
use crate::tables::Owned;

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
