"""Random changes of a table by many writers, and what must be true of it whenever they rest."""

import collections
import random
import threading

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from .conftest import attribute, index, schema

PARTITIONS = [f"p{number}" for number in range(5)]
SORTS = range(12)
WRITERS = 6

# What writers meet when indexes come and go under them: a value that cannot be in a new index's key, a condition that fails, another transaction.
EXPECTED = {"ValidationException", "ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException"}

# Global indexes that come and go. Many items have another type in `w`, so that they stay out.
COMING = [("by-w", ("w",), "ALL"), ("by-w-y", ("w", "y:N"), "KEYS_ONLY"), ("by-t", ("t:N", "p"), ["x"])]


def plain(value):
    return {name: TypeDeserializer().deserialize(value) for name, value in value.items()}


def wired(item):
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def fits(name, key, item):
    """Whether an index with that key has an item."""
    kinds = {"": str, "S": str, "N": object}
    for part in key:
        part, _, kind = part.partition(":")
        if part not in item or isinstance(item[part], str) != (kinds[kind] is str):
            return False
    return True


def projected(item, key, projection):
    if projection == "ALL":
        return item
    kept = {"p", "c", *(part.partition(":")[0] for part in key)} | (set(projection) if isinstance(projection, list) else set())
    return {name: value for name, value in item.items() if name in kept}


def comparable(items):
    return sorted(sorted(item.items(), key=str) for item in items)


