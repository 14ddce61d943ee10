//! `application/vnd.amazon.eventstream`: messages with typed headers, one behind the other, in either direction.
//!
//! ```text
//! total length     4   whole message, in bytes, big-endian as everything
//! headers length   4
//! prelude CRC      4   CRC-32 of the eight bytes before
//! headers          *   name length 1, name, type 1, value
//! payload          *
//! message CRC      4   CRC-32 of all before
//! ```
//!
//! [`encode_event`] makes one of a model's event, [`Message::encode`] writes one, [`Decoder`] reads them from bytes that arrive in any pieces, and [`EventVerifier`]
//! checks the signatures of a signed stream.
//!
//! Sources: Amazon Transcribe Developer Guide, "Event stream encoding"; Amazon S3 API Reference, "Appendix:
//! SelectObjectContent Response"; the limits are those that AWS's SDKs enforce.

mod decoder;
mod event;
mod header;
mod message;
mod signed;
#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use event::{encode_error_message, encode_event};
pub use header::{Header, HeaderValue};
pub use message::Message;
pub use signed::{EventSigner, EventVerifier};

/// Bytes that a message's headers may have.
pub const MAX_HEADERS: usize = 128 * 1024;
/// Bytes that a message's payload may have.
pub const MAX_PAYLOAD: usize = 24 * 1024 * 1024;
/// Bytes around headers and payload.
const FRAME: usize = 16;
/// Bytes of the prelude, its checksum included.
const PRELUDE: usize = 12;

/// What can be wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventStreamError {
    /// The prelude's checksum does not match.
    PreludeChecksum,
    /// The message's checksum does not match.
    MessageChecksum,
    /// The lengths of the prelude contradict each other.
    InvalidLength,
    /// The headers exceed [`MAX_HEADERS`].
    HeadersTooLong,
    /// The payload exceeds [`MAX_PAYLOAD`].
    PayloadTooLong,
    /// A header breaks off, has an unknown type, an empty name, or text that is no UTF-8.
    InvalidHeader,
    /// Two headers have one name.
    DuplicateHeader,
    /// A header's name or value is longer than its length field can say.
    HeaderTooLong,
    /// The stream ended within a message.
    Incomplete,
    /// A message of a signed stream lacks `:date` or `:chunk-signature`, or has others beside.
    NotSigned,
    /// A message's signature is another than the one that the secret makes.
    SignatureMismatch,
}

impl std::fmt::Display for EventStreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PreludeChecksum => "the checksum of an event's prelude does not match",
            Self::MessageChecksum => "the checksum of an event does not match",
            Self::InvalidLength => "the lengths of an event contradict each other",
            Self::HeadersTooLong => "the headers of an event exceed 131072 bytes",
            Self::PayloadTooLong => "the payload of an event exceeds 25165824 bytes",
            Self::InvalidHeader => "a header of an event is malformed",
            Self::DuplicateHeader => "a header of an event occurs twice",
            Self::HeaderTooLong => "a header of an event is too long",
            Self::Incomplete => "the event stream ended within an event",
            Self::NotSigned => "an event is not signed",
            Self::SignatureMismatch => "the signature of an event does not match",
        })
    }
}

impl std::error::Error for EventStreamError {}
