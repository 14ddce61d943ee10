//! Which keys a condition asks for, and what of it is left to be asked of each item.

use super::{Delete, Select};
use crate::key::KeyTest;
use crate::{Attribute, Comparator, Condition, Invalid, Item, KeyPart, KeyQuery, KeySchema, Operand};

/// The most partitions that one statement reads.
pub const MAX_PARTITIONS: usize = 50;

/// How a `SELECT` finds its items.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// It looks at all.
    Scan,
    /// It looks at ranges of some partitions, each in its turn.
    Query(Vec<KeyQuery>),
}

impl Select {
    /// How it finds its items by a key, and what these must fulfil besides. Fails if a value is not of its key's type.
    pub fn access(&self, key: &KeySchema<'_>) -> Result<(Access, Option<Condition>), Invalid> {
        let mut conjuncts = self.condition.clone().map(conjuncts).unwrap_or_default();
        let mut taken = Vec::new();
        let mut choices = Vec::new();
        for part in key.partition {
            let choice =
                conjuncts.iter().enumerate().find_map(|(at, condition)| Some((at, one_of(condition, part.name)?)));
            let Some((at, values)) = choice else { return Ok((Access::Scan, self.condition.clone())) };
            taken.push(at);
            choices.push(typed(part, values)?);
        }
        let partitions = combined(choices)?;
        let (mut equal, mut last) = (Vec::new(), None);
        for part in key.sort {
            let tests =
                || conjuncts.iter().enumerate().filter_map(|(at, condition)| Some((at, test(condition, part.name)?)));
            let found = tests().find(|(_, test)| matches!(test, KeyTest::Equal(_))).or_else(|| tests().next());
            let Some((at, test)) = found else { break };
            typed(part, test.values().cloned().collect())?;
            taken.push(at);
            match test {
                KeyTest::Equal(value) => equal.push(value),
                test => {
                    last = Some(test);
                    break;
                }
            }
        }
        remove(&mut conjuncts, taken);
        let query = |partition| KeyQuery { partition, equal: equal.clone(), last: last.clone() };
        Ok((Access::Query(partitions.into_iter().map(query).collect()), joined(conjuncts)))
    }

    /// The key of the only item that it can be about, and what that must fulfil besides; `None` if it asks for no full key.
    pub fn item(&self, key: &[&str]) -> Option<(Item, Option<Condition>)> {
        item(self.condition.as_ref()?, key)
    }
}

impl super::Change {
    /// The key of the item, and what that must fulfil besides; `None` if it asks for no full key.
    pub fn item(&self, key: &[&str]) -> Option<(Item, Option<Condition>)> {
        item(&self.condition, key)
    }
}

impl Delete {
    /// The key of the item, and what that must fulfil besides; `None` if it asks for no full key.
    pub fn item(&self, key: &[&str]) -> Option<(Item, Option<Condition>)> {
        item(&self.condition, key)
    }
}

fn item(condition: &Condition, key: &[&str]) -> Option<(Item, Option<Condition>)> {
    let mut conjuncts = conjuncts(condition.clone());
    let (mut item, mut taken) = (Item::new(), Vec::new());
    for name in key {
        let equal = |(at, condition): (usize, &Condition)| match test(condition, name)? {
            KeyTest::Equal(value) => Some((at, value)),
            _ => None,
        };
        let (at, value) = conjuncts.iter().enumerate().find_map(equal)?;
        taken.push(at);
        item.insert((*name).to_string(), value);
    }
    remove(&mut conjuncts, taken);
    Some((item, joined(conjuncts)))
}

