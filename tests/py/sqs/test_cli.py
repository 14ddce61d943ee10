"""The newcomer's first commands, with the AWS CLI."""

import json

import pytest


@pytest.fixture
def aws(cli):
    """Runs `aws`, and returns the document that it prints."""

    def aws(*arguments, code=0):
        printed = cli("--output", "json", *arguments, code=code)
        return printed if code else json.loads(printed or "null")

    return aws


def test_first_commands(aws):
    """README: create a queue, send a message, receive it."""
    url = aws("sqs", "create-queue", "--queue-name", "first")["QueueUrl"]
    sent = aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    (message,) = aws("sqs", "receive-message", "--queue-url", url)["Messages"]
    assert message["Body"] == "hello"
    assert message["MessageId"] == sent["MessageId"]
    assert aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"]) is None
    assert aws("sqs", "list-queues")["QueueUrls"] == [url]


def test_an_error_reaches_the_user(aws):
    """AWS CLI (version 1), return codes: 255 when the command failed; the error's code is printed."""
    printed = aws("sqs", "get-queue-url", "--queue-name", "missing", code=255)
    assert "AWS.SimpleQueueService.NonExistentQueue" in printed


def test_identity(aws):
    """AWS CLI, `aws sts get-caller-identity`: who am I."""
    identity = aws("sts", "get-caller-identity")
    assert identity["Account"] == "000000000000"
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"
