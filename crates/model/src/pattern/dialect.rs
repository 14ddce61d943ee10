//! From the dialects of Java and ECMAScript into that of the `regex` crate.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::ends::{ends, lookahead, lookbehind, whole_alternation};
use super::java::{java_class, posix_for_ecmascript};

/// What an opening bracket inside a class means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brackets {
    /// A class of its own, united with the outer one, as in Java.
    Nested,
    /// Itself, as in ECMAScript.
    Literal,
}

/// The expressions whose conjunction is the pattern: each must match, or must not. `None` where the pattern uses what cannot
/// be put into the dialect.
pub(super) fn expressions(source: &str, brackets: Brackets) -> Option<Vec<(bool, String)>> {
    let (open, close) = ends(source);
    let mut list = Vec::new();
    // Lookaheads at the start constrain the text from its first character on, apart from the rest; so do lookbehinds at the
    // end.
    let mut rest = source;
    if whole_alternation(source) {
        rest = rest.strip_prefix('^').unwrap_or(rest);
        while let Some((wanted, inner, after)) = lookahead(rest) {
            list.push((wanted, format!(r"\A(?:{})", translate(inner, brackets)?)));
            rest = after;
        }
        // Without a lookahead the anchor stays where it was.
        if list.is_empty() {
            rest = source;
        }
        while let Some((before, wanted, inner)) = lookbehind(rest) {
            list.push((wanted, format!(r"(?:{})\z", translate(inner, brackets)?)));
            rest = before;
        }
    }
    let body = translate(rest, brackets)?;
    let anchored_start = if open && list.is_empty() { "" } else { r"\A" };
    let anchored_end = if close { "" } else { r"\z" };
    list.push((true, format!("{anchored_start}(?:{body}){anchored_end}")));
    Some(list)
}

/// The pattern for an ECMAScript engine, anchored as services do.
pub(super) fn ecmascript(source: &str) -> String {
    let (open, close) = ends(source);
    // Java's ends of the text are ECMAScript's ends without the flag `m`.
    let body = source.replace(r"\A", "^").replace(r"\z", "$").replace(r"\Z", "$");
    let body = posix_for_ecmascript(&body);
    let start = if open { "" } else { "^" };
    let end = if close { "" } else { "$" };
    format!("{start}(?:{body}){end}")
}

fn translate(source: &str, brackets: Brackets) -> Option<String> {
    let mut translator = Translator { rest: source.chars().peekable(), out: String::new(), brackets };
    translator.outside()?;
    Some(translator.out)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    brackets: Brackets,
}

/// What an escape stands for.
enum Escape {
    /// One character.
    Character(char),
    /// A class, written as the inside of brackets, and whether it is negated.
    Class(String, bool),
    /// An assertion, only outside classes.
    Assertion(&'static str),
    /// Characters to take as they are.
    Quoted(String),
    /// Half of a surrogate pair without the other half: no text has it.
    Surrogate,
}

impl Translator<'_> {
    fn outside(&mut self) -> Option<()> {
        while let Some(letter) = self.rest.next() {
            match letter {
                '\\' => match self.escape()? {
                    Escape::Character(letter) => self.literal(letter),
                    Escape::Class(inside, negated) => {
                        let _ = write!(self.out, "[{}{inside}]", if negated { "^" } else { "" });
                    }
                    Escape::Assertion(text) => self.out.push_str(text),
                    Escape::Quoted(text) => text.chars().for_each(|letter| self.literal(letter)),
                    // An empty class never matches.
                    Escape::Surrogate => self.out.push_str(r"[^\x{0}-\x{10FFFF}]"),
                },
                '[' => self.class(0)?,
                '{' => {
                    if !self.repetition() {
                        self.out.push_str(r"\{");
                    }
                }
                // `.` is any character but the ends of lines, of which ECMAScript and Java know four and more.
                '.' => self.out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
                '^' => self.out.push_str(r"\A"),
                '$' => self.out.push_str(r"\z"),
                letter => self.out.push(letter),
            }
        }
        Some(())
    }

    /// Whether what follows an opening brace makes it a repetition: `3}`, `3,}` or `3,5}`.
    fn repetition(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        let mut digits = 0;
        while ahead.next_if(char::is_ascii_digit).is_some() {
            digits += 1;
        }
        if ahead.next_if_eq(&',').is_some() {
            while ahead.next_if(char::is_ascii_digit).is_some() {}
        }
        let repeats = digits > 0 && ahead.next_if_eq(&'}').is_some();
        if repeats {
            self.out.push('{');
        }
        repeats
    }

    fn literal(&mut self, letter: char) {
        if letter.is_ascii_alphanumeric() || !letter.is_ascii() {
            self.out.push(letter);
        } else {
            let _ = write!(self.out, r"\x{{{:X}}}", letter as u32);
        }
    }

    /// The inside of a class; the opening bracket is read.
    fn class(&mut self, depth: usize) -> Option<()> {
        if depth > 8 {
            return None;
        }
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let start = self.out.len();
        loop {
            match self.rest.next()? {
                ']' => {
                    if self.out.len() == start {
                        // Nothing was in it, or only halves of surrogate pairs: a class that no character, or every one, is in.
                        self.out.push_str(r"\x{0}&&\x{1}");
                    }
                    self.out.push(']');
                    return Some(());
                }
                '[' if self.brackets == Brackets::Nested => self.class(depth + 1)?,
                '&' if self.rest.next_if_eq(&'&').is_some() => {
                    if self.brackets == Brackets::Nested && self.rest.peek() == Some(&'[') {
                        self.out.push_str("&&");
                    } else {
                        self.out.push_str(r"\x{26}");
                    }
                }
                '\\' => match self.escape()? {
                    Escape::Character(letter) => self.range(Some(letter))?,
                    Escape::Surrogate => self.range(None)?,
                    Escape::Class(inside, false) => self.out.push_str(&inside),
                    Escape::Class(inside, true) => {
                        let _ = write!(self.out, "[^{inside}]");
                    }
                    Escape::Quoted(text) => text.chars().for_each(|letter| self.literal(letter)),
                    Escape::Assertion(r"\b") => self.out.push_str(r"\x{8}"),
                    Escape::Assertion(_) => return None,
                },
                letter => self.range(Some(letter))?,
            }
        }
    }

