"""Objects: put, get, head, delete. API Reference: PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects; User Guide: checking integrity."""

import base64
import datetime
import hashlib
import os
import zlib

import pytest

from harness.refusal import refused

SIZES = [0, 1, 32 * 1024, 32 * 1024 + 1, 3 * 1024 * 1024 + 7]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back(s3, bucket, put, size):
    """API Reference, PutObject: the entity tag is the MD5 of the object's data."""
    body = os.urandom(size)
    assert put("key", body)["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    answer = s3.get_object(Bucket=bucket, Key="key")
    assert answer["ContentLength"] == size
    assert answer["Body"].read() == body


@pytest.mark.parametrize("key", ["a/b", "ü €", "a+b c", "/slash/", "..", "a//b", "?#&=", "%41", "x" * 1024, "new\nline"])
def test_keys(s3, clients, bucket, put, get, key):
    """User Guide, "Naming Amazon S3 objects": any UTF-8 of up to 1,024 bytes."""
    if key == ".." and clients.h2:
        pytest.skip("the HTTP/2 session resolves the path")
    put(key, key.encode())
    assert get(key) == key.encode()


def test_a_long_key_is_refused(put):
    with refused("KeyTooLongError", "Your key is too long", status=400):
        put("x" * 1025)


def test_headers_come_back(s3, bucket, put):
    """API Reference, GetObject: system and user metadata; names of the latter are in lower case."""
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    given = {
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "compress",
        "ContentLanguage": "de",
        "ContentType": "text/plain",
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/other",
    }
    put("key", Expires=expires, Metadata={"Colour": "blue", "empty": ""}, **given)
    for answer in (s3.get_object(Bucket=bucket, Key="key"), s3.head_object(Bucket=bucket, Key="key")):
        assert {name: answer[name] for name in given} == given
        assert answer["Metadata"] == {"colour": "blue", "empty": ""}
        assert answer["Expires"] == expires
        assert answer["ContentLength"] == 4
        assert answer["AcceptRanges"] == "bytes"
        assert answer["ServerSideEncryption"] == "AES256"


def test_defaults_of_headers(s3, bucket, put):
    """API Reference, HeadObject: the storage class is told only when it is not STANDARD."""
    put("key")
    answer = s3.head_object(Bucket=bucket, Key="key")
    assert answer["ContentType"] == "binary/octet-stream"
    assert "StorageClass" not in answer


def test_overriding_headers(s3, bucket, put):
    """API Reference, GetObject, "Overriding response header values through the request"."""
    put("key", ContentType="text/plain")
    answer = s3.get_object(Bucket=bucket, Key="key", ResponseContentType="text/html", ResponseCacheControl="private")
    assert (answer["ContentType"], answer["CacheControl"]) == ("text/html", "private")


def test_an_unknown_storage_class(put):
    with refused("InvalidStorageClass", "The storage class you specified is not valid", status=400):
        put("key", StorageClass="COLD")


def test_too_much_metadata(put):
    """User Guide, "User-defined object metadata": 2 KB together."""
    put("key", Metadata={"a": "x" * 2047})
    with refused("MetadataTooLarge", status=400):
        put("key", Metadata={"a": "x" * 2048})


@pytest.mark.parametrize(
    ("header", "part"),
    [("bytes=0-0", slice(0, 1)), ("bytes=100-50000", slice(100, 50001)), ("bytes=-5", slice(-5, None)), ("bytes=59990-99999", slice(59990, None))],
)
def test_ranges(s3, bucket, put, header, part):
    """RFC 9110 section 14; API Reference, GetObject, Range."""
    body = os.urandom(60_000)
    put("key", body)
    answer = s3.get_object(Bucket=bucket, Key="key", Range=header)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == body[part]
    assert answer["ContentRange"].endswith("/60000")
    assert s3.head_object(Bucket=bucket, Key="key", Range=header)["ContentLength"] == len(body[part])


def test_a_range_that_begins_behind_the_end(s3, bucket, put):
    put("key", b"0123456789")
    with refused("InvalidRange", "The requested range is not satisfiable", status=416):
        s3.get_object(Bucket=bucket, Key="key", Range="bytes=10-")


def test_what_is_not_there(s3, bucket):
    with refused("NoSuchKey", "The specified key does not exist.", status=404):
        s3.get_object(Bucket=bucket, Key="none")
    with refused("404", status=404):
        s3.head_object(Bucket=bucket, Key="none")
    with refused("NoSuchBucket", "The specified bucket does not exist", status=404):
        s3.get_object(Bucket="no-such-bucket", Key="none")


def test_conditions_of_reads(s3, bucket, put):
    """User Guide, "Add preconditions to S3 operations with conditional requests"; RFC 9110 section 13."""
    tag = put("key")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="key")["LastModified"]
    before, after = modified - datetime.timedelta(hours=1), modified + datetime.timedelta(hours=1)
    for passing in (
        {"IfMatch": tag},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": before},
        {"IfUnmodifiedSince": after},
        {"IfMatch": tag, "IfUnmodifiedSince": before},
        {"IfNoneMatch": '"other"', "IfModifiedSince": after},
    ):
        s3.get_object(Bucket=bucket, Key="key", **passing)["Body"].read()
    for failing in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": before}):
        with refused("PreconditionFailed", status=412):
            s3.get_object(Bucket=bucket, Key="key", **failing)
    for failing in ({"IfNoneMatch": tag}, {"IfModifiedSince": after}):
        with refused("304", status=304):
            s3.get_object(Bucket=bucket, Key="key", **failing)


