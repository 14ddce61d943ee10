"""Batches. API Reference: BatchGetItem, BatchWriteItem."""

import pytest

from harness.refusal import refused

from .conftest import index

DUPLICATES = "Provided list of item keys contains duplicates"
MISMATCH = "The provided key element does not match the schema"
EMPTY = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p"


def put(**attributes):
    return {"PutRequest": {"Item": {name: {"S": value} for name, value in attributes.items()}}}


def delete(p):
    return {"DeleteRequest": {"Key": {"p": {"S": p}}}}


def keys(*names):
    return [{"p": {"S": name}} for name in names]


class TestBatchWriteItem:
    def test_puts_and_deletes_in_several_tables(self, ddb, create):
        """"puts or deletes multiple items in one or more tables"."""
        first, second = create("p"), create("p")
        first.put({"p": "old"})
        second.put({"p": "a", "kept": "no"})
        answer = ddb.batch_write_item(RequestItems={first.name: [put(p="a"), delete("old")], second.name: [put(p="a", b="c")]})
        assert answer["UnprocessedItems"] == {}
        assert "ConsumedCapacity" not in answer and "ItemCollectionMetrics" not in answer
        assert first.get({"p": "a"}) == {"p": "a"} and first.get({"p": "old"}) is None
        assert second.get({"p": "a"}) == {"p": "a", "b": "c"}

    def test_nothing_is_written_when_a_request_is_wrong(self, ddb, plain):
        """"DynamoDB rejects the entire batch write operation": an item that is too large, a key twice, a key that is none, no such table."""
        for wrong, message in [
            ([put(p="x"), put(p="x", a="b")], DUPLICATES),
            ([put(p="x"), delete("x")], DUPLICATES),
            ([put(p="x"), put(a="b")], MISMATCH),
            ([put(p="x"), {"PutRequest": {"Item": {"p": {"N": "1"}}}}], MISMATCH),
            ([put(p="x"), {"DeleteRequest": {"Key": {"a": {"S": "b"}}}}], MISMATCH),
            ([put(p="x"), put(p="")], EMPTY),
            ([put(p="x"), put(p="y", a="z" * 400 * 1024)], "Item size has exceeded the maximum allowed size"),
        ]:
            with refused("ValidationException", message):
                ddb.batch_write_item(RequestItems={plain.name: wrong})
        with refused("ResourceNotFoundException", "Requested resource not found"):
            ddb.batch_write_item(RequestItems={plain.name: [put(p="x")], "zzz-nowhere": [put(p="x")]})
        assert plain.get({"p": "x"}) is None

    def test_one_number_written_in_two_ways_is_one_key(self, ddb, create):
        """Numbers are keys by their values."""
        table = create("p:N")
        with refused("ValidationException", DUPLICATES):
            ddb.batch_write_item(RequestItems={table.name: [{"PutRequest": {"Item": {"p": {"N": n}}}} for n in ("1000", "1e3")]})

    def test_25_requests_in_all_tables_together(self, ddb, create):
        """"as many as 25 put or delete requests"."""
        first, second = create("p"), create("p")
        many = [put(p=str(number)) for number in range(13)]
        ddb.batch_write_item(RequestItems={first.name: many, second.name: many[:12]})
        with refused("ValidationException", "Too many items requested for the BatchWriteItem call"):
            ddb.batch_write_item(RequestItems={first.name: many, second.name: many})

    @pytest.mark.parametrize("request_of_two", [{}, {**put(p="x"), **delete("x")}])
    def test_a_request_puts_or_deletes(self, ddb, plain, request_of_two):
        """WriteRequest: "a request to perform DeleteItem or PutItem"."""
        with refused("ValidationException"):
            ddb.batch_write_item(RequestItems={plain.name: [request_of_two]})

    def test_capacity_is_told_by_table(self, ddb, create):
        """ReturnConsumedCapacity: units of the items' sizes before and after, each rounded up by itself."""
        first, second = create("p"), create("p")
        first.put({"p": "large", "a": "x" * 2000})
        answer = ddb.batch_write_item(
            RequestItems={first.name: [put(p="large"), put(p="small")], second.name: [delete("none")]},
            ReturnConsumedCapacity="TOTAL",
        )
        assert answer["ConsumedCapacity"] == [
            {"TableName": first.name, "CapacityUnits": 3.0},
            {"TableName": second.name, "CapacityUnits": 1.0},
        ]

    def test_collections(self, ddb, create, plain):
        """ReturnItemCollectionMetrics: "for each table, information about any item collections that were affected"."""
        table = create("p", "c", attributes=["l"], LocalSecondaryIndexes=[index("local", "p", "l")])
        requests = [put(p="x", c="1"), put(p="x", c="2"), put(p="y", c="1")]
        answer = ddb.batch_write_item(
            RequestItems={table.name: requests, plain.name: [put(p="x")]}, ReturnItemCollectionMetrics="SIZE"
        )
        assert answer["ItemCollectionMetrics"] == {
            table.name: [{"ItemCollectionKey": {"p": {"S": p}}, "SizeEstimateRangeGB": [0.0, 1.0]} for p in ("x", "y")]
        }


