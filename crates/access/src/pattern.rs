//! Texts with wildcards and policy variables.
//!
//! "IAM policy elements: Variables and tags" in the IAM guide. A variable is replaced by what the request says, taken literally: an
//! asterisk in a value is no wildcard. A variable without a value makes the text match nothing.

use std::borrow::Cow;

use crate::Request;

/// A text to compare with, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Box<[Piece]>,
    variables: bool,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    One,
    Any,
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// A piece of a pattern once variables have their values.
enum Atom<'a> {
    Text(&'a str),
    One,
    Any,
}

/// Where `${…}` is a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variables {
    /// Nowhere: `Version` 2008-10-17, and elements that know none.
    Off,
    /// Everywhere.
    On,
    /// Behind the fifth colon: in the resource of an ARN.
    InResource,
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Counts,
    Ignored,
}

impl Pattern {
    /// Reads a text in which `*` and `?` are wildcards if `wildcards` says so.
    pub(crate) fn new(text: &str, wildcards: bool, variables: Variables) -> Self {
        let mut pieces = Vec::new();
        let (mut literal, mut rest, mut colons) = (String::new(), text, 0);
        while let Some(first) = rest.chars().next() {
            let on = match variables {
                Variables::Off => false,
                Variables::On => true,
                Variables::InResource => colons >= 5,
            };
            if on && let Some((name, after)) = variable(rest) {
                match name {
                    "*" | "?" | "$" => literal.push_str(name),
                    _ => {
                        flush(&mut literal, &mut pieces);
                        let (key, default) = with_default(name);
                        pieces.push(Piece::Variable { key: key.to_ascii_lowercase().into(), default });
                    }
                }
                rest = after;
                continue;
            }
            match first {
                '*' if wildcards => {
                    flush(&mut literal, &mut pieces);
                    // Two asterisks in a row are as good as one.
                    if !matches!(pieces.last(), Some(Piece::Any)) {
                        pieces.push(Piece::Any);
                    }
                }
                '?' if wildcards => {
                    flush(&mut literal, &mut pieces);
                    pieces.push(Piece::One);
                }
                other => {
                    colons += usize::from(other == ':');
                    literal.push(other);
                }
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        flush(&mut literal, &mut pieces);
        Self::of(pieces)
    }

    fn of(pieces: Vec<Piece>) -> Self {
        let variables = pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }));
        Self { pieces: pieces.into(), variables }
    }

    /// Whether `text` is what the pattern describes.
    pub(crate) fn matches(&self, text: &str, case: Case, request: &Request<'_>) -> bool {
        if !self.variables {
            return self.matches_plain(text, case);
        }
        let mut values = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            values.push(match piece {
                Piece::Variable { key, default } => match (request.variable(key), default) {
                    (Some(value), _) => Value::Of(value),
                    (None, Some(default)) => Value::Of(Cow::Borrowed(default)),
                    (None, None) => return false,
                },
                piece => Value::Piece(piece),
            });
        }
        glob(&values, text, case, |value| match value {
            Value::Of(value) => Atom::Text(value),
            Value::Piece(piece) => piece.atom(),
        })
    }

    /// The same for a pattern without variables.
    pub(crate) fn matches_plain(&self, text: &str, case: Case) -> bool {
        glob(&self.pieces, text, case, Piece::atom)
    }

    /// Neither wildcards nor variables.
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed().is_some()
    }

    /// Its text, when it has neither wildcards nor variables.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Any text.
    pub(crate) fn is_any(&self) -> bool {
        matches!(&*self.pieces, [Piece::Any])
    }

    /// The text before the first wildcard or variable, and whether anything follows.
    pub(crate) fn head(&self) -> (&str, bool) {
        match self.pieces.split_first() {
            None => ("", false),
            Some((Piece::Text(text), rest)) => (text, !rest.is_empty()),
            Some(_) => ("", true),
        }
    }

    /// Whether a variable's key begins with `prefix`.
    pub(crate) fn asks_for(&self, prefix: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable { key, .. } if key.starts_with(prefix)))
    }

    /// The six parts of an ARN. Colons of variables do not count.
    pub(crate) fn arn(&self) -> Option<[Self; 6]> {
        let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in &self.pieces {
            let Piece::Text(text) = piece else {
                parts.last_mut()?.push(piece.clone());
                continue;
            };
            let mut rest: &str = text;
            while parts.len() < 6
                && let Some((before, after)) = rest.split_once(':')
            {
                push_text(parts.last_mut()?, before);
                parts.push(Vec::new());
                rest = after;
            }
            push_text(parts.last_mut()?, rest);
        }
        let parts: Vec<Self> = parts.into_iter().map(Self::of).collect();
        parts.try_into().ok()
    }
}

/// A piece, or the value of a variable.
enum Value<'a> {
    Of(Cow<'a, str>),
    Piece(&'a Piece),
}

impl Piece {
    fn atom(&self) -> Atom<'_> {
        match self {
            Self::Text(text) => Atom::Text(text),
            Self::One => Atom::One,
            Self::Any => Atom::Any,
            // Not reached: variables have values by then. A variable without one is an empty text.
            Self::Variable { .. } => Atom::Text(""),
        }
    }
}

/// Compares by going back to the last asterisk only: what an earlier one took can stay as it is, because a later one can take
/// everything that an earlier one could give up.
fn glob<'a, P>(pattern: &'a [P], text: &'a str, case: Case, atom: impl Fn(&'a P) -> Atom<'a>) -> bool {
    let (mut pieces, mut rest) = (pattern, text);
    let mut retry: Option<(&[P], &str)> = None;
    loop {
        let step = match pieces.split_first() {
            None if rest.is_empty() => return true,
            None => None,
            Some((first, tail)) => match atom(first) {
                Atom::Any if tail.is_empty() => return true,
                Atom::Any => {
                    retry = Some((tail, rest));
                    Some((tail, rest))
                }
                Atom::One => without_first(rest).map(|rest| (tail, rest)),
                Atom::Text(text) => without_prefix(rest, text, case).map(|rest| (tail, rest)),
            },
        };
        if let Some(next) = step {
            (pieces, rest) = next;
            continue;
        }
        let Some((tail, from)) = retry else { return false };
        let Some(from) = without_first(from) else { return false };
        retry = Some((tail, from));
        (pieces, rest) = (tail, from);
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next()?;
    Some(characters.as_str())
}

fn without_prefix<'a>(text: &'a str, prefix: &str, case: Case) -> Option<&'a str> {
    match case {
        Case::Counts => text.strip_prefix(prefix),
        Case::Ignored => {
            let (head, rest) = text.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then_some(rest)
        }
    }
}

/// The inside of `${…}` that `text` begins with, and what follows it. A default value may contain braces.
fn variable(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("${")?;
    let mut quoted = false;
    let end = inside.find(|character| {
        quoted ^= character == '\'';
        character == '}' && !quoted
    })?;
    let name = inside.get(..end)?;
    (!name.trim().is_empty()).then_some((name, inside.get(end + 1..)?))
}

/// Key and default of `key, 'default'`.
fn with_default(name: &str) -> (&str, Option<Box<str>>) {
    let (key, default) = name.split_once(',').map_or((name, None), |(key, default)| (key, Some(default.trim())));
    let default = default.and_then(|default| default.strip_prefix('\'')?.strip_suffix('\''));
    (key.trim(), default.map(Into::into))
}

fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    push_text(pieces, literal);
    literal.clear();
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}
