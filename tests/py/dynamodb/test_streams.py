"""Streams. Developer Guide: "Change data capture for DynamoDB Streams"; API Reference: DescribeStream, GetRecords, GetShardIterator, ListStreams."""

import concurrent.futures
import datetime
import threading

import pytest

from harness.refusal import refused

VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
DAY = 24 * 3600


def enabled(view="NEW_AND_OLD_IMAGES"):
    return {"StreamEnabled": True, "StreamViewType": view}


class Stream:
    """Short words for reading one stream, which has one shard."""

    def __init__(self, client, arn):
        self.client, self.arn = client, arn

    def describe(self, **more):
        return self.client.describe_stream(StreamArn=self.arn, **more)["StreamDescription"]

    def shard(self):
        (shard,) = self.describe()["Shards"]
        return shard

    def iterator(self, kind, **more):
        shard = self.shard()["ShardId"]
        answer = self.client.get_shard_iterator(StreamArn=self.arn, ShardId=shard, ShardIteratorType=kind, **more)
        return answer["ShardIterator"]

    def read(self, iterator, **more):
        """The records of one page, and the next iterator."""
        answer = self.client.get_records(ShardIterator=iterator, **more)
        return answer["Records"], answer.get("NextShardIterator")

    def rest(self, iterator):
        """All records from an iterator on, and the iterator behind them."""
        found = []
        while True:
            records, iterator = self.read(iterator)
            found += records
            if not records or iterator is None:
                return found, iterator

    def all(self):
        return self.rest(self.iterator("TRIM_HORIZON"))[0]


def sequence(record):
    return record["dynamodb"]["SequenceNumber"]


def told(record):
    """Kind, key and images of a record, with plain values."""

    def plain(item):
        return item and {name: next(iter(value.values())) for name, value in item.items()}

    about = record["dynamodb"]
    return record["eventName"], plain(about["Keys"]), plain(about.get("OldImage")), plain(about.get("NewImage"))


@pytest.fixture
def streams(clients, world):
    return clients.client("dynamodbstreams")


@pytest.fixture
def stream_of(streams):
    return lambda table: Stream(streams, table.describe()["LatestStreamArn"])


@pytest.fixture
def table(create):
    return create("p", StreamSpecification=enabled())


@pytest.fixture
def stream(table, stream_of):
    return stream_of(table)


