//! The names of condition operators: "Condition operators" and "Single-valued vs. multivalued context keys" in the IAM guide.

/// An operator as named in a policy, such as `ForAllValues:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) test: Test,
    /// The `Not` in `StringNotEquals`.
    pub(crate) negated: bool,
    /// True for a key that is absent.
    pub(crate) if_exists: bool,
    pub(crate) set: Set,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// How the request's value stands to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

/// Which of the request's values must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// The key has one value.
    Single,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Operator {
    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            None => (Set::Single, name),
            Some(("ForAllValues", name)) => (Set::All, name),
            Some(("ForAnyValue", name)) => (Set::Any, name),
            Some(_) => return None,
        };
        let (if_exists, name) = name.strip_suffix("IfExists").map_or((false, name), |name| (true, name));
        let (test, negated) = match name {
            "StringEquals" => (Test::StringEquals, false),
            "StringNotEquals" => (Test::StringEquals, true),
            "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
            "StringLike" => (Test::StringLike, false),
            "StringNotLike" => (Test::StringLike, true),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::Binary, false),
            "IpAddress" => (Test::Ip, false),
            "NotIpAddress" => (Test::Ip, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            // It asks whether the key exists: "if exists" would make no sense.
            "Null" if !if_exists => (Test::Null, false),
            _ => {
                let (kind, order): (fn(Order) -> Test, &str) = match name.strip_prefix("Numeric") {
                    Some(order) => (Test::Numeric, order),
                    None => (Test::Date, name.strip_prefix("Date")?),
                };
                let (order, negated) = match order {
                    "Equals" => (Order::Equals, false),
                    "NotEquals" => (Order::Equals, true),
                    "LessThan" => (Order::Less, false),
                    "LessThanEquals" => (Order::LessEquals, false),
                    "GreaterThan" => (Order::Greater, false),
                    "GreaterThanEquals" => (Order::GreaterEquals, false),
                    _ => return None,
                };
                (kind(order), negated)
            }
        };
        Some(Self { test, negated, if_exists, set })
    }
}

impl Order {
    /// Whether `value` stands to `bound` as it should.
    pub(crate) fn holds<T: PartialOrd>(self, value: T, bound: T) -> bool {
        match self {
            Self::Equals => value == bound,
            Self::Less => value < bound,
            Self::LessEquals => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterEquals => value >= bound,
        }
    }
}
