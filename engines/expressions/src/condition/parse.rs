//! The grammar of conditions. `OR` binds loosest, then `AND`, `NOT`, and what compares.

use super::{Comparator, Condition, Operand, check};
use crate::parser::{Fault, Kind, Parser};
use crate::{Attribute, Invalid, Placeholders};

impl Condition {
    /// Parses a `ConditionExpression`.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, Invalid> {
        parse(Kind::Condition, text, placeholders)
    }

    /// Parses a `FilterExpression`.
    pub fn parse_filter(text: &str, placeholders: &mut Placeholders) -> Result<Self, Invalid> {
        parse(Kind::Filter, text, placeholders)
    }
}

/// Parses an expression of this kind, which must be one of conditions.
pub(crate) fn parse(kind: Kind, text: &str, placeholders: &mut Placeholders) -> Result<Condition, Invalid> {
    let mut parser = Parser::new(kind, text, placeholders)?;
    let parsed = any(&mut parser)?;
    parser.finish()?;
    Ok(parsed.condition)
}

/// A condition, and whether it stands in parentheses of its own.
struct Parsed {
    condition: Condition,
    enclosed: bool,
}

/// What stands on one side of an operator, or alone.
enum Term {
    Operand(Operand),
    /// A function that is an operand: its name for messages.
    Size(Operand),
    /// A function that is a condition, and its name.
    Test(&'static str, Condition),
    /// An error that was noted.
    Wrong,
}

/// In the place of what was wrong, so that the rest can be read.
fn wrong() -> Condition {
    Condition::And(Vec::new())
}

fn any(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    let first = all(parser)?;
    if !parser.at_keyword("OR") {
        return Ok(first);
    }
    let mut conditions = vec![first.condition];
    while parser.eat_keyword("OR") {
        parser.operator();
        conditions.push(all(parser)?.condition);
    }
    Ok(Parsed { condition: Condition::Or(conditions), enclosed: false })
}

fn all(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    let first = not(parser)?;
    if !parser.at_keyword("AND") {
        return Ok(first);
    }
    let mut conditions = vec![first.condition];
    while parser.eat_keyword("AND") {
        parser.operator();
        conditions.push(not(parser)?.condition);
    }
    Ok(Parsed { condition: Condition::And(conditions), enclosed: false })
}

fn not(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    let mut count = 0usize;
    while parser.eat_keyword("NOT") {
        parser.operator();
        count += 1;
    }
    let parsed = primary(parser)?;
    Ok(match count {
        0 => parsed,
        // Two of them say nothing.
        _ if count.is_multiple_of(2) => Parsed { condition: parsed.condition, enclosed: false },
        _ => Parsed { condition: Condition::Not(Box::new(parsed.condition)), enclosed: false },
    })
}

fn primary(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    if parser.eat("(") {
        parser.enter()?;
        let inner = any(parser)?;
        parser.expect(")")?;
        parser.leave();
        if inner.enclosed {
            parser.redundant_parentheses();
        }
        return Ok(Parsed { condition: inner.condition, enclosed: true });
    }
    Ok(Parsed { condition: comparison(parser)?, enclosed: false })
}

/// A function alone, or an operand and what it is compared with.
fn comparison(parser: &mut Parser<'_>) -> Result<Condition, Invalid> {
    let left = term(parser)?;
    if let Some(comparator) = comparator(parser) {
        let left = operand_of(parser, left);
        parser.advance();
        parser.operator();
        let right = operand(parser)?;
        check::compare(parser, comparator, &left, &right);
        return Ok(Condition::Compare(comparator, left, right));
    }
    if parser.eat_keyword("BETWEEN") {
        parser.operator();
        let left = operand_of(parser, left);
        let low = operand(parser)?;
        if !parser.eat_keyword("AND") {
            return Err(parser.syntax());
        }
        let operands = Box::new([left, low, operand(parser)?]);
        check::between(parser, &operands);
        return Ok(Condition::Between(operands));
    }
    if parser.eat_keyword("IN") {
        parser.operator();
        let left = operand_of(parser, left);
        parser.expect("(")?;
        let list = operands(parser)?;
        check::one_of(parser, &left, &list);
        return Ok(Condition::In(left, list));
    }
    match left {
        Term::Test(_, condition) => Ok(condition),
        Term::Size(_) => {
            misused(parser, "size");
            Ok(wrong())
        }
        Term::Wrong => Ok(wrong()),
        Term::Operand(_) => Err(parser.syntax()),
    }
}

fn comparator(parser: &Parser<'_>) -> Option<Comparator> {
    use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    all.into_iter().find(|comparator| parser.at_symbol(comparator.symbol()))
}

/// Operands up to the parenthesis that closes, of which there is at least one.
fn operands(parser: &mut Parser<'_>) -> Result<Vec<Operand>, Invalid> {
    let mut operands = vec![operand(parser)?];
    while parser.eat(",") {
        operands.push(operand(parser)?);
    }
    parser.expect(")")?;
    Ok(operands)
}

fn operand(parser: &mut Parser<'_>) -> Result<Operand, Invalid> {
    let term = term(parser)?;
    Ok(operand_of(parser, term))
}

fn operand_of(parser: &mut Parser<'_>, term: Term) -> Operand {
    match term {
        Term::Operand(operand) => operand,
        Term::Size(operand) => Operand::Size(Box::new(operand)),
        Term::Test(name, _) => {
            misused(parser, name);
            Operand::Value(Attribute::Null)
        }
        Term::Wrong => Operand::Value(Attribute::Null),
    }
}

fn misused(parser: &mut Parser<'_>, function: &str) {
    let message = format!("The function is not allowed to be used this way in an expression; function: {function}");
    parser.note(Fault::Misuse, &message);
}

fn term(parser: &mut Parser<'_>) -> Result<Term, Invalid> {
    if parser.at_function() {
        parser.enter()?;
        let term = function(parser)?;
        parser.leave();
        return Ok(term);
    }
    if let Some(value) = parser.value() {
        return Ok(Term::Operand(Operand::Value(value)));
    }
    Ok(Term::Operand(Operand::Path(parser.path()?)))
}

fn function(parser: &mut Parser<'_>) -> Result<Term, Invalid> {
    let name = parser.peek().text;
    // Names of functions are told before what their operands have of errors.
    match name {
        "attribute_exists" | "attribute_not_exists" | "attribute_type" | "begins_with" | "contains" | "size" => {}
        "if_not_exists" | "list_append" => {
            let kind = parser.kind().phrase();
            parser.note(Fault::Function, &format!("The function is not allowed in {kind}; function: {name}"));
        }
        _ => parser.note(Fault::Function, &format!("Invalid function name; function: {name}")),
    }
    parser.advance();
    parser.expect("(")?;
    let mut operands = operands(parser)?.into_iter();
    let found = operands.len();
    let first = operands.next();
    let second = operands.next();
    Ok(match (name, first, second) {
        ("size", Some(operand), None) => {
            check::size(parser, &operand);
            Term::Size(operand)
        }
        ("attribute_exists", Some(operand), None) => {
            let path = document_path(parser, name, operand);
            path.map_or(Term::Wrong, |path| Term::Test("attribute_exists", Condition::Exists(path)))
        }
        ("attribute_not_exists", Some(operand), None) => {
            let path = document_path(parser, name, operand);
            path.map_or(Term::Wrong, |path| Term::Test("attribute_not_exists", Condition::NotExists(path)))
        }
        ("attribute_type", Some(operand), Some(name)) if found == 2 => {
            let name = check::type_operand(parser, &name);
            Term::Test("attribute_type", Condition::Type(operand, name))
        }
        ("begins_with", Some(operand), Some(start)) if found == 2 => {
            check::begins_with(parser, &operand, &start);
            Term::Test("begins_with", Condition::BeginsWith(operand, start))
        }
        ("contains", Some(operand), Some(part)) if found == 2 => {
            check::contains(parser, &operand, &part);
            Term::Test("contains", Condition::Contains(operand, part))
        }
        _ => {
            check::number(parser, name, found, false);
            Term::Wrong
        }
    })
}

/// The operand as a path, which some functions demand.
fn document_path(parser: &mut Parser<'_>, function: &str, operand: Operand) -> Option<crate::Path> {
    match operand {
        Operand::Path(path) => Some(path),
        _ => {
            path_required(parser, function);
            None
        }
    }
}

pub(crate) fn path_required(parser: &mut Parser<'_>, function: &str) {
    let message = format!("Operator or function requires a document path; operator or function: {function}");
    parser.note(Fault::Operand, &message);
}
