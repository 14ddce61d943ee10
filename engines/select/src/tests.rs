//! Queries, what they read, and what they answer.

use std::io::Write as _;

use bytes::Bytes;

use crate::{Compression, Csv, CsvOutput, Format, Header, Input, Output, Query, Run, SelectError, State, scan_range};

/// 2017-10-13T16:02:11.123Z.
const NOW: i128 = 1_507_910_531_123_000_000;

fn input(format: Format) -> Input {
    Input { format, compression: Compression::None, range: None }
}

fn csv(header: Header) -> Input {
    input(Format::Csv(Csv { header, ..Csv::default() }))
}

fn json() -> Output {
    Output::Json { record_delimiter: "\n".to_owned() }
}

fn text() -> Output {
    Output::Csv(CsvOutput::default())
}

/// Runs a query over an object that comes in pieces of that size.
fn run_in(size: usize, query: &str, input: &Input, object: &[u8], output: Output) -> Result<String, SelectError> {
    let mut run = Run::new(Query::parse(query)?, input, None, output, NOW)?;
    let first = usize::try_from(input.first_byte()).unwrap();
    let mut pieces = object[first..].chunks(size);
    let mut answer = Vec::new();
    loop {
        match run.work(&mut answer)? {
            State::Working => {}
            State::Done => break,
            State::Hungry => match pieces.next() {
                Some(piece) => run.push(Bytes::copy_from_slice(piece)),
                None => run.end(),
            },
        }
    }
    assert_eq!(run.stats().returned, answer.len() as u64);
    Ok(String::from_utf8(answer).unwrap())
}

/// Runs a query over an object in one piece, and in pieces of a few bytes, which must not matter.
fn run(query: &str, input: &Input, object: &str, output: Output) -> Result<String, SelectError> {
    let whole = run_in(usize::MAX, query, input, object.as_bytes(), output.clone());
    for size in [1, 7] {
        assert_eq!(run_in(size, query, input, object.as_bytes(), output.clone()), whole, "{query} in pieces of {size}");
    }
    whole
}

/// The values of expressions, of no column, as text.
fn value(expression: &str) -> Result<String, SelectError> {
    let query = format!("SELECT {expression} FROM S3Object");
    run(&query, &csv(Header::None), "x\n", text()).map(|answer| answer.trim_end_matches('\n').to_owned())
}

const PEOPLE: &str = "Name,Age,City\nAnn,31,Oslo\nBob,7,\"Rome, Italy\"\nCid,,Bonn\n";

