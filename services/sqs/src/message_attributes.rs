//! Message attributes: names, types and values that are accepted, and which of them a receiver asks for.
//!
//! Follows "Amazon SQS message metadata" of the Developer Guide and `MessageAttributeValue` of the API Reference.

use std::collections::BTreeMap;

use kumoi_core::Fault;

use crate::api::{MessageAttributeValue, MessageSystemAttributeValue};
use crate::errors::{invalid_parameter, unsupported_operation};
use crate::message::{Attribute, AttributeValue, Blob, check_characters};

/// The most attributes that a message has.
const MAX_ATTRIBUTES: usize = 10;

/// The longest name and the longest type, in characters.
const MAX_NAME: usize = 256;

/// The one system attribute that a sender can set.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// A value as the two shapes of the model have it.
struct Given {
    text: Option<String>,
    binary: Option<Vec<u8>>,
    lists: bool,
    data_type: String,
}

/// Reads the attributes of a message that is sent.
pub(crate) fn read(given: BTreeMap<String, MessageAttributeValue>) -> Result<BTreeMap<String, Attribute>, Fault> {
    if given.len() > MAX_ATTRIBUTES {
        let count = given.len();
        let message = format!("Number of message attributes [{count}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].");
        return Err(invalid_parameter(message));
    }
    let read = |(name, value): (String, MessageAttributeValue)| {
        check_name(&name)?;
        let given = Given {
            text: value.string_value,
            binary: value.binary_value.map(|bytes| bytes.to_vec()),
            lists: value.string_list_values.is_some_and(|list| !list.is_empty())
                || value.binary_list_values.is_some_and(|list| !list.is_empty()),
            data_type: value.data_type,
        };
        let attribute = given.read(&format!("message (user) attribute '{name}'"))?;
        Ok((name, attribute))
    };
    given.into_iter().map(read).collect()
}

/// Reads the system attributes of a message that is sent: at most the header of AWS X-Ray.
pub(crate) fn read_system(given: BTreeMap<String, MessageSystemAttributeValue>) -> Result<Option<Attribute>, Fault> {
    let mut trace = None;
    for (name, value) in given {
        if name != TRACE_HEADER {
            return Err(invalid_parameter(format!("Message system attribute name '{name}' is invalid.")));
        }
        let given = Given {
            text: value.string_value,
            binary: value.binary_value.map(|bytes| bytes.to_vec()),
            lists: value.string_list_values.is_some_and(|list| !list.is_empty())
                || value.binary_list_values.is_some_and(|list| !list.is_empty()),
            data_type: value.data_type,
        };
        if given.data_type != "String" {
            let message = format!("The type of message system attribute '{name}' is invalid. It must be String.");
            return Err(invalid_parameter(message));
        }
        trace = Some(given.read(&format!("message system attribute '{name}'"))?);
    }
    Ok(trace)
}

/// Letters, digits, underscores, hyphens and periods; no period at an end or next to another; no reserved start.
fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(invalid_parameter("The request must contain non-empty message attribute name."));
    }
    let refuse =
        |reason: &str| Err(invalid_parameter(format!("Message (user) attribute name '{name}' is invalid. {reason}")));
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.len() > MAX_NAME {
        return refuse("Attribute names can be up to 256 characters long.");
    }
    if !name.bytes().all(valid) {
        return refuse("Attribute names can contain only A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.).");
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return refuse("Attribute names cannot start or end with a period, or have periods in succession.");
    }
    let starts = |start: &str| name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    if starts("AWS.") || starts("Amazon.") {
        return refuse("Attribute names cannot start with the reserved prefixes 'AWS.' and 'Amazon.'.");
    }
    Ok(())
}

impl Given {
    /// `place` is such as "message (user) attribute 'colour'".
    fn read(self, place: &str) -> Result<Attribute, Fault> {
        if self.lists {
            return Err(unsupported_operation(
                "Message attribute list values in SendMessage operation are not supported.",
            ));
        }
        if self.data_type.is_empty() {
            return Err(invalid_parameter(format!("The {place} must contain a non-empty message attribute type.")));
        }
        let base = self.data_type.split('.').next().unwrap_or_default();
        let label = self.data_type.len() > base.len();
        let too_long = self.data_type.chars().count() > MAX_NAME || self.data_type.ends_with('.');
        if !matches!(base, "String" | "Number" | "Binary") || (label && too_long) {
            return Err(invalid_parameter(format!(
                "The type of {place} is invalid. You must use only the following supported type prefixes: Binary, Number, String."
            )));
        }
        check_characters(&self.data_type, format_args!("the type of {place}"))?;
        let empty = || {
            let mut place = place.to_owned();
            if let Some(first) = place.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            invalid_parameter(format!("{place} must contain a non-empty value of type '{base}'."))
        };
        let value = if base == "Binary" {
            AttributeValue::Binary(Blob(self.binary.filter(|bytes| !bytes.is_empty()).ok_or_else(empty)?))
        } else {
            let text = self.text.filter(|text| !text.is_empty()).ok_or_else(empty)?;
            check_characters(&text, format_args!("the value of {place}"))?;
            if base == "Number" && !is_number(&text) {
                return Err(invalid_parameter(format!("Can't cast the value of {place} to a number.")));
            }
            AttributeValue::Text(text)
        };
        Ok(Attribute { data_type: self.data_type, value })
    }
}

