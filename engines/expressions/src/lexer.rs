//! From the text of an expression to tokens. Nothing is refused here: what no expression has becomes a token of its own.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter, then letters, digits and `_`: a name, a function or a keyword.
    Word,
    /// `#` and a name that the request explains.
    Name,
    /// `:` and a value that the request has.
    Value,
    Number,
    /// Punctuation and operators.
    Symbol,
    /// Any other character.
    Unknown,
    End,
}

/// A piece of the text, and where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) class: Class,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of a text, one that says its end last.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).map(str::trim_ascii_start).filter(|rest| !rest.is_empty()) {
        start = text.len() - rest.len();
        let (class, length) = first(rest);
        tokens.push(Token { class, text: rest.get(..length).unwrap_or(rest), start });
        start += length;
    }
    tokens.push(Token { class: Class::End, text: "", start: text.len() });
    tokens
}

/// Class and length of the first token of a text that is not empty.
fn first(text: &str) -> (Class, usize) {
    let run = |from: usize, accepts: fn(&u8) -> bool| from + text.bytes().skip(from).take_while(accepts).count();
    let first = text.chars().next().unwrap_or_default();
    match first {
        'a'..='z' | 'A'..='Z' => (Class::Word, run(0, is_part)),
        '0'..='9' => (Class::Number, run(0, u8::is_ascii_digit)),
        '#' | ':' => match run(1, is_part) {
            1 => (Class::Unknown, 1),
            length => (if first == '#' { Class::Name } else { Class::Value }, length),
        },
        '<' | '>' => {
            let double = text.starts_with("<>") || text.starts_with("<=") || text.starts_with(">=");
            (Class::Symbol, if double { 2 } else { 1 })
        }
        '(' | ')' | '[' | ']' | ',' | '.' | '+' | '-' | '=' => (Class::Symbol, 1),
        other => (Class::Unknown, other.len_utf8()),
    }
}

fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// Words that are part of the grammar of all expressions, in any case. No attribute has such a name without a placeholder.
const KEYWORDS: [&str; 9] = ["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"];

/// Whether a word is part of the grammar.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Whether a text is one placeholder: its sign, and at least one character behind it.
pub(crate) fn is_placeholder(text: &str, sign: char) -> bool {
    text.strip_prefix(sign).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| is_part(&byte)))
}