class TestRecords:
    """What a record says."""

    def test_kinds_of_changes(self, table, stream):
        """INSERT, MODIFY and REMOVE, in the order of the changes; a write that changes nothing leaves no record."""
        table.put({"p": "a", "x": "1"})
        table.put({"p": "a", "x": "1"})
        table.put({"p": "a", "y": "2"})
        table.update({"p": "a"}, UpdateExpression="REMOVE z")
        table.delete({"p": "a"})
        table.delete({"p": "a"})
        key, first, second = {"p": "a"}, {"p": "a", "x": "1"}, {"p": "a", "y": "2"}
        records = stream.all()
        assert [told(record) for record in records] == [
            ("INSERT", key, None, first),
            ("MODIFY", key, first, second),
            ("REMOVE", key, second, None),
        ]
        numbers = [int(sequence(record)) for record in records]
        assert numbers == sorted(set(numbers))
        assert all("userIdentity" not in record for record in records)

    @pytest.mark.parametrize("view", VIEWS)
    def test_views(self, create, stream_of, view):
        """StreamViewType says which images a record has; it has the whole key always."""
        table = create("p", "c:N", StreamSpecification=enabled(view))
        table.put({"p": "a", "c": 1, "x": "old"})
        table.put({"p": "a", "c": 1, "x": "new"})
        _, kind = stream_of(table).all()
        old, new = ({"p": "a", "c": "1", "x": text} if name in view or "NEW_AND" in view else None
                    for text, name in (("old", "OLD_IMAGE"), ("new", "NEW_IMAGE")))
        assert told(kind) == ("MODIFY", {"p": "a", "c": "1"}, old, new)
        assert kind["dynamodb"]["StreamViewType"] == view

    def test_the_rest_of_a_record(self, clock, table, stream):
        """Record: eventVersion, eventSource, awsRegion; StreamRecord: the moment "rounded down to the closest second", and SizeBytes, the bytes of key
        and images. The sizes are those of the Developer Guide's example."""
        moment = int(clock.now())
        table.put({"p": "k", "Message": "New item!"})
        table.put({"p": "k", "Message": "This item has changed"})
        first, second = stream.all()
        assert (first["eventVersion"], first["eventSource"], first["awsRegion"]) == ("1.1", "aws:dynamodb", "us-east-1")
        assert first["eventID"] != second["eventID"]
        assert [record["eventID"] for record in stream.all()] == [first["eventID"], second["eventID"]]
        assert first["dynamodb"]["ApproximateCreationDateTime"].timestamp() == moment
        key, old, new = 2, 2 + 16, 2 + 28
        assert [record["dynamodb"]["SizeBytes"] for record in (first, second)] == [key + old, key + old + new]

    def test_batches(self, ddb, table, stream):
        """Every change of a BatchWriteItem has its record, deletions of what is not there do not."""
        table.put({"p": "gone"})
        requests = [{"PutRequest": {"Item": {"p": {"S": "a"}}}}, {"DeleteRequest": {"Key": {"p": {"S": "gone"}}}}]
        requests.append({"DeleteRequest": {"Key": {"p": {"S": "never"}}}})
        ddb.batch_write_item(RequestItems={table.name: requests})
        kinds = sorted((record["eventName"], record["dynamodb"]["Keys"]["p"]["S"]) for record in stream.all()[1:])
        assert kinds == [("INSERT", "a"), ("REMOVE", "gone")]


class TestOrder:
    """No reader misses a record, and those of one item come in the order of its changes."""

    def test_many_writers_and_readers(self, clients, world, table, stream):
        """Developer Guide: each record appears exactly once, and for each item in the sequence of its modifications. Readers follow the stream from its
        start while eight writers write to items of their own and to one they share."""
        count, writers = 40, 8

        def write(number):
            for step in range(count):
                table.put({"p": f"own-{number}", "step": step})
                table.update({"p": "shared"}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})

        start, done = stream.iterator("TRIM_HORIZON"), threading.Event()

        def follow():
            found, iterator = [], start
            while True:
                last = done.is_set()
                records, iterator = stream.read(iterator)
                found += records
                if last and not records:
                    return found

        with concurrent.futures.ThreadPoolExecutor(writers + 3) as pool:
            readers = [pool.submit(follow) for _ in range(3)]
            for writer in [pool.submit(write, number) for number in range(writers)]:
                writer.result()
            done.set()
            results = [reader.result() for reader in readers]
        for records in [*results, stream.all()]:
            numbers = [int(sequence(record)) for record in records]
            assert numbers == sorted(set(numbers)) and len(numbers) == 2 * count * writers
            images = [record["dynamodb"]["NewImage"] for record in records]
            shared = [int(image["n"]["N"]) for image in images if image["p"]["S"] == "shared"]
            assert shared == list(range(1, count * writers + 1))
            for number in range(writers):
                own = [int(image["step"]["N"]) for image in images if image["p"]["S"] == f"own-{number}"]
                assert own == list(range(count))


