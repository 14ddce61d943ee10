"""Multipart uploads. User Guide, "Uploading and copying objects using multipart upload"; API Reference of its operations."""

import base64
import hashlib
import io
import os
import zlib

import boto3.s3.transfer
import pytest

from harness.refusal import refused

PART = 5 * 1024 * 1024


class Upload:
    def __init__(self, s3, bucket, key, **arguments):
        self.s3 = s3
        self.names = {"Bucket": bucket, "Key": key}
        self.names["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
        self.parts = []

    def part(self, number, body, **arguments):
        answer = self.s3.upload_part(PartNumber=number, Body=body, **self.names, **arguments)
        kept = {name: value for name, value in answer.items() if name == "ETag" or name.startswith("Checksum")}
        self.parts = sorted([part for part in self.parts if part["PartNumber"] != number] + [{"PartNumber": number, **kept}], key=lambda part: part["PartNumber"])
        return answer

    def complete(self, parts=None, **arguments):
        return self.s3.complete_multipart_upload(MultipartUpload={"Parts": self.parts if parts is None else parts}, **self.names, **arguments)


@pytest.fixture
def begin(s3, bucket):
    return lambda key="key", **arguments: Upload(s3, bucket, key, **arguments)


@pytest.fixture
def filled(begin):
    """An upload with two parts, and their bytes."""

    def filled(**arguments):
        upload, bodies = begin(**arguments), [os.urandom(PART), os.urandom(1000)]
        for number, body in enumerate(bodies, 1):
            upload.part(number, body)
        return upload, bodies

    return filled


def test_parts_become_an_object(s3, bucket, get, filled):
    """The entity tag is the MD5 of the parts' digests and their number."""
    upload, bodies = filled(ContentType="text/plain", Metadata={"a": "b"}, StorageClass="STANDARD_IA")
    with refused("NoSuchKey", status=404):
        get("key")
    digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    assert upload.complete()["ETag"] == f'"{digest}-2"'
    assert get("key") == b"".join(bodies)
    answer = s3.head_object(Bucket=bucket, Key="key")
    assert (answer["ContentType"], answer["Metadata"], answer["StorageClass"]) == ("text/plain", {"a": "b"}, "STANDARD_IA")
    assert answer["ContentLength"] == PART + 1000
    # A client that did not get the answer asks again.
    assert upload.complete()["ETag"] == f'"{digest}-2"'
    s3.delete_object(Bucket=bucket, Key="key")
    with refused("NoSuchUpload", status=404):
        upload.complete()


def test_ranges_reach_over_parts(s3, bucket, filled):
    upload, bodies = filled()
    upload.complete()
    whole = b"".join(bodies)
    answer = s3.get_object(Bucket=bucket, Key="key", Range=f"bytes={PART - 10}-{PART + 9}")
    assert answer["Body"].read() == whole[PART - 10 : PART + 10]
    second = s3.get_object(Bucket=bucket, Key="key", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"], second["ResponseMetadata"]["HTTPStatusCode"]) == (bodies[1], 2, 206)
    assert s3.head_object(Bucket=bucket, Key="key", PartNumber=1)["ContentLength"] == PART
    with refused("InvalidPart", status=400):
        s3.get_object(Bucket=bucket, Key="key", PartNumber=3)


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_checksums_of_crc(s3, bucket, filled, kind):
    """User Guide, "Checking object integrity": composite, or of the full object, which CRCs can be put together to."""
    upload, bodies = filled(ChecksumAlgorithm="CRC32", ChecksumType=kind)
    expected = {
        "FULL_OBJECT": crc32(b"".join(bodies)),
        "COMPOSITE": crc32(b"".join(zlib.crc32(body).to_bytes(4, "big") for body in bodies)) + "-2",
    }[kind]
    other = base64.b64encode(b"none").decode()
    with refused("BadDigest", status=400):
        upload.complete(ChecksumCRC32=other)
    answer = upload.complete(ChecksumCRC32=expected)
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (expected, kind)
    answer = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (expected, kind)


def test_checksums_of_sha(begin, bucket):
    upload = begin(ChecksumAlgorithm="SHA256")
    upload.part(1, b"body", ChecksumAlgorithm="SHA256")
    composite = hashlib.sha256(hashlib.sha256(b"body").digest()).digest()
    assert upload.complete()["ChecksumSHA256"] == base64.b64encode(composite).decode() + "-1"
    with refused("InvalidRequest", "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.", status=400):
        begin(ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")


@pytest.mark.parametrize(("kind", "other"), [("COMPOSITE", "FULL_OBJECT"), ("FULL_OBJECT", "COMPOSITE")])
def test_the_type_of_checksum_stays(begin, kind, other):
    """API Reference, CompleteMultipartUpload, `x-amz-checksum-type`."""
    upload = begin(ChecksumAlgorithm="CRC32", ChecksumType=kind)
    upload.part(1, b"body", ChecksumAlgorithm="CRC32")
    with refused("BadDigest", status=400):
        upload.complete(ChecksumType=other)
    assert upload.complete(ChecksumType=kind)["ChecksumType"] == kind


def test_composites_need_the_checksums_of_parts(begin):
    upload = begin(ChecksumAlgorithm="SHA256")
    upload.part(3, b"body", ChecksumAlgorithm="SHA256")
    bare = [{"PartNumber": 3, "ETag": upload.parts[0]["ETag"]}]
    message = "The upload was created using a sha256 checksum. The complete request must include the checksum for each part. "
    with refused("InvalidRequest", f"{message}It was missing for part 3 in the request.", status=400):
        upload.complete(bare)
    upload.complete()
    whole = begin(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    whole.part(1, b"body", ChecksumAlgorithm="CRC32")
    whole.complete([{"PartNumber": 1, "ETag": whole.parts[0]["ETag"]}])


def test_parts_keep_to_the_algorithm(begin):
    upload = begin(ChecksumAlgorithm="SHA256")
    with refused("InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32", status=400):
        upload.part(1, b"body", ChecksumAlgorithm="CRC32")


def test_a_part_again_takes_the_place_of_the_first(begin, get):
    upload = begin()
    upload.part(1, os.urandom(100_000))
    upload.part(1, b"again")
    upload.complete()
    assert get("key") == b"again"


def test_numbers_may_have_gaps_and_parts_may_be_left_out(begin, get):
    upload = begin()
    body = os.urandom(PART)
    upload.part(7, body)
    upload.part(100, os.urandom(100_000))
    upload.part(10_000, b"end")
    upload.complete([part for part in upload.parts if part["PartNumber"] != 100])
    assert get("key") == body + b"end"


def test_lists_of_parts_that_are_refused(filled):
    """API Reference, CompleteMultipartUpload, special errors."""
    upload, _ = filled()
    one, two = upload.parts
    with refused("InvalidPartOrder", status=400):
        upload.complete([two, one])
    with refused("InvalidPart", starts="One or more of the specified parts could not be found.", status=400):
        upload.complete([one, {**two, "ETag": '"00000000000000000000000000000000"'}])
    with refused("InvalidPart", status=400):
        upload.complete([one, {**two, "PartNumber": 3}])
    with refused("MalformedXML", status=400):
        upload.complete([])
    with refused("InvalidRequest", status=400):
        upload.complete(MpuObjectSize=1)
    upload.complete(MpuObjectSize=PART + 1000)


def test_only_the_last_part_may_be_small(begin):
    upload = begin()
    upload.part(1, b"small")
    upload.part(2, b"small")
    with refused("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", status=400):
        upload.complete()


@pytest.mark.parametrize("number", [0, 10_001])
def test_numbers_that_are_refused(begin, number):
    with refused("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", status=400):
        begin().part(number, b"body")


def test_completing_only_where_nothing_is(begin, put, get):
    upload = begin()
    upload.part(1, b"late")
    put("key", b"early")
    with refused("PreconditionFailed", status=412):
        upload.complete(IfNoneMatch="*")
    upload.complete()
    assert get("key") == b"late"


def test_aborting(s3, bucket, begin):
    upload = begin()
    upload.part(1, os.urandom(100_000))
    s3.abort_multipart_upload(**upload.names)
    for again in (lambda: s3.abort_multipart_upload(**upload.names), lambda: upload.part(2, b""), lambda: s3.list_parts(**upload.names)):
        with refused("NoSuchUpload", starts="The specified upload does not exist.", status=404):
            again()
    s3.delete_bucket(Bucket=bucket)


def test_listing_parts(s3, begin):
    upload = begin()
    for number in (1, 3, 5):
        upload.part(number, bytes(number))
    pages = list(s3.get_paginator("list_parts").paginate(**upload.names, PaginationConfig={"PageSize": 2}))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 3], [5]]
    assert [part["Size"] for part in pages[0]["Parts"]] == [1, 3]
    assert pages[0]["Parts"][0]["ETag"] == upload.parts[0]["ETag"]
    assert pages[0]["StorageClass"] == "STANDARD"


def test_parts_of_what_is_empty(s3, bucket, put):
    put("key", b"")
    answer = s3.get_object(Bucket=bucket, Key="key", PartNumber=1)
    assert (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]) == (b"", 200)


def test_listing_uploads(s3, bucket, begin):
    for key in ("a/1", "a/2", "b", "b"):
        begin(key)
    pages = list(s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}))
    assert [[upload["Key"] for upload in page["Uploads"]] for page in pages] == [["a/1", "a/2", "b"], ["b"]]
    assert [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket, Prefix="a/")["Uploads"]] == ["a/1", "a/2"]
    s3.delete_bucket(Bucket=bucket)


def test_the_transfer_manager(s3, bucket):
    """boto3's transfer manager, many parts at a time, in both directions."""
    body = os.urandom(3 * PART + 12345)
    settings = boto3.s3.transfer.TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "key", Config=settings)
    assert s3.head_object(Bucket=bucket, Key="key")["ETag"].endswith('-4"')
    back = io.BytesIO()
    s3.download_fileobj(bucket, "key", back, Config=settings)
    assert back.getvalue() == body
    s3.copy({"Bucket": bucket, "Key": "key"}, bucket, "copy", Config=settings)
    back = io.BytesIO()
    s3.download_fileobj(bucket, "copy", back, Config=settings)
    assert back.getvalue() == body
