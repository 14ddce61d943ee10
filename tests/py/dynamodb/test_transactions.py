"""Transactions. API Reference: TransactGetItems, TransactWriteItems; Developer Guide: "Managing complex workflows with DynamoDB transactions"."""

import pytest

from harness.refusal import refused

from .conftest import index

CANCELLED = "Transaction cancelled, please refer cancellation reasons for specific reasons "
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
NONE = {"Code": "None"}


def key(p):
    return {"p": {"S": p}}


def put(table, p, **more):
    return {"Put": {"TableName": table.name, "Item": key(p), **more}}


def update(table, p, expression="ADD n :one", **more):
    values = {"ExpressionAttributeValues": {":one": {"N": "1"}, **more.pop("values", {})}}
    return {"Update": {"TableName": table.name, "Key": key(p), "UpdateExpression": expression, **values, **more}}


def delete(table, p, **more):
    return {"Delete": {"TableName": table.name, "Key": key(p), **more}}


def check(table, p, condition="attribute_exists(p)", **more):
    return {"ConditionCheck": {"TableName": table.name, "Key": key(p), "ConditionExpression": condition, **more}}


def get(table, p, **more):
    return {"Get": {"TableName": table.name, "Key": key(p), **more}}


@pytest.fixture
def write(ddb):
    return lambda *actions, **more: ddb.transact_write_items(TransactItems=list(actions), **more)


@pytest.fixture
def cancelled(write):
    """A transaction that is cancelled, and its reasons."""

    def cancelled(*actions):
        with refused("TransactionCanceledException") as caught:
            write(*actions)
        reasons = caught.value.response["CancellationReasons"]
        codes = ", ".join(reason["Code"] for reason in reasons)
        assert caught.value.response["Error"]["Message"] == f"{CANCELLED}[{codes}]"
        return reasons

    return cancelled


