//! AWS's words for violated constraints.

use std::fmt;

/// A value that violates its model.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where it stands, such as `entries.1.member.id`.
    pub path: String,
    /// The value as AWS prints it. `None` where it is missing, or sensitive.
    pub value: Option<String>,
    /// The constraint that it violates.
    pub kind: Constraint,
}

/// A constraint of the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// It must be there.
    Required,
    /// Fewest characters, bytes, elements or entries.
    MinLength(u64),
    /// Most characters, bytes, elements or entries.
    MaxLength(u64),
    /// Smallest number.
    MinValue {
        /// The number.
        bound: f64,
        /// Whether the shape is an integer.
        whole: bool,
    },
    /// Largest number.
    MaxValue {
        /// The number.
        bound: f64,
        /// Whether the shape is an integer.
        whole: bool,
    },
    /// A regular expression.
    Pattern(String),
    /// A set of strings.
    Enum(Vec<String>),
    /// All constraints of a list's elements, one of which is violated.
    Elements(Vec<Constraint>),
    /// All constraints of a map's keys, one of which is violated.
    Keys(Vec<Constraint>),
    /// All constraints of a map's values, one of which is violated.
    Values(Vec<Constraint>),
}

/// The whole message of a validation error: how many, and each in turn.
pub fn message(violations: &[Violation]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    let mut text = format!("{} validation error{plural} detected: ", violations.len());
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(&violation.to_string());
    }
    text
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, &self.kind) {
            (Some(value), _) => write!(f, "Value '{value}' at ")?,
            (None, Constraint::Required) => f.write_str("Value null at ")?,
            (None, _) => f.write_str("Value at ")?,
        }
        write!(f, "'{}' failed to satisfy constraint: {}", self.path, self.kind)
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("Member must not be null"),
            Self::MinLength(bound) => write!(f, "Member must have length greater than or equal to {bound}"),
            Self::MaxLength(bound) => write!(f, "Member must have length less than or equal to {bound}"),
            Self::MinValue { bound, whole } => {
                f.write_str("Member must have value greater than or equal to ")?;
                number(f, *bound, *whole)
            }
            Self::MaxValue { bound, whole } => {
                f.write_str("Member must have value less than or equal to ")?;
                number(f, *bound, *whole)
            }
            Self::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
            Self::Enum(set) => write!(f, "Member must satisfy enum value set: [{}]", set.join(", ")),
            Self::Elements(list) => aggregate(f, "Member must satisfy constraint", list),
            Self::Keys(list) => aggregate(f, "Map keys must satisfy constraint", list),
            Self::Values(list) => aggregate(f, "Map value must satisfy constraint", list),
        }
    }
}

/// A bound: whole numbers plainly, others with their point, `1.0`.
fn number(f: &mut fmt::Formatter<'_>, bound: f64, whole: bool) -> fmt::Result {
    if whole { write!(f, "{bound}") } else { write!(f, "{bound:?}") }
}

fn aggregate(f: &mut fmt::Formatter<'_>, what: &str, list: &[Constraint]) -> fmt::Result {
    write!(f, "{what}: [")?;
    for (index, constraint) in list.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{constraint}")?;
    }
    f.write_str("]")
}
