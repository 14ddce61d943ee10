//! Items as text: DynamoDB JSON, in which each value is told with its type, and Amazon Ion.
//!
//! Follows "DynamoDB table export output format" and "Amazon S3 import formats for DynamoDB" of the Developer Guide. Items are nested no deeper than
//! [`kumoi_expressions::MAX_DEPTH`], and serde_json reads no deeper than 128 levels: so the recursion here is bounded.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kumoi_expressions::{Attribute, Item};
use kumoi_model::{Struct, Value};
use serde_json::{Map, Value as Json, json};

use crate::attribute;

/// An item in DynamoDB JSON.
pub(crate) fn item(item: &Item) -> Json {
    Json::Object(item.iter().map(|(name, value)| (name.clone(), value_of(value))).collect())
}

fn value_of(attribute: &Attribute) -> Json {
    let encoded = |bytes: &Bytes| STANDARD.encode(bytes);
    match attribute {
        Attribute::S(text) => json!({ "S": text }),
        Attribute::N(number) => json!({ "N": number.to_string() }),
        Attribute::B(bytes) => json!({ "B": encoded(bytes) }),
        Attribute::Bool(value) => json!({ "BOOL": value }),
        Attribute::Null => json!({ "NULL": true }),
        Attribute::Ss(set) => json!({ "SS": set }),
        Attribute::Ns(set) => json!({ "NS": set.iter().map(ToString::to_string).collect::<Vec<_>>() }),
        Attribute::Bs(set) => json!({ "BS": set.iter().map(encoded).collect::<Vec<_>>() }),
        Attribute::L(list) => json!({ "L": list.iter().map(value_of).collect::<Vec<_>>() }),
        Attribute::M(map) => json!({ "M": item(map) }),
    }
}

/// The item in a line of DynamoDB JSON; `None` when there is none.
pub(crate) fn read_line(line: &[u8]) -> Option<Item> {
    let Json::Object(mut line) = serde_json::from_slice(line).ok()? else { return None };
    let Some(Json::Object(item)) = line.remove("Item") else { return None };
    let values = item.into_iter().map(|(name, value)| Some((name, read(value)?)));
    attribute::item(&values.collect::<Option<_>>()?).ok()
}

/// A value of the wire, from its JSON.
fn read(json: Json) -> Option<Value> {
    let Json::Object(members) = json else { return None };
    let mut union = Struct::new();
    for (name, value) in members {
        let (member, value) = match (name.as_str(), value) {
            ("S", Json::String(text)) => (attribute::S, Value::String(text)),
            ("N", Json::String(text)) => (attribute::N, Value::String(text)),
            ("B", value) => (attribute::B, blob(&value)?),
            ("SS", Json::Array(list)) => (attribute::SS, texts(list)?),
            ("NS", Json::Array(list)) => (attribute::NS, texts(list)?),
            ("BS", Json::Array(list)) => (attribute::BS, Value::List(list.iter().map(blob).collect::<Option<_>>()?)),
            ("M", Json::Object(map)) => (attribute::M, Value::Map(entries(map)?)),
            ("L", Json::Array(list)) => (attribute::L, Value::List(list.into_iter().map(read).collect::<Option<_>>()?)),
            ("NULL", Json::Bool(value)) => (attribute::NULL, Value::Bool(value)),
            ("BOOL", Json::Bool(value)) => (attribute::BOOL, Value::Bool(value)),
            _ => return None,
        };
        union.set(member, value);
    }
    Some(Value::Struct(union))
}

fn entries(map: Map<String, Json>) -> Option<Vec<(String, Value)>> {
    map.into_iter().map(|(name, value)| Some((name, read(value)?))).collect()
}

fn blob(json: &Json) -> Option<Value> {
    Some(Value::Blob(STANDARD.decode(json.as_str()?).ok()?.into()))
}

fn texts(list: Vec<Json>) -> Option<Value> {
    let text = |json| match json {
        Json::String(text) => Some(Value::String(text)),
        _ => None,
    };
    Some(Value::List(list.into_iter().map(text).collect::<Option<_>>()?))
}

/// An item in Ion's text format.
pub(crate) fn ion(item: &Item) -> String {
    let mut text = String::new();
    put_struct(&mut text, item);
    text
}

