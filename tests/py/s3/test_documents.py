"""The documents themselves, as clients read them that look at more than boto3 does. API Reference: the response syntax of each operation."""

import urllib.request
import xml.etree.ElementTree as xml

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
            return xml.fromstring(answer.read())

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
    assert ask("POST", f"/{bucket}?delete", delete).tag == NAMESPACE + "DeleteResult"
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
