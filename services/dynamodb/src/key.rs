//! The key of an item: found in the item or given by a request, checked against the schema, and turned into the bytes under which it is stored.
//!
//! Follows "Quotas in Amazon DynamoDB": a partition key has 1 to 2048 bytes, a sort key 1 to 1024.

use kumoi_core::Fault;
use kumoi_expressions::{Attribute, Item};
use twox_hash::XxHash3_64;

use crate::errors::{invalid, validation};
use crate::table::{Index, KeyAttribute, KeySchema, TableRecord};
use crate::tables::{EntryRow, ItemRow};

const MAX_PARTITION: usize = 2048;
const MAX_SORT: usize = 1024;

/// The key of an item in a table or index, in bytes. See [`crate::tables`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyBytes {
    pub(crate) hash: u64,
    pub(crate) partition: Vec<u8>,
    pub(crate) sort: Vec<u8>,
}

impl KeyBytes {
    fn new(partition: Vec<u8>, sort: Vec<u8>) -> Self {
        Self { hash: hash(&partition), partition, sort }
    }

    /// The key that an item has by a schema; `None` when it lacks an attribute of it.
    pub(crate) fn of(schema: &KeySchema, item: &Item) -> Option<Self> {
        Some(Self::new(half(&schema.partition, item)?, half(&schema.sort, item)?))
    }

    /// Where an item of that key lies.
    pub(crate) fn row(self, table: u64) -> ItemRow {
        (table, self.hash, self.partition, self.sort)
    }

    /// Where an index has its entry of that key, of the item of key `of`.
    pub(crate) fn entry(self, table: u64, index: u64, of: Self) -> EntryRow {
        ((table, index, self.hash), self.partition, self.sort, (of.hash, of.partition, of.sort))
    }
}

/// The place of a partition among all.
pub(crate) fn hash(partition: &[u8]) -> u64 {
    XxHash3_64::oneshot(partition)
}

/// The bytes of half a key. All attributes but the last are ended, so that what follows does not mix with them.
fn half(attributes: &[KeyAttribute], item: &Item) -> Option<Vec<u8>> {
    let values = attributes.iter().map(|attribute| item.get(&attribute.name)?.key_bytes());
    Some(joined(values.collect::<Option<_>>()?))
}

/// The bytes of half a key from those of its attributes.
pub(crate) fn joined(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    let Some(last) = parts.pop() else { return Vec::new() };
    if parts.is_empty() {
        return last;
    }
    [joined_start(&parts), last].concat()
}

/// The bytes with which half a key begins when more attributes follow these.
pub(crate) fn joined_start(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.append(&mut escaped(part));
        bytes.push(0);
    }
    bytes
}

/// An attribute in a key where others follow it: each zero is marked, so that one that is not ends it.
pub(crate) fn escaped(part: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(part.len() + 1);
    for byte in part {
        bytes.push(*byte);
        if *byte == 0 {
            bytes.push(u8::MAX);
        }
    }
    bytes
}

/// The key of an item that is to be put.
pub(crate) fn of_item(schema: &KeySchema, item: &Item) -> Result<KeyBytes, Fault> {
    for attribute in schema.attributes() {
        let Some(value) = item.get(&attribute.name) else {
            return Err(invalid(format!("Missing the key {} in the item", attribute.name)));
        };
        if value.type_name() != attribute.kind.name() {
            return Err(invalid(format!(
                "Type mismatch for key {} expected: {} actual: {}",
                attribute.name,
                attribute.kind.name(),
                value.type_name(),
            )));
        }
    }
    checked(schema, item)
}

/// The key that a request gives to find an item: the attributes of the schema and no other.
pub(crate) fn of_request(schema: &KeySchema, key: &Item) -> Result<KeyBytes, Fault> {
    if !fits(schema.attributes(), key) {
        return Err(validation("The provided key element does not match the schema"));
    }
    checked(schema, key)
}

/// Whether a key has these attributes, of these types, and no other.
pub(crate) fn fits<'a>(attributes: impl Iterator<Item = &'a KeyAttribute>, key: &Item) -> bool {
    let mut wanted = 0;
    for attribute in attributes {
        wanted += 1;
        if key.get(&attribute.name).is_none_or(|value| value.type_name() != attribute.kind.name()) {
            return false;
        }
    }
    wanted == key.len()
}

/// The key of an item that has all attributes of it, if none is empty or too long.
fn checked(schema: &KeySchema, item: &Item) -> Result<KeyBytes, Fault> {
    check_key_given(schema, item)?;
    check_lengths(schema, item)?;
    // INVARIANT(complete): the callers have seen that nothing is missing.
    KeyBytes::of(schema, item).ok_or_else(Fault::internal)
}

/// Of the attributes of a key that an item has, none may be empty.
fn check_key_given(schema: &KeySchema, item: &Item) -> Result<(), Fault> {
    for attribute in schema.attributes() {
        if let Some(kind) = item.get(&attribute.name).and_then(empty) {
            return Err(validation(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {}",
                attribute.name,
            )));
        }
    }
    Ok(())
}

