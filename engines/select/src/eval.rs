//! What an expression comes to for a record, with SQL's three truths: true, false, and unknown.

use std::cmp::Ordering;

use crate::decimal::Decimal;
use crate::error::{self, SelectError};
use crate::functions;
use crate::like;
use crate::query::{Calculation, Comparison, Expr, Name, Path, Source, SourceStep, Step, Type};
use crate::timestamp::Timestamp;
use crate::value::{Numbers, Value};

/// A record, as expressions see it.
pub(crate) trait Record {
    /// What a path leads to.
    fn get(&self, path: &Path) -> Result<Value, SelectError>;
}

/// There is no record: for what is computed of all of them.
pub(crate) struct NoRecord;

impl Record for NoRecord {
    fn get(&self, _: &Path) -> Result<Value, SelectError> {
        Ok(Value::Missing)
    }
}

impl Record for Value {
    fn get(&self, path: &Path) -> Result<Value, SelectError> {
        follow(self, &path.steps).cloned()
    }
}

fn follow<'v>(mut value: &'v Value, steps: &[Step]) -> Result<&'v Value, SelectError> {
    for step in steps {
        value = match step {
            Step::Member(Name { text, exact }) => value.member(text, *exact)?,
            Step::Element(index) => value.element(*index),
        };
    }
    Ok(value)
}

/// Hands on every record that a source has in a value. Where nothing is found, the record is missing.
pub(crate) fn records(
    value: &Value,
    source: &Source,
    each: &mut dyn FnMut(&Value) -> Result<(), SelectError>,
) -> Result<(), SelectError> {
    walk(value, &source.path, each)
}

/// The depth is that of the path, which the limits of expressions bound.
fn walk(
    value: &Value,
    path: &[SourceStep],
    each: &mut dyn FnMut(&Value) -> Result<(), SelectError>,
) -> Result<(), SelectError> {
    let Some((step, rest)) = path.split_first() else { return each(value) };
    match (step, value) {
        (SourceStep::Step(step), _) => walk(follow(value, std::slice::from_ref(step))?, rest, each),
        (SourceStep::Elements, Value::List(values)) if !values.is_empty() => {
            values.iter().try_for_each(|value| walk(value, rest, each))
        }
        (SourceStep::Members, Value::Object(members)) if !members.is_empty() => {
            members.iter().try_for_each(|(_, value)| walk(value, rest, each))
        }
        _ => each(&Value::Missing),
    }
}

/// What all expressions of a query can refer to beside the record.
pub(crate) struct Scope<'a, R> {
    pub(crate) record: &'a R,
    /// Results of the aggregate functions.
    pub(crate) aggregates: &'a [Value],
    pub(crate) now: Timestamp,
}

type Evaluated = Result<Value, SelectError>;

