//! `Expected`: what must be true of an item that is written.

use super::conditions::joined;
use super::{ComparisonOperator, LegacyCondition, invalid};
use crate::{Attribute, Condition, Invalid, Path};

/// What is expected of one attribute: either a comparison, or a value, or that it is not there.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// `Value`
    pub value: Option<Attribute>,
    /// `Exists`
    pub exists: Option<bool>,
    /// `ComparisonOperator`
    pub operator: Option<ComparisonOperator>,
    /// `AttributeValueList`
    pub values: Option<Vec<Attribute>>,
}

/// The condition that `Expected` states, by names of attributes. `either`: whether one of them is enough (`ConditionalOperator` is `OR`).
pub fn expected(conditions: impl IntoIterator<Item = (String, Expected)>, either: bool) -> Result<Condition, Invalid> {
    let conditions = conditions.into_iter().map(|(name, expected)| expected.on(&name));
    let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
    Ok(joined(conditions, either))
}

impl Expected {
    fn on(self, name: &str) -> Result<Condition, Invalid> {
        let refuse = |rule: &str| Err(invalid(&format!("{rule} for Attribute: {name}")));
        let Some(operator) = self.operator else {
            if self.values.is_some() {
                return refuse("AttributeValueList can only be used with a ComparisonOperator");
            }
            return match (self.exists, self.value) {
                (Some(false), None) => Ok(Condition::NotExists(Path::attribute(name))),
                (Some(false), Some(_)) => refuse("Value cannot be used when Exists is false"),
                (_, Some(value)) => {
                    Ok(LegacyCondition { operator: ComparisonOperator::Eq, values: vec![value] }.on(name))
                }
                (Some(true), None) => refuse("Value must be provided when Exists is true"),
                (None, None) => refuse("Value must be provided when Exists is null"),
            };
        };
        if self.exists.is_some() {
            return refuse("Exists and ComparisonOperator cannot be used together");
        }
        let values = match (self.value, self.values) {
            (Some(_), Some(_)) => return refuse("Value and AttributeValueList cannot be used together"),
            // The API Reference forbids it, DynamoDB takes it.
            (Some(value), None) => vec![value],
            (None, Some(values)) => values,
            (None, None) if matches!(operator, ComparisonOperator::Null | ComparisonOperator::NotNull) => Vec::new(),
            (None, None) => {
                let operator = operator.name();
                return refuse(&format!(
                    "Value or AttributeValueList must be used with ComparisonOperator: {operator}"
                ));
            }
        };
        let condition = LegacyCondition { operator, values };
        condition.check()?;
        Ok(condition.on(name))
    }
}
