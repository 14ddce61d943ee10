//! Copies of all items: of a table into a backup, and of a backup or a moment of a table into a new table. The first part is copied at once; timers copy
//! the rest, part by part.

use kumoi_core::{Cx, Fault, Reply};
use serde::{Deserialize, Serialize};

use crate::recovery::past::{self, Page, Past, Place};
use crate::recovery::readers;
use crate::table::{Located, Named};
use crate::tables::{ITEMS, Owned};
use crate::timer;
use crate::{backup, restore, write};

/// The kind of timer that goes on with a copy.
pub(crate) const COPY: &str = "copy";

/// A copy that is being made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Copy {
    pub(crate) what: Past,
    pub(crate) from: From,
    /// The reader's number.
    pub(crate) reader: u64,
    pub(crate) to: To,
    /// The last item that was copied.
    pub(crate) after: Option<Place>,
}

/// Whose items are copied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum From {
    /// Those of a table; for a backup of it or not.
    Table { name: String, backup: bool },
    /// Those of a backup.
    Backup,
}

/// Where they go, in this account and region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum To {
    /// Into a table of that name and number.
    Table(String, u64),
    /// Into a backup, under that number.
    Backup(Owned, u64),
}

/// Copies a part, and sees to the rest.
pub(crate) async fn run(cx: &Cx, mut copy: Copy) -> Reply<()> {
    let page = copy.what.page(cx, copy.after.as_ref()).await?;
    let next = page.next.clone();
    let there = copy.to.put(cx, page).await?;
    if let Some(next) = next.filter(|_| there) {
        copy.after = Some(next);
        return set(cx, &copy).await;
    }
    match &copy.to {
        To::Table(name, id) => restore::complete(cx, name, *id).await?,
        To::Backup(key, _) => backup::complete(cx, key).await?,
    }
    let (scope, id) = (copy.what.scope(), copy.what.id);
    match &copy.from {
        From::Table { name, backup } => readers::end_table(cx, &scope, name, id, copy.reader, *backup).await,
        From::Backup => readers::end(cx, &scope, id, copy.reader).await,
    }
}

/// Goes on with a copy.
pub(crate) async fn go_on(cx: &Cx, payload: &str) -> Reply<()> {
    match serde_json::from_str(payload) {
        Ok(copy) => run(cx, copy).await,
        Err(_) => Err(Fault::internal().into()),
    }
}

async fn set(cx: &Cx, copy: &Copy) -> Reply<()> {
    let payload = serde_json::to_string(copy).map_err(|_| Fault::internal())?;
    timer::set(cx, cx.scope(), (COPY, copy.reader), cx.now().micros(), payload).await
}

impl To {
    /// Puts items; false when there is nothing any more to put them into.
    async fn put(&self, cx: &Cx, page: Page) -> Reply<bool> {
        match self {
            Self::Backup(_, id) => {
                for (place, item) in page.items {
                    cx.put(&ITEMS, &past::key(place).row(*id), &item).await?;
                }
                Ok(true)
            }
            Self::Table(name, id) => {
                let found = Located::find(cx, Named::here(cx, name)).await?;
                let Some(at) = found.filter(|at| at.table.id == *id) else { return Ok(false) };
                for (place, item) in page.items {
                    write::write(cx, &at, &past::key(place), None, Some(&item)).await?;
                }
                Ok(true)
            }
        }
    }
}
