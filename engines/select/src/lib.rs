//! S3 Select: SQL over one object of CSV, JSON or Parquet, a record at a time.
//!
//! Follows the Amazon S3 User Guide, "SQL reference for Amazon S3 Select". The crate knows neither S3 nor where bytes come from: it is given
//! the bytes of an object in pieces, and gives those of the answer.
//!
//! ```
//! use kumoi_select::{Compression, Csv, CsvOutput, Format, Input, Output, Query, Run, State};
//!
//! let query = Query::parse("SELECT s._2 FROM S3Object s WHERE s._1 = 'b'").unwrap();
//! let input = Input { format: Format::Csv(Csv::default()), compression: Compression::None, range: None };
//! let mut run = Run::new(query, &input, None, Output::Csv(CsvOutput::default()), 0).unwrap();
//! let mut answer = Vec::new();
//! run.push("a,1\nb,2\n".into());
//! while run.work(&mut answer).unwrap() == State::Working {}
//! run.end();
//! while run.work(&mut answer).unwrap() != State::Done {}
//! assert_eq!(answer, b"2\n");
//! ```
//!
//! | Module | What it is about |
//! |---|---|
//! | `parse`, `lower`, `query` | from text to expressions |
//! | `eval`, `functions`, `like`, `pattern`, `aggregate` | what expressions come to |
//! | `value`, `decimal`, `timestamp` | the values |
//! | `input`, `output` | how records are written |
//! | `run` | all of it, a step at a time |

mod aggregate;
mod decimal;
mod error;
mod eval;
mod functions;
mod input;
mod like;
mod lower;
mod output;
mod parse;
mod pattern;
mod query;
mod run;
mod timestamp;
mod value;

#[cfg(test)]
mod tests;

pub use error::SelectError;
pub use input::parquet::ParquetFile;
pub use input::{Compression, Csv, Format, Header, Input, scan_range};
pub use output::{CsvOutput, Output};
pub use query::Query;
pub use run::{Run, State, Stats};
