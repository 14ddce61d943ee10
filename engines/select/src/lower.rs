//! From the parser's tree to expressions that can be evaluated. What S3 Select does not have is refused here.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr as Sql, Function as SqlFunction, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, Subscript, TrimWhereField, UnaryOperator, Value as SqlValue,
};

use crate::error::{self, SelectError};
use crate::parse::name_of;
use crate::query::{Aggregate, AggregateKind, Calculation, Comparison, Expr, Function, Name, Path, Step, Type};
use crate::timestamp::{Part, Timestamp};
use crate::value::Value;

/// How deep an expression may be, chains of AND and of OR not counted.
const MAX_DEPTH: usize = 60;

pub(crate) struct Lowering {
    alias: Name,
    paths: usize,
    aggregates: Vec<Aggregate>,
    /// Whether an aggregate function may stand here.
    aggregating: bool,
    /// Whether a column stands outside any aggregate function.
    columns: bool,
    depth: usize,
}

type Lowered = Result<Expr, SelectError>;

impl Lowering {
    pub(crate) fn new(alias: Name) -> Self {
        Self { alias, paths: 0, aggregates: Vec::new(), aggregating: true, columns: false, depth: 0 }
    }

    /// The aggregate functions, and how many paths there are.
    pub(crate) fn finish(self) -> Result<(Vec<Aggregate>, usize), SelectError> {
        // Without groups, there is no record that a column beside an aggregate could be of.
        if self.columns && !self.aggregates.is_empty() {
            return Err(error::structure());
        }
        Ok((self.aggregates, self.paths))
    }

    pub(crate) fn without_aggregates(&mut self, expr: &Sql) -> Lowered {
        let before = (std::mem::replace(&mut self.aggregating, false), self.columns);
        let lowered = self.expression(expr);
        (self.aggregating, self.columns) = before;
        lowered
    }

    /// What the result of an expression is called: after the last name of a path.
    pub(crate) fn name_of(&self, expr: &Expr) -> Option<String> {
        let Expr::Path(path) = expr else { return None };
        match path.steps.last() {
            Some(Step::Member(name)) => Some(name.text.clone()),
            Some(Step::Element(_)) => None,
            None => Some(self.alias.text.clone()).filter(|alias| alias != "_1"),
        }
    }

