use kumoi_expressions::{Item, Update};

use crate::values::*;

fn parse(text: &str) -> Update {
    Update::parse(text, &mut placeholders()).unwrap_or_else(|invalid| panic!("{text}: {invalid}"))
}

fn old() -> Item {
    item([
        ("p", s("key")),
        ("a", n("5")),
        ("txt", s("hi")),
        ("tags", ss(["x", "z"])),
        ("lst", l([n("2"), n("3"), n("4"), n("5"), n("6")])),
        ("deep", m([("b", n("3")), ("c", l([s("hi"), m([("x", n("1")), ("q", n("2"))])]))])),
    ])
}

/// The item of the tests with some attributes changed; those that are `None` are gone.
fn changed(changes: impl IntoIterator<Item = (&'static str, Option<kumoi_expressions::Attribute>)>) -> Item {
    let mut item = old();
    for (name, value) in changes {
        match value {
            Some(value) => item.insert(name.to_string(), value),
            None => item.remove(name),
        };
    }
    item
}

#[test]
fn updates_do_what_the_guide_says() {
    let deep = |c| Some(m([("b", n("3")), ("c", c)]));
    for (text, expected) in [
        ("SET b = :one", changed([("b", Some(n("1")))])),
        ("  sEt   b=:one , c = a remove a", changed([("b", Some(n("1"))), ("c", Some(n("5"))), ("a", None)])),
        ("SET a = a + :one", changed([("a", Some(n("6")))])),
        ("SET a = :one - a", changed([("a", Some(n("-4")))])),
        ("SET a = (a + :one)", changed([("a", Some(n("6")))])),
        ("SET a = (a) - (:one)", changed([("a", Some(n("4")))])),
        ("SET a = if_not_exists(a, :one) + :two", changed([("a", Some(n("7")))])),
        ("SET b = if_not_exists(b, if_not_exists(c, :one))", changed([("b", Some(n("1")))])),
        ("SET b = list_append(if_not_exists(b, :list), :list)", {
            changed([("b", Some(l([n("1"), s("x"), n("1"), s("x")])))])
        }),
        ("REMOVE lst[1] SET lst[3] = :str", { changed([("lst", Some(l([n("2"), n("4"), s("dog"), n("6")])))]) }),
        ("SET lst[84] = :one, lst[37] = :two, lst[0] = :str REMOVE lst[17], lst[4]", {
            changed([("lst", Some(l([s("dog"), n("3"), n("4"), n("5"), n("2"), n("1")])))])
        }),
        ("SET deep.c[1].x = deep.b, deep.c[1].z = a", {
            changed([("deep", deep(l([s("hi"), m([("x", n("3")), ("q", n("2")), ("z", n("5"))])])))])
        }),
        ("REMOVE deep.c[1].x, deep.c[0], deep.nothing", { changed([("deep", deep(l([m([("q", n("2"))])])))]) }),
        ("REMOVE q, lst[99]", old()),
        ("ADD a :two, b :one, tags :set, more :nums", {
            changed([
                ("a", Some(n("7"))),
                ("b", Some(n("1"))),
                ("tags", Some(ss(["x", "y", "z"]))),
                ("more", Some(ns(["1", "2"]))),
            ])
        }),
        ("ADD deep.b :two, deep.fresh :one", {
            let c = l([s("hi"), m([("x", n("1")), ("q", n("2"))])]);
            changed([("deep", Some(m([("b", n("5")), ("c", c), ("fresh", n("1"))])))])
        }),
        ("DELETE tags :set, q :set", changed([("tags", Some(ss(["z"])))])),
        ("SET #dot = :one", changed([("a.b", Some(n("1")))])),
    ] {
        assert_eq!(parse(text).apply(Some(&old()), &Item::new()).unwrap(), expected, "{text}");
    }
    let gone = item([("tags", ss(["x"]))]);
    assert_eq!(parse("DELETE tags :set").apply(Some(&gone), &Item::new()).unwrap(), Item::new());
}

#[test]
fn an_item_that_is_not_there_begins_with_its_key() {
    let key = item([("p", s("key"))]);
    let apply = |text: &str| parse(text).apply(None, &key);
    assert_eq!(apply("SET a = :one").unwrap(), item([("p", s("key")), ("a", n("1"))]));
    assert_eq!(apply("ADD a :one").unwrap(), item([("p", s("key")), ("a", n("1"))]));
    // AWS takes nested paths out of nothing, though it refuses them for an item that lacks them.
    assert_eq!(apply("REMOVE x.y, z[0], q").unwrap(), key);
    assert!(apply("SET x.y = :one").is_err());
    assert!(parse("REMOVE x.y DELETE s :set").only_removes());
    assert!(!parse("REMOVE x SET y = :one").only_removes());
    assert!(!Update::default().only_removes());
}

#[test]
fn errors_of_items() {
    let missing = "The provided expression refers to an attribute that does not exist in the item";
    let path = "The document path provided in the update expression is invalid for update";
    let operand = "An operand in the update expression has an incorrect data type";
    for (text, message) in [
        ("SET b = q", missing),
        ("SET x = :one, y = x", missing),
        ("SET b = b + :one", missing),
        ("SET b = list_append(q, :list)", missing),
        ("SET b = list_append(a, :list)", operand),
        ("SET b = txt + :one", operand),
        ("ADD txt :one", operand),
        ("ADD a :set", operand),
        ("ADD lst :nums", operand),
        ("DELETE a :set", operand),
        ("DELETE tags :nums", operand),
        ("SET txt.x = :one", path),
        ("SET q.x = :one", path),
        ("SET lst.x = :one", path),
        ("SET deep[0] = :one", path),
        ("SET lst[9].x = :one", path),
        ("REMOVE txt.x", path),
        ("REMOVE q.x", path),
        ("REMOVE q[0]", path),
        ("ADD q.x :one", path),
    ] {
        let invalid = parse(text).apply(Some(&old()), &Item::new()).unwrap_err();
        assert_eq!(invalid.message(), message, "{text}");
    }
    let large = item([("a", n("9e125"))]);
    let invalid = parse("SET a = a + a").apply(Some(&large), &Item::new()).unwrap_err();
    assert!(invalid.message().starts_with("Number overflow"));
}

#[test]
fn errors_of_texts_have_the_words_of_aws() {
    for (text, message) in [
        ("", "The expression can not be empty;"),
        ("INVALID SYNTAX HERE", "Syntax error; token: \"INVALID\", near: \"INVALID SYNTAX\""),
        ("ADD hits : incr", "Syntax error; token: \":\", near: \"hits : incr\""),
        ("SET _123 = :one", "Syntax error; token: \"_\", near: \"SET _123\""),
        ("SET a = :one + :two + :one", "Syntax error; token: \"+\", near: \":two + :one\""),
        ("SET c = if_not_exists(c, :one+:two)", "Syntax error; token: \"+\", near: \":one+:two\""),
        ("SET  REMOVE #a", "Syntax error; token: \"REMOVE\", near: \"SET  REMOVE #a\""),
        ("SET :one = :two", "Syntax error; token: \":one\", near: \"SET :one =\""),
        ("SET a[:one] = :two", "Syntax error; token: \":one\", near: \"[:one]\""),
        ("SET a[#a] = :two", "Syntax error; token: \"#a\", near: \"[#a]\""),
        ("SET", "Syntax error; token: \"<EOF>\", near: \"SET\""),
        ("SET a = :one SET b = :two", "The \"SET\" section can only be used once in an update expression;"),
        ("SET name = :one", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("SET a = :none", "An expression attribute value used in expression is not defined; attribute value: :none"),
        (
            "SET a = if_not_exists(:none, :one)",
            "An expression attribute value used in expression is not defined; attribute value: :none",
        ),
        (
            "SET a = if_not_exists(:one, :two)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        ("SET a = f(b, c, d)", "Invalid function name; function: f"),
        ("SET a = LIST_APPEND(:list, :list)", "Invalid function name; function: LIST_APPEND"),
        ("SET a = size(b)", "The function is not allowed in an update expression; function: size"),
        (
            "SET a = list_append(:list)",
            "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1",
        ),
        (
            "SET a = list_append(:list, :str)",
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
        ),
        (
            "SET a = list_append(list_append(:list, :list), :list)",
            "The function is not allowed to be used this way in an expression; function: list_append",
        ),
        (
            "SET a = :str + :one",
            "Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "ADD a :str",
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :list",
            "Incorrect operand type for operator or function; operator: DELETE, operand type: LIST, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        (
            "DELETE a :one",
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        (
            "SET a = :one REMOVE #a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
        ),
        (
            "SET a.b = :one, a[1] = :two",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]",
        ),
        ("SET a = ((:one + :two))", "The expression has redundant parentheses;"),
    ] {
        let invalid = Update::parse(text, &mut placeholders()).unwrap_err();
        assert_eq!(invalid.into_message(), format!("Invalid UpdateExpression: {message}"), "{text}");
    }
}

#[test]
fn what_was_touched() {
    let update = parse("SET deep.b = :one, lst[1] = :two, fresh = :one REMOVE txt, lst[77]");
    assert_eq!(update.attributes().collect::<Vec<_>>(), ["deep", "fresh", "lst", "txt"]);
    let new = update.apply(Some(&old()), &Item::new()).unwrap();
    let expected = item([("deep", m([("b", n("3"))])), ("lst", l([n("3")])), ("txt", s("hi"))]);
    assert_eq!(update.updated(&old()), expected);
    let expected = item([("deep", m([("b", n("1"))])), ("lst", l([n("2")])), ("fresh", n("1"))]);
    assert_eq!(update.updated(&new), expected);
    // What an element is removed from has the next one in its place, and what is appended is elsewhere.
    let update = parse("REMOVE lst[1] SET lst[99] = :one");
    let new = update.apply(Some(&old()), &Item::new()).unwrap();
    assert_eq!(update.updated(&new), item([("lst", l([n("4")]))]));
}
