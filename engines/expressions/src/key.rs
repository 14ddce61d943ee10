//! Key conditions: which keys a query is about.
//!
//! Follows the Developer Guide, "Key condition expressions for the Query operation", and "Multi-attribute keys" of global secondary indexes.

use crate::condition::{Comparator, Condition, Operand, begins_with, parse};
use crate::parser::Kind;
use crate::{Attribute, Invalid, Path, Placeholders};

const UNSUPPORTED: &str = "Query key condition not supported";
const WRONG_TYPE: &str =
    "One or more parameter values were invalid: Condition parameter type does not match schema type";

/// What one attribute of a key must be.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is what its operator says")]
pub enum KeyTest {
    Equal(Attribute),
    Less(Attribute),
    LessOrEqual(Attribute),
    Greater(Attribute),
    GreaterOrEqual(Attribute),
    /// Not below the first, not above the second.
    Between(Attribute, Attribute),
    BeginsWith(Attribute),
}

impl KeyTest {
    /// Whether a key fulfils it.
    pub fn holds(&self, key: &Attribute) -> bool {
        let order = |value: &Attribute| key.order(value);
        match self {
            Self::Equal(value) => key == value,
            Self::Less(value) => order(value).is_some_and(|order| order.is_lt()),
            Self::LessOrEqual(value) => order(value).is_some_and(|order| order.is_le()),
            Self::Greater(value) => order(value).is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual(value) => order(value).is_some_and(|order| order.is_ge()),
            Self::Between(low, high) => {
                order(low).is_some_and(|order| order.is_ge()) && order(high).is_some_and(|order| order.is_le())
            }
            Self::BeginsWith(start) => begins_with(key, start),
        }
    }

    fn values(&self) -> impl Iterator<Item = &Attribute> {
        let (first, second) = match self {
            Self::Between(low, high) => (low, Some(high)),
            Self::Equal(value)
            | Self::Less(value)
            | Self::LessOrEqual(value)
            | Self::Greater(value)
            | Self::GreaterOrEqual(value)
            | Self::BeginsWith(value) => (value, None),
        };
        std::iter::once(first).chain(second)
    }
}

/// The type of an attribute of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's descriptors of the types")]
pub enum KeyType {
    S,
    N,
    B,
}

impl KeyType {
    /// Whether a value has this type.
    pub fn fits(self, value: &Attribute) -> bool {
        matches!((self, value), (Self::S, Attribute::S(_)) | (Self::N, Attribute::N(_)) | (Self::B, Attribute::B(_)))
    }
}

/// An attribute of a key: its name and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the sentence above says")]
pub struct KeyPart<'a> {
    pub name: &'a str,
    pub kind: KeyType,
}

/// The key of a table or an index: one to four attributes of the partition key, and none to four of the sort key.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are what the sentence above says")]
pub struct KeySchema<'a> {
    pub partition: &'a [KeyPart<'a>],
    pub sort: &'a [KeyPart<'a>],
}

/// Tests of attributes by name, as yet without a key that they are for.
#[derive(Clone, Debug)]
pub struct KeyConditions {
    tests: Vec<(String, KeyTest)>,
}

/// What a query reads: a partition, and a range of sort keys in it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyQuery {
    /// The partition key, an attribute for each of the schema.
    pub partition: Vec<Attribute>,
    /// What the first attributes of the sort key equal.
    pub equal: Vec<Attribute>,
    /// What the next attribute of the sort key must be; never an equality.
    pub last: Option<KeyTest>,
}

