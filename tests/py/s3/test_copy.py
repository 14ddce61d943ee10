"""Copying. API Reference: CopyObject, UploadPartCopy."""

import hashlib
import os
import threading

import pytest

from harness.refusal import refused


@pytest.fixture
def copy(s3, bucket):
    def copy(source, key, **arguments):
        return s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source}, **arguments)

    return copy


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_bytes_and_headers_are_copied(s3, bucket, put, get, copy, size):
    body = os.urandom(size)
    put("from", body, ContentType="text/plain", Metadata={"a": "b"})
    result = copy("from", "to")["CopyObjectResult"]
    assert result["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    s3.delete_object(Bucket=bucket, Key="from")
    assert get("to") == body
    answer = s3.head_object(Bucket=bucket, Key="to")
    assert (answer["ContentType"], answer["Metadata"]) == ("text/plain", {"a": "b"})


def test_headers_are_replaced_when_told(s3, bucket, put, copy):
    put("from", ContentType="text/plain", Metadata={"a": "b"})
    copy("from", "to", MetadataDirective="REPLACE", ContentType="text/html", Metadata={"c": "d"})
    answer = s3.head_object(Bucket=bucket, Key="to")
    assert (answer["ContentType"], answer["Metadata"]) == ("text/html", {"c": "d"})


def test_a_copy_to_itself_must_change_something(put, get, copy):
    put("key")
    with refused("InvalidRequest", starts="This copy request is illegal because it is trying to copy an object to itself", status=400):
        copy("key", "key")
    copy("key", "key", MetadataDirective="REPLACE", Metadata={"new": "yes"})
    assert get("key") == b"body"


@pytest.mark.parametrize("key", ["ü €", "a+b c", "a/b", "100%"])
def test_names_are_decoded(put, get, copy, key):
    put(key, key.encode())
    copy(key, "to")
    assert get("to") == key.encode()


def test_conditions_on_the_source(put, copy):
    tag = put("from")["ETag"]
    copy("from", "to", CopySourceIfMatch=tag)
    for failing in ({"CopySourceIfMatch": '"other"'}, {"CopySourceIfNoneMatch": tag}):
        with refused("PreconditionFailed", status=412):
            copy("from", "to", **failing)


def test_another_checksum(s3, bucket, put, copy):
    put("from", ChecksumAlgorithm="CRC32")
    assert "ChecksumCRC32" in copy("from", "same")["CopyObjectResult"]
    assert "ChecksumSHA256" in copy("from", "other", ChecksumAlgorithm="SHA256")["CopyObjectResult"]


def test_sources_that_are_not_there(s3, bucket, copy):
    with refused("NoSuchKey", status=404):
        copy("none", "to")
    with refused("NoSuchBucket", status=404):
        s3.copy_object(Bucket=bucket, Key="to", CopySource="no-such-bucket/key")
    with refused("InvalidArgument", starts="Copy Source must mention the source bucket and key", status=400):
        s3.copy_object(Bucket=bucket, Key="to", CopySource="nonsense")


def test_parts_are_copied(s3, bucket, put, get):
    body = os.urandom(100_000)
    put("from", body)
    names = {"Bucket": bucket, "Key": "to", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]}
    result = s3.upload_part_copy(PartNumber=1, CopySource=f"{bucket}/from", CopySourceRange="bytes=10-99", **names)["CopyPartResult"]
    assert result["ETag"] == f'"{hashlib.md5(body[10:100]).hexdigest()}"'
    with refused("InvalidArgument", "Range specified is not valid for source object of size: 100000", status=400):
        s3.upload_part_copy(PartNumber=2, CopySource=f"{bucket}/from", CopySourceRange="bytes=10-100000", **names)
    s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": result["ETag"]}]}, **names)
    assert get("to") == body[10:100]


def test_a_copy_is_of_one_moment(s3, bucket, put, copy):
    """User Guide, "Amazon S3 data consistency model": whoever reads gets an object as one request wrote it, never parts of two."""
    bodies = {name: os.urandom(200_000) for name in ("one", "other")}
    over = threading.Event()

    def write():
        while not over.is_set():
            for name, body in bodies.items():
                put("from", body, Metadata={"name": name})

    put("from", bodies["one"], Metadata={"name": "one"})
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            copy("from", "to")
            answer = s3.get_object(Bucket=bucket, Key="to")
            assert answer["Body"].read() == bodies[answer["Metadata"]["name"]]
    finally:
        over.set()
        writer.join()
