"""Inventory reports. User Guide, "Cataloging and analyzing your data with S3 Inventory"."""

import base64
import csv
import gzip
import hashlib
import io
import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.clients import ACCOUNT
DAY = 86400


@pytest.fixture
def reports(s3, bucket):
    """A destination bucket with the policy that the guide has for it."""
    s3.create_bucket(Bucket="reports")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::reports/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "bucket-owner-full-control"},
        },
    }
    s3.put_bucket_policy(Bucket="reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return "reports"


@pytest.fixture
def inventory(s3, bucket, clock):
    def inventory(id="all", versions="Current", frequency="Daily", enabled=True, fields=(), filter=None, **destination):
        configuration = {
            "Id": id,
            "IsEnabled": enabled,
            "IncludedObjectVersions": versions,
            "Schedule": {"Frequency": frequency},
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports", "Format": "CSV", **destination}},
            **({"OptionalFields": list(fields)} if fields else {}),
            **({"Filter": {"Prefix": filter}} if filter is not None else {}),
        }
        return s3.put_bucket_inventory_configuration(Bucket=bucket, Id=id, InventoryConfiguration=configuration)

    return inventory


@pytest.fixture
def keys(s3):
    return lambda: [found["Key"] for found in s3.list_objects_v2(Bucket="reports").get("Contents", [])]


@pytest.fixture
def read(s3):
    return lambda key: s3.get_object(Bucket="reports", Key=key)["Body"].read()


@pytest.fixture
def manifests(keys, read):
    """What was reported, by the time of the report."""

    def manifests():
        found = [key for key in keys() if key.endswith("manifest.json")]
        assert len([key for key in keys() if key.endswith("manifest.checksum")]) == len(found)
        for key in found:
            assert read(key.replace(".json", ".checksum")).decode() == hashlib.md5(read(key)).hexdigest()
        return {key.split("/")[-2]: json.loads(read(key)) for key in found}

    return manifests


@pytest.fixture
def rows(manifests, read):
    """The rows of the only report, as dictionaries."""

    def rows():
        (manifest,) = manifests().values()
        names = manifest["fileSchema"].split(", ")
        found = []
        for file in manifest["files"]:
            data = read(file["key"])
            assert (len(data), hashlib.md5(data).hexdigest()) == (file["size"], file["MD5checksum"])
            text = gzip.decompress(data).decode()
            assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines())
            found += [dict(zip(names, row, strict=True)) for row in csv.reader(io.StringIO(text))]
        return found

    return rows


def midnight(clock):
    now = datetime.fromtimestamp(clock.now(), timezone.utc)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def test_where_it_is(s3, bucket, reports, inventory, put, keys, read, manifests, clock):
    """ "Locating your inventory list"."""
    put("a b/\u00fc")
    when = midnight(clock)
    inventory(Prefix="some/where")
    clock.advance((when - datetime.fromtimestamp(clock.now(), timezone.utc)).total_seconds() - 1)
    assert keys() == []
    clock.advance(2)
    place = f"some/where/{bucket}/all"
    found = keys()
    (data,) = [key for key in found if key.startswith(f"{place}/data/") and key.endswith(".csv.gz")]
    link = f"{place}/hive/dt={when:%Y-%m-%d-%H-%M}/symlink.txt"
    assert sorted(found) == sorted(
        [data, link, f"{place}/{when:%Y-%m-%dT%H-%MZ}/manifest.checksum", f"{place}/{when:%Y-%m-%dT%H-%MZ}/manifest.json"]
    )
    assert read(link).decode() == f"s3://reports/{data}"
    (manifest,) = manifests().values()
    assert manifest == {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::reports",
        "version": "2016-11-30",
        "creationTimestamp": str(int(when.timestamp() * 1000)),
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": manifest["files"],
    }
    assert gzip.decompress(read(data)).decode() == f'"{bucket}","a%20b/%C3%BC"\n'