    pub(crate) fn expression(&mut self, expr: &Sql) -> Lowered {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error::too_complex());
        }
        let lowered = self.lower(expr);
        self.depth -= 1;
        lowered
    }

    fn boxed(&mut self, expr: &Sql) -> Result<Box<Expr>, SelectError> {
        self.expression(expr).map(Box::new)
    }

    fn list<'s>(&mut self, list: impl IntoIterator<Item = &'s Sql>) -> Result<Vec<Expr>, SelectError> {
        list.into_iter().map(|expr| self.expression(expr)).collect()
    }

    fn lower(&mut self, expr: &Sql) -> Lowered {
        Ok(match expr {
            Sql::Nested(inner) => self.expression(inner)?,
            Sql::Value(value) => Expr::Literal(literal(&value.value)?),
            Sql::Identifier(name) => self.identifier(name)?,
            Sql::CompoundIdentifier(names) => self.path(names.iter().map(|name| Step::Member(name_of(name))).collect()),
            Sql::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain)?,
            Sql::UnaryOp { op: UnaryOperator::Not, expr } => Expr::Not(self.boxed(expr)?),
            Sql::UnaryOp { op: UnaryOperator::Minus, expr } => Expr::Negative(self.boxed(expr)?),
            Sql::UnaryOp { op: UnaryOperator::Plus, expr } => self.expression(expr)?,
            Sql::BinaryOp { left, op, right } => self.binary(left, op, right)?,
            Sql::IsNull(expr) => Expr::IsNull(self.boxed(expr)?),
            Sql::IsNotNull(expr) => not(Expr::IsNull(self.boxed(expr)?)),
            // So the parser is told of MISSING.
            Sql::IsUnknown(expr) => Expr::IsMissing(self.boxed(expr)?),
            Sql::IsNotUnknown(expr) => not(Expr::IsMissing(self.boxed(expr)?)),
            Sql::Like { negated, any: false, expr, pattern, escape_char } => {
                let escape = escape_char.as_ref().map(|escape| self.boxed(escape)).transpose()?;
                let like = Expr::Like { value: self.boxed(expr)?, pattern: self.boxed(pattern)?, escape };
                not_if(*negated, like)
            }
            Sql::Between { expr, negated, low, high } => {
                let (value, low, high) = (self.boxed(expr)?, self.boxed(low)?, self.boxed(high)?);
                not_if(*negated, Expr::Between { value, low, high })
            }
            Sql::InList { expr, list, negated } => {
                not_if(*negated, Expr::In { value: self.boxed(expr)?, list: self.list(list)? })
            }
            Sql::Case { operand, conditions, else_result, .. } => {
                let operand = operand.as_ref().map(|operand| self.boxed(operand)).transpose()?;
                let mut branches = Vec::with_capacity(conditions.len());
                for branch in conditions {
                    branches.push((self.expression(&branch.condition)?, self.expression(&branch.result)?));
                }
                let otherwise = else_result.as_ref().map(|otherwise| self.boxed(otherwise)).transpose()?;
                Expr::Case { operand, branches, otherwise }
            }
            Sql::Cast { kind: CastKind::Cast, expr, data_type, format: None } => {
                Expr::Cast(self.boxed(expr)?, type_of(data_type)?)
            }
            Sql::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let arguments = [Some(expr), Some(from), substring_for.as_ref()];
                Expr::Call(Function::Substring, self.list(arguments.into_iter().flatten().map(|expr| &**expr))?)
            }
            Sql::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                let leading = *trim_where != Some(TrimWhereField::Trailing);
                let trailing = *trim_where != Some(TrimWhereField::Leading);
                let arguments = [Some(expr), trim_what.as_ref()].into_iter().flatten().map(|expr| &**expr);
                Expr::Call(Function::Trim { leading, trailing }, self.list(arguments)?)
            }
            Sql::Extract { field, expr, .. } => {
                let part = Part::of_name(&field.to_string()).ok_or_else(date_part)?;
                Expr::Call(Function::Extract(part), vec![self.expression(expr)?])
            }
            Sql::Function(function) => self.function(function)?,
            Sql::InSubquery { .. } | Sql::Exists { .. } | Sql::Subquery(_) => return Err(error::structure()),
            _ => return Err(error::unsupported()),
        })
    }

    fn identifier(&mut self, name: &Ident) -> Lowered {
        Ok(match (name.quote_style, name.value.as_str()) {
            (Some('`'), moment) => {
                let moment = Timestamp::parse(moment).ok_or_else(|| {
                    SelectError::new(
                        "LexerInvalidIONLiteral",
                        "The SQL expression contains an operator that is not valid.",
                    )
                })?;
                Expr::Literal(Value::Timestamp(moment))
            }
            (None, word) if word.eq_ignore_ascii_case("MISSING") => Expr::Literal(Value::Missing),
            _ => self.path(vec![Step::Member(name_of(name))]),
        })
    }

    /// A way into the record. It may begin with the record's name, which is left out.
    fn path(&mut self, mut steps: Vec<Step>) -> Expr {
        if matches!(steps.first(), Some(Step::Member(first)) if first.matches(&self.alias)) {
            steps.remove(0);
        }
        self.columns = true;
        let number = self.paths;
        self.paths += 1;
        Expr::Path(Path { number, steps })
    }

    fn access(&mut self, root: &Sql, chain: &[AccessExpr]) -> Lowered {
        let mut steps = match root {
            Sql::Identifier(name) => vec![Step::Member(name_of(name))],
            Sql::CompoundIdentifier(names) => names.iter().map(|name| Step::Member(name_of(name))).collect(),
            _ => return Err(error::key_path()),
        };
        for access in chain {
            steps.push(match access {
                AccessExpr::Dot(Sql::Identifier(name)) => Step::Member(name_of(name)),
                AccessExpr::Subscript(Subscript::Index { index: Sql::Value(value) }) => match &value.value {
                    SqlValue::Number(digits, _) => Step::Element(digits.parse().map_err(|_| error::key_path())?),
                    SqlValue::SingleQuotedString(text) => Step::Member(Name { text: text.clone(), exact: true }),
                    _ => return Err(error::key_path()),
                },
                _ => return Err(error::key_path()),
            });
        }
        Ok(self.path(steps))
    }

    fn binary(&mut self, left: &Sql, op: &BinaryOperator, right: &Sql) -> Lowered {
        if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
            return self.chain(left, op, right);
        }
        let operation = match op {
            BinaryOperator::Plus => Err(Calculation::Add),
            BinaryOperator::Minus => Err(Calculation::Subtract),
            BinaryOperator::Multiply => Err(Calculation::Multiply),
            BinaryOperator::Divide => Err(Calculation::Divide),
            BinaryOperator::Modulo => Err(Calculation::Remainder),
            BinaryOperator::StringConcat => Err(Calculation::Concatenate),
            BinaryOperator::Eq => Ok(Comparison::Equal),
            BinaryOperator::NotEq => Ok(Comparison::NotEqual),
            BinaryOperator::Lt => Ok(Comparison::Less),
            BinaryOperator::LtEq => Ok(Comparison::LessOrEqual),
            BinaryOperator::Gt => Ok(Comparison::Greater),
            BinaryOperator::GtEq => Ok(Comparison::GreaterOrEqual),
            _ => {
                return Err(SelectError::new(
                    "ParseUnknownOperator",
                    "The SQL expression contains an operator that is not valid.",
                ));
            }
        };
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        Ok(match operation {
            Ok(comparison) => Expr::Compare(left, comparison, right),
            Err(calculation) => Expr::Calculate(left, calculation, right),
        })
    }

    /// A chain of AND or of OR becomes one list, however long it is.
    fn chain(&mut self, mut left: &Sql, op: &BinaryOperator, right: &Sql) -> Lowered {
        let mut links = vec![right];
        loop {
            match left {
                Sql::BinaryOp { left: further, op: same, right } if same == op => {
                    links.push(right);
                    left = further;
                }
                first => {
                    links.push(first);
                    break;
                }
            }
        }
        links.reverse();
        let links = self.list(links)?;
        Ok(if *op == BinaryOperator::And { Expr::All(links) } else { Expr::Any(links) })
    }

    fn function(&mut self, function: &SqlFunction) -> Lowered {
        let name = function.name.to_string().to_ascii_uppercase();
        let plain = function.over.is_none()
            && function.filter.is_none()
            && function.within_group.is_empty()
            && function.null_treatment.is_none();
        let FunctionArguments::List(list) = &function.args else { return Err(error::unsupported()) };
        if !plain || !list.clauses.is_empty() || list.duplicate_treatment.is_some() {
            return Err(error::unsupported());
        }
        let kind = match name.as_str() {
            "AVG" => Some(AggregateKind::Average),
            "COUNT" => Some(AggregateKind::Count),
            "MAX" => Some(AggregateKind::Max),
            "MIN" => Some(AggregateKind::Min),
            "SUM" => Some(AggregateKind::Sum),
            _ => None,
        };
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in &list.args {
            arguments.push(match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if kind == Some(AggregateKind::Count) => None,
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {
                    return Err(SelectError::new(
                        "ParseUnsupportedCallWithStar",
                        "Only COUNT with (*) as a parameter is supported in the SQL expression.",
                    ));
                }
                _ => return Err(error::unsupported()),
            });
        }
        match kind {
            Some(kind) => self.aggregate(kind, arguments),
            None => self.scalar(&name, arguments.into_iter().flatten().collect()),
        }
    }

    fn aggregate(&mut self, kind: AggregateKind, mut arguments: Vec<Option<&Sql>>) -> Lowered {
        if !self.aggregating {
            return Err(error::structure());
        }
        let (Some(argument), true) = (arguments.pop(), arguments.is_empty()) else {
            return Err(SelectError::new(
                "ParseNonUnaryAgregateFunctionCall",
                "Only one argument is supported for aggregate functions in the SQL expression.",
            ));
        };
        let value = argument.map(|argument| self.without_aggregates(argument)).transpose()?;
        self.aggregates.push(Aggregate { kind, value });
        Ok(Expr::Aggregate(self.aggregates.len() - 1))
    }

    fn scalar(&mut self, name: &str, mut arguments: Vec<&Sql>) -> Lowered {
        let function = match name {
            "COALESCE" => Function::Coalesce,
            "NULLIF" => Function::NullIf,
            "CHAR_LENGTH" | "CHARACTER_LENGTH" => Function::CharLength,
            "LOWER" => Function::Lower,
            "UPPER" => Function::Upper,
            "DATE_ADD" | "DATE_DIFF" => {
                let part = match arguments.first() {
                    Some(Sql::Identifier(part)) if part.quote_style.is_none() => Part::of_name(&part.value),
                    _ => None,
                };
                let part = part.filter(|part| part.is_duration()).ok_or_else(date_part)?;
                arguments.remove(0);
                if name == "DATE_ADD" { Function::DateAdd(part) } else { Function::DateDiff(part) }
            }
            "TO_STRING" => Function::ToString,
            "TO_TIMESTAMP" => Function::ToTimestamp,
            "UTCNOW" => Function::UtcNow,
            _ => return Err(error::unknown_function()),
        };
        let wanted = match function {
            Function::Coalesce => 1..=usize::MAX,
            Function::ToTimestamp => 1..=2,
            Function::NullIf | Function::DateAdd(_) | Function::DateDiff(_) | Function::ToString => 2..=2,
            Function::UtcNow => 0..=0,
            _ => 1..=1,
        };
        if !wanted.contains(&arguments.len()) {
            return Err(error::function_arguments());
        }
        Ok(Expr::Call(function, self.list(arguments)?))
    }
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn not_if(negated: bool, expr: Expr) -> Expr {
    if negated { not(expr) } else { expr }
}