/// Neither the key of an item nor what it has of the keys of indexes may be empty. All else about them is left to other checks.
pub(crate) fn check_not_empty(table: &TableRecord, item: &Item) -> Result<(), Fault> {
    check_key_given(&table.key, item)?;
    for index in &table.indexes {
        for attribute in index.key.attributes() {
            check_index_key_given(index, attribute, item.get(&attribute.name))?;
        }
    }
    Ok(())
}

/// What an empty value is a value of.
fn empty(value: &Attribute) -> Option<&'static str> {
    match value {
        Attribute::S(text) if text.is_empty() => Some("string"),
        Attribute::B(bytes) if bytes.is_empty() => Some("binary"),
        _ => None,
    }
}

fn check_lengths(schema: &KeySchema, item: &Item) -> Result<(), Fault> {
    let length = |attributes: &[KeyAttribute]| -> usize {
        attributes.iter().filter_map(|attribute| item.get(&attribute.name)).map(Attribute::size).sum()
    };
    if length(&schema.partition) > MAX_PARTITION {
        return Err(invalid(format!("Size of hashkey has exceeded the maximum size limit of{MAX_PARTITION} bytes")));
    }
    if length(&schema.sort) > MAX_SORT {
        return Err(invalid(format!(
            "Aggregated size of all range keys has exceeded the size limit of {MAX_SORT} bytes"
        )));
    }
    Ok(())
}

/// What an item has of the keys of indexes must be of their types, and neither empty nor too long; it may be absent.
pub(crate) fn check_indexes(table: &TableRecord, item: &Item) -> Result<(), Fault> {
    table.indexes.iter().try_for_each(|index| check_index(index, item))
}

/// The key under which an index has an item; `None` when it lacks an attribute of it. An item from before the index may have attributes that no key can
/// have, of another type for one, and then the index does without it.
pub(crate) fn of_index(index: &Index, item: &Item) -> Option<KeyBytes> {
    check_index(index, item).ok()?;
    KeyBytes::of(&index.key, item)
}

fn check_index(index: &Index, item: &Item) -> Result<(), Fault> {
    for attribute in index.key.attributes() {
        let Some(value) = item.get(&attribute.name) else { continue };
        if value.type_name() != attribute.kind.name() {
            return Err(invalid(format!(
                "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
                attribute.name,
                attribute.kind.name(),
                value.type_name(),
                index.name,
            )));
        }
        check_index_key_given(index, attribute, Some(value))?;
    }
    check_lengths(&index.key, item)
}

fn check_index_key_given(index: &Index, attribute: &KeyAttribute, value: Option<&Attribute>) -> Result<(), Fault> {
    match value.and_then(empty) {
        None => Ok(()),
        Some(kind) => Err(validation(format!(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. \
             The AttributeValue for a key attribute cannot contain an empty {kind} value. IndexName: {}, IndexKey: {}",
            index.name, attribute.name,
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::KeyType;

    fn schema(sort: bool) -> KeySchema {
        let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
        KeySchema {
            partition: vec![attribute("p", KeyType::S)],
            sort: if sort { vec![attribute("c", KeyType::N)] } else { vec![] },
        }
    }

    fn item(values: &[(&str, Attribute)]) -> Item {
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn text(text: &str) -> Attribute {
        Attribute::S(text.to_owned())
    }

    #[test]
    fn the_words_for_keys_that_do_not_fit() {
        let message = |item: &Item| of_item(&schema(true), item).unwrap_err().message().to_owned();
        let one = Attribute::N("1".parse().unwrap());
        assert_eq!(
            message(&item(&[("c", one.clone())])),
            "One or more parameter values were invalid: Missing the key p in the item"
        );
        assert_eq!(
            message(&item(&[("p", one.clone()), ("c", one.clone())])),
            "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"
        );
        assert!(message(&item(&[("p", text("")), ("c", one.clone())])).ends_with("empty string value. Key: p"));
        let found = |item: &Item| of_request(&schema(false), item).is_ok();
        assert!(found(&item(&[("p", text("x"))])));
        assert!(!found(&item(&[("p", text("x")), ("c", one.clone())])));
        assert!(!found(&item(&[("p", one)])));
    }

    #[test]
    fn keys_have_lengths() {
        let found = |length: usize| of_request(&schema(false), &item(&[("p", text(&"x".repeat(length)))])).is_ok();
        assert!(found(MAX_PARTITION) && !found(MAX_PARTITION + 1));
    }

    #[test]
    fn several_attributes_compare_one_by_one() {
        let key = |parts: &[&str]| joined(parts.iter().map(|part| part.as_bytes().to_vec()).collect());
        let keys = [key(&["a", ""]), key(&["a", "z"]), key(&["a\0", "a"]), key(&["a\u{1}", ""]), key(&["ab", "a"])];
        assert!(keys.is_sorted());
        assert_eq!(key(&["a\0"]), b"a\0");
        assert!(key(&["a", "bc"]).starts_with(&key(&["a", "b"])));
    }
}
