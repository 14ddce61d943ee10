//! JSON values, one behind the other.

use super::csv::Read;
use super::{Input, MAX_RECORD, Scan};
use crate::error::{self, SelectError};
use crate::value::Value;

/// The largest document, in bytes: it is held in memory while its records are taken from it.
const MAX_DOCUMENT: usize = 16 << 20;

pub(crate) struct JsonReader {
    scan: Scan,
    largest: usize,
    /// The value that is being read.
    text: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    /// Inside so many braces and brackets.
    Nested(u32),
    /// Inside a string, within so many.
    Text(u32),
    /// Behind a backslash in it.
    Escape(u32),
    /// A number or a word.
    Bare,
}

impl JsonReader {
    pub(crate) fn new(input: &Input, lines: bool) -> Self {
        let largest = if lines { MAX_RECORD } else { MAX_DOCUMENT };
        Self { scan: Scan::new(input), largest, text: Vec::new(), state: State::Between }
    }

    /// Reads on, up to the end of a value; no bytes are the end of the object.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Read, SelectError> {
        if bytes.is_empty() {
            return match std::mem::replace(&mut self.state, State::Between) {
                State::Between => Ok(Read::Done),
                State::Bare => Ok(Read::Record(0)),
                _ => Err(error::json()),
            };
        }
        let start = self.scan.skip(bytes, b'\n');
        let mut begin = (self.state != State::Between).then_some(start);
        for (at, &byte) in bytes.iter().enumerate().skip(start) {
            let (state, ended) = match self.state {
                State::Between if byte.is_ascii_whitespace() => (State::Between, false),
                State::Between => {
                    // A byte order mark may stand at the beginning.
                    let mark = self.scan.offset + ((at - start) as u64) < 3 && matches!(byte, 0xEF | 0xBB | 0xBF);
                    if mark {
                        (State::Between, false)
                    } else {
                        if self.scan.is_behind(self.scan.offset + (at - start) as u64) {
                            return Ok(Read::Done);
                        }
                        begin = Some(at);
                        match byte {
                            b'{' | b'[' => (State::Nested(1), false),
                            b'"' => (State::Text(0), false),
                            _ => (State::Bare, false),
                        }
                    }
                }
                State::Bare => (State::Bare, byte.is_ascii_whitespace()),
                State::Nested(depth) => match byte {
                    b'"' => (State::Text(depth), false),
                    b'{' | b'[' => (State::Nested(depth.saturating_add(1)), false),
                    b'}' | b']' => (State::Nested(depth - 1), depth == 1),
                    _ => (State::Nested(depth), false),
                },
                State::Text(depth) => match byte {
                    b'"' if depth == 0 => (State::Between, true),
                    b'"' => (State::Nested(depth), false),
                    b'\\' => (State::Escape(depth), false),
                    _ => (State::Text(depth), false),
                },
                State::Escape(depth) => (State::Text(depth), false),
            };
            self.state = state;
            if ended {
                self.state = State::Between;
                self.take(bytes, begin, at + 1)?;
                self.scan.offset += (at + 1 - start) as u64;
                return Ok(Read::Record(at + 1));
            }
        }
        self.take(bytes, begin, bytes.len())?;
        self.scan.offset += (bytes.len() - start) as u64;
        Ok(Read::Hungry)
    }

    fn take(&mut self, bytes: &[u8], begin: Option<usize>, end: usize) -> Result<(), SelectError> {
        let piece = begin.and_then(|begin| bytes.get(begin..end)).unwrap_or_default();
        if self.text.len() + piece.len() > self.largest {
            return Err(error::record_size());
        }
        self.text.extend_from_slice(piece);
        Ok(())
    }

    /// The value that was read.
    pub(crate) fn value(&mut self) -> Result<Value, SelectError> {
        let text = std::str::from_utf8(&self.text).map_err(|_| error::encoding())?;
        let value = serde_json::from_str(text).map_err(|_| error::json());
        self.text.clear();
        value
    }
}