#[test]
fn rows_of_text() {
    for (query, expected) in [
        ("SELECT * FROM S3Object", "Ann,31,Oslo\nBob,7,\"Rome, Italy\"\nCid,,Bonn\n"),
        ("select s.* from s3object as s limit 1", "Ann,31,Oslo\n"),
        ("SELECT Name FROM S3Object", "Ann\nBob\nCid\n"),
        ("SELECT s.name, s.\"Age\" FROM S3Object s", "Ann,31\nBob,7\nCid,\n"),
        ("SELECT s._2 FROM S3Object s WHERE s._1 = 'Bob'", "7\n"),
        ("SELECT Name FROM S3Object s WHERE CAST(s.Age AS INT) > 8 AND s.Age <> ''", "ERROR CastFailed"),
        ("SELECT Name FROM S3Object s WHERE s.Age <> '' AND CAST(s.Age AS INT) > 8", "Ann\n"),
        ("SELECT Name FROM S3Object s WHERE s.Age > '4'", "Bob\n"),
        ("SELECT Name FROM S3Object s WHERE s.Age > 4", "ERROR ExternalEvalException"),
        ("SELECT Name FROM S3Object s WHERE s.Age = 31", ""),
        ("SELECT Name FROM S3Object WHERE City LIKE '%o%'", "Ann\nBob\nCid\n"),
        ("SELECT Name FROM S3Object WHERE City NOT LIKE '%,%'", "Ann\nCid\n"),
        ("SELECT Name FROM S3Object WHERE Name IN ('Cid', 'Ann')", "Ann\nCid\n"),
        ("SELECT Name FROM S3Object WHERE Name NOT BETWEEN 'B' AND 'Bz'", "Ann\nCid\n"),
        ("SELECT COUNT(*) FROM S3Object", "3\n"),
        (
            "SELECT COUNT(*), MAX(CAST(s.Age AS INT)), MIN(CAST(s.Age AS INT)), SUM(CAST(s.Age AS INT)), AVG(CAST(s.Age AS INT)) \
          FROM S3Object s WHERE s.Age <> ''",
            "2,31,7,38,19\n",
        ),
        ("SELECT COUNT(*) * 2 + 1 FROM S3Object WHERE Name = 'Zoe'", "1\n"),
        ("SELECT SUM(CAST(Age AS INT)) FROM S3Object WHERE Name = 'Zoe'", "\n"),
        ("SELECT SUM(Age) FROM S3Object", "ERROR IncorrectSqlFunctionArgumentType"),
        ("SELECT Name FROM S3Object LIMIT 0", ""),
        ("SELECT \"name\" FROM S3Object", "ERROR MissingHeaders"),
        ("SELECT Nope FROM S3Object", "ERROR MissingHeaders"),
        ("SELECT _0 FROM S3Object", "ERROR InvalidColumnIndex"),
        ("SELECT _9 FROM S3Object LIMIT 1", "\n"),
        ("SELECT s.Name.x FROM S3Object s", "ERROR InvalidKeyPath"),
        ("SELECT Name FROM S3Object[*].x", "ERROR InvalidKeyPath"),
        ("SELECT Name FROM S3Object; ", "Ann\nBob\nCid\n"),
        ("SELECT Name -- why\n FROM S3Object LIMIT 1", "Ann\n"),
    ] {
        let answer = run(query, &csv(Header::Use), PEOPLE, text());
        assert_eq!(answer.unwrap_or_else(|error| format!("ERROR {}", error.code())), expected, "{query}");
    }
}

#[test]
fn headers() {
    let of = |header, query| run(query, &csv(header), PEOPLE, text()).map_err(|error| error.code());
    assert_eq!(of(Header::Ignore, "SELECT _1 FROM S3Object LIMIT 1"), Ok("Ann\n".to_owned()));
    assert_eq!(of(Header::None, "SELECT _1 FROM S3Object LIMIT 1"), Ok("Name\n".to_owned()));
    assert_eq!(of(Header::None, "SELECT Name FROM S3Object"), Err("InvalidColumnIndex"));
    let twice = |query| run(query, &csv(Header::Use), "NAME,name\n1,2\n", text()).map_err(|error| error.code());
    assert_eq!(twice("SELECT s.name FROM S3Object s"), Err("AmbiguousFieldName"));
    assert_eq!(twice("SELECT s.\"name\" FROM S3Object s"), Ok("2\n".to_owned()));
}

#[test]
fn delimiters() {
    let mut format =
        Csv { field_delimiter: b';', record_delimiter: b'|', quote: b'\'', quote_escape: b'\\', ..Csv::default() };
    let object = "a;'b;c'|#gone|'it\\'s';d|";
    let all = |format: &Csv, object: &str, output| {
        run("SELECT * FROM S3Object", &input(Format::Csv(format.clone())), object, output).map_err(|error| error.code())
    };
    assert_eq!(all(&format, object, text()), Ok("a,b;c\nit's,d\n".to_owned()));
    let output = CsvOutput {
        always_quote: true,
        quote_escape: "\\".to_owned(),
        record_delimiter: "!\n".to_owned(),
        field_delimiter: "\t".to_owned(),
        quote: "'".to_owned(),
    };
    assert_eq!(all(&format, object, Output::Csv(output)), Ok("'a'\t'b;c'!\n'it\\'s'\t'd'!\n".to_owned()));
    assert_eq!(
        all(&format, object, json()),
        Ok("{\"_1\":\"a\",\"_2\":\"b;c\"}\n{\"_1\":\"it's\",\"_2\":\"d\"}\n".to_owned())
    );
    assert_eq!(all(&format, "'a|b';c|", text()), Err("CSVEscapingRecordDelimiter"));
    format.allow_quoted_record_delimiter = true;
    assert_eq!(all(&format, "'a|b';c|", text()), Ok("a|b,c\n".to_owned()));
    assert_eq!(all(&Csv::default(), "a,\"b \"\"c\"\"\"\r\nd,e", text()), Ok("a,\"b \"\"c\"\"\"\nd,e\n".to_owned()));
}

