//! serde visitors over shapes. The depth is bounded by [`Limits`](crate::Limits) and, below that, by the parser itself.

use std::fmt;

use kumoi_model::{Kind, Member, Struct, Structure, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Dialect;
use super::scalar::{self, Token};
use crate::DecodeError;
use crate::context::{Context, find_member, unique_keys};
use crate::names::Scope;

/// Stops the parser with an error of ours.
fn stop<E: Error>(cx: &Context<'_>, error: DecodeError) -> E {
    cx.fail(error);
    E::custom("stopped")
}

/// The value of one member; `Value::Null` for a JSON null.
#[derive(Clone, Copy)]
pub(crate) struct MemberSeed<'a> {
    pub(crate) cx: &'a Context<'a>,
    pub(crate) dialect: Dialect,
    pub(crate) member: &'a Member,
    pub(crate) depth: u16,
}

impl<'de> DeserializeSeed<'de> for MemberSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.cx.count(self.depth).map_err(|error| stop(self.cx, error))?;
        deserializer.deserialize_any(self)
    }
}

impl MemberSeed<'_> {
    fn scalar<E: Error>(self, token: Token<'_>) -> Result<Value, E> {
        scalar::value(self.cx, self.member, token).map_err(|error| stop(self.cx, error))
    }

    fn kind<E: Error>(&self) -> Result<&Kind, E> {
        self.cx.shape(self.member).map(|shape| &shape.kind).map_err(|error| stop(self.cx, error))
    }
}

impl<'de> Visitor<'de> for MemberSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        self.scalar(Token::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.scalar(Token::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        self.scalar(i64::try_from(number).map_or(Token::Float(number as f64), Token::Int))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        self.scalar(Token::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.scalar(Token::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let shape = self.cx.shape(self.member).map_err(|error| stop(self.cx, error))?;
        match &shape.kind {
            Kind::List { member, .. } => {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element_seed(MemberSeed { member, depth: self.depth + 1, ..self })? {
                    if item == Value::Null && !shape.sparse {
                        return Err(stop(self.cx, DecodeError::body("A null was found in a list that takes none")));
                    }
                    items.push(item);
                }
                Ok(Value::List(items))
            }
            Kind::Document => DocumentSeed { cx: self.cx, depth: self.depth }.visit_seq(seq).map(Value::Document),
            _ => Err(stop(self.cx, scalar::unexpected_list())),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match self.kind()? {
            Kind::Structure(structure) => {
                StructureSeed { cx: self.cx, dialect: self.dialect, structure, scope: Scope::All, depth: self.depth }
                    .visit_map(map)
                    .map(Value::Struct)
            }
            Kind::Map { value, .. } => {
                let sparse = self.cx.shape(self.member).is_ok_and(|shape| shape.sparse);
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let item = map.next_value_seed(MemberSeed { member: value, depth: self.depth + 1, ..self })?;
                    if item == Value::Null && !sparse {
                        return Err(stop(self.cx, DecodeError::body("A null was found in a map that takes none")));
                    }
                    entries.push((key, item));
                }
                Ok(Value::Map(unique_keys(entries)))
            }
            Kind::Document => DocumentSeed { cx: self.cx, depth: self.depth }.visit_map(map).map(Value::Document),
            _ => Err(stop(self.cx, scalar::unexpected_map())),
        }
    }
}

/// The members of a structure that `scope` takes. Members that the model lacks are skipped.
#[derive(Clone, Copy)]
pub(crate) struct StructureSeed<'a> {
    pub(crate) cx: &'a Context<'a>,
    pub(crate) dialect: Dialect,
    pub(crate) structure: &'a Structure,
    pub(crate) scope: Scope,
    pub(crate) depth: u16,
}

impl<'de> DeserializeSeed<'de> for StructureSeed<'_> {
    type Value = Struct;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Struct, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StructureSeed<'_> {
    type Value = Struct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a structure")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Struct, A::Error> {
        let mut members = Struct::new();
        let key = KeySeed { dialect: self.dialect, structure: self.structure, scope: self.scope };
        while let Some(found) = map.next_key_seed(key)? {
            let depth = self.depth + 1;
            match found {
                Some((index, member)) => {
                    match map.next_value_seed(MemberSeed { cx: self.cx, dialect: self.dialect, member, depth })? {
                        Value::Null => {}
                        value => members.set(index, value),
                    }
                }
                None => map.next_value_seed(AnySeed { cx: self.cx, depth })?,
            }
        }
        if self.structure.union && members.len() != 1 {
            return Err(stop(self.cx, DecodeError::body("Exactly one member of a union must be set")));
        }
        Ok(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Struct, A::Error> {
        Err(stop(self.cx, scalar::unexpected_list()))
    }
}

/// The key of a structure: the member of that name, if there is one.
#[derive(Clone, Copy)]
struct KeySeed<'a> {
    dialect: Dialect,
    structure: &'a Structure,
    scope: Scope,
}

impl<'de, 'a> DeserializeSeed<'de> for KeySeed<'a> {
    type Value = Option<(u16, &'a Member)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for KeySeed<'a> {
    type Value = Option<(u16, &'a Member)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(find_member(self.structure, |member| self.scope.takes(member) && self.dialect.name(member) == name))
    }
}

/// A value that is read and dropped, within the same bounds as any other.
#[derive(Clone, Copy)]
pub(crate) struct AnySeed<'a> {
    pub(crate) cx: &'a Context<'a>,
    pub(crate) depth: u16,
}

impl<'de> DeserializeSeed<'de> for AnySeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.cx.count(self.depth).map_err(|error| stop(self.cx, error))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnySeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(AnySeed { cx: self.cx, depth: self.depth + 1 })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            map.next_value_seed(AnySeed { cx: self.cx, depth: self.depth + 1 })?;
        }
        Ok(())
    }
}

/// A free-form document.
#[derive(Clone, Copy)]
struct DocumentSeed<'a> {
    cx: &'a Context<'a>,
    depth: u16,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = serde_json::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.cx.count(self.depth).map_err(|error| stop(self.cx, error))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = serde_json::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(serde_json::Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(DocumentSeed { depth: self.depth + 1, ..self })? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = serde_json::Map::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.insert(key, map.next_value_seed(DocumentSeed { depth: self.depth + 1, ..self })?);
        }
        Ok(entries.into())
    }
}
