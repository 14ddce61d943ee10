"""Buckets whose requesters pay. User Guide, "Using Requester Pays buckets for storage transfers and usage"."""

import json
import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED

from harness.admin import WORLD_HEADER
from harness.refusal import refused

OTHER = "111111111111"
AGREED = {"RequestPayer": "requester"}


@pytest.fixture
def payer(s3, bucket):
    return lambda who: s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": who})


@pytest.fixture
def shared(s3, bucket, payer):
    """A bucket that is open to everyone, and whose requesters pay."""
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="key", Body=b"body", Tagging="a=b")
    payer("Requester")
    return bucket


def requests(client, bucket):
    """Calls that can say who pays, and tell it."""
    upload = {"Bucket": bucket, "Key": "key"}
    yield lambda **more: client.get_object(**upload, **more)
    yield lambda **more: client.head_object(**upload, **more)
    yield lambda **more: client.get_object_attributes(**upload, ObjectAttributes=["ETag"], **more)
    yield lambda **more: client.put_object(Bucket=bucket, Key="new", **more)
    yield lambda **more: client.list_objects_v2(Bucket=bucket, **more)
    yield lambda **more: client.list_object_versions(Bucket=bucket, **more)
    yield lambda **more: client.create_multipart_upload(**upload, **more)
    yield lambda **more: client.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key", **more)
    yield lambda **more: client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "new"}]}, **more)
    yield lambda **more: client.delete_object(Bucket=bucket, Key="copy", **more)


def test_others_must_agree(as_account, shared):
    for request in requests(as_account(OTHER), shared):
        with refused(("AccessDenied", "403")) as caught:
            request()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert request(**AGREED)["RequestCharged"] == "requester"


def test_the_owner_need_not(s3, shared):
    for request in requests(s3, shared):
        assert "RequestCharged" not in request()
        assert "RequestCharged" not in request(**AGREED)


def test_nobody_comes_without_an_account(clients, shared, payer):
    """User Guide: "anonymous access to that bucket is not allowed"."""
    anonymous = clients.client("s3", signature_version=UNSIGNED, s3={"addressing_style": "path"}, keep=False)
    for more in ({}, AGREED):
        with refused("AccessDenied", status=403):
            anonymous.get_object(Bucket=shared, Key="key", **more)
    with refused("403", status=403):
        anonymous.head_bucket(Bucket=shared)
    payer("BucketOwner")
    assert anonymous.get_object(Bucket=shared, Key="key")["Body"].read() == b"body"


def test_the_owner_may_pay_again(as_account, shared, payer):
    other = as_account(OTHER)
    payer("BucketOwner")
    for more in ({}, AGREED):
        assert "RequestCharged" not in other.get_object(Bucket=shared, Key="key", **more)


def test_what_the_payer_may_not_do_stays_so(s3, as_account, shared):
    s3.delete_bucket_policy(Bucket=shared)
    with refused("AccessDenied", status=403):
        as_account(OTHER).get_object(Bucket=shared, Key="key", **AGREED)


def test_operations_that_cannot_say_it(as_account, shared):
    """Their input has no such member."""
    assert as_account(OTHER).get_bucket_location(Bucket=shared)["LocationConstraint"] is None


def test_copies_from_there(as_account, shared):
    """API Reference, CopyObject, `x-amz-request-payer`: that of the source counts as that of the target does."""
    other = as_account(OTHER)
    other.create_bucket(Bucket="mine")
    copy = {"Bucket": "mine", "Key": "copy", "CopySource": f"{shared}/key"}
    with refused("AccessDenied", status=403):
        other.copy_object(**copy)
    assert other.copy_object(**copy, **AGREED)["RequestCharged"] == "requester"
    part = {"Bucket": "mine", "Key": "parts", "PartNumber": 1, "CopySource": f"/{shared}/key"}
    part["UploadId"] = other.create_multipart_upload(Bucket="mine", Key="parts")["UploadId"]
    with refused("AccessDenied", status=403):
        other.upload_part_copy(**part)
    assert other.upload_part_copy(**part, **AGREED)["RequestCharged"] == "requester"


def test_a_url_says_it_in_its_query(server, world, shared):
    """User Guide, "Downloading objects from Requester Pays buckets"."""
    signature = f"AWS4-HMAC-SHA256 Credential={OTHER}/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    headers = {WORLD_HEADER: world, "x-amz-date": "20261121T000000Z", "authorization": signature}

    def get(query):
        request = urllib.request.Request(f"{server.url}/{shared}/key{query}", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers["x-amz-request-charged"]
        except urllib.error.HTTPError as error:
            return error.code, None

    assert get("") == (403, None)
    assert get("?x-amz-request-payer=nobody") == (403, None)
    assert get("?x-amz-request-payer=requester") == (200, "requester")
