//! Running a query over the bytes of an object, as they come.

use bytes::Bytes;

use crate::aggregate::Gathered;
use crate::error::{self, SelectError};
use crate::eval::{NoRecord, Record, Scope, records};
use crate::input::csv::{CsvReader, Read};
use crate::input::json::JsonReader;
use crate::input::parquet::{ParquetFile, ParquetReader};
use crate::input::unpack::Unpack;
use crate::input::{Compression, Format, Input};
use crate::output::Output;
use crate::query::{Items, Query};
use crate::timestamp::Timestamp;
use crate::value::Value;

/// A query at work. Bytes are given with [`push`](Self::push) until it is [`Hungry`](State::Hungry) no more; then [`end`](Self::end) is told it,
/// once. Between, [`work`](Self::work) does a step at a time.
pub struct Run {
    unpack: Unpack,
    packed: Bytes,
    /// Unpacked bytes, of which so many are used.
    unpacked: Vec<u8>,
    used: usize,
    reader: Reader,
    answer: Answer,
    ended: bool,
    stats: Stats,
}

/// What a run needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Another step.
    Working,
    /// More bytes, or to be told that there are none.
    Hungry,
    /// Nothing: the answer is complete.
    Done,
}

/// `Stats` and `Progress` of the answer, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Read of the object.
    pub scanned: u64,
    /// The same, unpacked.
    pub processed: u64,
    /// Answered.
    pub returned: u64,
}

enum Reader {
    Csv(Box<CsvReader>),
    Json(Box<JsonReader>),
    Parquet(Box<ParquetReader>),
}

/// How much a step writes at most, in bytes, a record more or less.
const STEP_OUT: usize = 128 << 10;
/// How many rows of Parquet a step takes.
const STEP_ROWS: usize = 4096;

impl Run {
    /// Begins, at a moment on the client's clock in nanoseconds since 1970. `file` is for Parquet.
    ///
    /// # Errors
    /// The query, the input and the output do not fit each other.
    pub fn new(
        query: Query,
        input: &Input,
        file: Option<ParquetFile>,
        output: Output,
        now: i128,
    ) -> Result<Self, SelectError> {
        input.check()?;
        let paths = query.paths;
        let json = matches!(input.format, Format::JsonDocument | Format::JsonLines);
        if !query.source.path.is_empty() && !json {
            return Err(error::key_path());
        }
        let reader = match (&input.format, file) {
            (Format::Csv(csv), _) => Reader::Csv(Box::new(CsvReader::new(csv, input, paths))),
            (Format::JsonDocument, _) => Reader::Json(Box::new(JsonReader::new(input, false))),
            (Format::JsonLines, _) => Reader::Json(Box::new(JsonReader::new(input, true))),
            (Format::Parquet, Some(file)) if input.compression == Compression::None => {
                Reader::Parquet(Box::new(ParquetReader::new(file)))
            }
            (Format::Parquet, _) => return Err(error::parquet()),
        };
        let now = Timestamp::from_unix_nanos(now, 3).ok_or_else(error::timestamp)?;
        let gathered = query.aggregates.iter().map(|aggregate| Gathered::new(aggregate.kind)).collect();
        let left = query.limit.unwrap_or(u64::MAX);
        Ok(Self {
            unpack: Unpack::new(input.compression),
            packed: Bytes::new(),
            unpacked: Vec::new(),
            used: 0,
            reader,
            answer: Answer { query, output, gathered, left, now },
            ended: false,
            stats: Stats::default(),
        })
    }

    /// Gives the next bytes of the object.
    pub fn push(&mut self, bytes: Bytes) {
        self.packed = bytes;
    }

    /// Tells that there are no more.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// How far it has come.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Does a step, and appends what comes of it to the answer.
    ///
    /// # Errors
    /// What is wrong with the object, or with the query for it. The run is at its end then.
    pub fn work(&mut self, out: &mut Vec<u8>) -> Result<State, SelectError> {
        let before = out.len();
        let state = self.step(out)?;
        self.stats.returned += (out.len() - before) as u64;
        Ok(state)
    }

