//! What a codec writes it reads back the same.

use bytes::Bytes;
use http::{HeaderMap, Method};
use kumoi_model::{Service, Struct, Timestamp, Value};
use kumoi_wire::{Body, Labels, Limits, Request, decode, encode};
use proptest::prelude::*;

use crate::malformed::service;

fn text() -> impl Strategy<Value = String> {
    // XML 1.0 cannot carry the other control characters, nor U+FFFE and U+FFFF.
    prop::string::string_regex("[\\t\\n\\r -~\u{80}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{0,12}").unwrap()
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = text().prop_map(|name| set(&["child", "name", "children"], &[("name", Value::String(name))]));
    leaf.prop_recursive(3, 8, 3, |inner| {
        (text(), prop::option::of(inner.clone()), prop::collection::vec(inner, 1..3)).prop_map(
            |(name, child, children)| {
                let mut members = vec![("name", Value::String(name)), ("children", Value::List(children))];
                members.extend(child.map(|child| ("child", child)));
                set(&["child", "name", "children"], &members)
            },
        )
    })
}

/// A structure by the names of its members. The model under test sorts them.
fn set(names: &[&str], members: &[(&str, Value)]) -> Value {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let mut out = Struct::new();
    for (name, value) in members {
        out.set(sorted.iter().position(|known| known == name).unwrap() as u16, value.clone());
    }
    Value::Struct(out)
}

fn members() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let strings = || prop::collection::vec(text().prop_map(Value::String), 1..4);
    let timestamp =
        || (-62_135_596_800_000i64..253_402_300_799_999).prop_map(|ms| Value::Timestamp(Timestamp::from_millis(ms)));
    (
        (any::<bool>(), any::<i32>(), any::<i64>(), any::<f32>(), any::<f64>(), text()),
        (prop::collection::vec(any::<u8>(), 1..20), timestamp(), timestamp(), strings()),
        (prop::collection::btree_map(text(), text(), 1..4), any::<i32>(), tree()),
    )
        .prop_filter("NaN equals nothing", |((_, _, _, float, double, _), ..)| !float.is_nan() && !double.is_nan())
        .prop_map(
            |((boolean, integer, long, float, double, string), (blob, timestamp, iso, list), (map, int, tree))| {
                vec![
                    ("boolean", Value::Bool(boolean)),
                    ("integer", Value::Int(integer.into())),
                    ("long", Value::Int(long)),
                    ("float", Value::Float(float.into())),
                    ("double", Value::Float(double)),
                    ("string", Value::String(string)),
                    ("blob", Value::Blob(Bytes::from(blob))),
                    ("timestamp", timestamp),
                    ("isoTimestamp", iso),
                    ("list", Value::List(list)),
                    ("map", Value::Map(map.into_iter().map(|(key, value)| (key, Value::String(value))).collect())),
                    ("union", set(&["int", "string"], &[("int", Value::Int(int.into()))])),
                    ("tree", tree),
                ]
            },
        )
}

fn through(service: &Service, value: &Value) -> Value {
    let protocol = service.protocols[0];
    let operation = service.operation("Body").unwrap();
    let response = encode(service, protocol, operation, value.clone(), "request-1").unwrap();
    let headers: HeaderMap = response.headers;
    let request =
        Request { method: &Method::POST, raw_path: "/body", query: "", headers: &headers, body: response.body };
    assert!(matches!(request.body, Body::Bytes(_)));
    decode(service, protocol, operation, request, &Labels::none(), &Limits::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_survive_each_codec(members in members(), kept in any::<u16>()) {
        for protocol in ["json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"] {
            let service = service(protocol);
            let structure = service.structure(service.operation("Body").unwrap().input.unwrap()).unwrap();
            let mut value = Struct::new();
            for (at, (name, member)) in members.iter().enumerate() {
                if kept & (1 << at) != 0 {
                    value.set(structure.member(name).unwrap().0, member.clone());
                }
            }
            let value = Value::Struct(value);
            let back = through(&service, &value);
            prop_assert_eq!(&back, &value, "{}", protocol);
        }
    }
}
