use super::*;
use crate::{Member, Struct, Structure};

/// A service with the shapes of the test, of which the first is the input.
fn service(shapes: Vec<Shape>) -> Service {
    Service {
        id: "test".to_owned(),
        service_id: "Test".to_owned(),
        full_name: "Test".to_owned(),
        api_version: "2020-01-01".to_owned(),
        endpoint_prefix: "test".to_owned(),
        signing_name: "test".to_owned(),
        target_prefix: None,
        json_version: None,
        protocols: Vec::new(),
        xml_namespace: None,
        query_compatible: false,
        operations: Vec::new(),
        shapes,
        by_name: std::collections::HashMap::new(),
    }
}

fn shape(name: &str, kind: Kind) -> Shape {
    Shape {
        name: name.to_owned(),
        kind,
        min: None,
        max: None,
        pattern: None,
        enumeration: Vec::new(),
        timestamp_format: None,
        sparse: false,
        streaming: false,
        requires_length: false,
        sensitive: false,
        location_name: None,
        xml_namespace: None,
    }
}

fn member(name: &str, shape: ShapeId) -> Member {
    Member { name: name.to_owned(), shape, ..Member::default() }
}

fn structure(name: &str, members: Vec<Member>) -> Shape {
    shape(name, Kind::Structure(Structure { members, ..Structure::default() }))
}

fn list(name: &str, of: ShapeId) -> Shape {
    shape(name, Kind::List { member: member("member", of), flattened: false })
}

fn map(name: &str, key: ShapeId, value: ShapeId) -> Shape {
    shape(name, Kind::Map { key: member("key", key), value: member("value", value), flattened: false })
}

