"""What is said of an object. API Reference: GetObjectAttributes; User Guide, "Working with object metadata"."""

import base64
import hashlib

import pytest

from harness.s3 import refusal

PART = 5 << 20
ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]


@pytest.fixture
def attributes(s3, bucket):
    def get(names=ALL, key="key", **arguments):
        answer = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=names, **arguments)
        return {name: answer[name] for name in ALL if name in answer}

    return get


def test_an_object_of_one_request(put, attributes):
    put("key", b"body", ChecksumAlgorithm="SHA256", StorageClass="GLACIER_IR")
    assert attributes() == {
        "ETag": hashlib.md5(b"body").hexdigest(),
        "Checksum": {"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"body").digest()).decode(), "ChecksumType": "FULL_OBJECT"},
        "StorageClass": "GLACIER_IR",
        "ObjectSize": 4,
    }


@pytest.mark.parametrize("name", ALL)
def test_only_what_is_asked_for_is_told(put, attributes, name):
    put("key")
    assert list(attributes([name])) == ([] if name == "ObjectParts" else [name])


def test_parts_in_pages(s3, bucket, attributes):
    upload = {"Bucket": bucket, "Key": "key"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for number, body in ((1, b"1" * PART), (3, b"3" * PART), (7, b"last")):
        part = s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    found = attributes()
    assert found["ETag"].endswith("-3") and found["Checksum"]["ChecksumType"] == "COMPOSITE"
    assert (found["ObjectParts"]["TotalPartsCount"], found["ObjectParts"]["IsTruncated"]) == (3, False)
    assert [(part["PartNumber"], part["Size"]) for part in found["ObjectParts"]["Parts"]] == [(1, PART), (3, PART), (7, 4)]
    assert [part["ChecksumSHA256"] for part in found["ObjectParts"]["Parts"]] == [part["ChecksumSHA256"] for part in parts]
    page = attributes(["ObjectParts"], MaxParts=1, PartNumberMarker=1)["ObjectParts"]
    assert [part["PartNumber"] for part in page["Parts"]] == [3]
    assert (page["IsTruncated"], page["NextPartNumberMarker"], page["PartNumberMarker"]) == (True, 3, 1)


def test_delete_markers_and_unknown_names(s3, bucket, put, attributes):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = put("key")["VersionId"]
    refusal("InvalidArgument", attributes, ["Colour"])
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    refusal("NoSuchKey", attributes)
    refusal("MethodNotAllowed", attributes, VersionId=marker)
    assert attributes(["ObjectSize"], VersionId=version) == {"ObjectSize": 4}


@pytest.mark.parametrize("value", ["grün", "gr\u00c3\u00bcn", "\u0416"])
def test_metadata_comes_back_as_it_was_sent(clients, s3, bucket, put, value):
    if clients.h2:
        pytest.skip("the HTTP/2 session writes and reads headers in its own way")
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: params["headers"].update({"x-amz-meta-name": value}))
    put("key")
    # The client sends UTF-8, and takes each byte of an answer for a character.
    assert s3.head_object(Bucket=bucket, Key="key")["Metadata"]["name"].encode("latin-1").decode() == value
