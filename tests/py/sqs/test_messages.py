"""Sending, receiving and deleting. API Reference: SendMessage, ReceiveMessage, DeleteMessage; Developer Guide: message quotas."""

import re

import pytest

from harness import md5
from harness.clients import ACCOUNT
from harness.refusal import refused

MIB = 1024 * 1024
ALLOWED = "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]"
NON_EXISTENT = "AWS.SimpleQueueService.NonExistentQueue"


def test_send_receive_delete(sqs, queue, story):
    """Developer Guide, "Message lifecycle": sent, received, deleted."""
    sent = story.send(queue, "hello")
    received = story.receive_one(queue)
    assert received["Body"] == "hello"
    assert received["MessageId"] == sent["MessageId"]
    assert received["MD5OfBody"] == sent["MD5OfMessageBody"] == md5.of_body("hello")
    story.delete(queue, received)
    assert story.counts(queue) == (0, 0, 0)


def test_send_answers_only_what_applies(queue, story):
    """API Reference, SendMessage: a sequence number for FIFO queues only, attribute digests only where there are attributes."""
    sent = story.send(queue)
    assert set(sent) - {"ResponseMetadata"} == {"MessageId", "MD5OfMessageBody"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sent["MessageId"])


def test_receive_answers_only_what_was_asked_for(queue, story):
    """API Reference, Message: attributes come only when their names are requested."""
    story.send(queue, MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    assert set(story.receive_one(queue)) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_empty_receive_has_no_list(sqs, queue):
    """API Reference, ReceiveMessage, WaitTimeSeconds: if no messages are available, the call does not return a message list."""
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize(
    "body",
    ["x", "ünïcödé 雲居 😀", "<xml a=\"1\">&amp;</xml>", '{"json": [1, null]}', "tab\tline\nreturn\r\n", " edges ", "a+b%20c&d=e", "\ufffd\ue000\ud7ff"],
)
def test_bodies_arrive_unchanged(queue, story, body):
    """API Reference, SendMessage, MessageBody: XML, JSON and unformatted text; #x9, #xA, #xD and #x20 upward except surrogates and #xFFFE, #xFFFF."""
    sent = story.send(queue, body)
    assert sent["MD5OfMessageBody"] == md5.of_body(body)
    received = story.receive_one(queue)
    assert received["Body"] == body
    assert received["MD5OfBody"] == md5.of_body(body)


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ufffe", "\uffff"])
def test_characters_outside_the_set(queue, story, character):
    """API Reference, SendMessage, InvalidMessageContents: characters outside the allowed set are rejected."""
    message = f"Invalid binary character '#x{ord(character):X}' was found in the message body, the set of allowed characters is {ALLOWED}."
    with refused("InvalidMessageContents", message):
        story.send(queue, f"before{character}after")
    assert story.counts(queue) == (0, 0, 0)


def test_body_is_required(sqs, queue):
    """API Reference, SendMessage, MessageBody: required."""
    with refused("MissingParameter", "The request must contain the parameter MessageBody."):
        sqs.send_message(QueueUrl=queue)


def test_empty_body(queue, story):
    """API Reference, SendMessage, MessageBody: the minimum size is one character."""
    with refused(("MissingParameter", "InvalidParameterValue"), "The request must contain the parameter MessageBody."):
        story.send(queue, "")


def test_largest_body(queue, story):
    """API Reference, SendMessage, MessageBody: the maximum size is 1,048,576 bytes."""
    story.send(queue, "x" * MIB)
    assert len(story.receive_one(queue)["Body"]) == MIB
    message = "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    with refused("InvalidParameterValue", message):
        story.send(queue, "x" * (MIB + 1))


def test_size_counts_bytes_not_characters(create, story):
    """Developer Guide, "Message size": sizes are bytes of UTF-8."""
    url = create(MaximumMessageSize="1024")
    story.send(url, "é" * 512)
    with refused("InvalidParameterValue"):
        story.send(url, "é" * 513)


def test_message_attributes_count_towards_the_size(create, story):
    """Developer Guide, "Message attributes": name, type and value of each attribute are part of the message size."""
    url = create(MaximumMessageSize="1024")
    attribute = {"name": {"DataType": "String", "StringValue": "v" * 14}}
    story.send(url, "x" * 1000, MessageAttributes=attribute)
    with refused("InvalidParameterValue"):
        story.send(url, "x" * 1001, MessageAttributes=attribute)


def test_system_attributes_do_not_count_towards_the_size(create, story):
    """API Reference, SendMessage, MessageSystemAttributes: their size doesn't count towards the total size of a message."""
    url = create(MaximumMessageSize="1024")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}}
    story.send(url, "x" * 1024, MessageSystemAttributes=trace)


