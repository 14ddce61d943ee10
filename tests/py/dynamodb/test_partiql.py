"""PartiQL. Developer Guide: "PartiQL - a SQL-compatible query language for Amazon DynamoDB"; API Reference: ExecuteStatement, BatchExecuteStatement,
ExecuteTransaction."""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from harness.refusal import refused

from .conftest import index

MALFORMED = "Statement wasn't well formed, can't be processed: "
FAILED = "The conditional request failed"
DUPLICATE = "Duplicate primary key exists in table"
NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def with_values(statement, values, **more):
    parameters = {"Parameters": [TypeSerializer().serialize(value) for value in values]} if values else {}
    return {"Statement": statement, **parameters, **more}


def plain_item(item):
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


@pytest.fixture
def execute(ddb):
    return lambda statement, *values, **more: ddb.execute_statement(**with_values(statement, values, **more))


@pytest.fixture
def rows(execute):
    """The items that a statement answers."""
    return lambda statement, *values, **more: [plain_item(item) for item in execute(statement, *values, **more)["Items"]]


@pytest.fixture
def pages(execute):
    """The items that a statement answers, page by page."""

    def pages(statement, *values, **more):
        answer = execute(statement, *values, **more)
        while True:
            yield [plain_item(item) for item in answer["Items"]]
            if "NextToken" not in answer:
                return
            answer = execute(statement, *values, NextToken=answer["NextToken"], **more)

    return pages


@pytest.fixture
def batch(ddb):
    return lambda *statements, **more: ddb.batch_execute_statement(
        Statements=[one if isinstance(one, dict) else with_values(one, ()) for one in statements], **more
    )


@pytest.fixture
def transact(ddb):
    return lambda *statements, **more: ddb.execute_transaction(
        TransactStatements=[one if isinstance(one, dict) else with_values(one, ()) for one in statements], **more
    )


@pytest.fixture
def filled(sorted_table):
    """Partitions `a`, `b` and `c`, each with the sort keys 0 … 4."""
    for p in "abc":
        for number in range(5):
            sorted_table.put({"p": p, "c": number, "even": number % 2 == 0, "m": {"l": [number, p]}})
    return sorted_table