/// The conditions that must all hold. It is nested no deeper than the parser allows.
fn conjuncts(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::And(all) => all.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

fn remove(conjuncts: &mut Vec<Condition>, taken: Vec<usize>) {
    let mut at = 0;
    conjuncts.retain(|_| {
        at += 1;
        !taken.contains(&(at - 1))
    });
}

fn joined(mut conjuncts: Vec<Condition>) -> Option<Condition> {
    match conjuncts.len() {
        0 | 1 => conjuncts.pop(),
        _ => Some(Condition::And(conjuncts)),
    }
}

/// The values of which an attribute must have one, if that is what a condition says.
fn one_of(condition: &Condition, name: &str) -> Option<Vec<Attribute>> {
    let value = |operand: &Operand| match operand {
        Operand::Value(value) => Some(value.clone()),
        _ => None,
    };
    match condition {
        Condition::In(operand, list) if is(operand, name) => list.iter().map(value).collect(),
        Condition::Or(any) => {
            let values: Option<Vec<_>> = any.iter().map(|condition| one_of(condition, name)).collect();
            Some(values?.concat())
        }
        other => match test(other, name)? {
            KeyTest::Equal(value) => Some(vec![value]),
            _ => None,
        },
    }
}

fn is(operand: &Operand, name: &str) -> bool {
    matches!(operand, Operand::Path(path) if path.steps.is_empty() && path.attribute == name)
}

/// What a condition says of a key attribute, if it says just that.
fn test(condition: &Condition, name: &str) -> Option<KeyTest> {
    match condition {
        Condition::Compare(comparator, left, Operand::Value(value)) if is(left, name) => compared(*comparator, value),
        Condition::Compare(comparator, Operand::Value(value), right) if is(right, name) => {
            compared(turned(*comparator), value)
        }
        Condition::Between(operands) => match operands.as_ref() {
            // Bounds that leave nothing between them are left to the filter.
            [operand, Operand::Value(low), Operand::Value(high)]
                if is(operand, name) && !low.order(high).is_some_and(|order| order.is_gt()) =>
            {
                Some(KeyTest::Between(low.clone(), high.clone()))
            }
            _ => None,
        },
        // Numbers begin with nothing; that is left to the filter.
        Condition::BeginsWith(operand, Operand::Value(start @ (Attribute::S(_) | Attribute::B(_))))
            if is(operand, name) =>
        {
            Some(KeyTest::BeginsWith(start.clone()))
        }
        _ => None,
    }
}

fn compared(comparator: Comparator, value: &Attribute) -> Option<KeyTest> {
    let value = value.clone();
    Some(match comparator {
        Comparator::Equal => KeyTest::Equal(value),
        Comparator::Less => KeyTest::Less(value),
        Comparator::LessOrEqual => KeyTest::LessOrEqual(value),
        Comparator::Greater => KeyTest::Greater(value),
        Comparator::GreaterOrEqual => KeyTest::GreaterOrEqual(value),
        Comparator::NotEqual => return None,
    })
}

fn turned(comparator: Comparator) -> Comparator {
    match comparator {
        Comparator::Less => Comparator::Greater,
        Comparator::LessOrEqual => Comparator::GreaterOrEqual,
        Comparator::Greater => Comparator::Less,
        Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        same => same,
    }
}

/// The values, each once, if all have the type of the key.
fn typed(part: &KeyPart<'_>, values: Vec<Attribute>) -> Result<Vec<Attribute>, Invalid> {
    if !values.iter().all(|value| part.kind.fits(value)) {
        return Err(Invalid::new(crate::key::WRONG_TYPE));
    }
    let mut distinct: Vec<Attribute> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    Ok(distinct)
}

/// Every combination of one of each.
fn combined(choices: Vec<Vec<Attribute>>) -> Result<Vec<Vec<Attribute>>, Invalid> {
    let mut all = vec![Vec::new()];
    for choice in choices {
        if all.len() * choice.len() > MAX_PARTITIONS {
            return Err(Invalid::new(format!(
                "The statement names more than {MAX_PARTITIONS} values of the partition key"
            )));
        }
        let with = |start: &Vec<Attribute>, value: &Attribute| [start.as_slice(), std::slice::from_ref(value)].concat();
        all = all.iter().flat_map(|start| choice.iter().map(move |value| with(start, value))).collect();
    }
    Ok(all)
}
