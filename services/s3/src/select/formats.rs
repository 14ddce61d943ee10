//! `InputSerialization` and `OutputSerialization`.

use kumoi_core::Fault;
use kumoi_select::{Compression, Csv, CsvOutput, Format, Header, Input, Output};

use super::refuse;
use crate::api;

pub(super) fn input(wanted: api::InputSerialization) -> Result<Input, Fault> {
    let compression = match wanted.compression_type.as_deref() {
        None | Some("NONE") => Compression::None,
        Some("GZIP") => Compression::Gzip,
        Some("BZIP2") => Compression::Bzip2,
        Some(_) => {
            let message = "The file is not in a supported compression format. Only GZIP and BZIP2 are supported.";
            return Err(refuse("InvalidCompressionFormat", message));
        }
    };
    let format = match (wanted.csv, wanted.json, wanted.parquet) {
        (Some(wanted), None, None) => Format::Csv(csv(&wanted)?),
        (None, Some(wanted), None) => match wanted.r#type.as_deref() {
            Some("DOCUMENT") => Format::JsonDocument,
            Some("LINES") => Format::JsonLines,
            Some(_) => {
                return Err(refuse(
                    "InvalidJsonType",
                    "The JsonType value is not valid. Only DOCUMENT and LINES are supported.",
                ));
            }
            None => return Err(missing()),
        },
        (None, None, Some(_)) if compression == Compression::None => Format::Parquet,
        (None, None, Some(_)) => return Err(invalid_parameter()),
        (None, None, None) => {
            let message = "The data source type is not valid. Only CSV, JSON, and Parquet are supported.";
            return Err(refuse("InvalidDataSource", message));
        }
        _ => return Err(conflict()),
    };
    Ok(Input { format, compression, range: None })
}

fn csv(wanted: &api::CSVInput) -> Result<Csv, Fault> {
    let header = match wanted.file_header_info.as_deref() {
        None | Some("NONE") => Header::None,
        Some("USE") => Header::Use,
        Some("IGNORE") => Header::Ignore,
        Some(_) => {
            let message = "The FileHeaderInfo value is not valid. Only NONE, USE, and IGNORE are supported.";
            return Err(refuse("InvalidFileHeaderInfo", message));
        }
    };
    let default = Csv::default();
    Ok(Csv {
        header,
        comment: byte(wanted.comments.as_deref(), default.comment)?,
        record_delimiter: match wanted.record_delimiter.as_deref() {
            Some("\r\n") => b'\n',
            delimiter => byte(delimiter, default.record_delimiter)?,
        },
        field_delimiter: byte(wanted.field_delimiter.as_deref(), default.field_delimiter)?,
        quote: byte(wanted.quote_character.as_deref(), default.quote)?,
        quote_escape: byte(wanted.quote_escape_character.as_deref(), default.quote_escape)?,
        allow_quoted_record_delimiter: wanted.allow_quoted_record_delimiter.unwrap_or(false),
    })
}

/// The one byte of a delimiter.
fn byte(wanted: Option<&str>, default: u8) -> Result<u8, Fault> {
    match wanted.map(str::as_bytes) {
        None => Ok(default),
        Some([byte]) => Ok(*byte),
        Some(_) => Err(invalid_parameter()),
    }
}

pub(super) fn output(wanted: api::OutputSerialization) -> Result<Output, Fault> {
    match (wanted.csv, wanted.json) {
        (Some(wanted), None) => {
            let always_quote = match wanted.quote_fields.as_deref() {
                None | Some("ASNEEDED") => false,
                Some("ALWAYS") => true,
                Some(_) => {
                    let message = "The QuoteFields value is not valid. Only ALWAYS and ASNEEDED are supported.";
                    return Err(refuse("InvalidQuoteFields", message));
                }
            };
            let default = CsvOutput::default();
            Ok(Output::Csv(CsvOutput {
                always_quote,
                quote_escape: wanted.quote_escape_character.unwrap_or(default.quote_escape),
                record_delimiter: wanted.record_delimiter.unwrap_or(default.record_delimiter),
                field_delimiter: wanted.field_delimiter.unwrap_or(default.field_delimiter),
                quote: wanted.quote_character.unwrap_or(default.quote),
            }))
        }
        (None, Some(wanted)) => {
            Ok(Output::Json { record_delimiter: wanted.record_delimiter.unwrap_or_else(|| "\n".to_owned()) })
        }
        (None, None) => Err(missing()),
        (Some(_), Some(_)) => Err(conflict()),
    }
}

fn conflict() -> Fault {
    refuse(
        "ObjectSerializationConflict",
        "InputSerialization specifies more than one format (CSV, JSON, or Parquet), or OutputSerialization specifies more than one format (CSV or \
         JSON). For InputSerialization and OutputSerialization, you can specify only one format for each.",
    )
}

fn invalid_parameter() -> Fault {
    refuse(
        "InvalidRequestParameter",
        "The value of a parameter in the SelectRequest element is not valid. Check the service API documentation and try again.",
    )
}

fn missing() -> Fault {
    refuse(
        "MissingRequiredParameter",
        "The SelectRequest entity is missing a required parameter. Check the service documentation and try again.",
    )
}