impl KeyConditions {
    /// Parses a `KeyConditionExpression`.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, Invalid> {
        let condition = parse(Kind::KeyCondition, text, placeholders)?;
        let mut tests = Vec::new();
        collect(condition, &mut tests)?;
        Self::new(
            tests,
            "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
        )
    }

    /// Of tests for different attributes.
    pub(crate) fn new(tests: Vec<(String, KeyTest)>, twice: &str) -> Result<Self, Invalid> {
        let repeated =
            |(at, (name, _)): (usize, &(String, KeyTest))| tests.iter().take(at).any(|(other, _)| other == name);
        if tests.iter().enumerate().any(repeated) {
            return Err(Invalid::new(twice));
        }
        Ok(Self { tests })
    }

    /// What they mean for a key. Fails if they are no conditions of it.
    pub fn bind(&self, schema: &KeySchema<'_>) -> Result<KeyQuery, Invalid> {
        if schema.partition.len() > 1 || schema.sort.len() > 1 {
            return self.bind_many(schema);
        }
        if self.tests.is_empty() || self.tests.len() > 2 {
            return Err(Invalid::new("Conditions can be of length 1 or 2 only"));
        }
        let partition = schema.partition.iter().map(|part| self.equality(part)).collect::<Result<_, _>>()?;
        let sort = match (schema.sort.first(), self.tests.len()) {
            (_, 1) => return Ok(KeyQuery { partition, equal: Vec::new(), last: None }),
            (Some(part), _) => self.test(part)?.ok_or_else(|| missed(part))?,
            (None, _) => return Err(Invalid::new(UNSUPPORTED)),
        };
        Ok(match sort.clone() {
            KeyTest::Equal(value) => KeyQuery { partition, equal: vec![value], last: None },
            test => KeyQuery { partition, equal: Vec::new(), last: Some(test) },
        })
    }

    /// For a key of several attributes: all of the partition key, and the sort key from left to right, where only the last may be another
    /// test than equality.
    fn bind_many(&self, schema: &KeySchema<'_>) -> Result<KeyQuery, Invalid> {
        let refuse = |rule: &str| Err(Invalid::new(format!("{UNSUPPORTED}: {rule}")));
        let parts = || schema.partition.iter().chain(schema.sort);
        if let Some((name, _)) = self.tests.iter().find(|(name, _)| !parts().any(|part| part.name == name)) {
            return refuse(&format!("{name} is not an attribute of the key"));
        }
        let mut partition = Vec::new();
        for part in schema.partition {
            let Some(KeyTest::Equal(value)) = self.test(part)? else {
                return refuse("all HASH key attributes must have equality conditions");
            };
            partition.push(value.clone());
        }
        let mut query = KeyQuery { partition, equal: Vec::new(), last: None };
        let mut ended = false;
        for part in schema.sort {
            match self.test(part)? {
                None => ended = true,
                Some(_) if ended => {
                    return refuse(
                        "RANGE key attributes before the last one with a condition must have equality conditions",
                    );
                }
                Some(KeyTest::Equal(value)) => query.equal.push(value.clone()),
                Some(test) => {
                    query.last = Some(test.clone());
                    ended = true;
                }
            }
        }
        Ok(query)
    }

    /// The test of an attribute of the key, if there is one.
    fn test(&self, part: &KeyPart<'_>) -> Result<Option<&KeyTest>, Invalid> {
        let Some((_, test)) = self.tests.iter().find(|(name, _)| name == part.name) else { return Ok(None) };
        if !test.values().all(|value| part.kind.fits(value)) {
            return Err(Invalid::new(WRONG_TYPE));
        }
        test.values().try_for_each(|value| not_empty(part, value))?;
        Ok(Some(test))
    }

    /// The value that the partition key must equal.
    fn equality(&self, part: &KeyPart<'_>) -> Result<Attribute, Invalid> {
        let named = self.tests.iter().find(|(name, _)| name == part.name);
        match named {
            None => Err(missed(part)),
            Some((_, KeyTest::Equal(_))) => match self.test(part)? {
                Some(KeyTest::Equal(value)) => Ok(value.clone()),
                _ => Err(Invalid::new(UNSUPPORTED)),
            },
            Some(_) => Err(Invalid::new(UNSUPPORTED)),
        }
    }
}

fn missed(part: &KeyPart<'_>) -> Invalid {
    Invalid::new(format!("Query condition missed key schema element: {}", part.name))
}

