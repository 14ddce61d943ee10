//! The grammar of conditions. `OR` binds loosest, then `AND`, `NOT`, and what compares.

use super::{Comparator, Condition, Operand, check};
use crate::parser::{Fault, Kind, MAX_PARENTHESES, Parser, REDUNDANT};
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

pub(crate) const MISUSED: &str = "The function is not allowed to be used this way in an expression; function: ";

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

/// What was read between two parentheses so far.
#[derive(Default)]
struct Level {
    /// Groups that `OR` joins, those that are complete.
    groups: Vec<Condition>,
    /// Conditions that `AND` joins, in the last group.
    group: Vec<Condition>,
    /// Whether the last condition stands in parentheses of its own, without `NOT`.
    enclosed: bool,
    /// How often `NOT` stands before the next.
    negations: usize,
}

impl Level {
    fn push(&mut self, parsed: Parsed) {
        let negations = std::mem::take(&mut self.negations);
        self.enclosed = parsed.enclosed && negations == 0;
        // Two of them say nothing.
        self.group.push(match negations % 2 {
            0 => parsed.condition,
            _ => Condition::Not(Box::new(parsed.condition)),
        });
    }

    fn end_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        self.groups.push(joined(group, Condition::And));
    }

    fn end(mut self) -> Parsed {
        let enclosed = self.enclosed && self.groups.is_empty() && self.group.len() == 1;
        self.end_group();
        Parsed { condition: joined(self.groups, Condition::Or), enclosed }
    }
}

fn joined(mut conditions: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match conditions.pop() {
        Some(only) if conditions.is_empty() => only,
        last => {
            conditions.extend(last);
            join(conditions)
        }
    }
}

/// A condition of any length, read without recursion: parentheses may be deep.
fn any(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    let mut outer = Vec::new();
    let mut level = Level::default();
    loop {
        while parser.eat_keyword("NOT") {
            parser.operator();
            level.negations += 1;
        }
        if parser.eat("(") {
            outer.push(std::mem::take(&mut level));
            if outer.len() > MAX_PARENTHESES {
                return Err(parser.give_up(REDUNDANT));
            }
            continue;
        }
        level.push(Parsed { condition: comparison(parser)?, enclosed: false });
        while !parser.at_keyword("AND") && !parser.at_keyword("OR") {
            let inner = level.end();
            level = match outer.pop() {
                None => return Ok(inner),
                Some(level) => level,
            };
            parser.expect(")")?;
            if inner.enclosed {
                parser.redundant_parentheses();
            }
            level.push(Parsed { condition: inner.condition, enclosed: true });
        }
        parser.operator();
        if parser.eat_keyword("OR") {
            level.end_group();
        } else {
            parser.advance();
        }
    }
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
    parser.note(Fault::Misuse, &format!("{MISUSED}{function}"));
}

fn term(parser: &mut Parser<'_>) -> Result<Term, Invalid> {
    if parser.at_function() {
        let name = parser.peek().text;
        parser.enter(&format!("{MISUSED}{name}"))?;
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
