//! PartiQL by tables, and by random conditions that are written down and read back.

use kumoi_expressions::partiql::{Access, Returning, Statement};
use kumoi_expressions::{
    Attribute, Comparator, Condition, Item, KeyPart, KeyQuery, KeySchema, KeyTest, KeyType, Operand, Path, Step,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::values::*;

fn parse(text: &str) -> Statement {
    Statement::parse(text, &[]).unwrap_or_else(|invalid| panic!("{text}: {invalid}"))
}

fn condition(text: &str) -> Condition {
    let Statement::Select(select) = parse(&format!("SELECT * FROM T WHERE {text}")) else { panic!() };
    select.condition.unwrap()
}

#[test]
fn statements_of_the_guide() {
    let Statement::Select(select) = parse(
        "SELECT Devices.FireStick.DateWatched[0], \"a\"\"b\" FROM \"Watch.List\".\"By-Date\" WHERE UserID = 'it''s' ORDER BY x DESC, y",
    ) else {
        panic!()
    };
    assert_eq!((select.table.as_str(), select.index.as_deref()), ("Watch.List", Some("By-Date")));
    let watched = l([s("today")]);
    let whole = item([("Devices", m([("FireStick", m([("DateWatched", watched)]))])), ("a\"b", n("1")), ("c", n("2"))]);
    let part = select.selection.unwrap().apply(&whole);
    assert_eq!(part, item([("DateWatched[0]", s("today")), ("a\"b", n("1"))]));
    assert_eq!(select.order.iter().map(|order| order.descending).collect::<Vec<_>>(), [true, false]);

    let Statement::Insert(insert) = parse(
        "insert into \"Music\" value {'Artist' : 'Acme Band', 'n': -1.5e2, 's': <<'a', 'b'>>, 'l': [true, null, {}]}",
    ) else {
        panic!()
    };
    let list = l([Attribute::Bool(true), Attribute::Null, m([])]);
    assert_eq!(insert.item, item([("Artist", s("Acme Band")), ("n", n("-150")), ("s", ss(["a", "b"])), ("l", list)]));

    let Statement::Update(change) = parse(
        "UPDATE \"Music\" SET AwardsWon=1, n = n + 2 SET AwardDetail={'Grammys':[2020, 2018]} REMOVE a.b[1] \
         SET BandMembers = set_add(BandMembers, <<'new'>>) WHERE Artist='Acme Band' AND SongTitle='PartiQL Rocks' AND x IS MISSING \
         RETURNING MODIFIED NEW *",
    ) else {
        panic!()
    };
    assert_eq!(change.returning, Some(Returning::ModifiedNew));
    let (key, rest) = change.item(&["Artist", "SongTitle"]).unwrap();
    assert_eq!(key, item([("Artist", s("Acme Band")), ("SongTitle", s("PartiQL Rocks"))]));
    assert_eq!(rest, Some(Condition::NotExists(Path::attribute("x"))));
    let old = item([("n", n("1")), ("a", m([("b", l([n("1"), n("2")]))])), ("BandMembers", ss(["old"]))]);
    let new = change.update.apply(Some(&old), &key).unwrap();
    assert_eq!((&new["n"], &new["a"]), (&n("3"), &m([("b", l([n("1")]))])));
    assert_eq!(new["BandMembers"], ss(["new", "old"]));

    let Statement::Delete(delete) = parse("DELETE FROM Music WHERE Artist = 'a' RETURNING ALL OLD *") else { panic!() };
    assert_eq!(delete.returning, Some(Returning::AllOld));
    assert!(delete.item(&["Artist", "SongTitle"]).is_none());
    assert!(matches!(parse("EXISTS(SELECT * FROM Music WHERE a = 1 AND b > 2)"), Statement::Exists(_)));
}

#[test]
fn conditions_are_those_of_filters() {
    let path = |name: &str| Operand::Path(Path::attribute(name));
    let value = |text: &str| Operand::Value(n(text));
    let equal = |name: &str, text: &str| Condition::Compare(Comparator::Equal, path(name), value(text));
    for (text, expected) in [
        ("a = 1 OR b = 2 and NOT (c = 3)", {
            let not = Condition::Not(Box::new(equal("c", "3")));
            Condition::Or(vec![equal("a", "1"), Condition::And(vec![equal("b", "2"), not])])
        }),
        ("(a) != (1)", Condition::Compare(Comparator::NotEqual, path("a"), value("1"))),
        ("a IN (1, b)", Condition::In(path("a"), vec![value("1"), path("b")])),
        ("a not in [1]", Condition::Not(Box::new(Condition::In(path("a"), vec![value("1")])))),
        ("a BETWEEN 1 AND 2 AND b = 2", {
            let between = Condition::Between(Box::new([path("a"), value("1"), value("2")]));
            Condition::And(vec![between, equal("b", "2")])
        }),
        ("a IS NULL", Condition::Type(path("a"), "NULL".to_string())),
        ("a.b IS NOT MISSING", {
            let steps = vec![Step::Name("b".to_string())];
            Condition::Exists(Path { attribute: "a".to_string(), steps })
        }),
        ("size(a) > 2", Condition::Compare(Comparator::Greater, Operand::Size(Box::new(path("a"))), value("2"))),
        ("Begins_With(a, 'x')", Condition::BeginsWith(path("a"), Operand::Value(s("x")))),
        ("attribute_type(a, 'SS')", Condition::Type(path("a"), "SS".to_string())),
    ] {
        assert_eq!(condition(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_well_formed() {
    let malformed = |what: &str| format!("Statement wasn't well formed, can't be processed: {what}");
    for (text, message) in [
        ("", malformed("Expected data manipulation")),
        ("CREATE TABLE t", malformed("Expected data manipulation")),
        ("UPDATE Payment-abc SET active=? WHERE id=?", malformed("Expected data manipulation")),
        ("INSERT INTO urls (id) VALUES (1)", malformed("Unexpected keyword")),
        ("SELECT * FROM t WHERE", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE a", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE a = 'x", malformed("Unexpected term")),
        ("SELECT from FROM t", malformed("Unexpected keyword")),
        ("SELECT * FROM t LIMIT 1", "Unsupported clause: LIMIT".to_string()),
        ("SELECT * FROM t WHERE a = ?", "Number of parameters in request and statement don't match.".to_string()),
    ] {
        assert_eq!(Statement::parse(text, &[]).unwrap_err().into_message(), message, "{text}");
    }
    assert!(Statement::parse("SELECT * FROM t", &[n("1")]).is_err());
    for text in ["<<>>", "<<1, 'a'>>", "<<1, 1.0>>", "<<true>>", "{'a': 1, 'a': 2}", "- 'a'", "[1,]"] {
        assert!(Statement::parse(&format!("SELECT * FROM t WHERE a = {text}"), &[]).is_err(), "{text}");
    }
    for (open, close) in [("(", ")"), ("size(", ")"), ("[", "]")] {
        let deep =
            |levels: usize| format!("SELECT * FROM t WHERE {}1{} = 2", open.repeat(levels), close.repeat(levels));
        assert!(Statement::parse(&deep(20), &[]).is_ok());
        assert!(Statement::parse(&deep(1000), &[]).is_err());
    }
}

#[test]
fn keys_are_found_in_conditions() {
    let key = |text: &str| {
        let Statement::Select(select) = parse(&format!("SELECT * FROM T WHERE {text}")) else { panic!() };
        select.access(&schema())
    };
    let query = |partitions: &[&str], equal: &[&str], last: Option<KeyTest>| {
        let numbers = |texts: &[&str]| texts.iter().map(|text| n(text)).collect::<Vec<_>>();
        let one = |text: &&str| KeyQuery { partition: vec![n(text)], equal: numbers(equal), last: last.clone() };
        Access::Query(partitions.iter().map(one).collect())
    };
    for (text, access, rest) in [
        ("p = 1", query(&["1"], &[], None), None),
        ("p = 1 OR p IN (2, 1)", query(&["1", "2"], &[], None), None),
        ("a = 1 AND (5 > c AND 1 = p)", query(&["1"], &[], Some(KeyTest::Less(n("5")))), Some("a = 1")),
        ("p = 1 AND c > 2 AND c = 3", query(&["1"], &["3"], None), Some("c > 2")),
        ("p = 1 AND c BETWEEN 3 AND 2", query(&["1"], &[], None), Some("c BETWEEN 3 AND 2")),
        ("p = 1 OR a = 2", Access::Scan, Some("p = 1 OR a = 2")),
        ("p > 1", Access::Scan, Some("p > 1")),
        ("NOT p = 1", Access::Scan, Some("NOT p = 1")),
    ] {
        assert_eq!(key(text).unwrap(), (access, rest.map(condition)), "{text}");
    }
    let invalid = key("p = 'x'").unwrap_err();
    assert!(invalid.message().ends_with("Condition parameter type does not match schema type"));
    let many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    assert!(key(&format!("p IN ({})", many.join(","))).is_err());
}

fn schema() -> KeySchema<'static> {
    KeySchema {
        partition: &[KeyPart { name: "p", kind: KeyType::N }],
        sort: &[KeyPart { name: "c", kind: KeyType::N }],
    }
}

fn operands() -> impl Strategy<Value = Operand> {
    let name = prop::sample::select(&["p", "c", "a", "odd name"][..]);
    let step = prop_oneof![Just(Step::Name("b\"".to_string())), Just(Step::Index(1))];
    let path = (name, vec(step, 0..2)).prop_map(|(name, steps)| Path { attribute: name.to_string(), steps });
    let number = (0..4i32).prop_map(|number| n(&number.to_string()));
    let value = prop_oneof![
        4 => number.clone(),
        1 => "[a' ]{0,2}".prop_map(|text| s(&text)),
        1 => vec(number, 0..3).prop_map(Attribute::L),
        1 => Just(Attribute::Bool(true)),
        1 => Just(m([("k'", Attribute::Null)])),
        1 => Just(ss(["x", "'y"])),
    ];
    prop_oneof![3 => path.clone().prop_map(Operand::Path), 3 => value.prop_map(Operand::Value),
        1 => path.prop_map(|path| Operand::Size(Box::new(Operand::Path(path))))]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let o = operands;
    let comparators = [
        Comparator::Equal,
        Comparator::NotEqual,
        Comparator::Less,
        Comparator::LessOrEqual,
        Comparator::Greater,
        Comparator::GreaterOrEqual,
    ];
    let keys = (prop::sample::select(&["p", "c"][..]), prop::sample::select(comparators.to_vec()), 0..4i32);
    let leaf = prop_oneof![
        4 => keys.prop_map(|(name, how, value)| {
            Condition::Compare(how, Operand::Path(Path::attribute(name)), Operand::Value(n(&value.to_string())))
        }),
        2 => (prop::sample::select(comparators.to_vec()), o(), o()).prop_map(|(how, left, right)| Condition::Compare(how, left, right)),
        1 => (o(), o(), o()).prop_map(|(value, low, high)| Condition::Between(Box::new([value, low, high]))),
        1 => (o(), vec(o(), 1..4)).prop_map(|(value, list)| Condition::In(value, list)),
        1 => Just(Condition::Exists(Path::attribute("a"))),
        1 => Just(Condition::NotExists(Path::attribute("c"))),
        1 => (o(), o()).prop_map(|(value, start)| Condition::BeginsWith(value, start)),
        1 => (o(), o()).prop_map(|(value, part)| Condition::Contains(value, part)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            2 => vec(inner.clone(), 2..4).prop_map(Condition::And),
            2 => vec(inner.clone(), 2..3).prop_map(Condition::Or),
            1 => inner.prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
    })
}

fn quoted(text: &str, mark: char) -> String {
    format!("{mark}{}{mark}", text.replace(mark, &format!("{mark}{mark}")))
}

fn write_value(value: &Attribute) -> String {
    let all = |list: Vec<String>| list.join(", ");
    match value {
        Attribute::S(text) => quoted(text, '\''),
        Attribute::N(number) => number.to_string(),
        Attribute::Bool(value) => value.to_string(),
        Attribute::Null => "NULL".to_string(),
        Attribute::L(list) => format!("[{}]", all(list.iter().map(write_value).collect())),
        Attribute::M(map) => {
            let entry =
                |(name, value): (&String, &Attribute)| format!("{} : {}", quoted(name, '\''), write_value(value));
            format!("{{{}}}", all(map.iter().map(entry).collect()))
        }
        Attribute::Ss(set) => format!("<<{}>>", all(set.iter().map(|text| quoted(text, '\'')).collect())),
        other => panic!("{other:?} has no literal here"),
    }
}

fn write_path(path: &Path) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => format!(".{}", quoted(name, '"')),
        Step::Index(index) => format!("[{index}]"),
    };
    quoted(&path.attribute, '"') + &path.steps.iter().map(step).collect::<String>()
}

fn write_operand(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => write_path(path),
        Operand::Value(value) => write_value(value),
        Operand::Size(operand) => format!("SIZE({})", write_operand(operand)),
    }
}

fn write(condition: &Condition) -> String {
    let o = write_operand;
    let chain = |all: &[Condition], word: &str| {
        all.iter().map(|condition| format!("({})", write(condition))).collect::<Vec<_>>().join(word)
    };
    match condition {
        Condition::And(all) => chain(all, " AND "),
        Condition::Or(any) => chain(any, " or "),
        Condition::Not(inner) => format!("NOT ({})", write(inner)),
        Condition::Compare(comparator, left, right) => format!("{} {} {}", o(left), comparator.symbol(), o(right)),
        Condition::Between(all) => format!("{} BETWEEN {} AND {}", o(&all[0]), o(&all[1]), o(&all[2])),
        Condition::In(value, list) => {
            format!("{} IN ({})", o(value), list.iter().map(o).collect::<Vec<_>>().join(", "))
        }
        Condition::Exists(path) => format!("{} IS NOT MISSING", write_path(path)),
        Condition::NotExists(path) => format!("{} IS MISSING", write_path(path)),
        Condition::Type(operand, kind) => format!("ATTRIBUTE_TYPE({}, '{kind}')", o(operand)),
        Condition::BeginsWith(value, start) => format!("BEGINS_WITH({}, {})", o(value), o(start)),
        Condition::Contains(value, part) => format!("CONTAINS({}, {})", o(value), o(part)),
    }
}

fn items() -> impl Strategy<Value = Item> {
    (0..4, 0..4, prop::option::of(0..4)).prop_map(|(p, c, a)| {
        let number = |number: i32| n(&number.to_string());
        let mut item = item([("p", number(p)), ("c", number(c))]);
        item.extend(a.map(|a| ("a".to_string(), l([number(a), number(c)]))));
        item
    })
}

/// Whether a query reads an item.
fn reads(query: &KeyQuery, item: &Item) -> bool {
    query.partition[0] == item["p"]
        && query.equal.first().is_none_or(|equal| *equal == item["c"])
        && query.last.as_ref().is_none_or(|test| test.holds(&item["c"]))
}

proptest! {
    #[test]
    fn conditions_are_read_as_they_were_written(condition in conditions()) {
        prop_assert_eq!(self::condition(&write(&condition)), condition);
    }

    #[test]
    fn a_query_finds_what_a_scan_would(condition in conditions(), items in vec(items(), 1..20)) {
        let Statement::Select(select) = parse(&format!("SELECT * FROM T WHERE {}", write(&condition))) else { panic!() };
        if let Ok((access, filter)) = select.access(&schema()) {
            for item in items {
                let found = match &access {
                    Access::Scan => 1,
                    Access::Query(queries) => queries.iter().filter(|query| reads(query, &item)).count(),
                };
                prop_assert!(found <= 1);
                let kept = found == 1 && filter.as_ref().is_none_or(|filter| filter.holds(&item));
                prop_assert_eq!(kept, condition.holds(&item));
            }
        }
    }

    #[test]
    fn no_text_is_too_much(text in ".{0,60}") {
        let _ = Statement::parse(&text, &[]);
    }

    #[test]
    fn no_tokens_are_too_much(
        start in prop::sample::select(&["", "SELECT * FROM t WHERE", "UPDATE t SET", "INSERT INTO t VALUE", "DELETE FROM t WHERE"][..]),
        tokens in vec(prop::sample::select(&[
            "a", "\"b\"", "'s'", "1", "-", "+", "?", "(", ")", "[", "]", "{", "}", "<<", ">>", ",", ".", ":", "=", "<", "AND", "OR", "NOT",
            "IN", "BETWEEN", "IS", "MISSING", "NULL", "true", "size(", "list_append(", "set_add(", "begins_with(", "SET", "REMOVE", "WHERE",
            "RETURNING", "ALL", "OLD", "*", "ORDER", "BY", "'", "\"", "é",
        ][..]), 0..40),
    ) {
        let _ = Statement::parse(&format!("{start} {}", tokens.join(" ")), &[n("1"), s("x")]);
    }
}
