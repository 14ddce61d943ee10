//! Between [`Value`] and the typed structs that `kumoi-codegen` generates.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{ByteStream, Struct, Timestamp, Value};

/// A value had not the form that the typed struct needs. Validation has run before, so a client never causes this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// The typed struct or type that was wanted.
    pub wanted: &'static str,
    /// What was wrong: the member's name, or the kind of the value.
    pub problem: &'static str,
}

impl std::fmt::Display for ConvertError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot read {}: {}", self.wanted, self.problem)
    }
}

impl std::error::Error for ConvertError {}

/// Reading a typed value.
pub trait FromValue: Sized {
    /// Reads it from a value that validation has passed.
    fn from_value(value: &Value) -> Result<Self, ConvertError>;
}

/// Writing a typed value.
pub trait IntoValue {
    /// The dynamic form.
    fn into_value(self) -> Value;
}

/// Reads the members of one structure; used by generated code.
pub struct StructReader<'a> {
    name: &'static str,
    members: &'a Struct,
}

impl<'a> StructReader<'a> {
    /// Starts reading `value`, wanted as the structure `name`.
    pub fn new(name: &'static str, value: &'a Value) -> Result<Self, ConvertError> {
        match value {
            Value::Struct(members) => Ok(Self { name, members }),
            _ => Err(ConvertError { wanted: name, problem: "not a structure" }),
        }
    }

    /// An optional member.
    pub fn optional<T: FromValue>(&self, index: u16) -> Result<Option<T>, ConvertError> {
        self.members.get(index).map(T::from_value).transpose()
    }

    /// The only member of a union, with its index.
    pub fn only(&self) -> Result<(u16, &'a Value), ConvertError> {
        let mut members = self.members.iter();
        match (members.next(), members.next()) {
            (Some(member), None) => Ok(member),
            _ => Err(ConvertError { wanted: self.name, problem: "a union with other than one member" }),
        }
    }

    /// A required member.
    pub fn required<T: FromValue>(&self, index: u16, member: &'static str) -> Result<T, ConvertError> {
        self.optional(index)?.ok_or(ConvertError { wanted: self.name, problem: member })
    }
}

macro_rules! plain {
    ($($type:ty, $variant:ident, $name:literal, |$v:ident| $read:expr, |$w:ident| $write:expr;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Result<Self, ConvertError> {
                match value {
                    Value::$variant($v) => Ok($read),
                    _ => Err(ConvertError { wanted: $name, problem: "another kind of value" }),
                }
            }
        }
        impl IntoValue for $type {
            fn into_value(self) -> Value {
                let $w = self;
                Value::$variant($write)
            }
        }
    )*};
}

plain! {
    bool, Bool, "a boolean", |v| *v, |w| w;
    i64, Int, "a long", |v| *v, |w| w;
    f64, Float, "a double", |v| *v, |w| w;
    String, String, "a string", |v| v.clone(), |w| w;
    Bytes, Blob, "a blob", |v| v.clone(), |w| w;
    Timestamp, Timestamp, "a timestamp", |v| *v, |w| w;
    serde_json::Value, Document, "a document", |v| v.clone(), |w| w;
}

/// What is whole in memory does for a stream, too: it can be stored, and so be part of a call that is made later.
impl FromValue for ByteStream {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        match value {
            Value::Stream(stream) => Ok(stream.clone()),
            Value::Blob(bytes) => Ok(Self::from_bytes(bytes.clone())),
            _ => Err(ConvertError { wanted: "a stream", problem: "another kind of value" }),
        }
    }
}

impl IntoValue for ByteStream {
    fn into_value(self) -> Value {
        Value::Stream(self)
    }
}

/// What has no type of its own stays as it is.
impl FromValue for Value {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        Ok(value.clone())
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl FromValue for i32 {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        match value {
            Value::Int(v) => {
                i32::try_from(*v).map_err(|_| ConvertError { wanted: "an integer", problem: "out of range" })
            }
            _ => Err(ConvertError { wanted: "an integer", problem: "another kind of value" }),
        }
    }
}

impl IntoValue for i32 {
    fn into_value(self) -> Value {
        Value::Int(i64::from(self))
    }
}

impl FromValue for f32 {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        f64::from_value(value).map(|v| v as f32)
    }
}

impl IntoValue for f32 {
    fn into_value(self) -> Value {
        Value::Float(f64::from(self))
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        match value {
            Value::List(items) => items.iter().map(T::from_value).collect(),
            _ => Err(ConvertError { wanted: "a list", problem: "another kind of value" }),
        }
    }
}

impl<T: IntoValue> IntoValue for Vec<T> {
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        match value {
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| Ok((key.clone(), T::from_value(value)?))).collect()
            }
            _ => Err(ConvertError { wanted: "a map", problem: "another kind of value" }),
        }
    }
}

impl<T: IntoValue> IntoValue for BTreeMap<String, T> {
    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.into_value())).collect())
    }
}

impl<T: FromValue> FromValue for Box<T> {
    fn from_value(value: &Value) -> Result<Self, ConvertError> {
        T::from_value(value).map(Box::new)
    }
}

impl<T: IntoValue> IntoValue for Box<T> {
    fn into_value(self) -> Value {
        T::into_value(*self)
    }
}