class TestBatchGetItem:
    def test_items_of_several_tables(self, ddb, create):
        """"returns the attributes of one or more items from one or more tables"; one that is not there is left out."""
        first, second = create("p"), create("p")
        for name in ("a", "b"):
            first.put({"p": name})
        answer = ddb.batch_get_item(RequestItems={first.name: {"Keys": keys("a", "b", "none")}, second.name: {"Keys": keys("a")}})
        assert sorted(item["p"]["S"] for item in answer["Responses"][first.name]) == ["a", "b"]
        assert answer["Responses"][second.name] == []
        assert answer["UnprocessedKeys"] == {}
        assert "ConsumedCapacity" not in answer

    def test_each_table_has_its_projection(self, ddb, create):
        """KeysAndAttributes: ProjectionExpression, ExpressionAttributeNames, AttributesToGet."""
        first, second = create("p"), create("p")
        for table in (first, second):
            table.put({"p": "a", "b": {"c": "d", "e": "f"}, "g": "h"})
        answer = ddb.batch_get_item(
            RequestItems={
                first.name: {"Keys": keys("a"), "ProjectionExpression": "#b.c", "ExpressionAttributeNames": {"#b": "b"}},
                second.name: {"Keys": keys("a"), "ProjectionExpression": "g"},
            }
        )
        assert answer["Responses"] == {first.name: [{"b": {"M": {"c": {"S": "d"}}}}], second.name: [{"g": {"S": "h"}}]}
        answer = ddb.batch_get_item(RequestItems={first.name: {"Keys": keys("a"), "AttributesToGet": ["g", "none"]}})
        assert answer["Responses"][first.name] == [{"g": {"S": "h"}}]

    def test_expressions_and_older_parameters_do_not_mix(self, ddb, create):
        """"Legacy conditional parameters": not even in different tables of one request."""
        first, second = create("p"), create("p")
        with refused("ValidationException", starts="Can not use both expression and non-expression parameters in the same request"):
            ddb.batch_get_item(
                RequestItems={
                    first.name: {"Keys": keys("a"), "ProjectionExpression": "g"},
                    second.name: {"Keys": keys("a"), "AttributesToGet": ["g"]},
                }
            )

    def test_what_is_refused(self, ddb, plain):
        """A key twice, one that is none, no such table, and placeholders that nothing uses."""
        for wanted, message in [
            ({"Keys": keys("a", "a")}, DUPLICATES),
            ({"Keys": [{"a": {"S": "b"}}]}, MISMATCH),
            ({"Keys": keys("")}, EMPTY),
            (
                {"Keys": keys("a"), "ProjectionExpression": "a", "ExpressionAttributeNames": {"#b": "b"}},
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}",
            ),
        ]:
            with refused("ValidationException", message):
                ddb.batch_get_item(RequestItems={plain.name: wanted})
        with refused("ResourceNotFoundException", "Requested resource not found"):
            ddb.batch_get_item(RequestItems={plain.name: {"Keys": keys("a")}, "nowhere": {"Keys": keys("a")}})

    def test_100_keys_in_all_tables_together(self, ddb, create):
        """"as many as 100 items"."""
        first, second = create("p"), create("p")
        many = keys(*(str(number) for number in range(51)))
        ddb.batch_get_item(RequestItems={first.name: {"Keys": many}, second.name: {"Keys": many[:49]}})
        with refused("ValidationException", "Too many items requested for the BatchGetItem call"):
            ddb.batch_get_item(RequestItems={first.name: {"Keys": many}, second.name: {"Keys": many}})

    def test_16_megabytes(self, ddb, plain):
        """"up to 16 MB of data": what is beyond comes back as UnprocessedKeys, with the parameters of its table."""
        names = [f"{number:02}" for number in range(43)]
        for name in names:
            plain.put({"p": name, "a": "x" * 390_000})
        wanted = {plain.name: {"Keys": keys(*names), "ConsistentRead": True, "ProjectionExpression": "p"}}
        answer = ddb.batch_get_item(RequestItems=wanted, ReturnConsumedCapacity="TOTAL")
        assert len(answer["Responses"][plain.name]) == 43
        wanted[plain.name]["Keys"] = keys(*names, "43")
        plain.put({"p": "43", "a": "x" * 390_000})
        answer = ddb.batch_get_item(RequestItems=wanted)
        assert len(answer["Responses"][plain.name]) == 43
        assert answer["UnprocessedKeys"] == {plain.name: {"Keys": keys("43"), "ConsistentRead": True, "ProjectionExpression": "p"}}

    def test_capacity(self, ddb, create):
        """ReturnConsumedCapacity: each item rounded up by itself, half for eventually consistent reads, and the least for none."""
        first, second = create("p"), create("p")
        first.put({"p": "a", "b": "x" * 5000})
        answer = ddb.batch_get_item(
            RequestItems={first.name: {"Keys": keys("a", "none"), "ConsistentRead": True}, second.name: {"Keys": keys("none")}},
            ReturnConsumedCapacity="INDEXES",
        )
        assert answer["ConsumedCapacity"] == [
            {"TableName": first.name, "CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0}},
            {"TableName": second.name, "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}},
        ]


class TestCollections:
    """ReturnItemCollectionMetrics of operations on one item."""

    def test_tables_with_local_indexes_have_collections(self, create):
        """"If the table does not have any local secondary indexes, this information is not returned"."""
        table = create("p", "c", attributes=["l"], LocalSecondaryIndexes=[index("local", "p", "l")])
        told = {"ItemCollectionKey": {"p": {"S": "x"}}, "SizeEstimateRangeGB": [0.0, 1.0]}
        key = {"p": "x", "c": "1"}
        assert table.put({**key, "l": "z"}, ReturnItemCollectionMetrics="SIZE")["ItemCollectionMetrics"] == told
        update = {"UpdateExpression": "REMOVE l", "ReturnItemCollectionMetrics": "SIZE"}
        assert table.update(key, **update)["ItemCollectionMetrics"] == told
        assert table.delete(key, ReturnItemCollectionMetrics="SIZE")["ItemCollectionMetrics"] == told
        assert "ItemCollectionMetrics" not in table.put(key, ReturnItemCollectionMetrics="NONE")

    def test_others_have_none(self, plain):
        """The same rule."""
        assert "ItemCollectionMetrics" not in plain.put({"p": "x"}, ReturnItemCollectionMetrics="SIZE")
