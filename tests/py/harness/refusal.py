"""States that a call must be refused, and how."""

import contextlib

import pytest
from botocore.exceptions import ClientError


@contextlib.contextmanager
def refused(code, message=None, starts=None, status=None):
    """The block must raise a ClientError with this code.

    `message` is the whole message, `starts` its beginning; neither is given where AWS documents none. The HTTP status must be
    `status`: 400 unless given, any 4xx when AWS leaves open which of several codes it is.
    """
    codes = (code,) if isinstance(code, str) else code
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value
    got = error.response["Error"]
    assert got["Code"] in codes, error
    if message is not None:
        assert got.get("Message") == message
    if starts is not None:
        assert got.get("Message", "").startswith(starts), got
    got_status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status is None and len(codes) > 1:
        assert 400 <= got_status < 500, error
    else:
        assert got_status == (status or 400), error
