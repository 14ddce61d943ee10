"""Items. API Reference: PutItem, GetItem, UpdateItem, DeleteItem, BatchWriteItem; Developer Guide: "Working with items"."""

from decimal import Decimal

import pytest

from harness.refusal import refused

from .conftest import index

WRONG = "One or more parameter values were invalid: "
KEY = {"p": {"S": "x"}}


class TestValues:
    """"Supported data types"."""

    def test_all_types_come_back(self, plain):
        """Scalars, documents and sets."""
        item = {
            "p": "x",
            "n": Decimal("-1.5"),
            "b": b"\x00\xff",
            "bool": False,
            "null": None,
            "list": [Decimal(1), {"deep": ["a", {}]}],
            "ss": {"a", "b"},
            "ns": {Decimal(1), Decimal(2)},
            "bs": {b"a"},
            "empty": "",
        }
        plain.put(item)
        assert plain.get({"p": "x"}) == item

    @pytest.mark.parametrize(
        "value, message",
        [
            ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
            (
                {"S": "a", "N": "1"},
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ),
            ({"N": "dog"}, "The parameter cannot be converted to a numeric value: dog"),
            ({"SS": []}, WRONG + "An string set  may not be empty"),
            ({"SS": ["a", "a"]}, WRONG + "Input collection [a, a] contains duplicates."),
            ({"NULL": False}, WRONG + "Null attribute value types must have the value of true"),
        ],
    )
    def test_what_is_no_value(self, ddb, plain, value, message):
        """AttributeValue: exactly one type, numbers that are numbers, sets with members that differ."""
        with refused("ValidationException", message):
            ddb.put_item(TableName=plain.name, Item={**KEY, "a": value})

    def test_nesting(self, plain):
        """Quotas: attributes nested up to 32 levels."""
        value = "x"
        for _ in range(31):
            value = [value]
        plain.put({"p": "x", "a": value})
        with refused("ValidationException", starts="Nesting Levels have exceeded supported limits"):
            plain.put({"p": "x", "a": [value]})

    def test_size(self, plain):
        """Quotas: an item has at most 400 KB, names included."""
        plain.put({"p": "x", "a": "y" * (400 * 1024 - 3)})
        with refused("ValidationException", "Item size has exceeded the maximum allowed size"):
            plain.put({"p": "x", "a": "y" * (400 * 1024 - 2)})
        with refused("ValidationException", "Item size to update has exceeded the maximum allowed size"):
            plain.update({"p": "x"}, UpdateExpression="SET b = :b", ExpressionAttributeValues={":b": {"S": ""}})


class TestKeys:
    """The key of an item."""

    @pytest.mark.parametrize(
        "item, message",
        [
            ({"c": {"N": "1"}}, WRONG + "Missing the key p in the item"),
            ({"p": {"N": "1"}, "c": {"N": "1"}}, WRONG + "Type mismatch for key p expected: S actual: N"),
            (
                {"p": {"S": ""}, "c": {"N": "1"}},
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p",
            ),
        ],
    )
    def test_items_have_their_key(self, ddb, sorted_table, item, message):
        """PutItem: all of the primary key, of the types of the schema."""
        with refused("ValidationException", message):
            ddb.put_item(TableName=sorted_table.name, Item=item)

    @pytest.mark.parametrize("key", [{"p": {"S": "x"}}, {**KEY, "c": {"S": "1"}}, {**KEY, "c": {"N": "1"}, "d": {"S": ""}}])
    def test_keys_are_whole(self, ddb, sorted_table, key):
        """Key: the attributes of the primary key and no other."""
        with refused("ValidationException", "The provided key element does not match the schema"):
            ddb.get_item(TableName=sorted_table.name, Key=key)

    def test_keys_of_indexes(self, create):
        """An attribute that is a key of an index has its type; an item without it is not in the index."""
        from .conftest import index

        table = create("p", attributes=["x"], GlobalSecondaryIndexes=[index("by-x", "x")])
        table.put({"p": "without"})
        assert table.scan(IndexName="by-x")["Count"] == 0
        message = WRONG + "Type mismatch for Index Key x Expected: S Actual: N IndexName: by-x"
        with refused("ValidationException", message):
            table.put({"p": "a", "x": 1})


