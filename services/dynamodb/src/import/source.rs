//! Parts of objects, unpacked. Of an object that is not packed a part is read by its range; one that is packed is read from its beginning, and what was
//! seen before is passed over.

use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt as _;
use kumoi_core::ask::Ask;
use kumoi_core::{Cx, Fault, Principal};

use crate::import::Object;
use crate::s3;

/// Where an import has its objects from, and how they are packed.
pub(super) struct Source<'a> {
    pub(super) principal: &'a Principal,
    /// The ARN of the import.
    pub(super) arn: &'a str,
    pub(super) bucket: &'a str,
    pub(super) owner: Option<&'a str>,
    pub(super) prefix: Option<&'a str>,
    pub(super) packed: &'a str,
}

/// A part of an object.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    /// Whether it is the last.
    pub(super) last: bool,
}

impl Source<'_> {
    /// The first object behind a key.
    pub(super) async fn next(&self, cx: &Cx, after: Option<&str>) -> Result<Option<Object>, Fault> {
        let answer = s3::call(cx, (self.principal, self.arn), "ListObjectsV2", |ask| {
            self.of_bucket(ask)
                .with("MaxKeys", 1_i64)
                .with_some("Prefix", self.prefix.map(str::to_owned))
                .with_some("StartAfter", after.map(str::to_owned))
        });
        let answer = answer.await?;
        let first = answer.fields().list("Contents").into_iter().next();
        Ok(first.and_then(|object| {
            let size = object.number("Size").and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
            Some(Object { key: object.text("Key")?.to_owned(), size, offset: 0, header: None })
        }))
    }

    fn of_bucket(&self, ask: Ask) -> Ask {
        ask.with("Bucket", self.bucket.to_owned()).with_some("ExpectedBucketOwner", self.owner.map(str::to_owned))
    }

    /// Reads on in an object, at most so many bytes; `None` when what is there is not packed as it should be.
    pub(super) async fn read(&self, cx: &Cx, object: &Object, limit: usize) -> Result<Option<Part>, Fault> {
        let mut range = None;
        let (mut unpack, skip) = match self.packed {
            "GZIP" => (Unpack::Gzip(MultiGzDecoder::new(Vec::new())), object.offset),
            "ZSTD" => match zstd::stream::write::Decoder::new(Vec::new()) {
                Ok(decoder) => (Unpack::Zstd(decoder), object.offset),
                Err(_) => return Err(Fault::internal()),
            },
            _ => {
                if object.offset >= object.size {
                    return Ok(Some(Part { bytes: Vec::new(), last: true }));
                }
                range = Some(format!("bytes={}-", object.offset));
                (Unpack::Plain(Vec::new()), 0)
            }
        };
        let answer = s3::call(cx, (self.principal, self.arn), "GetObject", |ask| {
            self.of_bucket(ask).with("Key", object.key.clone()).with_some("Range", range)
        });
        let answer = answer.await?;
        let stream = answer.fields().stream("Body").and_then(kumoi_model::ByteStream::take);
        let Some(mut stream) = stream else { return Ok(Some(Part { bytes: Vec::new(), last: true })) };
        let mut part = Part::default();
        let mut skip = skip;
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| Fault::internal())?;
            // Little at a time, as it may be much once it is unpacked.
            for piece in piece.chunks(PIECE) {
                let Some(bytes) = unpack.add(piece) else { return Ok(None) };
                part.add(&bytes, &mut skip);
                if part.bytes.len() > limit {
                    part.bytes.truncate(limit);
                    return Ok(Some(part));
                }
            }
        }
        let Some(bytes) = unpack.end() else { return Ok(None) };
        part.add(&bytes, &mut skip);
        part.last = part.bytes.len() <= limit;
        part.bytes.truncate(limit);
        Ok(Some(part))
    }
}

/// Packed bytes that are unpacked at a time: a block of ZSTD that says "the same byte 128 Ki times" has four, so that this is 8 MiB at most.
const PIECE: usize = 256;

impl Part {
    /// Adds what is behind the bytes that are passed over.
    fn add(&mut self, bytes: &[u8], skip: &mut u64) {
        let passed = usize::try_from(*skip).map_or(bytes.len(), |skip| bytes.len().min(skip));
        *skip -= passed as u64;
        self.bytes.extend_from_slice(bytes.get(passed..).unwrap_or_default());
    }
}

/// Unpacks as it goes.
enum Unpack {
    Plain(Vec<u8>),
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Unpack {
    /// What more bytes are, unpacked; `None` when they are not packed like that.
    fn add(&mut self, bytes: &[u8]) -> Option<Bytes> {
        match self {
            Self::Plain(buffer) => buffer.extend_from_slice(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes).ok()?,
            Self::Zstd(decoder) => decoder.write_all(bytes).ok()?,
        }
        Some(self.taken())
    }

    /// What is left at the end.
    fn end(mut self) -> Option<Bytes> {
        match &mut self {
            Self::Plain(_) => {}
            Self::Gzip(decoder) => decoder.try_finish().ok()?,
            Self::Zstd(decoder) => decoder.flush().ok()?,
        }
        Some(self.taken())
    }

    fn taken(&mut self) -> Bytes {
        let buffer = match self {
            Self::Plain(buffer) => buffer,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        };
        Bytes::from(std::mem::take(buffer))
    }
}
