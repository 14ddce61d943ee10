"""Developer Guide: "DynamoDB automatically synchronizes each global secondary index with its base table"; a local one is always in step. DynamoDB Streams:
each record appears exactly once, and those of an item in the sequence of its modifications."""

from .random_changes import Changes

FILLED = 700


def test_indexes_and_streams_follow_random_changes(clients, world, clock, variant, seed):
    """Many writers by all the ways to write, items that expire, and indexes that come, are filled, and go meanwhile."""
    changes = Changes(seed)
    changes.reach(clients.client("dynamodb"), clients.client("dynamodbstreams"), clock)
    # The store of `chaos` takes its time for each look.
    filled, turns, rounds = (60, 3, 1) if variant == "chaos" else (FILLED, 20, 3)
    changes.create(filled)

    def meanwhile():
        for _ in range(3):
            changes.swap()
            clock.advance(10)

    for _ in range(rounds):
        changes.disturb(turns, meanwhile)
        clock.advance(1)
        items = changes.check()
    assert 10 < len(items) < filled + 60
