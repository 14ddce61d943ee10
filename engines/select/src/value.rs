//! What expressions come to.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::decimal::Decimal;
use crate::error::{self, SelectError};
use crate::timestamp::Timestamp;

/// A value of a record, or of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// There is nothing of that name.
    Missing,
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Float(f64),
    Text(String),
    Timestamp(Timestamp),
    List(Vec<Value>),
    /// In the order of the record; a name may occur more than once.
    Object(Vec<(String, Value)>),
}

/// Two numbers, in the more general type of theirs.
pub(crate) enum Numbers {
    Ints(i64, i64),
    Decimals(Decimal, Decimal),
    Floats(f64, f64),
}

impl Value {
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Decimal(_) | Self::Float(_))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Int(value) => Some((*value).into()),
            Self::Decimal(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Decimal(value) => Some(value.to_f64()),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Both as numbers of one type; `None` unless both are numbers.
    pub(crate) fn numbers(&self, other: &Self) -> Option<Numbers> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(Numbers::Ints(*left, *right)),
            (Self::Float(_), _) | (_, Self::Float(_)) => Some(Numbers::Floats(self.to_f64()?, other.to_f64()?)),
            _ => Some(Numbers::Decimals(self.to_decimal()?, other.to_decimal()?)),
        }
    }

    /// Which of two comes first; `None` for values of types that have no order between them.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Timestamp(left), Self::Timestamp(right)) => Some(left.compare(*right)),
            _ => match self.numbers(other)? {
                Numbers::Ints(left, right) => Some(left.cmp(&right)),
                Numbers::Decimals(left, right) => Some(left.compare(right)),
                Numbers::Floats(left, right) => left.partial_cmp(&right),
            },
        }
    }

    /// Whether two are the same, which values of different types are not.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            (Self::Object(left), Self::Object(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(name, value)| right.iter().any(|(n, v)| n == name && v.equals(value)))
            }
            (Self::Null, Self::Null) => true,
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// The member of a name; names without quotes match in any case.
    pub(crate) fn member(&self, name: &str, exact: bool) -> Result<&Self, SelectError> {
        let Self::Object(members) = self else { return Ok(&Self::Missing) };
        if exact {
            return Ok(members.iter().find(|(own, _)| own == name).map_or(&Self::Missing, |(_, value)| value));
        }
        let mut found = members.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (None, _) => Ok(&Self::Missing),
            (Some((_, value)), None) => Ok(value),
            (Some(_), Some(_)) => Err(error::ambiguous()),
        }
    }

    pub(crate) fn element(&self, index: usize) -> &Self {
        match self {
            Self::List(values) => values.get(index).unwrap_or(&Self::Missing),
            _ => &Self::Missing,
        }
    }

    /// A number as JSON has it: exact if it can be.
    pub(crate) fn from_f64(value: f64) -> Self {
        let exact = || format!("{:?}", Some(value).filter(|value| value.is_finite())?).parse().ok();
        exact().map_or(Self::Float(value), Self::Decimal)
    }

    /// Appends the value as JSON; what is missing is null.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing | Self::Null => out.extend_from_slice(b"null"),
            Self::Float(value) if !value.is_finite() => out.extend_from_slice(b"null"),
            Self::Bool(_) | Self::Int(_) | Self::Decimal(_) | Self::Float(_) => {
                out.extend_from_slice(self.to_string().as_bytes());
            }
            Self::Text(text) => write_json_text(text, out),
            Self::Timestamp(value) => write_json_text(&value.to_string(), out),
            Self::List(values) => {
                out.push(b'[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    value.write_json(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), value));
                write_json_object(members, out);
            }
        }
    }
}

/// Appends an object; members that are missing are left out.
pub(crate) fn write_json_object<'v>(members: impl Iterator<Item = (&'v str, &'v Value)>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (name, value)) in members.filter(|(_, value)| !matches!(value, Value::Missing)).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_json_text(name, out);
        out.push(b':');
        value.write_json(out);
    }
    out.push(b'}');
}

fn write_json_text(text: &str, out: &mut Vec<u8>) {
    // A vector takes all that is written to it.
    let _ = serde_json::to_writer(out, text);
}

/// The value as the text of a field; nothing for what is not known.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing | Self::Null => Ok(()),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(value) => write!(f, "{value}"),
            // With a point, so that it stays a float.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
            Self::Timestamp(value) => write!(f, "{value}"),
            Self::List(_) | Self::Object(_) => {
                let mut json = Vec::new();
                self.write_json(&mut json);
                f.write_str(&String::from_utf8_lossy(&json))
            }
        }
    }
}

/// Reads JSON, which `serde_json` bounds in depth.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        let large = || Decimal::new(value.into(), 0).map_or(Value::Null, Value::Decimal);
        Ok(i64::try_from(value).map_or_else(|_| large(), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from_f64(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}
