//! What Query and Scan have in common once they know what to read: the filter, what of the items is answered, and the counts.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Condition, Item, Projection};
use kumoi_model::Value;

use crate::attribute;
use crate::errors::invalid;
use crate::read::page::{Page, Reading};
use crate::read::select::Select;
use crate::read::start;
use crate::table::{Index, Located};

/// What is answered of the items that are read.
pub(crate) struct Answering {
    pub(crate) select: Select,
    pub(crate) filter: Option<Condition>,
    pub(crate) projection: Option<Projection>,
}

/// The answer, but for what it consumed.
pub(crate) struct Answer {
    pub(crate) items: Option<Vec<BTreeMap<String, Value>>>,
    pub(crate) count: i32,
    pub(crate) scanned_count: i32,
    pub(crate) last_evaluated_key: Option<BTreeMap<String, Value>>,
    pub(crate) page: Page,
}

impl Answering {
    /// Reads a page.
    pub(crate) async fn read(&self, cx: &Cx, reading: &Reading<'_>) -> Reply<Answer> {
        if let Some(projection) = &self.projection {
            check_projected(reading.at, reading.index, projection.top_level())?;
        }
        let mut page = reading.page(cx, self.filter.as_ref()).await?;
        let items = std::mem::take(&mut page.items);
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Answer {
            count: number(items.len()),
            scanned_count: number(page.scanned),
            items: (self.select != Select::Count)
                .then(|| items.into_iter().map(|item| attribute::values(self.of(reading, item))).collect()),
            last_evaluated_key: page.last.as_ref().map(|last| start::write(&reading.at.table, reading.index, last)),
            page,
        })
    }

    fn of(&self, reading: &Reading<'_>, item: Item) -> Item {
        match &self.projection {
            Some(projection) => projection.apply(&item),
            None => self.select.of(reading.at, reading.index, item),
        }
    }
}

/// A global index has nothing but what it projects, and cannot be asked for more.
pub(crate) fn check_projected<'a>(
    at: &Located,
    index: Option<&Index>,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    let Some(index) = index.filter(|index| index.global) else { return Ok(()) };
    let lacking: Vec<_> = names.filter(|name| !index.projects(&at.table.key, name)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(invalid(format!("Global secondary index {} does not project [{}]", index.name, lacking.join(", "))))
}
