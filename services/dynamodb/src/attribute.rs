//! Between values of the wire and attributes: which of the union's members stands where, and what AWS checks of it.
//!
//! Follows "Supported data types" of the Developer Guide. The checks come in the order in which a value is read; the first that fails is told.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kumoi_core::Fault;
use kumoi_expressions::{Attribute, Item, MAX_DEPTH, Number};
use kumoi_model::{Struct, Value};

use crate::errors::{invalid, refuse, validation};

/// Members of the union, in the order of the model.
const S: u16 = 0;
const N: u16 = 1;
const B: u16 = 2;
const SS: u16 = 3;
const NS: u16 = 4;
const BS: u16 = 5;
const M: u16 = 6;
const L: u16 = 7;
const NULL: u16 = 8;
const BOOL: u16 = 9;

/// The longest name of an attribute, in bytes.
const MAX_NAME: usize = 65_535;

/// Reads an item, or the key of one.
pub(crate) fn item(values: &BTreeMap<String, Value>) -> Result<Item, Fault> {
    values.iter().map(|(name, value)| Ok((checked_name(name)?.to_owned(), attribute(value)?))).collect()
}

/// Reads one attribute.
pub(crate) fn attribute(value: &Value) -> Result<Attribute, Fault> {
    nested(value, MAX_DEPTH)
}

/// The name of an attribute that a request gives one.
pub(crate) fn checked_name(name: &str) -> Result<&str, Fault> {
    if name.is_empty() {
        return Err(validation("Empty attribute name"));
    }
    if name.len() > MAX_NAME {
        return Err(invalid(format!("Attribute name is too large, must be less than {} bytes", MAX_NAME + 1)));
    }
    Ok(name)
}

fn nested(value: &Value, levels: usize) -> Result<Attribute, Fault> {
    let mut members = value.as_struct().into_iter().flat_map(Struct::iter);
    let Some((member, value)) = members.next() else {
        return Err(validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ));
    };
    if members.next().is_some() {
        return Err(validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        ));
    }
    let below = || levels.checked_sub(1).filter(|levels| *levels > 0).ok_or_else(too_deep);
    Ok(match (member, value) {
        (S, Value::String(text)) => Attribute::S(text.clone()),
        (N, Value::String(text)) => Attribute::N(number(text)?),
        (B, Value::Blob(bytes)) => Attribute::B(bytes.clone()),
        (SS, Value::List(list)) => Attribute::Ss(strings(list)?),
        (NS, Value::List(list)) => Attribute::Ns(numbers(list)?),
        (BS, Value::List(list)) => Attribute::Bs(binaries(list)?),
        (M, Value::Map(entries)) => {
            let levels = below()?;
            let entry = |(name, value): &(String, Value)| Ok((checked_name(name)?.to_owned(), nested(value, levels)?));
            Attribute::M(entries.iter().map(entry).collect::<Result<_, Fault>>()?)
        }
        (L, Value::List(list)) => {
            let levels = below()?;
            Attribute::L(list.iter().map(|value| nested(value, levels)).collect::<Result<_, Fault>>()?)
        }
        (NULL, Value::Bool(true)) => Attribute::Null,
        (NULL, Value::Bool(false)) => {
            return Err(invalid("Null attribute value types must have the value of true"));
        }
        (BOOL, Value::Bool(value)) => Attribute::Bool(*value),
        _ => return Err(Fault::internal()),
    })
}

fn too_deep() -> Fault {
    validation(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    )
}

fn number(text: &str) -> Result<Number, Fault> {
    text.parse().map_err(refuse)
}

fn strings(list: &[Value]) -> Result<BTreeSet<String>, Fault> {
    if list.is_empty() {
        return Err(invalid("An string set  may not be empty"));
    }
    let set: BTreeSet<_> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if set.len() < list.len() {
        let list: Vec<_> = list.iter().filter_map(Value::as_str).collect();
        return Err(invalid(format!("Input collection [{}] contains duplicates.", list.join(", "))));
    }
    Ok(set)
}

fn numbers(list: &[Value]) -> Result<BTreeSet<Number>, Fault> {
    if list.is_empty() {
        return Err(invalid("An number set  may not be empty"));
    }
    let set: BTreeSet<_> = list.iter().filter_map(Value::as_str).map(number).collect::<Result<_, _>>()?;
    if set.len() < list.len() {
        return Err(validation("Input collection contains duplicates"));
    }
    Ok(set)
}

