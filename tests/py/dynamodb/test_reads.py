"""Query and Scan. Developer Guide: "Querying tables", "Scanning tables", "Using Global Secondary Indexes", "Local secondary indexes"."""

import pytest

from harness.refusal import refused

from .conftest import index


def pages(read, **more):
    """All pages of a read."""
    answer = read(**more)
    yield answer
    while key := answer.get("LastEvaluatedKey"):
        answer = read(ExclusiveStartKey=key, **more)
        yield answer


@pytest.fixture
def filled(sorted_table):
    """Two partitions; in `a` the sort keys -2 … 7."""
    for number in range(-2, 8):
        sorted_table.put({"p": "a", "c": number, "even": number % 2 == 0})
    sorted_table.put({"p": "b", "c": 0})
    return sorted_table


class TestQuery:
    """Query of a table."""

    @pytest.mark.parametrize(
        "condition, values, expected",
        [
            ("p = :p", {}, range(-2, 8)),
            ("p = :p AND c = :c", {":c": 3}, [3]),
            ("p = :p AND c < :c", {":c": 0}, [-2, -1]),
            ("p = :p AND c <= :c", {":c": 0}, [-2, -1, 0]),
            ("p = :p AND c > :c", {":c": 5}, [6, 7]),
            ("p = :p AND c >= :c", {":c": 5}, [5, 6, 7]),
            ("p = :p AND c BETWEEN :c AND :d", {":c": -1, ":d": 1}, [-1, 0, 1]),
        ],
    )
    def test_ranges(self, filled, condition, values, expected):
        """KeyConditionExpression: a partition, and a range of sort keys, in their numeric order or against it."""
        values = {":p": "a", **values}
        assert [item["c"] for item in filled.items(filled.query(condition, values))] == list(expected)
        back = filled.query(condition, values, ScanIndexForward=False)
        assert [item["c"] for item in filled.items(back)] == list(reversed(expected))
        # A page at a time it is the same.
        one_by_one = pages(lambda **more: filled.query(condition, values, Limit=1, ScanIndexForward=False, **more))
        assert [item["c"] for page in one_by_one for item in filled.items(page)] == list(reversed(expected))

    def test_prefixes(self, create):
        """begins_with: sort keys that begin with a text."""
        table = create("p", "c")
        for sort in ("a", "ab", "ab\U0010ffff", "ac", "b"):
            table.put({"p": "x", "c": sort})
        answer = table.query("p = :p AND begins_with(c, :c)", {":p": "x", ":c": "ab"})
        assert [item["c"] for item in table.items(answer)] == ["ab", "ab\U0010ffff"]

    def test_filters_come_after_the_limit(self, filled):
        """Limit: items to evaluate, not to return; ScannedCount counts those before the filter."""
        values = {":p": "a", ":even": True}
        answer = filled.query("p = :p", values, FilterExpression="even = :even", Limit=3)
        assert (answer["Count"], answer["ScannedCount"]) == (2, 3)
        assert answer["LastEvaluatedKey"] == {"p": {"S": "a"}, "c": {"N": "0"}}

    def test_start_keys(self, filled):
        """ExclusiveStartKey: the key of an item in what the query reads."""
        outside = "The provided starting key is outside query boundaries based on provided conditions"
        with refused("ValidationException", outside):
            filled.query("p = :p", {":p": "a"}, ExclusiveStartKey={"p": {"S": "b"}, "c": {"N": "0"}})
        with refused("ValidationException", starts="The provided starting key is invalid"):
            filled.query("p = :p", {":p": "a"}, ExclusiveStartKey={"p": {"S": "a"}})

    def test_pages_have_one_megabyte(self, sorted_table):
        """Query: a page has no more than 1 MB of items."""
        for number in range(4):
            sorted_table.put({"p": "a", "c": number, "x": "y" * 300_000})
        counts = [page["Count"] for page in pages(lambda **more: sorted_table.query("p = :p", {":p": "a"}, **more))]
        assert counts == [3, 1]


