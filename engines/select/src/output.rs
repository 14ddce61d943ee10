//! How the answer is written. Follows the API Reference, `OutputSerialization`.

use std::fmt::Write as _;

use crate::error::{self, SelectError};
use crate::input::MAX_RECORD;
use crate::input::csv::CsvRecord;
use crate::value::{Value, write_json_object};

/// How records are written.
#[derive(Clone, Debug)]
pub enum Output {
    /// Comma-separated values, or what is like them.
    Csv(CsvOutput),
    /// JSON objects.
    Json {
        /// Behind each of them.
        record_delimiter: String,
    },
}

/// `CSVOutput`.
#[derive(Clone, Debug)]
pub struct CsvOutput {
    /// Whether all fields stand in quotes, or only those that need them.
    pub always_quote: bool,
    /// Before a quote inside a field.
    pub quote_escape: String,
    /// Behind each record.
    pub record_delimiter: String,
    /// Between fields.
    pub field_delimiter: String,
    /// Around fields.
    pub quote: String,
}

impl Default for CsvOutput {
    fn default() -> Self {
        Self {
            always_quote: false,
            quote_escape: "\"".to_owned(),
            record_delimiter: "\n".to_owned(),
            field_delimiter: ",".to_owned(),
            quote: "\"".to_owned(),
        }
    }
}

impl Output {
    /// Writes the values of a record with their names.
    pub(crate) fn write<'v>(
        &self,
        members: impl Iterator<Item = (&'v str, &'v Value)>,
        out: &mut Vec<u8>,
    ) -> Result<(), SelectError> {
        let before = out.len();
        match self {
            Self::Csv(csv) => {
                let mut text = String::new();
                csv.write(out, members, |(_, value), out| match value {
                    Value::Text(text) => csv.field(text, out),
                    value => {
                        text.clear();
                        // Writing to a string does not fail.
                        let _ = write!(text, "{value}");
                        csv.field(&text, out);
                    }
                });
            }
            Self::Json { record_delimiter } => {
                write_json_object(members, out);
                out.extend_from_slice(record_delimiter.as_bytes());
            }
        }
        if out.len() - before > MAX_RECORD { Err(error::record_size()) } else { Ok(()) }
    }

    /// Writes a record as it is.
    pub(crate) fn write_whole(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), SelectError> {
        match value {
            Value::Object(members) => self.write(members.iter().map(|(name, value)| (name.as_str(), value)), out),
            other => self.write(std::iter::once(("_1", other)), out),
        }
    }

    /// The same for a record of text, which needs no value made of it when it becomes text again.
    pub(crate) fn write_csv(&self, record: &CsvRecord<'_>, out: &mut Vec<u8>) -> Result<(), SelectError> {
        match self {
            Self::Csv(csv) => {
                csv.write(out, record.values(), |text, out| csv.field(text, out));
                Ok(())
            }
            Self::Json { .. } => self.write_whole(&record.to_value(), out),
        }
    }
}

impl CsvOutput {
    fn write<T>(&self, out: &mut Vec<u8>, fields: impl Iterator<Item = T>, mut write: impl FnMut(T, &mut Vec<u8>)) {
        for (at, field) in fields.enumerate() {
            if at > 0 {
                out.extend_from_slice(self.field_delimiter.as_bytes());
            }
            write(field, out);
        }
        out.extend_from_slice(self.record_delimiter.as_bytes());
    }

    fn field(&self, text: &str, out: &mut Vec<u8>) {
        let has = |what: &str| !what.is_empty() && text.contains(what);
        let needed = has(&self.field_delimiter) || has(&self.record_delimiter) || has(&self.quote);
        if !self.always_quote && !needed {
            out.extend_from_slice(text.as_bytes());
            return;
        }
        out.extend_from_slice(self.quote.as_bytes());
        match has(&self.quote) {
            true => out.extend_from_slice(
                text.replace(&self.quote, &format!("{}{}", self.quote_escape, self.quote)).as_bytes(),
            ),
            false => out.extend_from_slice(text.as_bytes()),
        }
        out.extend_from_slice(self.quote.as_bytes());
    }
}
