//! What all expressions have in common: tokens are taken one by one, paths and values resolved, and errors ranked.
//!
//! AWS reports one error of an expression. One of syntax goes before all others; of the rest the kind decides (`Fault`), then the place.

use crate::lexer::{Class, Token, is_keyword, tokens};
use crate::reserved::is_reserved;
use crate::{Attribute, Invalid, MAX_DEPTH, Path, Placeholders, Step};

/// Bytes of an expression.
const MAX_SIZE: usize = 4096;
/// Operators of an expression.
const MAX_OPERATORS: usize = 300;
/// Functions and parentheses of arithmetic inside one another, which are read by recursion. AWS's grammar has a use for few.
const MAX_NESTING: usize = 64;
/// Parentheses of conditions inside one another. Those that hold operators cannot be more than there may be operators.
pub(crate) const MAX_PARENTHESES: usize = MAX_OPERATORS;

pub(crate) const REDUNDANT: &str = "The expression has redundant parentheses;";

/// Which expression of the request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Condition,
    Filter,
    KeyCondition,
    Projection,
    Update,
}

impl Kind {
    /// The parameter's name.
    fn parameter(self) -> &'static str {
        match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Projection => "ProjectionExpression",
            Self::Update => "UpdateExpression",
        }
    }

    /// What messages about functions call it.
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Condition => "a condition expression",
            Self::Filter => "a filter expression",
            Self::KeyCondition => "a key condition expression",
            Self::Projection => "a projection expression",
            Self::Update => "an update expression",
        }
    }
}

/// Kinds of errors that leave the rest of the expression readable, those that are reported first in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Parentheses,
    Function,
    Reserved,
    Section,
    Name,
    Path,
    Overlap,
    Value,
    Operators,
    Misuse,
    Operand,
}

