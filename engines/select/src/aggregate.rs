//! `AVG`, `COUNT`, `MAX`, `MIN` and `SUM`: what they have gathered of the records so far.

use crate::decimal::Decimal;
use crate::error::{self, SelectError};
use crate::eval::calculate;
use crate::query::{AggregateKind, Calculation};
use crate::value::Value;

/// What one of them has gathered.
#[derive(Debug)]
pub(crate) struct Gathered {
    kind: AggregateKind,
    count: i64,
    value: Option<Value>,
}

impl Gathered {
    pub(crate) fn new(kind: AggregateKind) -> Self {
        Self { kind, count: 0, value: None }
    }

    /// Counts a record.
    pub(crate) fn count(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// Takes in a value; unknown ones are passed over.
    pub(crate) fn add(&mut self, value: Value) -> Result<(), SelectError> {
        if value.is_unknown() {
            return Ok(());
        }
        self.count();
        let numeric = !matches!(self.kind, AggregateKind::Count);
        let ordered =
            matches!(self.kind, AggregateKind::Max | AggregateKind::Min) && matches!(value, Value::Timestamp(_));
        if numeric && !ordered && !value.is_number() {
            return Err(error::function_type());
        }
        let Some(so_far) = self.value.take() else {
            self.value = Some(value);
            return Ok(());
        };
        let order = || value.compare(&so_far).ok_or_else(error::function_type);
        self.value = Some(match self.kind {
            AggregateKind::Count => so_far,
            AggregateKind::Sum | AggregateKind::Average => calculate(&so_far, Calculation::Add, &value)?,
            AggregateKind::Max => {
                if order()?.is_gt() {
                    value
                } else {
                    so_far
                }
            }
            AggregateKind::Min => {
                if order()?.is_lt() {
                    value
                } else {
                    so_far
                }
            }
        });
        Ok(())
    }

    /// The result; of no values there is none but a count.
    pub(crate) fn result(&self) -> Result<Value, SelectError> {
        match (self.kind, &self.value) {
            (AggregateKind::Count, _) => Ok(Value::Int(self.count)),
            (_, None) => Ok(Value::Null),
            (AggregateKind::Average, Some(sum)) => {
                calculate(sum, Calculation::Divide, &Value::Decimal(Decimal::from(self.count)))
            }
            (_, Some(value)) => Ok(value.clone()),
        }
    }
}