impl<R: Record> Scope<'_, R> {
    /// Whether a condition holds: what is unknown does not.
    pub(crate) fn holds(&self, condition: &Expr) -> Result<bool, SelectError> {
        Ok(self.truth(condition)? == Some(true))
    }

    /// `None` is unknown.
    fn truth(&self, expr: &Expr) -> Result<Option<bool>, SelectError> {
        match self.value(expr)? {
            Value::Bool(truth) => Ok(Some(truth)),
            Value::Null | Value::Missing => Ok(None),
            _ => Err(error::evaluation()),
        }
    }

    // INVARIANT(depth): expressions are as deep as the parser and the lowering let them be, so this recursion is bounded.
    pub(crate) fn value(&self, expr: &Expr) -> Evaluated {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Path(path) => self.record.get(path),
            Expr::Not(inner) => Ok(truth(self.truth(inner)?.map(|truth| !truth))),
            Expr::Negative(inner) => negative(&self.value(inner)?),
            Expr::All(list) => self.chain(list, false),
            Expr::Any(list) => self.chain(list, true),
            Expr::Compare(left, comparison, right) => {
                Ok(truth(compare(&self.value(left)?, *comparison, &self.value(right)?)?))
            }
            Expr::Calculate(left, calculation, right) => {
                calculate(&self.value(left)?, *calculation, &self.value(right)?)
            }
            Expr::IsNull(inner) => Ok(Value::Bool(self.value(inner)?.is_unknown())),
            Expr::IsMissing(inner) => Ok(Value::Bool(matches!(self.value(inner)?, Value::Missing))),
            Expr::Between { value, low, high } => {
                let value = self.value(value)?;
                let low = compare(&value, Comparison::GreaterOrEqual, &self.value(low)?)?;
                let high = compare(&value, Comparison::LessOrEqual, &self.value(high)?)?;
                Ok(truth(match (low, high) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }))
            }
            Expr::In { value, list } => self.within(value, list),
            Expr::Like { value, pattern, escape } => {
                let (value, pattern) = (self.value(value)?, self.value(pattern)?);
                let escape = escape.as_ref().map(|escape| self.value(escape)).transpose()?;
                like::like(&value, &pattern, escape.as_ref())
            }
            Expr::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            Expr::Cast(inner, wanted) => cast(self.value(inner)?, *wanted),
            Expr::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
                functions::call(*function, &arguments, self.now)
            }
            Expr::Aggregate(slot) => Ok(self.aggregates.get(*slot).cloned().unwrap_or(Value::Missing)),
        }
    }

    /// A chain of AND or of OR: `decisive` is the truth that settles it.
    fn chain(&self, list: &[Expr], decisive: bool) -> Evaluated {
        let mut all_known = true;
        for link in list {
            match self.truth(link)? {
                Some(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
                Some(_) => {}
                None => all_known = false,
            }
        }
        Ok(truth(all_known.then_some(!decisive)))
    }

    fn within(&self, value: &Expr, list: &[Expr]) -> Evaluated {
        let value = self.value(value)?;
        let mut unknown = value.is_unknown();
        for candidate in list {
            match compare(&value, Comparison::Equal, &self.value(candidate)?)? {
                Some(true) => return Ok(Value::Bool(true)),
                Some(false) => {}
                None => unknown = true,
            }
        }
        Ok(truth((!unknown).then_some(false)))
    }

    fn case(&self, operand: Option<&Expr>, branches: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Evaluated {
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        for (condition, result) in branches {
            let chosen = match &operand {
                Some(operand) => compare(operand, Comparison::Equal, &self.value(condition)?)? == Some(true),
                None => self.holds(condition)?,
            };
            if chosen {
                return self.value(result);
            }
        }
        otherwise.map_or(Ok(Value::Null), |otherwise| self.value(otherwise))
    }
}

pub(crate) fn truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

/// `None` when either side is unknown. Values of different types are not equal, and have no order.
pub(crate) fn compare(left: &Value, comparison: Comparison, right: &Value) -> Result<Option<bool>, SelectError> {
    if left.is_unknown() || right.is_unknown() {
        return Ok(None);
    }
    let equal = || left.equals(right);
    let ordered = |wanted: fn(Ordering) -> bool| left.compare(right).map(wanted).ok_or_else(error::evaluation);
    Ok(Some(match comparison {
        Comparison::Equal => equal(),
        Comparison::NotEqual => !equal(),
        Comparison::Less => ordered(Ordering::is_lt)?,
        Comparison::LessOrEqual => ordered(Ordering::is_le)?,
        Comparison::Greater => ordered(Ordering::is_gt)?,
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge)?,
    }))
}

fn negative(value: &Value) -> Evaluated {
    match value {
        Value::Null | Value::Missing => Ok(Value::Null),
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(error::integer_overflow),
        Value::Decimal(value) => value.negate().map(Value::Decimal).ok_or_else(error::integer_overflow),
        Value::Float(value) => Ok(Value::Float(-value)),
        _ => Err(error::evaluation()),
    }
}

