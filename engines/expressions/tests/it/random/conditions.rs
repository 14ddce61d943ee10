use kumoi_expressions::Condition;
use proptest::collection::vec;
use proptest::prelude::*;

use super::plain::{I, P, Text, V, find, item, items, kind, paths, values};

#[derive(Clone, Debug, PartialEq)]
enum O {
    Path(P),
    Value(V),
    Size(P),
}

#[derive(Clone, Debug)]
enum C {
    And(Box<C>, Box<C>),
    Or(Box<C>, Box<C>),
    Not(Box<C>),
    Compare(&'static str, O, O),
    Between(O, O, O),
    In(O, Vec<O>),
    Exists(P),
    NotExists(P),
    Type(O, &'static str),
    Begins(O, O),
    Contains(O, O),
}

const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];
const TYPES: [&str; 9] = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "L", "M"];

fn operands() -> impl Strategy<Value = O> {
    prop_oneof![3 => paths().prop_map(O::Path), 3 => values().prop_map(O::Value), 1 => paths().prop_map(O::Size)]
}

fn conditions() -> impl Strategy<Value = C> {
    let o = || operands();
    let leaf = prop_oneof![
        4 => (prop::sample::select(&OPERATORS[..]), o(), o()).prop_map(|(op, left, right)| C::Compare(op, left, right)),
        1 => (o(), o(), o()).prop_map(|(value, low, high)| C::Between(value, low, high)),
        1 => (o(), vec(o(), 1..4)).prop_map(|(value, list)| C::In(value, list)),
        1 => paths().prop_map(C::Exists),
        1 => paths().prop_map(C::NotExists),
        1 => (o(), prop::sample::select(&TYPES[..])).prop_map(|(value, kind)| C::Type(value, kind)),
        1 => (o(), o()).prop_map(|(value, start)| C::Begins(value, start)),
        1 => (o(), o()).prop_map(|(value, part)| C::Contains(value, part)),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(left, right)| C::And(Box::new(left), Box::new(right))),
            two.prop_map(|(left, right)| C::Or(Box::new(left), Box::new(right))),
            inner.prop_map(|condition| C::Not(Box::new(condition))),
        ]
    })
}

fn write_operand(out: &mut Text, operand: &O) {
    match operand {
        O::Path(path) => out.path(path),
        O::Value(value) => out.value(value),
        O::Size(path) => {
            out.push("size(");
            out.path(path);
            out.push(")");
        }
    }
}

fn write_call(out: &mut Text, function: &str, operands: &[&O]) {
    out.push(function);
    for (at, operand) in operands.iter().enumerate() {
        out.push(if at == 0 { "(" } else { ", " });
        write_operand(out, operand);
    }
    out.push(")");
}

/// With parentheses only where the order of operators demands them. `binds`: 0 where anything may stand, 1 under `AND`, 2 under `NOT`.
fn write(out: &mut Text, condition: &C, binds: u8) {
    let own = match condition {
        C::Or(..) => 0,
        C::And(..) => 1,
        _ => 2,
    };
    let enclosed = own < binds;
    if enclosed {
        out.push("(");
    }
    match condition {
        C::Or(left, right) | C::And(left, right) => {
            write(out, left, own);
            out.push(if own == 0 { " OR " } else { " and " });
            write(out, right, own);
        }
        C::Not(inner) => {
            out.push("NOT ");
            write(out, inner, 2);
        }
        C::Compare(operator, left, right) => {
            write_operand(out, left);
            out.push(operator);
            write_operand(out, right);
        }
        C::Between(value, low, high) => {
            write_operand(out, value);
            out.push(" BETWEEN ");
            write_operand(out, low);
            out.push(" AND ");
            write_operand(out, high);
        }
        C::In(value, list) => {
            write_operand(out, value);
            write_call(out, " IN ", &list.iter().collect::<Vec<_>>());
        }
        C::Exists(path) => write_call(out, "attribute_exists", &[&O::Path(path.clone())]),
        C::NotExists(path) => write_call(out, "attribute_not_exists", &[&O::Path(path.clone())]),
        C::Type(value, name) => write_call(out, "attribute_type", &[value, &O::Value(V::S(name.to_string()))]),
        C::Begins(value, start) => write_call(out, "begins_with", &[value, start]),
        C::Contains(value, part) => write_call(out, "contains", &[value, part]),
    }
    if enclosed {
        out.push(")");
    }
}

/// Whether AWS takes it, whatever the item.
fn valid(condition: &C) -> bool {
    let fits = |operand: &O, kinds: &[&str]| match operand {
        O::Path(_) => true,
        O::Value(value) => kinds.contains(&kind(value)),
        O::Size(_) => kinds.contains(&"N"),
    };
    let ordered = |operand: &O| fits(operand, &["S", "N", "B"]);
    let twice = |first: &O, other: &O| matches!(first, O::Path(_)) && first == other;
    match condition {
        C::And(left, right) | C::Or(left, right) => valid(left) && valid(right),
        C::Not(inner) => valid(inner),
        C::Compare("=" | "<>", left, right) => !twice(left, right),
        C::Compare(_, left, right) => !twice(left, right) && ordered(left) && ordered(right),
        C::Between(value, low, high) => {
            let bounds = match (low, high) {
                (O::Value(low), O::Value(high)) => matches!(order(low, high), Some(order) if order <= 0),
                _ => true,
            };
            bounds && [value, low, high].into_iter().all(ordered) && !twice(value, low) && !twice(value, high)
        }
        C::In(value, list) => !list.iter().any(|other| twice(value, other)),
        C::Exists(_) | C::NotExists(_) | C::Type(..) => true,
        C::Begins(value, start) => fits(value, &["S", "B"]) && fits(start, &["S", "B"]) && !twice(value, start),
        C::Contains(value, part) => fits(value, &["S", "B", "SS", "NS", "L"]) && !twice(value, part),
    }
}

