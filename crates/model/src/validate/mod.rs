//! The constraints of the model, checked once and told in AWS's words.
//!
//! The words are those that the services themselves use, as they stand in AWS's guides and in reports of their users:
//!
//! * `2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value '5'
//!   at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`;
//! * a path has the first letter of every member in lower case, and names an element of a list by its number from 1:
//!   `tags.2.member.key`; an entry of a map by its key: `expected.color.member.value`;
//! * elements that are not structures are told with their list (`Member must satisfy constraint: […]`), keys and values with
//!   their map (`Map keys must satisfy constraint: […]`, `Map value must satisfy constraint: […]`);
//! * what is sensitive is not repeated: `Value at 'password' failed to satisfy constraint: …`.

mod render;
mod words;

use std::fmt;

use crate::pattern::Pattern;
use crate::{Kind, Service, Shape, ShapeId, Value};
use render::{lower_first, render};
pub use words::{Constraint, Violation, message};

/// At most this many violations are told.
pub const MAX_VIOLATIONS: usize = 100;

/// Values nested deeper than this are not looked into; codecs refuse them before.
const MAX_DEPTH: usize = 128;

/// Checks `input` against the constraints of `shape`, and gives the violations in the order of the model.
///
/// A required member that is an idempotency token may be absent: it is the caller's to fill, as Smithy lets a service do.
pub fn validate(service: &Service, shape: ShapeId, input: &Value) -> Result<(), Vec<Violation>> {
    let mut check = Check { service, violations: Vec::new(), path: Vec::new() };
    check.value(shape, input, 0);
    if check.violations.is_empty() { Ok(()) } else { Err(check.violations) }
}

/// A step down into a value. Few values violate anything, so steps become text only where one does.
enum Step<'a> {
    Member(&'a str),
    /// An element of a list, from 0.
    Element(usize),
    Entry(&'a str),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Member(name) => f.write_str(&lower_first(name)),
            Step::Element(index) => write!(f, "{}.member", index + 1),
            Step::Entry(key) => write!(f, "{key}.member"),
        }
    }
}

struct Check<'a> {
    service: &'a Service,
    violations: Vec<Violation>,
    path: Vec<Step<'a>>,
}

impl<'a> Check<'a> {
    /// Runs `inner` one step further down.
    fn at(&mut self, step: Step<'a>, inner: impl FnOnce(&mut Self)) {
        self.path.push(step);
        inner(self);
        self.path.pop();
    }

    fn violation(&mut self, value: Option<String>, kind: Constraint) {
        if self.violations.len() < MAX_VIOLATIONS {
            let path: Vec<_> = self.path.iter().map(Step::to_string).collect();
            self.violations.push(Violation { path: path.join("."), value, kind });
        }
    }

    fn full(&self) -> bool {
        self.violations.len() >= MAX_VIOLATIONS
    }

    fn value(&mut self, id: ShapeId, value: &'a Value, depth: usize) {
        let Some(shape) = self.service.shape(id) else { return };
        if depth > MAX_DEPTH || self.full() {
            return;
        }
        let service = self.service;
        for kind in violated(shape, value) {
            let shown = (!hidden(service, shape)).then(|| render(service, id, value));
            self.violation(shown, kind);
        }
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Struct(members)) => {
                for (index, member) in structure.members.iter().enumerate() {
                    match members.get(index as u16) {
                        Some(value) => {
                            self.at(Step::Member(&member.name), |check| check.value(member.shape, value, depth + 1));
                        }
                        None if member.required && !member.idempotency_token => {
                            self.at(Step::Member(&member.name), |check| check.violation(None, Constraint::Required));
                        }
                        None => {}
                    }
                }
            }
            (Kind::List { member, .. }, Value::List(items)) => {
                if self.is_structure(member.shape) {
                    for (index, item) in items.iter().enumerate() {
                        self.at(Step::Element(index), |check| check.value(member.shape, item, depth + 1));
                    }
                } else if items.iter().any(|item| self.is_violated(member.shape, item, depth + 1)) {
                    let kind = Constraint::Elements(self.constraints(member.shape, 0));
                    let shown = (!hidden(service, shape)).then(|| render(service, id, value));
                    self.violation(shown, kind);
                }
            }
            (Kind::Map { key, value: entry, .. }, Value::Map(entries)) => {
                let keys = self.service.shape(key.shape);
                if keys.is_some_and(|keys| entries.iter().any(|(key, _)| violates_as_key(keys, key))) {
                    let kind = Constraint::Keys(self.constraints(key.shape, 0));
                    let shown = (!hidden(service, shape)).then(|| render(service, id, value));
                    self.violation(shown, kind);
                }
                if self.is_structure(entry.shape) {
                    for (key, item) in entries {
                        self.at(Step::Entry(key), |check| check.value(entry.shape, item, depth + 1));
                    }
                } else if entries.iter().any(|(_, item)| self.is_violated(entry.shape, item, depth + 1)) {
                    let kind = Constraint::Values(self.constraints(entry.shape, 0));
                    let shown = (!hidden(service, shape)).then(|| render(service, id, value));
                    self.violation(shown, kind);
                }
            }
            _ => {}
        }
    }

    fn is_structure(&self, id: ShapeId) -> bool {
        self.service.structure(id).is_some()
    }

    /// Whether anything inside a value violates its shape.
    fn is_violated(&self, id: ShapeId, value: &Value, depth: usize) -> bool {
        // A null stands only in sparse lists and maps, where it is allowed.
        if matches!(value, Value::Null) {
            return false;
        }
        let mut inner = Check { service: self.service, violations: Vec::new(), path: Vec::new() };
        inner.value(id, value, depth);
        !inner.violations.is_empty()
    }

    /// All constraints of a shape that is not a structure, as they are told with its list or map.
    fn constraints(&self, id: ShapeId, depth: usize) -> Vec<Constraint> {
        let Some(shape) = self.service.shape(id) else { return Vec::new() };
        let mut list = bounds(shape);
        if let Some(pattern) = &shape.pattern {
            list.push(Constraint::Pattern(pattern.clone()));
        }
        if !shape.enumeration.is_empty() {
            list.push(Constraint::Enum(shape.enumeration.clone()));
        }
        if depth < 4 {
            match &shape.kind {
                Kind::List { member, .. } if !self.is_structure(member.shape) => {
                    list.push(Constraint::Elements(self.constraints(member.shape, depth + 1)));
                }
                Kind::Map { value, .. } if !self.is_structure(value.shape) => {
                    list.push(Constraint::Values(self.constraints(value.shape, depth + 1)));
                }
                _ => {}
            }
        }
        list.push(Constraint::Required);
        list
    }
}