fn binaries(list: &[Value]) -> Result<BTreeSet<Bytes>, Fault> {
    if list.is_empty() {
        return Err(invalid("Binary sets should not be empty"));
    }
    let bytes = |value: &Value| match value {
        Value::Blob(bytes) => Some(bytes.clone()),
        _ => None,
    };
    let set: BTreeSet<_> = list.iter().filter_map(bytes).collect();
    if set.len() < list.len() {
        return Err(invalid("Input collection of type BS contains duplicates."));
    }
    Ok(set)
}

/// Writes an item.
pub(crate) fn values(item: Item) -> BTreeMap<String, Value> {
    item.into_iter().map(|(name, attribute)| (name, value(attribute))).collect()
}

/// Writes one attribute.
pub(crate) fn value(attribute: Attribute) -> Value {
    let text = |number: &Number| Value::String(number.to_string());
    let (member, value) = match attribute {
        Attribute::S(text) => (S, Value::String(text)),
        Attribute::N(number) => (N, text(&number)),
        Attribute::B(bytes) => (B, Value::Blob(bytes)),
        Attribute::Ss(set) => (SS, Value::List(set.into_iter().map(Value::String).collect())),
        Attribute::Ns(set) => (NS, Value::List(set.iter().map(text).collect())),
        Attribute::Bs(set) => (BS, Value::List(set.into_iter().map(Value::Blob).collect())),
        Attribute::M(map) => (M, Value::Map(map.into_iter().map(|(name, inner)| (name, value(inner))).collect())),
        Attribute::L(list) => (L, Value::List(list.into_iter().map(value).collect())),
        Attribute::Null => (NULL, Value::Bool(true)),
        Attribute::Bool(value) => (BOOL, Value::Bool(value)),
    };
    let mut members = Struct::with_capacity(1);
    members.set(member, value);
    Value::Struct(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn union(members: impl IntoIterator<Item = (u16, Value)>) -> Value {
        let mut union = Struct::new();
        for (member, value) in members {
            union.set(member, value);
        }
        Value::Struct(union)
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[track_caller]
    fn refused(value: Value, message: &str) {
        assert_eq!(attribute(&value).unwrap_err().message(), message);
    }

    #[test]
    fn members_are_those_of_the_model() {
        let model = kumoi_model::Catalog::get().load("dynamodb").unwrap();
        let shape = model.shapes.iter().position(|shape| shape.name == "AttributeValue").unwrap();
        let names: Vec<_> =
            model.structure(shape as u32).unwrap().members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"]);
    }

    #[test]
    fn values_come_back() {
        let inner = union([(SS, Value::List(vec![text("a"), text("b")]))]);
        for value in [
            union([(S, text(""))]),
            union([(N, text("-1.5"))]),
            union([(B, Value::Blob(Bytes::from_static(b"x")))]),
            union([(NS, Value::List(vec![text("1"), text("2")]))]),
            union([(BS, Value::List(vec![Value::Blob(Bytes::new())]))]),
            union([(M, Value::Map(vec![("k".to_owned(), inner.clone())]))]),
            union([(L, Value::List(vec![inner]))]),
            union([(NULL, Value::Bool(true))]),
            union([(BOOL, Value::Bool(false))]),
        ] {
            assert_eq!(super::value(attribute(&value).unwrap()), value);
        }
    }

    #[test]
    fn what_is_refused() {
        refused(union([]), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
        refused(
            union([(S, text("a")), (N, text("1"))]),
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        );
        refused(
            union([(SS, Value::List(vec![text("b"), text("a"), text("b")]))]),
            "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates.",
        );
        refused(union([(NS, Value::List(vec![text("1"), text("1.0")]))]), "Input collection contains duplicates");
        refused(
            union([(NULL, Value::Bool(false))]),
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        );
    }

    #[test]
    fn an_item_has_32_levels() {
        let mut value = union([(S, text(""))]);
        for _ in 0..MAX_DEPTH - 1 {
            value = union([(L, Value::List(vec![value]))]);
        }
        assert!(attribute(&value).is_ok());
        assert!(attribute(&union([(L, Value::List(vec![value]))])).is_err());
    }
}