pub(crate) fn calculate(left: &Value, calculation: Calculation, right: &Value) -> Evaluated {
    if left.is_unknown() || right.is_unknown() {
        return Ok(Value::Null);
    }
    if calculation == Calculation::Concatenate {
        let (Some(left), Some(right)) = (left.text(), right.text()) else { return Err(error::evaluation()) };
        return Ok(Value::Text(format!("{left}{right}")));
    }
    let zero = right.to_f64() == Some(0.0) && !matches!((left, right), (Value::Float(_), _) | (_, Value::Float(_)));
    if zero && matches!(calculation, Calculation::Divide | Calculation::Remainder) {
        return Err(error::division());
    }
    match left.numbers(right).ok_or_else(error::evaluation)? {
        Numbers::Ints(left, right) => {
            let result = match calculation {
                Calculation::Add => left.checked_add(right),
                Calculation::Subtract => left.checked_sub(right),
                Calculation::Multiply => left.checked_mul(right),
                Calculation::Divide => left.checked_div(right),
                _ => left.checked_rem(right),
            };
            result.map(Value::Int).ok_or_else(error::integer_overflow)
        }
        Numbers::Decimals(left, right) => {
            let result = match calculation {
                Calculation::Add => left.add(right),
                Calculation::Subtract => right.negate().and_then(|right| left.add(right)),
                Calculation::Multiply => left.multiply(right),
                Calculation::Divide => left.divide(right),
                _ => left.remainder(right),
            };
            result.map(Value::Decimal).ok_or_else(error::integer_overflow)
        }
        Numbers::Floats(left, right) => Ok(Value::Float(match calculation {
            Calculation::Add => left + right,
            Calculation::Subtract => left - right,
            Calculation::Multiply => left * right,
            Calculation::Divide => left / right,
            _ => left % right,
        })),
    }
}

/// `CAST`. Follows the User Guide, "Data types" and "Conversion function".
fn cast(value: Value, wanted: Type) -> Evaluated {
    if value.is_unknown() {
        return Ok(value);
    }
    let cast = match wanted {
        Type::Text => Some(Value::Text(value.to_string())),
        Type::Bool => match &value {
            Value::Bool(truth) => Some(Value::Bool(*truth)),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            number => number.to_f64().map(|number| Value::Bool(number != 0.0)),
        },
        Type::Int => match &value {
            Value::Int(number) => Some(Value::Int(*number)),
            Value::Bool(truth) => Some(Value::Int((*truth).into())),
            Value::Text(text) => text.parse().ok().map(Value::Int),
            Value::Decimal(number) => {
                Some(Value::Int(i64::try_from(number.whole()).map_err(|_| error::integer_overflow())?))
            }
            // Below 2^63 either way, every float's whole part is an integer.
            Value::Float(number) if number.abs() < 9.2e18 => Some(Value::Int(*number as i64)),
            Value::Float(_) => return Err(error::integer_overflow()),
            _ => None,
        },
        Type::Float => match &value {
            Value::Text(text) => text.parse().ok().map(Value::Float),
            Value::Bool(truth) => Some(Value::Float(if *truth { 1.0 } else { 0.0 })),
            number => number.to_f64().map(Value::Float),
        },
        Type::Decimal(digits) => {
            let number: Option<Decimal> = match &value {
                Value::Text(text) => text.parse().ok(),
                Value::Int(number) => Some((*number).into()),
                Value::Bool(truth) => Some(i64::from(*truth).into()),
                Value::Decimal(number) => Some(*number),
                Value::Float(number) => number.to_string().parse().ok(),
                _ => None,
            };
            let fitted = number.and_then(|number| match digits {
                Some((precision, scale)) => number.rounded(scale).filter(|number| number.digits() <= precision),
                None => Some(number),
            });
            fitted.map(Value::Decimal)
        }
        Type::Timestamp => match value {
            Value::Timestamp(moment) => Some(Value::Timestamp(moment)),
            Value::Text(text) => Timestamp::parse(&text).map(Value::Timestamp),
            _ => None,
        },
    };
    cast.ok_or_else(error::cast_failed)
}
