//! A message as it is stored, and the rules for its text.

use std::collections::BTreeMap;
use std::fmt;

use kumoi_core::{Cx, Fault};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::errors::{invalid_message_contents, invalid_value};
use crate::tables::MessageKey;

/// A message in a queue. Its key says when it was sent. Names are short in the store, where there can be millions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    #[serde(rename = "i")]
    pub(crate) id: String,
    #[serde(rename = "b")]
    pub(crate) body: String,
    /// The MD5 digest of the body, so that receivers need not wait for it.
    #[serde(rename = "m")]
    pub(crate) digest: Blob,
    /// Who sent it, as in `SenderId`.
    #[serde(rename = "s")]
    pub(crate) sender: String,
    /// From when on it can be received, in microseconds. In the future it is delayed, or in flight when it was received before.
    #[serde(rename = "v")]
    pub(crate) visible_at: i64,
    /// How often it was received from this queue.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub(crate) received: u32,
    /// How often it was received from the queue whose dead letter it is.
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    pub(crate) received_before: u32,
    /// When it was first received, in microseconds.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_received: Option<i64>,
    /// When it was last received, in microseconds: 12 hours later it is visible again at the latest.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_received: Option<i64>,
    /// It is in a FIFO queue.
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    pub(crate) fifo: bool,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub(crate) dedup: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, Attribute>,
    /// The system attribute `AWSTraceHeader`.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<String>,
    /// ARN of the queue whose dead letter it is.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Message {
    /// Whether it was received and not yet given back, deleted or left to its timeout.
    pub(crate) fn is_in_flight(&self, now: i64) -> bool {
        self.received > 0 && self.visible_at > now
    }
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label: `Number.float`.
    #[serde(rename = "t")]
    pub(crate) data_type: String,
    #[serde(rename = "v")]
    pub(crate) value: AttributeValue,
}

/// What a message attribute holds. Numbers are text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum AttributeValue {
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "b")]
    Binary(Blob),
}

impl AttributeValue {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(Blob(bytes)) => bytes,
        }
    }
}

/// Bytes that are stored as such, not as a list of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Blob, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The key of a message that arrives now.
pub(crate) fn new_key(cx: &Cx, contents: u64, sent: i64) -> MessageKey {
    (contents, sent, cx.ids().sequence())
}

/// A sequence number as clients see it: 20 digits that grow, with gaps.
pub(crate) fn sequence_number(sequence: u64) -> String {
    (10_000_000_000_000_000_000_u128 + (u128::from(sequence) << 8)).to_string()
}

/// The first character of a text that SQS does not carry: XML 1.0 has no place for it.
pub(crate) fn forbidden_character(text: &str) -> Option<char> {
    // Bytes decide almost always: only control characters, U+FFFE and U+FFFF are forbidden.
    let suspect = |byte: u8| ((byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 0xef);
    // Without a branch for each byte, many are looked at in one step.
    let any_suspect = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | suspect(*byte));
    if !text.as_bytes().chunks(256).any(any_suspect) {
        return None;
    }
    text.chars().find(|letter| {
        let control = *letter < ' ' && !matches!(letter, '\t' | '\n' | '\r');
        control || matches!(letter, '\u{fffe}' | '\u{ffff}')
    })
}

/// Refuses a text with a character that SQS does not carry; `place` says where it stands.
pub(crate) fn check_characters(text: &str, place: impl fmt::Display) -> Result<(), Fault> {
    match forbidden_character(text) {
        None => Ok(()),
        Some(letter) => Err(invalid_message_contents(format!(
            "Invalid binary character '#x{:X}' was found in {place}, the set of allowed characters is #x9 | #xA | #xD | \
             [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
            u32::from(letter)
        ))),
    }
}

/// Checks an id of 1 to 128 letters, digits and punctuation: a message group, a deduplication id, a receive request attempt id.
pub(crate) fn check_id(id: &str, parameter: &str) -> Result<(), Fault> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(invalid_value(id, parameter, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_xml_are_refused() {
        for text in ["", "plain", "tab\tline\r\n", "ü€😀", "\u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}", "\u{f000}"]
        {
            assert_eq!(forbidden_character(text), None, "{text:?}");
        }
        for letter in ['\0', '\u{7}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            assert_eq!(forbidden_character(&format!("a{letter}")), Some(letter));
        }
        let fault = check_characters("\u{7}", "the message body").unwrap_err();
        assert_eq!(fault.code(), "InvalidMessageContents");
        assert!(
            fault.message().starts_with("Invalid binary character '#x7' was found in the message body, the set of")
        );
    }

    #[test]
    fn sequence_numbers_have_twenty_digits_and_grow() {
        let numbers = [0, 1, 1 << 40, 1000 << 40].map(sequence_number);
        assert!(numbers.iter().all(|number| number.len() == 20));
        assert!(numbers.is_sorted());
    }

    #[test]
    fn ids_of_groups() {
        assert!(check_id("a-Z!~", "MessageGroupId").is_ok());
        assert!(check_id(&"x".repeat(128), "MessageGroupId").is_ok());
        for id in ["", "a b", "ü", &"x".repeat(129)] {
            assert!(check_id(id, "MessageGroupId").unwrap_err().message().contains("1 to 128 in length"), "{id}");
        }
    }
}
