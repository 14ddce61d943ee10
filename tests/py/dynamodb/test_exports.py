"""Exports. API Reference: ExportTableToPointInTime, DescribeExport, ListExports; Developer Guide: "DynamoDB data export to Amazon S3"."""

import base64
import datetime
import gzip
import hashlib
import json

import pytest

from harness.refusal import refused

from .test_backups import fill

MINUTE = 60


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


@pytest.fixture
def s3(clients, world):
    client = clients.client("s3")
    client.create_bucket(Bucket="exports")
    return client


@pytest.fixture
def recovered(ddb, sorted_table, on_the_second):
    """A table with point-in-time recovery."""
    specification = {"PointInTimeRecoveryEnabled": True}
    ddb.update_continuous_backups(TableName=sorted_table.name, PointInTimeRecoverySpecification=specification)
    return sorted_table


@pytest.fixture
def export(ddb, clock):
    """Exports a table, and returns what is told of the export in the end."""

    def export(table, bucket="exports", **more):
        arn = table.describe()["TableArn"]
        started = ddb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, **more)["ExportDescription"]
        assert started["ExportStatus"] == "IN_PROGRESS"
        clock.advance(0.001)
        return ddb.describe_export(ExportArn=started["ExportArn"])["ExportDescription"]

    return export


def body(s3, key):
    return s3.get_object(Bucket="exports", Key=key)["Body"].read()


def files(s3, told):
    """The files that the manifests of an export name."""
    summary = json.loads(body(s3, told["ExportManifest"]))
    return [json.loads(line) for line in body(s3, summary["manifestFilesS3Key"]).splitlines()]


def texts(s3, told):
    """The lines of its data files."""
    return [line for file in files(s3, told) for line in gzip.decompress(body(s3, file["dataFileS3Key"])).decode().splitlines()]


def lines(s3, told):
    return [json.loads(line) for line in texts(s3, told)]


class TestFull:
    """Full exports."""

    def test_manifests_and_data(self, s3, recovered, export):
        """Guide, "Table export output format": where the objects are and what they say."""
        recovered.put({"p": "a", "c": 1, "set": {"x", "y"}, "data": b"\x01", "list": [None, True, {"n": 1}]})
        recovered.put({"p": "b", "c": 2})
        told = export(recovered, S3Prefix="daily")
        assert told["ExportStatus"] == "COMPLETED" and told["ItemCount"] == 2 and told["ExportType"] == "FULL_EXPORT"
        identity = told["ExportArn"].rpartition("/")[2]
        place = f"daily/AWSDynamoDB/{identity}"
        assert told["ExportManifest"] == f"{place}/manifest-summary.json"
        names = {entry["Key"] for entry in s3.list_objects_v2(Bucket="exports")["Contents"]}
        (file,) = files(s3, told)
        manifests = {f"{place}/manifest-{one}.{kind}" for one in ("summary", "files") for kind in ("json", "checksum")}
        assert names == manifests | {f"{place}/_started", file["dataFileS3Key"]}
        assert file["dataFileS3Key"].startswith(f"{place}/data/") and file["dataFileS3Key"].endswith(".json.gz")
        data = body(s3, file["dataFileS3Key"])
        assert file["itemCount"] == 2 and base64.b64decode(file["md5Checksum"]) == hashlib.md5(data).digest()
        summary = json.loads(body(s3, told["ExportManifest"]))
        assert summary["exportArn"] == told["ExportArn"] and summary["itemCount"] == 2
        assert summary["tableId"] == recovered.describe()["TableId"] and summary["outputFormat"] == "DYNAMODB_JSON"
        assert summary["s3Bucket"] == "exports" and summary["s3Prefix"] == "daily" and summary["s3SseAlgorithm"] == "AES256"
        assert datetime.datetime.fromisoformat(summary["exportTime"]) == told["ExportTime"]
        items = sorted((line["Item"] for line in lines(s3, told)), key=lambda item: item["p"]["S"])
        items[0]["set"]["SS"].sort()
        assert items == [
            {
                "p": {"S": "a"},
                "c": {"N": "1"},
                "set": {"SS": ["x", "y"]},
                "data": {"B": "AQ=="},
                "list": {"L": [{"NULL": True}, {"BOOL": True}, {"M": {"n": {"N": "1"}}}]},
            },
            {"p": {"S": "b"}, "c": {"N": "2"}},
        ]

    def test_a_moment_of_the_past(self, s3, recovered, export, clock):
        """ExportTime: the table as it was then."""
        recovered.put({"p": "a", "c": 1, "v": "old"})
        then = clock.now()
        clock.advance(10)
        recovered.put({"p": "a", "c": 1, "v": "new"})
        recovered.put({"p": "b", "c": 1})
        assert [line["Item"]["v"]["S"] for line in lines(s3, export(recovered, ExportTime=moment(then)))] == ["old"]
        assert export(recovered)["ItemCount"] == 2
        with refused("InvalidExportTimeException"):
            export(recovered, ExportTime=moment(then - 100))

    def test_ion(self, s3, recovered, export):
        """ExportFormat ION: each line begins with a version marker; sets are annotated, numbers are decimals."""
        recovered.put({"p": "a", "c": 1, "set": {"x"}, "true": False})
        assert texts(s3, export(recovered, ExportFormat="ION")) == [
            "$ion_1_0 {Item:{c:1.,p:\"a\",set:$dynamodb_SS::[\"x\"],'true':false}}"
        ]

    def test_an_empty_table(self, s3, recovered, export):
        """Guide: there is at least one file, though it be empty."""
        told = export(recovered)
        assert told["ItemCount"] == 0 and [file["itemCount"] for file in files(s3, told)] == [0]
        assert lines(s3, told) == []

    def test_many_items(self, ddb, s3, plain, export, clock):
        """All items, each once, as of one moment, though there are many files."""
        specification = {"PointInTimeRecoveryEnabled": True}
        ddb.update_continuous_backups(TableName=plain.name, PointInTimeRecoverySpecification=specification)
        fill(ddb, plain, 1200)
        told = export(plain)
        assert told["ItemCount"] == 1200 and len(files(s3, told)) > 1
        assert sorted(line["Item"]["p"]["S"] for line in lines(s3, told)) == [f"{number:05}" for number in range(1200)]


