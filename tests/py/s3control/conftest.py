"""Fixtures for Amazon S3 Control."""

import pytest

from harness.clients import REGION
from harness.hosts import keep_endpoint

ACCOUNT = "000000000000"


class Control:
    """A client of S3 Control that names the account of its calls."""

    def __init__(self, client, account):
        self.client, self.account = client, account

    def __getattr__(self, name):
        call = getattr(self.client, name)
        return lambda **arguments: call(**{"AccountId": self.account, **arguments})


@pytest.fixture
def as_account(clients, world):
    """S3 Control for another account: a 12-digit access key id is the account's number."""
    return lambda account, region=REGION: Control(
        keep_endpoint(clients.client("s3control", key=account, region=region, keep=False), clients.endpoint), account
    )


@pytest.fixture
def control(as_account):
    return as_account(ACCOUNT)


@pytest.fixture
def s3(clients, world):
    return clients.client("s3", s3={"addressing_style": "path"})


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="orders")
    return "orders"