class TestIterators:
    """GetShardIterator and GetRecords."""

    def test_where_iterators_begin(self, table, stream):
        """TRIM_HORIZON: the oldest record; LATEST: behind the newest; AT and AFTER a sequence number."""
        table.put({"p": "a"})
        table.put({"p": "b"})
        latest = stream.iterator("LATEST")
        table.put({"p": "c"})
        first, second, third = stream.all()
        at = {"SequenceNumber": sequence(second)}
        assert stream.rest(latest)[0] == [third]
        assert stream.rest(stream.iterator("AT_SEQUENCE_NUMBER", **at))[0] == [second, third]
        assert stream.rest(stream.iterator("AFTER_SEQUENCE_NUMBER", **at))[0] == [third]
        start = stream.shard()["SequenceNumberRange"]
        assert "EndingSequenceNumber" not in start
        from_start = stream.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=start["StartingSequenceNumber"])
        assert stream.rest(from_start)[0] == [first, second, third]

    def test_at_a_moment(self, clock, table, stream):
        """AT_TIMESTAMP, which the model has: the first record at that moment or later."""
        table.put({"p": "a"})
        clock.advance(100)
        table.put({"p": "b"})
        moment = datetime.datetime.fromtimestamp(clock.now() - 50, datetime.timezone.utc)
        (record,) = stream.rest(stream.iterator("AT_TIMESTAMP", Timestamp=moment))[0]
        assert record["dynamodb"]["Keys"] == {"p": {"S": "b"}}

    def test_at_each_of_many_moments(self, clock, table, stream):
        """AT_TIMESTAMP, among records of many moments, some read before others were written: each moment has its first record."""
        moments = []
        for number in range(30):
            clock.advance(10)
            moments.append(clock.now())
            for twice in range(2):
                table.put({"p": f"{number}-{twice}"})
            if number % 4 == 0:
                stream.rest(stream.iterator("TRIM_HORIZON"))
        for number, moment in enumerate(moments):
            found = stream.rest(stream.iterator("AT_TIMESTAMP", Timestamp=datetime.datetime.fromtimestamp(moment - 5, datetime.timezone.utc)))[0]
            assert found[0]["dynamodb"]["Keys"] == {"p": {"S": f"{number}-0"}} and len(found) == 2 * (30 - number)
        later = stream.iterator("AT_TIMESTAMP", Timestamp=datetime.datetime.fromtimestamp(moments[-1] + 5, datetime.timezone.utc))
        assert stream.rest(later)[0] == []

    def test_an_iterator_can_be_used_again(self, table, stream):
        """An iterator names a place: what it gives twice is the same, and what comes later is behind it."""
        table.put({"p": "a"})
        iterator = stream.iterator("TRIM_HORIZON")
        (first,), behind = stream.read(iterator)
        assert stream.read(behind)[0] == []
        table.put({"p": "b"})
        (second,), _ = stream.read(behind)
        assert stream.rest(iterator)[0] == [first, second]

    def test_pages(self, table, stream):
        """GetRecords: at most Limit records."""
        for number in range(5):
            table.put({"p": str(number)})
        found, iterator = [], stream.iterator("TRIM_HORIZON")
        sizes = []
        for _ in range(4):
            records, iterator = stream.read(iterator, Limit=2)
            sizes.append(len(records))
            found += records
        assert sizes == [2, 2, 1, 0]
        assert found == stream.all()

    def test_a_page_has_a_megabyte(self, table, stream):
        """GetRecords: at most 1 MB of data, by the sizes of records."""
        for number in range(4):
            table.put({"p": str(number), "x": "x" * 390_000})
        first, iterator = stream.read(stream.iterator("TRIM_HORIZON"))
        second, _ = stream.read(iterator)
        assert (len(first), len(second)) == (2, 2)

    def test_a_page_has_a_thousand_records(self, ddb, table, stream):
        """GetRecords: at most 1,000 records; a greater Limit is refused."""
        for start in range(0, 1025, 25):
            requests = [{"PutRequest": {"Item": {"p": {"S": str(number)}}}} for number in range(start, start + 25)]
            ddb.batch_write_item(RequestItems={table.name: requests})
        first, iterator = stream.read(stream.iterator("TRIM_HORIZON"))
        second, _ = stream.read(iterator)
        assert (len(first), len(second)) == (1000, 25)
        with refused("ValidationException"):
            stream.read(iterator, Limit=1001)

    def test_an_iterator_expires(self, clock, table, stream):
        """GetRecords: "A shard iterator expires 15 minutes after it is retrieved"."""
        table.put({"p": "a"})
        iterator = stream.iterator("TRIM_HORIZON")
        clock.advance(15 * 60)
        assert len(stream.read(iterator)[0]) == 1
        clock.advance(1)
        with refused("ExpiredIteratorException"):
            stream.read(iterator)

    def test_what_is_refused(self, streams, table, stream):
        """ValidationException and ResourceNotFoundException of GetShardIterator and GetRecords."""
        table.put({"p": "a"})
        (record,) = stream.all()
        with refused("ValidationException"):
            stream.iterator("AT_SEQUENCE_NUMBER")
        with refused("ValidationException"):
            stream.iterator("LATEST", SequenceNumber=sequence(record))
        with refused("ValidationException"):
            stream.read("nothing that was ever given")
        shard = stream.shard()["ShardId"]
        with refused("ResourceNotFoundException", "Requested resource not found: Shard does not exist"):
            streams.get_shard_iterator(StreamArn=stream.arn, ShardId=shard[:-1] + "x", ShardIteratorType="LATEST")
        missing = stream.arn.replace(table.name, "missing")
        with refused("ResourceNotFoundException", f"Requested resource not found: Stream: {missing} not found"):
            streams.describe_stream(StreamArn=missing)
        with refused("ValidationException"):
            streams.describe_stream(StreamArn="x" * 40)