fn not_empty(part: &KeyPart<'_>, value: &Attribute) -> Result<(), Invalid> {
    let kind = match value {
        Attribute::S(text) if text.is_empty() => "string",
        Attribute::B(bytes) if bytes.is_empty() => "binary",
        _ => return Ok(()),
    };
    let name = part.name;
    Err(Invalid::new(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"
    )))
}

/// The tests of a condition, which must be nothing but tests and `AND`. It is nested no deeper than the parser allows.
fn collect(condition: Condition, tests: &mut Vec<(String, KeyTest)>) -> Result<(), Invalid> {
    let operator = |name: &str| Err(Invalid::new(format!("Invalid operator used in KeyConditionExpression: {name}")));
    let (name, test) = match condition {
        Condition::And(conditions) => {
            return conditions.into_iter().try_for_each(|condition| collect(condition, tests));
        }
        Condition::Or(_) => return operator("OR"),
        Condition::Not(_) => return operator("NOT"),
        Condition::In(..) => return operator("IN"),
        Condition::Exists(_) => return operator("attribute_exists"),
        Condition::NotExists(_) => return operator("attribute_not_exists"),
        Condition::Type(..) => return operator("attribute_type"),
        Condition::Contains(..) => return operator("contains"),
        Condition::Compare(Comparator::NotEqual, ..) => return operator("<>"),
        Condition::Compare(comparator, left, right) => comparison(comparator, left, right)?,
        Condition::Between(operands) => {
            let [key, low, high] = *operands;
            let name = first(key, "BETWEEN")?;
            (name, KeyTest::Between(value(low)?, value(high)?))
        }
        Condition::BeginsWith(key, start) => (first(key, "begins_with")?, KeyTest::BeginsWith(value(start)?)),
    };
    tests.push((name, test));
    Ok(())
}

fn comparison(comparator: Comparator, left: Operand, right: Operand) -> Result<(String, KeyTest), Invalid> {
    let (name, value, turned) = match (left, right) {
        (Operand::Path(_), Operand::Path(_)) => return Err(several()),
        (Operand::Path(path), Operand::Value(value)) => (attribute(path)?, value, false),
        (Operand::Value(value), Operand::Path(path)) => (attribute(path)?, value, true),
        (Operand::Value(_), Operand::Value(_)) => {
            return Err(Invalid::new("Invalid condition in KeyConditionExpression: No key attribute specified"));
        }
        _ => return Err(nested()),
    };
    let test = match (comparator, turned) {
        (Comparator::Less, false) | (Comparator::Greater, true) => KeyTest::Less(value),
        (Comparator::LessOrEqual, false) | (Comparator::GreaterOrEqual, true) => KeyTest::LessOrEqual(value),
        (Comparator::Greater, false) | (Comparator::Less, true) => KeyTest::Greater(value),
        (Comparator::GreaterOrEqual, false) | (Comparator::LessOrEqual, true) => KeyTest::GreaterOrEqual(value),
        (Comparator::Equal | Comparator::NotEqual, _) => KeyTest::Equal(value),
    };
    Ok((name, test))
}

fn several() -> Invalid {
    Invalid::new("Invalid condition in KeyConditionExpression: multiple attribute names used in one condition")
}

fn nested() -> Invalid {
    Invalid::new("Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations")
}

fn attribute(path: Path) -> Result<String, Invalid> {
    if path.steps.is_empty() {
        Ok(path.attribute)
    } else {
        Err(Invalid::new(
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        ))
    }
}

/// The attribute that an operator or function has first.
fn first(operand: Operand, operator: &str) -> Result<String, Invalid> {
    match operand {
        Operand::Path(path) => attribute(path),
        Operand::Value(_) => Err(Invalid::new(format!(
            "Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its first operand"
        ))),
        Operand::Size(_) => Err(nested()),
    }
}

fn value(operand: Operand) -> Result<Attribute, Invalid> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Path(_) => Err(several()),
        Operand::Size(_) => Err(nested()),
    }
}
