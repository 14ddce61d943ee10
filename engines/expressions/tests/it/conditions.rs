use kumoi_expressions::{Attribute, Condition, Item, Placeholders};

use crate::values::*;

fn refusal(text: &str) -> String {
    match Condition::parse(text, &mut placeholders()) {
        Ok(condition) => panic!("{text} is {condition:?}"),
        Err(invalid) => invalid.into_message(),
    }
}

fn holds(text: &str, item: &Item) -> bool {
    match Condition::parse(text, &mut placeholders()) {
        Ok(condition) => condition.holds(item),
        Err(invalid) => panic!("{text}: {invalid}"),
    }
}

#[test]
fn errors_have_the_words_of_aws() {
    for (text, message) in [
        ("", "The expression can not be empty;"),
        ("a", "Syntax error; token: \"<EOF>\", near: \"a\""),
        ("NOT a", "Syntax error; token: \"<EOF>\", near: \"a\""),
        ("a AND :one", "Syntax error; token: \"AND\", near: \"a AND :one\""),
        ("a = :one OR NOT :two", "Syntax error; token: \"<EOF>\", near: \":two\""),
        ("a != :one", "Syntax error; token: \"!\", near: \"a !=\""),
        ("_a = :one", "Syntax error; token: \"_\", near: \"_a\""),
        ("ADD #a :one", "Syntax error; token: \"ADD\", near: \"ADD #a\""),
        ("attribute_exists(and)", "Syntax error; token: \"and\", near: \"(and)\""),
        ("a = :one AND OR (b = :one)", "Syntax error; token: \"OR\", near: \"AND OR (\""),
        ("a IN ()", "Syntax error; token: \")\", near: \"()\""),
        ("a = :one b", "Syntax error; token: \"b\", near: \":one b\""),
        ("a[-1] = :one", "Syntax error; token: \"-\", near: \"[-1\""),
        ("a[] = :one", "Syntax error; token: \"]\", near: \"[] =\""),
        ("a = #", "Syntax error; token: \"#\", near: \"= #\""),
        ("(((", "Syntax error; token: \"<EOF>\", near: \"(\""),
        (
            "#none = :one",
            "An expression attribute name used in the document path is not defined; attribute name: #none",
        ),
        ("a = :none", "An expression attribute value used in expression is not defined; attribute value: :none"),
        ("name = :one", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("a.Size = :one", "Attribute name is a reserved keyword; reserved keyword: Size"),
        ("dog(a) = :one", "Invalid function name; function: dog"),
        ("ATTRIBUTE_EXISTS(a)", "Invalid function name; function: ATTRIBUTE_EXISTS"),
        (
            "if_not_exists(a, a) = :one",
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a) < :one",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "attribute_exists(:one)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "size(a, a) = :one",
            "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2",
        ),
        (
            "begins_with(a)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
        ),
        ("a < :list", "Incorrect operand type for operator or function; operator or function: <, operand type: L"),
        (
            "size(:one) = :one",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "size(size(a)) = :one",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "begins_with(a, :one)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "a BETWEEN :list AND :list",
            "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: L",
        ),
        (
            "attribute_type(a, :str)",
            "Invalid attribute type name found; type: dog, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "attribute_type(a, b)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
        ),
        (
            "contains(a, a)",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a]",
        ),
        (
            "a.b[0] = a.b[0]",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, b, [0]]",
        ),
        (
            "a BETWEEN :two AND :one",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "a BETWEEN :one AND :str",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:dog}",
        ),
        ("((a = :one))", "The expression has redundant parentheses;"),
        ("a[99999999999999] = :one", "List index is not within the allowable range; index: [99999999999999]"),
    ] {
        assert_eq!(refusal(text), format!("Invalid ConditionExpression: {message}"), "{text}");
    }
}

#[test]
fn other_kinds_say_their_own_names() {
    let message = |text| Condition::parse_filter(text, &mut placeholders()).unwrap_err().into_message();
    assert_eq!(message("dog(a)"), "Invalid FilterExpression: Invalid function name; function: dog");
    assert_eq!(
        message("list_append(a, b) = :list"),
        "Invalid FilterExpression: The function is not allowed in a filter expression; function: list_append"
    );
}

