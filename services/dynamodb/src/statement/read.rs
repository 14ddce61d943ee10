//! `SELECT`: a statement that has the whole key reads an item, one that has the partition key reads a range of it, any other looks at all items.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::partiql::{Access, Select as Statement};
use kumoi_expressions::{Condition, Item, KeyQuery, KeySchema, item_size};
use kumoi_model::Value;

use super::token::{self, Place};
use super::{key_names, no_key, order};
use crate::attribute::values;
use crate::capacity::{Consistency, Consumed, read_units, scan_units};
use crate::errors::{refuse, validation};
use crate::read::answer::check_projected;
use crate::read::page::{MAX_BYTES, Page, Reading, Start};
use crate::read::query::{parts, range};
use crate::read::range::Range;
use crate::read::select::{self, Select};
use crate::read::start;
use crate::table::{Index, Located};
use crate::{key, write};

/// Items of a page where the statement names several partitions: "pages of up to 10 items".
const SEVERAL: usize = 10;

/// How a request wants to be read.
pub(super) struct Request<'a> {
    pub(super) consistent_read: Option<bool>,
    /// The most items that are looked at.
    pub(super) limit: usize,
    /// The statement with its parameters, as tokens know it.
    pub(super) text: &'a str,
    pub(super) token: Option<&'a str>,
}

/// A page of answers.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) items: Vec<Item>,
    pub(super) next_token: Option<String>,
    pub(super) last_evaluated_key: Option<BTreeMap<String, Value>>,
    pub(super) consumed: Consumed,
}

/// Reads a page.
pub(super) async fn page(cx: &Cx, at: &Located, statement: &Statement, request: &Request<'_>) -> Reply<Answer> {
    let index = select::index(at, statement.index.as_deref(), request.consistent_read)?;
    let schema = index.map_or(&at.table.key, |index| &index.key);
    let (partition, sort) = (parts(&schema.partition), parts(&schema.sort));
    let (mut access, filter) = statement.access(&KeySchema { partition: &partition, sort: &sort }).map_err(refuse)?;
    let forward = order::arrange(statement, schema, &mut access)?;
    if let Some(selection) = &statement.selection {
        check_projected(at, index, selection.top_level())?;
    }
    let place = token::read(request.text, request.token)?;
    let task = Task { at, index, statement, filter, forward, request };
    match access {
        Access::Scan => task.scan(cx, place).await,
        Access::Query(queries) => match queries.as_slice() {
            [one] if index.is_none() && one.equal.len() == schema.sort.len() => {
                let (item, consumed) = item(cx, at, statement, Consistency::of(request.consistent_read)).await?;
                Ok(Answer { items: item.into_iter().collect(), consumed, ..Answer::default() })
            }
            queries => task.query(cx, queries, place).await,
        },
    }
}

/// Reads the only item that a statement is about, which must have the whole key.
pub(super) async fn item(
    cx: &Cx,
    at: &Located,
    statement: &Statement,
    consistency: Consistency,
) -> Reply<(Option<Item>, Consumed)> {
    let (key, filter) = statement.item(&key_names(at)).ok_or_else(no_key)?;
    let key = key::of_request(&at.table.key, &key)?;
    let item = write::read(cx, at, &key).await?;
    let consumed = Consumed::table(read_units(item.as_ref().map_or(0, item_size), consistency));
    let item = item.filter(|item| filter.is_none_or(|filter| filter.holds(item)));
    Ok((item.map(|item| part(at, None, statement, item)), consumed))
}

/// What a statement answers of an item.
fn part(at: &Located, index: Option<&Index>, statement: &Statement, item: Item) -> Item {
    match &statement.selection {
        Some(selection) => selection.apply(&item),
        None => Select::Projected.of(at, index, item),
    }
}

/// A read of many items.
struct Task<'a> {
    at: &'a Located,
    index: Option<&'a Index>,
    statement: &'a Statement,
    filter: Option<Condition>,
    forward: bool,
    request: &'a Request<'a>,
}

impl Task<'_> {
    async fn scan(&self, cx: &Cx, place: Place) -> Reply<Answer> {
        let page = self.read(cx, Range::all(), self.request.limit, place.after).await?;
        let units = scan_units(&page.bytes, Consistency::of(self.request.consistent_read));
        let mut answer = Answer::default();
        self.add(&mut answer, page, units, 0)?;
        Ok(answer)
    }

    /// Reads one partition after the other, until the page is full.
    async fn query(&self, cx: &Cx, queries: &[KeyQuery], place: Place) -> Reply<Answer> {
        let schema = self.index.map_or(&self.at.table.key, |index| &index.key);
        let mut left = if queries.len() > 1 { self.request.limit.min(SEVERAL) } else { self.request.limit };
        let (mut answer, mut size, mut after) = (Answer::default(), 0, place.after);
        for (number, query) in queries.iter().enumerate().skip(place.partition) {
            let here = Place { partition: number, after: None };
            if left == 0 {
                answer.next_token = Some(token::write(self.request.text, here));
                return Ok(answer);
            }
            let page = self.read(cx, range(schema, query)?, left, after.take()).await?;
            if size > 0 && size + page.size() > MAX_BYTES {
                answer.next_token = Some(token::write(self.request.text, here));
                return Ok(answer);
            }
            size += page.size();
            left -= page.scanned.min(left);
            let units = read_units(page.size(), Consistency::of(self.request.consistent_read));
            if self.add(&mut answer, page, units, number)? {
                return Ok(answer);
            }
        }
        Ok(answer)
    }

    async fn read(&self, cx: &Cx, range: Range, limit: usize, after: Option<Start>) -> Reply<Page> {
        if after.as_ref().is_some_and(|after| !range.contains(after.key())) {
            return Err(validation("NextToken does not match request").into());
        }
        let reading = Reading { at: self.at, index: self.index, range, forward: self.forward, limit, after };
        reading.page(cx, self.filter.as_ref()).await
    }

    /// Adds what was read of a partition. `true` if the page ends there.
    fn add(&self, answer: &mut Answer, page: Page, units: f64, partition: usize) -> Result<bool, Fault> {
        answer.consumed.add(&match self.index {
            Some(index) => Consumed::index(index, units),
            None => Consumed::table(units),
        });
        answer.items.extend(page.items.into_iter().map(|item| part(self.at, self.index, self.statement, item)));
        let Some(last) = page.last else { return Ok(false) };
        let after = start::of(&self.at.table, self.index, &last)?;
        answer.next_token = Some(token::write(self.request.text, Place { partition, after: Some(after) }));
        answer.last_evaluated_key = Some(start::write(&self.at.table, self.index, &last));
        Ok(true)
    }
}

/// Items as they are answered.
pub(super) fn told(items: Vec<Item>) -> Vec<BTreeMap<String, Value>> {
    items.into_iter().map(values).collect()
}