/// Whether a value of the shape is not to be repeated: it is sensitive, or its elements are.
fn hidden(service: &Service, shape: &Shape) -> bool {
    let sensitive = |id: ShapeId| service.shape(id).is_some_and(|shape| shape.sensitive);
    shape.sensitive
        || match &shape.kind {
            Kind::List { member, .. } => sensitive(member.shape),
            Kind::Map { key, value, .. } => sensitive(key.shape) || sensitive(value.shape),
            _ => false,
        }
}

/// Upper and lower bound of a shape, upper first, as services list them.
fn bounds(shape: &Shape) -> Vec<Constraint> {
    let length = |bound: f64| bound.clamp(0.0, u64::MAX as f64) as u64;
    match shape.kind {
        Kind::String | Kind::Blob | Kind::List { .. } | Kind::Map { .. } => {
            let max = shape.max.map(|max| Constraint::MaxLength(length(max)));
            max.into_iter().chain(shape.min.map(|min| Constraint::MinLength(length(min)))).collect()
        }
        Kind::Integer | Kind::Long | Kind::Float | Kind::Double => {
            let whole = matches!(shape.kind, Kind::Integer | Kind::Long);
            let max = shape.max.map(|bound| Constraint::MaxValue { bound, whole });
            max.into_iter().chain(shape.min.map(|bound| Constraint::MinValue { bound, whole })).collect()
        }
        _ => Vec::new(),
    }
}

/// The constraints of the shape itself that the value violates: bounds, pattern, enumeration.
fn violated(shape: &Shape, value: &Value) -> Vec<Constraint> {
    let mut list = Vec::new();
    if (shape.min.is_some() || shape.max.is_some())
        && let Some(size) = size(value)
    {
        // What is not a number violates no bound.
        let above = shape.max.is_some_and(|max| size > max);
        let below = shape.min.is_some_and(|min| size < min);
        if above || below {
            list = bounds(shape);
            list.retain(|bound| match bound {
                Constraint::MaxLength(_) | Constraint::MaxValue { .. } => above,
                _ => below,
            });
        }
    }
    if let Value::String(text) = value {
        list.extend(violated_text(shape, text));
    }
    list
}

/// What a shape's bounds are about: characters, bytes, elements, entries, or the number itself.
fn size(value: &Value) -> Option<f64> {
    Some(match value {
        Value::String(text) => text.chars().count() as f64,
        Value::Blob(bytes) => bytes.len() as f64,
        Value::List(items) => items.len() as f64,
        Value::Map(entries) => entries.len() as f64,
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return None,
    })
}

fn violated_text(shape: &Shape, text: &str) -> Option<Constraint> {
    if let Some(pattern) = &shape.pattern
        && !Pattern::of(pattern).matches(text)
    {
        return Some(Constraint::Pattern(pattern.clone()));
    }
    let outside = !shape.enumeration.is_empty() && !shape.enumeration.iter().any(|allowed| allowed == text);
    outside.then(|| Constraint::Enum(shape.enumeration.clone()))
}

/// Whether a map's key violates its shape.
fn violates_as_key(shape: &Shape, key: &str) -> bool {
    let size = key.chars().count() as f64;
    shape.max.is_some_and(|max| size > max)
        || shape.min.is_some_and(|min| size < min)
        || violated_text(shape, key).is_some()
}

#[cfg(test)]
mod tests;
