//! The grammar of updates: up to four sections, each with a list of actions.

use super::{Action, Operand, Source, Update};
use crate::condition::{MISUSED, incorrect_type, number, path_required};
use crate::parser::{Fault, Kind, Parser, REDUNDANT};
use crate::tree::first_clash;
use crate::{Attribute, Invalid, Path, Placeholders};

const SECTIONS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

impl Update {
    /// Parses an `UpdateExpression`.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, Invalid> {
        let mut parser = Parser::new(Kind::Update, text, placeholders)?;
        let mut actions = Vec::new();
        let mut seen = Vec::new();
        while let Some(section) = SECTIONS.into_iter().find(|section| parser.at_keyword(section)) {
            parser.advance();
            if seen.contains(&section) {
                let message = format!("The \"{section}\" section can only be used once in an update expression;");
                parser.note(Fault::Section, &message);
            }
            seen.push(section);
            actions.push(action(&mut parser, section)?);
            while parser.eat(",") {
                actions.push(action(&mut parser, section)?);
            }
        }
        if actions.is_empty() {
            return Err(parser.syntax());
        }
        let paths: Vec<&Path> = actions.iter().map(Action::path).collect();
        if let Some(clash) = first_clash(&paths) {
            parser.note(Fault::Overlap, &clash);
        }
        parser.finish()?;
        Ok(Self::new(actions, false))
    }
}

fn action(parser: &mut Parser<'_>, section: &str) -> Result<Action, Invalid> {
    let path = parser.path()?;
    Ok(match section {
        "SET" => {
            parser.expect("=")?;
            Action::Set(path, source(parser)?.source)
        }
        "REMOVE" => Action::Remove(path),
        _ => {
            let Some(value) = parser.value() else { return Err(parser.syntax()) };
            let adds = section == "ADD";
            let fits = value.is_set() || (adds && matches!(value, Attribute::N(_)));
            if !fits {
                let known = value.long_type_name();
                let message = format!(
                    "Incorrect operand type for operator or function; operator: {section}, operand type: {known}, \
                     typeSet: ALLOWED_FOR_{section}_OPERAND"
                );
                parser.note(Fault::Operand, &message);
            }
            if adds { Action::Add(path, value) } else { Action::Delete(path, value) }
        }
    })
}

/// What a path is set to, and whether it stands in parentheses of its own.
struct Parsed {
    source: Source,
    enclosed: bool,
}

fn source(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    let left = side(parser)?;
    let plus = parser.at_symbol("+");
    if !plus && !parser.at_symbol("-") {
        return Ok(left);
    }
    // Arithmetic has two operands, not more.
    let Source::Operand(left) = left.source else { return Err(parser.syntax()) };
    let symbol = if plus { "+" } else { "-" };
    parser.advance();
    parser.operator();
    let right = side(parser)?;
    let Source::Operand(right) = right.source else { return Err(parser.syntax()) };
    for operand in [&left, &right] {
        if let Some(known) = known_type(operand).filter(|known| *known != "N") {
            incorrect_type(parser, symbol, known);
        }
    }
    let source = if plus { Source::Plus(left, right) } else { Source::Minus(left, right) };
    Ok(Parsed { source, enclosed: false })
}

fn side(parser: &mut Parser<'_>) -> Result<Parsed, Invalid> {
    if !parser.eat("(") {
        return Ok(Parsed { source: Source::Operand(operand(parser, false)?), enclosed: false });
    }
    parser.enter(REDUNDANT)?;
    let inner = source(parser)?;
    parser.expect(")")?;
    parser.leave();
    if inner.enclosed {
        parser.redundant_parentheses();
    }
    Ok(Parsed { source: inner.source, enclosed: true })
}

/// The type that an operand has for every item, if that is known.
fn known_type(operand: &Operand) -> Option<&'static str> {
    match operand {
        Operand::Value(value) => Some(value.type_name()),
        Operand::ListAppend(..) => Some("L"),
        Operand::Path(_) | Operand::IfNotExists(..) => None,
    }
}

fn operand(parser: &mut Parser<'_>, nested: bool) -> Result<Operand, Invalid> {
    if parser.at_function() {
        let name = parser.peek().text;
        parser.enter(&format!("{MISUSED}{name}"))?;
        let operand = function(parser, nested)?;
        parser.leave();
        return Ok(operand);
    }
    Ok(match parser.value() {
        Some(value) => Operand::Value(value),
        None => Operand::Path(parser.path()?),
    })
}

fn function(parser: &mut Parser<'_>, nested: bool) -> Result<Operand, Invalid> {
    let name = parser.peek().text;
    match name {
        "if_not_exists" => {}
        "list_append" if !nested => {}
        "list_append" => parser.note(Fault::Misuse, &format!("{MISUSED}{name}")),
        "attribute_exists" | "attribute_not_exists" | "attribute_type" | "begins_with" | "contains" | "size" => {
            let kind = parser.kind().phrase();
            parser.note(Fault::Function, &format!("The function is not allowed in {kind}; function: {name}"));
        }
        _ => parser.note(Fault::Function, &format!("Invalid function name; function: {name}")),
    }
    parser.advance();
    parser.expect("(")?;
    let mut operands = vec![operand(parser, true)?];
    while parser.eat(",") {
        operands.push(operand(parser, true)?);
    }
    parser.expect(")")?;
    let found = operands.len();
    // In the place of what was wrong.
    let wrong = Operand::Value(Attribute::Null);
    let Ok([first, second]) = <[Operand; 2]>::try_from(operands) else {
        number(parser, name, found, false);
        return Ok(wrong);
    };
    Ok(match (name, first) {
        ("if_not_exists", Operand::Path(path)) => Operand::IfNotExists(path, Box::new(second)),
        ("list_append", first) => {
            for operand in [&first, &second] {
                if let Some(known) = known_type(operand).filter(|known| *known != "L") {
                    incorrect_type(parser, name, known);
                }
            }
            Operand::ListAppend(Box::new(first), Box::new(second))
        }
        _ => {
            path_required(parser, name);
            wrong
        }
    })
}