    fn step(&mut self, out: &mut Vec<u8>) -> Result<State, SelectError> {
        if self.answer.left == 0 {
            return self.finish(out);
        }
        if self.used == self.unpacked.len() {
            self.unpacked.clear();
            self.used = 0;
            if self.packed.is_empty() && !self.ended {
                // Rows may be at hand that need no further bytes.
                if let Reader::Parquet(reader) = &mut self.reader {
                    return match self.answer.rows(reader, out)? {
                        true => Ok(State::Working),
                        false if reader.is_done() => self.finish(out),
                        false => Ok(State::Hungry),
                    };
                }
                return Ok(State::Hungry);
            }
            let step = self.packed.split_to(self.unpack.step().min(self.packed.len()));
            self.stats.scanned += step.len() as u64;
            if step.is_empty() {
                self.unpack.end(&mut self.unpacked)?;
            } else {
                self.unpack.push(&step, &mut self.unpacked)?;
            }
            self.stats.processed += self.unpacked.len() as u64;
            if self.unpacked.is_empty() && !step.is_empty() {
                return Ok(State::Working);
            }
        }
        let limit = out.len() + STEP_OUT;
        let bytes = self.unpacked.get(self.used..).unwrap_or_default();
        match &mut self.reader {
            Reader::Parquet(reader) => {
                reader.push(bytes);
                self.used = self.unpacked.len();
                if self.answer.rows(reader, out)? {
                    return Ok(State::Working);
                }
                match (reader.is_done(), self.ended && self.packed.is_empty()) {
                    (true, _) => self.finish(out),
                    (false, true) => Err(error::parquet()),
                    (false, false) => Ok(State::Working),
                }
            }
            Reader::Csv(reader) => {
                let mut at = 0;
                loop {
                    match reader.read(bytes.get(at..).unwrap_or_default())? {
                        Read::Record(read) => {
                            at += read;
                            let record = reader.record()?;
                            self.answer.record(&record, out, |output, out| output.write_csv(&record, out))?;
                            reader.next();
                        }
                        Read::Hungry => at = bytes.len(),
                        Read::Done => return self.finish(out),
                    }
                    if self.answer.left == 0 || out.len() > limit || (at == bytes.len() && !bytes.is_empty()) {
                        break;
                    }
                }
                self.used += at;
                Ok(State::Working)
            }
            Reader::Json(reader) => {
                let mut at = 0;
                loop {
                    match reader.read(bytes.get(at..).unwrap_or_default())? {
                        Read::Record(read) => {
                            at += read;
                            self.answer.values(&reader.value()?, out)?;
                        }
                        Read::Hungry => at = bytes.len(),
                        Read::Done => return self.finish(out),
                    }
                    if self.answer.left == 0 || out.len() > limit || (at == bytes.len() && !bytes.is_empty()) {
                        break;
                    }
                }
                self.used += at;
                Ok(State::Working)
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<State, SelectError> {
        self.answer.finish(out)?;
        Ok(State::Done)
    }
}

/// What becomes of records.
struct Answer {
    query: Query,
    output: Output,
    gathered: Vec<Gathered>,
    /// How many records may still be answered.
    left: u64,
    now: Timestamp,
}

impl Answer {
    /// The records that are in a value.
    fn values(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<(), SelectError> {
        let source = self.query.source.clone();
        records(value, &source, &mut |record| {
            if self.left == 0 {
                return Ok(());
            }
            self.record(record, out, |output, out| output.write_whole(record, out))
        })
    }

    /// Takes rows as long as there are some, and room; tells whether there may be more.
    fn rows(&mut self, reader: &mut ParquetReader, out: &mut Vec<u8>) -> Result<bool, SelectError> {
        let limit = out.len() + STEP_OUT;
        for _ in 0..STEP_ROWS {
            let Some(row) = reader.next()? else { return Ok(false) };
            self.record(&row, out, |output, out| output.write_whole(&row, out))?;
            if self.left == 0 || out.len() > limit {
                break;
            }
        }
        Ok(true)
    }

    fn record<R: Record>(
        &mut self,
        record: &R,
        out: &mut Vec<u8>,
        whole: impl FnOnce(&Output, &mut Vec<u8>) -> Result<(), SelectError>,
    ) -> Result<(), SelectError> {
        let scope = Scope { record, aggregates: &[], now: self.now };
        if let Some(condition) = &self.query.condition
            && !scope.holds(condition)?
        {
            return Ok(());
        }
        if !self.gathered.is_empty() {
            for (aggregate, gathered) in self.query.aggregates.iter().zip(&mut self.gathered) {
                match &aggregate.value {
                    Some(value) => gathered.add(scope.value(value)?)?,
                    None => gathered.count(),
                }
            }
            return Ok(());
        }
        self.left -= 1;
        match &self.query.items {
            Items::All => whole(&self.output, out),
            Items::List(_) => self.items(&scope, out),
        }
    }

    fn items<R: Record>(&self, scope: &Scope<'_, R>, out: &mut Vec<u8>) -> Result<(), SelectError> {
        let Items::List(items) = &self.query.items else { return Ok(()) };
        let values = items.iter().map(|item| scope.value(&item.value)).collect::<Result<Vec<_>, _>>()?;
        self.output.write(items.iter().map(|item| item.name.as_str()).zip(&values), out)
    }

    /// Writes what was gathered of all records.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), SelectError> {
        if self.gathered.is_empty() || self.left == 0 {
            return Ok(());
        }
        let results = self.gathered.iter().map(Gathered::result).collect::<Result<Vec<_>, _>>()?;
        self.gathered.clear();
        self.items(&Scope { record: &NoRecord, aggregates: &results, now: self.now }, out)
    }
}
