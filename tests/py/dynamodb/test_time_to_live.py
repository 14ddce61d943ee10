"""Time to live. Developer Guide: "Using time to live (TTL) in DynamoDB"; API Reference: UpdateTimeToLive, DescribeTimeToLive."""

import pytest

from harness.refusal import refused

YEARS = 5 * 365 * 86_400


def enable(ddb, table, attribute="ttl", on=True):
    return ddb.update_time_to_live(TableName=table.name, TimeToLiveSpecification={"AttributeName": attribute, "Enabled": on})


def status(ddb, table):
    return ddb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]


def keys(table):
    return sorted(item["p"]["S"] for item in table.scan()["Items"])


@pytest.fixture
def now(clock):
    return lambda: int(clock.now())


class TestExpiry:
    """Which items expire, and when."""

    def test_items_expire_at_their_second(self, ddb, clock, now, plain):
        """An item expires when the current time is past its attribute's. (AWS deletes it within a few days; here that is at once.)"""
        enable(ddb, plain)
        start = now()
        for name, seconds in (("late", 1000), ("soon", 100), ("later", 2000)):
            plain.put({"p": name, "ttl": start + seconds})
        plain.put({"p": "never"})
        clock.advance(98)
        assert keys(plain) == ["late", "later", "never", "soon"]
        clock.advance(5)
        assert keys(plain) == ["late", "later", "never"]
        clock.advance(1000)
        assert keys(plain) == ["later", "never"]
        clock.advance(1000)
        assert keys(plain) == ["never"]
        assert plain.describe()["ItemCount"] == 1

    def test_what_does_not_expire(self, ddb, clock, now, plain):
        """The attribute must be a number of seconds, and less than five years past."""
        enable(ddb, plain)
        plain.put({"p": "text", "ttl": str(now() + 10)})
        plain.put({"p": "ancient", "ttl": now() - YEARS - 10})
        plain.put({"p": "milliseconds", "ttl": (now() + 10) * 1000})
        plain.put({"p": "past", "ttl": now() - YEARS + 1000})
        clock.advance(100)
        assert keys(plain) == ["ancient", "milliseconds", "text"]

    def test_an_item_that_changes(self, ddb, clock, now, plain):
        """What counts is what the item says when its time has come."""
        enable(ddb, plain)
        start = now()
        for name in ("longer", "shorter", "without", "replaced"):
            plain.put({"p": name, "ttl": start + 100})
        plain.put({"p": "longer", "ttl": start + 1000})
        plain.put({"p": "shorter", "ttl": start + 10})
        plain.update({"p": "without"}, UpdateExpression="REMOVE #t", ExpressionAttributeNames={"#t": "ttl"})
        plain.delete({"p": "replaced"})
        plain.put({"p": "replaced"})
        clock.advance(50)
        assert keys(plain) == ["longer", "replaced", "without"]
        clock.advance(100)
        assert keys(plain) == ["longer", "replaced", "without"]
        clock.advance(1000)
        assert keys(plain) == ["replaced", "without"]

    def test_items_from_before(self, ddb, clock, now, create):
        """Items that the table had before expire, too, however many; and those that had expired by then."""
        table = create("p", "c:N")
        for start in range(0, 350, 25):
            requests = [
                {"PutRequest": {"Item": table.write({"p": "many", "c": number, "ttl": now() + 500})}}
                for number in range(start, start + 25)
            ]
            ddb.batch_write_item(RequestItems={table.name: requests})
        table.put({"p": "stays", "c": 1})
        table.put({"p": "past", "c": 1, "ttl": now() - 10})
        enable(ddb, table)
        clock.advance(100)
        assert table.scan(Select="COUNT")["Count"] == 351
        clock.advance(500)
        assert keys(table) == ["stays"]

    def test_indexes_and_streams(self, ddb, clients, clock, now, create):
        """Expired items leave indexes; the stream has a REMOVE with the identity of the service."""
        table = create(
            "p",
            attributes=("x",),
            GlobalSecondaryIndexes=[
                {"IndexName": "by-x", "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
        )
        enable(ddb, table)
        table.put({"p": "a", "x": "y", "ttl": now() + 10})
        table.put({"p": "b", "x": "y"})
        clock.advance(20)
        table.delete({"p": "b"})
        assert table.scan(IndexName="by-x")["Count"] == 0
        streams = clients.client("dynamodbstreams")
        arn = table.describe()["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        *_, expired, deleted = streams.get_records(ShardIterator=iterator)["Records"]
        assert expired["eventName"] == deleted["eventName"] == "REMOVE"
        assert expired["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
        assert expired["dynamodb"]["OldImage"]["x"] == {"S": "y"}
        assert "userIdentity" not in deleted

    def test_disabled(self, ddb, clock, now, plain):
        """Nothing expires once it is disabled; enabled for another attribute, that one counts alone."""
        enable(ddb, plain)
        plain.put({"p": "a", "ttl": now() + 7200, "other": now() + 50_000})
        plain.put({"p": "b", "ttl": now() + 50_000, "other": now() + 14_000})
        clock.advance(3600)
        enable(ddb, plain, on=False)
        clock.advance(3700)
        assert keys(plain) == ["a", "b"]
        enable(ddb, plain, "other")
        clock.advance(10_000)
        assert keys(plain) == ["a"]
        clock.advance(50_000)
        assert keys(plain) == []


class TestSetting:
    """UpdateTimeToLive and DescribeTimeToLive."""

    def test_described(self, ddb, plain):
        """A table begins without; then the attribute is told."""
        assert status(ddb, plain) == {"TimeToLiveStatus": "DISABLED"}
        assert enable(ddb, plain)["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert status(ddb, plain) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    def test_what_is_refused(self, ddb, plain):
        """It cannot be enabled twice, nor disabled when it is not enabled or by another attribute."""
        with refused("ValidationException", "TimeToLive is already disabled"):
            enable(ddb, plain, on=False)
        enable(ddb, plain)
        with refused("ValidationException", "TimeToLive is already enabled"):
            enable(ddb, plain)
        for on in (True, False):
            message = "TimeToLive is active on a different AttributeName: current AttributeName is ttl"
            with refused("ValidationException", message):
                enable(ddb, plain, "other", on)

    def test_once_an_hour(self, ddb, clock, plain):
        """UpdateTimeToLive: within the hour that a change may take, another one is a ValidationException."""
        enable(ddb, plain)
        clock.advance(3599)
        with refused("ValidationException", "Time to live has been modified multiple times within a fixed interval"):
            enable(ddb, plain, on=False)
        clock.advance(1)
        enable(ddb, plain, on=False)
        assert status(ddb, plain) == {"TimeToLiveStatus": "DISABLED"}
