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
        self.check_projected(reading)?;
        let mut page = reading.page(cx, |item| self.keeps(reading, item)).await?;
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

    /// A global index has nothing but what it projects, and cannot be asked for more.
    fn check_projected(&self, reading: &Reading<'_>) -> Result<(), Fault> {
        let (Some(index), Some(projection)) = (reading.index.filter(|index| index.global), &self.projection) else {
            return Ok(());
        };
        let lacks = |name: &&str| !index.projects(&reading.at.table.key, name);
        let lacking: Vec<_> = projection.top_level().filter(lacks).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(invalid(format!("Global secondary index {} does not project [{}]", index.name, lacking.join(", "))))
    }

    fn keeps(&self, reading: &Reading<'_>, item: &Item) -> bool {
        let Some(filter) = &self.filter else { return true };
        match reading.index.filter(|index| index.global && !index.projects_all()) {
            Some(index) => filter.holds(&Select::Projected.of(reading.at, Some(index), item.clone())),
            None => filter.holds(item),
        }
    }

    fn of(&self, reading: &Reading<'_>, item: Item) -> Item {
        match &self.projection {
            Some(projection) => projection.apply(&item),
            None => self.select.of(reading.at, reading.index, item),
        }
    }
}
