//! What can be said of operands without an item: their number, their types, and that they differ.

use super::{Comparator, Operand};
use crate::Attribute;
use crate::parser::{Fault, Parser};

/// Types that have an order.
const ORDERED: &[&str] = &["S", "N", "B"];
/// Types that begin with others.
const TEXTUAL: &[&str] = &["S", "B"];
/// Types that contain others.
const CONTAINERS: &[&str] = &["S", "B", "SS", "NS", "BS", "L"];
/// Types that have a size.
const SIZED: &[&str] = &["S", "B", "SS", "NS", "BS", "L", "M"];
/// All types, as AWS lists them.
const TYPES: &[&str] = &["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
/// Operands of `IN`, the first one included.
const MAX_OPERANDS: usize = 100;

impl Operand {
    /// The type that it has for every item, if that is known.
    fn known_type(&self) -> Option<&'static str> {
        match self {
            Self::Path(_) => None,
            Self::Value(value) => Some(value.type_name()),
            Self::Size(_) => Some("N"),
        }
    }
}

/// Notes an operand that can never have one of these types.
fn types(parser: &mut Parser<'_>, function: &str, operand: &Operand, allowed: &[&str]) {
    if let Some(known) = operand.known_type().filter(|known| !allowed.contains(known)) {
        incorrect_type(parser, function, known);
    }
}

pub(crate) fn incorrect_type(parser: &mut Parser<'_>, function: &str, known: &str) {
    let message = format!(
        "Incorrect operand type for operator or function; operator or function: {function}, operand type: {known}"
    );
    parser.note(Fault::Operand, &message);
}

/// Notes a wrong number of operands, and says whether it is right.
pub(crate) fn number(parser: &mut Parser<'_>, function: &str, found: usize, right: bool) -> bool {
    if !right {
        let message = format!(
            "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {found}"
        );
        parser.note(Fault::Operand, &message);
    }
    right
}

/// Notes a first operand that is a path and comes again.
fn distinct<'a>(parser: &mut Parser<'_>, operator: &str, first: &Operand, rest: impl IntoIterator<Item = &'a Operand>) {
    if let Operand::Path(path) = first
        && rest.into_iter().any(|operand| operand == first)
    {
        let message = format!(
            "The first operand must be distinct from the remaining operands for this operator or function; \
             operator: {operator}, first operand: {path}"
        );
        parser.note(Fault::Operand, &message);
    }
}

pub(super) fn compare(parser: &mut Parser<'_>, comparator: Comparator, left: &Operand, right: &Operand) {
    let symbol = comparator.symbol();
    if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        types(parser, symbol, left, ORDERED);
        types(parser, symbol, right, ORDERED);
    }
    distinct(parser, symbol, left, [right]);
}

pub(super) fn between(parser: &mut Parser<'_>, operands: &[Operand; 3]) {
    for operand in operands {
        types(parser, "BETWEEN", operand, ORDERED);
    }
    let [first, low, high] = operands;
    distinct(parser, "BETWEEN", first, [low, high]);
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return };
    let rule = if low.type_name() != high.type_name() {
        "same data type for lower and upper bounds"
    } else if low.order(high).is_some_and(|order| order.is_gt()) {
        "upper bound to be greater than or equal to lower bound"
    } else {
        return;
    };
    let (low, high) = (shown(low), shown(high));
    let message = format!(
        "The BETWEEN operator requires {rule}; lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
    );
    parser.note(Fault::Operand, &message);
}

/// A value as AWS's messages have it.
fn shown(value: &Attribute) -> String {
    let content = match value {
        Attribute::S(text) => text.clone(),
        Attribute::N(number) => number.to_string(),
        _ => "…".to_string(),
    };
    format!("{{{}:{content}}}", value.type_name())
}

pub(super) fn one_of(parser: &mut Parser<'_>, first: &Operand, list: &[Operand]) {
    let found = list.len() + 1;
    number(parser, "IN", found, found <= MAX_OPERANDS);
    distinct(parser, "IN", first, list);
}

pub(super) fn size(parser: &mut Parser<'_>, operand: &Operand) {
    types(parser, "size", operand, SIZED);
}

pub(super) fn begins_with(parser: &mut Parser<'_>, operand: &Operand, start: &Operand) {
    types(parser, "begins_with", operand, TEXTUAL);
    types(parser, "begins_with", start, TEXTUAL);
    distinct(parser, "begins_with", operand, [start]);
}

pub(super) fn contains(parser: &mut Parser<'_>, operand: &Operand, part: &Operand) {
    types(parser, "contains", operand, CONTAINERS);
    distinct(parser, "contains", operand, [part]);
}

/// The type that `attribute_type` asks for: a value of the request that names one.
pub(super) fn type_operand(parser: &mut Parser<'_>, operand: &Operand) -> String {
    match operand {
        Operand::Value(Attribute::S(name)) => {
            if !TYPES.contains(&name.as_str()) {
                let types = TYPES.join(",");
                let message = format!("Invalid attribute type name found; type: {name}, valid types: {{{types}}}");
                parser.note(Fault::Operand, &message);
            }
            name.clone()
        }
        other => {
            let known = match other.known_type() {
                Some(known) => known.to_string(),
                None => "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}".to_string(),
            };
            incorrect_type(parser, "attribute_type", &known);
            String::new()
        }
    }
}