class TestReceiveParameters:
    """API Reference, ReceiveMessage."""

    def test_one_message_by_default(self, sqs, queue, story):
        """MaxNumberOfMessages: default 1."""
        for number in range(3):
            story.send(queue, str(number))
        assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1

    def test_never_more_than_asked_for(self, queue, story):
        """MaxNumberOfMessages: never returns more than this; ours, holding them all on one machine, returns no fewer."""
        for number in range(12):
            story.send(queue, str(number))
        assert len(story.receive(queue, 4)) == 4
        assert len(story.receive(queue, 10)) == 8
        assert story.receive(queue, 10) == []

    @pytest.mark.parametrize("count", [0, -1, 11])
    def test_count_out_of_range(self, sqs, queue, count):
        """MaxNumberOfMessages: 1 to 10."""
        message = f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        with refused("InvalidParameterValue", message):
            sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=count)

    @pytest.mark.parametrize("seconds", [-1, 21])
    def test_wait_out_of_range(self, sqs, queue, seconds):
        """WaitTimeSeconds: 0 to 20."""
        message = f"Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        with refused("InvalidParameterValue", message):
            sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=seconds)

    @pytest.mark.parametrize("seconds", [-1, 43201])
    def test_visibility_out_of_range(self, sqs, queue, seconds):
        """VisibilityTimeout: 0 to 43,200."""
        with refused("InvalidParameterValue", starts=f"Value {seconds} for parameter VisibilityTimeout is invalid."):
            sqs.receive_message(QueueUrl=queue, VisibilityTimeout=seconds)

    def test_unknown_system_attribute_name(self, sqs, queue):
        """AttributeNames, MessageSystemAttributeNames: only documented names."""
        for parameter in ("AttributeNames", "MessageSystemAttributeNames"):
            with refused(("InvalidAttributeName", "InvalidParameterValue"), None):
                sqs.receive_message(QueueUrl=queue, **{parameter: ["Colour"]})

    def test_attempt_id_is_for_fifo_queues(self, sqs, queue):
        """ReceiveRequestAttemptId: applies only to FIFO queues."""
        with refused("InvalidParameterValue"):
            sqs.receive_message(QueueUrl=queue, ReceiveRequestAttemptId="a")


