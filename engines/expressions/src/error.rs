//! What can be wrong with an expression or a value.

use std::fmt;

/// The message of a `ValidationException`, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    message: String,
}

impl Invalid {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The message for the client.
    pub fn into_message(self) -> String {
        self.message
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}
