"""Throughput that is not exceeded, with `--physics capacity`. Developer Guide: "Burst and adaptive capacity", "Provisioned capacity mode",
"DynamoDB maximum throughput for on-demand tables"."""

import itertools
import json
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError

from harness.admin import Admin, AdminError, Clock
from harness.clients import Clients
from harness.refusal import refused
from harness.server import Server, binary, clean_environment

from .conftest import index

TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API."
)
MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
KEY = {"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
EXCEEDED = "ProvisionedThroughputExceededException"


@pytest.fixture(scope="module")
def server(variant, tmp_path_factory, scratch):
    """A server of this module's own, which is told that capacity bites."""
    data = str(tmp_path_factory.mktemp("physics"))
    options = {"disk": ["--data", data], "chaos": ["--store", "chaos"]}.get(variant, [])
    running = Server(*options, cache=scratch, environment={"KUMOI_PHYSICS": "capacity"}).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def clients(server):
    return Clients(server.url)


@pytest.fixture(scope="module")
def admin(server):
    return Admin(server.url)


@pytest.fixture(autouse=True)
def frozen(clock):
    """Nothing flows in but what a test lets in."""


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


@pytest.fixture
def narrow(create):
    """Five reads and five writes a second."""
    return create("p", ProvisionedThroughput=units(5, 5))


def until_refused(call, most=5000):
    """How often a call is answered until it is refused, and the refusal."""
    for number in range(most):
        try:
            call()
        except ClientError as error:
            assert error.response["Error"]["Code"] in (EXCEEDED, "ThrottlingException"), error
            return number, error.response
    raise AssertionError(f"{most} calls were all answered")


def reads(table, key="x", **more):
    return until_refused(lambda: table.get({"p": key}, **more))


def writes(table, **attributes):
    return until_refused(lambda: table.put({"p": "x", **attributes}))


def put(p):
    return {"PutRequest": {"Item": {"p": {"S": p}}}}


class TestOneItem:
    def test_a_second_has_the_units_that_were_provisioned(self, narrow, clock):
        """"One write capacity unit represents one write per second": the sixth is refused, and a second later there are five more."""
        number, error = writes(narrow)
        assert number == 5
        assert error["Error"]["Message"] == TABLE
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
        clock.advance(1)
        assert writes(narrow)[0] == 5
        clock.advance("PT0.4S")
        assert writes(narrow)[0] == 2

    def test_the_refusal_says_what_was_exceeded(self, narrow, arn_of):
        """API Reference, ThrottlingReason: resource type, operation and limit, and the ARN."""
        arn = arn_of(narrow.name)
        assert writes(narrow)[1]["ThrottlingReasons"] == [{"reason": "TableWriteProvisionedThroughputExceeded", "resource": arn}]
        assert reads(narrow)[1]["ThrottlingReasons"] == [{"reason": "TableReadProvisionedThroughputExceeded", "resource": arn}]

    def test_reads_and_writes_have_units_of_their_own(self, narrow):
        """A strongly consistent read takes a unit, an eventually consistent one half of one."""
        assert writes(narrow)[0] == 5
        assert reads(narrow, ConsistentRead=True)[0] == 5
        with refused(EXCEEDED, TABLE):
            narrow.scan()

    def test_an_eventually_consistent_read_takes_half_a_unit(self, narrow):
        assert reads(narrow)[0] == 10

    def test_every_way_to_write_is_refused(self, ddb, narrow):
        writes(narrow)
        with refused(EXCEEDED, TABLE):
            narrow.delete({"p": "x"})
        with refused(EXCEEDED, TABLE):
            narrow.update({"p": "x"}, UpdateExpression="REMOVE a")
        with refused(EXCEEDED, TABLE):
            ddb.execute_statement(Statement=f"""INSERT INTO "{narrow.name}" VALUE {{'p': 'y'}}""")
        with refused(EXCEEDED, TABLE):
            narrow.put({"p": "x"}, ConditionExpression="attribute_not_exists(p)")
        assert narrow.get({"p": "x"}) == {"p": "x"} and narrow.get({"p": "y"}) is None

    def test_what_is_larger_than_the_rate_is_paid_off(self, narrow, clock):
        """A write of 20 KB takes 20 units; five a second flow in, so that it takes four seconds until the next."""
        narrow.put({"p": "x", "a": "a" * (20 * 1024 - 3)})
        clock.advance(3)
        with refused(EXCEEDED, TABLE):
            narrow.put({"p": "y"})
        clock.advance("PT0.2S")
        narrow.put({"p": "y"})


class TestBurst:
    @pytest.fixture
    def slow(self, create):
        """One read and one write a second."""
        return create("p", ProvisionedThroughput=units(1, 1))

    def test_five_minutes_of_unused_capacity_are_kept(self, slow, clock):
        """"DynamoDB currently retains up to five minutes (300 seconds) of unused read and write capacity"."""
        assert writes(slow)[0] == 1
        clock.advance(20)
        assert writes(slow)[0] == 20
        clock.advance(86_400)
        assert writes(slow)[0] == 300

    def test_a_full_bucket_holds_no_more_for_being_used(self, slow, clock):
        """A table that is hardly used is full, and stays so."""
        for _ in range(3):
            clock.advance(400)
            slow.put({"p": "x"})
        assert writes(slow)[0] == 299

    def test_a_change_of_throughput_counts_from_its_moment(self, ddb, narrow, clock):
        """UpdateTable to ten writes: what flows in from then on flows in at the new rate."""
        assert writes(narrow)[0] == 5
        clock.advance(2)
        ddb.update_table(TableName=narrow.name, ProvisionedThroughput=units(5, 10))
        clock.advance(3)
        assert writes(narrow)[0] == 2 * 5 + 3 * 10


class TestIndexes:
    @pytest.fixture
    def indexed(self, create):
        wide = index("wide", "b", ProvisionedThroughput=units(100, 100))
        thin = index("thin", "a", ProvisionedThroughput=units(2, 2))
        return create("p", attributes=("a", "b"), ProvisionedThroughput=units(100, 100), GlobalSecondaryIndexes=[wide, thin])

    def test_a_write_needs_capacity_in_every_index_that_it_changes(self, indexed, arn_of):
        """"the provisioned write throughput settings for the table and all of its global secondary indexes must have enough write capacity"."""
        numbers = itertools.count()
        number, error = until_refused(lambda: indexed.put({"p": str(next(numbers)), "a": "x", "b": "x"}))
        assert (number, error["Error"]["Message"]) == (2, INDEX)
        assert error["ThrottlingReasons"] == [
            {"reason": "IndexWriteProvisionedThroughputExceeded", "resource": f"{arn_of(indexed.name)}/index/thin"}
        ]

    def test_a_query_of_an_index_takes_from_the_index(self, indexed):
        indexed.put({"p": "x", "a": "x", "b": "x"})
        query = lambda name: indexed.query(f"{name} = :x", {":x": "x"}, IndexName={"a": "thin", "b": "wide"}[name])
        number, error = until_refused(lambda: query("a"))
        assert (number, error["Error"]["Message"]) == (4, INDEX)
        assert query("b")["Count"] == 1
        assert indexed.get({"p": "x"}) is not None


class TestBatches:
    def test_what_finds_no_capacity_is_unprocessed(self, ddb, narrow, clock):
        """"If you request more ... the operation ... returns the unprocessed items"; nothing of them is written."""
        asked = [put(str(number)) for number in range(8)]
        answer = ddb.batch_write_item(RequestItems={narrow.name: asked}, ReturnConsumedCapacity="TOTAL")
        assert answer["UnprocessedItems"] == {narrow.name: asked[5:]}
        assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 5
        clock.advance(1)
        assert ddb.batch_write_item(RequestItems=answer["UnprocessedItems"])["UnprocessedItems"] == {}
        assert narrow.scan()["Count"] == 8

    def test_deletes_come_back_as_deletes(self, ddb, narrow):
        asked = [{"DeleteRequest": {"Key": {"p": {"S": str(number)}}}} for number in range(6)]
        assert ddb.batch_write_item(RequestItems={narrow.name: asked})["UnprocessedItems"] == {narrow.name: asked[5:]}

    def test_keys_that_find_no_capacity_are_unprocessed(self, ddb, narrow):
        """"UnprocessedKeys ... is in the same form as RequestItems"."""
        keys = [{"p": {"S": str(number)}} for number in range(8)]
        answer = ddb.batch_get_item(RequestItems={narrow.name: {"Keys": keys, "ConsistentRead": True}})
        assert answer["UnprocessedKeys"] == {narrow.name: {"Keys": keys[5:], "ConsistentRead": True}}

    def test_a_batch_of_which_nothing_is_processed_is_refused(self, ddb, narrow):
        """"If none of the items can be processed due to insufficient provisioned throughput on all of the tables in the request"."""
        writes(narrow), reads(narrow)
        with refused(EXCEEDED, TABLE):
            ddb.batch_write_item(RequestItems={narrow.name: [put("a")]})
        with refused(EXCEEDED, TABLE):
            ddb.batch_get_item(RequestItems={narrow.name: {"Keys": [{"p": {"S": "a"}}]}})

    def test_one_table_goes_on_without_the_other(self, ddb, narrow, create):
        other = create("p", ProvisionedThroughput=units(5, 5))
        writes(narrow)
        answer = ddb.batch_write_item(RequestItems={narrow.name: [put("a")], other.name: [put("a")]})
        assert answer["UnprocessedItems"] == {narrow.name: [put("a")]}
        assert other.get({"p": "a"}) == {"p": "a"}

    def test_statements_fail_one_by_one(self, ddb, narrow):
        insert = lambda p: {"Statement": f"""INSERT INTO "{narrow.name}" VALUE {{'p': '{p}'}}"""}
        answer = ddb.batch_execute_statement(Statements=[insert(number) for number in range(6)])
        assert [("Error" in response) for response in answer["Responses"]] == [False] * 5 + [True]
        assert answer["Responses"][5]["Error"] == {"Code": "ProvisionedThroughputExceeded", "Message": TABLE}


class TestTransactions:
    def test_writes_take_the_double(self, ddb, create):
        """"two underlying reads or writes of every item in the transaction": two items take four units."""
        table = create("p", ProvisionedThroughput=units(5, 4))
        ddb.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": {"S": p}}}} for p in "ab"])
        with refused(EXCEEDED, TABLE):
            table.put({"p": "c"})

    def test_a_transaction_is_cancelled_with_a_reason(self, ddb, narrow, create):
        """API Reference, TransactionCanceledException: ProvisionedThroughputExceeded."""
        other = create("p", ProvisionedThroughput=units(5, 5))
        writes(narrow), reads(narrow)
        with refused("TransactionCanceledException") as caught:
            items = [{"Put": {"TableName": table.name, "Item": {"p": {"S": "new"}}}} for table in (other, narrow)]
            ddb.transact_write_items(TransactItems=items)
        self.check(caught)
        assert other.get({"p": "new"}) is None
        with refused("TransactionCanceledException") as caught:
            ddb.transact_get_items(TransactItems=[{"Get": {"TableName": t.name, "Key": {"p": {"S": "x"}}}} for t in (other, narrow)])
        self.check(caught)
        with refused("TransactionCanceledException") as caught:
            select = lambda table: {"Statement": f"""SELECT * FROM "{table.name}" WHERE p = 'x'"""}
            ddb.execute_transaction(TransactStatements=[select(other), select(narrow)])
        self.check(caught)

    def check(self, caught):
        response = caught.value.response
        assert response["CancellationReasons"] == [{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded", "Message": TABLE}]
        assert response["Error"]["Message"].endswith("[None, ProvisionedThroughputExceeded]")


class TestOnDemand:
    def test_there_is_no_bound_unless_one_was_set(self, ddb, create):
        plain = create("p")
        for _ in range(5):
            ddb.batch_write_item(RequestItems={plain.name: [put(str(number)) for number in range(25)]})
        assert plain.scan()["Count"] == 25

    def test_the_maximum_throttles(self, ddb, create, clock, arn_of):
        """"throughput requests that exceed the maximum amount specified will be throttled": ThrottlingException, and its reason."""
        table = create("p", OnDemandThroughput={"MaxWriteRequestUnits": 3})
        number, error = writes(table)
        assert number == 3
        assert (error["Error"]["Code"], error["Error"]["Message"]) == ("ThrottlingException", MAXIMUM)
        assert error["throttlingReasons"] == [{"reason": "TableWriteMaxOnDemandThroughputExceeded", "resource": arn_of(table.name)}]
        assert table.get({"p": "x"}) == {"p": "x"}
        with refused("TransactionCanceledException") as caught:
            ddb.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": {"S": "new"}}}}])
        assert caught.value.response["CancellationReasons"] == [{"Code": "ThrottlingError", "Message": MAXIMUM}]
        clock.advance(1)
        assert writes(table)[0] == 3


def test_a_new_table_of_a_name_has_capacity_of_its_own(ddb, narrow, create):
    writes(narrow)
    ddb.delete_table(TableName=narrow.name)
    assert writes(create("p", name=narrow.name, ProvisionedThroughput=units(5, 5)))[0] == 5


def test_writers_at_a_time_exceed_it_by_little_and_none_fails(clients, create):
    """Each of eight clients may come between another's look and its taking; none gets any other answer than these two."""
    table, done, odd = create("p", ProvisionedThroughput=units(5, 50)), [], []

    def write(who):
        for number in range(20):
            try:
                table.put({"p": f"{who}-{number}"})
                done.append(who)
            except ClientError as error:
                if error.response["Error"]["Code"] != EXCEEDED:
                    odd.append(error)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not odd
    assert 50 <= len(done) < 50 + len(threads)


def test_the_server_says_that_capacity_bites(server, admin):
    """At the start, in the settings, and in `kumoi status`."""
    assert any("physics: capacity" in line for line in server.printed)
    assert admin.get("settings")["physics"] == ["capacity"]
    status = subprocess.run([binary(), "status", "--endpoint", server.url], capture_output=True, text=True, env=clean_environment())
    assert "physics  capacity" in status.stdout, status


def test_nothing_bites_by_default(scratch):
    with_none = Server(cache=scratch).start()
    try:
        ddb = Clients(with_none.url).client("dynamodb")
        ddb.create_table(TableName="free", ProvisionedThroughput=units(1, 1), **KEY)
        for _ in range(50):
            ddb.put_item(TableName="free", Item={"p": {"S": "x"}})
        assert Admin(with_none.url).get("settings")["physics"] == []
    finally:
        with_none.stop()


class TestOneTable:
    """The admin API has one table bounded, or not, whatever the server was told."""

    def set(self, here, name, capacity, service="dynamodb"):
        return json.loads(here.call("PUT", f"physics/{service}/{name}", {} if capacity is None else {"capacity": capacity}))

    def test_a_table_is_left_alone(self, here, narrow):
        writes(narrow)
        assert self.set(here, narrow.name, False)["capacity"] is False
        for _ in range(20):
            narrow.put({"p": "x"})
        assert self.set(here, narrow.name, None)["capacity"] is True
        with refused(EXCEEDED, TABLE):
            narrow.put({"p": "x"})

    def test_a_table_is_bounded_where_the_server_bounds_none(self, scratch):
        with_none = Server(cache=scratch).start()
        try:
            admin, ddb = Admin(with_none.url), Clients(with_none.url).client("dynamodb")
            Clock(admin).freeze()
            for name in ("free", "bound"):
                ddb.create_table(TableName=name, ProvisionedThroughput=units(5, 5), **KEY)
            self.set(admin, "bound", True)
            write = lambda name: ddb.put_item(TableName=name, Item={"p": {"S": "x"}})
            assert until_refused(lambda: write("bound"))[0] == 5
            for _ in range(20):
                write("free")
        finally:
            with_none.stop()

    def test_what_there_is_not_cannot_be_bounded(self, here):
        for service, status in (("dynamodb", 400), ("sqs", 501), ("nowhere", 404)):
            with pytest.raises(AdminError) as caught:
                self.set(here, "nothing", True, service)
            assert caught.value.status == status, caught.value