class TestSystemAttributes:
    """API Reference, ReceiveMessage, MessageSystemAttributeNames."""

    @pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
    def test_all(self, sqs, queue, story, clock, parameter):
        """All: sender, times in epoch milliseconds, and the number of receives; the older parameter name works the same."""
        sent_at = clock.now()
        story.send(queue)
        clock.advance(5)
        attributes = story.receive_one(queue, **{parameter: ["All"]})["Attributes"]
        assert attributes["ApproximateReceiveCount"] == "1"
        assert abs(int(attributes["SentTimestamp"]) - sent_at * 1000) <= 1
        assert int(attributes["ApproximateFirstReceiveTimestamp"]) - int(attributes["SentTimestamp"]) == 5000
        assert attributes["SenderId"]
        assert set(attributes) == {"ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"}

    def test_only_those_named(self, queue, story):
        """Only the named attributes are returned."""
        story.send(queue)
        assert story.receive_one(queue, MessageSystemAttributeNames=["ApproximateReceiveCount"])["Attributes"] == {"ApproximateReceiveCount": "1"}

    def test_receive_count_and_first_receive(self, queue, story, clock):
        """ApproximateReceiveCount grows with each receive; ApproximateFirstReceiveTimestamp stays that of the first."""
        story.send(queue)
        firsts = set()
        for expected in (1, 2, 3):
            attributes = story.receive_one(queue, VisibilityTimeout=10, MessageSystemAttributeNames=["All"])["Attributes"]
            assert attributes["ApproximateReceiveCount"] == str(expected)
            firsts.add(attributes["ApproximateFirstReceiveTimestamp"])
            clock.advance(11)
        assert len(firsts) == 1

    def test_sender_of_another_account(self, sqs, as_account, queue, story):
        """SenderId: the id of the principal who sent it; for an account's root that is the account."""
        sqs.add_permission(QueueUrl=queue, Label="share", AWSAccountIds=["111122223333"], Actions=["*"])
        as_account("111122223333").send_message(QueueUrl=queue, MessageBody="x")
        assert story.receive_one(queue, MessageSystemAttributeNames=["SenderId"])["Attributes"]["SenderId"] == "111122223333"

    def test_trace_header(self, queue, story):
        """AWSTraceHeader: the only system attribute that a sender can set; its digest is answered."""
        trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}}
        sent = story.send(queue, MessageSystemAttributes=trace)
        assert sent["MD5OfMessageSystemAttributes"] == md5.of_attributes(trace)
        attributes = story.receive_one(queue, MessageSystemAttributeNames=["AWSTraceHeader"])["Attributes"]
        assert attributes == {"AWSTraceHeader": trace["AWSTraceHeader"]["StringValue"]}

    def test_other_system_attributes_are_refused(self, queue, story):
        """SendMessage, MessageSystemAttributes: currently the only supported one is AWSTraceHeader, of type String."""
        with refused("InvalidParameterValue"):
            story.send(queue, MessageSystemAttributes={"SenderId": {"DataType": "String", "StringValue": "me"}})
        with refused("InvalidParameterValue"):
            story.send(queue, MessageSystemAttributes={"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}})


class TestReceiptHandles:
    """Developer Guide, "Queue and message identifiers", Receipt handle."""

    def test_each_receive_gives_another_handle(self, queue, story, clock):
        """If you receive the same message more than once, you get a different receipt handle each time."""
        story.send(queue)
        first = story.receive_one(queue)
        clock.advance(31)
        second = story.receive_one(queue)
        assert first["ReceiptHandle"] != second["ReceiptHandle"]
        assert first["MessageId"] == second["MessageId"]

    def test_old_handle_succeeds(self, queue, story, clock):
        """API Reference, DeleteMessage: with an old handle the request succeeds, though the message might not be deleted."""
        story.send(queue)
        first = story.receive_one(queue)
        clock.advance(31)
        story.receive_one(queue)
        story.delete(queue, first)

    def test_delete_while_visible_again(self, queue, story, clock):
        """API Reference, DeleteMessage: the latest handle deletes a message even when its visibility timeout has expired."""
        story.send(queue)
        received = story.receive_one(queue)
        clock.advance(31)
        story.delete(queue, received)
        assert story.counts(queue) == (0, 0, 0)

    def test_delete_twice(self, queue, story):
        """API Reference, DeleteMessage: deleting what is deleted succeeds."""
        story.send(queue)
        received = story.receive_one(queue)
        story.delete(queue, received)
        story.delete(queue, received)

    def test_nonsense(self, sqs, queue):
        """API Reference, ReceiptHandleIsInvalid."""
        message = 'The input receipt handle "nonsense" is not a valid receipt handle.'
        with refused("ReceiptHandleIsInvalid", message, status=404):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle="nonsense")
        with refused("ReceiptHandleIsInvalid", message, status=404):
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle="nonsense", VisibilityTimeout=1)

    def test_of_another_queue(self, create, story):
        """API Reference, ReceiptHandleIsInvalid: a handle belongs to the queue that gave it."""
        one, other = create(), create()
        story.send(one)
        received = story.receive_one(one)
        with refused("ReceiptHandleIsInvalid", status=404):
            story.delete(other, received)
        assert story.counts(one) == (0, 1, 0)

    def test_required(self, sqs, queue):
        """API Reference, DeleteMessage, ReceiptHandle: required."""
        with refused("MissingParameter", "The request must contain the parameter ReceiptHandle."):
            sqs.delete_message(QueueUrl=queue)


