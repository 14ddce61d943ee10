"""The documents themselves, as clients read them that look at more than boto3 does. API Reference: the response syntax of each operation."""

import base64
import hashlib
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml
import zlib

import pytest

from harness.admin import WORLD_HEADER

SIGNED = {
    "x-amz-date": "20261121T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
}
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@pytest.fixture
def ask(server, world):
    """Sends a request with a signature that nobody checks, and returns the answer's document."""

    def ask(method, path, body=None, **headers):
        sent = {WORLD_HEADER: world, **SIGNED, **headers}
        request = urllib.request.Request(f"{server.url}{path}", data=body, method=method, headers=sent)
        with urllib.request.urlopen(request) as answer:
            document = answer.read()
            return xml.fromstring(document) if document else None

    return ask


@pytest.mark.parametrize(
    ("method", "path", "root"),
    [
        ("GET", "/", "ListAllMyBucketsResult"),
        ("GET", "/{bucket}", "ListBucketResult"),
        ("GET", "/{bucket}?list-type=2", "ListBucketResult"),
        ("GET", "/{bucket}?location", "LocationConstraint"),
        ("GET", "/{bucket}?uploads", "ListMultipartUploadsResult"),
        ("POST", "/{bucket}/key?uploads", "InitiateMultipartUploadResult"),
    ],
)
def test_names_of_documents(ask, bucket, method, path, root):
    assert ask(method, path.format(bucket=bucket)).tag == NAMESPACE + root


def test_documents_that_are_answers_to_documents(ask, bucket, put):
    put("key")
    delete = b"<Delete><Object><Key>none</Key></Object></Delete>"
    digest = encoded(hashlib.md5(delete).digest())
    assert ask("POST", f"/{bucket}?delete", delete, **{"Content-MD5": digest}).tag == NAMESPACE + "DeleteResult"
    copied = ask("PUT", f"/{bucket}/copy", **{"x-amz-copy-source": f"{bucket}/key"})
    assert copied.tag == NAMESPACE + "CopyObjectResult"
    assert copied.find(f"{NAMESPACE}ETag").text.startswith('"')


def test_errors_have_no_namespace(server, world):
    request = urllib.request.Request(f"{server.url}/no-such-bucket", headers={WORLD_HEADER: world})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    error = xml.fromstring(refused.value.read())
    assert (error.tag, error.find("Code").text) == ("Error", "NoSuchBucket")
    assert error.find("RequestId").text == refused.value.headers["x-amz-request-id"]


# Digests of documents. User Guide, "Checking object integrity in Amazon S3".

DOCUMENT = b"<Tagging><TagSet/></Tagging>"


def encoded(digest):
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("digests", "code"),
    [
        ({}, "InvalidRequest"),
        ({"Content-MD5": encoded(hashlib.md5(DOCUMENT).digest())}, None),
        ({"Content-MD5": encoded(hashlib.md5(b"other").digest())}, "BadDigest"),
        ({"Content-MD5": "short"}, "InvalidDigest"),
        ({"x-amz-checksum-sha256": encoded(hashlib.sha256(DOCUMENT).digest())}, None),
        ({"x-amz-checksum-sha256": encoded(hashlib.sha256(b"other").digest())}, "BadDigest"),
        ({"x-amz-checksum-sha256": "AAAA"}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": encoded(zlib.crc32(DOCUMENT).to_bytes(4, "big"))}, None),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-sha512": encoded(hashlib.sha512(DOCUMENT).digest())}, None),
        ({"x-amz-checksum-sha512": encoded(hashlib.sha512(b"other").digest())}, "BadDigest"),
        ({"x-amz-checksum-md5": encoded(hashlib.md5(DOCUMENT).digest())}, None),
        ({"x-amz-checksum-md5": encoded(hashlib.md5(b"other").digest())}, "BadDigest"),
        ({"x-amz-checksum-md5": "AAAA"}, "InvalidRequest"),
        # As the reference implementation computes them.
        ({"x-amz-checksum-xxhash64": "+/PYgmvHoaQ="}, None),
        ({"x-amz-checksum-xxhash64": "AAAAAAAAAAA="}, "BadDigest"),
        ({"x-amz-checksum-xxhash3": "ndLoATzS0C0="}, None),
        ({"x-amz-checksum-xxhash3": "AAAAAAAAAAA="}, "BadDigest"),
        ({"x-amz-checksum-xxhash128": "8Rdrx8OhUZTcEELxs0Ow0A=="}, None),
        ({"x-amz-checksum-xxhash128": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"),
    ],
)
def test_digests_of_documents_are_verified(s3, bucket, put, ask, digests, code):
    put("key", Tagging="a=b")
    if code:
        assert ask_in_vain(ask, "PUT", f"/{bucket}/key?tagging", DOCUMENT, **digests) == (400, code)
    else:
        ask("PUT", f"/{bucket}/key?tagging", DOCUMENT, **digests)
    left = s3.get_object_tagging(Bucket=bucket, Key="key")["TagSet"]
    assert left == ([{"Key": "a", "Value": "b"}] if code else [])


def ask_in_vain(ask, *request, **headers):
    """Status and code of an error."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(*request, **headers)
    return caught.value.code, xml.fromstring(caught.value.read()).findtext("Code")


def test_keys_that_are_no_text(ask, bucket):
    assert ask_in_vain(ask, "GET", f"/{bucket}/%AE%8A-") == (400, "InvalidURI")


@pytest.mark.parametrize(("query", "element"), [("list-type=2", "LastModified"), ("versions", "LastModified"), ("uploads", "Initiated")])
def test_moments_have_milliseconds(ask, s3, bucket, put, query, element):
    put("key")
    s3.create_multipart_upload(Bucket=bucket, Key="upload")
    (moment,) = ask("GET", f"/{bucket}?{query}").iter(f"{NAMESPACE}{element}")
    assert moment.text.endswith(".000Z")
