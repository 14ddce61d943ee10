"""Imports. API Reference: ImportTable, DescribeImport, ListImports; Developer Guide: "DynamoDB data import from Amazon S3"."""

import gzip
import json

import pytest

from harness.refusal import refused

from .conftest import Table, attribute, index, schema
from .test_backups import everything


@pytest.fixture
def s3(clients, world):
    client = clients.client("s3")
    client.create_bucket(Bucket="imports")
    return client


@pytest.fixture
def put(s3):
    return lambda key, body: s3.put_object(Bucket="imports", Key=key, Body=body)


@pytest.fixture
def parameters():
    def parameters(*key, name="imported", attributes=(), **more):
        definitions = [attribute(one) for one in (*key, *attributes)]
        return {"TableName": name, "KeySchema": schema(*key), "AttributeDefinitions": definitions, "BillingMode": "PAY_PER_REQUEST", **more}

    return parameters


@pytest.fixture
def start(ddb, parameters):
    """Begins an import, by default of DynamoDB JSON into a table with a partition key `p`."""

    def start(bucket="imports", prefix=None, table=None, **more):
        source = {"S3Bucket": bucket, **({"S3KeyPrefix": prefix} if prefix else {})}
        more = {"InputFormat": "DYNAMODB_JSON", **more}
        answer = ddb.import_table(S3BucketSource=source, TableCreationParameters=table or parameters("p"), **more)
        return answer["ImportTableDescription"]

    return start


@pytest.fixture
def load(ddb, clock, start):
    """Imports, and returns what is told of the import in the end, and the table."""

    def load(**more):
        started = start(**more)
        clock.advance(0.001)
        told = ddb.describe_import(ImportArn=started["ImportArn"])["ImportTableDescription"]
        return told, Table(ddb, told["TableCreationParameters"]["TableName"])

    return load


def line(**item):
    return json.dumps({"Item": item}) + "\n"


ONE, TWO = line(p={"S": "a"}, n={"N": "1"}), line(p={"S": "b"}, m={"M": {"x": {"BOOL": True}}})