def test_fair_queue_takes_group_ids(queue, story):
    """Developer Guide, "Fair queues": MessageGroupId on a standard queue names the tenant; messages of one group are processed in parallel."""
    for number in range(3):
        assert "SequenceNumber" not in story.send(queue, str(number), MessageGroupId="tenant")
    received = story.receive(queue, MessageSystemAttributeNames=["All"])
    assert len(received) == 3
    assert {message["Attributes"]["MessageGroupId"] for message in received} == {"tenant"}


def test_fair_queue_serves_quiet_tenants_first(queue, story):
    """Developer Guide, "Fair queues": a tenant with many messages in flight must not hold up the messages of the others."""
    for number in range(50):
        story.send(queue, f"noisy {number}", MessageGroupId="noisy")
    for _ in range(4):
        assert len(story.receive(queue)) == 10
    story.send(queue, "quiet", MessageGroupId="quiet")
    assert "quiet" in story.bodies(queue, 10)


@pytest.mark.parametrize("group", ["", "g" * 129, "with space", "ü"])
def test_group_id_of_a_fair_queue_is_validated(queue, story, group):
    """API Reference, SendMessage, MessageGroupId: up to 128 letters, digits and punctuation."""
    with refused(("InvalidParameterValue", "MissingParameter")):
        story.send(queue, MessageGroupId=group)


def test_deduplication_id_is_for_fifo_queues(queue, story):
    """API Reference, SendMessage, MessageDeduplicationId: applies only to FIFO queues."""
    with refused("InvalidParameterValue"):
        story.send(queue, MessageDeduplicationId="dedup")


class TestCounts:
    """API Reference, GetQueueAttributes: the three counts. Ours are exact, as one process sees them all."""

    def test_life_of_messages(self, queue, story, clock):
        for number in range(5):
            story.send(queue, str(number))
        story.send(queue, "later", DelaySeconds=60)
        assert story.counts(queue) == (5, 0, 1)
        received = story.receive(queue, 3)
        assert story.counts(queue) == (2, 3, 1)
        story.delete(queue, received[0])
        assert story.counts(queue) == (2, 2, 1)
        clock.advance(30.5)
        assert story.counts(queue) == (4, 0, 1)
        clock.advance(30)
        assert story.counts(queue) == (5, 0, 0)

    def test_many(self, sqs, queue, story):
        """Counts stay exact over many batches."""
        for batch in range(20):
            sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)])
        seen = set()
        for _ in range(10):
            seen.update(story.bodies(queue))
        assert len(seen) == 100
        assert story.counts(queue) == (100, 100, 0)


def test_invalid_address(sqs, server):
    """API Reference, InvalidAddress: a QueueUrl that is no queue's address."""
    with refused("InvalidAddress", status=404):
        sqs.send_message(QueueUrl=f"http://127.0.0.1:{server.port}/", MessageBody="x")


def test_account_of_the_url(sqs, queue, story):
    """Developer Guide, "Queue and message identifiers": a URL that names another account means that account's queue."""
    elsewhere = queue.replace(ACCOUNT, "444455556666")
    with refused((NON_EXISTENT, "AccessDenied")):
        story.send(elsewhere)
