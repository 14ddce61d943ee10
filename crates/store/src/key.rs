//! The codec of keys: encoded bytes compare as the values do.
//!
//! Every element starts with a tag, so that stored keys can be read without knowing their type (for `diff` and the console), and integers
//! take only the bytes they need: a counter below 256 costs two bytes.
//!
//! | Element | Bytes |
//! |---|---|
//! | bytes, text | `01` or `02`, the content with each `00` written `00 FF`, then `00` |
//! | integer | `14 + n` and the `n` big-endian bytes of a positive number; `14` for 0; `14 - n` and the inverted `n` bytes of the magnitude of a negative one |
//! | `false`, `true` | `26`, `27` |
//! | tuple | its elements, one after the other; the empty tuple is no bytes |
//!
//! All tags are below `FF`. So no key is a proper prefix of another with the same number of elements, a shorter tuple sorts before its
//! extensions, and `FF` after an encoded tuple bounds all its extensions.

use std::sync::Arc;

use crate::StoreError;

/// A key, or an element of one: an order-preserving encoding. Tuples of up to six keys are keys.
pub trait Key: Sized + Send + Sync {
    /// Appends the encoded key.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes one encoded key off the front of the input; [`StoreError::Corrupt`] when there is none of this type.
    fn decode(input: &mut &[u8]) -> Result<Self, StoreError>;
}

pub(crate) const BYTES: u8 = 0x01;
pub(crate) const TEXT: u8 = 0x02;
const ZERO: u8 = 0x14;
const FALSE: u8 = 0x26;
const TRUE: u8 = 0x27;
/// An integer has at most this many bytes.
const WIDEST: u8 = 16;

/// Sorts after every extension of the key before it.
pub(crate) const AFTER: u8 = 0xFF;

fn damaged(expected: &str) -> StoreError {
    StoreError::corrupt(format!("a key has no {expected} where its table has one"))
}

fn take_tag(input: &mut &[u8]) -> Option<u8> {
    let (tag, rest) = input.split_first()?;
    *input = rest;
    Some(*tag)
}

fn put_escaped(content: &[u8], out: &mut Vec<u8>) {
    for byte in content {
        out.push(*byte);
        if *byte == 0 {
            out.push(AFTER);
        }
    }
}

pub(crate) fn put_string(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.reserve(content.len() + 2);
    out.push(tag);
    if content.contains(&0) {
        put_escaped(content, out)
    } else {
        out.extend_from_slice(content)
    }
    out.push(0);
}

/// Appends the start of a text element: all texts that begin with `start` have these bytes in front.
pub(crate) fn put_text_start(start: &str, out: &mut Vec<u8>) {
    out.push(TEXT);
    put_escaped(start.as_bytes(), out);
}

fn take_string(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = input.iter().position(|byte| *byte == 0)?;
        let (part, rest) = input.split_at_checked(end)?;
        content.extend_from_slice(part);
        match rest.get(1) {
            Some(&AFTER) => {
                content.push(0);
                *input = rest.get(2..)?;
            }
            _ => {
                *input = rest.get(1..)?;
                return Some(content);
            }
        }
    }
}

fn put_integer(value: i128, out: &mut Vec<u8>) {
    // Most fit into half of it.
    if let Ok(short) = u64::try_from(value) {
        let width = 8 - (short.leading_zeros() / 8) as u8;
        let bytes = short.to_be_bytes();
        out.push(ZERO + width);
        return out.extend_from_slice(bytes.get(8 - usize::from(width)..).unwrap_or_default());
    }
    let magnitude = value.unsigned_abs();
    let width = WIDEST - u8::try_from(magnitude.leading_zeros() / 8).unwrap_or(0);
    let skip = usize::from(WIDEST - width);
    if value >= 0 {
        out.push(ZERO + width);
        out.extend_from_slice(magnitude.to_be_bytes().get(skip..).unwrap_or_default());
    } else {
        out.push(ZERO - width);
        out.extend_from_slice((!magnitude).to_be_bytes().get(skip..).unwrap_or_default());
    }
}

fn take_integer(input: &mut &[u8]) -> Option<i128> {
    let tag = take_tag(input)?;
    let width = tag.abs_diff(ZERO);
    if width > WIDEST {
        return None;
    }
    let (bytes, rest) = input.split_at_checked(usize::from(width))?;
    *input = rest;
    let negative = tag < ZERO;
    let magnitude = bytes.iter().fold(0_u128, |value, byte| {
        let byte = if negative { !*byte } else { *byte };
        (value << 8) | u128::from(byte)
    });
    if negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() }
}

macro_rules! integer_keys {
    ($($type:ty),*) => {$(
        impl Key for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                put_integer(i128::from(*self), out);
            }
            fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
                take_integer(input).and_then(|value| value.try_into().ok()).ok_or_else(|| damaged(stringify!($type)))
            }
        }
    )*};
}
integer_keys!(u8, u16, u32, u64, i8, i16, i32, i64, i128);

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(if *self { TRUE } else { FALSE });
    }
    fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
        match take_tag(input) {
            Some(FALSE) => Ok(false),
            Some(TRUE) => Ok(true),
            _ => Err(damaged("boolean")),
        }
    }
}

fn take_text(input: &mut &[u8]) -> Result<String, StoreError> {
    match take_tag(input) {
        Some(TEXT) => take_string(input).and_then(|bytes| String::from_utf8(bytes).ok()),
        _ => None,
    }
    .ok_or_else(|| damaged("text"))
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        put_string(TEXT, self.as_bytes(), out);
    }
    fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
        take_text(input)
    }
}

impl Key for Arc<str> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_string(TEXT, self.as_bytes(), out);
    }
    fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
        take_text(input).map(Arc::from)
    }
}

