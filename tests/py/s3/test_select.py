"""SelectObjectContent: SQL over one object.

Amazon S3 User Guide, "SQL reference for Amazon S3 Select"; API Reference, SelectObjectContent and its appendix. The language itself is tested
beside the engine; here is what clients see.
"""

import bz2
import datetime
import decimal
import gzip
import io
import json

import pyarrow
import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError, EventStreamError

PEOPLE = b'Name,Age,City\nAnn,31,Oslo\nBob,7,"Rome, Italy"\nCid,,Bonn\n'
CSV = {"CSV": {}}
USE = {"CSV": {"FileHeaderInfo": "USE"}}
LINES = {"JSON": {"Type": "LINES"}}
JSON = {"JSON": {}}


@pytest.fixture
def events(s3, bucket):
    """The events of a query's answer."""

    def events(key, query, source=CSV, output=CSV, **more):
        answer = s3.select_object_content(
            Bucket=bucket,
            Key=key,
            Expression=query,
            ExpressionType="SQL",
            InputSerialization=source,
            OutputSerialization=output,
            **more,
        )
        assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/vnd.amazon.eventstream"
        return list(answer["Payload"])

    return events


@pytest.fixture
def select(events):
    """The records of an answer, which must be complete."""

    def select(*arguments, **more):
        found = events(*arguments, **more)
        assert [list(event) for event in found[-2:]] == [["Stats"], ["End"]]
        records = b"".join(event["Records"]["Payload"] for event in found if "Records" in event)
        assert found[-2]["Stats"]["Details"]["BytesReturned"] == len(records)
        return records.decode()

    return select


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as error:
        call(*arguments, **more)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error.value.response["Error"]["Code"]


def test_csv(put, select):
    put("people", PEOPLE)
    assert select("people", "SELECT * FROM S3Object", USE) == 'Ann,31,Oslo\nBob,7,"Rome, Italy"\nCid,,Bonn\n'
    assert select("people", "SELECT s.name FROM s3object s WHERE s.city LIKE 'Rome%'", USE) == "Bob\n"
    assert select("people", "SELECT _1 FROM S3Object LIMIT 1") == "Name\n"
    assert select("people", "SELECT COUNT(*) FROM S3Object", USE) == "3\n"
    assert select("people", "SELECT Name FROM S3Object WHERE Age = 'none'", USE) == ""
    answer = select("people", "SELECT s.Name AS who, s.Age FROM S3Object s LIMIT 2", USE, JSON)
    assert [json.loads(line) for line in answer.splitlines()] == [{"who": "Ann", "Age": "31"}, {"who": "Bob", "Age": "7"}]


def test_delimiters_survive_the_document(put, select):
    """Line ends and tabs stand in the request as they are."""
    put("tabs", b"a\tb\r\nc\td\r\n")
    source = {"CSV": {"FieldDelimiter": "\t", "RecordDelimiter": "\r\n"}}
    output = {"CSV": {"FieldDelimiter": "\t", "RecordDelimiter": "\n\n", "QuoteFields": "ALWAYS", "QuoteCharacter": "'"}}
    assert select("tabs", "SELECT * FROM S3Object", source, output) == "'a'\t'b'\n\n'c'\t'd'\n\n"


def test_json(put, select):
    put("lines", b'{"a":{"b":[1,2.5]},"n":"x"}\n{"n":"y","a":null}\n')
    assert select("lines", "SELECT s.a.b[1], s.n FROM S3Object s", LINES, JSON) == '{"_1":2.5,"n":"x"}\n{"n":"y"}\n'
    assert select("lines", "SELECT s.n FROM S3Object s WHERE s.a IS NULL", LINES) == "y\n"
    document = {"JSON": {"Type": "DOCUMENT"}}
    put("document", b'{"books": [{"price": 10}, {"price": 12}, {"title": "free"}]}')
    assert select("document", "SELECT price FROM S3Object[*].books[*].price", document, JSON) == '{"price":10}\n{"price":12}\n{}\n'
    output = {"JSON": {"RecordDelimiter": ","}}
    assert select("document", "SELECT SUM(b.price), AVG(b.price) FROM S3Object[*].books[*] b", document, output) == '{"_1":22,"_2":11},'


@pytest.mark.parametrize("compression", ["NONE", "SNAPPY", "GZIP", "ZSTD"])
def test_parquet(put, select, compression):
    rows = 2500
    table = pyarrow.table(
        {
            "id": pyarrow.array(range(rows), pyarrow.int64()),
            "name": [None if row % 5 == 4 else f"n{row % 3}" for row in range(rows)],
            "price": pyarrow.array([decimal.Decimal(row) / 4 for row in range(rows)], pyarrow.decimal128(12, 2)),
            "at": pyarrow.array([datetime.datetime(2020, 1, 1) + datetime.timedelta(hours=row) for row in range(rows)], pyarrow.timestamp("ms")),
            "nested": [{"list": [row, row + 1], "ok": row % 2 == 0} for row in range(rows)],
        }
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression=compression, row_group_size=1000)
    put("table", file.getvalue())
    source = {"Parquet": {}}
    assert select("table", "SELECT COUNT(*), COUNT(s.name), MAX(s.id) FROM S3Object s", source) == "2500,2000,2499\n"
    query = "SELECT s.id, s.name, s.price, s.\"at\", s.nested.\"list\"[1] AS next FROM S3Object s WHERE s.nested.ok AND s.id > 2100 LIMIT 1"
    expected = {"id": 2102, "name": "n2", "price": 525.5, "at": "2020-03-28T14:00:00.000Z", "next": 2103}
    assert json.loads(select("table", query, source, JSON)) == expected
    assert select("table", "SELECT s.id FROM S3Object s LIMIT 2", source) == "0\n1\n"


