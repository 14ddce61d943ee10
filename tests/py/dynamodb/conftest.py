"""Fixtures for Amazon DynamoDB."""

import datetime
import itertools
import os
import random

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from harness.clients import ACCOUNT, REGION


@pytest.fixture
def ddb(clients, world):
    return clients.client("dynamodb")


@pytest.fixture
def names():
    return (f"table-{number}" for number in itertools.count(1))


def attribute(name):
    """`p` is a string, `p:N` a number."""
    name, _, kind = name.partition(":")
    return {"AttributeName": name, "AttributeType": kind or "S"}


def schema(*names):
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": name.partition(":")[0], "KeyType": kind} for name, kind in zip(names, kinds)]


def index(name, *key, projection="ALL", **more):
    kind = {"ProjectionType": projection} if isinstance(projection, str) else {"ProjectionType": "INCLUDE", "NonKeyAttributes": projection}
    return {"IndexName": name, "KeySchema": schema(*key), "Projection": kind, **more}


class Table:
    """Short words for the calls that nearly every test makes, with plain Python values for attributes."""

    def __init__(self, ddb, name):
        self.ddb, self.name = ddb, name

    def write(self, item):
        return {name: TypeSerializer().serialize(value) for name, value in item.items()}

    def read(self, item):
        return None if item is None else {name: TypeDeserializer().deserialize(value) for name, value in item.items()}

    def put(self, item, **more):
        return self.ddb.put_item(TableName=self.name, Item=self.write(item), **more)

    def get(self, key, **more):
        return self.read(self.ddb.get_item(TableName=self.name, Key=self.write(key), **more).get("Item"))

    def delete(self, key, **more):
        return self.ddb.delete_item(TableName=self.name, Key=self.write(key), **more)

    def update(self, key, **more):
        return self.ddb.update_item(TableName=self.name, Key=self.write(key), **more)

    def scan(self, **more):
        return self.ddb.scan(TableName=self.name, **more)

    def query(self, condition, values=None, **more):
        values = {name: TypeSerializer().serialize(value) for name, value in (values or {}).items()}
        return self.ddb.query(TableName=self.name, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)

    def items(self, answer):
        return [self.read(item) for item in answer["Items"]]

    def describe(self):
        return self.ddb.describe_table(TableName=self.name)["Table"]


@pytest.fixture
def create(ddb, names):
    """Creates a table with that key, `create("p", "c:N")`, and gives short words for it."""

    def create(*key, attributes=(), name=None, **more):
        name = name or next(names)
        if "ProvisionedThroughput" not in more:
            more.setdefault("BillingMode", "PAY_PER_REQUEST")
        definitions = [attribute(one) for one in (*key, *attributes)]
        ddb.create_table(TableName=name, KeySchema=schema(*key), AttributeDefinitions=definitions, **more)
        return Table(ddb, name)

    return create


@pytest.fixture
def plain(create):
    """A table with a partition key `p` alone."""
    return create("p")


@pytest.fixture
def sorted_table(create):
    """A table with a partition key `p` and a sort key `c`, a number."""
    return create("p", "c:N")


@pytest.fixture
def on_the_second(clock):
    """A frozen clock that shows a whole second, which is what clients give as a moment."""
    micros = datetime.datetime.fromisoformat(clock.read()["now"]).microsecond
    clock.advance(f"PT0.{1_000_000 - micros:06}S" if micros else 1)
    return clock


@pytest.fixture
def arn_of():
    return lambda name, account=ACCOUNT, region=REGION: f"arn:aws:dynamodb:{region}:{account}:table/{name}"


@pytest.fixture
def seed():
    """Where the dice of a test begin; `KUMOI_TEST_SEED` gives a printed one again. What many writers do at once has no order of its own even so."""
    seed = int(os.environ.get("KUMOI_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"KUMOI_TEST_SEED={seed}")
    return seed
