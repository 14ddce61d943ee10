//! Apache Parquet: the metadata at the end of the file, then a row group at a time.

use std::collections::VecDeque;
use std::io::Read as _;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use parquet::basic::Compression as Codec;
use parquet::data_type::Decimal as ParquetDecimal;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedRowGroupReader;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use parquet::record::{Field, Row};

use super::schema_depth::schema_depth;
use crate::decimal::Decimal;
use crate::error::{self, SelectError};
use crate::timestamp::Timestamp;
use crate::value::Value;

/// Bytes at the end that tell how long the metadata is.
const FOOTER: u64 = 8;
/// The longest metadata, in bytes.
const MAX_METADATA: u64 = 16 << 20;
/// The deepest schema.
const MAX_DEPTH: usize = 32;
/// The largest row group, in bytes, packed and unpacked.
const MAX_ROW_GROUP: u64 = 512 << 20;
/// Rows that the library decodes ahead, a column.
const BATCH: usize = 256;

/// What the metadata of a Parquet file says: which bytes of it a query needs.
#[derive(Clone, Debug)]
pub struct ParquetFile {
    metadata: Arc<ParquetMetaData>,
    /// The row groups that are wanted, by number, with the bytes that they are in.
    groups: VecDeque<(usize, Range<u64>)>,
}

impl ParquetFile {
    /// Where the footer is in a file of that size.
    ///
    /// # Errors
    /// The file is too short.
    pub fn footer(size: u64) -> Result<Range<u64>, SelectError> {
        let start = size.checked_sub(FOOTER).ok_or_else(error::parquet)?;
        Ok(start..size)
    }

    /// Where the metadata is, by the bytes of the footer.
    ///
    /// # Errors
    /// This is no Parquet file, or the metadata is too long.
    pub fn metadata(size: u64, footer: &[u8]) -> Result<Range<u64>, SelectError> {
        let footer = footer.try_into().map_err(|_| error::parquet())?;
        let tail = FooterTail::try_new(footer).map_err(|_| error::parquet())?;
        let (end, length) = (size.saturating_sub(FOOTER), tail.metadata_length() as u64);
        if tail.is_encrypted_footer() || length > MAX_METADATA {
            return Err(error::parquet());
        }
        Ok(end.checked_sub(length).ok_or_else(error::parquet)?..end)
    }

    /// Reads the metadata; of the row groups, those that begin in `range` are wanted.
    ///
    /// # Errors
    /// The metadata is malformed, or a row group is too large.
    pub fn open(metadata: &[u8], size: u64, range: Option<&Range<u64>>) -> Result<Self, SelectError> {
        if schema_depth(metadata).is_none_or(|depth| depth > MAX_DEPTH) {
            return Err(error::parquet());
        }
        let metadata = ParquetMetaDataReader::decode_metadata(metadata).map_err(|_| error::parquet())?;
        let mut groups = Vec::new();
        for (number, group) in metadata.row_groups().iter().enumerate() {
            let bytes = bytes_of(group).filter(|bytes| bytes.end <= size).ok_or_else(error::parquet)?;
            let unpacked = u64::try_from(group.total_byte_size()).map_err(|_| error::parquet())?;
            if bytes.end - bytes.start > MAX_ROW_GROUP || unpacked > MAX_ROW_GROUP {
                return Err(error::parquet_block());
            }
            let supported =
                |codec| matches!(codec, Codec::UNCOMPRESSED | Codec::SNAPPY | Codec::GZIP(_) | Codec::ZSTD(_));
            if !group.columns().iter().all(|column| supported(column.compression())) {
                return Err(error::parquet_codec());
            }
            if range.is_none_or(|range| range.contains(&bytes.start)) && group.num_rows() > 0 {
                groups.push((number, bytes));
            }
        }
        groups.sort_by_key(|(_, bytes)| bytes.start);
        Ok(Self { metadata: Arc::new(metadata), groups: groups.into() })
    }

    /// The bytes of the file that are needed; they are read once, in order.
    pub fn range(&self) -> Range<u64> {
        let end = self.groups.iter().map(|(_, bytes)| bytes.end).max().unwrap_or(0);
        self.groups.front().map_or(0, |(_, bytes)| bytes.start)..end
    }
}

/// The bytes that all columns of a row group are in.
fn bytes_of(group: &RowGroupMetaData) -> Option<Range<u64>> {
    let mut all: Option<Range<u64>> = None;
    for column in group.columns() {
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let (start, length) = (u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?);
        let end = start.checked_add(length)?;
        all = Some(all.map_or(start..end, |all| all.start.min(start)..all.end.max(end)));
    }
    all
}

pub(crate) struct ParquetReader {
    file: ParquetFile,
    /// Bytes that are not used up yet, and where they are in the file.
    at_hand: BytesMut,
    offset: u64,
    rows: Option<ReaderIter>,
}

impl ParquetReader {
    pub(crate) fn new(file: ParquetFile) -> Self {
        let offset = file.range().start;
        Self { file, at_hand: BytesMut::new(), offset, rows: None }
    }

