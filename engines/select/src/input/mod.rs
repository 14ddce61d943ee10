//! How the bytes of an object become records. Follows the API Reference, `InputSerialization`.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod parquet;
mod schema_depth;
pub(crate) mod unpack;

use std::ops::Range;

use crate::error::{self, SelectError};

/// The largest record, in bytes.
pub(crate) const MAX_RECORD: usize = 1 << 20;

/// What an object holds.
#[derive(Clone, Debug)]
pub struct Input {
    /// How its records are written.
    pub format: Format,
    /// How all of it is compressed.
    pub compression: Compression,
    /// The part of it whose records are wanted, from [`scan_range`].
    pub range: Option<Range<u64>>,
}

/// How records are written.
#[derive(Clone, Debug)]
pub enum Format {
    /// Comma-separated values, or what is like them.
    Csv(Csv),
    /// One JSON value, or several with white space between them, of up to 16 MiB.
    JsonDocument,
    /// One JSON value a line.
    JsonLines,
    /// Apache Parquet. The object is compressed inside, if at all.
    Parquet,
}

/// How an object is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip (RFC 1952), of one member or several.
    Gzip,
    /// bzip2, of one stream or several.
    Bzip2,
}

/// What the first line of a CSV object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// A record.
    #[default]
    None,
    /// Names that the query does not use.
    Ignore,
    /// Names of the columns.
    Use,
}

/// `CSVInput`. Delimiters are single bytes, as S3 documents them.
#[derive(Clone, Debug)]
pub struct Csv {
    /// `FileHeaderInfo`.
    pub header: Header,
    /// Records that begin with it are passed over.
    pub comment: u8,
    /// Between records; with `\n`, a `\r` before it belongs to it.
    pub record_delimiter: u8,
    /// Between fields.
    pub field_delimiter: u8,
    /// Around fields.
    pub quote: u8,
    /// Before a quote inside a field.
    pub quote_escape: u8,
    /// Whether a field in quotes may hold a record delimiter.
    pub allow_quoted_record_delimiter: bool,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            header: Header::None,
            comment: b'#',
            record_delimiter: b'\n',
            field_delimiter: b',',
            quote: b'"',
            quote_escape: b'"',
            allow_quoted_record_delimiter: false,
        }
    }
}

/// The bytes of an object of that size that a `ScanRange` is about: from a start, up to and with an end, or so many at the end.
///
/// # Errors
/// There are no such bytes.
pub fn scan_range(start: Option<i64>, end: Option<i64>, size: u64) -> Result<Range<u64>, SelectError> {
    let unsigned = |offset: Option<i64>| offset.map(u64::try_from).transpose().map_err(|_| error::scan_range());
    let range = match (unsigned(start)?, unsigned(end)?) {
        (None, None) => 0..size,
        (Some(start), None) => start..size,
        (None, Some(last)) => size.saturating_sub(last)..size,
        (Some(start), Some(end)) if start <= end => start..end.saturating_add(1),
        (Some(_), Some(_)) => return Err(error::scan_range()),
    };
    if range.start >= size && size > 0 { Err(error::scan_range()) } else { Ok(range) }
}

impl Input {
    /// Whether the parts fit each other.
    pub(crate) fn check(&self) -> Result<(), SelectError> {
        let whole = matches!(&self.format, Format::JsonDocument)
            || matches!(&self.format, Format::Csv(csv) if csv.allow_quoted_record_delimiter);
        if self.range.is_some() && (whole || self.compression != Compression::None) {
            return Err(error::scan_range_input());
        }
        Ok(())
    }

    /// From where on the object is to be read: the byte before the range tells whether a record begins with it. Names of columns are at the
    /// beginning. Parquet is read as [`ParquetFile`](crate::ParquetFile) says.
    pub fn first_byte(&self) -> u64 {
        let start = self.range.as_ref().map_or(0, |range| range.start);
        match &self.format {
            Format::Csv(csv) if csv.header != Header::None => 0,
            _ => start.saturating_sub(1),
        }
    }
}

/// Which records a range is about: those that begin in it.
#[derive(Debug)]
pub(crate) struct Scan {
    range: Range<u64>,
    /// Where the next byte is in the object.
    pub(crate) offset: u64,
    /// The byte at hand may be in the middle of a record.
    within: bool,
}

impl Scan {
    pub(crate) fn new(input: &Input) -> Self {
        let offset = input.first_byte();
        let range = input.range.clone().unwrap_or(0..u64::MAX);
        // Where names are read first, records before the range are read, too.
        let named = matches!(&input.format, Format::Csv(csv) if csv.header != Header::None);
        Self { within: offset < range.start && !named, range, offset }
    }

    /// Passes over the rest of a record that began before the range; tells how many bytes that was.
    pub(crate) fn skip(&mut self, bytes: &[u8], delimiter: u8) -> usize {
        if !self.within {
            return 0;
        }
        let skipped = match memchr::memchr(delimiter, bytes) {
            Some(at) => {
                self.within = false;
                at + 1
            }
            None => bytes.len(),
        };
        self.offset += skipped as u64;
        skipped
    }

    pub(crate) fn is_before(&self, start: u64) -> bool {
        start < self.range.start
    }

    pub(crate) fn is_behind(&self, start: u64) -> bool {
        start >= self.range.end
    }
}
