//! What all statements have in common: tokens are taken one by one, and names, paths and values read.

use std::collections::BTreeMap;

use super::lexer::{Class, Token, tokens};
use crate::{Attribute, Invalid, MAX_DEPTH, Number, Path, Step};

/// Bytes of a statement.
const MAX_SIZE: usize = 8192;
/// Parentheses and functions inside one another.
const MAX_NESTING: usize = 64;

/// Words with a meaning of their own. As names they stand in quotation marks.
const KEYWORDS: [&str; 31] = [
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "DELETE",
    "DESC",
    "EXISTS",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "LIKE",
    "LIMIT",
    "MISSING",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "REMOVE",
    "RETURNING",
    "SELECT",
    "SET",
    "TRUE",
    "UPDATE",
    "WHERE",
];

/// An error in the form that AWS gives all errors of syntax.
pub(super) fn malformed(what: &str) -> Invalid {
    Invalid::new(format!("Statement wasn't well formed, can't be processed: {what}"))
}

/// Reads one statement.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: Token<'a>,
    parameters: &'a [Attribute],
    used: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, parameters: &'a [Attribute]) -> Result<Self, Invalid> {
        if text.len() > MAX_SIZE {
            return Err(malformed("The statement is longer than 8192 bytes"));
        }
        let end = Token { class: Class::End, text: "" };
        Ok(Self { tokens: tokens(text), at: 0, end, parameters, used: 0, nesting: 0 })
    }

    pub(super) fn peek(&self) -> Token<'a> {
        self.token(self.at)
    }

    fn token(&self, at: usize) -> Token<'a> {
        self.tokens.get(at).copied().unwrap_or(self.end)
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        is_symbol(self.peek(), symbol)
    }

    /// Takes the symbol if it is next.
    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), Invalid> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        let token = self.peek();
        token.class == Class::Word && token.text.eq_ignore_ascii_case(keyword)
    }

    /// Takes the keyword, in any case, if it is next.
    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_keyword(&mut self, keyword: &str) -> Result<(), Invalid> {
        if self.eat_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The error about the token that is next.
    pub(super) fn unexpected(&self) -> Invalid {
        let token = self.peek();
        malformed(match token.class {
            Class::Word if is_keyword(token.text) => "Unexpected keyword",
            _ => "Unexpected term",
        })
    }

    /// Goes one level down.
    pub(super) fn enter(&mut self) -> Result<(), Invalid> {
        self.nesting += 1;
        if self.nesting <= MAX_NESTING { Ok(()) } else { Err(malformed("The statement is nested too deep")) }
    }

    pub(super) fn leave(&mut self) {
        self.nesting -= 1;
    }

    /// The name of the function that begins here, in lower case; its parenthesis is taken, too.
    pub(super) fn function(&mut self) -> Option<String> {
        let token = self.peek();
        let begins = token.class == Class::Word && !is_keyword(token.text) && is_symbol(self.token(self.at + 1), "(");
        begins.then(|| {
            self.at += 2;
            token.text.to_ascii_lowercase()
        })
    }

    /// Fails unless the statement ends here and has used all parameters.
    pub(super) fn finish(&self) -> Result<(), Invalid> {
        if self.peek().class != Class::End {
            return Err(self.unexpected());
        }
        if self.used == self.parameters.len() { Ok(()) } else { Err(mismatch()) }
    }

    /// A name, in quotation marks or not.
    pub(super) fn name(&mut self) -> Result<String, Invalid> {
        let token = self.peek();
        let name = match token.class {
            Class::Word if !is_keyword(token.text) => token.text.to_string(),
            Class::Quoted => token.unquoted(),
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(name)
    }

    /// A document path.
    pub(super) fn path(&mut self) -> Result<Path, Invalid> {
        let mut path = Path::attribute(self.name()?);
        loop {
            if self.eat(".") {
                path.steps.push(Step::Name(self.name()?));
            } else if self.eat("[") {
                path.steps.push(self.step()?);
                self.expect("]")?;
            } else {
                break;
            }
            if path.steps.len() >= MAX_DEPTH {
                return Err(malformed("The document path has too many levels"));
            }
        }
        Ok(path)
    }

    /// What stands between brackets: an index, or a name as a string.
    fn step(&mut self) -> Result<Step, Invalid> {
        let token = self.peek();
        let step = match token.class {
            Class::Text => Step::Name(token.unquoted()),
            Class::Number => {
                let index = token.text.parse().ok().filter(|index| *index <= i32::MAX as usize);
                Step::Index(index.ok_or_else(|| self.unexpected())?)
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(step)
    }

    /// A value, if one begins here: a literal or a parameter.
    pub(super) fn value(&mut self) -> Result<Option<Attribute>, Invalid> {
        self.nested(MAX_DEPTH)
    }

    fn required(&mut self, levels: usize) -> Result<Attribute, Invalid> {
        self.nested(levels)?.ok_or_else(|| self.unexpected())
    }

    pub(super) fn nested(&mut self, levels: usize) -> Result<Option<Attribute>, Invalid> {
        let token = self.peek();
        let value = match (token.class, token.text) {
            (Class::Text, _) => Attribute::S(token.unquoted()),
            (Class::Number, text) => number(text, false)?,
            (Class::Symbol, "-" | "+") => {
                self.advance();
                let digits = self.peek();
                if digits.class != Class::Number {
                    return Err(self.unexpected());
                }
                number(digits.text, token.text == "-")?
            }
            (Class::Symbol, "?") => {
                let value = self.parameters.get(self.used).cloned().ok_or_else(mismatch)?;
                self.used += 1;
                value
            }
            (Class::Symbol, "[") => return self.list(levels).map(Some),
            (Class::Symbol, "{") => return self.map(levels).map(Some),
            (Class::Symbol, "<<") => return self.set(levels).map(Some),
            (Class::Word, word) if word.eq_ignore_ascii_case("true") => Attribute::Bool(true),
            (Class::Word, word) if word.eq_ignore_ascii_case("false") => Attribute::Bool(false),
            (Class::Word, word) if word.eq_ignore_ascii_case("null") => Attribute::Null,
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(value))
    }

    /// The elements of something up to its end, the opening symbol being next.
    fn elements(&mut self, end: &str, levels: usize) -> Result<Vec<Attribute>, Invalid> {
        self.advance();
        let mut elements = Vec::new();
        if self.eat(end) {
            return Ok(elements);
        }
        loop {
            elements.push(self.required(levels)?);
            if !self.eat(",") {
                self.expect(end)?;
                return Ok(elements);
            }
        }
    }

    fn list(&mut self, levels: usize) -> Result<Attribute, Invalid> {
        Ok(Attribute::L(self.elements("]", below(levels)?)?))
    }

    fn map(&mut self, levels: usize) -> Result<Attribute, Invalid> {
        let levels = below(levels)?;
        self.advance();
        let mut map = BTreeMap::new();
        if self.eat("}") {
            return Ok(Attribute::M(map));
        }
        loop {
            let name = self.peek();
            if !matches!(name.class, Class::Text | Class::Quoted) {
                return Err(self.unexpected());
            }
            self.advance();
            self.expect(":")?;
            let value = self.required(levels)?;
            if map.insert(name.unquoted(), value).is_some() {
                return Err(Invalid::new(format!("Duplicate attribute name in a map: {}", name.unquoted())));
            }
            if !self.eat(",") {
                self.expect("}")?;
                return Ok(Attribute::M(map));
            }
        }
    }

    fn set(&mut self, levels: usize) -> Result<Attribute, Invalid> {
        let elements = self.elements(">>", below(levels)?)?;
        let count = elements.len();
        let of = |value: &Attribute| match value {
            Attribute::S(_) => Some(Attribute::Ss(elements.iter().filter_map(text).collect())),
            Attribute::N(_) => Some(Attribute::Ns(elements.iter().filter_map(digits).collect())),
            Attribute::B(_) => Some(Attribute::Bs(elements.iter().filter_map(bytes).collect())),
            _ => None,
        };
        let Some(set) = elements.first().and_then(of) else {
            return Err(malformed("A set has one string, number or binary at least, and no other values"));
        };
        let size = match &set {
            Attribute::Ss(set) => set.len(),
            Attribute::Ns(set) => set.len(),
            Attribute::Bs(set) => set.len(),
            _ => 0,
        };
        let kinds =
            elements.iter().all(|element| Some(element.type_name()) == elements.first().map(Attribute::type_name));
        match (kinds, size == count) {
            (false, _) => Err(malformed("The elements of a set have one type")),
            (true, false) => Err(Invalid::new("Input collection contains duplicates")),
            (true, true) => Ok(set),
        }
    }
}

fn text(value: &Attribute) -> Option<String> {
    match value {
        Attribute::S(text) => Some(text.clone()),
        _ => None,
    }
}

fn digits(value: &Attribute) -> Option<Number> {
    match value {
        Attribute::N(number) => Some(*number),
        _ => None,
    }
}

fn bytes(value: &Attribute) -> Option<bytes::Bytes> {
    match value {
        Attribute::B(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

fn below(levels: usize) -> Result<usize, Invalid> {
    let too_deep = "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";
    levels.checked_sub(1).filter(|levels| *levels > 0).ok_or_else(|| Invalid::new(too_deep))
}

fn number(digits: &str, negative: bool) -> Result<Attribute, Invalid> {
    let sign = if negative { "-" } else { "" };
    Ok(Attribute::N(format!("{sign}{digits}").parse()?))
}

fn mismatch() -> Invalid {
    Invalid::new("Number of parameters in request and statement don't match.")
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

fn is_symbol(token: Token<'_>, symbol: &str) -> bool {
    token.class == Class::Symbol && token.text == symbol
}