#[test]
fn what_is_reported_first() {
    assert!(refusal("dog(a) = :none AND").contains("Syntax error"));
    assert!(refusal("a = :none AND dog(b)").contains("Invalid function name"));
    assert!(refusal("a < :list AND b = :none").contains(":none"));
    assert!(refusal("name = :none").contains("reserved"));
}

#[test]
fn expressions_are_bounded() {
    let long = format!("a{} = :one", " ".repeat(4088));
    assert_eq!(long.len(), 4096);
    assert!(holds(&long, &item([("a", n("1"))])));
    let longer = format!(" {long}");
    let message =
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097";
    assert_eq!(refusal(&longer), message);

    let nested = |depth: usize| format!("{}a<b{}", "a<b or (".repeat(depth), ")".repeat(depth));
    assert!(holds(&nested(149), &item([("a", n("1")), ("b", n("2"))])));
    let many = "Invalid ConditionExpression: The expression contains too many operators; operator count: 301";
    assert_eq!(refusal(&nested(150)), many);
    assert_eq!(refusal(&nested(454)), many);
    assert_eq!(refusal(&format!("{}a<b", "not ".repeat(1000))), many);
    let redundant = "Invalid ConditionExpression: The expression has redundant parentheses;";
    assert_eq!(refusal(&format!("{}a<b{}", "(".repeat(2000), ")".repeat(2000))), redundant);
    assert!(refusal(&"(".repeat(4096)).starts_with("Invalid ConditionExpression: "));
    assert!(
        refusal(&format!("a < {}b{}", "f(".repeat(1300), ")".repeat(1300)))
            .contains("Invalid function name; function: f")
    );
    assert!(
        refusal(&format!("a < {}b{}", "size(".repeat(600), ")".repeat(600)))
            .starts_with("Invalid ConditionExpression: ")
    );
    let steps = |count: usize| format!("a{} = :one", ".b".repeat(count));
    assert!(!holds(&steps(31), &Item::new()));
    let message = "Invalid ConditionExpression: The document path has too many nesting levels; nesting levels: 33";
    assert_eq!(refusal(&steps(32)), message);

    let list = |count: usize| format!("a IN ({})", vec![":one"; count].join(","));
    assert!(holds(&list(99), &item([("a", n("1"))])));
    assert!(refusal(&list(100)).ends_with("operator or function: IN, number of operands: 101"));
}