def test_parquet_that_is_none(put, select):
    source = {"Parquet": {}}
    for body in (b"", b"PAR1", PEOPLE, b"PAR1\x00\x00\x00\x00PAR1", b"\x19\x1c" * 40 + b"\x50\x00\x00\x00PAR1"):
        put("broken", body)
        assert refused(select, "broken", "SELECT * FROM S3Object", source) == "ParquetParsingError"


def test_compressed(put, select):
    put("gzip", gzip.compress(PEOPLE))
    put("bzip2", bz2.compress(PEOPLE))
    query = "SELECT COUNT(*) FROM S3Object"
    assert select("gzip", query, {**CSV, "CompressionType": "GZIP"}) == "4\n"
    assert select("bzip2", query, {**CSV, "CompressionType": "BZIP2"}) == "4\n"
    assert refused(select, "bzip2", query, {**CSV, "CompressionType": "GZIP"}) == "InvalidCompressionFormat"
    put("cut", gzip.compress(PEOPLE)[:-10])
    assert refused(select, "cut", query, {**CSV, "CompressionType": "GZIP"}) == "TruncatedInput"


def test_scan_range(put, select):
    """A record is processed that starts in the range; so ranges that meet give each record once."""
    lines = [f"{number},{'x' * (number % 17)}\n" for number in range(2000)]
    put("lines", "".join(lines).encode())
    size = sum(map(len, lines))
    query = "SELECT * FROM S3Object"
    steps = range(0, size, 5000)
    parts = [select("lines", query, ScanRange={"Start": start, "End": min(start + 4999, size)}) for start in steps]
    assert "".join(parts) == "".join(lines)
    assert select("lines", query, ScanRange={"End": 30}).endswith(lines[-1])
    packed = {**CSV, "CompressionType": "GZIP"}
    assert refused(select, "lines", query, packed, ScanRange={"Start": 0, "End": 9}) == "UnsupportedScanRangeInput"
    assert refused(select, "lines", query, ScanRange={"Start": 9, "End": 2}) == "InvalidScanRange"


def test_large_objects_stream(put, events):
    """Records come in many events; progress is told when it is asked for."""
    body = b"".join(b"%d,%s\n" % (number, b"y" * 90) for number in range(120_000))
    put("large", body)
    found = events("large", "SELECT * FROM S3Object", RequestProgress={"Enabled": True})
    records = [event["Records"]["Payload"] for event in found if "Records" in event]
    assert b"".join(records) == body
    assert len(records) > 10
    stats = {"BytesScanned": len(body), "BytesProcessed": len(body), "BytesReturned": len(body)}
    assert found[-2]["Stats"]["Details"] == stats
    assert [event["Progress"]["Details"] for event in found if "Progress" in event][-1] == stats
    quiet = events("large", "SELECT COUNT(*) FROM S3Object")
    assert [next(iter(event)) for event in quiet] == ["Cont", "Records", "Stats", "End"]


def test_errors(put, select):
    put("people", PEOPLE)
    for query, code in {
        "SELECT * FROM": "ParseUnexpectedToken",
        "DROP TABLE S3Object": "UnsupportedSqlOperation",
        "SELECT nope FROM S3Object": "MissingHeaders",
        "SELECT Name FROM S3Object WHERE Age > 7": "ExternalEvalException",
        "SELECT CAST(Name AS INT) FROM S3Object": "CastFailed",
        "SELECT a FROM S3Object GROUP BY a": "UnsupportedSqlStructure",
    }.items():
        assert refused(select, "people", query, USE) == code
    query = "SELECT * FROM S3Object"
    assert refused(select, "people", query, {}) == "InvalidDataSource"
    assert refused(select, "people", query, {**CSV, **LINES}) == "ObjectSerializationConflict"
    assert refused(select, "people", query, CSV, {}) == "MissingRequiredParameter"
    assert refused(select, "people", query, {"CSV": {"FileHeaderInfo": "SOME"}}) == "InvalidFileHeaderInfo"
    assert refused(select, "people", query, LINES) == "JSONParsingError"
    with pytest.raises(ClientError, match="NoSuchKey"):
        select("nothing", query)


def test_an_error_behind_records(put, events):
    """What comes to light when records were sent ends the stream as an error."""
    put("mixed", b"1\n" * 200_000 + b"x\n")
    with pytest.raises(EventStreamError, match="CastFailed"):
        events("mixed", "SELECT CAST(_1 AS INT) FROM S3Object")
