//! Attributes and items: "Supported data types" and "DynamoDB item sizes and formats" of the Developer Guide.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Number;

/// Levels that lists and maps may be nested.
pub const MAX_DEPTH: usize = 32;

/// Attributes by name.
pub type Item = BTreeMap<String, Attribute>;

/// One value. It is stored under the names of its types that AWS has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are AWS's descriptors of the types")]
pub enum Attribute {
    S(String),
    N(Number),
    B(Bytes),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null,
    #[serde(rename = "SS")]
    Ss(BTreeSet<String>),
    #[serde(rename = "NS")]
    Ns(BTreeSet<Number>),
    #[serde(rename = "BS")]
    Bs(BTreeSet<Bytes>),
    L(Vec<Attribute>),
    M(BTreeMap<String, Attribute>),
}

/// What a list, a map, and each of their elements takes beside its content.
const CONTAINER: usize = 3;
const ELEMENT: usize = 1;

impl Attribute {
    /// The descriptor of its type: `S`, `N`, `BOOL`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
            Self::L(_) => "L",
            Self::M(_) => "M",
        }
    }

    /// The name of its type that messages about operands have: `STRING`, `NUMBER`, …
    pub fn long_type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "STRING",
            Self::N(_) => "NUMBER",
            Self::B(_) => "BINARY",
            Self::Bool(_) => "BOOLEAN",
            Self::Null => "NULL",
            Self::Ss(_) => "STRING_SET",
            Self::Ns(_) => "NUMBER_SET",
            Self::Bs(_) => "BINARY_SET",
            Self::L(_) => "LIST",
            Self::M(_) => "MAP",
        }
    }

    /// Whether it is a set.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Ss(_) | Self::Ns(_) | Self::Bs(_))
    }

    /// Bytes that it counts for, its name left out.
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::Ss(set) => set.iter().map(String::len).sum(),
            Self::Ns(set) => set.iter().map(Number::size).sum(),
            Self::Bs(set) => set.iter().map(Bytes::len).sum(),
            Self::L(list) => CONTAINER + list.iter().map(|element| ELEMENT + element.size()).sum::<usize>(),
            Self::M(map) => {
                CONTAINER + map.iter().map(|(name, value)| ELEMENT + name.len() + value.size()).sum::<usize>()
            }
        }
    }

    /// Whether lists and maps are nested more than `levels` in it: 0 allows none. It looks no deeper than that.
    pub fn is_deeper_than(&self, levels: usize) -> bool {
        let below = |element: &Self| levels.checked_sub(1).is_some_and(|levels| element.is_deeper_than(levels));
        match self {
            Self::L(list) => levels == 0 || list.iter().any(below),
            Self::M(map) => levels == 0 || map.values().any(below),
            _ => false,
        }
    }

    /// The order of two strings, numbers or binaries; all else has none.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::S(left), Self::S(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
            (Self::N(left), Self::N(right)) => Some(left.cmp(right)),
            (Self::B(left), Self::B(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// The bytes of a key, which compare as keys do; `None` for what cannot be one.
    pub fn key_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::S(text) => Some(text.as_bytes().to_vec()),
            Self::B(bytes) => Some(bytes.to_vec()),
            Self::N(number) => {
                let mut bytes = Vec::with_capacity(22);
                number.encode(&mut bytes);
                Some(bytes)
            }
            _ => None,
        }
    }
}

/// Bytes that an item counts for: names and values.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Attribute {
        Attribute::N(text.parse().unwrap())
    }

    #[test]
    fn sizes_are_those_of_the_guide() {
        let list = Attribute::L(vec![Attribute::S("ab".into()), Attribute::Null]);
        for (attribute, size) in [
            (Attribute::S("é".into()), 2),
            (Attribute::B(Bytes::from_static(b"abc")), 3),
            (Attribute::Null, 1),
            (Attribute::Bool(true), 1),
            (number("0"), 1),
            (number("1"), 2),
            (number("100"), 2),
            (number("-123"), 4),
            (number("-27"), 3),
            (number("1e125"), 2),
            (number("1.5"), 3),
            (number("0.0015"), 2),
            (number("1.0015"), 4),
            (number("12345678901234567890123456789012345678"), 20),
            (Attribute::L(vec![]), 3),
            (Attribute::M(BTreeMap::new()), 3),
            (list.clone(), 3 + 1 + 2 + 1 + 1),
            (Attribute::M([("k".to_string(), list)].into()), 3 + 1 + 1 + 8),
            (Attribute::Ss(["a".to_string(), "bc".to_string()].into()), 3),
        ] {
            assert_eq!(attribute.size(), size, "{attribute:?}");
        }
        assert_eq!(item_size(&[("name".to_string(), Attribute::S("x".into()))].into()), 5);
    }

    #[test]
    fn depth_counts_lists_and_maps() {
        let mut value = Attribute::Null;
        for levels in 0..40 {
            assert!(!value.is_deeper_than(levels));
            assert!(levels == 0 || value.is_deeper_than(levels - 1));
            value = Attribute::L(vec![value]);
        }
    }

    #[test]
    fn attributes_survive_storage() {
        let item: Item = [
            ("s".to_string(), Attribute::S("x".into())),
            ("n".to_string(), number("-1e-130")),
            ("b".to_string(), Attribute::B(Bytes::from_static(&[0, 255]))),
            ("z".to_string(), Attribute::Null),
            ("bs".to_string(), Attribute::Bs([Bytes::from_static(b"q")].into())),
            ("m".to_string(), Attribute::M([("l".to_string(), Attribute::L(vec![Attribute::Bool(false)]))].into())),
        ]
        .into();
        let stored = rmp_serde::to_vec(&item).unwrap();
        assert_eq!(rmp_serde::from_slice::<Item>(&stored).unwrap(), item);
    }
}
