//! What a table held at a moment: what it holds, where every item that was changed since is what it was before the first of those changes.
//!
//! It is read in pages, so that no transaction grows with the table. All pages tell of the same moment, however much is written meanwhile.

use std::collections::VecDeque;

use kumoi_core::{Cx, Reply};
use kumoi_expressions::{Item, item_size};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use crate::key::KeyBytes;
use crate::tables::{HISTORY, ITEMS};

/// Items looked at for a page, and bytes.
const MAX_ITEMS: usize = 500;
const MAX_BYTES: usize = 4 << 20;

/// Changed items on a page; each may be large, twice.
const MAX_CHANGED: usize = 100;

/// Items read at a time.
const CHUNK: usize = 64;

/// Where an item lies: hash, partition key, sort key.
pub(crate) type Place = (u64, Vec<u8>, Vec<u8>);

/// What is read: the items of a number, as of a moment or as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past {
    account: String,
    region: String,
    /// The number of the table or backup.
    pub(crate) id: u64,
    /// The last moment that counts, in microseconds, and the last sequence of that moment; `None` where nothing changes.
    pub(crate) until: Option<(i64, u64)>,
}

/// A part of it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<(Place, Item)>,
    /// Behind what it goes on; `None` when it does not.
    pub(crate) next: Option<Place>,
}

impl Past {
    pub(crate) fn new(scope: &Scope, id: u64, until: Option<(i64, u64)>) -> Self {
        Self { account: scope.account.to_string(), region: scope.region.to_string(), id, until }
    }

    /// The same until right before a moment.
    pub(crate) fn before(&self, moment: i64) -> Self {
        Self { until: Some((moment.saturating_sub(1), u64::MAX)), ..self.clone() }
    }

    /// A table as it is at this moment of this transaction.
    pub(crate) fn present(cx: &Cx, scope: &Scope, id: u64) -> Self {
        Self::new(scope, id, Some((cx.now().micros(), cx.ids().sequence())))
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::new(&self.account, &self.region)
    }

    /// Reads what comes behind a place.
    pub(crate) async fn page(&self, cx: &Cx, after: Option<&Place>) -> Reply<Page> {
        let scope = self.scope();
        let mut page = Page::default();
        let mut present = Present { chunk: VecDeque::new(), last: after.cloned(), end: false };
        let mut changed = self.next_changed(cx, &scope, after).await?;
        let (mut seen, mut bytes) = (0, 0);
        loop {
            present.fill(cx, &scope, self.id).await?;
            let first = present.chunk.front().map(|(place, _)| place);
            let Some(place) = first.into_iter().chain(&changed).min().cloned() else { return Ok(page) };
            let here = present.chunk.pop_front_if(|(first, _)| *first == place).map(|(_, item)| item);
            let item = if changed.as_ref() == Some(&place) {
                changed = self.next_changed(cx, &scope, Some(&place)).await?;
                self.rolled_back(cx, &scope, &place, here).await?
            } else {
                here
            };
            seen += 1;
            if let Some(item) = item {
                bytes += item_size(&item);
                page.items.push((place.clone(), item));
            }
            if seen >= MAX_ITEMS || bytes >= MAX_BYTES {
                page.next = Some(place);
                return Ok(page);
            }
        }
    }

    /// The next item behind a place that was ever changed.
    async fn next_changed(&self, cx: &Cx, scope: &Scope, after: Option<&Place>) -> Reply<Option<Place>> {
        if self.until.is_none() {
            return Ok(None);
        }
        let range = KeyRange::prefix(&(self.id,));
        let range = match after {
            Some((hash, partition, sort)) => range.after(&(self.id, *hash, partition, sort)),
            None => range,
        };
        let found = cx.tx().range(scope, &HISTORY, range, 1).await?;
        Ok(found.into_iter().next().map(|((_, hash, partition, sort, ..), _)| (hash, partition, sort)))
    }

    /// What an item was, by the first change behind the moment; without one it is what it is.
    async fn rolled_back(&self, cx: &Cx, scope: &Scope, place: &Place, here: Option<Item>) -> Reply<Option<Item>> {
        let Some((moment, sequence)) = self.until else { return Ok(here) };
        let (hash, partition, sort) = place;
        let range = KeyRange::prefix(&(self.id, *hash, partition, sort));
        let range = range.after(&(self.id, *hash, partition, sort, moment, sequence));
        let first = cx.tx().range(scope, &HISTORY, range, 1).await?;
        Ok(first.into_iter().next().map_or(here, |(_, change)| change.old))
    }

    /// When an item was last changed, from a moment until this one; `None` when it was not.
    pub(crate) async fn last_change(&self, cx: &Cx, place: &Place, from: i64) -> Reply<Option<i64>> {
        let Some((moment, sequence)) = self.until else { return Ok(None) };
        let (hash, partition, sort) = place;
        let range = KeyRange::prefix(&(self.id, *hash, partition, sort));
        let range = range.from(&(self.id, *hash, partition, sort, from));
        let range = range.until(&(self.id, *hash, partition, sort, moment, sequence));
        let last = cx.tx().range(&self.scope(), &HISTORY, range.reversed(), 1).await?;
        Ok(last.first().map(|(row, _)| row.4))
    }

    /// The items behind a place that were ever changed, as many as make a page.
    pub(crate) async fn changed(&self, cx: &Cx, after: Option<&Place>) -> Reply<(Vec<Place>, Option<Place>)> {
        let (scope, mut places) = (self.scope(), Vec::new());
        while places.len() < MAX_CHANGED {
            match self.next_changed(cx, &scope, places.last().or(after)).await? {
                Some(place) => places.push(place),
                None => return Ok((places, None)),
            }
        }
        let last = places.last().cloned();
        Ok((places, last))
    }

    /// What one item was.
    pub(crate) async fn item(&self, cx: &Cx, place: &Place) -> Reply<Option<Item>> {
        let scope = self.scope();
        let (hash, partition, sort) = place.clone();
        let here = cx.tx().get(&scope, &ITEMS, &(self.id, hash, partition, sort)).await?;
        self.rolled_back(cx, &scope, place, here).await
    }
}

/// Where an item of that key lies.
pub(crate) fn key((hash, partition, sort): Place) -> KeyBytes {
    KeyBytes { hash, partition, sort }
}

/// The items that are there.
struct Present {
    chunk: VecDeque<(Place, Item)>,
    /// The last that was read.
    last: Option<Place>,
    end: bool,
}

impl Present {
    async fn fill(&mut self, cx: &Cx, scope: &Scope, id: u64) -> Reply<()> {
        if self.end || !self.chunk.is_empty() {
            return Ok(());
        }
        let range = KeyRange::prefix(&(id,));
        let range = match &self.last {
            Some((hash, partition, sort)) => range.after(&(id, *hash, partition, sort)),
            None => range,
        };
        let found = cx.tx().range(scope, &ITEMS, range, CHUNK).await?;
        self.end = found.len() < CHUNK;
        let items = found.into_iter().map(|((_, hash, partition, sort), item)| ((hash, partition, sort), item));
        self.chunk.extend(items);
        self.last = self.chunk.back().map(|(place, _)| place.clone()).or(self.last.take());
        Ok(())
    }
}
