//! From the text of a statement to tokens. Nothing is refused here: what no statement has becomes a token of its own.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter or `_`, then letters, digits, `_` and `$`: a name, a function or a keyword.
    Word,
    /// A name in double quotation marks.
    Quoted,
    /// A string in single quotation marks.
    Text,
    Number,
    /// Punctuation and operators.
    Symbol,
    /// Anything else, an open quotation included.
    Unknown,
    End,
}

/// A piece of the text, quotation marks included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) class: Class,
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// What stands between the quotation marks; a mark in it is written twice.
    pub(super) fn unquoted(&self) -> String {
        let mark = if self.class == Class::Quoted { '"' } else { '\'' };
        let inner = self.text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark)).unwrap_or(self.text);
        let twice: String = [mark, mark].iter().collect();
        inner.replace(&twice, &mark.to_string())
    }
}

/// Symbols of two characters; all others have one.
const DOUBLE: [&str; 6] = ["<<", ">>", "<>", "<=", ">=", "!="];

/// The tokens of a text, one that says its end last.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).map(str::trim_start).filter(|rest| !rest.is_empty()) {
        start = text.len() - rest.len();
        let (class, length) = first(rest);
        tokens.push(Token { class, text: rest.get(..length).unwrap_or(rest) });
        start += length;
    }
    tokens.push(Token { class: Class::End, text: "" });
    tokens
}

/// Class and length of the first token of a text that is not empty.
fn first(text: &str) -> (Class, usize) {
    let first = text.chars().next().unwrap_or_default();
    match first {
        'a'..='z' | 'A'..='Z' | '_' => {
            let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
            (Class::Word, text.bytes().take_while(part).count())
        }
        '0'..='9' => (Class::Number, number(text)),
        '.' if text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => (Class::Number, number(text)),
        '\'' => quoted(text, b'\'').map_or((Class::Unknown, text.len()), |length| (Class::Text, length)),
        '"' => quoted(text, b'"').map_or((Class::Unknown, text.len()), |length| (Class::Quoted, length)),
        _ if DOUBLE.iter().any(|double| text.starts_with(double)) => (Class::Symbol, 2),
        '(' | ')' | '[' | ']' | '{' | '}' | ',' | '.' | ':' | '?' | '*' | '=' | '<' | '>' | '+' | '-' => {
            (Class::Symbol, 1)
        }
        other => (Class::Unknown, other.len_utf8()),
    }
}

/// Length of a number: digits, a fraction, an exponent.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let from = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(from);
        if exponent > from {
            end = exponent;
        }
    }
    end
}

/// Length of what stands in quotation marks, the marks included, if they are closed.
fn quoted(text: &str, mark: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.as_bytes().get(at..)?.iter().position(|byte| *byte == mark)? + 1;
        if text.as_bytes().get(at) != Some(&mark) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_as_long_as_they_can_be() {
        let text = "a.b[0]<=-1.5e+3 <<'it''s'>>!=\"q\"\"\" .5 'open";
        let found: Vec<_> = tokens(text).iter().map(|token| token.text).collect();
        let wanted = [
            "a",
            ".",
            "b",
            "[",
            "0",
            "]",
            "<=",
            "-",
            "1.5e+3",
            "<<",
            "'it''s'",
            ">>",
            "!=",
            "\"q\"\"\"",
            ".5",
            "'open",
            "",
        ];
        assert_eq!(found, wanted);
        assert_eq!(tokens("'it''s'")[0].unquoted(), "it's");
        assert_eq!(tokens("\"q\"\"\"")[0].unquoted(), "q\"");
        assert_eq!(tokens("''")[0].unquoted(), "");
        assert_eq!(tokens("'open")[0].class, Class::Unknown);
    }
}
