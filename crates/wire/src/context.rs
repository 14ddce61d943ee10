//! What every decoder carries along: the model, the bounds, and how much of them is used.

use std::cell::{Cell, RefCell};

use kumoi_model::{Member, Service, Shape, Structure, Value};

use crate::{DecodeError, Limits};

/// The state of decoding one request.
pub(crate) struct Context<'a> {
    pub(crate) service: &'a Service,
    pub(crate) limits: &'a Limits,
    values: Cell<u32>,
    failure: RefCell<Option<DecodeError>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(service: &'a Service, limits: &'a Limits) -> Self {
        Self { service, limits, values: Cell::new(0), failure: RefCell::new(None) }
    }

    /// Accounts for one value at `depth` levels below the root.
    pub(crate) fn count(&self, depth: u16) -> Result<(), DecodeError> {
        let values = self.values.get().saturating_add(1);
        self.values.set(values);
        if values > self.limits.max_values {
            return Err(DecodeError::TooMuch("number of values"));
        }
        if depth > self.limits.max_depth {
            return Err(DecodeError::TooMuch("depth of nesting"));
        }
        Ok(())
    }

    /// Keeps the reason why decoding stops, while a parser that knows only errors of its own unwinds.
    pub(crate) fn fail(&self, error: DecodeError) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    /// The reason kept by [`Context::fail`].
    pub(crate) fn failure(&self) -> Option<DecodeError> {
        self.failure.borrow_mut().take()
    }

    pub(crate) fn shape(&self, member: &Member) -> Result<&'a Shape, DecodeError> {
        self.service.shape(member.shape).ok_or(DecodeError::Internal("the model refers to a shape that it lacks"))
    }
}

/// The member of `structure` that `accept` chooses, with its index.
pub(crate) fn find_member(structure: &Structure, mut accept: impl FnMut(&Member) -> bool) -> Option<(u16, &Member)> {
    structure
        .members
        .iter()
        .enumerate()
        .find(|(_, member)| accept(member))
        .map(|(index, member)| (index as u16, member))
}

/// Keeps the last value of each key, at the place where the key came first.
pub(crate) fn unique_keys(entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
    if entries.len() < 2 {
        return entries;
    }
    let mut places = std::collections::HashMap::with_capacity(entries.len());
    let mut kept: Vec<(String, Value)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match places.get(&key).and_then(|&at: &usize| kept.get_mut(at)) {
            Some(slot) => slot.1 = value,
            None => {
                places.insert(key.clone(), kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}
