"""What a server with `--data` holds, it holds across a stop and across SIGKILL. Run with `--variant restart`."""

import json

import pytest

from harness.admin import Clock
from harness.clients import Clients
from harness.durable import Durable
from harness.server import Server


class Queues(Durable):
    def reach(self):
        self.sqs = self.clients.client("sqs")


@pytest.fixture
def durable(tmp_path):
    durable = Queues(tmp_path, "--fsync", "always")
    yield durable
    durable.server.kill()


def bodies(sqs, url):
    return sorted(message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


def counts(sqs, url):
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    return tuple(int(attributes[name]) for name in names)


def test_queues_and_attributes(durable, how):
    """A queue, its attributes, its tags and its policy are there again, unchanged."""
    sqs = durable.sqs
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "77", "RedrivePolicy": policy}, tags={"a": "b"})["QueueUrl"]
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    durable.again(how)
    sqs = durable.sqs
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] == before
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]


def test_messages(durable, how):
    """Each acknowledged message is there, each deleted one is gone, and attributes and digests stay."""
    sqs = durable.sqs
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    attributes = {"bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))}}
    for number in range(8):
        sqs.send_message(QueueUrl=url, MessageBody=f"m{number}", MessageAttributes=attributes)
    gone = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=gone["ReceiptHandle"])
    durable.again(how)
    received = durable.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert {message["Body"] for message in received} == {f"m{n}" for n in range(8)} - {gone["Body"]}
    assert all(message["MessageAttributes"] == attributes for message in received)


def test_in_flight_messages_stay_in_flight(durable, how):
    """A receipt handle still deletes, and an unhandled message becomes visible when its timeout ends."""
    sqs = durable.sqs
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    for body in ("deleted", "returned"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    held = {m["Body"]: m for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600)["Messages"]}
    durable.again(how)
    sqs = durable.sqs
    assert counts(sqs, url) == (0, 2, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=held["deleted"]["ReceiptHandle"])
    assert bodies(sqs, url) == []
    Clock(durable.admin).advance(3601)
    assert bodies(sqs, url) == ["returned"]


def test_timers(durable, how):
    """Delay and retention fall due after a restart as they would have before."""
    sqs = durable.sqs
    url = sqs.create_queue(QueueName="orders", Attributes={"MessageRetentionPeriod": "7200"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    durable.again(how)
    sqs = durable.sqs
    assert counts(sqs, url) == (0, 0, 1)
    clock = Clock(durable.admin)
    clock.advance(901)
    assert counts(sqs, url) == (1, 0, 0)
    clock.advance(7200)
    assert counts(sqs, url) == (0, 0, 0)


def test_fifo(durable, how):
    """Order, group locks, deduplication and sequence numbers go on where they were."""
    sqs = durable.sqs
    url = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number in range(4):
        last = sqs.send_message(QueueUrl=url, MessageBody=f"m{number}", MessageGroupId="g", MessageDeduplicationId=str(number))
    held = sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600)["Messages"][0]
    durable.again(how)
    sqs = durable.sqs
    assert bodies(sqs, url) == []
    sqs.send_message(QueueUrl=url, MessageBody="copy", MessageGroupId="g", MessageDeduplicationId="3")
    new = sqs.send_message(QueueUrl=url, MessageBody="m4", MessageGroupId="g", MessageDeduplicationId="4")
    assert new["SequenceNumber"] > last["SequenceNumber"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == ["m1", "m2", "m3", "m4"]


def test_deletion_is_remembered(durable, how):
    """A deleted queue stays deleted, and its name stays blocked for its 60 seconds."""
    sqs = durable.sqs
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    durable.again(how)
    assert "QueueUrls" not in durable.sqs.list_queues()
    with pytest.raises(durable.sqs.exceptions.QueueDeletedRecently):
        durable.sqs.create_queue(QueueName="orders")
    Clock(durable.admin).advance(61)
    durable.sqs.create_queue(QueueName="orders")


def test_move_task_goes_on(durable, how):
    """A message move task that was running runs on."""
    sqs = durable.sqs
    clock = Clock(durable.admin)
    clock.freeze()
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=f"m{number}")
    bodies(sqs, url)
    clock.advance(31)
    bodies(sqs, url)
    assert counts(sqs, dead) == (5, 0, 0)
    sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)
    clock.advance(2)
    durable.again(how)
    Clock(durable.admin).advance(60)
    (task,) = durable.sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert task["Status"] == "COMPLETED"
    assert task["ApproximateNumberOfMessagesMoved"] == 5
    assert bodies(durable.sqs, url) == [f"m{n}" for n in range(5)]


def test_worlds_and_their_clocks(durable, how):
    """Worlds are part of the data, and so is where their clocks stand."""
    durable.admin.fork("other")
    durable.clients.world = "other"
    clock = Clock(durable.admin.within("other"))
    clock.freeze()
    clock.advance(86400)
    now = clock.now()
    url = durable.sqs.create_queue(QueueName="orders")["QueueUrl"]
    durable.sqs.send_message(QueueUrl=url, MessageBody="x")
    durable.again(how)
    assert Clock(durable.admin.within("other")).now() == now
    durable.clients.world = "other"
    assert bodies(durable.sqs, url) == ["x"]
    durable.clients.world = None
    assert "QueueUrls" not in durable.sqs.list_queues()


def test_a_new_server_without_data_is_empty(durable, tmp_path):
    """Without `--data` nothing is kept: the memory engine begins anew."""
    durable.sqs.create_queue(QueueName="orders")
    other = Server(cache=tmp_path).start()
    try:
        assert "QueueUrls" not in Clients(other.url).client("sqs").list_queues()
    finally:
        other.stop()
