use kumoi_expressions::{Item, Update};
use proptest::collection::vec;
use proptest::prelude::*;

use super::plain::{I, P, Seg, Text, V, find, item, items, paths, values};

#[derive(Clone, Debug)]
enum O {
    Path(P),
    Value(V),
    Else(P, Box<O>),
}

#[derive(Clone, Debug)]
enum A {
    Set(P, O),
    Plus(P, O, O),
    Minus(P, O, O),
    Append(P, O, O),
    Remove(P),
    Add(P, V),
    Delete(P, V),
}

impl A {
    fn path(&self) -> &P {
        match self {
            A::Set(path, _) | A::Plus(path, ..) | A::Minus(path, ..) | A::Append(path, ..) => path,
            A::Remove(path) | A::Add(path, _) | A::Delete(path, _) => path,
        }
    }

    fn section(&self) -> &'static str {
        match self {
            A::Set(..) | A::Plus(..) | A::Minus(..) | A::Append(..) => "SET",
            A::Remove(_) => "REMOVE",
            A::Add(..) => "ADD",
            A::Delete(..) => "DELETE",
        }
    }
}

fn operands() -> impl Strategy<Value = O> {
    let leaf = || prop_oneof![paths().prop_map(O::Path), values().prop_map(O::Value)];
    prop_oneof![3 => leaf(), 1 => (paths(), leaf()).prop_map(|(path, other)| O::Else(path, Box::new(other)))]
}

fn actions() -> impl Strategy<Value = A> {
    let p = || paths();
    let o = || operands();
    let numbers = || prop_oneof![paths().prop_map(O::Path), (-2i64..4).prop_map(|value| O::Value(V::N(value)))];
    let lists = || prop_oneof![paths().prop_map(O::Path), vec(values(), 0..2).prop_map(|list| O::Value(V::L(list)))];
    prop_oneof![
        4 => (p(), o()).prop_map(|(path, operand)| A::Set(path, operand)),
        1 => (p(), numbers(), numbers()).prop_map(|(path, left, right)| A::Plus(path, left, right)),
        1 => (p(), numbers(), numbers()).prop_map(|(path, left, right)| A::Minus(path, left, right)),
        1 => (p(), lists(), lists()).prop_map(|(path, left, right)| A::Append(path, left, right)),
        3 => p().prop_map(A::Remove),
        2 => (p(), values()).prop_map(|(path, value)| A::Add(path, value)),
        1 => (p(), values()).prop_map(|(path, value)| A::Delete(path, value)),
    ]
}

fn write_operand(out: &mut Text, operand: &O) {
    match operand {
        O::Path(path) => out.path(path),
        O::Value(value) => out.value(value),
        O::Else(path, other) => {
            out.push("if_not_exists(");
            out.path(path);
            out.push(",");
            write_operand(out, other);
            out.push(")");
        }
    }
}

fn write(out: &mut Text, action: &A) {
    out.path(action.path());
    let mut two = |open: &str, left: &O, between: &str, right: &O, close: &str| {
        out.push(open);
        write_operand(out, left);
        out.push(between);
        write_operand(out, right);
        out.push(close);
    };
    match action {
        A::Set(_, operand) => {
            out.push(" = ");
            write_operand(out, operand);
        }
        A::Plus(_, left, right) => two(" = ", left, " + ", right, ""),
        A::Minus(_, left, right) => two(" = (", left, "-", right, ")"),
        A::Append(_, left, right) => two(" = list_append(", left, ", ", right, ")"),
        A::Remove(_) => {}
        A::Add(_, value) | A::Delete(_, value) => {
            out.push(" ");
            out.value(value);
        }
    }
}

fn clash(left: &P, right: &P) -> bool {
    let shared = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let same_sort = match (left.get(shared), right.get(shared)) {
        (Some(left), Some(right)) => matches!(left, Seg::Name(_)) == matches!(right, Seg::Name(_)),
        _ => false,
    };
    !same_sort
}

/// Whether AWS takes it, whatever the item.
fn valid(actions: &[A]) -> bool {
    let pairs =
        actions.iter().enumerate().flat_map(|(at, one)| actions[at + 1..].iter().map(move |other| (one, other)));
    let set = |value: &V| matches!(value, V::Ss(_) | V::Ns(_));
    let mut pairs = pairs;
    !pairs.any(|(one, other)| clash(one.path(), other.path()))
        && actions.iter().all(|action| match action {
            A::Add(_, value) => set(value) || matches!(value, V::N(_)),
            A::Delete(_, value) => set(value),
            _ => true,
        })
}

fn value(operand: &O, item: &I) -> Option<V> {
    match operand {
        O::Path(path) => find(item, path),
        O::Value(value) => Some(value.clone()),
        O::Else(path, other) => find(item, path).or_else(|| value(other, item)),
    }
}