fn date_part() -> SelectError {
    SelectError::new("ParseExpectedDatePart", "The expected date part in the SQL expression was not found.")
}

fn literal(value: &SqlValue) -> Result<Value, SelectError> {
    Ok(match value {
        SqlValue::Number(digits, _) => {
            let int = || digits.parse().ok().map(Value::Int);
            // An exponent makes a float of it.
            let float = || digits.contains(['e', 'E']).then(|| digits.parse().ok().map(Value::Float)).flatten();
            let decimal = || digits.parse().ok().map(Value::Decimal);
            int().or_else(float).or_else(decimal).ok_or_else(error::integer_overflow)?
        }
        SqlValue::SingleQuotedString(text) => Value::Text(text.clone()),
        SqlValue::Boolean(value) => Value::Bool(*value),
        SqlValue::Null => Value::Null,
        _ => {
            return Err(SelectError::new(
                "LexerInvalidLiteral",
                "The SQL expression contains an operator that is not valid.",
            ));
        }
    })
}

fn type_of(data_type: &DataType) -> Result<Type, SelectError> {
    let digits = |info: &ExactNumberInfo| match info {
        ExactNumberInfo::None => Ok(None),
        ExactNumberInfo::Precision(precision) => exact(*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => exact(*precision, *scale),
    };
    Ok(match data_type {
        DataType::Bool | DataType::Boolean => Type::Bool,
        DataType::Int(None) | DataType::Integer(None) => Type::Int,
        DataType::Float(ExactNumberInfo::None) => Type::Float,
        DataType::Decimal(info) | DataType::Dec(info) | DataType::Numeric(info) => Type::Decimal(digits(info)?),
        DataType::String(_) | DataType::Varchar(_) | DataType::Char(_) | DataType::Character(_) => Type::Text,
        DataType::Timestamp(..) => Type::Timestamp,
        _ => return Err(error::data_type()),
    })
}

fn exact(precision: u64, scale: i64) -> Result<Option<(u32, u32)>, SelectError> {
    let digits = u32::try_from(precision).ok().zip(u32::try_from(scale).ok());
    let valid = digits.filter(|(precision, scale)| *precision <= crate::decimal::MAX_DIGITS && scale <= precision);
    valid.map(Some).ok_or_else(|| {
        SelectError::new("ParseInvalidTypeParam", "The SQL expression contains a parameter value that is not valid.")
    })
}