class TestJson:
    """DYNAMODB_JSON."""

    def test_a_new_table(self, ddb, put, start, clock):
        """The table is CREATING until all items are there; the counts tell what was processed."""
        clock.freeze()
        put("data/1.json", ONE)
        put("data/2.json", TWO)
        put("other.json", line(p={"S": "c"}))
        started = start(prefix="data/")
        assert started["ImportStatus"] == "IN_PROGRESS" and started["InputCompressionType"] == "NONE"
        assert started["CloudWatchLogGroupArn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws-dynamodb/imports:*"
        clock.advance(0.001)
        told = ddb.describe_import(ImportArn=started["ImportArn"])["ImportTableDescription"]
        table = Table(ddb, "imported")
        assert told["ImportStatus"] == "COMPLETED"
        assert (told["ProcessedItemCount"], told["ImportedItemCount"], told["ErrorCount"]) == (2, 2, 0)
        assert told["ProcessedSizeBytes"] == len(ONE) + len(TWO)
        assert told["TableId"] == table.describe()["TableId"] and table.describe()["TableStatus"] == "ACTIVE"
        assert everything(table) == [{"p": "a", "n": 1}, {"p": "b", "m": {"x": True}}]

    def test_gzip(self, put, load):
        """InputCompressionType GZIP, also of files that were put together."""
        put("data.json.gz", gzip.compress(ONE.encode()) + gzip.compress(TWO.encode()))
        told, table = load(InputCompressionType="GZIP")
        assert told["ImportedItemCount"] == 2 and len(everything(table)) == 2

    def test_zstd(self, put, load):
        """InputCompressionType ZSTD."""
        # What `zstd` makes of the line of an item.
        text = line(p={"S": "a"}).encode()
        frame = b"\x28\xb5\x2f\xfd\x20" + bytes([len(text)]) + ((len(text) << 3) | 1).to_bytes(3, "little") + text
        put("data.json.zst", frame)
        told, table = load(InputCompressionType="ZSTD")
        assert told["ImportStatus"] == "COMPLETED" and everything(table) == [{"p": "a"}]

    def test_indexes(self, put, load, parameters):
        """The table is created with its indexes, which have the items."""
        put("data.json", line(p={"S": "a"}, i={"N": "7"}))
        asked = parameters("p", attributes=["i:N"], GlobalSecondaryIndexes=[index("by-i", "i")])
        _, table = load(table=asked)
        assert table.items(table.query("i = :i", {":i": 7}, IndexName="by-i")) == [{"p": "a", "i": 7}]

    def test_an_export_is_imported(self, ddb, s3, plain, load, clock):
        """Guide: exports are a source without more ado."""
        plain.put({"p": "a", "set": {"x"}})
        specification = {"PointInTimeRecoveryEnabled": True}
        ddb.update_continuous_backups(TableName=plain.name, PointInTimeRecoverySpecification=specification)
        arn = plain.describe()["TableArn"]
        export = ddb.export_table_to_point_in_time(TableArn=arn, S3Bucket="imports")["ExportDescription"]["ExportArn"]
        clock.advance(0.001)
        told, table = load(prefix=f"AWSDynamoDB/{export.rpartition('/')[2]}/data/", InputCompressionType="GZIP")
        assert told["ImportStatus"] == "COMPLETED" and everything(table) == [{"p": "a", "set": {"x"}}]

    def test_many_items(self, put, load):
        """All items of large objects, packed or not, though they are read in parts."""
        items = "".join(line(p={"S": f"{number:05}"}, v={"S": "x" * 1000}) for number in range(1500))
        put("plain/data.json", items)
        put("packed/data.json.gz", gzip.compress(items.encode()))
        told, table = load(prefix="plain/")
        assert told["ImportedItemCount"] == 1500 and table.describe()["ItemCount"] == 1500
        assert told["ProcessedSizeBytes"] == len(items)

    def test_many_packed_items(self, put, load):
        items = "".join(line(p={"S": f"{number:05}"}, v={"S": "x" * 1000}) for number in range(1500))
        put("data.json.gz", gzip.compress(items.encode()))
        told, table = load(InputCompressionType="GZIP")
        assert told["ProcessedSizeBytes"] == len(items) and table.describe()["ItemCount"] == 1500


class TestCsv:
    """CSV."""

    def test_headers_and_types(self, put, load, parameters):
        """The first line names the columns; attributes of keys have their types, all others are strings."""
        put("data.csv", 'p,c,v\na,1,2\nb,10,"x, ""y""\nz"\n')
        told, table = load(InputFormat="CSV", table=parameters("p", "c:N"))
        assert told["ImportStatus"] == "COMPLETED" and told["ProcessedItemCount"] == 2
        assert everything(table) == [{"p": "a", "c": 1, "v": "2"}, {"p": "b", "c": 10, "v": 'x, "y"\nz'}]

    def test_options(self, put, load):
        """Delimiter and HeaderList; with that the first line is an item."""
        put("data.csv", "a;1\nb;2")
        options = {"Csv": {"Delimiter": ";", "HeaderList": ["p", "v"]}}
        told, table = load(InputFormat="CSV", InputFormatOptions=options)
        assert everything(table) == [{"p": "a", "v": "1"}, {"p": "b", "v": "2"}]
        assert told["InputFormatOptions"] == options

    def test_rows_that_are_no_items(self, put, load):
        """The header has to match the number of columns."""
        put("data.csv", "p,v\na,1\nb\nc,3,4\n")
        told, table = load(InputFormat="CSV")
        assert (told["ErrorCount"], told["ImportedItemCount"]) == (2, 1) and everything(table) == [{"p": "a", "v": "1"}]

    def test_every_file_has_its_header(self, put, load):
        """Without HeaderList the first line of each file is its header."""
        put("1.csv", "p,v\na,1\n")
        put("2.csv", "w,p\n2,b\n")
        _, table = load(InputFormat="CSV")
        assert everything(table) == [{"p": "a", "v": "1"}, {"p": "b", "w": "2"}]


class TestFailures:
    """Guide, "Import format quotas and validation"."""

    def test_items_that_are_not_valid(self, put, load):
        """They are passed over and counted, and in the end the import has FAILED; the table has the others."""
        put("data.json", ONE + line(q={"S": "no key"}) + line(p={"N": "1"}) + "no json\n" + TWO)
        told, table = load()
        assert told["ImportStatus"] == "FAILED" and told["FailureCode"] == "ItemValidationError"
        assert told["FailureMessage"] == (
            "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details."
        )
        assert (told["ProcessedItemCount"], told["ImportedItemCount"], told["ErrorCount"]) == (5, 2, 3)
        assert table.describe()["TableStatus"] == "ACTIVE" and len(everything(table)) == 2

    def test_the_same_key_twice(self, put, load):
        """Items overwrite each other, which is no error."""
        put("data.json", ONE + line(p={"S": "a"}, n={"N": "2"}))
        told, table = load()
        assert told["ImportStatus"] == "COMPLETED" and everything(table) == [{"p": "a", "n": 2}]

    def test_what_is_not_packed(self, put, load):
        """An object that cannot be unpacked is an error, and the others are imported."""
        put("1.json", ONE)
        put("2.json.gz", gzip.compress(TWO.encode()))
        told, table = load(InputCompressionType="GZIP")
        assert told["ErrorCount"] == 1 and everything(table) == [{"p": "b", "m": {"x": True}}]

    def test_a_bucket_that_is_not_there(self, load):
        """The import fails, and tells what S3 answered."""
        told, _ = load(bucket="nowhere")
        assert told["ImportStatus"] == "FAILED" and told["FailureCode"] == "S3NoSuchBucket"

    def test_what_is_refused_at_once(self, ddb, s3, plain, start, parameters, arn_of):
        """ResourceInUseException for a table that is there; ValidationException for one that cannot be made; ImportNotFoundException."""
        with refused("ResourceInUseException", f"Table already exists: {plain.name}"):
            start(table=parameters("p", name=plain.name))
        with refused("ValidationException"):
            start(table=parameters("p", attributes=["unused"]))
        with refused("ImportNotFoundException"):
            ddb.describe_import(ImportArn=arn_of("nowhere") + "/import/01658528578619-c4d4e311")

    def test_ion_is_not_built(self, s3, start):
        """What kumoi does not read it says."""
        with refused("NotImplemented", status=501):
            start(InputFormat="ION")


class TestRequests:
    """ClientToken, ListImports."""

    def test_client_tokens(self, put, start):
        """ClientToken: the same request makes no other import, and another request is a conflict."""
        put("data.json", ONE)
        one = start(ClientToken="token")
        assert start(ClientToken="token")["ImportArn"] == one["ImportArn"]
        with refused("ImportConflictException"):
            start(ClientToken="token", InputFormat="CSV")

    def test_lists(self, ddb, put, load, parameters, clock):
        """Pages by NextToken."""
        put("data.json", ONE)
        arns = []
        for number in range(3):
            told, _ = load(table=parameters("p", name=f"imported-{number}"))
            arns.append(told["ImportArn"])
        page = ddb.list_imports(PageSize=2)
        assert [one["ImportArn"] for one in page["ImportSummaryList"]] == arns[:2]
        assert page["ImportSummaryList"][0]["ImportStatus"] == "COMPLETED"
        rest = ddb.list_imports(PageSize=2, NextToken=page["NextToken"])
        assert [one["ImportArn"] for one in rest["ImportSummaryList"]] == arns[2:] and "NextToken" not in rest
        (one,) = ddb.list_imports(TableArn=told["TableArn"])["ImportSummaryList"]
        assert one["InputFormat"] == "DYNAMODB_JSON" and one["S3BucketSource"]["S3Bucket"] == "imports"
