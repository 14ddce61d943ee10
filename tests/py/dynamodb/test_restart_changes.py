"""Indexes, streams and time to live go on as if nothing had been when the server is killed among random changes. Run with `--variant restart`."""

import pytest

from .random_changes import Changes
from .test_restart_streams import Streams


@pytest.fixture
def durable(tmp_path):
    durable = Streams(tmp_path)
    yield durable
    durable.server.kill()


def test_killed_among_random_changes(durable, seed):
    """SIGKILL comes while indexes are filled, items expire and many write. A transaction is then there as a whole, in the table, in every index, and in the stream."""
    changes = Changes(seed)
    durable.clock.freeze()
    changes.reach(durable.ddb, durable.streams, durable.clock)
    changes.create(700)

    def meanwhile():
        for _ in range(4):
            changes.swap()
        durable.server.kill()

    for _ in range(3):
        changes.disturb(1000, meanwhile)
        durable.begin()
        durable.clock.freeze()
        changes.reach(durable.ddb, durable.streams, durable.clock)
        durable.clock.advance(30)
        changes.check()
