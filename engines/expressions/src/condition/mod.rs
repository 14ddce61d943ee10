//! Conditions on an item: `ConditionExpression`, `FilterExpression`, and the legacy parameters that say the same.
//!
//! Follows the Developer Guide, "Condition and filter expressions, operators, and functions".

mod check;
mod parse;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::{Attribute, Item, Number, Path};

pub(crate) use check::{incorrect_type, number};
pub(crate) use parse::{MISUSED, parse, path_required};

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its operator says")]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// The operator of an expression.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it holds for values that are both there. Values of different types have no order, nor have those that are not
    /// strings, numbers or binaries.
    fn holds(self, left: &Attribute, right: &Attribute) -> bool {
        let order = |accepts: fn(Ordering) -> bool| left.order(right).is_some_and(accepts);
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => order(Ordering::is_lt),
            Self::LessOrEqual => order(Ordering::is_le),
            Self::Greater => order(Ordering::is_gt),
            Self::GreaterOrEqual => order(Ordering::is_ge),
        }
    }
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// What the item has there.
    Path(Path),
    /// A value of the request.
    Value(Attribute),
    /// `size` of another.
    Size(Box<Operand>),
}

impl Operand {
    /// Its value for an item, if there is one.
    fn of<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, Attribute>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(operand) => {
                let size = size(operand.of(item)?.as_ref())?;
                Some(Cow::Owned(Attribute::N(Number::from(size as u64))))
            }
        }
    }
}

/// What the function `size` says; `None` for types that have no size. Strings are counted in UTF-16, as DynamoDB does, not in bytes.
fn size(value: &Attribute) -> Option<usize> {
    match value {
        Attribute::S(text) => Some(text.encode_utf16().count()),
        Attribute::B(bytes) => Some(bytes.len()),
        Attribute::Ss(set) => Some(set.len()),
        Attribute::Ns(set) => Some(set.len()),
        Attribute::Bs(set) => Some(set.len()),
        Attribute::L(list) => Some(list.len()),
        Attribute::M(map) => Some(map.len()),
        Attribute::N(_) | Attribute::Bool(_) | Attribute::Null => None,
    }
}

/// A condition that an item fulfils or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// Not it.
    Not(Box<Condition>),
    /// An operator between two operands.
    Compare(Comparator, Operand, Operand),
    /// `BETWEEN`: the first is neither below the second nor above the third.
    Between(Box<[Operand; 3]>),
    /// `IN`: the first equals one of the others.
    In(Operand, Vec<Operand>),
    /// `attribute_exists`
    Exists(Path),
    /// `attribute_not_exists`
    NotExists(Path),
    /// `attribute_type`, with the descriptor of a type.
    Type(Operand, String),
    /// `begins_with`
    BeginsWith(Operand, Operand),
    /// `contains`
    Contains(Operand, Operand),
}

impl Condition {
    /// Whether an item fulfils it. For an item that is not there: an empty one.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(all) => all.iter().all(|condition| condition.holds(item)),
            Self::Or(any) => any.iter().any(|condition| condition.holds(item)),
            Self::Not(condition) => !condition.holds(item),
            Self::Compare(comparator, left, right) => match (left.of(item), right.of(item)) {
                (Some(left), Some(right)) => comparator.holds(&left, &right),
                // What is not there equals nothing.
                _ => *comparator == Comparator::NotEqual,
            },
            Self::Between(operands) => {
                let [value, low, high] = operands.as_ref();
                let Some(value) = value.of(item) else { return false };
                let above = |low: Cow<'_, Attribute>| value.order(&low).is_some_and(Ordering::is_ge);
                let below = |high: Cow<'_, Attribute>| value.order(&high).is_some_and(Ordering::is_le);
                low.of(item).is_some_and(above) && high.of(item).is_some_and(below)
            }
            Self::In(operand, list) => {
                let Some(value) = operand.of(item) else { return false };
                list.iter().any(|other| other.of(item).as_ref() == Some(&value))
            }
            Self::Exists(path) => path.find(item).is_some(),
            Self::NotExists(path) => path.find(item).is_none(),
            Self::Type(operand, name) => operand.of(item).is_some_and(|value| value.type_name() == name),
            Self::BeginsWith(operand, start) => match (operand.of(item), start.of(item)) {
                (Some(value), Some(start)) => begins_with(&value, &start),
                _ => false,
            },
            Self::Contains(operand, part) => match (operand.of(item), part.of(item)) {
                (Some(value), Some(part)) => contains(&value, &part),
                _ => false,
            },
        }
    }

    /// The first path in it whose top-level attribute is one of these. For what must not look at keys.
    pub fn mentions<'a>(&'a self, names: &[&str]) -> Option<&'a str> {
        let operands = |operands: &[&'a Operand]| operands.iter().find_map(|operand| operand.mentions(names));
        let path = |path: &'a Path| names.contains(&path.attribute.as_str()).then_some(path.attribute.as_str());
        match self {
            Self::And(conditions) | Self::Or(conditions) => {
                conditions.iter().find_map(|condition| condition.mentions(names))
            }
            Self::Not(condition) => condition.mentions(names),
            Self::Compare(_, left, right) | Self::BeginsWith(left, right) | Self::Contains(left, right) => {
                operands(&[left, right])
            }
            Self::Between(all) => all.iter().find_map(|operand| operand.mentions(names)),
            Self::In(operand, list) => {
                operand.mentions(names).or_else(|| list.iter().find_map(|operand| operand.mentions(names)))
            }
            Self::Type(operand, _) => operand.mentions(names),
            Self::Exists(path_of) | Self::NotExists(path_of) => path(path_of),
        }
    }
}

impl Operand {
    fn mentions(&self, names: &[&str]) -> Option<&str> {
        match self {
            Self::Path(path) => names.contains(&path.attribute.as_str()).then_some(path.attribute.as_str()),
            Self::Value(_) => None,
            Self::Size(operand) => operand.mentions(names),
        }
    }
}

/// Whether a string begins with another, or a binary.
pub(crate) fn begins_with(value: &Attribute, start: &Attribute) -> bool {
    match (value, start) {
        (Attribute::S(value), Attribute::S(start)) => value.starts_with(start.as_str()),
        (Attribute::B(value), Attribute::B(start)) => value.starts_with(start),
        _ => false,
    }
}

/// Whether a string or binary has another in it, a set an element, or a list any value.
fn contains(value: &Attribute, part: &Attribute) -> bool {
    match (value, part) {
        (Attribute::S(value), Attribute::S(part)) => value.contains(part.as_str()),
        (Attribute::B(value), Attribute::B(part)) => {
            part.is_empty() || value.windows(part.len()).any(|window| window == part)
        }
        (Attribute::Ss(set), Attribute::S(part)) => set.contains(part),
        (Attribute::Ns(set), Attribute::N(part)) => set.contains(part),
        (Attribute::Bs(set), Attribute::B(part)) => set.contains(part),
        (Attribute::L(list), part) => list.contains(part),
        _ => false,
    }
}