#[test]
fn limits_of_records() {
    let long = "x".repeat((1 << 20) + 1);
    let of = |input: &Input, object: &str| run_in(65536, "SELECT * FROM S3Object", input, object.as_bytes(), text());
    assert_eq!(of(&csv(Header::None), &long).unwrap_err().code(), "OverMaxRecordSize");
    assert_eq!(of(&input(Format::JsonLines), &format!("\"{long}\"")).unwrap_err().code(), "OverMaxRecordSize");
    assert_eq!(
        run_in(9, "SELECT * FROM S3Object", &csv(Header::None), b"a\xFF\n", text()).unwrap_err().code(),
        "InvalidTextEncoding"
    );
    let much = "1,2,3\n".repeat(100_000);
    assert_eq!(of(&csv(Header::None), &much).unwrap(), much);
}

/// The examples of the User Guide, "SELECT command".
#[test]
fn json_values() {
    let rules = r#"{ "Rules": [ {"id": "1"}, {"expr": "y > x"}, {"id": "2", "expr": "z = DEBUG"} ]}
{ "created": "June 27", "modified": "July 6" }"#;
    let files = r#"{ "created": "936864000", "dir_name": "important_docs", "files": [ { "name": "." }, { "name": ".." } ], "owner": "Amazon S3" }
{ "created": "936864000", "dir_name": "other_docs", "files": [ { "name": "." } ], "owner": "User" }"#;
    let susan = r#"{"name": "Susan Smith", "org": "engineering", "projects":
        [{"project_name":"project1", "completed":false}, {"project_name":"project2", "completed":true, "cost": 1.50, "n": 12}]}"#;
    for (object, query, expected) in [
        (rules, "SELECT id FROM S3Object[*].Rules[*].id", "{\"id\":\"1\"}\n{}\n{\"id\":\"2\"}\n{}\n"),
        (rules, "SELECT id FROM S3Object[*].Rules[*].id WHERE id IS NOT MISSING", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"),
        (rules, "SELECT r.expr FROM S3Object[*].Rules[*] r WHERE r.id = '2'", "{\"expr\":\"z = DEBUG\"}\n"),
        (rules, "SELECT COUNT(id) FROM S3Object[*].Rules[*].id", "{\"_1\":2}\n"),
        (
            files,
            "SELECT d.dir_name, d.files FROM S3Object[*] d LIMIT 1",
            "{\"dir_name\":\"important_docs\",\"files\":[{\"name\":\".\"},{\"name\":\"..\"}]}\n",
        ),
        (
            files,
            "SELECT _1.dir_name, _1.owner FROM S3Object[*]",
            "{\"dir_name\":\"important_docs\",\"owner\":\"Amazon S3\"}\n{\"dir_name\":\"other_docs\",\"owner\":\"User\"}\n",
        ),
        (susan, "Select s.name from S3Object s", "{\"name\":\"Susan Smith\"}\n"),
        (susan, "Select s.projects[0].project_name from S3Object s", "{\"project_name\":\"project1\"}\n"),
        (
            susan,
            "SELECT s.projects[1].completed AS done, s.projects[1] FROM S3Object s",
            "{\"done\":true,\"_2\":{\"project_name\":\"project2\",\"completed\":true,\"cost\":1.5,\"n\":12}}\n",
        ),
        (
            susan,
            "SELECT p.n + 1, p.cost * 2 FROM S3Object[*].projects[*] p WHERE p.completed",
            "{\"_1\":13,\"_2\":3.0}\n",
        ),
        (susan, "SELECT s['name'] FROM S3Object s", "{\"name\":\"Susan Smith\"}\n"),
        (susan, "SELECT * FROM S3Object[*].projects[0]", "{\"project_name\":\"project1\",\"completed\":false}\n"),
        (susan, "SELECT * FROM S3Object[*]['name']", "{\"_1\":\"Susan Smith\"}\n"),
        (susan, "SELECT COUNT(*) FROM S3Object[*].*", "{\"_1\":3}\n"),
        (susan, "SELECT s.nothing FROM S3Object s", "{}\n"),
        (susan, "SELECT S3Object.org FROM S3Object", "{\"org\":\"engineering\"}\n"),
        (
            r#"{"a":null}{"a":1} {"b":"x\"}"}"#,
            "SELECT s.a IS NULL, s.a IS MISSING FROM S3Object s",
            "{\"_1\":true,\"_2\":false}\n{\"_1\":false,\"_2\":false}\n{\"_1\":true,\"_2\":true}\n",
        ),
        ("[1,2] \"x\" 3\n", "SELECT * FROM S3Object[*][*]", "{\"_1\":1}\n{\"_1\":2}\n{}\n{}\n"),
        ("{\"a\":1,\"A\":2}", "SELECT s.a FROM S3Object s", "ERROR AmbiguousFieldName"),
        ("{\"a\":1,\"A\":2}", "SELECT s.\"A\" FROM S3Object s", "{\"A\":2}\n"),
        ("{\"a\":", "SELECT * FROM S3Object s", "ERROR JSONParsingError"),
        ("{\"a\":]", "SELECT * FROM S3Object s", "ERROR JSONParsingError"),
        ("{}", "SELECT * FROM S3Object.path", "ERROR InvalidKeyPath"),
    ] {
        for format in [Format::JsonDocument, Format::JsonLines] {
            let answer = run(query, &input(format), object, json());
            assert_eq!(answer.unwrap_or_else(|error| format!("ERROR {}", error.code())), expected, "{query}");
        }
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        run_in(999, "SELECT * FROM S3Object", &input(Format::JsonLines), deep.as_bytes(), json()).unwrap_err().code(),
        "JSONParsingError"
    );
    let closed = format!("{deep}{}", "]".repeat(100_000));
    assert_eq!(
        run_in(999, "SELECT * FROM S3Object", &input(Format::JsonLines), closed.as_bytes(), json()).unwrap_err().code(),
        "JSONParsingError"
    );
    let answer = run("SELECT s.name, s.projects FROM S3Object s", &input(Format::JsonLines), susan, text()).unwrap();
    assert!(answer.starts_with("Susan Smith,\"[{\"\"project_name\"\":"), "{answer}");
}

