"""Indexes of tables that live. Developer Guide, "Managing Global Secondary Indexes in DynamoDB"; API Reference, UpdateTable."""

import pytest

from harness.admin import Admin, Clock
from harness.clients import Clients
from harness.server import Server

from .conftest import Table, attribute, index
from .saying import refused_saying as refused

MANY = 1203


def change(table, *updates, attributes=(), **more):
    arguments = {"AttributeDefinitions": [attribute(name) for name in attributes]} if attributes else {}
    return table.ddb.update_table(TableName=table.name, GlobalSecondaryIndexUpdates=list(updates), **arguments, **more)


def add(table, name, *key, **more):
    return change(table, {"Create": index(name, *key, **more)}, attributes=key)


def indexes(table):
    return {found["IndexName"]: found for found in table.describe().get("GlobalSecondaryIndexes", [])}


def fill(table, items):
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": table.write(item)}} for item in items[start : start + 25]]
        table.ddb.batch_write_item(RequestItems={table.name: puts})


def scanned(table, name):
    pages = table.ddb.get_paginator("scan").paginate(TableName=table.name, IndexName=name)
    return [table.read(item) for page in pages for item in page["Items"]]


def test_an_index_is_filled_with_what_is_there(create, clock):
    """"Creating a global secondary index", Backfilling: items are read in steps and written to the index; those that do not fit stay out."""
    table = create("p")
    good = [{"p": f"{number}", "x": f"x{number}"} for number in range(MANY)]
    fill(table, good + [{"p": "none"}, {"p": "type", "x": 3}, {"p": "empty", "x": ""}, {"p": "long", "x": "x" * 2049}])
    told = add(table, "by-x", "x")["TableDescription"]
    assert told["TableStatus"] == "UPDATING"
    assert told["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    clock.advance(1)
    found = indexes(table)["by-x"]
    assert found["IndexStatus"] == "ACTIVE" and "Backfilling" not in found
    assert found["ItemCount"] == MANY
    assert sorted(item["p"] for item in scanned(table, "by-x")) == sorted(item["p"] for item in good)


def test_an_index_follows_items_that_did_not_fit(create):
    """An item that the index could not take comes into it when it is put with a value that fits, and goes with it."""
    table = create("p")
    table.put({"p": "a", "x": 3})
    add(table, "by-x", "x")
    with refused("ValidationException", "Type mismatch for Index Key x Expected: S Actual: N IndexName: by-x"):
        table.put({"p": "b", "x": 3})
    table.put({"p": "a", "x": "3"})
    assert [item["p"] for item in scanned(table, "by-x")] == ["a"]
    table.delete({"p": "a"})
    assert scanned(table, "by-x") == [] and indexes(table)["by-x"]["ItemCount"] == 0


def test_a_deleted_index_is_gone(create):
    """UpdateTable, Delete; the attribute is as free as before, and a new index of the name has nothing of the old one."""
    table = create("p")
    table.put({"p": "a", "x": "1"})
    add(table, "by-x", "x")
    told = change(table, {"Delete": {"IndexName": "by-x"}})["TableDescription"]
    assert told["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    assert indexes(table) == {}
    assert table.describe()["AttributeDefinitions"] == [attribute("p")]
    with refused("ValidationException", "The table does not have the specified index: by-x"):
        table.scan(IndexName="by-x")
    table.put({"p": "b", "x": 2})
    add(table, "by-x", "x:N")
    assert [item["p"] for item in scanned(table, "by-x")] == ["b"]


def test_one_index_at_a_time(create):
    """"You can create or delete only one global secondary index per UpdateTable operation." """
    table = create("p")
    with refused("LimitExceededException", "Only 1 online index can be created or deleted simultaneously per table"):
        change(table, {"Create": index("one", "x")}, {"Create": index("two", "x")}, attributes=("x",))
    with refused("ValidationException", "must be specified"):
        change(table, {})
    with refused("ValidationException", "Only one of"):
        change(table, {"Create": index("one", "x"), "Delete": {"IndexName": "two"}}, attributes=("x",))
    assert indexes(table) == {}


def test_what_cannot_be_added_or_deleted(create):
    """UpdateTable: AttributeDefinitions of the index's key are given, and agree with those before; names are new, or known."""
    table = create("p", "c", attributes=("x",), LocalSecondaryIndexes=[index("local", "p", "x")])
    with refused("ValidationException", "Some index key attributes are not defined in AttributeDefinitions"):
        change(table, {"Create": index("one", "x")})
    with refused("ValidationException", "Attributes cannot be redefined"):
        add(table, "one", "x:N")
    with refused("ValidationException", "Attempting to create an index which already exists"):
        add(table, "local", "x")
    with refused("ResourceNotFoundException"):
        change(table, {"Delete": {"IndexName": "none"}})
    with refused("ValidationException"):
        change(table, {"Delete": {"IndexName": "local"}})


def test_a_table_has_twenty(create):
    """Quotas: 20 global secondary indexes a table."""
    table = create("p")
    for number in range(20):
        add(table, f"index-{number}", "x")
    with refused("LimitExceededException", "Number of global secondary indexes exceeds per-table limit of 20"):
        add(table, "one-more", "x")


def test_throughput_of_an_index_changes(create):
    """UpdateTable, Update: provisioned throughput of an index; what does not change is refused."""
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    billing = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units}
    table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x", ProvisionedThroughput=units)], **billing)
    with refused("ValidationException", "The provisioned throughput for the index by-x will not change"):
        change(table, {"Update": {"IndexName": "by-x", "ProvisionedThroughput": units}})
    more = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 6}
    change(table, {"Update": {"IndexName": "by-x", "ProvisionedThroughput": more}})
    found = indexes(table)["by-x"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert (found["WarmThroughput"]["ReadUnitsPerSecond"], found["WarmThroughput"]["WriteUnitsPerSecond"]) == (7, 6)


def test_leaving_on_demand_names_each_index(create):
    """UpdateTable, BillingMode PROVISIONED: each global index needs its throughput."""
    table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    billing = {"TableName": table.name, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}
    with refused("ValidationException", "ProvisionedThroughput is not specified for index: by-x"):
        table.ddb.update_table(**billing)
    update = {"Update": {"IndexName": "by-x", "ProvisionedThroughput": units}}
    table.ddb.update_table(**billing, GlobalSecondaryIndexUpdates=[update])
    assert indexes(table)["by-x"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 6


def test_warm_throughput_only_rises(create):
    """"Understanding DynamoDB warm throughput": 12,000 and 4,000 on demand; it can be raised, not lowered."""
    table = create("p")
    warm = table.describe()["WarmThroughput"]
    assert (warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"]) == (12000, 4000)
    table.ddb.update_table(TableName=table.name, WarmThroughput={"ReadUnitsPerSecond": 15000})
    assert table.describe()["WarmThroughput"]["ReadUnitsPerSecond"] == 15000
    with refused("ValidationException"):
        table.ddb.update_table(TableName=table.name, WarmThroughput={"ReadUnitsPerSecond": 14000})


def test_an_index_of_several_attributes(create):
    """"Multi-attribute keys": up to four attributes in each half; existing items come into it by all of them."""
    table = create("p")
    fill(table, [{"p": f"{a}{b}{c}", "a": f"{a}", "b": b, "c": f"{c}"} for a in range(2) for b in range(3) for c in range(2)])
    table.put({"p": "partial", "a": "0", "b": 0})
    key = [{"AttributeName": name, "KeyType": kind} for name, kind in (("a", "HASH"), ("b", "HASH"), ("c", "RANGE"))]
    create = {"Create": {**index("abc", "a"), "KeySchema": key}}
    change(table, create, attributes=("a", "b:N", "c"))
    assert indexes(table)["abc"]["KeySchema"] == key and indexes(table)["abc"]["ItemCount"] == 12
    found = table.query("a = :a AND b = :b", {":a": "1", ":b": 2}, IndexName="abc")
    assert [item["p"] for item in table.items(found)] == ["120", "121"]


class TestStates:
    """States on the clock, where changes take time: DYNAMODB_TRANSITION_SECONDS."""

    @pytest.fixture
    def slow(self, clients, scratch):
        server = Server(environment={"DYNAMODB_TRANSITION_SECONDS": "60"}, cache=scratch).start()
        yield server
        server.stop()

    def test_an_index_passes_through_its_states(self, slow):
        """"Creating a global secondary index": Resource Allocation, then Backfilling. Meanwhile the index cannot be read, nor the table changed."""
        ddb, clock = Clients(slow.url).client("dynamodb"), Clock(Admin(slow.url))
        clock.freeze()
        ddb.create_table(TableName="slow", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}], AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST")
        clock.advance(61)
        table = Table(ddb, "slow")
        table.put({"p": "a", "x": "1"})
        add(table, "by-x", "x")
        assert table.describe()["TableStatus"] == "UPDATING"
        assert (indexes(table)["by-x"]["IndexStatus"], indexes(table)["by-x"]["Backfilling"]) == ("CREATING", False)
        with refused("ValidationException", "Cannot read from backfilling global secondary index: by-x"):
            table.scan(IndexName="by-x")
        with refused("ResourceInUseException"):
            add(table, "by-y", "y")
        table.put({"p": "b", "x": "2"})
        clock.advance(61)
        assert table.describe()["TableStatus"] == "ACTIVE" and indexes(table)["by-x"]["IndexStatus"] == "ACTIVE"
        assert sorted(item["p"] for item in scanned(table, "by-x")) == ["a", "b"]
        change(table, {"Delete": {"IndexName": "by-x"}})
        assert indexes(table)["by-x"]["IndexStatus"] == "DELETING"
        clock.advance(61)
        assert indexes(table) == {}
