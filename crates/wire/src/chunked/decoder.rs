//! The incremental decoder.

use aws_lc_rs::digest;
use bytes::{Buf, Bytes};

use super::{ChunkError, Config, MAX_CHUNK_LINE, MAX_TRAILER_BYTES, MIN_CHUNK};

/// Takes an `aws-chunked` body apart as it arrives. See the [module](super).
#[derive(Debug)]
pub struct Decoder {
    config: Config,
    state: State,
    /// The line being read, as far as it has arrived.
    line: Vec<u8>,
    /// Bytes of payload announced so far.
    announced: u64,
    /// Number and size of the latest chunk with data.
    latest: (u64, u64),
    /// The latest chunk's signature, to be checked at its end.
    signature: String,
    hash: Hash,
    trailers: Vec<(String, String)>,
    trailer_bytes: usize,
    trailer_signature: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a chunk's first line.
    Size,
    /// In a chunk's data, with so many bytes to go.
    Data(u64),
    /// In the line end behind a chunk's data.
    DataEnd,
    /// Behind the chunk of no bytes.
    Trailer,
    /// Behind the empty line that ends the body.
    End,
}

/// A running SHA-256, or none where nothing will be checked.
struct Hash(Option<digest::Context>);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

impl Decoder {
    /// A decoder for one body.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Size,
            line: Vec::new(),
            announced: 0,
            latest: (0, MIN_CHUNK),
            signature: String::new(),
            hash: Hash(None),
            trailers: Vec::new(),
            trailer_bytes: 0,
            trailer_signature: None,
        }
    }

    /// Takes bytes off the front of `input` and gives the next piece of payload in them; `None` when `input` is used
    /// up.
    ///
    /// # Errors
    /// What is wrong with the body. The decoder is of no use afterwards.
    pub fn next_piece(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ChunkError> {
        loop {
            if let State::Data(left) = self.state {
                if left == 0 {
                    self.state = State::DataEnd;
                    continue;
                }
                if input.is_empty() {
                    return Ok(None);
                }
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let piece = input.split_to(take);
                if let Some(hash) = &mut self.hash.0 {
                    hash.update(&piece);
                }
                self.state = State::Data(left - piece.len() as u64);
                return Ok(Some(piece));
            }
            if self.state == State::End {
                return if input.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                    Ok(None)
                } else {
                    Err(ChunkError::TrailingData)
                };
            }
            if !self.read_line(input)? {
                return Ok(None);
            }
            let line = std::mem::take(&mut self.line);
            self.end_line(&line)?;
            // The buffer is used again.
            self.line = line;
            self.line.clear();
        }
    }

    /// Says that the body has ended; gives its trailing headers, names in lower case, in the order sent.
    ///
    /// # Errors
    /// [`ChunkError::Incomplete`] when it ended too soon, and what else is wrong with its end. The line end behind the
    /// last line may be missing.
    pub fn finish(&mut self) -> Result<Vec<(String, String)>, ChunkError> {
        match self.state {
            State::End => {}
            State::Trailer => {
                let line = std::mem::take(&mut self.line);
                if !trimmed(&line).is_empty() {
                    self.trailer_line(trimmed(&line))?;
                }
                self.check_trailer()?;
            }
            State::Size | State::Data(_) | State::DataEnd => return Err(ChunkError::Incomplete),
        }
        Ok(std::mem::take(&mut self.trailers))
    }

    /// Moves a line from the input to the buffer; `false` when its end has not arrived.
    fn read_line(&mut self, input: &mut Bytes) -> Result<bool, ChunkError> {
        let limit = if self.state == State::Trailer { MAX_TRAILER_BYTES } else { MAX_CHUNK_LINE };
        let end = memchr::memchr(b'\n', input);
        let take = end.unwrap_or(input.len());
        if self.line.len().saturating_add(take) > limit {
            return Err(ChunkError::LineTooLong);
        }
        self.line.extend_from_slice(&input.split_to(take));
        if end.is_some() {
            input.advance(1);
        }
        Ok(end.is_some())
    }

    fn end_line(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.state {
            State::Size => self.size_line(line),
            State::DataEnd if line.is_empty() => {
                self.check_chunk()?;
                self.state = State::Size;
                Ok(())
            }
            State::Trailer if !line.is_empty() => self.trailer_line(trimmed(line)),
            // Some clients end the last chunk with an empty line, as every other, and put the trailer behind that.
            State::Trailer if !self.config.trailers.is_empty() && self.trailer_bytes == 0 => {
                self.trailer_bytes = 1;
                Ok(())
            }
            State::Trailer => {
                self.check_trailer()?;
                self.state = State::End;
                Ok(())
            }
            State::DataEnd | State::Data(_) | State::End => Err(ChunkError::MalformedChunk),
        }
    }

    fn size_line(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let line = std::str::from_utf8(line).map_err(|_| ChunkError::MalformedChunk)?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = size.trim();
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ChunkError::MalformedChunk);
        }
        let size = u64::from_str_radix(size, 16).map_err(|_| ChunkError::MalformedChunk)?;
        if self.config.marker.signs_parts() {
            let signature = extension.trim().strip_prefix("chunk-signature=").ok_or(ChunkError::MissingSignature)?;
            signature.clone_into(&mut self.signature);
        }
        let (number, latest) = self.latest;
        if size > 0 && latest < MIN_CHUNK {
            return Err(ChunkError::ChunkTooSmall { chunk: number, size: latest });
        }
        self.announced = self
            .announced
            .checked_add(size)
            .filter(|total| *total <= self.config.decoded_length)
            .ok_or(ChunkError::WrongLength)?;
        self.hash.0 = self.config.verifier.as_ref().map(|_| digest::Context::new(&digest::SHA256));
        if size > 0 {
            self.latest = (number + 1, size);
            self.state = State::Data(size);
            return Ok(());
        }
        if self.announced != self.config.decoded_length {
            return Err(ChunkError::WrongLength);
        }
        self.state = State::Trailer;
        self.check_chunk()
    }

    fn check_chunk(&mut self) -> Result<(), ChunkError> {
        let hash = self.hash.0.take();
        match (&mut self.config.verifier, hash) {
            (Some(verifier), Some(hash)) if self.config.marker.signs_parts() => {
                verifier.check(verifier.chunk_string(&hex::encode(hash.finish())), &self.signature)
            }
            _ => Ok(()),
        }
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        self.trailer_bytes = self.trailer_bytes.saturating_add(line.len()).saturating_add(2);
        if self.trailer_bytes > MAX_TRAILER_BYTES || !self.config.marker.has_trailer() {
            return Err(ChunkError::MalformedTrailer);
        }
        let line = std::str::from_utf8(line).map_err(|_| ChunkError::MalformedTrailer)?;
        let (name, value) = line.split_once(':').ok_or(ChunkError::MalformedTrailer)?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if name == "x-amz-trailer-signature" {
            self.trailer_signature = Some(value);
        } else if self.config.trailers.contains(&name) && !self.trailers.iter().any(|(sent, _)| *sent == name) {
            self.trailers.push((name, value));
        } else {
            return Err(ChunkError::MalformedTrailer);
        }
        Ok(())
    }

    fn check_trailer(&mut self) -> Result<(), ChunkError> {
        if !self.config.marker.has_trailer() {
            return Ok(());
        }
        if self.trailers.len() < self.config.trailers.len() {
            return Err(ChunkError::MalformedTrailer);
        }
        if !self.config.marker.signs_parts() {
            return Ok(());
        }
        let signature = self.trailer_signature.take().ok_or(ChunkError::MissingSignature)?;
        let Some(verifier) = &mut self.config.verifier else { return Ok(()) };
        let mut lines: Vec<String> = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        lines.sort_unstable();
        verifier.check(verifier.trailer_string(&lines.concat()), &signature)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii()
}