fn set(members: impl IntoIterator<Item = (u16, Value)>) -> Value {
    let mut value = Struct::new();
    for (index, member) in members {
        value.set(index, member);
    }
    Value::Struct(value)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// What AWS would say of `value` as the only member, `Thing`, of an input.
fn told(inner: Vec<Shape>, value: Value) -> String {
    let mut shapes = vec![structure("Input", vec![member("Thing", 1)])];
    shapes.extend(inner);
    match validate(&service(shapes), 0, &set([(0, value)])) {
        Ok(()) => String::new(),
        Err(violations) => message(&violations),
    }
}

/// The constraint alone, of the only violation.
fn constraint(inner: Vec<Shape>, value: Value) -> String {
    let told = told(inner, value);
    told.split_once("constraint: ").map_or(told.clone(), |(_, constraint)| constraint.to_owned())
}

#[test]
fn several_violations_are_counted_and_joined() {
    let required = |name: &str, shape| Member { required: true, ..member(name, shape) };
    let shapes = vec![
        structure("Input", vec![required("RoleArn", 1), member("DurationSeconds", 2)]),
        shape("Arn", Kind::String),
        Shape { min: Some(900.0), max: Some(43200.0), ..shape("Seconds", Kind::Integer) },
    ];
    let violations = validate(&service(shapes), 0, &set([(1, Value::Int(5))])).unwrap_err();
    assert_eq!(
        message(&violations),
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; \
         Value '5' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
    );
}

#[test]
fn what_is_valid_passes() {
    let bounded = Shape { min: Some(1.0), max: Some(3.0), ..shape("Text", Kind::String) };
    assert_eq!(told(vec![bounded.clone()], text("abc")), "");
    // Characters count, not bytes.
    assert_eq!(told(vec![bounded], text("雲居雲")), "");
    let token = Member { required: true, idempotency_token: true, ..member("Token", 1) };
    let shapes = vec![structure("Input", vec![token]), shape("Text", Kind::String)];
    assert_eq!(validate(&service(shapes), 0, &set([])), Ok(()));
}

#[test]
fn each_constraint_has_its_words() {
    let string = || shape("Text", Kind::String);
    let table = [
        (vec![Shape { min: Some(2.0), ..string() }], text("x"), "Member must have length greater than or equal to 2"),
        (vec![Shape { max: Some(2.0), ..string() }], text("xyz"), "Member must have length less than or equal to 2"),
        (
            vec![Shape { pattern: Some("[a-z]+".to_owned()), ..string() }],
            text("A b"),
            "Member must satisfy regular expression pattern: [a-z]+",
        ),
        (
            vec![Shape { enumeration: vec!["A".to_owned(), "B".to_owned()], ..string() }],
            text("C"),
            "Member must satisfy enum value set: [A, B]",
        ),
        (
            vec![Shape { max: Some(10.0), ..shape("Count", Kind::Integer) }],
            Value::Int(11),
            "Member must have value less than or equal to 10",
        ),
        (
            vec![Shape { max: Some(1.0), ..shape("Weight", Kind::Double) }],
            Value::Float(1.5),
            "Member must have value less than or equal to 1.0",
        ),
        (
            vec![Shape { min: Some(1.0), ..list("List", 2) }, string()],
            Value::List(Vec::new()),
            "Member must have length greater than or equal to 1",
        ),
        (
            vec![list("List", 2), Shape { min: Some(1.0), max: Some(3.0), ..string() }],
            Value::List(vec![text("ok"), text("too long")]),
            "Member must satisfy constraint: [Member must have length less than or equal to 3, Member must have length greater \
             than or equal to 1, Member must not be null]",
        ),
        (
            vec![map("Map", 2, 3), Shape { max: Some(2.0), ..string() }, string()],
            Value::Map(vec![("long".to_owned(), text("x"))]),
            "Map keys must satisfy constraint: [Member must have length less than or equal to 2, Member must not be null]",
        ),
        (
            vec![map("Map", 2, 3), string(), Shape { min: Some(0.0), max: Some(1.0), ..shape("Weight", Kind::Double) }],
            Value::Map(vec![("a".to_owned(), Value::Float(2.0))]),
            "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value \
             greater than or equal to 0.0, Member must not be null]",
        ),
    ];
    for (shapes, value, words) in table {
        assert_eq!(constraint(shapes, value), words);
    }
}

#[test]
fn paths_name_elements_and_entries() {
    let required = Member { required: true, ..member("Key", 3) };
    let shapes = vec![list("Tags", 2), structure("Tag", vec![required.clone()]), shape("Text", Kind::String)];
    assert_eq!(
        told(shapes, Value::List(vec![set([(0, text("k"))]), set([])])),
        "1 validation error detected: Value null at 'thing.2.member.key' failed to satisfy constraint: Member must not be null"
    );
    let shapes = vec![map("Expected", 3, 2), structure("Condition", vec![required]), shape("Text", Kind::String)];
    assert_eq!(
        told(shapes, Value::Map(vec![("color".to_owned(), set([]))])),
        "1 validation error detected: Value null at 'thing.color.member.key' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn sensitive_values_are_not_repeated() {
    let secret = || Shape { sensitive: true, min: Some(8.0), ..shape("Password", Kind::String) };
    assert_eq!(
        told(vec![secret()], text("hush")),
        "1 validation error detected: Value at 'thing' failed to satisfy constraint: Member must have length greater than or equal to 8"
    );
    let told = told(vec![list("Passwords", 2), secret()], Value::List(vec![text("hush")]));
    assert!(told.contains("Value at 'thing'") && !told.contains("hush"), "{told}");
}

#[test]
fn values_are_printed_as_java_prints_them() {
    let shapes = vec![
        Shape { max: Some(0.0), ..list("Tags", 2) },
        structure("Tag", vec![member("Key", 3), member("Data", 4)]),
        shape("Text", Kind::String),
        shape("Blob", Kind::Blob),
    ];
    let tag = set([(0, text("k")), (1, Value::Blob(bytes::Bytes::from_static(b"abc")))]);
    let told = told(shapes, Value::List(vec![tag]));
    assert!(
        told.contains("Value '[Tag(key=k, data=java.nio.HeapByteBuffer[pos=0 lim=3 cap=3])]' at 'thing'"),
        "{told}"
    );
}

#[test]
fn a_message_is_bounded() {
    let short = || Shape { max: Some(1.0), ..shape("Text", Kind::String) };
    assert!(told(vec![short()], text(&"é".repeat(1 << 20))).len() < 20_000);
    let shapes = vec![list("Tags", 2), structure("Tag", vec![member("Key", 3)]), short()];
    let many = told(shapes, Value::List(vec![set([(0, text("xx"))]); 5000]));
    assert!(many.starts_with("100 validation errors detected: "), "{many:.80}");
}

#[test]
fn recursive_values_are_looked_into_to_a_bound() {
    // A structure that holds itself.
    let shapes = vec![
        structure("Input", vec![member("Inner", 0), Member { required: true, ..member("Text", 1) }]),
        shape("Text", Kind::String),
    ];
    let mut value = set([]);
    for _ in 0..50_000 {
        value = set([(0, value), (1, text("x"))]);
    }
    assert_eq!(validate(&service(shapes), 0, &value), Ok(()));
    // Dropping a value nested that deep recurses; codecs never build one.
    std::mem::forget(value);
}

#[test]
fn models_of_aws_give_the_messages_of_aws() {
    let check = |id: &str, operation: &str, input: &[(&str, Value)]| {
        let service = crate::Catalog::get().load(id).unwrap();
        let shape = service.operation(operation).unwrap().input.unwrap();
        let structure = service.structure(shape).unwrap();
        let value = set(input.iter().map(|(name, value)| (structure.member(name).unwrap().0, value.clone())));
        validate(service, shape, &value).map_err(|violations| message(&violations))
    };
    let arn = text("arn:aws:iam::000000000000:role/test");
    assert_eq!(check("sts", "AssumeRole", &[("RoleArn", arn.clone()), ("RoleSessionName", text("session"))]), Ok(()));
    assert_eq!(
        check("sts", "AssumeRole", &[("RoleArn", arn), ("RoleSessionName", text("a b"))]),
        Err("1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w+=,.@-]*"
            .to_owned())
    );
    assert_eq!(
        check("dynamodb", "BatchWriteItem", &[("RequestItems", Value::Map(Vec::new()))]),
        Err("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length \
             greater than or equal to 1"
            .to_owned())
    );
}