class TestIncremental:
    """Incremental exports."""

    @pytest.fixture
    def changed(self, recovered, clock):
        """A table with a change of every sort within 20 minutes; the moments between which they are."""
        for key in ("updated", "deleted", "untouched"):
            recovered.put({"p": key, "c": 0, "v": "old"})
        clock.advance(MINUTE)
        start = clock.now()
        recovered.put({"p": "updated", "c": 0, "v": "between"})
        clock.advance(MINUTE)
        recovered.put({"p": "updated", "c": 0, "v": "new"})
        recovered.delete({"p": "deleted", "c": 0})
        recovered.put({"p": "inserted", "c": 0})
        recovered.put({"p": "passing", "c": 0})
        recovered.delete({"p": "passing", "c": 0})
        clock.advance(20 * MINUTE)
        end = clock.now()
        recovered.put({"p": "updated", "c": 0, "v": "too late"})
        clock.advance(MINUTE)
        return start, end

    def specification(self, changed, **more):
        start, end = changed
        times = {"ExportFromTime": moment(start), "ExportToTime": moment(end)}
        return {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": {**times, **more}}

    def test_new_and_old_images(self, s3, recovered, changed, export):
        """Guide: each changed item is told once, with its last state and, by default, with the one before the period."""
        told = export(recovered, **self.specification(changed))
        assert told["ExportStatus"] == "COMPLETED" and told["ItemCount"] == 3
        found = {line["Keys"]["p"]["S"]: line for line in lines(s3, told)}
        assert set(found) == {"updated", "deleted", "inserted"}
        updated = found["updated"]
        assert updated["Keys"] == {"p": {"S": "updated"}, "c": {"N": "0"}}
        assert (updated["OldImage"]["v"], updated["NewImage"]["v"]) == ({"S": "old"}, {"S": "new"})
        assert updated["Metadata"]["WriteTimestampMicros"]["N"] == str(int((changed[0] + MINUTE) * 1_000_000))
        assert "NewImage" not in found["deleted"] and found["deleted"]["OldImage"]["v"] == {"S": "old"}
        assert "OldImage" not in found["inserted"] and found["inserted"]["NewImage"]["p"] == {"S": "inserted"}
        summary = json.loads(body(s3, told["ExportManifest"]))
        assert summary["exportType"] == "INCREMENTAL_EXPORT" and summary["outputView"] == "NEW_AND_OLD_IMAGES"
        assert datetime.datetime.fromisoformat(summary["exportFromTime"]) == moment(changed[0])
        (file,) = files(s3, told)
        assert file["dataFileS3Key"].startswith("AWSDynamoDB/data/")

    def test_new_images(self, s3, recovered, changed, export):
        """ExportViewType NEW_IMAGE: a deletion is told by its keys alone."""
        told = export(recovered, **self.specification(changed, ExportViewType="NEW_IMAGE"))
        assert all("OldImage" not in line for line in lines(s3, told))
        assert sum("NewImage" in line for line in lines(s3, told)) == 2

    def test_periods(self, recovered, changed, export):
        """A period has 15 minutes to 24 hours, and lies within what can be recovered."""
        start, end = changed
        with refused("ValidationException"):
            export(recovered, **self.specification((start, start + 14 * MINUTE)))
        with refused("InvalidExportTimeException"):
            export(recovered, **self.specification((start - 3600, end)))
        with refused("ValidationException"):
            export(recovered, ExportType="INCREMENTAL_EXPORT")


class TestFailures:
    """What cannot be exported."""

    def test_a_bucket_that_is_not_there(self, recovered, export):
        """The export fails, and tells what S3 answered."""
        told = export(recovered, bucket="nowhere")
        assert told["ExportStatus"] == "FAILED" and told["FailureCode"] == "S3NoSuchBucket"
        assert told["FailureMessage"] == "The specified bucket does not exist"

    def test_a_bucket_that_denies(self, s3, recovered, export, clients):
        """The objects are put as whoever asked for the export, so the bucket's policy decides."""
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/*"}
        s3.put_bucket_policy(Bucket="exports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        assert export(recovered)["FailureCode"] == "S3AccessDenied"

    def test_without_recovery(self, plain, export):
        """PointInTimeRecoveryUnavailableException."""
        with refused("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{plain.name}'"):
            export(plain)

    def test_what_is_not_there(self, ddb, arn_of):
        """TableNotFoundException, ExportNotFoundException."""
        with refused("TableNotFoundException"):
            ddb.export_table_to_point_in_time(TableArn=arn_of("nowhere"), S3Bucket="exports")
        with refused("ExportNotFoundException"):
            ddb.describe_export(ExportArn=arn_of("nowhere") + "/export/01234567890123-a1b2c3d4")


class TestRequests:
    """ClientToken, ListExports."""

    def test_client_tokens(self, ddb, s3, recovered, export, clock):
        """ClientToken: for 8 hours the same request makes no other export, and another request is a conflict."""
        one = export(recovered, ClientToken="token")
        arn = recovered.describe()["TableArn"]
        again = ddb.export_table_to_point_in_time(TableArn=arn, S3Bucket="exports", ClientToken="token")
        assert again["ExportDescription"]["ExportArn"] == one["ExportArn"]
        with refused("ExportConflictException"):
            export(recovered, ClientToken="token", S3Prefix="other")
        clock.advance(8 * 3600)
        assert export(recovered, ClientToken="token")["ExportArn"] != one["ExportArn"]

    def test_lists(self, ddb, s3, recovered, export, clock):
        """Pages; exports are listed for 90 days."""
        arns = []
        for _ in range(3):
            arns.append(export(recovered)["ExportArn"])
            clock.advance(1)
        page = ddb.list_exports(TableArn=recovered.describe()["TableArn"], MaxResults=2)
        assert [one["ExportArn"] for one in page["ExportSummaries"]] == arns[:2]
        assert page["ExportSummaries"][0]["ExportStatus"] == "COMPLETED"
        rest = ddb.list_exports(TableArn=recovered.describe()["TableArn"], MaxResults=2, NextToken=page["NextToken"])
        assert [one["ExportArn"] for one in rest["ExportSummaries"]] == arns[2:] and "NextToken" not in rest
        clock.advance(91 * 86_400)
        assert ddb.list_exports()["ExportSummaries"] == []
