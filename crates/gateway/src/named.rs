//! Members of a value by their names in the model, for the few places where the gateway itself looks into inputs and outputs.

use kumoi_model::{Kind, Service, ShapeId, Value};

/// A value with its shape.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    model: &'a Service,
    shape: ShapeId,
    value: &'a Value,
}

impl<'a> Named<'a> {
    pub(crate) fn new(model: &'a Service, shape: ShapeId, value: &'a Value) -> Self {
        Self { model, shape, value }
    }

    /// A member of a structure, if it is set.
    pub(crate) fn member(&self, name: &str) -> Option<Self> {
        let (index, member) = self.model.structure(self.shape)?.member(name)?;
        let value = self.value.as_struct()?.get(index)?;
        Some(Self { shape: member.shape, value, ..*self })
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> {
        let list = match (self.model.shape(self.shape).map(|shape| &shape.kind), self.value) {
            (Some(Kind::List { member, .. }), Value::List(items)) => Some((member.shape, items)),
            _ => None,
        };
        let this = *self;
        list.into_iter().flat_map(move |(shape, items)| items.iter().map(move |value| Self { shape, value, ..this }))
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A whole number.
    pub(crate) fn number(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The texts of a member that is a list of strings.
    pub(crate) fn texts(&self, member: &str) -> Vec<String> {
        let items = self.member(member);
        items.iter().flat_map(Self::items).filter_map(|item| item.text()).map(str::to_owned).collect()
    }
}