class TestSelect:
    def test_the_whole_key_reads_an_item(self, rows, filled):
        """A statement with the whole key answers its item, or nothing where another condition does not hold."""
        where = f'SELECT * FROM "{filled.name}" WHERE p = ? AND c = ?'
        assert rows(where, "a", 3) == [{"p": "a", "c": 3, "even": False, "m": {"l": [3, "a"]}}]
        assert rows(where, "a", 9) == []
        assert rows(f"{where} AND even = true", "a", 3) == []
        assert len(rows(f"{where} AND even = true", "a", 2)) == 1

    @pytest.mark.parametrize(
        "condition, expected",
        [
            ("p = 'a'", [("a", c) for c in range(5)]),
            ("p = 'a' AND c > 2", [("a", 3), ("a", 4)]),
            ("p = 'a' AND 2 > c AND c <> 0", [("a", 1)]),
            ("p = 'a' AND c BETWEEN 1 AND 2", [("a", 1), ("a", 2)]),
            ("p = 'a' AND c IN [4, 1, 7]", [("a", 1), ("a", 4)]),
            ("p = 'a' AND (c = 1 OR c = 3)", [("a", 1), ("a", 3)]),
            ("p = 'a' AND NOT c < 4", [("a", 4)]),
            ("p = 'a' AND m.l[0] >= 4 AND even IS NOT MISSING", [("a", 4)]),
            ("p = 'c' AND even IS MISSING", []),
            ("p = 'b' AND CONTAINS(m.l, 4)", [("b", 4)]),
            ("p = 'b' AND SIZE(m.l) = 2 AND attribute_type(m, 'M') AND even != true", [("b", 1), ("b", 3)]),
            ("p IN ['a', 'c'] AND c = 1", [("a", 1), ("c", 1)]),
            ("(p = 'c' OR p = 'b') AND c < 1", [("c", 0), ("b", 0)]),
        ],
    )
    def test_conditions_on_a_partition(self, rows, filled, condition, expected):
        """"... the WHERE clause condition must specify the partition key. Use the equality or IN operator." Within a partition, by sort key."""
        found = rows(f"SELECT p, c FROM \"{filled.name}\" WHERE {condition}")
        assert [(item["p"], item["c"]) for item in found] == expected

    def test_without_the_partition_key_all_items_are_looked_at(self, execute, rows, filled):
        assert len(rows(f'SELECT * FROM "{filled.name}"')) == 15
        assert sorted(item["p"] for item in rows(f"SELECT p FROM \"{filled.name}\" WHERE c = 2 AND begins_with(p, 'a') OR c = 4 AND p > 'b'")) == ["a", "c"]
        scan = execute(f'SELECT * FROM "{filled.name}" WHERE c = 2', ReturnConsumedCapacity="TOTAL")
        query = execute(f"SELECT * FROM \"{filled.name}\" WHERE c = 2 AND p = 'a'", ReturnConsumedCapacity="TOTAL")
        assert scan["ConsumedCapacity"]["CapacityUnits"] == 2 and query["ConsumedCapacity"]["CapacityUnits"] == 0.5
        assert query["ConsumedCapacity"]["TableName"] == filled.name

    def test_a_projection_names_parts_of_items(self, rows, filled):
        """"A projection formed from the * wildcard or a projection list of one or more attribute names or document paths"."""
        where = f"FROM \"{filled.name}\" WHERE p = 'a' AND c = 1"
        assert rows(f"SELECT p, m.l, nothing, \"even\" {where}") == [{"p": "a", "l": [1, "a"], "even": False}]

    def test_order_by_reads_forward_and_backward(self, rows, filled):
        """"ORDER BY key ... The hash key or the sort key ... The default order is ascending (ASC)"."""
        table = f'SELECT * FROM "{filled.name}"'
        order = lambda rest: [(item["p"], int(item["c"])) for item in rows(f"{table} WHERE {rest}")]
        assert order("p = 'a' ORDER BY c DESC") == [("a", c) for c in range(4, -1, -1)]
        assert order("p = 'a' ORDER BY c") == [("a", c) for c in range(5)]
        assert order("p IN ('c', 'a') AND c > 2 ORDER BY p, c DESC") == [("a", 4), ("a", 3), ("c", 4), ("c", 3)]
        assert order("p IN ('a', 'c') AND c > 3 ORDER BY p DESC") == [("c", 4), ("a", 4)]
        for wrong in [" ORDER BY c", " WHERE c > 1 ORDER BY c", " WHERE p = 'a' ORDER BY even"]:
            with refused("ValidationException"):
                rows(table + wrong)

    def test_pages(self, execute, pages, filled):
        """"Limit: the maximum number of items to evaluate"; with `NextToken` the next page follows, for the same statement only."""
        query, scan = f"SELECT * FROM \"{filled.name}\" WHERE p = 'a' AND even = ?", f'SELECT * FROM "{filled.name}"'
        assert [[int(item["c"]) for item in page] for page in pages(query, True, Limit=2)] == [[0], [2], [4]]
        assert [len(page) for page in pages(scan, Limit=6)] == [6, 6, 3]
        first = execute(query, True, Limit=2)
        assert plain_item(first["LastEvaluatedKey"]) == {"p": "a", "c": 1}
        for other in [(query, False), (scan,)]:
            with refused("ValidationException", "NextToken does not match request"):
                execute(*other, NextToken=first["NextToken"])
        with refused("ValidationException"):
            execute(query, True, NextToken="nonsense")

    def test_several_partitions_come_in_pages_of_ten(self, pages, filled):
        """"Results are returned in pages of up to 10 items" where IN is on the partition key."""
        statement = f"SELECT * FROM \"{filled.name}\" WHERE p IN ['b', 'a', 'x', 'c']"
        found = list(pages(statement))
        assert [len(page) for page in found] == [10, 5]
        assert [item["p"] for page in found for item in page] == list("bbbbbaaaaaccccc")
        assert [item["p"] for page in pages(statement, Limit=3) for item in page] == list("bbbbbaaaaaccccc")
        with refused("ValidationException"):
            list(pages(f"SELECT * FROM \"{filled.name}\" WHERE p IN {[str(number) for number in range(51)]}"))

    def test_a_page_has_a_megabyte(self, pages, sorted_table):
        """"... a maximum of 1 MB of data (and then apply any filtering to the results using WHERE clause)"."""
        for number in range(6):
            sorted_table.put({"p": "ab"[number // 3], "c": number, "x": "x" * 300_000})
        assert [len(page) for page in pages(f"SELECT c FROM \"{sorted_table.name}\" WHERE p IN ['a', 'b']")] == [3, 3]
        assert [len(page) for page in pages(f"SELECT c FROM \"{sorted_table.name}\"")] == [3, 3]

    def test_indexes(self, rows, pages, create):
        """'SELECT * FROM "TableName"."IndexName"'"""
        both = index("by-g", "g", "c:N", projection=["kept"])
        table = create("p", attributes=["g", "c:N"], GlobalSecondaryIndexes=[both])
        for number in range(4):
            table.put({"p": str(number), "g": "gh"[number % 2], "c": number, "kept": number, "lost": number})
        source = f'"{table.name}"."by-g"'
        assert rows(f"SELECT * FROM {source} WHERE g = 'g' AND c > 0") == [{"p": "2", "g": "g", "c": 2, "kept": 2}]
        assert rows(f"SELECT kept FROM {source} WHERE g = 'g' ORDER BY c DESC") == [{"kept": 2}, {"kept": 0}]
        assert [item["p"] for page in pages(f"SELECT p FROM {source} WHERE g IN ['g', 'h']", Limit=1) for item in page] == list("0213")
        assert len(rows(f"SELECT * FROM {source} WHERE kept = 1")) == 1
        assert rows(f"SELECT * FROM {source} WHERE lost = 1") == []
        with refused("ValidationException"):
            rows(f"SELECT lost FROM {source} WHERE g = 'g'")
        with refused("ValidationException"):
            rows(f"SELECT * FROM {source} WHERE g = 'g'", ConsistentRead=True)
        with refused("ValidationException", "The table does not have the specified index: none"):
            rows(f"SELECT * FROM \"{table.name}\".none WHERE g = 'g'")

    def test_types_of_keys(self, rows, filled):
        with refused("ValidationException"):
            rows(f'SELECT * FROM "{filled.name}" WHERE p = 1')


class TestRefusals:
    @pytest.mark.parametrize(
        "statement, message",
        [
            ("CREATE TABLE x", MALFORMED + "Expected data manipulation"),
            ("UPDATE Payment-abc SET active = 1 WHERE id = 1", MALFORMED + "Expected data manipulation"),
            ("INSERT INTO urls (id, n) VALUES (1, 2)", MALFORMED + "Unexpected keyword"),
            ("SELECT * FROM urls WHERE id = ?", "Number of parameters in request and statement don't match."),
        ],
    )
    def test_statements_that_are_not_well_formed(self, execute, statement, message):
        """As users of the service were told (awsdocs/aws-sdk-for-javascript-v3#98, PyDynamoDB#26)."""
        with refused("ValidationException", message):
            execute(statement)

    def test_what_is_nested_too_deep(self, execute):
        for open, close in [("(", ")"), ("[", "]"), ("SIZE(", ")"), ("NOT ", "")]:
            with refused("ValidationException"):
                execute(f"SELECT * FROM t WHERE {open * 1000}a{close * 1000} = 1")

    def test_a_table_that_is_not_there(self, execute):
        with refused("ResourceNotFoundException", "Requested resource not found"):
            execute('SELECT * FROM "nowhere"')

    def test_exists_is_for_transactions(self, execute, plain):
        """"The EXISTS function can only be used in transactions.\""""
        with refused("ValidationException"):
            execute(f"EXISTS(SELECT * FROM \"{plain.name}\" WHERE p = 'a')")


class TestInsert:
    def test_all_types(self, execute, sorted_table):
        """"A valid DynamoDB item represented as a PartiQL tuple.\""""
        answer = execute(
            f"INSERT INTO \"{sorted_table.name}\" VALUE {{'p': ?, 'c': -1.5, 's': <<'a', 'b'>>, 'n': <<1, 2>>, "
            "'l': [true, null, ?, {'it''s': 'x'}]}",
            "key",
            b"bytes",
        )
        assert answer["Items"] == []
        item = sorted_table.get({"p": "key", "c": Decimal("-1.5")})
        assert item["s"] == {"a", "b"} and item["n"] == {1, 2}
        assert item["l"] == [True, None, b"bytes", {"it's": "x"}]

    def test_an_item_that_is_there_is_not_replaced(self, execute, plain):
        """"If the DynamoDB table already has an item with the same primary key ... DuplicateItemException is returned.\""""
        statement = f"INSERT INTO \"{plain.name}\" VALUE {{'p': 'a', 'n': ?}}"
        execute(statement, 1)
        with refused("DuplicateItemException", DUPLICATE):
            execute(statement, 2)
        assert plain.get({"p": "a"}) == {"p": "a", "n": 1}

    def test_an_item_has_its_key(self, execute, plain):
        with refused("ValidationException", "One or more parameter values were invalid: Missing the key p in the item"):
            execute(f"INSERT INTO \"{plain.name}\" VALUE {{'q': 'a'}}")
        with refused("ValidationException"):
            execute(f"INSERT INTO \"{plain.name}\" VALUE {{'p': 'a', 'x': ?}}", "x" * (401 << 10))


class TestUpdate:
    @pytest.fixture
    def table(self, plain):
        plain.put({"p": "a", "n": 1, "l": [1], "s": {"x"}, "m": {"deep": [{"x": 1}]}, "gone": 1})
        return plain

    def test_set_and_remove(self, execute, table):
        """Examples of "PartiQL update statements for DynamoDB"."""
        execute(
            f"UPDATE \"{table.name}\" SET n = n + ? SET l = list_append(l, [2, ?]), s = set_add(s, <<'y'>>) REMOVE gone "
            "SET m.deep[0].x = 'new', \"b c\" = {'k': [1]} WHERE p = 'a'",
            2,
            "three",
        )
        assert table.get({"p": "a"}) == {
            "p": "a", "n": 3, "l": [1, 2, "three"], "s": {"x", "y"}, "m": {"deep": [{"x": "new"}]}, "b c": {"k": [1]},
        }
        execute(f"UPDATE \"{table.name}\" SET s = set_delete(s, <<'x', 'y'>>) SET n = n - 1 REMOVE m.deep[0] WHERE p = 'a'")
        item = table.get({"p": "a"})
        assert "s" not in item and item["n"] == 2 and item["m"] == {"deep": []}

    @pytest.mark.parametrize(
        "returning, expected",
        [
            ("ALL OLD", {"p": "a", "n": 1, "l": [1], "s": {"x"}, "m": {"deep": [{"x": 1}]}, "gone": 1}),
            ("ALL NEW", {"p": "a", "n": 2, "l": [1], "s": {"x"}, "m": {"deep": [{"x": 1}]}, "gone": 1}),
            ("MODIFIED OLD", {"n": 1}),
            ("MODIFIED NEW", {"n": 2}),
        ],
    )
    def test_returning(self, rows, table, returning, expected):
        assert rows(f"UPDATE \"{table.name}\" SET n = 2 WHERE p = 'a' RETURNING {returning} *") == [expected]

    def test_the_item_must_be_there_and_fulfil_the_condition(self, execute, table):
        """"If the WHERE clause of the UPDATE statement does not evaluate to true for any item ... ConditionalCheckFailedException is returned.\""""
        for where in ["p = 'none'", "p = 'a' AND n > 5", "p = 'a' AND n IS MISSING"]:
            with refused("ConditionalCheckFailedException", FAILED) as caught:
                execute(f'UPDATE "{table.name}" SET n = 9 WHERE {where}', ReturnValuesOnConditionCheckFailure="ALL_OLD")
            assert ("Item" in caught.value.response) == ("none" not in where)
        assert table.get({"p": "none"}) is None
        execute(f"UPDATE \"{table.name}\" SET n = 9 WHERE n = 1 AND p = 'a'")
        assert table.get({"p": "a"})["n"] == 9

    def test_the_whole_key_is_needed(self, execute, sorted_table):
        """"This condition must resolve to a single primary key value.\""""
        for where in ["p = 'a'", "p = 'a' AND c > 1", "p = 'a' OR c = 1", "p = 'a' AND c IN [1]"]:
            with refused("ValidationException", NO_KEY):
                execute(f'UPDATE "{sorted_table.name}" SET n = 1 WHERE {where}')
        with refused("ValidationException"):
            execute(f'UPDATE "{sorted_table.name}" SET n = 1')
        with refused("ValidationException"):
            execute(f"UPDATE \"{sorted_table.name}\" SET p = 'b' WHERE p = 'a' AND c = 1")


class TestDelete:
    def test_an_item_is_deleted_and_told(self, rows, plain):
        plain.put({"p": "a", "n": 1})
        assert rows(f"DELETE FROM \"{plain.name}\" WHERE p = 'a' AND n = 1 RETURNING ALL OLD *") == [{"p": "a", "n": 1}]
        assert plain.get({"p": "a"}) is None

    def test_what_is_not_there_is_deleted_without_a_word(self, execute, rows, plain):
        """"If the table does not have any item with the same primary key ... SUCCESS is returned with 0 items deleted"; where the condition evaluates
        to false, ConditionalCheckFailedException."""
        assert rows(f"DELETE FROM \"{plain.name}\" WHERE p = 'a' AND n = 1 RETURNING ALL OLD *") == []
        plain.put({"p": "a", "n": 1})
        with refused("ConditionalCheckFailedException", FAILED):
            execute(f"DELETE FROM \"{plain.name}\" WHERE p = 'a' AND n = 2")
        assert plain.get({"p": "a"})
        with refused("ValidationException", NO_KEY):
            execute(f"DELETE FROM \"{plain.name}\" WHERE n = 1")


class TestBatch:
    def test_reads(self, batch, plain):
        """Each read names an item by its key; an item that is not there is left out."""
        plain.put({"p": "a", "n": 1})
        select = f'SELECT n FROM "{plain.name}" WHERE p = '
        answer = batch(with_values(select + "?", ["a"]), select + "'none'", f'SELECT * FROM "{plain.name}"', ReturnConsumedCapacity="TOTAL")
        found, none, scan = answer["Responses"]
        assert found == {"TableName": plain.name, "Item": {"n": {"N": "1"}}}
        assert none == {"TableName": plain.name}
        assert scan["Error"]["Code"] == "ValidationError"
        assert [one["CapacityUnits"] for one in answer["ConsumedCapacity"]] == [0.5, 0.5]

    def test_writes_fail_one_by_one(self, batch, plain):
        """BatchStatementError: its codes."""
        plain.put({"p": "a", "n": 1})
        table = f'"{plain.name}"'
        answer = batch(
            f"INSERT INTO {table} VALUE {{'p': 'a'}}",
            f"INSERT INTO {table} VALUE {{'p': 'b'}}",
            {"Statement": f"UPDATE {table} SET n = 2 WHERE p = 'a' AND n = 3", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
            f"UPDATE {table} SET n = 2 WHERE n = 1",
            "DELETE FROM nowhere WHERE p = 'a'",
            "nonsense",
            f"DELETE FROM {table} WHERE p = 'a'",
        )
        errors = [(one.get("Error") or {}).get("Code") for one in answer["Responses"]]
        assert errors == ["DuplicateItem", None, "ConditionalCheckFailed", "ValidationError", "ResourceNotFound", "ValidationError", None]
        assert answer["Responses"][0]["Error"]["Message"] == DUPLICATE
        assert answer["Responses"][2]["Error"]["Item"] == {"p": {"S": "a"}, "n": {"N": "1"}}
        assert plain.items(plain.scan()) == [{"p": "b"}]

    def test_reads_and_writes_do_not_mix(self, batch, plain):
        """"The entire batch must consist of either read statements or write statements; you cannot mix both in one batch.\""""
        with refused("ValidationException"):
            batch(f"SELECT * FROM \"{plain.name}\" WHERE p = 'a'", f"INSERT INTO \"{plain.name}\" VALUE {{'p': 'a'}}")
        assert plain.items(plain.scan()) == []

    def test_a_batch_has_25_statements(self, batch, plain):
        with refused("ValidationException"):
            batch(*[f"INSERT INTO \"{plain.name}\" VALUE {{'p': '{number}'}}" for number in range(26)])


class TestTransaction:
    @pytest.fixture
    def cancelled(self, transact):
        """The reasons of a transaction that is cancelled."""

        def cancelled(*statements):
            with refused("TransactionCanceledException") as caught:
                transact(*statements)
            return [(one["Code"], one.get("Message")) for one in caught.value.response["CancellationReasons"]]

        return cancelled

    def test_the_example_of_the_guide(self, transact, create):
        table = create("Artist", "SongTitle")
        table.put({"Artist": "Acme Band", "SongTitle": "PartiQL Rocks"})
        table.put({"Artist": "No One You Know", "SongTitle": "Call Me Today"})
        answer = transact(
            f"EXISTS(SELECT * FROM \"{table.name}\" where Artist='No One You Know' and SongTitle='Call Me Today' and Awards is MISSING)",
            with_values(f"INSERT INTO \"{table.name}\" value {{'Artist':?,'SongTitle':'?'}}", ["Acme Band"]),
            f"UPDATE \"{table.name}\" SET AwardsWon=1 SET AwardDetail={{'Grammys':[2020, 2018]}} where Artist='Acme Band' and SongTitle='PartiQL Rocks'",
            ReturnConsumedCapacity="TOTAL",
        )
        assert [one["CapacityUnits"] for one in answer["ConsumedCapacity"]] == [2, 2, 2]
        assert "Responses" not in answer
        assert table.get({"Artist": "Acme Band", "SongTitle": "PartiQL Rocks"})["AwardDetail"] == {"Grammys": [2020, 2018]}
        assert table.get({"Artist": "Acme Band", "SongTitle": "?"})

    def test_all_or_nothing(self, cancelled, plain):
        """"If any of the singleton INSERT, UPDATE, or DELETE operations return an error, the transactions are canceled with the
        TransactionCanceledException exception, and the cancellation reason code includes the errors".

        `EXISTS` fails where there is no such item."""
        plain.put({"p": "a", "n": 1})
        table = f'"{plain.name}"'
        reasons = cancelled(
            f"INSERT INTO {table} VALUE {{'p': 'new'}}",
            f"INSERT INTO {table} VALUE {{'p': 'a'}}",
            f"EXISTS(SELECT * FROM {table} WHERE p = 'none' AND n IS MISSING)",
            f"UPDATE {table} SET n = 2 WHERE p = 'b'",
        )
        failed = ("ConditionalCheckFailed", FAILED)
        assert reasons == [("None", None), ("DuplicateItem", DUPLICATE), failed, failed]
        assert cancelled(f"INSERT INTO {table} VALUE {{'p': 'new'}}", f"DELETE FROM {table} WHERE n = 1") == [
            ("None", None), ("ValidationError", NO_KEY),
        ]
        assert plain.items(plain.scan()) == [{"p": "a", "n": 1}]

    def test_reads(self, transact, cancelled, plain):
        plain.put({"p": "a", "n": 1})
        select = f'SELECT n FROM "{plain.name}" WHERE p = '
        answer = transact(select + "'a'", select + "'none'", ReturnConsumedCapacity="TOTAL")
        assert answer["Responses"] == [{"Item": {"n": {"N": "1"}}}, {}]
        assert [one["ReadCapacityUnits"] for one in answer["ConsumedCapacity"]] == [2, 2]
        assert transact(select + "'a' AND n > 1")["Responses"] == [{}]
        with refused("ValidationException", "Transaction request cannot include multiple operations on one item"):
            transact(select + "'a'", select + "'a'")
        assert cancelled(f'SELECT * FROM "{plain.name}"') == [("ValidationError", NO_KEY)]

    def test_reads_and_writes_do_not_mix(self, transact, plain):
        """"The entire transaction must consist of either read statements or write statements. You can't mix both in one transaction.\""""
        with refused("ValidationException"):
            transact(f"SELECT * FROM \"{plain.name}\" WHERE p = 'a'", f"INSERT INTO \"{plain.name}\" VALUE {{'p': 'a'}}")
        assert plain.items(plain.scan()) == []

    def test_a_token_makes_a_transaction_happen_once(self, transact, plain, clock):
        """ClientRequestToken, as in TransactWriteItems: for 10 minutes."""
        plain.put({"p": "a", "n": 0})
        add = lambda much, token="token": transact(
            f"UPDATE \"{plain.name}\" SET n = n + {much} WHERE p = 'a'", ClientRequestToken=token
        )
        add(1)
        add(1)
        assert plain.get({"p": "a"})["n"] == 1
        with refused("IdempotentParameterMismatchException"):
            add(2)
        clock.advance(601)
        add(1)
        assert plain.get({"p": "a"})["n"] == 2
