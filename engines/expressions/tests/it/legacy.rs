use kumoi_expressions::{
    Attribute, AttributeUpdate, ComparisonOperator, Condition, Expected, Item, KeyPart, KeySchema, KeyTest, KeyType,
    LegacyCondition, UpdateAction, expected, filter, key_conditions, updates,
};

use crate::values::*;

fn condition(operator: &str, values: &[Attribute]) -> Result<Condition, String> {
    let operator = ComparisonOperator::named(operator).unwrap();
    let condition = LegacyCondition { operator, values: values.to_vec() };
    filter([("a".to_string(), condition)], false).map_err(|invalid| invalid.into_message())
}

#[test]
fn comparisons_hold() {
    let number = item([("a", n("3"))]);
    let text = item([("a", s("hello"))]);
    let none = Item::new();
    for (operator, values, on, holds) in [
        ("EQ", vec![n("3")], &number, true),
        ("EQ", vec![n("3")], &none, false),
        ("NE", vec![n("4")], &number, true),
        ("NE", vec![n("4")], &none, true),
        ("LT", vec![n("4")], &number, true),
        ("LE", vec![s("4")], &number, false),
        ("GT", vec![n("3")], &number, false),
        ("GE", vec![n("3")], &number, true),
        ("BETWEEN", vec![n("2"), n("3")], &number, true),
        ("IN", vec![n("2"), n("3")], &number, true),
        ("NULL", vec![], &none, true),
        ("NOT_NULL", vec![], &number, true),
        ("BEGINS_WITH", vec![s("he")], &text, true),
        ("CONTAINS", vec![s("ell")], &text, true),
        ("NOT_CONTAINS", vec![s("elk")], &text, true),
        ("NOT_CONTAINS", vec![s("elk")], &none, false),
    ] {
        assert_eq!(condition(operator, &values).unwrap().holds(on), holds, "{operator} {values:?}");
    }
    assert_eq!(ComparisonOperator::named("eq"), None);
}

#[test]
fn comparisons_are_checked() {
    let count = |operator: &str| format!("Invalid number of argument(s) for the {operator} ComparisonOperator");
    let kind = |operator: &str, known: &str| {
        format!("ComparisonOperator {operator} is not valid for {known} AttributeValue type")
    };
    let same = "AttributeValues inside AttributeValueList must be of same type".to_string();
    for (operator, values, message) in [
        ("EQ", vec![n("1"), n("2")], count("EQ")),
        ("NULL", vec![n("1")], count("NULL")),
        ("BETWEEN", vec![n("1")], count("BETWEEN")),
        ("IN", vec![], count("IN")),
        ("LT", vec![l([])], kind("LT", "L")),
        ("BETWEEN", vec![m([]), m([])], kind("BETWEEN", "M")),
        ("BEGINS_WITH", vec![n("1")], kind("BEGINS_WITH", "N")),
        ("CONTAINS", vec![l([])], kind("CONTAINS", "L")),
        ("IN", vec![n("1"), s("x")], same.clone()),
        ("BETWEEN", vec![n("1"), s("x")], same),
    ] {
        let expected = format!("1 validation error detected: One or more parameter values were invalid: {message}");
        assert_eq!(condition(operator, &values).unwrap_err(), expected);
    }
    let reversed = "The BETWEEN condition was provided a range where the lower bound is bigger than the upper bound";
    assert_eq!(condition("BETWEEN", &[n("2"), n("1")]).unwrap_err(), reversed);
}

