//! Keys, attribute definitions and indexes, and what AWS checks of them.
//!
//! Follows "Core components of Amazon DynamoDB", "Global secondary indexes" (multi-attribute keys included) and "Local secondary indexes" of the
//! Developer Guide, and its "Quotas": 5 local and 20 global indexes, 100 projected attributes in all.

use std::collections::{BTreeMap, BTreeSet};

use kumoi_core::Fault;
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{AttributeDefinition, KeySchemaElement, OnDemandThroughput, Projection};
use crate::errors::{invalid, validation};
use crate::key::KeyBytes;
use crate::table::state::State;
use crate::table::throughput::Units;
use crate::table::warm::Warm;

pub(crate) const MAX_LOCAL: usize = 5;
pub(crate) const MAX_GLOBAL: usize = 20;

/// Attributes in each half of a global index's key.
const MAX_PARTS: usize = 4;

/// Attributes that all indexes of a table together may name in `NonKeyAttributes`.
const MAX_PROJECTED: usize = 100;

/// The type of an attribute of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyType {
    S,
    N,
    B,
}

impl KeyType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

impl From<KeyType> for kumoi_expressions::KeyType {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::S => Self::S,
            KeyType::N => Self::N,
            KeyType::B => Self::B,
        }
    }
}

/// An attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    pub(crate) kind: KeyType,
}

/// The key of a table or index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeySchema {
    /// One attribute; up to four in a global index.
    pub(crate) partition: Vec<KeyAttribute>,
    /// None or one; up to four in a global index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sort: Vec<KeyAttribute>,
}

impl KeySchema {
    /// Its attributes, those of the partition key first.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        self.partition.iter().chain(&self.sort)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }

    /// As messages show it.
    pub(crate) fn shown(&self) -> String {
        let shown = |kind: &'static str| {
            move |of: &KeyAttribute| format!("SchemaElement: key{{{}:{}:{kind}}}", of.name, of.kind.name())
        };
        let partition = self.partition.iter().map(shown("HASH"));
        format!("Schema:[{}]", partition.chain(self.sort.iter().map(shown("RANGE"))).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn elements(&self) -> Vec<KeySchemaElement> {
        let of = |attribute: &KeyAttribute, kind: &str| KeySchemaElement {
            attribute_name: attribute.name.clone(),
            key_type: kind.to_owned(),
        };
        let partition = self.partition.iter().map(|attribute| of(attribute, "HASH"));
        partition.chain(self.sort.iter().map(|attribute| of(attribute, "RANGE"))).collect()
    }
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Its number within the table, from 1.
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) global: bool,
    pub(crate) key: KeySchema,
    pub(crate) projection: Projection,
    pub(crate) state: State,
    /// Global ones have their own.
    #[serde(default)]
    pub(crate) units: Units,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<OnDemandThroughput>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warm: Option<Warm>,
    /// How far the items that were there before it have come into it; `None` once all have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backfill: Option<Backfill>,
}

/// How far an index is filled. Items lie in one order, and are taken into the index in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Backfill {
    /// Hash, partition key and sort key of the last item that was looked at.
    pub(crate) after: Option<(u64, Vec<u8>, Vec<u8>)>,
}

impl Backfill {
    /// Whether the item of that key was looked at. Changes of those that were not need no entry: they will be looked at.
    pub(crate) fn covers(&self, key: &KeyBytes) -> bool {
        self.after
            .as_ref()
            .is_some_and(|(hash, partition, sort)| (key.hash, &key.partition, &key.sort) <= (*hash, partition, sort))
    }
}

impl Index {
    /// Whether it follows changes of the item of that key: always, unless it is filled and has not come so far.
    pub(crate) fn follows(&self, key: &KeyBytes) -> bool {
        self.backfill.as_ref().is_none_or(|backfill| backfill.covers(key))
    }

    /// `IndexStatus`: it is CREATING until it is filled.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match self.state {
            State::Deleting(_) => self.state.status(now),
            _ if self.is_filling() => "CREATING",
            state => state.status(now),
        }
    }

    /// Whether it is created or deleted.
    pub(crate) fn is_changing(&self, now: Timestamp) -> bool {
        matches!(self.status(now), "CREATING" | "DELETING")
    }

    /// Whether items cannot be read from it yet.
    pub(crate) fn is_filling(&self) -> bool {
        self.backfill.is_some()
    }

    pub(crate) fn projects_all(&self) -> bool {
        self.projection.projection_type.as_deref() == Some("ALL")
    }

    /// Whether it has an attribute of the table's items.
    pub(crate) fn projects(&self, table: &KeySchema, name: &str) -> bool {
        let listed = || self.projection.non_key_attributes.iter().flatten().any(|listed| listed == name);
        self.projects_all() || self.key.has(name) || table.has(name) || listed()
    }
}

/// Attribute definitions by name.
pub(crate) struct Definitions(BTreeMap<String, KeyType>);

impl Definitions {
    pub(crate) fn read(list: &[AttributeDefinition]) -> Result<Self, Fault> {
        let mut types = BTreeMap::new();
        for definition in list {
            let kind = match definition.attribute_type.as_str() {
                "N" => KeyType::N,
                "B" => KeyType::B,
                _ => KeyType::S,
            };
            if types.insert(definition.attribute_name.clone(), kind).is_some() {
                return Err(invalid(format!(
                    "Duplicate AttributeName in AttributeDefinitions: {}",
                    definition.attribute_name
                )));
            }
        }
        Ok(Self(types))
    }

