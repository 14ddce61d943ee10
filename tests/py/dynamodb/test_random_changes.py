"""Developer Guide: "DynamoDB automatically synchronizes each global secondary index with its base table"; a local one is always in step. DynamoDB Streams:
each record appears exactly once, and those of an item in the sequence of its modifications."""

from .random_changes import Changes

FILLED = 700


def test_indexes_and_streams_follow_random_changes(clients, world, clock, seed):
    """Many writers by all the ways to write, items that expire, and indexes that come, are filled, and go meanwhile."""
    changes = Changes(seed)
    changes.reach(clients.client("dynamodb"), clients.client("dynamodbstreams"), clock)
    changes.create(FILLED)

    def meanwhile():
        for _ in range(3):
            changes.swap()
            clock.advance(10)

    for _ in range(3):
        changes.disturb(20, meanwhile)
        clock.advance(1)
        items = changes.check()
    assert 10 < len(items) < FILLED + 60
