//! Values with numbers that are integers, and paths: as plain as can be.

use std::collections::BTreeMap;

use bytes::Bytes;
use kumoi_expressions::{Attribute, Item, Placeholders};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

/// A value. Sets are vectors in order.
#[derive(Clone, Debug, PartialEq)]
pub enum V {
    S(String),
    N(i64),
    B(Vec<u8>),
    Bool(bool),
    Null,
    Ss(Vec<String>),
    Ns(Vec<i64>),
    L(Vec<V>),
    M(BTreeMap<String, V>),
}

pub type I = BTreeMap<String, V>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seg {
    Name(String),
    At(usize),
}

pub type P = Vec<Seg>;

pub fn kind(value: &V) -> &'static str {
    match value {
        V::S(_) => "S",
        V::N(_) => "N",
        V::B(_) => "B",
        V::Bool(_) => "BOOL",
        V::Null => "NULL",
        V::Ss(_) => "SS",
        V::Ns(_) => "NS",
        V::L(_) => "L",
        V::M(_) => "M",
    }
}

pub fn find(item: &I, path: &[Seg]) -> Option<V> {
    let mut value = V::M(item.clone());
    for seg in path {
        value = match (value, seg) {
            (V::M(map), Seg::Name(name)) => map.get(name)?.clone(),
            (V::L(list), Seg::At(at)) => list.get(*at)?.clone(),
            _ => return None,
        };
    }
    Some(value)
}

pub fn attribute(value: &V) -> Attribute {
    let number = |number: &i64| number.to_string().parse().unwrap();
    match value {
        V::S(text) => Attribute::S(text.clone()),
        V::N(value) => Attribute::N(number(value)),
        V::B(bytes) => Attribute::B(Bytes::from(bytes.clone())),
        V::Bool(value) => Attribute::Bool(*value),
        V::Null => Attribute::Null,
        V::Ss(set) => Attribute::Ss(set.iter().cloned().collect()),
        V::Ns(set) => Attribute::Ns(set.iter().map(number).collect()),
        V::L(list) => Attribute::L(list.iter().map(attribute).collect()),
        V::M(map) => Attribute::M(item(map)),
    }
}

pub fn item(item: &I) -> Item {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// The text of an expression in the making, with the values that it uses.
#[derive(Default)]
pub struct Text {
    pub text: String,
    values: BTreeMap<String, Attribute>,
}

impl Text {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn value(&mut self, value: &V) {
        let key = format!(":v{}", self.values.len());
        self.push(&key);
        self.values.insert(key, attribute(value));
    }

    pub fn path(&mut self, path: &[Seg]) {
        for (at, seg) in path.iter().enumerate() {
            match seg {
                Seg::Name(name) if at == 0 => self.push(name),
                Seg::Name(name) => self.push(&format!(".{name}")),
                Seg::At(at) => self.push(&format!("[{at}]")),
            }
        }
    }

    pub fn placeholders(&self) -> Placeholders {
        let values = (!self.values.is_empty()).then(|| self.values.clone());
        Placeholders::new(None, values).unwrap()
    }
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["a", "b", "c"].prop_map(String::from)
}

pub fn values() -> impl Strategy<Value = V> {
    let leaf = prop_oneof![
        "[xy]{0,2}".prop_map(V::S),
        (-2i64..4).prop_map(V::N),
        vec(0u8..2, 0..3).prop_map(V::B),
        any::<bool>().prop_map(V::Bool),
        Just(V::Null),
        btree_set("[xy]{1,2}", 1..3).prop_map(|set| V::Ss(set.into_iter().collect())),
        btree_set(-2i64..4, 1..3).prop_map(|set| V::Ns(set.into_iter().collect())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(V::L), btree_map(names(), inner, 0..3).prop_map(V::M)]
    })
}

pub fn items() -> impl Strategy<Value = I> {
    btree_map(names(), values(), 0..4)
}

pub fn paths() -> impl Strategy<Value = P> {
    let step = prop_oneof![names().prop_map(Seg::Name), (0usize..5).prop_map(Seg::At)];
    (names(), prop_oneof![3 => Just(Vec::new()).boxed(), 2 => vec(step, 1..3).boxed()]).prop_map(|(name, steps)| {
        let mut path = vec![Seg::Name(name)];
        path.extend(steps);
        path
    })
}
