//! The parameters in which requests write expressions, and the older ones that stood for them: which go together, and what they say.
//!
//! Follows "Expressions" and "Legacy conditional parameters" of the Developer Guide. An operation first says which it was given ([`Given`]), has its
//! expressions parsed with the [`Placeholders`] that come of it, and then has those checked for ones that no expression uses.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use kumoi_expressions::{
    AttributeUpdate, ComparisonOperator, Condition, Expected, KeyConditions, LegacyCondition, Placeholders, Projection,
    Update, UpdateAction,
};
use kumoi_model::Value;

use crate::api::{self, AttributeValueUpdate, ExpectedAttributeValue};
use crate::attribute::{attribute, checked_name};
use crate::errors::{invalid, refuse, validation};

/// Attributes by name, as a request has them.
pub(crate) type Values = BTreeMap<String, Value>;

/// Which of an operation's expressions and older parameters a request has.
pub(crate) struct Given<'a> {
    /// Expressions that can have values, by the names of their parameters, in the order in which messages tell them.
    pub(crate) expressions: &'a [(&'static str, bool)],
    /// `ProjectionExpression`, which has no values.
    pub(crate) projection: bool,
    /// Older parameters.
    pub(crate) older: &'a [(&'static str, bool)],
}

impl Given<'_> {
    /// The placeholders of the request, if what it has goes together.
    pub(crate) fn placeholders(
        &self,
        names: Option<BTreeMap<String, String>>,
        values: Option<Values>,
    ) -> Result<Placeholders, Fault> {
        let projection = [("ProjectionExpression", self.projection)];
        let set = |list: &[(&'static str, bool)]| {
            list.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect::<Vec<_>>()
        };
        let (older, expressions) = (set(self.older), [set(&projection), set(self.expressions)].concat());
        if !older.is_empty() && !expressions.is_empty() {
            return Err(validation(format!(
                "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
                older.join(", "),
                expressions.join(", "),
            )));
        }
        if names.is_some() && expressions.is_empty() {
            return Err(validation("ExpressionAttributeNames can only be specified when using expressions"));
        }
        if values.is_some() && !self.expressions.iter().any(|(_, given)| *given) {
            let all: Vec<_> = self.expressions.iter().map(|(name, _)| *name).collect();
            let are = if all.len() == 1 { "is" } else { "are" };
            let reason = match all.is_empty() {
                true => String::new(),
                false => format!(": {} {are} null", all.join(" and ")),
            };
            return Err(validation(format!(
                "ExpressionAttributeValues can only be specified when using expressions{reason}"
            )));
        }
        let read = |values: &Values| values.iter().map(|(name, value)| value_of(name, value)).collect();
        let values = values.as_ref().map(read).transpose()?;
        Placeholders::new(names, values).map_err(refuse)
    }
}

fn value_of(name: &str, value: &Value) -> Result<(String, kumoi_expressions::Attribute), Fault> {
    let told = |fault: Fault| {
        validation(format!("ExpressionAttributeValues contains invalid value: {} for key {name}", fault.message()))
    };
    Ok((name.to_owned(), attribute(value).map_err(told)?))
}

/// Whether `ConditionalOperator` says that one condition is enough.
fn either(operator: Option<&str>, conditions: bool) -> Result<bool, Fault> {
    if operator.is_some() && !conditions {
        return Err(validation("ConditionalOperator cannot be used without Filter or Expected"));
    }
    Ok(operator == Some("OR"))
}

/// The condition of a write, by `ConditionExpression` or by `Expected`.
pub(crate) fn condition(
    expression: Option<&str>,
    expected: Option<BTreeMap<String, ExpectedAttributeValue>>,
    operator: Option<&str>,
    placeholders: &mut Placeholders,
) -> Result<Option<Condition>, Fault> {
    let either = either(operator, expected.as_ref().is_some_and(|expected| !expected.is_empty()))?;
    if let Some(text) = expression {
        return Condition::parse(text, placeholders).map(Some).map_err(refuse);
    }
    let Some(expected) = expected.filter(|expected| !expected.is_empty()) else { return Ok(None) };
    let mut conditions = Vec::with_capacity(expected.len());
    for (name, expected) in expected {
        checked_name(&name)?;
        let values = expected.attribute_value_list.as_deref().map(attributes).transpose()?;
        let value = expected.value.as_ref().map(attribute).transpose()?;
        let operator = expected.comparison_operator.as_deref().and_then(ComparisonOperator::named);
        conditions.push((name, Expected { value, exists: expected.exists, operator, values }));
    }
    kumoi_expressions::expected(conditions, either).map(Some).map_err(refuse)
}

