//! `application/x-www-form-urlencoded` text: bodies of the query protocols, and query strings.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::{DecodeError, Limits};

/// One decoded pair.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Splits and decodes; a name without `=` has an empty value. Empty pairs are skipped.
///
/// # Errors
/// More pairs than the limit, or text that is not UTF-8 after decoding.
pub(crate) fn parse<'a>(text: &'a [u8], limits: &Limits) -> Result<Vec<Pair<'a>>, DecodeError> {
    let mut pairs = Vec::new();
    for part in text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        if pairs.len() >= limits.max_pairs {
            return Err(DecodeError::TooMuch("number of parameters"));
        }
        let (name, value) = match memchr::memchr(b'=', part).and_then(|at| part.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
            None => (part, &[][..]),
        };
        let decoded = decode(name).zip(decode(value));
        pairs.push(decoded.ok_or_else(|| DecodeError::binding("A parameter is not valid UTF-8"))?);
    }
    Ok(pairs)
}

/// Undoes percent-encoding and `+` for a space.
fn decode(text: &[u8]) -> Option<Cow<'_, str>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
