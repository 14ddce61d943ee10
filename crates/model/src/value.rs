//! Data in the form that a shape describes.

use bytes::Bytes;

use crate::{ByteStream, Timestamp};

/// A value of some [`Shape`](crate::Shape). It carries no names of its own: read it beside its shape.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Value {
    /// A null inside a sparse list or map, or in a document. An absent member is simply not in its [`Struct`].
    Null,
    /// Boolean.
    Bool(bool),
    /// Integer or long.
    Int(i64),
    /// Float or double.
    Float(f64),
    /// String.
    String(String),
    /// Blob, whole in memory.
    Blob(Bytes),
    /// Timestamp.
    Timestamp(Timestamp),
    /// List.
    List(Vec<Value>),
    /// Map, in the order received; keys are unique.
    Map(Vec<(String, Value)>),
    /// Structure or union.
    Struct(Struct),
    /// Free-form document.
    Document(serde_json::Value),
    /// A streaming blob (or the encoded frames of an event stream). It is spent by use and cannot be stored.
    #[serde(skip)]
    Stream(ByteStream),
}

/// Set members of a structure, by their index in [`Structure::members`](crate::Structure::members), ascending.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Struct {
    members: Vec<(u16, Value)>,
}

impl Struct {
    /// No member set.
    pub fn new() -> Self {
        Self::default()
    }

    /// No member set, room for `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { members: Vec::with_capacity(capacity) }
    }

    /// The member at `index`.
    pub fn get(&self, index: u16) -> Option<&Value> {
        self.position(index).ok().and_then(|at| self.members.get(at)).map(|(_, value)| value)
    }

    /// The member at `index`, to change.
    pub fn get_mut(&mut self, index: u16) -> Option<&mut Value> {
        self.position(index).ok().and_then(|at| self.members.get_mut(at)).map(|(_, value)| value)
    }

    /// Sets a member, replacing what it was.
    pub fn set(&mut self, index: u16, value: Value) {
        if self.members.last().is_none_or(|(last, _)| *last < index) {
            self.members.push((index, value));
            return;
        }
        match self.position(index) {
            Ok(at) => {
                if let Some(slot) = self.members.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.members.insert(at, (index, value)),
        }
    }

    /// Takes a member out.
    pub fn take(&mut self, index: u16) -> Option<Value> {
        self.position(index).ok().map(|at| self.members.remove(at).1)
    }

    /// Set members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Value)> {
        self.members.iter().map(|(index, value)| (*index, value))
    }

    /// How many members are set.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no member is set.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn position(&self, index: u16) -> Result<usize, usize> {
        self.members.binary_search_by_key(&index, |(member, _)| *member)
    }
}

impl Value {
    /// The structure, when it is one.
    pub fn as_struct(&self) -> Option<&Struct> {
        match self {
            Value::Struct(value) => Some(value),
            _ => None,
        }
    }

    /// The string, when it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(value) => Some(value),
            _ => None,
        }
    }
}