class TestRetention:
    """"All data in DynamoDB Streams is subject to a 24-hour lifetime."""

    def test_records_are_trimmed(self, clock, table, stream):
        """Records go after 24 hours; reading before the oldest that is left is a TrimmedDataAccessException."""
        table.put({"p": "a"})
        clock.advance(12 * 3600)
        table.put({"p": "b"})
        old, young = stream.all()
        clock.advance(12 * 3600 - 60)
        assert stream.all() == [old, young]
        clock.advance(120)
        assert stream.all() == [young]
        with refused("TrimmedDataAccessException"):
            stream.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=sequence(old))
        assert stream.rest(stream.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=sequence(old)))[0] == [young]
        start = stream.shard()["SequenceNumberRange"]["StartingSequenceNumber"]
        assert int(sequence(old)) < int(start) <= int(sequence(young))
        clock.advance(DAY)
        assert stream.all() == []

    def test_an_iterator_is_overtaken(self, clock, table, stream):
        """TrimmedDataAccessException: "You obtain a shard iterator, but before you use the iterator in a GetRecords request, a stream record in the shard
        exceeds the 24 hour period and is trimmed"."""
        table.put({"p": "a"})
        clock.advance(DAY - 300)
        iterator = stream.iterator("TRIM_HORIZON")
        clock.advance(600)
        with refused("TrimmedDataAccessException"):
            stream.read(iterator)

    def test_many_records_are_trimmed(self, ddb, clock, table, stream):
        """However many there are."""
        for start in range(0, 250, 25):
            requests = [{"PutRequest": {"Item": {"p": {"S": str(number)}}}} for number in range(start, start + 25)]
            ddb.batch_write_item(RequestItems={table.name: requests})
        clock.advance(DAY + 120)
        table.put({"p": "young"})
        assert len(stream.all()) == 1

    def test_a_disabled_stream_can_be_read_for_a_day(self, ddb, streams, clock, table, stream):
        """"If you disable a stream, any shards that are still open will be closed. The data in the stream continues to be readable for 24 hours."""
        table.put({"p": "a"})
        ahead = stream.iterator("LATEST")
        ddb.update_table(TableName=table.name, StreamSpecification={"StreamEnabled": False})
        table.put({"p": "b"})
        assert "StreamSpecification" not in table.describe()
        assert stream.describe()["StreamStatus"] == "DISABLED"
        assert stream.read(ahead) == ([], None)
        (record,), behind = stream.read(stream.iterator("TRIM_HORIZON"))
        assert behind is None
        assert int(sequence(record)) < int(stream.shard()["SequenceNumberRange"]["EndingSequenceNumber"])
        clock.advance(DAY - 60)
        assert len(stream.all()) == 1
        clock.advance(180)
        with refused("ResourceNotFoundException"):
            stream.describe()
        assert streams.list_streams(TableName=table.name)["Streams"] == []

    def test_the_stream_of_a_deleted_table(self, ddb, clock, table, stream):
        """A stream outlives its table for as long, and a new table of that name has nothing of it."""
        table.put({"p": "a"})
        ddb.delete_table(TableName=table.name)
        assert stream.describe()["StreamStatus"] == "DISABLED"
        assert len(stream.all()) == 1
        clock.advance(DAY + 120)
        with refused("ResourceNotFoundException"):
            stream.describe()