#[test]
fn expressions() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("7 % 4", "3"),
        ("7.0 / 2", "3.5"),
        ("-5 + 2", "-3"),
        ("1e1 / 4", "2.5"),
        ("9223372036854775807 + 1", "ERROR IntegerOverflow"),
        ("1 / 0", "ERROR IllegalSqlFunctionArgument"),
        ("'a' || 'b' || 'c'", "abc"),
        ("'it''s'", "it's"),
        ("1 < 2 AND 2 < 1", "false"),
        ("1 < 2 OR NULL", "true"),
        ("NULL AND 1 > 2", "false"),
        ("NULL AND TRUE", ""),
        ("NOT NULL", ""),
        ("NULL = NULL", ""),
        ("NULL IS NULL", "true"),
        ("MISSING IS MISSING", "true"),
        ("MISSING IS NOT NULL", "false"),
        ("1 IN (2, NULL)", ""),
        ("1 IN (2, 1.0)", "true"),
        ("1 NOT IN (2, 3)", "true"),
        ("2 BETWEEN 1 AND 3", "true"),
        ("NOT 2 BETWEEN 1 AND 3", "false"),
        ("'a%c' LIKE 'a!%_' ESCAPE '!'", "true"),
        ("5 LIKE '5'", "ERROR LikeInvalidInputs"),
        ("CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' ELSE 'c' END", "b"),
        ("CASE 3 WHEN 1 THEN 'a' WHEN 3 THEN 'b' END", "b"),
        ("CASE 4 WHEN 1 THEN 'a' END IS NULL", "true"),
        ("COALESCE(NULL, MISSING, 3, 4)", "3"),
        ("NULLIF(1, 1) IS NULL", "true"),
        ("NULLIF(1, 2)", "1"),
        ("CAST('12' AS INT) + 1", "13"),
        ("CAST(12.9 AS INTEGER)", "12"),
        ("CAST('1.5' AS FLOAT)", "1.5"),
        ("CAST(3 AS FLOAT)", "3.0"),
        ("CAST('1.005' AS DECIMAL(10, 2))", "1.00"),
        ("CAST('12345.6' AS DECIMAL(3, 1))", "ERROR CastFailed"),
        ("CAST('true' AS BOOL)", "true"),
        ("CAST(0 AS BOOL)", "false"),
        ("CAST(7 AS STRING) || 'x'", "7x"),
        ("CAST('x' AS INT)", "ERROR CastFailed"),
        ("CAST('2007-04-05T14:30Z' AS TIMESTAMP)", "2007-04-05T14:30Z"),
        ("CAST('x' AS TIMESTAMP)", "ERROR CastFailed"),
        ("CAST(1 AS BLOB)", "ERROR InvalidDataType"),
        ("CHAR_LENGTH('äbc')", "3"),
        ("CHARACTER_LENGTH('')", "0"),
        ("LOWER('AbC') || UPPER('AbC')", "abcABC"),
        ("SUBSTRING('123456789', 0)", "123456789"),
        ("SUBSTRING('123456789', 2, 4)", "2345"),
        ("SUBSTRING('123456789' FROM -1 FOR 4)", "12"),
        ("SUBSTRING('123456789' FROM 2 FOR 4)", "2345"),
        ("'[' || TRIM('  foobar  ') || ']'", "[foobar]"),
        ("'[' || TRIM(LEADING FROM '  foobar  ') || ']'", "[foobar  ]"),
        ("'[' || TRIM(TRAILING FROM '  foobar  ') || ']'", "[  foobar]"),
        ("TRIM(BOTH '12' FROM '1112211foobar22211122')", "foobar"),
        ("DATE_ADD(year, 5, `2010-01-01T`)", "2015-01-01"),
        ("DATE_ADD(minute, 1, `2017-01-02T03:04:05.006Z`)", "2017-01-02T03:05:05.006Z"),
        ("DATE_DIFF(month, `2010T`, `2011T`)", "12"),
        ("DATE_ADD(week, 1, `2010T`)", "ERROR ParseExpectedDatePart"),
        ("EXTRACT(YEAR FROM `2010-01-01T`)", "2010"),
        ("EXTRACT(TIMEZONE_HOUR FROM `2017-01-02T03:04:05+07:08`)", "7"),
        ("TO_STRING(`1969-07-20T20:18Z`, 'y-MM-dd''T''H:m:ssX')", "1969-07-20T20:18:00Z"),
        ("TO_TIMESTAMP('2007T')", "2007T"),
        ("TO_TIMESTAMP('nope')", "ERROR ValueParseFailure"),
        ("TO_TIMESTAMP('2007-02-23T12:14:33.079-08:00') < UTCNOW()", "true"),
        ("UTCNOW()", "2017-10-13T16:02:11.123Z"),
        ("`nope`", "ERROR LexerInvalidIONLiteral"),
        ("CHAR_LENGTH('a', 'b')", "ERROR EvaluatorInvalidArguments"),
        ("CHAR_LENGTH(5)", "ERROR IncorrectSqlFunctionArgumentType"),
        ("SQRT(5)", "ERROR UnsupportedFunction"),
        ("1 + 'a'", "ERROR ExternalEvalException"),
        ("TRUE IS UNKNOWN", "ERROR ParseUnexpectedToken"),
    ] {
        assert_eq!(
            value(expression).unwrap_or_else(|error| format!("ERROR {}", error.code())),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn what_is_no_query() {
    for (query, code) in [
        ("", "ParseUnexpectedToken"),
        ("DELETE FROM S3Object", "UnsupportedSqlOperation"),
        ("SELECT FROM S3Object", "ParseEmptySelect"),
        ("SELECT a", "ParseSelectMissingFrom"),
        ("SELECT a b c FROM S3Object", "ParseUnexpectedToken"),
        ("SELECT *, a FROM S3Object", "ParseAsteriskIsNotAloneInSelectList"),
        ("SELECT a, * FROM S3Object", "ParseInvalidContextForWildcardInSelectList"),
        ("SELECT a AS 'x' FROM S3Object", "ParseExpectedIdentForAlias"),
        ("SELECT * FROM other", "EvaluatorBindingDoesNotExist"),
        ("SELECT o.* FROM S3Object s", "EvaluatorBindingDoesNotExist"),
        ("SELECT * FROM S3Object s, S3Object t", "MultipleDataSourcesUnsupported"),
        ("SELECT * FROM S3Object s JOIN S3Object t", "ParseMalformedJoin"),
        ("SELECT * FROM S3Object WHERE", "ParseUnexpectedToken"),
        ("SELECT * FROM S3Object WHERE a = ", "ParseUnexpectedToken"),
        ("SELECT * FROM S3Object WHERE a IN (SELECT b FROM S3Object)", "UnsupportedSqlStructure"),
        ("SELECT * FROM S3Object WHERE COUNT(*) > 1", "UnsupportedSqlStructure"),
        ("SELECT a, COUNT(*) FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT SUM(COUNT(*)) FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT SUM(*) FROM S3Object", "ParseUnsupportedCallWithStar"),
        ("SELECT SUM(a, b) FROM S3Object", "ParseNonUnaryAgregateFunctionCall"),
        ("SELECT a FROM S3Object GROUP BY a", "UnsupportedSqlStructure"),
        ("SELECT a FROM S3Object ORDER BY a", "UnsupportedSqlStructure"),
        ("SELECT DISTINCT a FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT a FROM S3Object LIMIT -1", "EvaluatorNegativeLimit"),
        ("SELECT a FROM S3Object LIMIT x", "ParseExpectedNumber"),
        ("SELECT 'a FROM S3Object", "LexerInvalidLiteral"),
        ("SELECT CAST(a AS DECIMAL(99, 1)) FROM S3Object", "ParseInvalidTypeParam"),
        ("SELECT a FROM S3Object[x]", "ParseInvalidPathComponent"),
        ("SELECT a FROM S3Object; SELECT b", "ParseUnexpectedToken"),
    ] {
        assert_eq!(Query::parse(query).unwrap_err().code(), code, "{query}");
    }
    let message = Query::parse("SELECT a b\n c FROM S3Object").unwrap_err();
    assert_eq!(message.message(), "Unexpected token found IDENTIFIER:c at line 2, column 2.");
    let long = format!("SELECT '{}' FROM S3Object", "x".repeat(256 << 10));
    assert_eq!(Query::parse(&long).unwrap_err().code(), "ExpressionTooLong");
}

/// Neither the stack nor the time that a query takes grows with what a client nests.
#[test]
fn hostile_queries() {
    let nested = |open: &str, close: &str| format!("SELECT {}1{} FROM S3Object", open.repeat(900), close.repeat(900));
    let chained = |link: &str| format!("SELECT 1{} FROM S3Object", link.repeat(900));
    let mut queries = vec![
        chained("+1"),
        chained(" IS NULL"),
        chained(" LIKE 1"),
        chained(" BETWEEN 1 AND 1"),
        format!("SELECT {} 1", "a.".repeat(900)),
    ];
    for (open, close) in [
        ("(", ")"),
        ("((", ")"),
        ("NOT ", ""),
        ("-", ""),
        ("CASE ", " END"),
        ("CASE WHEN ", " THEN 1 END"),
        ("CAST(", " AS INT)"),
        ("f(", ")"),
        ("a[", "]"),
        ("1 IN (", ")"),
        ("1 IN ((", "))"),
        ("EXTRACT(YEAR FROM ", ")"),
        ("TRIM(", ")"),
        ("SUBSTRING(", ")"),
        ("ARRAY[", "]"),
        ("INTERVAL ", ""),
        ("ARRAY<", ">"),
        ("STRUCT<", ">"),
        ("STRUCT(", ")"),
        ("{", "}"),
        ("[", "]"),
        ("EXISTS(", ")"),
        ("(SELECT ", ")"),
        ("IF a.", ""),
        ("date ", ""),
        ("CONVERT(", ")"),
        ("POSITION(", ")"),
        ("OVERLAY(", ")"),
        ("CEIL(", ")"),
        ("map{", "}"),
        ("not.", ""),
        ("case.", ""),
        ("a->", ""),
    ] {
        queries.push(nested(open, close));
        queries.push(nested(open, ""));
        queries.push(format!("SELECT {}", open.repeat(30)));
        queries.push(format!("SELECT {}1{}", open.repeat(30), close.repeat(29)));
    }
    for query in queries {
        // Time that grows exponentially would not end.
        let _ = Query::parse(&query);
    }
    let any = (0..400).map(|number| format!("s._1 = '{number}'")).collect::<Vec<_>>().join(" OR ");
    let query = format!("SELECT * FROM S3Object s WHERE {any}");
    assert_eq!(run(&query, &csv(Header::None), "399\n400\n", text()).unwrap(), "399\n");
    assert_eq!(Query::parse(&chained("+1+1")).unwrap_err().code(), "MaxOperatorsExceeded");
}

#[test]
fn packed_objects() {
    let object = "a,b\n".repeat(50_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&object.as_bytes()[..100_000]).unwrap();
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    second.write_all(&object.as_bytes()[100_000..]).unwrap();
    let gzip = [gzip.finish().unwrap(), second.finish().unwrap()].concat();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip2.write_all(&object.as_bytes()[..100_000]).unwrap();
    let mut second = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    second.write_all(&object.as_bytes()[100_000..]).unwrap();
    let bzip2 = [bzip2.finish().unwrap(), second.finish().unwrap()].concat();
    for (compression, packed) in [(Compression::Gzip, gzip), (Compression::Bzip2, bzip2)] {
        let input = Input { compression, ..csv(Header::None) };
        let count = |size, packed: &[u8]| {
            run_in(size, "SELECT COUNT(*) FROM S3Object", &input, packed, text()).map_err(|error| error.code())
        };
        for size in [1, 1000, usize::MAX] {
            assert_eq!(count(size, &packed), Ok("50000\n".to_owned()), "{compression:?} in pieces of {size}");
        }
        assert_eq!(count(1000, &packed[..packed.len() - 20]), Err("TruncatedInput"), "{compression:?}");
        assert_eq!(count(1000, object.as_bytes()), Err("InvalidCompressionFormat"), "{compression:?}");
    }
}

#[test]
fn parts_of_objects() {
    let object = "1,a\n22,b\n333,c\n4444,d\n";
    let of = |input: Input, start, end, object: &str| {
        let range = scan_range(start, end, object.len() as u64).map_err(|error| error.code())?;
        let input = Input { range: Some(range), ..input };
        run("SELECT s._1 FROM S3Object s", &input, object, text()).map_err(|error| error.code())
    };
    let lines = |start, end| of(csv(Header::None), start, end, object).map(|answer| answer.replace('\n', " "));
    assert_eq!(lines(Some(0), Some(3)), Ok("1 ".to_owned()));
    assert_eq!(lines(Some(0), Some(4)), Ok("1 22 ".to_owned()));
    assert_eq!(lines(Some(4), Some(8)), Ok("22 ".to_owned()), "it begins with a record");
    assert_eq!(lines(Some(5), Some(9)), Ok("333 ".to_owned()));
    assert_eq!(lines(Some(5), None), Ok("333 4444 ".to_owned()));
    assert_eq!(lines(None, Some(8)), Ok("4444 ".to_owned()), "the last bytes");
    assert_eq!(lines(Some(17), Some(18)), Ok(String::new()));
    assert_eq!(lines(Some(9), Some(5)), Err("InvalidScanRange"));
    assert_eq!(lines(Some(99), None), Err("InvalidScanRange"));
    // Every record is in just one part.
    for at in 0..21 {
        let (first, second) = (lines(Some(0), Some(at)).unwrap(), lines(Some(at + 1), None).unwrap());
        assert_eq!(format!("{first}{second}"), "1 22 333 4444 ", "{at}");
    }
    assert_eq!(of(csv(Header::Use), Some(9), None, object), Ok("333\n4444\n".to_owned()));
    let values = "{\"_1\":1}\n{\"_1\":2}\n{\"_1\":3}\n";
    assert_eq!(of(input(Format::JsonLines), Some(1), Some(9), values), Ok("2\n".to_owned()));
    assert_eq!(of(input(Format::JsonDocument), Some(1), Some(9), values), Err("UnsupportedScanRangeInput"));
    let packed = Input { compression: Compression::Gzip, ..csv(Header::None) };
    assert_eq!(of(packed, Some(1), Some(9), object), Err("UnsupportedScanRangeInput"));
}