class Changes:
    """A table with two global indexes, a local one, and a stream of both images."""

    GLOBALS = [("by-x", ("x", "y:N"), ["a"]), ("by-y", ("y:N",), "ALL")]
    LOCALS = [("by-z", ("p", "z"), "KEYS_ONLY")]
    NAME = "changing"

    def __init__(self, seed):
        self.seed = seed
        self.dice = random.Random(seed)
        self.round = 0
        self.coming = None
        self.iterator, self.followed = None, []

    def reach(self, ddb, streams, clock):
        self.ddb, self.streams, self.clock = ddb, streams, clock

    def create(self, filled):
        """Makes the table, with so many items besides those that the writers change."""
        made = lambda found: [index(name, *key, projection=projection) for name, key, projection in found]
        description = self.ddb.create_table(
            TableName=self.NAME,
            KeySchema=schema("p", "c:N"),
            AttributeDefinitions=[attribute(name) for name in ("p", "c:N", "x", "y:N", "z")],
            GlobalSecondaryIndexes=made(self.GLOBALS),
            LocalSecondaryIndexes=made(self.LOCALS),
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.arn = description["TableDescription"]["LatestStreamArn"]
        self.ddb.update_time_to_live(TableName=self.NAME, TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True})
        self.now = int(self.clock.now())
        for start in range(0, filled, 25):
            items = [self.item(self.dice, f"f{number}", 0) for number in range(start, min(filled, start + 25))]
            self.ddb.batch_write_item(RequestItems={self.NAME: [{"PutRequest": {"Item": item}} for item in items]})

    # What writers do.

    def item(self, dice, partition, sort):
        item = {"p": partition, "c": sort, "a": dice.randrange(1000)}
        if dice.random() < 0.8:
            item["x"] = dice.choice("uvw")
        if dice.random() < 0.8:
            item["y"] = dice.randrange(-5, 5)
        if dice.random() < 0.6:
            item["z"] = dice.choice("klm")
        if dice.random() < 0.7:
            item["w"] = dice.choice(["s", "t", "u", 7])
        if dice.random() < 0.5:
            item["t"] = dice.choice([dice.randrange(9), "none"])
        if dice.random() < 0.3:
            item["ttl"] = self.now + dice.randrange(1, 200)
        return wired(item)

    def update(self, dice):
        name = dice.choice("xyzwat")
        if dice.random() < 0.3:
            return {"UpdateExpression": "REMOVE #n", "ExpressionAttributeNames": {"#n": name}}
        value = {"y": dice.randrange(-5, 5), "a": dice.randrange(1000), "t": dice.randrange(9)}.get(name, dice.choice("klmst"))
        return {
            "UpdateExpression": "SET #n = :v",
            "ExpressionAttributeNames": {"#n": name},
            "ExpressionAttributeValues": wired({":v": value}),
        }

    def keys(self, dice, number):
        places = [(partition, sort) for partition in PARTITIONS for sort in SORTS]
        return dice.sample(places, number)

    def change(self, ddb, dice):
        """One request."""
        kind, table = dice.random(), {"TableName": self.NAME}
        many = self.keys(dice, 4)
        partition, sort = many[0]
        key = lambda place: wired({"p": place[0], "c": place[1]})
        if kind < 0.3:
            ddb.put_item(**table, Item=self.item(dice, partition, sort))
        elif kind < 0.5:
            ddb.update_item(**table, Key=key(many[0]), **self.update(dice))
        elif kind < 0.65:
            ddb.delete_item(**table, Key=key(many[0]))
        elif kind < 0.75:
            half = [{"PutRequest": {"Item": self.item(dice, *place)}} for place in many[:2]]
            half += [{"DeleteRequest": {"Key": key(place)}} for place in many[2:]]
            ddb.batch_write_item(RequestItems={self.NAME: half})
        elif kind < 0.9:
            there = {"ConditionExpression": "attribute_not_exists(p) OR a < :most", "ExpressionAttributeValues": wired({":most": 900})}
            ddb.transact_write_items(
                TransactItems=[
                    {"Put": {**table, "Item": self.item(dice, *many[0])}},
                    {"Update": {**table, "Key": key(many[1]), **self.update(dice)}},
                    {"Delete": {**table, "Key": key(many[2])}},
                    {"ConditionCheck": {**table, "Key": key(many[3]), **there}},
                ]
            )
        else:
            statement = dice.choice([f'DELETE FROM "{self.NAME}" WHERE p = ? AND c = ?', f"UPDATE \"{self.NAME}\" SET z = 'q' WHERE p = ? AND c = ?"])
            ddb.execute_statement(Statement=statement, Parameters=list(key(many[0]).values()))

    def disturb(self, turns, meanwhile=lambda: None):
        """Writers make that many changes each, while `meanwhile` runs. A server that goes away ends them."""
        self.round += 1
        failures = []

        def write(number, ddb):
            dice = random.Random(f"{self.seed}-{self.round}-{number}")
            for _ in range(turns):
                try:
                    self.change(ddb, dice)
                except BotoCoreError:
                    return
                except ClientError as error:
                    if error.response["Error"]["Code"] not in EXPECTED:
                        failures.append(error)
                        return

        writers = [threading.Thread(target=write, args=(number, self.ddb)) for number in range(WRITERS)]
        def follow():
            while any(writer.is_alive() for writer in writers):
                try:
                    self.follow()
                except BotoCoreError:
                    return

        reader = threading.Thread(target=follow)
        for thread in (*writers, reader):
            thread.start()
        try:
            meanwhile()
        finally:
            for thread in (*writers, reader):
                thread.join()
        assert not failures, failures

    def follow(self):
        """Reads on in the stream; whether there was anything."""
        self.iterator = self.iterator or self.start()
        answer = self.streams.get_records(ShardIterator=self.iterator, Limit=50)
        self.followed += answer["Records"]
        self.iterator = answer["NextShardIterator"]
        return answer["Records"] != []

    def swap(self):
        """The index that came goes, and another one comes, which is then filled."""
        if self.coming:
            self.ddb.update_table(TableName=self.NAME, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": self.coming[0]}}])
            self.coming = None
        name, key, projection = self.dice.choice(COMING)
        # Names attributes of the table, too, which stay as they are.
        self.ddb.update_table(
            TableName=self.NAME,
            AttributeDefinitions=[attribute(part) for part in key],
            GlobalSecondaryIndexUpdates=[{"Create": index(name, *key, projection=projection)}],
        )
        self.coming = (name, key, projection)

    # What must hold.

    def items(self, **more):
        pages = self.ddb.get_paginator("scan").paginate(TableName=self.NAME, **more)
        return [plain(item) for page in pages for item in page["Items"]]

    def check_indexes(self):
        """Each index has what the table's items make of it, neither more nor less, as a whole, in each of its partitions, and by number."""
        items = self.items()
        description = self.ddb.describe_table(TableName=self.NAME)["Table"]
        assert description["ItemCount"] == len(items)
        counts = {one["IndexName"]: one for kind in ("Global", "Local") for one in description[f"{kind}SecondaryIndexes"]}
        expected = [*self.GLOBALS, *self.LOCALS, *([self.coming] if self.coming else [])]
        assert sorted(counts) == sorted(name for name, _, _ in expected)
        for name, key, projection in expected:
            wanted = [item for item in items if fits(name, key, item)]
            found = self.items(IndexName=name, PaginationConfig={"PageSize": self.dice.randrange(20, 400)})
            assert comparable(found) == comparable(projected(item, key, projection) for item in wanted), name
            assert counts[name]["ItemCount"] == len(wanted), name
            self.check_partitions(name, key, projection, wanted)
        return items

    def check_partitions(self, name, key, projection, wanted):
        first, second = key[0].partition(":")[0], key[1].partition(":")[0] if len(key) > 1 else None
        partitions = collections.defaultdict(list)
        for item in wanted:
            partitions[item[first]].append(item)
        for partition, inside in list(partitions.items())[:20]:
            pages = self.ddb.get_paginator("query").paginate(
                TableName=self.NAME,
                IndexName=name,
                KeyConditionExpression="#f = :v",
                ExpressionAttributeNames={"#f": first},
                ExpressionAttributeValues=wired({":v": partition}),
                PaginationConfig={"PageSize": 50},
            )
            found = [plain(item) for page in pages for item in page["Items"]]
            assert comparable(found) == comparable(projected(item, key, projection) for item in inside), (name, partition)
            if second:
                order = [item[second] for item in found]
                assert order == sorted(order), (name, partition)

    def start(self):
        shard = self.streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = {"StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        return self.streams.get_shard_iterator(**start)["ShardIterator"]

    def records(self):
        iterator, found = self.start(), []
        while True:
            answer = self.streams.get_records(ShardIterator=iterator)
            found += answer["Records"]
            iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                return found

    def check_stream(self, items):
        """The stream is the table's history: each record begins with what the one before it left of the item, and the last ones leave what is there. Who
        read along with the writers has seen the same."""
        state, ids, numbers = {}, set(), []
        records = self.records()
        while self.follow():
            pass
        assert self.followed == records
        for record in records:
            change = record["dynamodb"]
            key = tuple(plain(change["Keys"]).items())
            old, new = change.get("OldImage"), change.get("NewImage")
            assert old == state.get(key), record
            assert old != new, record
            event = {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}[old is not None, new is not None]
            assert record["eventName"] == event
            state[key] = new
            ids.add(record["eventID"])
            numbers.append(int(change["SequenceNumber"]))
        assert len(ids) == len(numbers) and numbers == sorted(set(numbers))
        assert comparable(plain(item) for item in state.values() if item) == comparable(items)

    def check_expired(self, items):
        """Nothing is there whose time has passed."""
        now = self.clock.now()
        assert [item for item in items if item.get("ttl", now) < int(now)] == []

    def check(self):
        items = self.check_indexes()
        self.check_stream(items)
        self.check_expired(items)
        return items
