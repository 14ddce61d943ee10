"""An object mapper over DynamoDB: PynamoDB (its documentation, "Quick start", "Conditional operations", "Transaction operations")."""

from datetime import UTC, datetime

import pytest
from harness.clients import REGION
from pynamodb.attributes import JSONAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite


@pytest.fixture
def key(clients, world, monkeypatch):
    """The mapper sends no header of ours, so it chooses its world by its access key. It takes a server's certificate authority from the environment."""
    if clients.verify:
        monkeypatch.setenv("AWS_CA_BUNDLE", clients.verify)
    return f"test@{world}"


@pytest.fixture
def threads(clients, key):
    """The model of a forum, as the guide's examples have it."""

    class ByForum(GlobalSecondaryIndex):
        class Meta:
            index_name = "by-author"
            projection = AllProjection()

        author = UnicodeAttribute(hash_key=True)
        views = NumberAttribute(range_key=True)

    class Place(MapAttribute):
        city = UnicodeAttribute()

    class Thread(Model):
        class Meta:
            table_name = "threads"
            region = REGION
            host = clients.endpoint
            aws_access_key_id = key
            aws_secret_access_key = "test"
            billing_mode = "PAY_PER_REQUEST"
            max_retry_attempts = 0

        forum = UnicodeAttribute(hash_key=True)
        subject = UnicodeAttribute(range_key=True)
        author = UnicodeAttribute(default="nobody")
        views = NumberAttribute(default=0)
        tags = UnicodeSetAttribute(null=True)
        replies = ListAttribute(default=list)
        place = Place(null=True)
        extra = JSONAttribute(null=True)
        posted = UTCDateTimeAttribute(null=True)
        by_author = ByForum()

    Thread.create_table(wait=True)
    return Thread


def test_quick_start(threads):
    posted = datetime(2026, 11, 22, tzinfo=UTC)
    thread = threads("music", "jazz", author="ada", tags={"a", "b"}, place={"city": "Nara"}, extra={"x": [1, None]}, posted=posted)
    thread.save()
    found = threads.get("music", "jazz")
    assert (found.author, found.views, found.tags, found.place.city, found.extra, found.posted) == ("ada", 0, {"a", "b"}, "Nara", {"x": [1, None]}, posted)
    found.update(actions=[threads.views.add(5), threads.replies.set(threads.replies.append(["first"]))])
    found.refresh()
    assert (found.views, found.replies) == (5, ["first"])
    found.delete()
    with pytest.raises(DoesNotExist):
        threads.get("music", "jazz")


def test_queries_and_scans(threads):
    with threads.batch_write() as batch:
        for number in range(30):
            batch.save(threads("numbers", f"{number:02}", author="even" if number % 2 == 0 else "odd", views=number))
    subjects = [thread.subject for thread in threads.query("numbers", threads.subject.between("05", "15"), threads.author == "even", limit=3)]
    assert subjects == ["06", "08", "10"]
    assert [thread.views for thread in threads.by_author.query("odd", threads.views > 20, scan_index_forward=False)] == [29, 27, 25, 23, 21]
    assert sum(1 for _ in threads.scan(threads.views >= 10, page_size=7)) == 20
    assert threads.count("numbers") == 30
    assert {thread.subject for thread in threads.batch_get([("numbers", "01"), ("numbers", "02"), ("numbers", "99")])} == {"01", "02"}


def test_conditions(threads):
    thread = threads("once", "only")
    thread.save(threads.forum.does_not_exist())
    with pytest.raises(PutError) as refused:
        thread.save(threads.forum.does_not_exist())
    assert refused.value.cause_response_code == "ConditionalCheckFailedException"


def test_transactions(threads, clients, key):
    connection = Connection(region=REGION, host=clients.endpoint, aws_access_key_id=key, aws_secret_access_key="test")
    with TransactWrite(connection=connection) as transaction:
        transaction.save(threads("all", "one"))
        transaction.save(threads("all", "two"))
    with pytest.raises(TransactWriteError) as refused:
        with TransactWrite(connection=connection) as transaction:
            transaction.save(threads("all", "three"))
            transaction.delete(threads("all", "one"), condition=threads.views > 10)
    # The mapper sends deletions first.
    assert [reason and reason.code for reason in refused.value.cancellation_reasons] == ["ConditionalCheckFailed", None]
    with TransactGet(connection=connection) as transaction:
        first, third = transaction.get(threads, "all", "one"), transaction.get(threads, "all", "two")
    assert (first.get().subject, third.get().subject) == ("one", "two")
