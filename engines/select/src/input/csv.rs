//! Records of comma-separated values.

use std::cell::Cell;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::{Csv, Header, Input, MAX_RECORD, Scan};
use crate::error::{self, SelectError};
use crate::eval::Record;
use crate::query::{Name, Path, Step};
use crate::value::Value;

/// The most columns that a record may have.
const MAX_COLUMNS: usize = 64 << 10;

pub(crate) struct CsvReader {
    csv: Csv,
    core: Reader,
    scan: Scan,
    /// The fields of the record that is being read, one behind the other.
    text: Vec<u8>,
    used: usize,
    /// Where each of them ends.
    ends: Vec<usize>,
    ended: usize,
    /// A record has begun, in the object here.
    open: bool,
    start: u64,
    /// The bytes at hand are of a record that is passed over.
    comment: bool,
    names: Option<Vec<String>>,
    header_read: bool,
    /// The column of each path, once it is looked for.
    columns: Vec<Cell<Option<usize>>>,
}

/// What a reader has come to.
pub(crate) enum Read {
    /// So many bytes were used, and there was a record at the end of them.
    Record(usize),
    /// All bytes were used.
    Hungry,
    /// No further record is wanted.
    Done,
}

impl CsvReader {
    pub(crate) fn new(csv: &Csv, input: &Input, paths: usize) -> Self {
        let terminator = match csv.record_delimiter {
            b'\n' => Terminator::CRLF,
            other => Terminator::Any(other),
        };
        let doubled = csv.quote_escape == csv.quote;
        let core = ReaderBuilder::new()
            .delimiter(csv.field_delimiter)
            .terminator(terminator)
            .quote(csv.quote)
            .double_quote(doubled)
            .escape((!doubled).then_some(csv.quote_escape))
            .build();
        let scan = Scan::new(input);
        Self {
            csv: csv.clone(),
            core,
            open: false,
            start: scan.offset,
            scan,
            text: vec![0; 4 << 10],
            used: 0,
            ends: vec![0; 64],
            ended: 0,
            comment: false,
            names: None,
            header_read: false,
            columns: vec![Cell::new(None); paths],
        }
    }

    /// Reads on, up to the end of a record; no bytes are the end of the object.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Read, SelectError> {
        let end_of_object = bytes.is_empty();
        let mut at = self.scan.skip(bytes, self.csv.record_delimiter);
        loop {
            if !self.open {
                at += self.between(bytes.get(at..).unwrap_or_default());
            }
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() && !end_of_object {
                return Ok(Read::Hungry);
            }
            if !self.open {
                self.open = true;
                self.start = self.scan.offset;
                let header = self.csv.header != Header::None && !self.header_read;
                if self.scan.is_behind(self.start) && !header {
                    return Ok(Read::Done);
                }
            }
            let (text, ends) = (self.text.get_mut(self.used..), self.ends.get_mut(self.ended..));
            let (result, read, written, ended) =
                self.core.read_record(rest, text.unwrap_or_default(), ends.unwrap_or_default());
            at += read;
            self.scan.offset += read as u64;
            self.used += written;
            self.ended += ended;
            match result {
                ReadRecordResult::InputEmpty => return Ok(Read::Hungry),
                ReadRecordResult::OutputFull if self.text.len() >= MAX_RECORD => return Err(error::record_size()),
                ReadRecordResult::OutputFull => self.text.resize((self.text.len() * 2).min(MAX_RECORD), 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= MAX_COLUMNS => {
                    return Err(SelectError::new(
                        "OverMaxColumn",
                        "The number of columns in the result is greater than the maximum allowable number of columns.",
                    ));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return Ok(Read::Done),
                ReadRecordResult::Record => {
                    if !self.header_read && self.csv.header != Header::None {
                        self.read_header()?;
                    } else if !self.scan.is_before(self.start) {
                        return Ok(Read::Record(at));
                    }
                    self.next();
                }
            }
        }
    }

    /// Passes over empty lines and comments; tells how many bytes they have.
    fn between(&mut self, bytes: &[u8]) -> usize {
        let delimiter = self.csv.record_delimiter;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.comment || byte == self.csv.comment {
                let end = memchr::memchr(delimiter, bytes.get(at..).unwrap_or_default());
                self.comment = end.is_none();
                at = end.map_or(bytes.len(), |end| at + end + 1);
            } else if byte == delimiter || (delimiter == b'\n' && byte == b'\r') {
                at += 1;
            } else {
                break;
            }
        }
        self.scan.offset += at as u64;
        at
    }

