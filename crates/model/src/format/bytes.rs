//! Varints, strings and the string table, under the bounds that hostile bytes make necessary.

use std::collections::HashMap;

use super::FormatError;

/// Writes the body of a document and gathers its strings.
#[derive(Default)]
pub(super) struct Writer {
    body: Vec<u8>,
    strings: Vec<u8>,
    ids: HashMap<String, u64>,
}

impl Writer {
    pub(super) fn varint(&mut self, value: u64) {
        push_varint(&mut self.body, value);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.varint(count as u64);
    }

    /// A string: 0 for the table's next one, else one more than its index.
    pub(super) fn string(&mut self, text: &str) {
        if let Some(&id) = self.ids.get(text) {
            self.varint(id + 1);
            return;
        }
        self.ids.insert(text.to_owned(), self.ids.len() as u64);
        push_varint(&mut self.strings, text.len() as u64);
        self.strings.extend_from_slice(text.as_bytes());
        self.varint(0);
    }

    pub(super) fn strings(&mut self, texts: &[String]) {
        self.count(texts.len());
        for text in texts {
            self.string(text);
        }
    }

    /// A number: 0 and a zigzag varint when it is whole and small enough, else 1 and the eight bytes of the double.
    pub(super) fn number(&mut self, number: f64) {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() < EXACT && !(number == 0.0 && number.is_sign_negative()) {
            let whole = number as i64;
            self.body.push(0);
            self.varint(((whole << 1) ^ (whole >> 63)) as u64);
        } else {
            self.body.push(1);
            self.body.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// The document: magic, the string table, the body.
    pub(super) fn finish(self, magic: &[u8]) -> Vec<u8> {
        let mut out = magic.to_vec();
        push_varint(&mut out, self.ids.len() as u64);
        out.extend_from_slice(&self.strings);
        out.extend_from_slice(&self.body);
        out
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a document. Every method fails rather than read past the end or reserve memory that the remaining bytes could not fill.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    strings: Vec<&'a str>,
    fresh: usize,
    /// Bytes of string that may still be copied out: references are cheap, so their sum needs a bound of its own.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(bytes: &'a [u8], magic: &[u8], budget: usize) -> Result<Self, FormatError> {
        let rest = bytes.strip_prefix(magic).ok_or(FormatError::Magic)?;
        let mut reader = Self { rest, strings: Vec::new(), fresh: 0, budget };
        let count = reader.count()?;
        reader.strings.reserve(count);
        for _ in 0..count {
            let length = reader.count()?;
            let bytes = reader.take(length)?;
            reader.strings.push(std::str::from_utf8(bytes).map_err(|_| FormatError::Text)?);
        }
        Ok(reader)
    }

    /// Fails unless all bytes and all strings have been read.
    pub(super) fn finish(self) -> Result<(), FormatError> {
        let done = self.rest.is_empty() && self.fresh == self.strings.len();
        if done { Ok(()) } else { Err(FormatError::Trailing) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(FormatError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, FormatError> {
        let mut value = 0u64;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(FormatError::Truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(FormatError::Number)
    }

    /// The length of a sequence whose items take a byte or more each.
    pub(super) fn count(&mut self) -> Result<usize, FormatError> {
        let count = usize::try_from(self.varint()?).map_err(|_| FormatError::Number)?;
        if count > self.rest.len() { Err(FormatError::Truncated) } else { Ok(count) }
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        u32::try_from(self.varint()?).map_err(|_| FormatError::Number)
    }

    pub(super) fn u16(&mut self) -> Result<u16, FormatError> {
        u16::try_from(self.varint()?).map_err(|_| FormatError::Number)
    }

    pub(super) fn str(&mut self) -> Result<&'a str, FormatError> {
        let reference = usize::try_from(self.varint()?).map_err(|_| FormatError::Number)?;
        let index = match reference.checked_sub(1) {
            Some(index) if index < self.fresh => index,
            Some(_) => return Err(FormatError::Reference),
            None => {
                self.fresh += 1;
                self.fresh - 1
            }
        };
        let text = *self.strings.get(index).ok_or(FormatError::Reference)?;
        self.budget = self.budget.checked_sub(text.len()).ok_or(FormatError::Budget)?;
        Ok(text)
    }

    pub(super) fn string(&mut self) -> Result<String, FormatError> {
        self.str().map(str::to_owned)
    }

    pub(super) fn strings(&mut self) -> Result<Vec<String>, FormatError> {
        self.many(Self::string)
    }

    /// A sequence: its count, then its items. Memory is reserved for a bounded number of them, since items take more memory
    /// than bytes.
    pub(super) fn many<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        const RESERVED: usize = 8192;
        let count = self.count()?;
        let mut items = Vec::with_capacity(count.min(RESERVED));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(super) fn number(&mut self) -> Result<f64, FormatError> {
        match self.take(1)? {
            [0] => {
                let zigzag = self.varint()?;
                Ok(((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)) as f64)
            }
            [1] => {
                let bytes = self.take(8)?.try_into().map_err(|_| FormatError::Truncated)?;
                Ok(f64::from_le_bytes(bytes))
            }
            _ => Err(FormatError::Number),
        }
    }
}