def test_fields(s3, bucket, reports, inventory, put, rows, clock):
    fields = (
        "Size LastModifiedDate StorageClass ETag IsMultipartUploaded ReplicationStatus EncryptionStatus ObjectLockRetainUntilDate "
        "ObjectLockMode ObjectLockLegalHoldStatus IntelligentTieringAccessTier BucketKeyStatus ChecksumAlgorithm "
        "ObjectAccessControlList ObjectOwner"
    ).split()
    tag = put("a", b"12345", StorageClass="STANDARD_IA", ChecksumAlgorithm="SHA256")["ETag"].strip('"')
    upload = s3.create_multipart_upload(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", BucketKeyEnabled=True)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="b", UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(Bucket=bucket, Key="b", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    inventory(fields=fields)
    modified = s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    clock.advance(DAY)
    first, second = rows()
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    access = json.loads(base64.b64decode(first.pop("ObjectAccessControlList")))
    assert access["grants"] == [{"canonicalId": owner, "type": "CanonicalUser", "permission": "FULL_CONTROL"}]
    assert first == {
        "Bucket": bucket,
        "Key": "a",
        "Size": "5",
        "LastModifiedDate": modified.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ETag": tag,
        "StorageClass": "STANDARD_IA",
        "IsMultipartUploaded": "false",
        "ReplicationStatus": "",
        "EncryptionStatus": "SSE-S3",
        "ObjectLockRetainUntilDate": "",
        "ObjectLockMode": "",
        "ObjectLockLegalHoldStatus": "",
        "IntelligentTieringAccessTier": "",
        "BucketKeyStatus": "DISABLED",
        "ChecksumAlgorithm": "SHA256",
        "ObjectOwner": owner,
    }
    assert (second["IsMultipartUploaded"], second["EncryptionStatus"], second["BucketKeyStatus"]) == ("true", "SSE-KMS", "ENABLED")


def test_versions(s3, bucket, reports, inventory, put, rows, clock):
    """With all versions, and the delete markers among them."""
    put("null")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, new = put("a")["VersionId"], put("a")["VersionId"]
    gone = put("b")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="b")["VersionId"]
    inventory(versions="All", fields=["Size"])
    clock.advance(DAY)
    told = {(row["Key"], row["VersionId"], row["IsLatest"], row["IsDeleteMarker"], row["Size"]) for row in rows()}
    assert told == {
        ("null", "", "true", "false", "4"),
        ("a", new, "true", "false", "4"),
        ("a", old, "false", "false", "4"),
        ("b", marker, "true", "true", ""),
        ("b", gone, "false", "false", "4"),
    }


def test_current_versions_alone(s3, bucket, reports, inventory, put, rows, clock):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put("a")
    put("a")
    put("b")
    s3.delete_object(Bucket=bucket, Key="b")
    inventory()
    clock.advance(DAY)
    assert rows() == [{"Bucket": bucket, "Key": "a"}]


def test_a_prefix(reports, inventory, put, rows, clock):
    for key in ("a", "logs/1", "logs/2", "other"):
        put(key)
    inventory(filter="logs/")
    clock.advance(DAY)
    assert [row["Key"] for row in rows()] == ["logs/1", "logs/2"]


def test_schedules(s3, bucket, reports, inventory, put, manifests, clock):
    """ "If weekly, a report is generated every Sunday (UTC timezone) after the initial report." """
    put("a")
    first = midnight(clock)
    inventory("daily")
    inventory("weekly", frequency="Weekly")
    inventory("off", enabled=False)
    clock.advance(15 * DAY)
    found = s3.list_objects_v2(Bucket="reports")["Contents"]
    days = {"daily": [], "weekly": [], "off": []}
    for key in (entry["Key"] for entry in found if entry["Key"].endswith("manifest.json")):
        days[key.split("/")[1]].append(datetime.strptime(key.split("/")[2], "%Y-%m-%dT%H-%MZ").date())
    expected = [first.date() + timedelta(days=day) for day in range(15)]
    assert days["daily"] == expected and days["off"] == []
    assert days["weekly"] == [first.date(), *(day for day in expected[1:] if day.weekday() == 6)]
    s3.delete_bucket_inventory_configuration(Bucket=bucket, Id="daily")
    inventory("weekly", frequency="Weekly", enabled=False)
    clock.advance(15 * DAY)
    assert len(s3.list_objects_v2(Bucket="reports")["Contents"]) == len(found)


def test_it_takes_a_policy(s3, bucket, inventory, put, keys, clock):
    s3.create_bucket(Bucket="reports")
    put("a")
    inventory()
    clock.advance(2 * DAY)
    assert keys() == []


def test_many_objects(s3, bucket, reports, inventory, put, rows, manifests, clock):
    """They are in several files."""
    for number in range(2100):
        put(f"{number:04}", b"")
    inventory()
    clock.advance(DAY)
    assert [row["Key"] for row in rows()] == [f"{number:04}" for number in range(2100)]
    (manifest,) = manifests().values()
    assert len(manifest["files"]) == 2


def test_encryption(s3, reports, inventory, put, keys, clock):
    put("a")
    inventory(Encryption={"SSEKMS": {"KeyId": "key"}})
    clock.advance(DAY)
    assert {s3.head_object(Bucket="reports", Key=key)["ServerSideEncryption"] for key in keys()} == {"aws:kms"}


def test_formats_that_are_not_written(s3, bucket, inventory, reports, put, keys, clock):
    """They are kept, and what is not honoured is told."""
    put("a")
    for format in ("ORC", "Parquet", "CSV"):
        told = inventory(format, Format=format)["ResponseMetadata"]["HTTPHeaders"].get("x-kumoi-ignored", "")
        assert told == ("" if format == "CSV" else f"InventoryConfiguration.Destination.S3BucketDestination.Format={format}")
    clock.advance(DAY)
    assert {key.split("/")[1] for key in keys()} == {"CSV"}
