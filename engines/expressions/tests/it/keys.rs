use kumoi_expressions::{KeyConditions, KeyPart, KeyQuery, KeySchema, KeyTest, KeyType};

use crate::values::*;

const P: KeyPart<'static> = KeyPart { name: "p", kind: KeyType::S };
const C: KeyPart<'static> = KeyPart { name: "c", kind: KeyType::N };
const PLAIN: KeySchema<'static> = KeySchema { partition: &[P], sort: &[C] };
const TEXT: KeySchema<'static> = KeySchema { partition: &[P], sort: &[KeyPart { name: "c", kind: KeyType::S }] };
const ALONE: KeySchema<'static> = KeySchema { partition: &[P], sort: &[] };
const MANY: KeySchema<'static> = KeySchema {
    partition: &[P, KeyPart { name: "h", kind: KeyType::N }],
    sort: &[C, KeyPart { name: "d", kind: KeyType::S }, KeyPart { name: "e", kind: KeyType::N }],
};

fn bind(text: &str, schema: &KeySchema<'_>) -> Result<KeyQuery, String> {
    let conditions = KeyConditions::parse(text, &mut placeholders());
    conditions.and_then(|conditions| conditions.bind(schema)).map_err(|invalid| invalid.into_message())
}

#[test]
fn ranges_of_sort_keys() {
    let partition = || vec![s("dog")];
    let range = |last| KeyQuery { partition: partition(), equal: vec![], last: Some(last) };
    for (text, expected) in [
        ("p = :str", KeyQuery { partition: partition(), equal: vec![], last: None }),
        ("((c = :one) AND (p = :str))", KeyQuery { partition: partition(), equal: vec![n("1")], last: None }),
        (":str = p AND :one < c", range(KeyTest::Greater(n("1")))),
        ("p = :str AND c <= :one", range(KeyTest::LessOrEqual(n("1")))),
        ("p = :str AnD c BeTwEeN :one aNd :two", range(KeyTest::Between(n("1"), n("2")))),
    ] {
        assert_eq!(bind(text, &PLAIN), Ok(expected), "{text}");
    }
    assert_eq!(bind("p = :str AND begins_with(c, :str)", &TEXT), Ok(range(KeyTest::BeginsWith(s("dog")))));
    assert!(bind("p = :str", &ALONE).is_ok());
    assert!(KeyTest::Between(n("1"), n("2")).holds(&n("1.5")));
    assert!(KeyTest::BeginsWith(s("do")).holds(&s("dog")));
    assert!(!KeyTest::Less(s("do")).holds(&n("1")));
}

#[test]
fn errors_have_the_words_of_aws() {
    let unsupported = "Query key condition not supported";
    let twice = "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key";
    let wrong_type = "One or more parameter values were invalid: Condition parameter type does not match schema type";
    for (text, message) in [
        ("", "Invalid KeyConditionExpression: The expression can not be empty;"),
        ("p", "Invalid KeyConditionExpression: Syntax error; token: \"<EOF>\", near: \"p\""),
        ("p < :str", unsupported),
        ("c = :one", "Query condition missed key schema element: p"),
        ("p = :str AND q < :one", "Query condition missed key schema element: c"),
        ("p = :str AND p = :str", twice),
        ("p = :str AND c >= :one AND c <= :two", twice),
        ("p = :str AND c < :one AND a < :one", "Conditions can be of length 1 or 2 only"),
        ("p = :one", wrong_type),
        ("p = :str AND c = :str", wrong_type),
        ("p = :str AND c <> :one", "Invalid operator used in KeyConditionExpression: <>"),
        ("p = :str AND c IN (:one)", "Invalid operator used in KeyConditionExpression: IN"),
        ("c = :one OR p = :str", "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT c = :one AND p = :str", "Invalid operator used in KeyConditionExpression: NOT"),
        ("p = :str AND attribute_exists(c)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
        ("p = :str AND dog(c, :one)", "Invalid KeyConditionExpression: Invalid function name; function: dog"),
        (
            "p = :str AND BEGINS_WITH(c, :str)",
            "Invalid KeyConditionExpression: Invalid function name; function: BEGINS_WITH",
        ),
        (
            "p = :str AND begins_with(c, :one)",
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "p = :str AND a.b < :one",
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            "p = :str AND size(c) < :one",
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations",
        ),
        (
            "p = :empty",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p",
        ),
        ("p = c", "Invalid condition in KeyConditionExpression: multiple attribute names used in one condition"),
        (":str = :one", "Invalid condition in KeyConditionExpression: No key attribute specified"),
    ] {
        assert_eq!(bind(text, &PLAIN), Err(message.to_string()), "{text}");
    }
    assert_eq!(bind("p = :str AND c = :one", &ALONE), Err(unsupported.to_string()));
}

#[test]
fn keys_of_several_attributes() {
    let query = bind("d = :str AND p = :str AND e > :one AND c = :two AND h = :one", &MANY).unwrap();
    let expected = KeyQuery {
        partition: vec![s("dog"), n("1")],
        equal: vec![n("2"), s("dog")],
        last: Some(KeyTest::Greater(n("1"))),
    };
    assert_eq!(query, expected);
    assert!(bind("p = :str AND h = :one", &MANY).is_ok());
    for (text, parts) in [
        ("p = :str", ["HASH", "equality"]),
        ("p = :str AND h > :one", ["HASH", "equality"]),
        ("p = :str AND h = :one AND d = :str", ["RANGE", "equality"]),
        ("p = :str AND h = :one AND c = :one AND e = :one", ["RANGE", "equality"]),
        ("p = :str AND h = :one AND c > :one AND d = :str", ["RANGE", "equality"]),
        ("p = :str AND h = :str", ["type", "schema"]),
        ("p = :str AND h = :one AND z = :one", ["z", "key"]),
    ] {
        let message = bind(text, &MANY).unwrap_err();
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
    }
}