class TestSettings:
    """StreamSpecification, DescribeStream and ListStreams."""

    def test_enabled_and_disabled(self, ddb, clock, streams, plain, stream_of):
        """UpdateTable: "You receive a ValidationException if you try to enable a stream on a table that already has a stream, or if you try to
        disable a stream on a table that doesn't have a stream." Each has a label of its own, even within a millisecond."""
        change = lambda **asked: ddb.update_table(TableName=plain.name, StreamSpecification=asked)["TableDescription"]
        with refused("ValidationException", f"Table has no stream to disable: TableName: {plain.name}"):
            change(StreamEnabled=False)
        first = change(**enabled("KEYS_ONLY"))
        assert first["StreamSpecification"] == enabled("KEYS_ONLY")
        assert first["LatestStreamArn"].endswith(f"table/{plain.name}/stream/{first['LatestStreamLabel']}")
        with refused("ValidationException", f"Table already has an enabled stream: TableName: {plain.name}"):
            change(**enabled("NEW_IMAGE"))
        plain.put({"p": "a"})
        old = stream_of(plain)
        change(StreamEnabled=False)
        second = change(**enabled("NEW_IMAGE"))
        assert second["LatestStreamLabel"] != first["LatestStreamLabel"]
        arns = [stream["StreamArn"] for stream in streams.list_streams(TableName=plain.name)["Streams"]]
        assert arns == [first["LatestStreamArn"], second["LatestStreamArn"]]
        assert stream_of(plain).all() == [] and len(old.all()) == 1

    def test_described(self, clock, create, stream_of):
        """DescribeStream: key, view, moment, and a shard whose id has at most 65 characters."""
        table = create("p", "c:N", StreamSpecification=enabled("OLD_IMAGE"))
        stream = stream_of(table)
        told = stream.describe()
        assert (told["StreamStatus"], told["StreamViewType"], told["TableName"]) == ("ENABLED", "OLD_IMAGE", table.name)
        assert told["KeySchema"] == table.describe()["KeySchema"]
        assert told["StreamLabel"] == table.describe()["LatestStreamLabel"]
        assert abs(told["CreationRequestDateTime"].timestamp() - clock.now()) < 1
        shard = told["Shards"][0]["ShardId"]
        assert 28 <= len(shard) <= 65
        assert stream.describe(ExclusiveStartShardId=shard)["Shards"] == []
        assert stream.describe(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard})["Shards"] == []

    def test_forked_worlds(self, admin, world, clients, table, stream):
        """A fork has the stream with its records, and each world goes on by itself."""
        table.put({"p": "a"})
        behind = stream.rest(stream.iterator("TRIM_HORIZON"))[1]
        fork = f"{world}-fork"
        admin.fork(fork, world)
        table.put({"p": "here"})
        clients.world = fork
        try:
            table.put({"p": "there"})
            assert [record["dynamodb"]["Keys"]["p"]["S"] for record in stream.all()] == ["a", "there"]
            assert len(stream.read(behind)[0]) == 1
        finally:
            clients.world = world
            admin.drop(fork)
        assert [record["dynamodb"]["Keys"]["p"]["S"] for record in stream.all()] == ["a", "here"]
