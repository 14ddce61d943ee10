//! Messages out of a stream of bytes.

use bytes::{Buf, Bytes, BytesMut};

use super::message::decode_headers;
use super::{EventStreamError, FRAME, MAX_HEADERS, MAX_PAYLOAD, Message, PRELUDE};

/// Reads messages from bytes that arrive in any pieces. Holds at most one message and what was pushed behind it; a
/// length that lies is refused as soon as the prelude is there, before anything is kept for it.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes. Take out all messages with [`Decoder::next_message`] before adding more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next message out; `None` when it has not arrived whole.
    ///
    /// # Errors
    /// What is wrong with it. The stream cannot be read on.
    pub fn next_message(&mut self) -> Result<Option<Message>, EventStreamError> {
        let Some((prelude, _)) = self.buffer.split_first_chunk::<PRELUDE>() else { return Ok(None) };
        let (total, headers) = lengths(prelude)?;
        if self.buffer.len() < total {
            return Ok(None);
        }
        let mut message = self.buffer.split_to(total).freeze();
        let mut checksum = message.split_off(total - 4);
        if crc32fast::hash(&message) != checksum.get_u32() {
            return Err(EventStreamError::MessageChecksum);
        }
        message.advance(PRELUDE);
        let headers: Bytes = message.split_to(headers);
        Ok(Some(Message { headers: decode_headers(headers)?, payload: message }))
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    /// [`EventStreamError::Incomplete`] when it ended within a message.
    pub fn finish(&self) -> Result<(), EventStreamError> {
        if self.buffer.is_empty() { Ok(()) } else { Err(EventStreamError::Incomplete) }
    }
}

/// The lengths that a prelude gives, of the message and of its headers, once they are known to be true and within
/// bounds.
fn lengths(mut prelude: &[u8]) -> Result<(usize, usize), EventStreamError> {
    let expected = crc32fast::hash(prelude.get(..8).unwrap_or_default());
    let (total, headers, crc) = (prelude.get_u32(), prelude.get_u32(), prelude.get_u32());
    if crc != expected {
        return Err(EventStreamError::PreludeChecksum);
    }
    let (total, headers) = (total as usize, headers as usize);
    if headers > MAX_HEADERS {
        return Err(EventStreamError::HeadersTooLong);
    }
    match total.checked_sub(FRAME).and_then(|rest| rest.checked_sub(headers)) {
        Some(payload) if payload <= MAX_PAYLOAD => Ok((total, headers)),
        Some(_) => Err(EventStreamError::PayloadTooLong),
        None => Err(EventStreamError::InvalidLength),
    }
}