fn sorted<T: Ord>(mut set: Vec<T>) -> Vec<T> {
    set.sort();
    set.dedup();
    set
}

/// What a path becomes; `None` where the item does not allow it.
fn outcome(action: &A, item: &I) -> Option<Option<V>> {
    let old = find(item, action.path());
    Some(match action {
        A::Set(_, operand) => Some(value(operand, item)?),
        A::Plus(_, left, right) | A::Minus(_, left, right) => match (value(left, item)?, value(right, item)?) {
            (V::N(left), V::N(right)) => {
                Some(V::N(if matches!(action, A::Plus(..)) { left + right } else { left - right }))
            }
            _ => return None,
        },
        A::Append(_, left, right) => match (value(left, item)?, value(right, item)?) {
            (V::L(left), V::L(right)) => Some(V::L([left, right].concat())),
            _ => return None,
        },
        A::Remove(_) => None,
        A::Add(_, value) => Some(match (old, value.clone()) {
            (None, value) => value,
            (Some(V::N(old)), V::N(value)) => V::N(old + value),
            (Some(V::Ss(old)), V::Ss(value)) => V::Ss(sorted([old, value].concat())),
            (Some(V::Ns(old)), V::Ns(value)) => V::Ns(sorted([old, value].concat())),
            _ => return None,
        }),
        A::Delete(_, value) => match (old, value) {
            (None, _) => None,
            (Some(V::Ss(mut old)), V::Ss(value)) => {
                old.retain(|element| !value.contains(element));
                (!old.is_empty()).then_some(V::Ss(old))
            }
            (Some(V::Ns(mut old)), V::Ns(value)) => {
                old.retain(|element| !value.contains(element));
                (!old.is_empty()).then_some(V::Ns(old))
            }
            _ => return None,
        },
    })
}

/// Puts one value in its place, or takes what is there away.
fn change(value: &mut V, path: &[Seg], new: Option<V>) -> Option<()> {
    let (seg, rest) = path.split_first()?;
    match (value, seg) {
        (V::M(map), Seg::Name(name)) if rest.is_empty() => {
            match new {
                Some(new) => map.insert(name.clone(), new),
                None => map.remove(name),
            };
        }
        (V::M(map), Seg::Name(name)) => change(map.get_mut(name)?, rest, new)?,
        (V::L(list), Seg::At(at)) if rest.is_empty() => match new {
            Some(new) if *at < list.len() => list[*at] = new,
            Some(new) => list.push(new),
            None if *at < list.len() => {
                list.remove(*at);
            }
            None => {}
        },
        (V::L(list), Seg::At(at)) => change(list.get_mut(*at)?, rest, new)?,
        _ => return None,
    }
    Some(())
}

fn evaluate(actions: &[A], item: &I) -> Option<I> {
    let mut puts = Vec::new();
    let mut removes = Vec::new();
    for action in actions {
        let path = action.path();
        let parent = find(item, &path[..path.len() - 1])?;
        match (parent, path.last()?) {
            (V::M(_), Seg::Name(_)) | (V::L(_), Seg::At(_)) => {}
            _ => return None,
        }
        match outcome(action, item)? {
            Some(value) => puts.push((path.clone(), value)),
            None if find(item, path).is_some() => removes.push(path.clone()),
            None => {}
        }
    }
    // What is appended goes to the end by the order of indexes; what is removed goes from the end, so that indexes stay what they are.
    puts.sort_by(|(left, _), (right, _)| left.cmp(right));
    removes.sort();
    let mut new = V::M(item.clone());
    for (path, value) in puts {
        change(&mut new, &path, Some(value))?;
    }
    for path in removes.iter().rev() {
        change(&mut new, path, None)?;
    }
    match new {
        V::M(new) => Some(new),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn updates_agree(actions in vec(actions(), 1..5), old in items()) {
        let mut text = Text::default();
        for section in ["SET", "REMOVE", "ADD", "DELETE"] {
            let mut before = section;
            for action in actions.iter().filter(|action| action.section() == section) {
                text.push(before);
                text.push(" ");
                write(&mut text, action);
                before = ",";
            }
            text.push(" ");
        }
        let parsed = Update::parse(&text.text, &mut text.placeholders());
        prop_assert_eq!(parsed.is_ok(), valid(&actions), "{} {:?}", text.text, parsed);
        if let Ok(update) = parsed {
            let new = update.apply(Some(&item(&old)), &Item::new());
            let expected = evaluate(&actions, &old);
            prop_assert_eq!(new.is_ok(), expected.is_some(), "{} on {:?}: {:?}", &text.text, &old, new);
            if let (Ok(new), Some(expected)) = (new, expected) {
                prop_assert_eq!(new, item(&expected), "{} on {:?}", text.text, old);
            }
        }
    }
}