def test_conditions_of_writes(s3, bucket, put, get):
    """User Guide, "How to prevent object overwrites with conditional writes"."""
    tag = put("key", b"first", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", status=412):
        put("key", b"second", IfNoneMatch="*")
    with refused("PreconditionFailed", status=412):
        put("key", b"second", IfMatch='"other"')
    with refused("NoSuchKey", status=404):
        put("none", b"second", IfMatch=tag)
    put("key", b"second", IfMatch=tag)
    assert get("key") == b"second"
    with refused("PreconditionFailed", status=412):
        s3.delete_object(Bucket=bucket, Key="key", IfMatch=tag)
    assert get("key") == b"second"


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def sha(algorithm):
    return lambda body: base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


@pytest.mark.parametrize(("algorithm", "compute"), [("CRC32", crc32), ("SHA1", sha("sha1")), ("SHA256", sha("sha256"))])
@pytest.mark.parametrize("size", [10, 100_000])
def test_checksums_are_verified_and_kept(s3, bucket, put, algorithm, compute, size):
    """User Guide, "Checking object integrity in Amazon S3"."""
    body = os.urandom(size)
    member = f"Checksum{algorithm}"
    assert put("key", body, **{member: compute(body)})[member] == compute(body)
    answer = s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (answer[member], answer["ChecksumType"]) == (compute(body), "FULL_OBJECT")
    assert answer["Body"].read() == body
    with refused("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", status=400):
        put("other", body, **{member: compute(body + b"x")})
    with refused("NoSuchKey", status=404):
        s3.get_object(Bucket=bucket, Key="other")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_that_the_client_computes(put, algorithm):
    """The SDK sends them before the body, or behind it in `aws-chunked` where the connection is encrypted."""
    assert put("key", b"body", ChecksumAlgorithm=algorithm)[f"Checksum{algorithm}"]


def test_a_checksum_that_is_none(put):
    with refused("InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid.", status=400):
        put("key", ChecksumCRC32="nonsense")


def test_content_md5(put):
    right = base64.b64encode(hashlib.md5(b"body").digest()).decode()
    put("key", ContentMD5=right)
    with refused("BadDigest", "The Content-MD5 you specified did not match what we received.", status=400):
        put("key", b"other", ContentMD5=right)
    with refused("InvalidDigest", "The Content-MD5 you specified was invalid.", status=400):
        put("key", ContentMD5="nonsense")


def test_a_body_that_is_not_what_was_signed(clients, world, bucket):
    """API Reference, error XAmzContentSHA256Mismatch."""
    client = clients.client("s3", key="000000000000", keep=False, s3={"addressing_style": "path"})

    def lie(request, **_):
        request.headers["x-amz-content-sha256"] = "0" * 64

    client.meta.events.register("before-send.s3.PutObject", lie)
    with refused("XAmzContentSHA256Mismatch", starts="The provided 'x-amz-content-sha256' header does not match", status=400):
        client.put_object(Bucket=bucket, Key="key", Body=b"body")


def test_deleting(s3, bucket, put):
    """API Reference, DeleteObject: what is not there is deleted as well; DeleteObjects answers for each key."""
    for key in ("a", "b", "c"):
        put(key)
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_object(Bucket=bucket, Key="a")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "none"}]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["b", "none"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "c"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_too_many_keys_to_delete(s3, bucket):
    """API Reference, DeleteObjects: up to 1,000 keys."""
    with refused("MalformedXML", status=400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(number)} for number in range(1001)]})


def test_a_fork_shares_bodies_and_goes_its_own_way(s3, here, bucket, put, get, clients, world, admin):
    """Worlds are copied with all objects, also those whose bodies lie in files."""
    body = os.urandom(200_000)
    put("key", body)
    admin.fork(f"{world}-fork", source=world)
    try:
        put("key", b"new")
        clients.world = f"{world}-fork"
        assert get("key") == body
    finally:
        clients.world = world
        admin.drop(f"{world}-fork")
    assert get("key") == b"new"