    /// The key of a table, or of a local index.
    pub(crate) fn simple_key(&self, elements: &[KeySchemaElement]) -> Result<KeySchema, Fault> {
        if elements.len() > 2 {
            return Err(validation(format!(
                "1 validation error detected: Value '[{}]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
                elements.iter().map(shown).collect::<Vec<_>>().join(", "),
            )));
        }
        self.key(elements)
    }

    /// The key of a table or index.
    pub(crate) fn key(&self, elements: &[KeySchemaElement]) -> Result<KeySchema, Fault> {
        check_order(elements)?;
        let of = |kind: &str| {
            let chosen = elements.iter().filter(|element| element.key_type == kind);
            let attributes = chosen.map(|element| {
                let name = element.attribute_name.clone();
                self.0.get(&name).map(|kind| KeyAttribute { name, kind: *kind })
            });
            attributes.collect::<Option<Vec<_>>>()
        };
        let (Some(partition), Some(sort)) = (of("HASH"), of("RANGE")) else {
            let names: Vec<_> = elements.iter().map(|element| element.attribute_name.as_str()).collect();
            return Err(invalid(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
                names.join(", "),
                self.names().join(", "),
            )));
        };
        Ok(KeySchema { partition, sort })
    }

    /// All definitions must be of some key.
    pub(crate) fn check_used<'a>(&self, keys: impl Iterator<Item = &'a KeySchema>) -> Result<(), Fault> {
        let used: BTreeSet<_> = keys.flat_map(KeySchema::attributes).map(|attribute| attribute.name.as_str()).collect();
        if self.0.keys().all(|name| used.contains(name.as_str())) {
            return Ok(());
        }
        Err(invalid(format!(
            "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
            self.names().join(", "),
            used.into_iter().collect::<Vec<_>>().join(", "),
        )))
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

fn shown(element: &KeySchemaElement) -> String {
    format!("KeySchemaElement(attributeName={}, keyType={})", element.attribute_name, element.key_type)
}

/// Attributes of the partition key come first, then those of the sort key, and none twice.
fn check_order(elements: &[KeySchemaElement]) -> Result<(), Fault> {
    let is = |element: &KeySchemaElement, kind: &str| element.key_type == kind;
    if !elements.first().is_some_and(|first| is(first, "HASH")) {
        return Err(validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    let mut names = BTreeSet::new();
    if !elements.iter().all(|element| names.insert(element.attribute_name.as_str())) {
        return Err(validation("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
    }
    let sorted = elements.iter().skip_while(|element| is(element, "HASH")).all(|element| is(element, "RANGE"));
    if !sorted {
        return Err(validation(
            "Invalid KeySchema: All HASH key attributes must precede RANGE key attributes in the KeySchema",
        ));
    }
    Ok(())
}

/// A table and a local index have at most one attribute in each half of the key.
pub(crate) fn check_single(key: &KeySchema) -> Result<(), Fault> {
    if key.partition.len() > 1 {
        return Err(validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
    }
    Ok(())
}

/// A global index has at most four.
pub(crate) fn check_parts(key: &KeySchema) -> Result<(), Fault> {
    for (half, parts) in [("HASH", key.partition.len()), ("RANGE", key.sort.len())] {
        if parts > MAX_PARTS {
            return Err(validation(format!(
                "Invalid KeySchema: The KeySchema exceeds the maximum allowed number of {half} key attributes"
            )));
        }
    }
    Ok(())
}

/// The key of a local index begins as the table's, and has a sort key.
pub(crate) fn check_local(table: &KeySchema, key: &KeySchema, index: &str) -> Result<(), Fault> {
    if table.sort.is_empty() {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    check_single(key)?;
    if key.sort.is_empty() {
        return Err(invalid(format!("Index KeySchema does not have a range key for index: {index}")));
    }
    let (Some(own), Some(tables)) = (key.partition.first(), table.partition.first()) else { return Ok(()) };
    if own != tables {
        return Err(invalid(format!(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: {index}. index hash key: {}, table hash key: {}",
            own.name, tables.name,
        )));
    }
    Ok(())
}

/// What an index copies.
pub(crate) fn check_projection(projection: &Projection) -> Result<(), Fault> {
    let listed = projection.non_key_attributes.as_ref();
    match (projection.projection_type.as_deref(), listed) {
        (None, _) => Err(invalid("Unknown ProjectionType: null")),
        (Some("INCLUDE"), None) => Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")),
        (Some("INCLUDE"), Some(listed)) => {
            let mut seen = BTreeSet::new();
            match listed.iter().find(|name| !seen.insert(name.as_str())) {
                Some(twice) => Err(invalid(format!("Duplicate NonKeyAttributes: {twice}"))),
                None => Ok(()),
            }
        }
        (Some(kind), Some(_)) => Err(invalid(format!("ProjectionType is {kind}, but NonKeyAttributes is specified"))),
        (Some(_), None) => Ok(()),
    }
}

/// No two indexes of a table have one name, and together they name at most 100 attributes.
pub(crate) fn check_together<'a>(indexes: impl Iterator<Item = (&'a str, &'a Projection)>) -> Result<(), Fault> {
    let (mut names, mut projected) = (BTreeSet::new(), 0);
    for (name, projection) in indexes {
        if !names.insert(name) {
            return Err(invalid(format!("Duplicate index name: {name}")));
        }
        projected += projection.non_key_attributes.as_ref().map_or(0, Vec::len);
    }
    if projected > MAX_PROJECTED {
        return Err(invalid(format!(
            "Total number of NonKeyAttributes over all indexes exceeds the limit of {MAX_PROJECTED}"
        )));
    }
    Ok(())
}
