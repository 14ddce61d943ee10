//! Why a document is refused.

use std::fmt;

/// What is wrong with a policy document: one variant a cause. `Display` words it as S3 does; other services match the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// The text is longer than [`MAX_TEXT`](crate::MAX_TEXT).
    TooLarge,
    /// The text does not begin with `{`.
    NotAnObject,
    /// The text is no JSON, or an object has a field twice.
    Json,
    /// `Version` is neither 2008-10-17 nor 2012-10-17.
    InvalidVersion,
    /// The list of statements is empty.
    NoStatement,
    /// A required element is absent, or is empty.
    MissingField(&'static str),
    /// An element that the language does not have, in the document or in a statement.
    UnknownField(String),
    /// An element has the wrong JSON type, or excludes another (`Action` and `NotAction`).
    Syntax,
    /// An effect other than `Allow` and `Deny`.
    InvalidEffect(String),
    /// An action that is not of the form `service:name`, or is not one of the service.
    InvalidAction(String),
    /// A resource that is no ARN, or not one that the policy may speak of.
    InvalidResource(String),
    /// Not the name of a principal.
    InvalidPrincipal(String),
    /// A condition operator that does not exist.
    InvalidOperator(String),
    /// A condition key that the service does not have.
    InvalidConditionKey(String),
    /// A value that the operator cannot compare with, such as a word for `NumericEquals`.
    InvalidConditionValue {
        /// The operator as written.
        operator: String,
        /// The value.
        value: String,
    },
    /// An action of the statement is for no resource of the statement.
    ActionWithoutResource,
    /// A condition key is for no action of the statement.
    ConditionWithoutAction,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("Policy size exceeds the maximum allowed"),
            Self::NotAnObject => f.write_str("Policies must be valid JSON and the first byte must be '{'"),
            Self::Json => f.write_str("This policy contains invalid Json"),
            Self::InvalidVersion => f.write_str("The policy must contain a valid version string"),
            Self::NoStatement => f.write_str("Could not parse the policy: Statement is empty!"),
            Self::MissingField(field) => write!(f, "Missing required field {field}"),
            Self::UnknownField(field) => write!(f, "Unknown field {field}"),
            Self::Syntax => f.write_str("Invalid policy syntax."),
            Self::InvalidEffect(effect) => write!(f, "Invalid effect: {effect}"),
            Self::InvalidAction(_) => f.write_str("Policy has invalid action"),
            Self::InvalidResource(_) => f.write_str("Policy has invalid resource"),
            Self::InvalidPrincipal(_) => f.write_str("Invalid principal in policy"),
            Self::InvalidOperator(operator) => write!(f, "Invalid Condition type : {operator}"),
            Self::InvalidConditionKey(_) => f.write_str("Policy has an invalid condition key"),
            Self::InvalidConditionValue { operator, value } => {
                write!(f, "Invalid value for condition operator {operator}: {value}")
            }
            Self::ActionWithoutResource => f.write_str("Action does not apply to any resource(s) in statement"),
            Self::ConditionWithoutAction => {
                f.write_str("Conditions do not apply to combination of actions and resources in statement")
            }
        }
    }
}

impl std::error::Error for PolicyError {}