#[test]
fn expectations() {
    let with = |value: Option<Attribute>, exists, operator: Option<&str>, values: Option<Vec<Attribute>>| Expected {
        value,
        exists,
        operator: operator.and_then(ComparisonOperator::named),
        values,
    };
    let on = |expectation: Expected| expected([("a".to_string(), expectation)], false);
    let number = item([("a", n("3"))]);
    assert!(on(with(Some(n("3")), None, None, None)).unwrap().holds(&number));
    assert!(on(with(Some(n("3")), Some(true), None, None)).unwrap().holds(&number));
    assert!(!on(with(None, Some(false), None, None)).unwrap().holds(&number));
    assert!(!on(with(None, None, Some("NULL"), None)).unwrap().holds(&number));
    assert!(on(with(None, None, Some("GE"), Some(vec![n("3")]))).unwrap().holds(&number));
    assert!(on(with(Some(n("4")), None, Some("LT"), None)).unwrap().holds(&number));
    for (expectation, rule) in [
        (with(None, Some(true), None, None), "Value must be provided when Exists is true"),
        (with(None, None, None, None), "Value must be provided when Exists is null"),
        (with(Some(n("1")), Some(false), None, None), "Value cannot be used when Exists is false"),
        (
            with(None, Some(false), Some("EQ"), Some(vec![n("3")])),
            "Exists and ComparisonOperator cannot be used together",
        ),
        (
            with(Some(n("1")), None, Some("EQ"), Some(vec![n("3")])),
            "Value and AttributeValueList cannot be used together",
        ),
        (with(None, None, None, Some(vec![])), "AttributeValueList can only be used with a ComparisonOperator"),
    ] {
        let message =
            format!("1 validation error detected: One or more parameter values were invalid: {rule} for Attribute: a");
        assert_eq!(on(expectation).unwrap_err().message(), message);
    }
    let two = |either| {
        let all =
            [("a", n("3")), ("b", n("3"))].map(|(name, value)| (name.to_string(), with(Some(value), None, None, None)));
        expected(all, either).unwrap().holds(&number)
    };
    assert!(two(true) && !two(false));
    assert!(expected([], true).unwrap().holds(&number));
}

#[test]
fn keys() {
    let schema = KeySchema {
        partition: &[KeyPart { name: "p", kind: KeyType::S }],
        sort: &[KeyPart { name: "c", kind: KeyType::N }],
    };
    let bind = |conditions: &[(&str, &str, Attribute)]| {
        let conditions = conditions.iter().map(|(name, operator, value)| {
            let operator = ComparisonOperator::named(operator).unwrap();
            (name.to_string(), LegacyCondition { operator, values: vec![value.clone()] })
        });
        key_conditions(conditions)
            .and_then(|conditions| conditions.bind(&schema))
            .map_err(|invalid| invalid.into_message())
    };
    let query = bind(&[("p", "EQ", s("x")), ("c", "LT", n("1"))]).unwrap();
    assert_eq!(query.last, Some(KeyTest::Less(n("1"))));
    for (conditions, message) in [
        (vec![("p", "LT", s("x"))], "Query key condition not supported"),
        (vec![("p", "NE", s("x"))], "Attempted conditional constraint is not an indexable operation"),
        (vec![("c", "EQ", n("1"))], "Query condition missed key schema element: p"),
        (vec![("p", "EQ", s("x")), ("q", "EQ", n("1"))], "Query condition missed key schema element: c"),
        (vec![], "Conditions can be of length 1 or 2 only"),
    ] {
        assert_eq!(bind(&conditions).unwrap_err(), message);
    }
}

#[test]
fn attribute_updates() {
    let apply = |action, value: Option<Attribute>, old: &Item| {
        let update = updates([("a".to_string(), AttributeUpdate { action, value })]);
        update.and_then(|update| update.apply(Some(old), &Item::new())).map_err(|invalid| invalid.into_message())
    };
    use UpdateAction::{Add, Delete, Put};
    let a = |value| item([("a", value)]);
    assert_eq!(apply(Put, Some(n("1")), &Item::new()), Ok(a(n("1"))));
    assert_eq!(apply(Add, Some(n("-3.5")), &a(n("9"))), Ok(a(n("5.5"))));
    assert_eq!(apply(Add, Some(l([n("3")])), &a(l([n("1")]))), Ok(a(l([n("1"), n("3")]))));
    assert_eq!(apply(Delete, None, &a(n("9"))), Ok(Item::new()));
    assert_eq!(apply(Delete, Some(ss(["x"])), &a(ss(["x", "y"]))), Ok(a(ss(["y"]))));
    let invalid =
        |rule: &str| Err(format!("1 validation error detected: One or more parameter values were invalid: {rule}"));
    assert_eq!(
        apply(Put, None, &Item::new()),
        invalid("Only DELETE action is allowed when no attribute value is specified")
    );
    assert_eq!(
        apply(Delete, Some(s("x")), &Item::new()),
        invalid("DELETE action with value is not supported for the type STRING")
    );
    assert_eq!(apply(Add, Some(s("x")), &Item::new()), invalid("ADD action is not supported for the type STRING"));
    let mismatch = Err("Type mismatch for attribute to update".to_string());
    assert_eq!(apply(Add, Some(n("1")), &a(s("x"))), mismatch);
    assert_eq!(apply(Delete, Some(ns(["1"])), &a(ss(["x"]))), mismatch);
}