#[test]
fn the_deepest_expression_needs_little_stack() {
    let body = || {
        let text = format!("{}a=b{}", "not(".repeat(299), ")".repeat(299));
        assert!(holds(&text, &Item::new()));
        refusal(&format!("{}a=b{}", "not(".repeat(800), ")".repeat(800)));
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(body).unwrap().join().unwrap();
}

#[test]
fn conditions_hold_as_the_guide_says() {
    let item = item([
        ("a", n("1")),
        ("b", n("2")),
        ("txt", s("hello dog")),
        ("bin", Attribute::B(bytes::Bytes::from_static(b"dogs"))),
        ("tags", ss(["dog", "cat"])),
        ("nums", ns(["1", "3"])),
        ("lst", l([n("1"), s("dog"), l([n("1"), s("x")])])),
        ("deep", m([("x", n("1")), ("y", l([n("-1"), n("2")]))])),
        ("a.b", s("dog")),
        ("nul", Attribute::Null),
        ("wide", s("é𝄞")),
        ("three", n("3")),
        ("high", Attribute::B(bytes::Bytes::from_static(&[128]))),
        ("lowb", Attribute::B(bytes::Bytes::from_static(&[127]))),
    ]);
    for text in [
        "a = :one",
        "#a = :one",
        "#dot = :str",
        "a <> :two",
        "a <> :str",
        "q <> z",
        "q <> :one",
        "a < b AND b > a AND a <= :one AND a >= :one",
        "a < b or c < b and b < a",
        "not b < a",
        "NOT NOT NOT NOT a < b",
        "not (not (a < b))",
        "(a < b OR b < a) AND (b >= a AND (a < b OR b < a))",
        "b BETWEEN a AND :two AND a < b",
        "a between :one and :two",
        "a in (:str, :one)",
        "lowb < high",
        "attribute_exists (a)",
        "attribute_exists(deep.y[1])",
        "attribute_not_exists(deep.y[2])",
        "attribute_not_exists(a.x)",
        "attribute_type(a, :type)",
        "attribute_type(:one, :type)",
        "begins_with(bin, :bin)",
        "begins_with(:str, :str)",
        "contains(txt, :str)",
        "contains(tags, :str)",
        "contains(nums, :one)",
        "contains(lst, :list)",
        "contains(bin, :bin)",
        "size(txt) > size(bin)",
        "size(tags) = :two",
        "size(wide) = three",
        "size(deep) = b",
        "size(:str) > :two",
        "size(a) <> :one",
        "deep.x < deep.y[1]",
    ] {
        assert!(holds(text, &item), "{text}");
    }
    for text in [
        "a = :two",
        "a = :str",
        "q = z",
        "q < z",
        "q between z and x",
        "a < :str",
        "lst < :one",
        ":one < lst",
        "a BETWEEN lst AND b",
        "b BETWEEN :two AND a",
        "q in (:one, :two)",
        "NOT a < b AND b > a",
        "attribute_exists(z)",
        "attribute_type(z, :type)",
        "begins_with(a, :str)",
        "contains(txt, :set)",
        "contains(nums, :str)",
        "contains(deep, :one)",
        "size(a) = :one",
        "size(nul) < :one",
        "size(txt) = :str",
    ] {
        assert!(!holds(text, &item), "{text}");
    }
}

#[test]
fn placeholders_must_be_right_and_used() {
    let new = |names: &[(&str, &str)], values: &[&str]| {
        let names = names.iter().map(|(key, name)| (key.to_string(), name.to_string())).collect();
        let values = values.iter().map(|key| (key.to_string(), n("1"))).collect();
        Placeholders::new(Some(names), Some(values))
    };
    for (names, values, message) in [
        (vec![], vec![":a"], "ExpressionAttributeNames must not be empty"),
        (vec![("#a", "a")], vec![], "ExpressionAttributeValues must not be empty"),
        (vec![("#", "a")], vec![":a"], "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\""),
        (vec![("a", "a")], vec![":a"], "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""),
        (vec![("#a", "a")], vec![":a!"], "ExpressionAttributeValues contains invalid key: Syntax error; key: \":a!\""),
    ] {
        assert_eq!(new(&names, &values).unwrap_err().message(), message);
    }
    let long = format!("#{}", "x".repeat(255));
    assert!(new(&[(&long, "a")], &[":a"]).unwrap_err().message().contains("too long"));
    assert!(new(&[(&format!("#{}", "x".repeat(254)), "a")], &[":a"]).is_ok());
    let mut placeholders = new(&[("#a", "a"), ("#b", "b"), ("#c", "c")], &[":a", ":b"]).unwrap();
    let unused = |placeholders: &Placeholders| placeholders.check_unused().unwrap_err().into_message();
    assert_eq!(
        unused(&placeholders),
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b, #c}"
    );
    Condition::parse("#a = :a OR #b = :a OR #c = :a", &mut placeholders).unwrap();
    assert_eq!(unused(&placeholders), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}");
    Condition::parse("#a = :b", &mut placeholders).unwrap();
    placeholders.check_unused().unwrap();
}

#[test]
fn filters_can_be_asked_for_keys() {
    let condition = Condition::parse("a = :one OR NOT size(b) IN (:one, c.d)", &mut placeholders()).unwrap();
    assert_eq!(condition.mentions(&["p", "c"]), Some("c"));
    assert_eq!(condition.mentions(&["b"]), Some("b"));
    assert_eq!(condition.mentions(&["d"]), None);
}

#[test]
fn parentheses_that_say_nothing_may_stand_once() {
    for text in [
        "(a = :one)",
        "((a = :one) AND b = :two)",
        "(b = :two AND (a = :one))",
        "((a = :one) OR (b = :two))",
        "(NOT (a = :one))",
        "NOT ((a = :one) AND (b = :two))",
        "(((a=:one) AND b=:two) OR a=:two oR b=:one) or NoT a<:two",
    ] {
        assert!(Condition::parse(text, &mut placeholders()).is_ok(), "{text}");
    }
    for text in [
        "((a = :one))",
        "((NOT a = :one))",
        "NOT ((a = :one))",
        "((a = :one OR b = :two))",
        "(c = :one) AND ((a = :one))",
        "(((a = :one) AND b = :two))",
    ] {
        assert!(refusal(text).contains("redundant parentheses"), "{text}");
    }
}