/// A decimal number of up to 38 digits, between 10^-128 and 10^126 in size.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return false;
    }
    if unsigned.is_empty() || unsigned.len() > 6 || !all_digits(unsigned) {
        return false;
    }
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    let point = whole.len() as i64;
    let all = [whole, fraction].concat();
    let leading = all.bytes().take_while(|byte| *byte == b'0').count() as i64;
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    // The size is 0.d… × 10^size.
    let size = point - leading + exponent;
    significant.is_empty() || (significant.len() <= 38 && (-128..=126).contains(&(size - 1)))
}

/// The attributes that a receiver asks for: by name, by `prefix.*`, or all with `All` and `.*`.
pub(crate) fn wanted<'a>(
    attributes: &'a BTreeMap<String, Attribute>,
    asked: &'a [String],
) -> impl Iterator<Item = (&'a String, &'a Attribute)> + Clone {
    let matches = |asked: &String, name: &str| match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    };
    attributes.iter().filter(move |(name, _)| asked.iter().any(|asked| matches(asked, name)))
}

/// An attribute as the API has it.
pub(crate) fn written(attribute: &Attribute) -> MessageAttributeValue {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text.clone()), None),
        AttributeValue::Binary(Blob(bytes)) => (None, Some(bytes.clone().into())),
    };
    MessageAttributeValue { string_value, binary_value, data_type: attribute.data_type.clone(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_type: &str, value: &str) -> MessageAttributeValue {
        MessageAttributeValue { data_type: data_type.into(), string_value: Some(value.into()), ..Default::default() }
    }

    fn outcome(name: &str, value: MessageAttributeValue) -> String {
        match read([(name.to_owned(), value)].into()) {
            Ok(_) => "ok".into(),
            Err(fault) => fault.message().to_owned(),
        }
    }

    #[test]
    fn names() {
        for name in ["a", "A-b_c.d", &"n".repeat(256), "AWSx", "amazon"] {
            assert_eq!(outcome(name, text("String", "v")), "ok", "{name}");
        }
        assert!(outcome("", text("String", "v")).contains("non-empty message attribute name"));
        for name in ["a b", ".a", "a.", "a..b", "ü", "AWS.x", "aws.x", "Amazon.x", "AMAZON.x", &"n".repeat(257)] {
            assert!(outcome(name, text("String", "v")).contains("is invalid"), "{name}");
        }
    }

    #[test]
    fn types_and_values() {
        assert_eq!(outcome("a", text("String.label", "v")), "ok");
        assert_eq!(outcome("a", text("Number.float", "1.5")), "ok");
        let prefixes = "You must use only the following supported type prefixes: Binary, Number, String.";
        for kind in ["string", "Text", "Stringy", "String."] {
            let expected = format!("The type of message (user) attribute 'a' is invalid. {prefixes}");
            assert_eq!(outcome("a", text(kind, "v")), expected);
        }
        let empty =
            |kind: &str| format!("Message (user) attribute 'a' must contain a non-empty value of type '{kind}'.");
        assert_eq!(outcome("a", text("String", "")), empty("String"));
        assert_eq!(outcome("a", text("Binary", "v")), empty("Binary"));
        assert_eq!(
            outcome("a", text("Number", "ten")),
            "Can't cast the value of message (user) attribute 'a' to a number."
        );
        let binary = MessageAttributeValue {
            data_type: "Binary.png".into(),
            binary_value: Some(vec![0, 255].into()),
            ..Default::default()
        };
        assert_eq!(outcome("a", binary), "ok");
        let list = MessageAttributeValue { string_list_values: Some(vec!["x".into()]), ..text("String", "v") };
        assert!(outcome("a", list).contains("not supported"));
    }

    #[test]
    fn numbers() {
        for number in ["0", "-1", "+1", "1.5", ".5", "5.", "1e126", "1E-128", &"9".repeat(38), "0001", "-0.0e5"] {
            assert!(is_number(number), "{number}");
        }
        for number in ["", "-", ".", "1e", "e5", "1.2.3", "0x1", "1e127", "1e-129", &"9".repeat(39), "1e9999999", "NaN"]
        {
            assert!(!is_number(number), "{number}");
        }
    }

    #[test]
    fn at_most_ten() {
        let many = |count: usize| (0..count).map(|n| (format!("a{n}"), text("String", "v"))).collect();
        assert!(read(many(10)).is_ok());
        let fault = read(many(11)).unwrap_err();
        assert_eq!(fault.message(), "Number of message attributes [11] exceeds the allowed maximum [10].");
    }

    #[test]
    fn a_receiver_chooses() {
        let attributes =
            read(["foo.a", "foo.b", "bar"].map(|name| (name.to_owned(), text("String", "v"))).into()).unwrap();
        let names = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            wanted(&attributes, &asked).map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["bar", "none"]), "bar");
        assert_eq!(names(&["foo.*"]), "foo.a foo.b");
        assert_eq!(names(&["All"]), "bar foo.a foo.b");
        assert_eq!(names(&[".*"]), "bar foo.a foo.b");
    }
}
