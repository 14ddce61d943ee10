//! The digests that clients check.
//!
//! Follows "Calculating the MD5 message digest for message attributes" in "Amazon SQS message metadata" of the Developer Guide.

use md5::{Digest as _, Md5};

use crate::message::{Attribute, AttributeValue, Blob};

/// The digest of a body.
pub(crate) fn of_body(body: &str) -> Blob {
    Blob(Md5::digest(body.as_bytes()).to_vec())
}

/// A digest as clients see it, in hexadecimal.
pub(crate) fn text(digest: &Blob) -> String {
    lower_hex(&digest.0)
}

/// The digest of attributes, which come in the order of their names; `None` when there are none.
///
/// Each contributes the length and bytes of its name, the length and bytes of its type, one byte that tells text (1) from binary
/// (2), and the length and bytes of its value. Lengths are of four bytes, the highest first.
pub(crate) fn of_attributes<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>) -> Option<String> {
    let mut digest = Md5::new();
    let mut any = false;
    for (name, attribute) in attributes {
        any = true;
        put(&mut digest, name.as_bytes());
        put(&mut digest, attribute.data_type.as_bytes());
        let transport = match attribute.value {
            AttributeValue::Text(_) => 1,
            AttributeValue::Binary(_) => 2,
        };
        digest.update([transport]);
        put(&mut digest, attribute.value.as_bytes());
    }
    any.then(|| lower_hex(&digest.finalize()))
}

fn lower_hex(digest: &[u8]) -> String {
    let mut text = vec![0; digest.len() * 2];
    // The place has the length that the digits need.
    let _ = hex::encode_to_slice(digest, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn put(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_body() {
        assert_eq!(text(&of_body("This is a test message")), "fafb00f5732ab283681e124bf8747ed1");
    }

    #[test]
    fn known_attributes() {
        // The sample request of the guide; the digest is that of an SDK.
        let attribute =
            |value: &str| Attribute { data_type: "String".into(), value: AttributeValue::Text(value.into()) };
        let (one, two) = (attribute("my_attribute_value_1"), attribute("my_attribute_value_2"));
        let digest = of_attributes([("my_attribute_name_1", &one), ("my_attribute_name_2", &two)].into_iter());
        assert_eq!(digest.as_deref(), Some("c48838208d2b4e14e3ca0093a8443f09"));
        assert_eq!(of_attributes(std::iter::empty()), None);
    }

    #[test]
    fn text_and_binary_differ() {
        let text = Attribute { data_type: "Binary".into(), value: AttributeValue::Text("x".into()) };
        let binary = Attribute { data_type: "Binary".into(), value: AttributeValue::Binary(Blob(b"x".to_vec())) };
        assert_ne!(of_attributes([("a", &text)].into_iter()), of_attributes([("a", &binary)].into_iter()));
    }
}
