use kumoi_expressions::Projection;

use crate::values::*;

#[test]
fn parts_keep_their_place() {
    let whole = item([
        ("p", s("p")),
        ("a", m([("b", l([n("2"), n("4"), m([("x", s("hi")), ("y", s("yo"))])])), ("c", n("5"))])),
        ("a.b", s("dotted")),
    ]);
    let a = |value| item([("a", value)]);
    for (text, expected) in [
        ("p", item([("p", s("p"))])),
        ("#dot", item([("a.b", s("dotted"))])),
        ("a.b[0]", a(m([("b", l([n("2")]))]))),
        (" a . b [ 2 ] . y ", a(m([("b", l([m([("y", s("yo"))])]))]))),
        ("a.b[2].x, a.b[0], a.c", a(m([("b", l([n("2"), m([("x", s("hi"))])])), ("c", n("5"))]))),
        ("a.x, a.b[7], x, a.b[0].x, p.q", item([])),
        ("a.x, a.b[1], a.b[7].x", a(m([("b", l([n("4")]))]))),
    ] {
        let projection = Projection::parse(text, &mut placeholders()).unwrap();
        assert_eq!(projection.apply(&whole), expected, "{text}");
    }
}

#[test]
fn errors_have_the_words_of_aws() {
    let clash = |how: &str, one: &str, two: &str| {
        format!(
            "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {one}, path two: {two}"
        )
    };
    for (text, message) in [
        ("", "The expression can not be empty;".to_string()),
        ("a,", "Syntax error; token: \"<EOF>\", near: \",\"".to_string()),
        (",a", "Syntax error; token: \",\", near: \",a\"".to_string()),
        ("a,,b", "Syntax error; token: \",\", near: \",,b\"".to_string()),
        ("a = b", "Syntax error; token: \"=\", near: \"a = b\"".to_string()),
        ("a, b, a", clash("overlap", "[a]", "[a]")),
        ("a.b, c, #a.b.c[1]", clash("overlap", "[a, b]", "[a, b, c, [1]]")),
        ("a.b.c, a", clash("overlap", "[a, b, c]", "[a]")),
        ("a[1], a[2], a.b", clash("conflict", "[a, [1]]", "[a, b]")),
        ("a.b[1], a.b.c", clash("conflict", "[a, b, [1]]", "[a, b, c]")),
    ] {
        let invalid = Projection::parse(text, &mut placeholders()).unwrap_err();
        assert_eq!(invalid.into_message(), format!("Invalid ProjectionExpression: {message}"), "{text}");
    }
    for text in ["a.b, a.c", "a[1], a[2]", "a.b, a.c[2]", "a.b.d, a.b.e"] {
        Projection::parse(text, &mut placeholders()).unwrap();
    }
    let invalid = Projection::attributes(["a", "b", "a"]).unwrap_err();
    assert_eq!(
        invalid.message(),
        "1 validation error detected: One or more parameter values were invalid: Duplicate value in attribute name: a"
    );
    let projection = Projection::attributes(["a", "b"]).unwrap();
    assert_eq!(projection.top_level().collect::<Vec<_>>(), ["a", "b"]);
}
