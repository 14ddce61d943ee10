"""The newcomer's first commands, with the AWS CLI."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.server import clean_environment


@pytest.fixture
def aws(clients, world):
    """Runs `aws` against this test's world, and returns what it prints.

    The CLI sends no header of ours, so it chooses its world by its access key: `KEY@WORLD`.
    """
    beside = Path(sys.executable).parent / "aws"
    program = str(beside) if beside.exists() else shutil.which("aws")
    assert program, "awscli is in tests/requirements.txt"
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=f"test@{world}",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        **({"AWS_CA_BUNDLE": clients.verify} if clients.verify else {}),
    )

    def aws(*arguments, code=0):
        done = subprocess.run(
            [program, "--endpoint-url", clients.endpoint, "--output", "json", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert done.returncode == code, done.stderr
        if code:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

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