    /// Takes further bytes of the file.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.at_hand.extend_from_slice(bytes);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rows.is_none() && self.file.groups.is_empty()
    }

    /// The next row, unless more bytes are needed first.
    pub(crate) fn next(&mut self) -> Result<Option<Value>, SelectError> {
        loop {
            if let Some(rows) = &mut self.rows {
                match rows.next() {
                    Some(row) => return Ok(Some(value_of_row(&row.map_err(failed)?))),
                    None => self.rows = None,
                }
            }
            let Some((number, wanted)) = self.file.groups.front() else { return Ok(None) };
            let have = self.offset + self.at_hand.len() as u64;
            if have < wanted.end {
                // What lies between row groups is not needed.
                let unneeded = wanted.start.saturating_sub(self.offset).min(self.at_hand.len() as u64);
                self.at_hand.advance(usize::try_from(unneeded).unwrap_or(0));
                self.offset += unneeded;
                return Ok(None);
            }
            self.rows = Some(self.group(*number, wanted.clone())?);
            self.file.groups.pop_front();
        }
    }

    fn group(&mut self, number: usize, wanted: Range<u64>) -> Result<ReaderIter, SelectError> {
        // Row groups that overlap are none.
        let before = wanted.start.checked_sub(self.offset).and_then(|before| usize::try_from(before).ok());
        let length = usize::try_from(wanted.end - wanted.start).map_err(|_| error::parquet())?;
        let (Some(before), true) = (before, self.offset + self.at_hand.len() as u64 >= wanted.end) else {
            return Err(error::parquet());
        };
        self.at_hand.advance(before);
        let part = Part { bytes: self.at_hand.split_to(length).freeze(), start: wanted.start };
        self.offset = wanted.end;
        let metadata = self.file.metadata.clone();
        let group = metadata.row_groups().get(number).ok_or_else(error::parquet)?;
        let (pages, properties) =
            (metadata.page_index_for_row_group(number), Arc::new(ReaderProperties::builder().build()));
        let reader = SerializedRowGroupReader::new(Arc::new(part), group, pages, properties).map_err(failed)?;
        let schema = metadata.file_metadata().schema_descr_ptr();
        TreeBuilder::new().with_batch_size(BATCH).as_iter(schema, &reader).map_err(failed)
    }
}

fn failed(_: ParquetError) -> SelectError {
    error::parquet()
}

/// A part of a file, which keeps its offsets.
struct Part {
    bytes: Bytes,
    start: u64,
}

impl Part {
    fn position(&self, offset: u64) -> Result<usize, ParquetError> {
        let position = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        position
            .filter(|at| *at <= self.bytes.len())
            .ok_or_else(|| ParquetError::EOF("outside the row group".to_owned()))
    }
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.bytes.slice(self.position(start)?..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = vec![0; length.min(self.bytes.len())];
        self.get_read(start)?.read_exact(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("outside the row group".to_owned()));
        }
        Ok(bytes.into())
    }
}

fn value_of_row(row: &Row) -> Value {
    Value::Object(row.get_column_iter().map(|(name, field)| (name.clone(), value_of(field))).collect())
}

// INVARIANT(depth): a field is as deep as the schema, which MAX_DEPTH bounds.
fn value_of(field: &Field) -> Value {
    let moment = |nanos: i128, digits| Timestamp::from_unix_nanos(nanos, digits).map_or(Value::Null, Value::Timestamp);
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(*value),
        Field::Byte(value) => Value::Int((*value).into()),
        Field::Short(value) => Value::Int((*value).into()),
        Field::Int(value) | Field::TimeMillis(value) => Value::Int((*value).into()),
        Field::Long(value) | Field::TimeMicros(value) => Value::Int(*value),
        Field::UByte(value) => Value::Int((*value).into()),
        Field::UShort(value) => Value::Int((*value).into()),
        Field::UInt(value) => Value::Int((*value).into()),
        Field::ULong(value) => Decimal::new((*value).into(), 0).map_or(Value::Null, Value::Decimal),
        Field::Float16(value) => Value::Float(value.to_f64()),
        // Through text, so that 0.1 stays 0.1.
        Field::Float(value) => Value::Float(value.to_string().parse().unwrap_or(f64::from(*value))),
        Field::Double(value) => Value::Float(*value),
        Field::Decimal(value) => decimal(value).map_or(Value::Null, Value::Decimal),
        Field::Str(text) => Value::Text(text.clone()),
        Field::Bytes(bytes) => Value::Text(String::from_utf8_lossy(bytes.data()).into_owned()),
        Field::Date(days) => Timestamp::from_days(*days).map_or(Value::Null, Value::Timestamp),
        Field::TimestampMillis(millis) => moment(i128::from(*millis) * 1_000_000, 3),
        Field::TimestampMicros(micros) => moment(i128::from(*micros) * 1_000, 6),
        Field::Group(row) => value_of_row(row),
        Field::ListInternal(list) => Value::List(list.elements().iter().map(value_of).collect()),
        Field::MapInternal(map) => Value::Object(
            map.entries().iter().map(|(key, value)| (value_of(key).to_string(), value_of(value))).collect(),
        ),
    }
}

/// The number in its bytes: two's complement, the highest first.
fn decimal(value: &ParquetDecimal) -> Option<Decimal> {
    let bytes = value.data();
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    if bytes.len() > 16 {
        return None;
    }
    let units = bytes.iter().fold(if negative { -1 } else { 0 }, |units: i128, byte| (units << 8) | i128::from(*byte));
    Decimal::new(units, u32::try_from(value.scale()).ok()?)
}
