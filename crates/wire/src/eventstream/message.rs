//! Whole messages.

use bytes::{BufMut, Bytes};

use super::{EventStreamError, FRAME, Header, HeaderValue, MAX_HEADERS, MAX_PAYLOAD};

/// A message of an event stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Its headers, each name once, together at most [`MAX_HEADERS`] bytes.
    pub headers: Vec<Header>,
    /// Its payload, at most [`MAX_PAYLOAD`] bytes.
    pub payload: Bytes,
}

impl Message {
    /// A message without headers.
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { headers: Vec::new(), payload: payload.into() }
    }

    /// The message with a further header.
    pub fn with(mut self, name: impl Into<String>, value: HeaderValue) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// The message with a further header of text.
    pub fn with_string(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(name, HeaderValue::String(value.into()))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.iter().find(|header| header.name == name).map(|header| &header.value)
    }

    /// The value of a header of text, such as `:message-type`, `:event-type`, `:exception-type` or `:content-type`.
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.header(name) {
            Some(HeaderValue::String(value)) => Some(value),
            _ => None,
        }
    }

    /// Appends the message's bytes.
    ///
    /// # Errors
    /// When a header or the payload is too long; `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EventStreamError> {
        let headers = encode_headers(&self.headers)?;
        if headers.len() > MAX_HEADERS {
            return Err(EventStreamError::HeadersTooLong);
        }
        if self.payload.len() > MAX_PAYLOAD {
            return Err(EventStreamError::PayloadTooLong);
        }
        let total = FRAME + headers.len() + self.payload.len();
        let length = |length: usize| u32::try_from(length).map_err(|_| EventStreamError::InvalidLength);
        let (total_length, headers_length) = (length(total)?, length(headers.len())?);

        let mut prelude = [0; 8];
        (&mut prelude[..]).put_u32(total_length);
        (&mut prelude[4..]).put_u32(headers_length);
        let prelude_crc = crc32fast::hash(&prelude);

        let mut crc = crc32fast::Hasher::new();
        out.reserve(total);
        for part in [&prelude[..], &prelude_crc.to_be_bytes(), &headers, &self.payload] {
            crc.update(part);
            out.put_slice(part);
        }
        out.put_u32(crc.finalize());
        Ok(())
    }

    /// The message's bytes.
    ///
    /// # Errors
    /// As [`Message::encode`].
    pub fn to_bytes(&self) -> Result<Bytes, EventStreamError> {
        let mut out = Vec::new();
        self.encode(&mut out)?;
        Ok(out.into())
    }
}

/// The bytes of headers, one behind the other.
pub(super) fn encode_headers(headers: &[Header]) -> Result<Vec<u8>, EventStreamError> {
    let mut out = Vec::new();
    for (index, header) in headers.iter().enumerate() {
        if headers.iter().take(index).any(|earlier| earlier.name == header.name) {
            return Err(EventStreamError::DuplicateHeader);
        }
        header.encode(&mut out)?;
    }
    Ok(out)
}

/// Reads headers up to the end of the bytes.
pub(super) fn decode_headers(mut bytes: Bytes) -> Result<Vec<Header>, EventStreamError> {
    let mut headers = Vec::new();
    let mut names = std::collections::HashSet::new();
    while !bytes.is_empty() {
        let header = Header::decode(&mut bytes)?;
        // A set, because 128 KiB hold enough short headers to make a quadratic search hurt.
        if !names.insert(header.name.clone()) {
            return Err(EventStreamError::DuplicateHeader);
        }
        headers.push(header);
    }
    Ok(headers)
}
