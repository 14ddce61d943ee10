//! Layers: how worlds share what lies in the base.
//!
//! The base holds numbered layers of entries. A world reads a list of them, the newest first, and writes to at most one: its *top*, which no
//! other world reads. A fork copies the list and leaves neither world a top, so what they share does not change any more; the next checkpoint
//! gives each a new layer when it has something to write. Layers that no world lists are deleted, and neighbours that always occur together
//! are merged, by the checkpoint.

use std::sync::Arc;

use super::base::{Layered, View};
use crate::StoreError;
use crate::engine::merge::Source;
use crate::raw::{RawKey, Span, Value};

/// The layers of the base that a world reads.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    view: Arc<View>,
    /// Layer numbers, the newest first.
    list: Arc<[u64]>,
    /// Whether the first of the list is read by this world alone.
    has_top: bool,
}

impl Layers {
    pub(crate) fn none(view: Arc<View>) -> Layers {
        Layers::new(view, Vec::new(), false)
    }

    pub(crate) fn new(view: Arc<View>, list: Vec<u64>, has_top: bool) -> Layers {
        Layers { view, has_top: has_top && !list.is_empty(), list: list.into() }
    }

    pub(crate) fn view(&self) -> &Arc<View> {
        &self.view
    }

    pub(crate) fn list(&self) -> &Arc<[u64]> {
        &self.list
    }

    pub(crate) fn top(&self) -> Option<u64> {
        self.list.first().copied().filter(|_| self.has_top)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Nobody writes to the layers any more.
    pub(crate) fn freeze(&mut self) {
        self.has_top = false;
    }

    pub(crate) fn ensure_top(&mut self, next_layer: &mut u64) {
        if !self.has_top {
            self.list = std::iter::once(*next_layer).chain(self.list.iter().copied()).collect();
            self.has_top = true;
            *next_layer += 1;
        }
    }

    /// Reads a newer view of the base, in which the `merged` layers have become part of their neighbours.
    pub(crate) fn advance(&mut self, view: &Arc<View>, merged: &[u64]) {
        self.view = view.clone();
        if self.list.iter().any(|layer| merged.contains(layer)) {
            self.list = self.list.iter().copied().filter(|layer| !merged.contains(layer)).collect();
        }
    }

    pub(crate) fn get(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        for layer in &*self.list {
            if let Some(value) = self.view.get(*layer, key.bytes())? {
                return Ok(value);
            }
        }
        Ok(None)
    }

    /// Adds the entries of a span, one source for each layer; keys within the space.
    pub(crate) fn spans<'a>(
        &'a self,
        span: &Span,
        reverse: bool,
        sources: &mut Vec<Source<'a, Box<[u8]>>>,
    ) -> Result<(), StoreError> {
        let split = span.split;
        for layer in &*self.list {
            let found = self.view.range(*layer, &span.from, Some(&span.to))?;
            let within = move |entry: Result<Layered, StoreError>| {
                entry.map(|(key, value)| (Box::from(key.get(split..).unwrap_or_default()), value))
            };
            sources.push(if reverse { Box::new(found.rev().map(within)) } else { Box::new(found.map(within)) });
        }
        Ok(())
    }

    /// Adds all entries after a key, one source for each layer.
    pub(crate) fn entries<'a>(
        &'a self,
        after: Option<&RawKey>,
        sources: &mut Vec<Source<'a, RawKey>>,
    ) -> Result<(), StoreError> {
        let from = after.map_or_else(Vec::new, |key| [key.bytes(), &[0]].concat());
        for layer in &*self.list {
            let found = self.view.range(*layer, &from, None)?;
            sources.push(Box::new(found.map(|entry| {
                let (key, value) = entry?;
                Ok((RawKey::stored(key)?, value))
            })));
        }
        Ok(())
    }
}