class TestTransactWriteItems:
    def test_all_kinds_of_actions_across_tables(self, write, create):
        """"groups up to 100 action requests ... can target items in different tables"."""
        first, second = create("p"), create("p")
        first.put({"p": "gone"})
        second.put({"p": "seen"})
        answer = write(put(first, "new"), update(second, "count"), delete(first, "gone"), check(second, "seen"))
        assert set(answer) == {"ResponseMetadata"}
        assert first.get({"p": "new"}) == {"p": "new"} and first.get({"p": "gone"}) is None
        assert second.get({"p": "count"}) == {"p": "count", "n": 1}

    def test_conditions_that_do_not_hold_cancel_all_of_it(self, cancelled, plain):
        """"The actions are completed atomically so that either all of them succeed, or all of them fail", with a reason for each in its order."""
        plain.put({"p": "there"})
        exists = {"ConditionExpression": "attribute_exists(p)"}
        reasons = cancelled(
            put(plain, "a"),
            put(plain, "b", **exists),
            check(plain, "none"),
            delete(plain, "there", **exists),
            update(plain, "c", **exists),
        )
        assert reasons == [NONE, FAILED, FAILED, NONE, FAILED]
        assert plain.get({"p": "a"}) is None and plain.get({"p": "there"}) is not None

    def test_the_item_is_shown_to_who_asks(self, cancelled, plain):
        """ReturnValuesOnConditionCheckFailure: the item attributes of an action whose condition fails."""
        plain.put({"p": "x", "n": 5})
        never = {"ConditionExpression": "attribute_not_exists(p)"}
        shown = {**never, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        plain.put({"p": "y"})
        reasons = cancelled(put(plain, "x", **shown), delete(plain, "y", **never))
        assert reasons == [{**FAILED, "Item": {**key("x"), "n": {"N": "5"}}}, FAILED]
        assert cancelled(check(plain, "none", ReturnValuesOnConditionCheckFailure="ALL_OLD")) == [FAILED]

    def test_a_key_of_the_wrong_type_cancels(self, cancelled, plain):
        """CancellationReasons: ValidationError, of the first action that has one; conditions are not looked at."""
        wrong = {"Put": {"TableName": plain.name, "Item": {"p": {"N": "1"}}}}
        mismatch = "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"
        assert cancelled(check(plain, "none"), wrong, wrong) == [NONE, {"Code": "ValidationError", "Message": mismatch}, NONE]
        other = {"Delete": {"TableName": plain.name, "Key": {"p": {"N": "1"}}}}
        assert cancelled(other) == [{"Code": "ValidationError", "Message": "The provided key element does not match the schema"}]

    def test_an_update_that_cannot_be_made_cancels(self, cancelled, create):
        """CancellationReasons: ValidationError for what depends on the item: operands, its size, keys of its indexes."""
        table = create("p", attributes=["g"], GlobalSecondaryIndexes=[index("global", "g")])
        large = update(table, "b", "SET a = :a", values={":a": {"S": "x" * 400 * 1024}})
        del large["Update"]["ExpressionAttributeValues"][":one"]
        for action, message in [
            (update(table, "a", "SET n = n + :one"), "The provided expression refers to an attribute that does not exist in the item"),
            (large, "Item size to update has exceeded the maximum allowed size"),
            (
                update(table, "c", "SET g = :one"),
                "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: global",
            ),
        ]:
            assert cancelled(put(table, "x"), action) == [NONE, {"Code": "ValidationError", "Message": message}]
        assert table.get({"p": "x"}) is None

    def test_what_is_wrong_with_the_request_is_no_cancellation(self, write, create):
        """What the request alone tells, and empty keys, fail it as a whole."""
        table = create("p", attributes=["g"], GlobalSecondaryIndexes=[index("global", "g")])
        empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p"
        large = put(table, "x")
        large["Put"]["Item"]["a"] = {"S": "y" * 400 * 1024}
        unused = check(table, "x", ExpressionAttributeValues={":v": {"S": "x"}})
        for actions, message in [
            ([put(table, "")], empty),
            ([check(table, "none"), delete(table, "")], empty),
            ([large], "Item size has exceeded the maximum allowed size"),
            ([unused], "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"),
            ([put(table, "a"), delete(table, "a")], "Transaction request cannot include multiple operations on one item"),
            ([{}], "TransactItems can only contain one of Check, Put, Update or Delete"),
            ([{**put(table, "a"), **delete(table, "b")}], "TransactItems can only contain one of Check, Put, Update or Delete"),
        ]:
            with refused("ValidationException", message):
                write(*actions)
        item = {**key("x"), "g": {"S": ""}}
        with refused("ValidationException", starts="One or more parameter values are not valid. A value specified for a secondary index key"):
            write({"Put": {"TableName": table.name, "Item": item}})

    def test_a_table_that_is_not_there(self, write, plain):
        """ResourceNotFoundException; expressions are read before tables are looked for."""
        nowhere = {"Put": {"TableName": "nowhere", "Item": key("x")}}
        with refused("ResourceNotFoundException", "Requested resource not found"):
            write(put(plain, "a"), nowhere)
        with refused("ValidationException", starts="Invalid ConditionExpression: Syntax error"):
            write(nowhere, check(plain, "a", "attribute_exists("))
        assert plain.get({"p": "a"}) is None

    def test_limits(self, write, plain):
        """Quotas: 100 actions, 4 MB. Items that are only deleted do not count."""
        write(*(put(plain, str(number)) for number in range(100)))
        with refused("ValidationException"):
            write(*(put(plain, str(number)) for number in range(101)))
        large = [put(plain, str(number)) for number in range(11)]
        for action in large:
            action["Put"]["Item"]["a"] = {"S": "x" * 400_000}
        write(*large[:10])
        with refused("ValidationException"):
            write(*large)
        plain.put({"p": "10", "a": "x" * 400_000})
        write(*(delete(plain, str(number)) for number in range(11)))

    def test_the_same_item_of_two_tables_is_two_items(self, write, create):
        """One action an item."""
        first, second = create("p"), create("p")
        write(put(first, "x"), put(second, "x"))
        assert first.get({"p": "x"}) == second.get({"p": "x"}) == {"p": "x"}

    def test_collections(self, ddb, create, plain):
        """ReturnItemCollectionMetrics, of tables with local indexes."""
        table = create("p", "c", attributes=["l"], LocalSecondaryIndexes=[index("local", "p", "l")])
        item = {**key("x"), "c": {"S": "1"}}
        answer = ddb.transact_write_items(
            TransactItems=[{"Put": {"TableName": table.name, "Item": item}}, put(plain, "x")], ReturnItemCollectionMetrics="SIZE"
        )
        told = {"ItemCollectionKey": key("x"), "SizeEstimateRangeGB": [0.0, 1.0]}
        assert answer["ItemCollectionMetrics"] == {table.name: [told]}

    def test_capacity(self, write, create):
        """"two underlying writes of every item": the double in the table, by the items as they were or are, conditions included."""
        first = create("p", attributes=["g"], GlobalSecondaryIndexes=[index("global", "g")])
        second = create("p")
        second.put({"p": "large", "a": "x" * 2500})
        second.put({"p": "seen"})
        indexed = put(first, "x")
        indexed["Put"]["Item"]["g"] = {"S": "y"}
        answer = write(indexed, delete(second, "large"), check(second, "seen"), ReturnConsumedCapacity="INDEXES")

        def units(number):
            return {"CapacityUnits": number, "WriteCapacityUnits": number}

        assert answer["ConsumedCapacity"] == [
            {"TableName": first.name, **units(3.0), "Table": units(2.0), "GlobalSecondaryIndexes": {"global": units(1.0)}},
            {"TableName": second.name, **units(8.0), "Table": units(8.0)},
        ]


class TestTokens:
    """"Idempotency"."""

    def test_a_token_makes_a_transaction_once(self, write, plain):
        """"multiple identical calls have the same effect as one single call"."""
        for _ in range(2):
            write(update(plain, "x"), ClientRequestToken="once")
        assert plain.get({"p": "x"})["n"] == 1
        write(update(plain, "x"), ClientRequestToken="twice")
        assert plain.get({"p": "x"})["n"] == 2

    def test_another_transaction_cannot_have_it(self, write, plain):
        """"the same client token but a change in other parameters": IdempotentParameterMismatchException."""
        write(update(plain, "x"), ClientRequestToken="once")
        for other in ([update(plain, "y")], [update(plain, "x", "ADD m :one")], [update(plain, "x"), put(plain, "y")]):
            with refused("IdempotentParameterMismatchException"):
                write(*other, ClientRequestToken="once")
        assert plain.get({"p": "y"}) is None

    def test_one_number_written_in_two_ways_is_one_request(self, write, plain):
        """A request is what it says."""
        write(update(plain, "x"), ClientRequestToken="once")
        again = update(plain, "x")
        again["Update"]["ExpressionAttributeValues"] = {":one": {"N": "1.0"}}
        write(again, ClientRequestToken="once")
        assert plain.get({"p": "x"})["n"] == 1

    def test_ten_minutes(self, write, plain, clock):
        """"valid for 10 minutes after the first request that uses it is completed"."""
        write(update(plain, "x"), ClientRequestToken="once")
        clock.advance(9 * 60 + 59)
        write(update(plain, "x"), ClientRequestToken="once")
        assert plain.get({"p": "x"})["n"] == 1
        clock.advance(1)
        write(update(plain, "x"), ClientRequestToken="once")
        assert plain.get({"p": "x"})["n"] == 2
        clock.advance(9 * 60)
        with refused("IdempotentParameterMismatchException"):
            write(update(plain, "y"), ClientRequestToken="once")

    def test_nothing_is_left_of_a_token(self, write, plain, admin, clock, world):
        """The same rule: after 10 minutes the world is as if there had been none."""
        before = f"{world}-before"
        admin.fork(before, world)
        try:
            write(check(plain, "x", "attribute_not_exists(p)"), ClientRequestToken="once")
            assert "once" in str(admin.get(f"worlds/{before}/diff/{world}")["differences"])
            clock.advance(10 * 60)
            assert "once" not in str(admin.get(f"worlds/{before}/diff/{world}")["differences"])
        finally:
            admin.drop(before)

    def test_a_cancelled_transaction_leaves_its_token_free(self, write, plain):
        """A request that failed is a new one when it comes again."""
        with refused("TransactionCanceledException"):
            write(check(plain, "x"), ClientRequestToken="once")
        plain.put({"p": "x"})
        write(check(plain, "x"), ClientRequestToken="once")

    def test_a_repetition_reads(self, write, plain):
        """"Subsequent calls with the same client token return the number of read capacity units consumed in reading the item"."""
        large = put(plain, "x")
        large["Put"]["Item"]["a"] = {"S": "y" * 1500}
        asked = {"ClientRequestToken": "once", "ReturnConsumedCapacity": "TOTAL"}
        told = {"TableName": plain.name, "CapacityUnits": 4.0, "WriteCapacityUnits": 4.0}
        assert write(large, **asked)["ConsumedCapacity"] == [told]
        told = {"TableName": plain.name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}
        assert write(large, **asked)["ConsumedCapacity"] == [told]


class TestTransactGetItems:
    def test_items_in_the_order_of_the_request(self, ddb, create):
        """"an ordered array of up to 100 ItemResponse objects", one without an Item where there is none."""
        first, second = create("p"), create("p")
        first.put({"p": "a", "b": {"c": "d", "e": "f"}})
        second.put({"p": "a"})
        names = {"ProjectionExpression": "#b.c", "ExpressionAttributeNames": {"#b": "b"}}
        answer = ddb.transact_get_items(TransactItems=[get(second, "a"), get(first, "none"), get(first, "a", **names)])
        assert answer["Responses"] == [{"Item": key("a")}, {}, {"Item": {"b": {"M": {"c": {"S": "d"}}}}}]
        assert "ConsumedCapacity" not in answer

    def test_what_is_refused(self, ddb, plain):
        """One action an item, 100 actions, tables that are there, expressions that are right."""
        for actions, message in [
            ([get(plain, "a"), get(plain, "a")], "Transaction request cannot include multiple operations on one item"),
            (
                [get(plain, "a", ProjectionExpression="#a", ExpressionAttributeNames={"#a": "a", "#b": "b"})],
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}",
            ),
        ]:
            with refused("ValidationException", message):
                ddb.transact_get_items(TransactItems=actions)
        with refused("ValidationException"):
            ddb.transact_get_items(TransactItems=[get(plain, str(number)) for number in range(101)])
        with refused("ResourceNotFoundException", "Requested resource not found"):
            ddb.transact_get_items(TransactItems=[{"Get": {"TableName": "nowhere", "Key": key("a")}}])

    def test_a_key_that_is_none_cancels(self, ddb, plain):
        """CancellationReasons: ValidationError."""
        with refused("TransactionCanceledException", f"{CANCELLED}[None, ValidationError]") as caught:
            ddb.transact_get_items(TransactItems=[get(plain, "a"), {"Get": {"TableName": plain.name, "Key": {}}}])
        message = "The provided key element does not match the schema"
        assert caught.value.response["CancellationReasons"] == [NONE, {"Code": "ValidationError", "Message": message}]

    def test_4_megabytes(self, ddb, plain):
        """Quotas: the aggregate size of the items in a transaction."""
        for number in range(11):
            plain.put({"p": str(number), "a": "x" * 400_000})
        ddb.transact_get_items(TransactItems=[get(plain, str(number)) for number in range(10)])
        with refused("ValidationException"):
            ddb.transact_get_items(TransactItems=[get(plain, str(number)) for number in range(11)])

    def test_capacity(self, ddb, create):
        """"two underlying reads of every item", of those that are not there, too."""
        first, second = create("p"), create("p")
        first.put({"p": "a", "b": "x" * 5000})
        answer = ddb.transact_get_items(
            TransactItems=[get(first, "a"), get(second, "none"), get(first, "none")], ReturnConsumedCapacity="TOTAL"
        )
        assert answer["ConsumedCapacity"] == [
            {"TableName": first.name, "CapacityUnits": 6.0, "ReadCapacityUnits": 6.0},
            {"TableName": second.name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0},
        ]
