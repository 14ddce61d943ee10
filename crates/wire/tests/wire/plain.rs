//! Between the values of the codecs and the plain JSON in which the vectors state parameters and results.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use kumoi_model::{ByteStream, Kind, Location, Member, Service, ShapeId, Struct, Timestamp, Value};
use serde_json::{Value as Json, json};

/// All bytes of a stream that is ready at once.
pub(crate) fn collect(stream: &ByteStream) -> Bytes {
    let mut chunks = stream.take().expect("the stream is taken once");
    let mut cx = Context::from_waker(Waker::noop());
    let mut bytes = Vec::new();
    while let Poll::Ready(Some(chunk)) = Pin::new(&mut chunks).poll_next(&mut cx) {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    bytes.into()
}

fn reference(shape: ShapeId) -> Member {
    Member { shape, ..Member::default() }
}

fn float(number: f64) -> Json {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        (if number > 0.0 { "Infinity" } else { "-Infinity" }).into()
    } else {
        // To single precision, which is all that some of the vectors carry.
        json!(f64::from(number as f32))
    }
}

/// A decoded value in plain JSON: blobs as text, timestamps as epoch seconds.
pub(crate) fn from_value(service: &Service, member: &Member, value: &Value) -> Json {
    let shape = service.shape(member.shape).unwrap();
    match (value, &shape.kind) {
        (Value::Null, _) => Json::Null,
        (Value::String(text), _) if member.json_value => serde_json::from_str(text).unwrap(),
        (Value::String(text), _) => text.as_str().into(),
        (Value::Bool(flag), _) => (*flag).into(),
        (Value::Int(number), _) => (*number).into(),
        (Value::Float(number), _) => float(*number),
        (Value::Blob(bytes), _) => String::from_utf8_lossy(bytes).into(),
        (Value::Stream(stream), _) => String::from_utf8_lossy(&collect(stream)).into(),
        (Value::Timestamp(moment), _) => float(moment.millis() as f64 / 1000.0),
        (Value::Document(document), _) => document.clone(),
        (Value::List(items), Kind::List { member, .. }) => {
            items.iter().map(|item| from_value(service, member, item)).collect()
        }
        (Value::Map(entries), Kind::Map { value, .. }) => {
            entries.iter().map(|(key, item)| (key.clone(), from_value(service, value, item))).collect()
        }
        (Value::Struct(members), Kind::Structure(structure)) => members
            .iter()
            .map(|(index, value)| {
                let member = &structure.members[usize::from(index)];
                (member.name.clone(), from_value(service, member, value))
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// The same form of what a vector states, with numbers of floats unified and the keys of prefixed headers in lower case.
pub(crate) fn normalise(service: &Service, member: &Member, json: &Json) -> Json {
    let shape = service.shape(member.shape).unwrap();
    match (json, &shape.kind) {
        (Json::String(text), Kind::String) if member.json_value => serde_json::from_str(text).unwrap(),
        (Json::Number(number), Kind::Float | Kind::Double | Kind::Timestamp) => float(number.as_f64().unwrap()),
        (Json::Array(items), Kind::List { member, .. }) => {
            items.iter().map(|item| normalise(service, member, item)).collect()
        }
        (Json::Object(entries), Kind::Map { value, .. }) => entries
            .iter()
            .map(|(key, item)| {
                let key = if member.location == Location::Headers { key.to_ascii_lowercase() } else { key.clone() };
                (key, normalise(service, value, item))
            })
            .collect(),
        (Json::Object(entries), Kind::Structure(structure)) => entries
            .iter()
            .filter(|(_, item)| !item.is_null())
            .map(|(name, item)| {
                let (_, member) = structure.member(name).unwrap();
                (name.clone(), normalise(service, member, item))
            })
            .collect(),
        _ => json.clone(),
    }
}

/// The value that a vector states.
pub(crate) fn to_value(service: &Service, member: &Member, json: &Json) -> Value {
    let shape = service.shape(member.shape).unwrap();
    let named = |text: &str| match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        other => other.parse().unwrap(),
    };
    match (&shape.kind, json) {
        (Kind::Document, json) => Value::Document(json.clone()),
        (_, Json::Null) => Value::Null,
        (Kind::String, Json::String(text)) => Value::String(text.clone()),
        (Kind::String, json) if member.json_value => Value::String(json.to_string()),
        (Kind::Blob, Json::String(text)) if shape.streaming || member.streaming => {
            Value::Stream(ByteStream::from_bytes(text.clone().into()))
        }
        (Kind::Blob, Json::String(text)) => Value::Blob(text.clone().into()),
        (Kind::Boolean, Json::Bool(flag)) => Value::Bool(*flag),
        (Kind::Integer | Kind::Long, Json::Number(number)) => Value::Int(number.as_i64().unwrap()),
        (Kind::Float | Kind::Double, Json::Number(number)) => Value::Float(number.as_f64().unwrap()),
        (Kind::Float | Kind::Double, Json::String(text)) => Value::Float(named(text)),
        (Kind::Timestamp, Json::Number(number)) => {
            Value::Timestamp(Timestamp::from_millis((number.as_f64().unwrap() * 1000.0).round() as i64))
        }
        (Kind::List { member, .. }, Json::Array(items)) => {
            Value::List(items.iter().map(|item| to_value(service, member, item)).collect())
        }
        (Kind::Map { value, .. }, Json::Object(entries)) => {
            Value::Map(entries.iter().map(|(key, item)| (key.clone(), to_value(service, value, item))).collect())
        }
        (Kind::Structure(structure), Json::Object(entries)) => {
            let mut members = Struct::new();
            for (name, item) in entries {
                let (index, member) = structure.member(name).unwrap_or_else(|| panic!("no member {name}"));
                match to_value(service, member, item) {
                    Value::Null => {}
                    value => members.set(index, value),
                }
            }
            Value::Struct(members)
        }
        other => panic!("{other:?}"),
    }
}

/// [`to_value`] for the shape `id`.
pub(crate) fn shape_value(service: &Service, id: ShapeId, json: &Json) -> Value {
    to_value(service, &reference(id), json)
}

/// [`from_value`] for the shape `id`.
pub(crate) fn shape_plain(service: &Service, id: ShapeId, value: &Value) -> Json {
    from_value(service, &reference(id), value)
}

/// [`normalise`] for the shape `id`.
pub(crate) fn shape_normalised(service: &Service, id: ShapeId, json: &Json) -> Json {
    normalise(service, &reference(id), json)
}