class TestScan:
    """Scan of a table."""

    def test_segments_are_the_table(self, plain):
        """Segment and TotalSegments: every item is in exactly one segment."""
        keys = {f"key-{number}" for number in range(50)}
        for key in keys:
            plain.put({"p": key})
        seen = []
        for segment in range(4):
            for page in pages(plain.scan, Segment=segment, TotalSegments=4, Limit=3):
                seen += [item["p"] for item in plain.items(page)]
        assert len(seen) == 50 and set(seen) == keys

    def test_counting(self, filled):
        """Select COUNT: how many, without the items."""
        answer = filled.scan(Select="COUNT")
        assert answer["Count"] == 11 and "Items" not in answer

    def test_segments_are_checked(self, plain):
        """Segment: below TotalSegments, and not without it."""
        with refused("ValidationException", starts="The Segment parameter is zero-based and must be less than parameter TotalSegments"):
            plain.scan(Segment=4, TotalSegments=4)
        with refused("ValidationException", starts="The TotalSegments parameter is required"):
            plain.scan(Segment=0)


class TestIndexes:
    """Reads of indexes."""

    @pytest.fixture
    def table(self, create):
        table = create(
            "p",
            "c:N",
            attributes=["x"],
            GlobalSecondaryIndexes=[index("global", "x", projection=["y"])],
            LocalSecondaryIndexes=[index("local", "p", "x", projection="KEYS_ONLY")],
        )
        for number in range(3):
            table.put({"p": "a", "c": number, "x": f"x{number % 2}", "y": number, "z": number})
        return table

    def test_projections(self, table):
        """A global index returns its projection; ALL_ATTRIBUTES of a local one fetches the rest from the table."""
        answer = table.query("x = :x", {":x": "x0"}, IndexName="global")
        assert sorted(table.items(answer), key=lambda item: item["c"]) == [
            {"p": "a", "c": 0, "x": "x0", "y": 0},
            {"p": "a", "c": 2, "x": "x0", "y": 2},
        ]
        answer = table.query("p = :p AND x = :x", {":p": "a", ":x": "x1"}, IndexName="local")
        assert table.items(answer) == [{"p": "a", "c": 1, "x": "x1"}]
        answer = table.query("p = :p AND x = :x", {":p": "a", ":x": "x1"}, IndexName="local", Select="ALL_ATTRIBUTES")
        assert table.items(answer) == [{"p": "a", "c": 1, "x": "x1", "y": 1, "z": 1}]

    def test_indexes_follow_the_table(self, table):
        """An item is in an index as long as it has the key of it, under the key that it has."""
        table.update({"p": "a", "c": 0}, UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": {"S": "x1"}})
        table.update({"p": "a", "c": 1}, UpdateExpression="REMOVE x")
        table.delete({"p": "a", "c": 2})
        scanned = table.items(table.scan(IndexName="global"))
        assert scanned == [{"p": "a", "c": 0, "x": "x1", "y": 0}]
        told = table.describe()
        assert (told["ItemCount"], told["GlobalSecondaryIndexes"][0]["ItemCount"]) == (2, 1)

    def test_pages_of_items_with_one_key(self, table):
        """LastEvaluatedKey of an index: the key of the table, too, so that no item is met twice or left out."""
        seen = []
        for page in pages(lambda **more: table.query("x = :x", {":x": "x0"}, IndexName="global", Limit=1, **more)):
            seen += [item["c"] for item in table.items(page)]
        assert sorted(seen) == [0, 2]

    def test_what_indexes_refuse(self, table):
        """Global indexes: no consistent reads, and nothing that is not projected."""
        with refused("ValidationException", "Consistent reads are not supported on global secondary indexes"):
            table.scan(IndexName="global", ConsistentRead=True)
        with refused("ValidationException", starts="One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported"):
            table.scan(IndexName="global", Select="ALL_ATTRIBUTES")
        with refused("ValidationException", "The table does not have the specified index: nothing"):
            table.scan(IndexName="nothing")
