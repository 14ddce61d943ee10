//! JSON that keeps the order of its members, as the published documents have it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value whose objects remember their order, which `serde_json::Value` does not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(super) fn entries(&self) -> &[(String, Node)] {
        match self {
            Node::Object(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match self {
            Node::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string at `key`.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str)
    }

    /// The number at `key`, which a few models spell as a string.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Node::Number(number) => Some(*number),
            Node::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether `key` is `true`, or a string that says so.
    pub(super) fn flag(&self, key: &str) -> bool {
        match self.get(key) {
            Some(Node::Bool(flag)) => *flag,
            Some(Node::String(text)) => text == "true",
            _ => false,
        }
    }

    /// A trait that is either `true` or an object with details.
    pub(super) fn present(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Node::Bool(true) | Node::Object(_)))
    }

    /// One string, or an array of them.
    pub(super) fn strings(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some(Node::String(text)) => vec![text.clone()],
            Some(Node::Array(items)) => items.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// Merges `other` into this object, the way botocore applies its `sdk-extras` documents: objects member by member, all
    /// else replaced.
    pub(super) fn merge(&mut self, other: &Node) {
        let (Node::Object(mine), Node::Object(theirs)) = (&mut *self, other) else {
            *self = other.clone();
            return;
        };
        for (key, theirs) in theirs {
            match mine.iter_mut().find(|(name, _)| name == key) {
                Some((_, node)) => node.merge(theirs),
                None => mine.push((key.clone(), theirs.clone())),
            }
        }
    }
}

impl From<&serde_json::Value> for Node {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Node::Null,
            Value::Bool(flag) => Node::Bool(*flag),
            Value::Number(number) => Node::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Node::String(text.clone()),
            Value::Array(items) => Node::Array(items.iter().map(Node::from).collect()),
            Value::Object(entries) => {
                Node::Object(entries.iter().map(|(key, value)| (key.clone(), Node::from(value))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Object(entries))
    }
}
