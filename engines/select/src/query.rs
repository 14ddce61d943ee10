//! A query as it is run.

use crate::error::{self, SelectError};
use crate::parse;
use crate::timestamp::Part;
use crate::value::Value;

/// The longest expression, in bytes.
pub(crate) const MAX_EXPRESSION: usize = 256 << 10;

/// What `SelectObjectContent` asks of an object. Follows the User Guide, "SQL reference for Amazon S3 Select".
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) items: Items,
    pub(crate) source: Source,
    pub(crate) condition: Option<Expr>,
    pub(crate) limit: Option<u64>,
    /// The aggregate functions of the items, in the order of their slots.
    pub(crate) aggregates: Vec<Aggregate>,
    /// How many paths there are; each has a number below this.
    pub(crate) paths: usize,
}

impl Query {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(expression: &str) -> Result<Self, SelectError> {
        if expression.len() > MAX_EXPRESSION {
            return Err(error::expression_too_long());
        }
        parse::query(expression)
    }
}

/// What is told of each record, or of all.
#[derive(Clone, Debug)]
pub(crate) enum Items {
    /// The record as it is.
    All,
    List(Vec<Item>),
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) value: Expr,
}

/// Where the records are.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The way into each value of a JSON object, behind `S3Object[*]`.
    pub(crate) path: Vec<SourceStep>,
    /// What the record is called in the query.
    pub(crate) alias: Name,
}

#[derive(Clone, Debug)]
pub(crate) enum SourceStep {
    Step(Step),
    /// `[*]`
    Elements,
    /// `.*`
    Members,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// It was quoted, so its case counts.
    pub(crate) exact: bool,
}

impl Name {
    pub(crate) fn matches(&self, other: &Self) -> bool {
        match self.exact && other.exact {
            true => self.text == other.text,
            false => self.text.eq_ignore_ascii_case(&other.text),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Member(Name),
    Element(usize),
}

/// A way into a record, the record's own name left out.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) number: usize,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Literal(Value),
    Path(Path),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Compare(Box<Expr>, Comparison, Box<Expr>),
    Calculate(Box<Expr>, Calculation, Box<Expr>),
    IsNull(Box<Expr>),
    IsMissing(Box<Expr>),
    Like {
        value: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
    },
    /// Without an operand the conditions are truths, with one they are values that it is compared to.
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast(Box<Expr>, Type),
    Call(Function, Vec<Expr>),
    /// The result of an aggregate function.
    Aggregate(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Concatenate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Float,
    /// Digits in all, and behind the point.
    Decimal(Option<(u32, u32)>),
    Text,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Coalesce,
    NullIf,
    CharLength,
    Lower,
    Upper,
    Substring,
    /// Which ends are trimmed.
    Trim {
        leading: bool,
        trailing: bool,
    },
    DateAdd(Part),
    DateDiff(Part),
    Extract(Part),
    ToString,
    ToTimestamp,
    UtcNow,
}

#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    pub(crate) kind: AggregateKind,
    /// `None` for `COUNT(*)`.
    pub(crate) value: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AggregateKind {
    Average,
    Count,
    Max,
    Min,
    Sum,
}