fn put_struct(text: &mut String, fields: &Item) {
    text.push('{');
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        put_name(text, name);
        text.push(':');
        put_ion(text, value);
    }
    text.push('}');
}

/// A field's name: an identifier as it is, any other in quotes.
fn put_name(text: &mut String, name: &str) {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let plain = name.bytes().next().is_some_and(letter)
        && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
        && !["null", "true", "false", "nan"].contains(&name);
    if plain {
        text.push_str(name);
        return;
    }
    let quoted = Json::from(name).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    // Writing to a string does not fail.
    let _ = write!(text, "'{}'", inner.replace('\'', "\\'"));
}

fn put_ion(text: &mut String, attribute: &Attribute) {
    match attribute {
        Attribute::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Attribute::Null => text.push_str("null"),
        Attribute::Ss(set) => put_set(text, "SS", set.iter().cloned().map(Attribute::S)),
        Attribute::Ns(set) => put_set(text, "NS", set.iter().cloned().map(Attribute::N)),
        Attribute::Bs(set) => put_set(text, "BS", set.iter().cloned().map(Attribute::B)),
        Attribute::L(list) => put_list(text, list.iter()),
        Attribute::M(map) => put_struct(text, map),
        Attribute::S(_) | Attribute::N(_) | Attribute::B(_) => put_scalar(text, attribute),
    }
}

fn put_scalar(text: &mut String, scalar: &Attribute) {
    match scalar {
        Attribute::S(value) => text.push_str(&Json::from(value.as_str()).to_string()),
        Attribute::N(number) => {
            let number = number.to_string();
            text.push_str(&number);
            // A decimal, and not an integer.
            if !number.contains('.') {
                text.push('.');
            }
        }
        Attribute::B(bytes) => {
            let _ = write!(text, "{{{{{}}}}}", STANDARD.encode(bytes));
        }
        _ => {}
    }
}

fn put_set(text: &mut String, kind: &str, members: impl Iterator<Item = Attribute>) {
    let _ = write!(text, "$dynamodb_{kind}::[");
    for (at, member) in members.enumerate() {
        if at > 0 {
            text.push(',');
        }
        put_scalar(text, &member);
    }
    text.push(']');
}

fn put_list<'a>(text: &mut String, list: impl Iterator<Item = &'a Attribute>) {
    text.push('[');
    for (at, member) in list.enumerate() {
        if at > 0 {
            text.push(',');
        }
        put_ion(text, member);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"Item":{"b":{"B":"AQI="},"l":{"L":[{"NULL":true},{"BOOL":false}]},"m":{"M":{"a b":{"S":"x\"'"}}},"n":{"N":"1.50"},"ns":{"NS":["3","20"]},"s":{"S":"é"}}}"#;

    #[test]
    fn values_in_json() {
        let list =
            Attribute::L(vec![Attribute::Null, Attribute::B(vec![0, 1].into()), Attribute::N("1.50".parse().unwrap())]);
        let told = item(&Item::from([("l".to_owned(), list)]));
        assert_eq!(told.to_string(), r#"{"l":{"L":[{"NULL":true},{"B":"AAE="},{"N":"1.5"}]}}"#);
    }

    #[test]
    fn lines_are_read_and_written() {
        let read = read_line(LINE.as_bytes()).unwrap();
        let written = json!({ "Item": item(&read) }).to_string();
        assert_eq!(written, LINE.replace("1.50", "1.5"));
        assert_eq!(ion(&read), r#"{b:{{AQI=}},l:[null,false],m:{'a b':"x\"'"},n:1.5,ns:$dynamodb_NS::[3.,20.],s:"é"}"#);
    }

    #[test]
    fn what_is_no_item() {
        let deep = [r#"{"Item":{"a":"#, &r#"{"L":["#.repeat(40), &"]}".repeat(40), "}}"].concat();
        for line in ["", "{}", r#"{"Item":1}"#, r#"{"Item":{"a":{"N":"x"}}}"#, r#"{"Item":{"a":{"X":"x"}}}"#, &deep] {
            assert_eq!(read_line(line.as_bytes()), None, "{line}");
        }
    }
}
