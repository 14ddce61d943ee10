"""What a server with `--data` holds of streams and of time to live, it holds across a stop and across SIGKILL. Run with `--variant restart`."""

import threading

import pytest
from botocore.exceptions import BotoCoreError

from harness.durable import Durable

KEY = {"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


class Streams(Durable):
    def reach(self):
        self.ddb, self.streams = self.clients.client("dynamodb"), self.clients.client("dynamodbstreams")

    def create(self):
        answer = self.ddb.create_table(TableName="films", BillingMode="PAY_PER_REQUEST", StreamSpecification=STREAM, **KEY)
        return answer["TableDescription"]["LatestStreamArn"]

    def start(self, arn):
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        return self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

    def rest(self, iterator):
        found = []
        while True:
            answer = self.streams.get_records(ShardIterator=iterator)
            found += answer["Records"]
            iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                return found, iterator


@pytest.fixture
def durable(tmp_path):
    durable = Streams(tmp_path)
    yield durable
    durable.server.kill()


def test_each_change_is_delivered_once_and_in_order(durable, how):
    """Developer Guide: each record appears exactly once in the stream, those of an item in the sequence of its modifications. Four writers count while the
    server goes down, three times; a reader that goes on where it was has every count that was answered, each once, in order."""
    arn = durable.create()
    iterator, read, answered = durable.start(arn), [], {}
    for _ in range(3):
        stop = threading.Event()

        def write(name, ddb):
            while not stop.is_set():
                count = answered.get(name, 0) + 1
                try:
                    ddb.put_item(TableName="films", Item={"p": {"S": name}, "n": {"N": str(count)}})
                except BotoCoreError:
                    return
                answered[name] = count

        ddb = durable.ddb
        before = sum(answered.values())
        writers = [threading.Thread(target=write, args=(f"w{number}", ddb)) for number in range(4)]
        for writer in writers:
            writer.start()
        while sum(answered.values()) < before + 200:
            records, iterator = durable.rest(iterator)
            read += records
        if how == "stop":
            stop.set()
            for writer in writers:
                writer.join()
        durable.again(how)
        stop.set()
        for writer in writers:
            writer.join()
        # What was under way when the server was killed may have happened: the next count is then the same one, and changes nothing.
        records, iterator = durable.rest(iterator)
        read += records
    everything, _ = durable.rest(durable.start(arn))
    assert read == everything
    counts = {}
    for record in read:
        image = record["dynamodb"]["NewImage"]
        counts.setdefault(image["p"]["S"], []).append(int(image["n"]["N"]))
    for name, count in answered.items():
        assert counts[name] == list(range(1, len(counts[name]) + 1))
        assert len(counts[name]) in (count, count + 1)


def test_items_expire_after_a_restart(durable, how):
    """The timers of time to live and of retention are there again."""
    durable.clock.freeze()
    arn = durable.create()
    durable.ddb.update_time_to_live(TableName="films", TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True})
    due = int(durable.clock.now()) + 1000
    durable.ddb.put_item(TableName="films", Item={"p": {"S": "a"}, "ttl": {"N": str(due)}})
    durable.again(how)
    durable.clock.advance(1001)
    assert durable.ddb.scan(TableName="films")["Items"] == []
    removed = durable.rest(durable.start(arn))[0][-1]
    assert removed["eventName"] == "REMOVE" and removed["userIdentity"]["Type"] == "Service"
    durable.again(how)
    durable.clock.advance(25 * 3600)
    assert durable.rest(durable.start(arn))[0] == []
