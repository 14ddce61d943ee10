//! Headers of a message, and their types.

use bytes::{Buf, BufMut, Bytes};
use kumoi_model::Timestamp;

use super::EventStreamError;

/// A header of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its name, 1 to 255 bytes. Names that begin with a colon belong to the protocol.
    pub name: String,
    /// Its value.
    pub value: HeaderValue,
}

/// A header's value, of one of ten types.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderValue {
    /// Types 0 (true) and 1 (false).
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Integer(i32),
    /// Type 5.
    Long(i64),
    /// Type 6: at most 32,767 bytes.
    Bytes(Bytes),
    /// Type 7: at most 32,767 bytes of UTF-8.
    String(String),
    /// Type 8: to the millisecond.
    Timestamp(Timestamp),
    /// Type 9.
    Uuid([u8; 16]),
}

/// The longest string or byte array, in bytes.
const MAX_VALUE: usize = 32_767;

impl Header {
    /// A header of that name and value.
    pub fn new(name: impl Into<String>, value: HeaderValue) -> Self {
        Self { name: name.into(), value }
    }

    /// A header whose value is a string.
    pub fn string(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(name, HeaderValue::String(value.into()))
    }

    /// Appends the header's bytes.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), EventStreamError> {
        let length = u8::try_from(self.name.len()).map_err(|_| EventStreamError::HeaderTooLong)?;
        if length == 0 {
            return Err(EventStreamError::InvalidHeader);
        }
        out.put_u8(length);
        out.put_slice(self.name.as_bytes());
        match &self.value {
            HeaderValue::Bool(true) => out.put_u8(0),
            HeaderValue::Bool(false) => out.put_u8(1),
            HeaderValue::Byte(value) => {
                out.put_u8(2);
                out.put_i8(*value);
            }
            HeaderValue::Short(value) => {
                out.put_u8(3);
                out.put_i16(*value);
            }
            HeaderValue::Integer(value) => {
                out.put_u8(4);
                out.put_i32(*value);
            }
            HeaderValue::Long(value) => {
                out.put_u8(5);
                out.put_i64(*value);
            }
            HeaderValue::Bytes(value) => put_sized(out, 6, value)?,
            HeaderValue::String(value) => put_sized(out, 7, value.as_bytes())?,
            HeaderValue::Timestamp(value) => {
                out.put_u8(8);
                out.put_i64(value.millis());
            }
            HeaderValue::Uuid(value) => {
                out.put_u8(9);
                out.put_slice(value);
            }
        }
        Ok(())
    }

    /// Takes a header off the front of the bytes.
    pub(super) fn decode(bytes: &mut Bytes) -> Result<Self, EventStreamError> {
        let invalid = |_| EventStreamError::InvalidHeader;
        let length = bytes.try_get_u8().map_err(invalid)?;
        let name = text(take(bytes, usize::from(length))?)?;
        if name.is_empty() {
            return Err(EventStreamError::InvalidHeader);
        }
        let value = match bytes.try_get_u8().map_err(invalid)? {
            0 => HeaderValue::Bool(true),
            1 => HeaderValue::Bool(false),
            2 => HeaderValue::Byte(bytes.try_get_i8().map_err(invalid)?),
            3 => HeaderValue::Short(bytes.try_get_i16().map_err(invalid)?),
            4 => HeaderValue::Integer(bytes.try_get_i32().map_err(invalid)?),
            5 => HeaderValue::Long(bytes.try_get_i64().map_err(invalid)?),
            6 => HeaderValue::Bytes(take_sized(bytes)?),
            7 => HeaderValue::String(text(take_sized(bytes)?)?),
            8 => HeaderValue::Timestamp(Timestamp::from_millis(bytes.try_get_i64().map_err(invalid)?)),
            9 => {
                let mut uuid = [0; 16];
                bytes.try_copy_to_slice(&mut uuid).map_err(invalid)?;
                HeaderValue::Uuid(uuid)
            }
            _ => return Err(EventStreamError::InvalidHeader),
        };
        Ok(Self { name, value })
    }
}

fn put_sized(out: &mut Vec<u8>, kind: u8, value: &[u8]) -> Result<(), EventStreamError> {
    let length =
        u16::try_from(value.len()).ok().filter(|_| value.len() <= MAX_VALUE).ok_or(EventStreamError::HeaderTooLong)?;
    out.put_u8(kind);
    out.put_u16(length);
    out.put_slice(value);
    Ok(())
}

fn take_sized(bytes: &mut Bytes) -> Result<Bytes, EventStreamError> {
    let length = usize::from(bytes.try_get_u16().map_err(|_| EventStreamError::InvalidHeader)?);
    if length > MAX_VALUE {
        return Err(EventStreamError::HeaderTooLong);
    }
    take(bytes, length)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, EventStreamError> {
    if length > bytes.len() {
        return Err(EventStreamError::InvalidHeader);
    }
    Ok(bytes.split_to(length))
}

fn text(bytes: Bytes) -> Result<String, EventStreamError> {
    String::from_utf8(bytes.into()).map_err(|_| EventStreamError::InvalidHeader)
}