class TestChanges:
    """Writes, and what they return."""

    def test_put_replaces(self, plain):
        """PutItem: the whole item is replaced; ALL_OLD returns what was."""
        assert "Attributes" not in plain.put({"p": "x", "a": 1}, ReturnValues="ALL_OLD")
        old = plain.put({"p": "x", "b": 2}, ReturnValues="ALL_OLD")["Attributes"]
        assert plain.read(old) == {"p": "x", "a": 1}
        assert plain.get({"p": "x"}) == {"p": "x", "b": 2}

    def test_delete_is_idempotent(self, plain):
        """DeleteItem: no error for an item that is not there."""
        plain.put({"p": "x"})
        assert "Attributes" in plain.delete({"p": "x"}, ReturnValues="ALL_OLD")
        assert "Attributes" not in plain.delete({"p": "x"}, ReturnValues="ALL_OLD")
        assert plain.get({"p": "x"}) is None

    def test_update(self, plain):
        """UpdateItem: creates the item if it is not there; UPDATED_NEW returns what changed."""
        answer = plain.update(
            {"p": "x"}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}}, ReturnValues="UPDATED_NEW"
        )
        assert answer["Attributes"] == {"n": {"N": "1"}}
        with refused("ValidationException", WRONG + "Cannot update attribute p. This attribute is part of the key"):
            plain.update({"p": "x"}, UpdateExpression="REMOVE p")
        plain.update({"p": "y"}, UpdateExpression="REMOVE a")
        assert plain.get({"p": "y"}) is None

    def test_conditions(self, plain):
        """ConditionExpression: the write is made or refused; ReturnValuesOnConditionCheckFailure returns the item."""
        plain.put({"p": "x", "a": 1})
        with refused("ConditionalCheckFailedException", "The conditional request failed") as caught:
            plain.put(
                {"p": "x"}, ConditionExpression="attribute_not_exists(p)", ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )
        assert caught.value.response["Item"] == {"p": {"S": "x"}, "a": {"N": "1"}}
        assert plain.get({"p": "x"}) == {"p": "x", "a": 1}

    def test_batches(self, ddb, sorted_table):
        """BatchWriteItem: puts and deletes; no two of one item."""
        put = lambda number: {"PutRequest": {"Item": {**KEY, "c": {"N": str(number)}}}}
        ddb.batch_write_item(RequestItems={sorted_table.name: [put(number) for number in range(25)]})
        delete = {"DeleteRequest": {"Key": {**KEY, "c": {"N": "0"}}}}
        ddb.batch_write_item(RequestItems={sorted_table.name: [delete, put(25)]})
        assert sorted_table.scan()["Count"] == 25
        with refused("ValidationException", "Provided list of item keys contains duplicates"):
            ddb.batch_write_item(RequestItems={sorted_table.name: [put(1), put("1.0")]})


class TestCapacity:
    """ReturnConsumedCapacity: "DynamoDB read and write operations"."""

    @pytest.mark.parametrize("size, reads, writes", [(0, 1, 1), (1000, 1, 1), (1100, 1, 2), (4100, 2, 5)])
    def test_units(self, plain, size, reads, writes):
        """A read unit is 4 KB, a write unit 1 KB; eventually consistent reads cost half."""
        told = {"ReturnConsumedCapacity": "TOTAL"}
        answer = plain.put({"p": "x", "a": "y" * size}, **told)
        assert answer["ConsumedCapacity"] == {"TableName": plain.name, "CapacityUnits": writes}
        for consistent, units in ((True, reads), (False, reads / 2)):
            answer = plain.ddb.get_item(TableName=plain.name, Key=KEY, ConsistentRead=consistent, **told)
            assert answer["ConsumedCapacity"]["CapacityUnits"] == units

    def test_indexes(self, create):
        """INDEXES: what each index that a write changes consumes; a change of its key is two writes."""
        from .conftest import index

        table = create("p", attributes=["x"], GlobalSecondaryIndexes=[index("by-x", "x", projection="KEYS_ONLY")])

        def units(item):
            told = table.put(item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
            return told["Table"]["CapacityUnits"], told.get("GlobalSecondaryIndexes", {}).get("by-x", {}).get("CapacityUnits")

        assert units({"p": "a"}) == (1, None)
        assert units({"p": "a", "x": "1"}) == (1, 1)
        assert units({"p": "a", "x": "1", "y": "1"}) == (1, None)
        assert units({"p": "a", "x": "2"}) == (1, 2)