fn attributes(list: &[Value]) -> Result<Vec<kumoi_expressions::Attribute>, Fault> {
    list.iter().map(attribute).collect()
}

/// The update of `UpdateExpression` or `AttributeUpdates`.
pub(crate) fn update(
    expression: Option<&str>,
    updates: Option<BTreeMap<String, AttributeValueUpdate>>,
    placeholders: &mut Placeholders,
) -> Result<Option<Update>, Fault> {
    if let Some(text) = expression {
        return Update::parse(text, placeholders).map(Some).map_err(refuse);
    }
    let Some(updates) = updates else { return Ok(None) };
    let read = |(name, update): (String, AttributeValueUpdate)| {
        checked_name(&name)?;
        let action = match update.action.as_deref() {
            Some("ADD") => UpdateAction::Add,
            Some("DELETE") => UpdateAction::Delete,
            _ => UpdateAction::Put,
        };
        Ok((name, AttributeUpdate { action, value: update.value.as_ref().map(attribute).transpose()? }))
    };
    let updates = updates.into_iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
    kumoi_expressions::updates(updates).map(Some).map_err(refuse)
}

/// What is answered of items, by `ProjectionExpression` or `AttributesToGet`.
pub(crate) fn projection(
    expression: Option<&str>,
    names: Option<&[String]>,
    placeholders: &mut Placeholders,
) -> Result<Option<Projection>, Fault> {
    match (expression, names) {
        (Some(text), _) => Projection::parse(text, placeholders).map(Some).map_err(refuse),
        (None, Some(names)) => {
            names.iter().try_for_each(|name| checked_name(name).map(drop))?;
            Projection::attributes(names.iter().map(String::as_str)).map(Some).map_err(refuse)
        }
        (None, None) => Ok(None),
    }
}

/// Conditions in the older form.
fn older(conditions: BTreeMap<String, api::Condition>) -> Result<Vec<(String, LegacyCondition)>, Fault> {
    let read = |(name, condition): (String, api::Condition)| {
        checked_name(&name)?;
        let Some(operator) = ComparisonOperator::named(&condition.comparison_operator) else {
            return Err(invalid(format!("Unknown ComparisonOperator: {}", condition.comparison_operator)));
        };
        let values = attributes(condition.attribute_value_list.as_deref().unwrap_or_default())?;
        Ok((name, LegacyCondition { operator, values }))
    };
    conditions.into_iter().map(read).collect()
}

/// The filter of `FilterExpression`, or of `QueryFilter` or `ScanFilter`.
pub(crate) fn filter(
    expression: Option<&str>,
    conditions: Option<BTreeMap<String, api::Condition>>,
    operator: Option<&str>,
    placeholders: &mut Placeholders,
) -> Result<Option<Condition>, Fault> {
    let either = either(operator, conditions.as_ref().is_some_and(|conditions| !conditions.is_empty()))?;
    if let Some(text) = expression {
        return Condition::parse_filter(text, placeholders).map(Some).map_err(refuse);
    }
    let Some(conditions) = conditions.filter(|conditions| !conditions.is_empty()) else { return Ok(None) };
    kumoi_expressions::filter(older(conditions)?, either).map(Some).map_err(refuse)
}

/// The keys that a query is about, by `KeyConditionExpression` or `KeyConditions`.
pub(crate) fn key_conditions(
    expression: Option<&str>,
    conditions: Option<BTreeMap<String, api::Condition>>,
    placeholders: &mut Placeholders,
) -> Result<KeyConditions, Fault> {
    match (expression, conditions) {
        (Some(text), _) => KeyConditions::parse(text, placeholders).map_err(refuse),
        (None, Some(conditions)) => kumoi_expressions::key_conditions(older(conditions)?).map_err(refuse),
        (None, None) => Err(validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        )),
    }
}