    fn read_header(&mut self) -> Result<(), SelectError> {
        self.header_read = true;
        if self.csv.header == Header::Use {
            let record = self.record()?;
            self.names = Some(record.fields().map(str::to_owned).collect());
        }
        Ok(())
    }

    /// The record that was read.
    pub(crate) fn record(&self) -> Result<CsvRecord<'_>, SelectError> {
        let bytes = self.text.get(..self.used).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| error::encoding())?;
        if !self.csv.allow_quoted_record_delimiter && memchr::memchr(self.csv.record_delimiter, bytes).is_some() {
            return Err(error::csv_quoted_delimiter());
        }
        let ends = self.ends.get(..self.ended).unwrap_or_default();
        Ok(CsvRecord { text, ends, names: self.names.as_deref(), columns: &self.columns })
    }

    /// Makes room for the next record.
    pub(crate) fn next(&mut self) {
        (self.used, self.ended, self.open) = (0, 0, false);
    }
}

pub(crate) struct CsvRecord<'a> {
    text: &'a str,
    ends: &'a [usize],
    names: Option<&'a [String]>,
    columns: &'a [Cell<Option<usize>>],
}

impl<'a> CsvRecord<'a> {
    fn field(&self, index: usize) -> Option<&'a str> {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..*self.ends.get(index)?)
    }

    fn fields(&self) -> impl Iterator<Item = &'a str> {
        (0..self.ends.len()).filter_map(|index| self.field(index))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &'a str> {
        self.fields()
    }

    /// The record with its names, or with numbers for names.
    pub(crate) fn to_value(&self) -> Value {
        let name = |index: usize| match self.names.and_then(|names| names.get(index)) {
            Some(name) => name.clone(),
            None => format!("_{}", index + 1),
        };
        Value::Object(self.fields().enumerate().map(|(at, field)| (name(at), Value::Text(field.to_owned()))).collect())
    }

    fn find(&self, Name { text, exact }: &Name) -> Result<usize, SelectError> {
        let names = self.names.unwrap_or_default();
        let same = |own: &String| if *exact { own == text } else { own.eq_ignore_ascii_case(text) };
        let mut found = names.iter().enumerate().filter(|(_, own)| same(own)).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => return Ok(index),
            (Some(_), Some(_)) => return Err(error::ambiguous()),
            (None, _) => {}
        }
        let number = text.strip_prefix('_').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        match number.and_then(|digits| digits.parse::<usize>().ok()) {
            Some(number) => number.checked_sub(1).ok_or_else(error::column_index),
            None if self.names.is_some() => Err(error::missing_headers()),
            None => Err(error::column_index()),
        }
    }
}

impl Record for CsvRecord<'_> {
    fn get(&self, path: &Path) -> Result<Value, SelectError> {
        let name = match path.steps.as_slice() {
            [] => return Ok(self.to_value()),
            [Step::Member(name)] => name,
            _ => return Err(error::key_path()),
        };
        let known = self.columns.get(path.number);
        let index = match known.and_then(Cell::get) {
            Some(index) => index,
            None => self.find(name)?,
        };
        if let Some(known) = known {
            known.set(Some(index));
        }
        Ok(self.field(index).map_or(Value::Missing, |field| Value::Text(field.to_owned())))
    }
}
