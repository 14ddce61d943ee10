"""A refusal of which a test knows some of the words."""

import contextlib

from harness.refusal import refused


@contextlib.contextmanager
def refused_saying(code, words=""):
    """The block must be refused with this code, and a message that has these words in it."""
    with refused(code) as caught:
        yield
    assert words in caught.value.response["Error"]["Message"], caught.value