impl Key for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_string(BYTES, self, out);
    }
    fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
        match take_tag(input) {
            Some(BYTES) => take_string(input),
            _ => None,
        }
        .ok_or_else(|| damaged("byte string"))
    }
}

macro_rules! tuple_keys {
    ($($name:ident),*) => {
        impl<$($name: Key),*> Key for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type parameters name the elements")]
            fn encode(&self, out: &mut Vec<u8>) {
                let ($($name,)*) = self;
                $($name.encode(out);)*
            }
            fn decode(input: &mut &[u8]) -> Result<Self, StoreError> {
                Ok(($($name::decode(input)?,)*))
            }
        }
    };
}

impl Key for () {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &mut &[u8]) -> Result<Self, StoreError> {
        Ok(())
    }
}

tuple_keys!(A);
tuple_keys!(A, B);
tuple_keys!(A, B, C);
tuple_keys!(A, B, C, D);
tuple_keys!(A, B, C, D, E);
tuple_keys!(A, B, C, D, E, F);
/// The elements of an encoded key in readable form: text as strings, bytes in hexadecimal, numbers beyond 64 bits as text.
pub(crate) fn readable(mut input: &[u8]) -> Vec<serde_json::Value> {
    use serde_json::Value;

    use crate::readable::hex;
    let mut elements = Vec::new();
    while let Some(tag) = input.first() {
        let before = input;
        let element = match *tag {
            TEXT => take_text(&mut input).ok().map(Value::String),
            BYTES => Vec::<u8>::decode(&mut input).ok().map(|bytes| hex(&bytes)),
            FALSE | TRUE => bool::decode(&mut input).ok().map(Value::Bool),
            _ => take_integer(&mut input).map(|number| match i64::try_from(number) {
                Ok(number) => Value::from(number),
                Err(_) => Value::String(number.to_string()),
            }),
        };
        match element {
            Some(element) => elements.push(element),
            None => {
                elements.push(hex(before));
                break;
            }
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::StartOf;

    type Wide = (String, i64, Vec<u8>, bool, u64, i128);

    fn encoded<K: Key>(key: &K) -> Vec<u8> {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        bytes
    }

    fn near<T: Clone + std::fmt::Debug + 'static>(
        values: Vec<T>,
        any: impl Strategy<Value = T> + 'static,
    ) -> BoxedStrategy<T> {
        prop_oneof![proptest::sample::select(values), any].boxed()
    }

    /// Keys close to each other and to the ends of their types, where an order goes wrong first.
    fn wide() -> impl Strategy<Value = Wide> {
        let text =
            near(vec!["".into(), "a".into(), "a\0".into(), "a\0b".into(), "\u{1}".into(), "ab".into()], ".{0,4}");
        let bytes = near(
            vec![vec![], vec![0], vec![0, 0], vec![0xFF], vec![0, 0xFF], vec![1]],
            proptest::collection::vec(0..4_u8, 0..4),
        );
        let signed = near(vec![i64::MIN, -257, -256, -255, -1, 0, 1, 255, 256, i64::MAX], any::<i64>());
        let unsigned = near(vec![0, 255, 256, 65_535, 65_536, u64::MAX], any::<u64>());
        let widest = near(vec![i128::MIN, i128::MIN + 1, -1, 0, 1, i128::MAX], any::<i128>());
        (text, signed, bytes, any::<bool>(), unsigned, widest)
    }

    proptest! {
        #[test]
        fn encoded_keys_compare_as_keys_do(a in wide(), b in wide()) {
            prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), a.cmp(&b));
            prop_assert_eq!(encoded(&a.1).cmp(&encoded(&b.1)), a.1.cmp(&b.1));
            prop_assert_eq!(encoded(&a.5).cmp(&encoded(&b.5)), a.5.cmp(&b.5));
            prop_assert!(a == b || !encoded(&b).starts_with(&encoded(&a)), "a key is a proper prefix of another");
        }

        #[test]
        fn keys_come_back(key in wide()) {
            let bytes = encoded(&key);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(Wide::decode(&mut rest).unwrap(), key);
            prop_assert!(rest.is_empty());
            prop_assert_eq!(readable(&bytes).len(), 6);
        }

        #[test]
        fn any_bytes_decode_or_do_not(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Wide::decode(&mut bytes.as_slice());
            let _ = <(u8, Arc<str>)>::decode(&mut bytes.as_slice());
            let _ = readable(&bytes);
        }
    }

    #[test]
    fn keys_have_these_bytes() {
        // The bytes are on disks: a change of them needs a new version of the formats.
        assert_eq!(encoded(&("q".to_owned(), 7_u64)), b"\x02q\0\x15\x07");
        assert_eq!(encoded(&(0_u8, -1_i64, 256_u32)), b"\x14\x13\xFE\x16\x01\x00");
        assert_eq!(encoded(&(vec![0_u8, 1], true, false)), b"\x01\0\xFF\x01\0\x27\x26");
        assert_eq!(encoded(&()), b"");
    }

    #[test]
    fn a_number_out_of_range_of_its_type_is_refused() {
        assert!(u8::decode(&mut encoded(&256_u64).as_slice()).is_err());
        assert!(u64::decode(&mut encoded(&-1_i64).as_slice()).is_err());
        assert!(bool::decode(&mut encoded(&1_u8).as_slice()).is_err());
        assert!(String::decode(&mut encoded(&vec![1_u8]).as_slice()).is_err());
    }

    #[test]
    fn borrowed_starts_are_the_same_bytes() {
        let mut bytes = Vec::new();
        StartOf::<(String, u64, bool)>::encode_start(&("q", 7_u64), &mut bytes);
        assert_eq!(bytes, encoded(&("q".to_owned(), 7_u64)));
    }
}
