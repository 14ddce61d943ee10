"""Fixtures for Amazon SQS. `sqs` runs each test twice: over the JSON protocol and over the older query protocol."""

import itertools
import json

import pytest

from harness.clients import ACCOUNT, REGION


@pytest.fixture(params=["json", "query"])
def protocol(request):
    return request.param


@pytest.fixture
def sqs(clients, world, protocol):
    return clients.client("sqs", protocol)


@pytest.fixture
def as_account(clients, world, protocol):
    """A client that acts for another account: a 12-digit access key id is the account's number."""
    return lambda account, region=REGION: clients.client("sqs", protocol, key=account, region=region)


@pytest.fixture
def names():
    return (f"queue-{number}" for number in itertools.count(1))


@pytest.fixture
def create(sqs, names):
    """Creates a queue with the given attributes, and returns its URL. `FifoQueue="true"` gives it the suffix it needs."""

    def create(name=None, tags=None, **attributes):
        if name is None:
            name = next(names) + (".fifo" if attributes.get("FifoQueue") == "true" else "")
        arguments = {"QueueName": name}
        if attributes:
            arguments["Attributes"] = attributes
        if tags:
            arguments["tags"] = tags
        return sqs.create_queue(**arguments)["QueueUrl"]

    return create


@pytest.fixture
def fifo(create):
    return lambda name=None, **attributes: create(name, FifoQueue="true", **attributes)


@pytest.fixture
def queue(create):
    """The URL of a standard queue with default attributes."""
    return create()


class Story:
    """Short words for the calls that nearly every test makes."""

    def __init__(self, sqs):
        self.sqs = sqs

    def send(self, url, body="hello", **more):
        return self.sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    def receive(self, url, count=10, **more):
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, **more).get("Messages", [])

    def receive_one(self, url, **more):
        (message,) = self.receive(url, 1, **more)
        return message

    def bodies(self, url, count=10, **more):
        return [message["Body"] for message in self.receive(url, count, **more)]

    def delete(self, url, message):
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def attributes(self, url, *names):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})

    def attribute(self, url, name):
        return self.attributes(url, name).get(name)

    def set(self, url, **attributes):
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def arn(self, url):
        return self.attribute(url, "QueueArn")

    def counts(self, url):
        """Messages that are visible, in flight, and delayed."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
        attributes = self.attributes(url, *names)
        return tuple(int(attributes[name]) for name in names)

    def redrive(self, url, dead_letter_url, times):
        policy = {"deadLetterTargetArn": self.arn(dead_letter_url), "maxReceiveCount": times}
        self.set(url, RedrivePolicy=json.dumps(policy))


@pytest.fixture
def story(sqs):
    return Story(sqs)


@pytest.fixture
def arn_of():
    return lambda name, account=ACCOUNT, region=REGION: f"arn:aws:sqs:{region}:{account}:{name}"
