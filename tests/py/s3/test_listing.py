"""Listing objects. API Reference: ListObjects, ListObjectsV2; User Guide, "Organizing objects using prefixes"."""

import pytest

from harness.refusal import refused

KEYS = ["a", "a/1", "a/2", "a/b/3", "b/1", "b/2", "c", "ä", "ä/1", "z z"]


@pytest.fixture
def filled(s3, bucket, put):
    for key in reversed(KEYS):
        put(key)
    return bucket


def keys(answer):
    return [entry["Key"] for entry in answer.get("Contents", [])]


def prefixes(answer):
    return [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])]


def test_keys_come_in_the_order_of_their_bytes(s3, filled):
    assert keys(s3.list_objects_v2(Bucket=filled)) == sorted(KEYS, key=str.encode)


def test_an_entry(s3, bucket, put):
    tag = put("key", b"12345", ChecksumAlgorithm="SHA256")["ETag"]
    entry = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert (entry["Size"], entry["ETag"], entry["StorageClass"], entry["ChecksumAlgorithm"]) == (5, tag, "STANDARD", ["SHA256"])
    assert len(entry["Owner"]["ID"]) == 64
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]


@pytest.mark.parametrize(
    ("arguments", "objects", "common"),
    [
        ({"Delimiter": "/"}, ["a", "c", "z z", "ä"], ["a/", "b/", "ä/"]),
        ({"Prefix": "a/"}, ["a/1", "a/2", "a/b/3"], []),
        ({"Prefix": "a/", "Delimiter": "/"}, ["a/1", "a/2"], ["a/b/"]),
        ({"Prefix": "a", "Delimiter": "/"}, ["a"], ["a/"]),
        ({"Prefix": "a", "Delimiter": "b"}, ["a", "a/1", "a/2"], ["a/b"]),
        ({"Prefix": "none"}, [], []),
        ({"StartAfter": "b/1"}, ["b/2", "c", "z z", "ä", "ä/1"], []),
        ({"StartAfter": "a/1", "Delimiter": "/"}, ["c", "z z", "ä"], ["a/", "b/", "ä/"]),
    ],
)
def test_prefixes_and_delimiters(s3, filled, arguments, objects, common):
    answer = s3.list_objects_v2(Bucket=filled, **arguments)
    assert (keys(answer), prefixes(answer)) == (objects, common)
    assert answer["KeyCount"] == len(objects) + len(common)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_add_up(s3, filled, operation, size, delimiter):
    whole = getattr(s3, operation)(Bucket=filled, Delimiter=delimiter)
    pages = list(s3.get_paginator(operation).paginate(Bucket=filled, Delimiter=delimiter, PaginationConfig={"PageSize": size}))
    assert sum((keys(page) for page in pages), []) == keys(whole)
    assert sum((prefixes(page) for page in pages), []) == prefixes(whole)
    assert all(len(keys(page)) + len(prefixes(page)) <= size for page in pages)
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


def test_markers(s3, filled):
    """API Reference, ListObjects: NextMarker is there only when a delimiter is given."""
    page = s3.list_objects(Bucket=filled, MaxKeys=2)
    assert page["IsTruncated"] and "NextMarker" not in page
    assert s3.list_objects(Bucket=filled, MaxKeys=2, Delimiter="/")["NextMarker"] == "a/"
    assert keys(s3.list_objects(Bucket=filled, Marker="c")) == ["z z", "ä", "ä/1"]


def test_no_more_than_a_thousand(s3, bucket, put):
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    put("key")
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)


def test_arguments_that_are_refused(s3, bucket):
    with refused("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647", status=400):
        s3.list_objects_v2(Bucket=bucket, MaxKeys=-1)
    with refused("InvalidArgument", "Invalid Encoding Method specified in Request", status=400):
        s3.list_objects_v2(Bucket=bucket, EncodingType="base64")
    with refused("InvalidArgument", "The continuation token provided is incorrect", status=400):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="?")
