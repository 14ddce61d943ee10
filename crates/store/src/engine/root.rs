//! The content of a world at one moment.
//!
//! In memory it is one map. On disk it is up to three things, the newer over the older: the map of what changed since the last checkpoint
//! began, the map that a checkpoint is writing out, and the layers of the base.

use std::sync::Arc;

use super::disk::{Layers, View};
use super::map::Map;
use super::merge::merge;
use crate::StoreError;
use crate::raw::{Found, RawKey, Span, Value};

/// The content of a world: cloned in constant time, changed only by whoever owns the clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Root {
    map: Map,
    folding: Option<Map>,
    layers: Option<Layers>,
}

impl Root {
    /// An empty world of the disk engine.
    pub(crate) fn on_disk(view: Arc<View>) -> Root {
        Root::from_layers(Layers::none(view))
    }

    /// A world as it lies in the base.
    pub(crate) fn from_layers(layers: Layers) -> Root {
        Root { layers: Some(layers), ..Root::default() }
    }

    /// An empty world of the same engine.
    pub(crate) fn emptied(&self) -> Root {
        match &self.layers {
            Some(layers) => Root::on_disk(layers.view().clone()),
            None => Root::default(),
        }
    }

    /// Makes a copy, in constant time. What the two share is written by neither from now on.
    pub(crate) fn fork(&mut self) -> Root {
        if let Some(layers) = &mut self.layers {
            layers.freeze();
        }
        self.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len() + self.folding.as_ref().map_or(0, Map::len)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.map.bytes() + self.folding.as_ref().map_or(0, Map::bytes)
    }

    /// Whether anything lies under the map that a removal must hide.
    fn is_overlay(&self) -> bool {
        self.folding.is_some() || self.layers.as_ref().is_some_and(|layers| !layers.is_empty())
    }

    pub(crate) fn get(&self, key: &RawKey) -> Result<Option<Value>, StoreError> {
        if let Some(value) = self.map.get(key) {
            return Ok(value.clone());
        }
        if let Some(value) = self.folding.as_ref().and_then(|map| map.get(key)) {
            return Ok(value.clone());
        }
        match &self.layers {
            Some(layers) => layers.get(key),
            None => Ok(None),
        }
    }

    /// Sets or removes an entry; what was there, for the caller to free.
    pub(crate) fn set(&mut self, key: &RawKey, value: Option<Value>) -> Option<Value> {
        if value.is_none() && !self.is_overlay() { self.map.remove(key) } else { self.map.insert(key, value) }
    }

    pub(crate) fn scan(&self, span: &Span, reverse: bool, limit: usize) -> Result<Vec<Found>, StoreError> {
        let present = |(key, value): (&[u8], &Option<Value>)| Some((Box::from(key), value.clone()?));
        if !self.is_overlay() {
            return Ok(self.map.span(span, reverse).filter_map(present).take(limit).collect());
        }
        let mut found = Vec::new();
        self.visit(span, reverse, |key, value| {
            found.push((key, value));
            found.len() < limit
        })?;
        Ok(found)
    }

    pub(crate) fn count(&self, span: &Span) -> Result<usize, StoreError> {
        if !self.is_overlay() {
            return Ok(self.map.span(span, false).count());
        }
        let mut count = 0;
        self.visit(span, false, |_, _| {
            count += 1;
            true
        })?;
        Ok(count)
    }

    fn visit(&self, span: &Span, reverse: bool, each: impl FnMut(Box<[u8]>, Value) -> bool) -> Result<(), StoreError> {
        if span.is_empty() {
            return Ok(());
        }
        let mut sources = Vec::new();
        for map in std::iter::once(&self.map).chain(&self.folding) {
            let entry = |(key, value): (&[u8], &Option<Value>)| Ok((Box::<[u8]>::from(key), value.clone()));
            sources.push(Box::new(map.span(span, reverse).map(entry)) as Box<dyn Iterator<Item = _>>);
        }
        if let Some(layers) = &self.layers {
            layers.spans(span, reverse, &mut sources)?;
        }
        merge(sources, reverse, each)
    }

    pub(crate) fn entries(&self, after: Option<&RawKey>, limit: usize) -> Result<Vec<(RawKey, Value)>, StoreError> {
        if !self.is_overlay() {
            let present = |(key, value): (RawKey, &Option<Value>)| Some((key, value.clone()?));
            return Ok(self.map.entries(after).filter_map(present).take(limit).collect());
        }
        let mut sources = Vec::new();
        for map in std::iter::once(&self.map).chain(&self.folding) {
            let entries = map.entries(after).map(|(key, value)| Ok((key, value.clone())));
            sources.push(Box::new(entries) as Box<dyn Iterator<Item = _>>);
        }
        if let Some(layers) = &self.layers {
            layers.entries(after, &mut sources)?;
        }
        let mut found = Vec::new();
        if limit > 0 {
            merge(sources, false, |key, value| {
                found.push((key, value));
                found.len() < limit
            })?;
        }
        Ok(found)
    }

    /// Sets aside what changed for a checkpoint to write out; changes go to a new map from now on. A layer that only this world writes to is
    /// made if there is none and one is needed.
    pub(crate) fn begin_fold(&mut self, next_layer: &mut u64) -> Option<Map> {
        let layers = self.layers.as_mut()?;
        if self.map.is_empty() {
            return None;
        }
        layers.ensure_top(next_layer);
        let map = std::mem::take(&mut self.map);
        self.folding = Some(map.clone());
        Some(map)
    }

    /// Lets go of what a checkpoint has written out; it is in the view. Gives back what may be slow to free.
    pub(crate) fn end_fold(&mut self, view: &Arc<View>, merged: &[u64]) -> Option<Map> {
        if let Some(layers) = &mut self.layers {
            layers.advance(view, merged);
        }
        self.folding.take()
    }

    pub(crate) fn layers(&self) -> Option<&Layers> {
        self.layers.as_ref()
    }
}
