//! Conditions: "Condition operators" and "Conditions with multiple context keys or values" in the IAM guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::network::Network;
use crate::operator::{Operator, Order, Set, Test};
use crate::pattern::{Case, Pattern, Variables};
use crate::{PolicyError, Request, moment};

/// One operator, one key, its values. All conditions of a statement must hold.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    /// In lower case: names of keys ignore case.
    pub(crate) key: Box<str>,
    pub(crate) operand: Operand,
}

/// The values of a condition, in the form that its operator compares.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Texts(Case, Box<[Pattern]>),
    Arns(Box<[ArnPattern]>),
    Numbers(Order, Box<[f64]>),
    Moments(Order, Box<[i64]>),
    Binary(Box<[Box<[u8]>]>),
    Networks(Box<[Network]>),
    /// `Null`: whether the key is to be absent.
    Absent(Box<[bool]>),
}

/// A pattern of an ARN, whose six parts are compared one by one.
#[derive(Clone, Debug)]
pub(crate) enum ArnPattern {
    Any,
    Parts(Box<[Pattern; 6]>),
    /// No ARN: it matches none.
    Never,
}

impl Condition {
    /// Reads `{operator: {key: values}}`.
    pub(crate) fn new(name: &str, key: &str, values: &[&str], variables: Variables) -> Result<Self, PolicyError> {
        let operator = Operator::parse(name).ok_or_else(|| PolicyError::InvalidOperator(name.to_owned()))?;
        let operand = match operator.test {
            Test::StringEquals => Operand::Texts(Case::Counts, patterns(values, false, variables)),
            Test::StringLike => Operand::Texts(Case::Counts, patterns(values, true, variables)),
            Test::StringEqualsIgnoreCase => Operand::Texts(Case::Ignored, patterns(values, false, variables)),
            Test::Bool => Operand::Texts(Case::Ignored, patterns(values, false, variables)),
            Test::Arn => Operand::Arns(values.iter().map(|value| ArnPattern::new(value, variables)).collect()),
            Test::Numeric(order) => Operand::Numbers(order, read(name, values, number)?),
            Test::Date(order) => Operand::Moments(order, read(name, values, moment::parse)?),
            Test::Binary => Operand::Binary(read(name, values, |value| Some(STANDARD.decode(value).ok()?.into()))?),
            Test::Ip => Operand::Networks(read(name, values, Network::parse)?),
            Test::Null => Operand::Absent(read(name, values, boolean)?),
        };
        Ok(Self { operator, key: key.to_ascii_lowercase().into(), operand })
    }

    /// Whether the request meets it.
    pub(crate) fn holds(&self, request: &Request<'_>) -> bool {
        let Operator { negated, if_exists, set, .. } = self.operator;
        let values = request.values(&self.key);
        if let Operand::Absent(wanted) = &self.operand {
            return wanted.contains(&values.is_none());
        }
        let Some(values) = values else {
            // A key that is absent equals nothing, so it differs from everything. An empty set is within every set, and has no member.
            return if_exists
                || match set {
                    Set::Single => negated,
                    Set::All => true,
                    Set::Any => false,
                };
        };
        let passes = |value: &str| self.operand.matches(value, request) != negated;
        match set {
            Set::Single if negated => values.iter().all(passes),
            Set::Single => values.iter().any(passes),
            // An empty text counts as an empty set.
            Set::All => values.iter().filter(|value| !value.is_empty()).all(passes),
            Set::Any => values.iter().filter(|value| !value.is_empty()).any(passes),
        }
    }

    /// Whether its key, or a variable in its values, begins with `prefix`.
    pub(crate) fn asks_for(&self, prefix: &str) -> bool {
        self.key.starts_with(prefix)
            || match &self.operand {
                Operand::Texts(_, patterns) => patterns.iter().any(|pattern| pattern.asks_for(prefix)),
                Operand::Arns(arns) => arns.iter().any(|arn| match arn {
                    ArnPattern::Parts(parts) => parts.iter().any(|part| part.asks_for(prefix)),
                    ArnPattern::Any | ArnPattern::Never => false,
                }),
                _ => false,
            }
    }
}

impl Operand {
    /// Whether `value` is as one of the policy's values wants it. A value of another kind is not.
    fn matches(&self, value: &str, request: &Request<'_>) -> bool {
        match self {
            Self::Texts(case, patterns) => patterns.iter().any(|pattern| pattern.matches(value, *case, request)),
            Self::Arns(patterns) => patterns.iter().any(|pattern| pattern.matches(value, request)),
            Self::Numbers(order, bounds) => {
                number(value).is_some_and(|value| bounds.iter().any(|bound| order.holds(value, *bound)))
            }
            Self::Moments(order, bounds) => {
                moment::parse(value).is_some_and(|value| bounds.iter().any(|bound| order.holds(value, *bound)))
            }
            Self::Binary(wanted) => wanted.iter().any(|wanted| **wanted == *value.as_bytes()),
            Self::Networks(networks) => {
                value.parse().is_ok_and(|address| networks.iter().any(|network| network.contains(address)))
            }
            Self::Absent(_) => false,
        }
    }
}

impl ArnPattern {
    fn new(text: &str, variables: Variables) -> Self {
        let whole = Pattern::new(text, true, variables);
        match whole.arn() {
            _ if whole.is_any() => Self::Any,
            Some(parts) => Self::Parts(Box::new(parts)),
            None => Self::Never,
        }
    }

    fn matches(&self, arn: &str, request: &Request<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Never => false,
            Self::Parts(patterns) => {
                let mut parts = arn.splitn(6, ':');
                patterns
                    .iter()
                    .all(|pattern| parts.next().is_some_and(|part| pattern.matches(part, Case::Counts, request)))
            }
        }
    }
}

fn patterns(values: &[&str], wildcards: bool, variables: Variables) -> Box<[Pattern]> {
    values.iter().map(|value| Pattern::new(value, wildcards, variables)).collect()
}

fn read<T>(operator: &str, values: &[&str], read: impl Fn(&str) -> Option<T>) -> Result<Box<[T]>, PolicyError> {
    let invalid =
        |value: &str| PolicyError::InvalidConditionValue { operator: operator.to_owned(), value: value.to_owned() };
    values.iter().map(|value| read(value).ok_or_else(|| invalid(value))).collect()
}

/// An integer or a decimal; none of the other words that Rust reads as numbers.
fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    (text.bytes().all(plain)).then(|| text.parse().ok())?
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