/// Reads one expression.
pub(crate) struct Parser<'a> {
    kind: Kind,
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    end: Token<'a>,
    placeholders: &'a mut Placeholders,
    nesting: usize,
    operators: usize,
    fault: Option<(Fault, Invalid)>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(kind: Kind, text: &'a str, placeholders: &'a mut Placeholders) -> Result<Self, Invalid> {
        let refuse = |message: String| Err(Invalid::new(format!("Invalid {}: {message}", kind.parameter())));
        if text.is_empty() {
            return refuse("The expression can not be empty;".to_string());
        }
        if text.len() > MAX_SIZE {
            let size = text.len();
            return refuse(format!("Expression size has exceeded the maximum allowed size; expression size: {size}"));
        }
        let end = Token { class: Class::End, text: "", start: text.len() };
        let tokens = tokens(text);
        Ok(Self { kind, text, tokens, at: 0, end, placeholders, nesting: 0, operators: 0, fault: None })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// An error of this expression.
    pub(crate) fn invalid(&self, message: &str) -> Invalid {
        Invalid::new(format!("Invalid {}: {message}", self.kind.parameter()))
    }

    /// Keeps an error that is reported if the syntax is right and no other goes before it.
    pub(crate) fn note(&mut self, fault: Fault, message: &str) {
        if self.fault.as_ref().is_none_or(|(known, _)| fault < *known) {
            self.fault = Some((fault, self.invalid(message)));
        }
    }

    fn token(&self, at: usize) -> Token<'a> {
        self.tokens.get(at).copied().unwrap_or(self.end)
    }

    pub(crate) fn peek(&self) -> Token<'a> {
        self.token(self.at)
    }

    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    /// Whether a function begins here.
    pub(crate) fn at_function(&self) -> bool {
        let token = self.peek();
        token.class == Class::Word && !is_keyword(token.text) && is_symbol(self.token(self.at + 1), "(")
    }

    pub(crate) fn at_symbol(&self, symbol: &str) -> bool {
        is_symbol(self.peek(), symbol)
    }

    /// Takes the symbol if it is next.
    pub(crate) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> Result<(), Invalid> {
        if self.eat(symbol) { Ok(()) } else { Err(self.syntax()) }
    }

    pub(crate) fn at_keyword(&self, keyword: &str) -> bool {
        let token = self.peek();
        token.class == Class::Word && token.text.eq_ignore_ascii_case(keyword)
    }

    /// Takes the keyword, in any case, if it is next.
    pub(crate) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    /// The error about the token that is next: it, and the text from the one before to the one behind.
    pub(crate) fn syntax(&self) -> Invalid {
        let token = self.peek();
        let from = self.at.checked_sub(1).map_or(token, |before| self.token(before));
        let to = self.token(self.at + 1);
        let near = self.text.get(from.start..to.end()).unwrap_or_default().trim_ascii();
        let shown = if token.class == Class::End { "<EOF>" } else { token.text };
        self.invalid(&format!("Syntax error; token: \"{shown}\", near: \"{near}\""))
    }

    /// Counts an operator.
    pub(crate) fn operator(&mut self) {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            let count = MAX_OPERATORS + 1;
            self.note(
                Fault::Operators,
                &format!("The expression contains too many operators; operator count: {count}"),
            );
        }
    }

    /// Goes one level down. What is nested too deep is refused with the error that was noted, or this one.
    pub(crate) fn enter(&mut self, refusal: &str) -> Result<(), Invalid> {
        self.nesting += 1;
        if self.nesting <= MAX_NESTING { Ok(()) } else { Err(self.give_up(refusal)) }
    }

    /// The error that was noted, or this one.
    pub(crate) fn give_up(&mut self, refusal: &str) -> Invalid {
        match self.fault.take() {
            Some((_, fault)) => fault,
            None => self.invalid(refusal),
        }
    }

    pub(crate) fn leave(&mut self) {
        self.nesting -= 1;
    }

    pub(crate) fn redundant_parentheses(&mut self) {
        self.note(Fault::Parentheses, REDUNDANT);
    }

    /// A document path.
    pub(crate) fn path(&mut self) -> Result<Path, Invalid> {
        let mut path = Path::attribute(self.name()?);
        loop {
            if self.eat(".") {
                path.steps.push(Step::Name(self.name()?));
            } else if self.eat("[") {
                path.steps.push(Step::Index(self.index()?));
            } else {
                break;
            }
        }
        let levels = path.steps.len() + 1;
        if levels > MAX_DEPTH {
            self.note(Fault::Path, &format!("The document path has too many nesting levels; nesting levels: {levels}"));
        }
        Ok(path)
    }

    fn name(&mut self) -> Result<String, Invalid> {
        let token = self.peek();
        let name = match token.class {
            Class::Word if !is_keyword(token.text) => {
                if is_reserved(token.text) {
                    let word = token.text;
                    self.note(
                        Fault::Reserved,
                        &format!("Attribute name is a reserved keyword; reserved keyword: {word}"),
                    );
                }
                token.text.to_string()
            }
            Class::Name => match self.placeholders.name(token.text) {
                Some(name) => name.to_string(),
                None => {
                    let key = token.text;
                    self.note(
                        Fault::Name,
                        &format!(
                            "An expression attribute name used in the document path is not defined; attribute name: {key}"
                        ),
                    );
                    key.to_string()
                }
            },
            _ => return Err(self.syntax()),
        };
        self.advance();
        Ok(name)
    }

    fn index(&mut self) -> Result<usize, Invalid> {
        let token = self.peek();
        if token.class != Class::Number {
            return Err(self.syntax());
        }
        self.advance();
        self.expect("]")?;
        let index = token.text.parse().ok().filter(|index| *index <= i32::MAX as usize);
        Ok(index.unwrap_or_else(|| {
            let message = format!("List index is not within the allowable range; index: [{}]", token.text);
            self.note(Fault::Path, &message);
            0
        }))
    }

    /// The value of a placeholder, if one is next.
    pub(crate) fn value(&mut self) -> Option<Attribute> {
        let token = self.peek();
        if token.class != Class::Value {
            return None;
        }
        self.advance();
        if let Some(value) = self.placeholders.value(token.text) {
            return Some(value.clone());
        }
        let message =
            format!("An expression attribute value used in expression is not defined; attribute value: {}", token.text);
        self.note(Fault::Value, &message);
        Some(Attribute::Null)
    }

    /// The end of the expression: fails on tokens that are left, and with the error that was noted.
    pub(crate) fn finish(self) -> Result<(), Invalid> {
        if self.peek().class != Class::End {
            return Err(self.syntax());
        }
        self.fault.map_or(Ok(()), |(_, fault)| Err(fault))
    }
}

fn is_symbol(token: Token<'_>, symbol: &str) -> bool {
    token.class == Class::Symbol && token.text == symbol
}
