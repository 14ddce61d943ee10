"""Fixtures for AWS STS."""

import pytest

ROLE = "arn:aws:iam::111122223333:role/path/reader"


@pytest.fixture
def sts(clients, world):
    return clients.client("sts")


@pytest.fixture
def sts_of(clients, world):
    """A client of STS with other credentials: those of an answer, or an account's number as the key."""

    def sts_of(credentials=None, key="test", service="sts", **changes):
        if credentials is None:
            return clients.client(service, key=key)
        pair = {"key": credentials["AccessKeyId"], "secret": credentials["SecretAccessKey"], "token": credentials["SessionToken"]}
        return clients.client(service, keep=False, **{**pair, **changes})

    return sts_of


@pytest.fixture
def assume(sts):
    """AssumeRole with what it needs."""

    def assume(**parameters):
        return sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "session", **parameters})

    return assume
