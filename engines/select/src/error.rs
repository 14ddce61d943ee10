//! What can be wrong with a query, or with what it reads.

use std::fmt;

/// An error with its code of the API Reference, "List of SELECT Object Content Error Codes".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectError {
    code: &'static str,
    message: String,
}

impl SelectError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The code, such as `CastFailed`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for SelectError {}

/// Codes that have the same words wherever they occur.
macro_rules! errors {
    ($($name:ident = $code:literal, $message:literal;)*) => {
        $(pub(crate) fn $name() -> SelectError {
            SelectError::new($code, $message)
        })*
    };
}

errors! {
    ambiguous = "AmbiguousFieldName", "The field name matches to multiple fields in the file. Check the SQL expression and the file, and try again.";
    cast_failed = "CastFailed", "An attempt to convert from one data type to another using CAST failed in the SQL expression.";
    column_index = "InvalidColumnIndex", "The column index in the SQL expression is not valid.";
    compression = "InvalidCompressionFormat", "The file is not in a supported compression format. Only GZIP and BZIP2 are supported.";
    csv_quoted_delimiter = "CSVEscapingRecordDelimiter", "A quoted record delimiter was found in the file. To allow quoted record delimiters, set AllowQuotedRecordDelimiter to 'TRUE'.";
    data_type = "InvalidDataType", "The SQL expression contains a data type that is not valid.";
    division = "IllegalSqlFunctionArgument", "An illegal argument was used in the SQL function.";
    empty_select = "ParseEmptySelect", "The SQL expression contains an empty SELECT clause.";
    encoding = "InvalidTextEncoding", "The encoding type is not valid. Only UTF-8 encoding is supported.";
    evaluation = "ExternalEvalException", "The query cannot be evaluated. Check the file and try again.";
    expression_too_long = "ExpressionTooLong", "The SQL expression is too long. The maximum byte-length for an SQL expression is 256 KB.";
    function_arguments = "EvaluatorInvalidArguments", "There is an incorrect number of arguments in the function call in the SQL expression.";
    function_type = "IncorrectSqlFunctionArgumentType", "An incorrect argument type was specified in a function call in the SQL expression.";
    integer_overflow = "IntegerOverflow", "An integer overflow or underflow occurred in the SQL expression.";
    json = "JSONParsingError", "An error occurred while parsing the JSON file. Check the file and try again.";
    key_path = "InvalidKeyPath", "The key path in the SQL expression is not valid.";
    like_escape = "EvaluatorLikePatternInvalidEscapeSequence", "An argument given to the LIKE expression was not valid.";
    like_inputs = "LikeInvalidInputs", "The argument given to the LIKE clause in the SQL expression is not valid.";
    missing_headers = "MissingHeaders", "Some headers in the query are missing from the file. Check the file and try again.";
    negative_limit = "EvaluatorNegativeLimit", "LIMIT must not be negative.";
    parquet = "ParquetParsingError", "An error occurred while parsing the Parquet file. Check the file and try again.";
    parquet_block = "OverMaxParquetBlockSize", "The Parquet file is above the max row group size.";
    parquet_codec = "ParquetUnsupportedCompressionCodec", "The specified Parquet compression codec is not supported.";
    record_size = "OverMaxRecordSize", "The length of a record in the input or result is greater than the maxCharsPerRecord limit of 1 MB.";
    scan_range = "InvalidScanRange", "The provided scan range is not valid.";
    scan_range_input = "UnsupportedScanRangeInput", "Scan range queries are not supported on this type of object.";
    structure = "UnsupportedSqlStructure", "S3 encountered an unsupported SQL structure. Check the SQL Reference.";
    timestamp = "ValueParseFailure", "A timestamp parse failure occurred in the SQL expression.";
    too_complex = "MaxOperatorsExceeded", "Failed to parse SQL expression, try reducing complexity. For example, reduce number of operators used.";
    truncated = "TruncatedInput", "Object decompression failed. Check that the object is properly compressed using the format specified in the request.";
    unknown_function = "UnsupportedFunction", "S3 encountered an unsupported SQL function.";
    unknown_source = "EvaluatorBindingDoesNotExist", "A column name or a path provided does not exist in the SQL expression.";
    unsupported = "ParseUnsupportedSyntax", "The SQL expression contains unsupported syntax.";
}