    /// A character of a class, or the range that it starts. Ranges of halves of surrogate pairs are left out.
    fn range(&mut self, first: Option<char>) -> Option<()> {
        let mut ahead = self.rest.clone();
        let is_range = ahead.next() == Some('-') && ahead.peek().is_some_and(|after| *after != ']' && *after != '[');
        if !is_range {
            if let Some(first) = first {
                self.literal(first);
            }
            return Some(());
        }
        self.rest.next();
        let before = self.rest.clone();
        let last = match self.rest.next()? {
            '\\' => match self.escape()? {
                Escape::Character(letter) => Some(letter),
                Escape::Surrogate => None,
                // `[\w-\d]`: the dash is itself.
                _ => {
                    self.rest = before;
                    if let Some(first) = first {
                        self.literal(first);
                    }
                    self.literal('-');
                    return Some(());
                }
            },
            letter => Some(letter),
        };
        let (first, last) = match (first, last) {
            (Some(first), Some(last)) => (first, last),
            // From a character up into the surrogates, or from them up: the ends that characters have.
            (Some(first), None) => (first, '\u{D7FF}'),
            (None, Some(last)) => ('\u{E000}', last),
            (None, None) => return Some(()),
        };
        if first > last {
            return None;
        }
        self.literal(first);
        self.out.push('-');
        self.literal(last);
        Some(())
    }

    /// An escape; the backslash is read.
    fn escape(&mut self) -> Option<Escape> {
        let class = |inside: &str, negated| Some(Escape::Class(inside.to_owned(), negated));
        let letter = self.rest.next()?;
        match letter {
            'd' => class("0-9", false),
            'D' => class("0-9", true),
            'w' => class("0-9A-Za-z_", false),
            'W' => class("0-9A-Za-z_", true),
            's' => class(r"\t\n\x0B\x0C\r\x20", false),
            'S' => class(r"\t\n\x0B\x0C\r\x20", true),
            'h' => class(r"\t\x20", false),
            'p' | 'P' => self.property(letter == 'P'),
            'A' => Some(Escape::Assertion(r"\A")),
            'z' | 'Z' => Some(Escape::Assertion(r"\z")),
            'b' => Some(Escape::Assertion(r"\b")),
            'B' => Some(Escape::Assertion(r"\B")),
            'n' => Some(Escape::Character('\n')),
            'r' => Some(Escape::Character('\r')),
            't' => Some(Escape::Character('\t')),
            'f' => Some(Escape::Character('\u{C}')),
            'v' => Some(Escape::Character('\u{B}')),
            'a' => Some(Escape::Character('\u{7}')),
            'e' => Some(Escape::Character('\u{1B}')),
            '0' => self.digits(8, 0, 3).map(Escape::Character),
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            'Q' => Some(Escape::Quoted(self.quoted())),
            // Back references and unknown letters are for the other engine.
            letter if letter.is_ascii_alphanumeric() => None,
            letter => Some(Escape::Character(letter)),
        }
    }

    /// Digits of a number, at least and at most so many.
    fn digits(&mut self, radix: u32, least: usize, most: usize) -> Option<char> {
        char::from_u32(self.number(radix, least, most)?)
    }

    fn number(&mut self, radix: u32, least: usize, most: usize) -> Option<u32> {
        let (mut value, mut count) = (0u32, 0);
        while count < most
            && let Some(digit) = self.rest.peek().and_then(|letter| letter.to_digit(radix))
        {
            self.rest.next();
            value = value * radix + digit;
            count += 1;
        }
        (count >= least).then_some(value)
    }

    /// `\xHH`, `\uHHHH`, or either with braces; two halves of a surrogate pair are joined.
    fn hexadecimal(&mut self, width: usize) -> Option<Escape> {
        if self.rest.next_if_eq(&'{').is_some() {
            let letter = self.digits(16, 1, 6)?;
            self.rest.next_if_eq(&'}')?;
            return Some(Escape::Character(letter));
        }
        let high = self.number(16, width, width)?;
        if let Some(letter) = char::from_u32(high) {
            return Some(Escape::Character(letter));
        }
        let mut ahead = self.rest.clone();
        if (0xD800..0xDC00).contains(&high) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
            let mut second = Translator { rest: ahead, out: String::new(), brackets: self.brackets };
            if let Some(low) = second.number(16, 4, 4)
                && (0xDC00..0xE000).contains(&low)
            {
                self.rest = second.rest;
                return char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).map(Escape::Character);
            }
        }
        Some(Escape::Surrogate)
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(letter) = self.rest.next() {
            if letter == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(letter);
        }
        text
    }

    /// `\p{Name}` or `\pL`.
    fn property(&mut self, negated: bool) -> Option<Escape> {
        let mut name = String::new();
        if self.rest.next_if_eq(&'{').is_some() {
            loop {
                match self.rest.next()? {
                    '}' => break,
                    letter => name.push(letter),
                }
            }
        } else {
            name.push(self.rest.next()?);
        }
        if let Some(inside) = java_class(&name) {
            return Some(Escape::Class(inside.to_owned(), negated));
        }
        Some(Escape::Class(format!(r"\p{{{name}}}"), negated))
    }
}
