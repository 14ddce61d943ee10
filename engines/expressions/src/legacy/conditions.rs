//! `KeyConditions`, `QueryFilter` and `ScanFilter`: a comparison of each of some attributes.

use super::invalid;
use crate::{Attribute, Comparator, Condition, Invalid, KeyConditions, KeyTest, Operand, Path};

/// How an attribute is compared with the values of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub enum ComparisonOperator {
    Eq,
    Ne,
    Le,
    Lt,
    Ge,
    Gt,
    NotNull,
    Null,
    Contains,
    NotContains,
    BeginsWith,
    In,
    Between,
}

use ComparisonOperator as Op;

impl ComparisonOperator {
    const ALL: [Self; 13] = [
        Op::Eq,
        Op::Ne,
        Op::Le,
        Op::Lt,
        Op::Ge,
        Op::Gt,
        Op::NotNull,
        Op::Null,
        Op::Contains,
        Op::NotContains,
        Op::BeginsWith,
        Op::In,
        Op::Between,
    ];

    /// The operator of this name, in AWS's spelling.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Op::Eq => "EQ",
            Op::Ne => "NE",
            Op::Le => "LE",
            Op::Lt => "LT",
            Op::Ge => "GE",
            Op::Gt => "GT",
            Op::NotNull => "NOT_NULL",
            Op::Null => "NULL",
            Op::Contains => "CONTAINS",
            Op::NotContains => "NOT_CONTAINS",
            Op::BeginsWith => "BEGINS_WITH",
            Op::In => "IN",
            Op::Between => "BETWEEN",
        }
    }

    fn takes(self, values: usize) -> bool {
        match self {
            Op::NotNull | Op::Null => values == 0,
            Op::Between => values == 2,
            Op::In => values > 0,
            _ => values == 1,
        }
    }

    fn accepts(self, value: &Attribute) -> bool {
        match self {
            Op::Eq | Op::Ne | Op::NotNull | Op::Null => true,
            Op::BeginsWith => matches!(value, Attribute::S(_) | Attribute::B(_)),
            _ => matches!(value, Attribute::S(_) | Attribute::N(_) | Attribute::B(_)),
        }
    }
}

/// An operator and its values.
#[derive(Clone, Debug)]
pub struct LegacyCondition {
    /// `ComparisonOperator`
    pub operator: ComparisonOperator,
    /// `AttributeValueList`
    pub values: Vec<Attribute>,
}

impl LegacyCondition {
    /// Fails on values that the operator cannot be used with.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let name = self.operator.name();
        if !self.operator.takes(self.values.len()) {
            return Err(invalid(&format!("Invalid number of argument(s) for the {name} ComparisonOperator")));
        }
        if let Some(value) = self.values.iter().find(|value| !self.operator.accepts(value)) {
            let known = value.type_name();
            return Err(invalid(&format!("ComparisonOperator {name} is not valid for {known} AttributeValue type")));
        }
        let mut types = self.values.iter().map(Attribute::type_name);
        let first = types.next();
        if types.any(|other| Some(other) != first) {
            return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
        }
        if let (Op::Between, [low, high]) = (self.operator, self.values.as_slice())
            && low.order(high).is_some_and(|order| order.is_gt())
        {
            return Err(Invalid::new(
                "The BETWEEN condition was provided a range where the lower bound is bigger than the upper bound",
            ));
        }
        Ok(())
    }

    /// The condition on an attribute. Of values that [`LegacyCondition::check`] has seen.
    pub(super) fn on(self, name: &str) -> Condition {
        let path = Path::attribute(name);
        let operand = Operand::Path(path.clone());
        let operator = self.operator;
        let mut values = self.values.into_iter().map(Operand::Value);
        let nothing = Operand::Value(Attribute::Null);
        let compare = |comparator, value: Option<Operand>, operand| {
            Condition::Compare(comparator, operand, value.unwrap_or(Operand::Value(Attribute::Null)))
        };
        match operator {
            Op::NotNull => Condition::Exists(path),
            Op::Null => Condition::NotExists(path),
            Op::In => Condition::In(operand, values.collect()),
            Op::Between => {
                let low = values.next().unwrap_or(nothing.clone());
                Condition::Between(Box::new([operand, low, values.next().unwrap_or(nothing)]))
            }
            Op::Eq => compare(Comparator::Equal, values.next(), operand),
            Op::Ne => compare(Comparator::NotEqual, values.next(), operand),
            Op::Le => compare(Comparator::LessOrEqual, values.next(), operand),
            Op::Lt => compare(Comparator::Less, values.next(), operand),
            Op::Ge => compare(Comparator::GreaterOrEqual, values.next(), operand),
            Op::Gt => compare(Comparator::Greater, values.next(), operand),
            Op::BeginsWith => Condition::BeginsWith(operand, values.next().unwrap_or(nothing)),
            Op::Contains => Condition::Contains(operand, values.next().unwrap_or(nothing)),
            // It holds of no attribute that is not there.
            Op::NotContains => Condition::And(vec![
                Condition::Exists(path),
                Condition::Not(Box::new(Condition::Contains(operand, values.next().unwrap_or(nothing)))),
            ]),
        }
    }

    fn key_test(self) -> Result<KeyTest, Invalid> {
        let mut values = self.values.into_iter();
        Ok(match (self.operator, values.next(), values.next()) {
            (Op::Eq, Some(value), _) => KeyTest::Equal(value),
            (Op::Le, Some(value), _) => KeyTest::LessOrEqual(value),
            (Op::Lt, Some(value), _) => KeyTest::Less(value),
            (Op::Ge, Some(value), _) => KeyTest::GreaterOrEqual(value),
            (Op::Gt, Some(value), _) => KeyTest::Greater(value),
            (Op::BeginsWith, Some(value), _) => KeyTest::BeginsWith(value),
            (Op::Between, Some(low), Some(high)) => KeyTest::Between(low, high),
            _ => return Err(Invalid::new("Attempted conditional constraint is not an indexable operation")),
        })
    }
}

/// The condition that `QueryFilter` or `ScanFilter` state, by names of attributes. `either`: whether one of them is enough
/// (`ConditionalOperator` is `OR`).
pub fn filter(
    conditions: impl IntoIterator<Item = (String, LegacyCondition)>,
    either: bool,
) -> Result<Condition, Invalid> {
    let mut all = Vec::new();
    for (name, condition) in conditions {
        condition.check()?;
        all.push(condition.on(&name));
    }
    Ok(joined(all, either))
}

/// What `KeyConditions` state, by names of attributes.
pub fn key_conditions(
    conditions: impl IntoIterator<Item = (String, LegacyCondition)>,
) -> Result<KeyConditions, Invalid> {
    let mut tests = Vec::new();
    for (name, condition) in conditions {
        condition.check()?;
        tests.push((name, condition.key_test()?));
    }
    KeyConditions::new(
        tests,
        "1 validation error detected: One or more parameter values were invalid: Duplicate key in KeyConditions",
    )
}

/// All of the conditions, or one of them. Of none, always.
pub(super) fn joined(conditions: Vec<Condition>, either: bool) -> Condition {
    if either && !conditions.is_empty() { Condition::Or(conditions) } else { Condition::And(conditions) }
}
