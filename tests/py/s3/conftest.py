"""Fixtures for Amazon S3."""

import itertools
from urllib.parse import urlsplit

import pytest

from harness.clients import REGION


def in_host_name(request, **_):
    """Moves the bucket from the path to the host name, which must not need to be resolved."""
    bucket, _, key = urlsplit(request.url).path[1:].partition("/")
    if bucket:
        request.url = request.url.replace(f"/{bucket}/" if key else f"/{bucket}", "/", 1)
        request.headers["Host"] = f"{bucket}.s3.localhost.localstack.cloud"


@pytest.fixture(params=["path", "virtual"])
def s3(clients, world, request):
    """Each test runs with buckets in paths, and with buckets in host names."""
    client = clients.client("s3", s3={"addressing_style": "path"}, keep=False)
    if request.param == "virtual":
        if clients.h2:
            pytest.skip("the HTTP/2 session takes the host from the URL")
        client.meta.events.register("before-sign.s3", in_host_name)
    return client


@pytest.fixture
def as_account(clients, world):
    """A client that acts for another account: a 12-digit access key id is the account's number."""
    return lambda account, region=REGION: clients.client("s3", key=account, region=region, s3={"addressing_style": "path"})


@pytest.fixture
def names():
    return (f"bucket-{number}" for number in itertools.count(1))


@pytest.fixture
def bucket(s3, names):
    name = next(names)
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def put(s3, bucket):
    """Puts an object into the bucket."""
    return lambda key, body=b"body", **arguments: s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)


@pytest.fixture
def get(s3, bucket):
    """Gets an object whole."""
    return lambda key, **arguments: s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()