/// Below 0, 0 or above it; `None` for what has no order.
fn order(left: &V, right: &V) -> Option<i8> {
    let order = match (left, right) {
        (V::S(left), V::S(right)) => left.cmp(right),
        (V::N(left), V::N(right)) => left.cmp(right),
        (V::B(left), V::B(right)) => left.cmp(right),
        _ => return None,
    };
    Some(order as i8)
}

fn value(operand: &O, item: &I) -> Option<V> {
    match operand {
        O::Path(path) => find(item, path),
        O::Value(value) => Some(value.clone()),
        O::Size(path) => {
            let size = match find(item, path)? {
                V::S(text) => text.len(),
                V::B(bytes) => bytes.len(),
                V::Ss(set) => set.len(),
                V::Ns(set) => set.len(),
                V::L(list) => list.len(),
                V::M(map) => map.len(),
                V::N(_) | V::Bool(_) | V::Null => return None,
            };
            Some(V::N(size as i64))
        }
    }
}

fn is_part(bytes: &[u8], part: &[u8]) -> bool {
    (0..=bytes.len()).any(|start| bytes[start..].starts_with(part))
}

fn evaluate(condition: &C, item: &I) -> bool {
    match condition {
        C::And(left, right) => evaluate(left, item) & evaluate(right, item),
        C::Or(left, right) => evaluate(left, item) | evaluate(right, item),
        C::Not(inner) => !evaluate(inner, item),
        C::Compare(operator, left, right) => match (value(left, item), value(right, item)) {
            (Some(left), Some(right)) => match *operator {
                "=" => left == right,
                "<>" => left != right,
                "<" => order(&left, &right) == Some(-1),
                "<=" => matches!(order(&left, &right), Some(-1 | 0)),
                ">" => order(&left, &right) == Some(1),
                _ => matches!(order(&left, &right), Some(1 | 0)),
            },
            _ => *operator == "<>",
        },
        C::Between(middle, low, high) => match (value(middle, item), value(low, item), value(high, item)) {
            (Some(middle), Some(low), Some(high)) => {
                matches!(order(&low, &middle), Some(-1 | 0)) && matches!(order(&middle, &high), Some(-1 | 0))
            }
            _ => false,
        },
        C::In(first, list) => {
            value(first, item).is_some_and(|first| list.iter().any(|other| value(other, item).as_ref() == Some(&first)))
        }
        C::Exists(path) => find(item, path).is_some(),
        C::NotExists(path) => find(item, path).is_none(),
        C::Type(operand, name) => value(operand, item).is_some_and(|value| kind(&value) == *name),
        C::Begins(operand, start) => match (value(operand, item), value(start, item)) {
            (Some(V::S(text)), Some(V::S(start))) => text.as_bytes().starts_with(start.as_bytes()),
            (Some(V::B(bytes)), Some(V::B(start))) => bytes.starts_with(&start),
            _ => false,
        },
        C::Contains(operand, part) => match (value(operand, item), value(part, item)) {
            (Some(V::S(text)), Some(V::S(part))) => is_part(text.as_bytes(), part.as_bytes()),
            (Some(V::B(bytes)), Some(V::B(part))) => is_part(&bytes, &part),
            (Some(V::Ss(set)), Some(V::S(part))) => set.contains(&part),
            (Some(V::Ns(set)), Some(V::N(part))) => set.contains(&part),
            (Some(V::L(list)), Some(part)) => list.contains(&part),
            _ => false,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn conditions_agree(condition in conditions(), on in vec(items(), 4)) {
        let mut text = Text::default();
        write(&mut text, &condition, 0);
        let mut placeholders = text.placeholders();
        let parsed = Condition::parse(&text.text, &mut placeholders);
        prop_assert_eq!(parsed.is_ok(), valid(&condition), "{} {:?}", text.text, parsed);
        if let Ok(parsed) = parsed {
            prop_assert!(placeholders.check_unused().is_ok());
            for one in on {
                prop_assert_eq!(parsed.holds(&item(&one)), evaluate(&condition, &one), "{} on {:?}", text.text, one);
            }
        }
    }

    #[test]
    fn no_text_panics(text in "([a-c#:_0-9()\\[\\].,=<>+ -]|AND|OR|NOT|IN|BETWEEN|SET|size|contains){0,24}") {
        let mut text_of = Text::default();
        text_of.value(&V::Null);
        let _ = Condition::parse(&text, &mut text_of.placeholders());
        let _ = kumoi_expressions::Update::parse(&text, &mut text_of.placeholders());
        let _ = kumoi_expressions::Projection::parse(&text, &mut text_of.placeholders());
        let _ = kumoi_expressions::KeyConditions::parse(&text, &mut text_of.placeholders());
    }
}
