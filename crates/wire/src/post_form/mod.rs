//! Browser-based uploads: S3's `POST` of a form in place of a `PUT` (S3 User Guide, "Browser-based uploads using POST"; S3 API Reference,
//! "POST Object" and "POST Policy").
//!
//! The fields come first and the file last. [`Parser`] takes the body apart as it arrives; [`Fields`] are what stands before the file;
//! [`Policy`] is the signed document that says what a form may hold; [`presented`] is who signed it.

mod fields;
mod multipart;
mod policy;

use crate::sigv4::FaultParts;
use crate::xml::Writer;

pub use fields::{Fields, MAX_FIELD_BYTES, presented, proves};
pub use multipart::{Event, Parser, Part, boundary};
pub use policy::Policy;

/// The document that a form with `success_action_status` 201 is answered with.
pub fn response(location: &str, bucket: &str, key: &str, etag: &str) -> String {
    let mut out = Writer::new();
    out.open("PostResponse");
    for (name, value) in [("Location", location), ("Bucket", bucket), ("Key", key), ("ETag", etag)] {
        out.element(name, value);
    }
    out.close("PostResponse");
    out.finish()
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// It is no `multipart/form-data`.
    Malformed,
    /// What stands before the file is too long.
    FieldsTooLong,
    /// There is no file.
    NoFile,
    /// A field is not there that must be; names it.
    Missing(&'static str),
    /// The key has no characters.
    EmptyKey,
    /// A field cannot be what it is; names it, with the value.
    Unusable(String, String),
    /// The policy cannot be read; says why.
    Policy(String),
    /// The policy ended.
    Expired,
    /// A condition of the policy is not met; the condition.
    Condition(String),
    /// A field is there of which the policy says nothing; names it.
    Extra(String),
    /// The file is longer than the policy allows.
    TooLarge,
    /// The file is shorter than the policy allows.
    TooSmall,
}

impl FormError {
    /// The error as S3 words it.
    pub fn to_fault_parts(&self) -> FaultParts {
        let (code, status, message) = match self {
            Self::Malformed => (
                "MalformedPOSTRequest",
                400,
                "The body of your POST request is not well-formed multipart/form-data.".to_owned(),
            ),
            Self::FieldsTooLong => (
                "MaxPostPreDataLengthExceeded",
                400,
                "Your POST request fields preceding the upload file were too large.".to_owned(),
            ),
            Self::NoFile => {
                let message = "POST requires exactly one file upload per request.";
                return argument(message.to_owned(), "file", "0");
            }
            Self::Missing(name) => {
                let message = format!(
                    "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
                );
                return argument(message, name, "");
            }
            Self::EmptyKey => {
                return argument("User key must have a length greater than 0.".to_owned(), "key", "");
            }
            Self::Unusable(name, value) => return argument("Invalid Argument".to_owned(), name, value),
            Self::Policy(why) => ("InvalidPolicyDocument", 400, format!("Invalid Policy: {why}")),
            Self::Expired => ("AccessDenied", 403, "Invalid according to Policy: Policy expired.".to_owned()),
            Self::Condition(condition) => {
                ("AccessDenied", 403, format!("Invalid according to Policy: Policy Condition failed: {condition}"))
            }
            Self::Extra(name) => {
                ("AccessDenied", 403, format!("Invalid according to Policy: Extra input fields: {name}"))
            }
            Self::TooLarge => {
                ("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size".to_owned())
            }
            Self::TooSmall => {
                ("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size".to_owned())
            }
        };
        FaultParts::new(code, status, message)
    }
}

fn argument(message: String, name: &str, value: &str) -> FaultParts {
    FaultParts::new("InvalidArgument", 400, message).with("ArgumentName", name).with("ArgumentValue", value)
}

impl std::fmt::Display for FormError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_fault_parts().message)
    }
}

impl std::error::Error for FormError {}
