"""FIFO queues. Developer Guide: "FIFO queues", "FIFO delivery logic", "Exactly-once processing", "High throughput for FIFO queues"."""

import hashlib

import pytest

from harness.refusal import refused

FIVE_MINUTES = 300
DEDUPLICATION_NEEDED = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"


@pytest.fixture
def line(fifo):
    """A FIFO queue that deduplicates by content."""
    return fifo(ContentBasedDeduplication="true")


@pytest.fixture
def put(story):
    """Sends one message of a group."""

    def put(url, body, group="g", **more):
        return story.send(url, body, MessageGroupId=group, **more)

    return put


class TestSending:
    """SendMessage on FIFO queues."""

    def test_group_is_required(self, line, story):
        """MessageGroupId: required for FIFO queues."""
        with refused("MissingParameter", "The request must contain the parameter MessageGroupId."):
            story.send(line)

    def test_deduplication_is_required(self, fifo, put):
        """MessageDeduplicationId: without it and without content-based deduplication the action fails."""
        with refused("InvalidParameterValue", DEDUPLICATION_NEEDED):
            put(fifo(), "x")

    @pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
    @pytest.mark.parametrize("value", ["x" * 129, "with space", "ü", "tab\t"])
    def test_invalid_ids(self, line, story, name, value):
        """Both ids: up to 128 letters, digits and punctuation."""
        ids = {"MessageGroupId": "g", "MessageDeduplicationId": "d", name: value}
        with refused("InvalidParameterValue", starts=f"Value {value} for parameter {name} is invalid. Reason: "):
            story.send(line, "x", **ids)

    @pytest.mark.parametrize("value", ["x" * 128, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "aZ09"])
    def test_valid_ids(self, line, story, value):
        """Both ids: up to 128 letters, digits and punctuation."""
        story.send(line, "x", MessageGroupId=value, MessageDeduplicationId=value)
        attributes = story.receive_one(line, MessageSystemAttributeNames=["All"])["Attributes"]
        assert attributes["MessageGroupId"] == attributes["MessageDeduplicationId"] == value

    def test_sequence_numbers(self, line, put):
        """SequenceNumber: a large number (20 digits) that increases within a group."""
        numbers = [put(line, f"m{n}")["SequenceNumber"] for n in range(5)]
        assert all(len(number) == 20 and number.isdigit() for number in numbers)
        assert numbers == sorted(set(numbers))

    def test_what_a_consumer_sees(self, line, story, put):
        """ReceiveMessage, MessageSystemAttributeNames: group, deduplication id and sequence number of FIFO messages."""
        sent = put(line, "x")
        attributes = story.receive_one(line, MessageSystemAttributeNames=["All"])["Attributes"]
        assert attributes["MessageGroupId"] == "g"
        assert attributes["SequenceNumber"] == sent["SequenceNumber"]
        assert attributes["MessageDeduplicationId"] == hashlib.sha256(b"x").hexdigest()


class TestOrder:
    """"FIFO delivery logic"."""

    def test_one_group_in_order(self, line, story, put):
        """The order in which messages of a group are sent is the order in which they are received."""
        for number in range(25):
            put(line, f"m{number:02}")
        seen = []
        while batch := story.receive(line):
            seen += [message["Body"] for message in batch]
            for message in batch:
                story.delete(line, message)
        assert seen == [f"m{number:02}" for number in range(25)]

    def test_order_is_kept_within_each_group(self, line, story, put):
        """Messages of different groups may interleave, those of one never overtake."""
        for number in range(30):
            put(line, f"{number:02}", group=f"g{number % 3}")
        seen = {}
        while batch := story.receive(line, MessageSystemAttributeNames=["MessageGroupId"]):
            for message in batch:
                seen.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
                story.delete(line, message)
        assert seen == {f"g{group}": [f"{n:02}" for n in range(30) if n % 3 == group] for group in range(3)}

    def test_group_is_locked_while_in_flight(self, line, story, put):
        """"Receiving messages": while a message of a group is in flight, no more of that group are returned."""
        put(line, "a1", group="a")
        put(line, "a2", group="a")
        put(line, "b1", group="b")
        held = story.receive_one(line)
        assert held["Body"] == "a1"
        assert story.bodies(line) == ["b1"]
        assert story.receive(line) == []
        story.delete(line, held)
        assert story.bodies(line) == ["a2"]

    def test_group_stays_locked_until_all_in_flight_are_gone(self, line, story, put):
        """Several messages of one group may be received at once; all of them hold the group."""
        for number in range(4):
            put(line, f"m{number}")
        first, second = story.receive(line, 2)
        assert (first["Body"], second["Body"]) == ("m0", "m1")
        story.delete(line, first)
        assert story.receive(line) == []
        story.delete(line, second)
        assert story.bodies(line) == ["m2", "m3"]

    def test_expired_message_comes_first_again(self, line, story, put, clock):
        """When the visibility timeout of a message ends, it comes again before its successors."""
        put(line, "first")
        put(line, "second")
        assert [m["Body"] for m in story.receive(line, 1, VisibilityTimeout=10)] == ["first"]
        clock.advance(10.5)
        assert story.bodies(line) == ["first", "second"]

    def test_released_message_comes_first_again(self, sqs, line, story, put):
        """The same when the consumer gives it back."""
        put(line, "first")
        put(line, "second")
        held = story.receive_one(line)
        sqs.change_message_visibility(QueueUrl=line, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
        assert story.bodies(line) == ["first", "second"]

    def test_expired_receipt_handle_cannot_delete(self, line, story, put, clock):
        """API Reference, ReceiveMessage, ReceiveRequestAttemptId: deleting after the visibility timeout fails on a FIFO queue."""
        put(line, "x")
        held = story.receive_one(line, VisibilityTimeout=10)
        clock.advance(11)
        with refused("InvalidParameterValue", starts=f"Value {held['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: "):
            story.delete(line, held)

    def test_as_many_of_one_group_as_possible(self, line, story, put):
        """"Receiving messages": SQS first attempts to return as many messages with the same group id as possible."""
        for number in range(12):
            put(line, f"a{number:02}", group="a")
        put(line, "b", group="b")
        assert story.bodies(line) == [f"a{number:02}" for number in range(10)]


class TestDeduplication:
    """"Exactly-once processing" and "Using the message deduplication ID": five minutes."""

    def test_by_id(self, fifo, story, put):
        """A message with an id that was sent is accepted, and not delivered."""
        url = fifo()
        put(url, "original", MessageDeduplicationId="d")
        put(url, "copy", MessageDeduplicationId="d")
        assert story.bodies(url) == ["original"]

    def test_answer_to_a_copy(self, fifo, put):
        """The copy is accepted successfully: the answer is that of a message sent."""
        url = fifo()
        put(url, "original", MessageDeduplicationId="d")
        copy = put(url, "original", MessageDeduplicationId="d")
        assert copy["MessageId"] and copy["SequenceNumber"]

    def test_interval(self, fifo, story, put, clock):
        """The interval is five minutes from the original."""
        url = fifo()
        put(url, "original", MessageDeduplicationId="d")
        clock.advance(FIVE_MINUTES - 1)
        put(url, "copy", MessageDeduplicationId="d")
        assert story.counts(url) == (1, 0, 0)
        clock.advance(2)
        put(url, "new", MessageDeduplicationId="d")
        assert story.bodies(url) == ["original", "new"]

    def test_after_deletion(self, fifo, story, put):
        """SQS keeps track of the id even after the message is received and deleted."""
        url = fifo()
        put(url, "original", MessageDeduplicationId="d")
        story.delete(url, story.receive_one(url))
        put(url, "copy", MessageDeduplicationId="d")
        assert story.receive(url) == []

    def test_by_content(self, line, story, put):
        """ContentBasedDeduplication: a SHA-256 of the body, not of the attributes."""
        put(line, "same")
        put(line, "same", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
        put(line, "other")
        assert story.bodies(line) == ["same", "other"]

    def test_id_overrides_content(self, line, story, put):
        """An explicit id overrides the generated one."""
        put(line, "same", MessageDeduplicationId="1")
        put(line, "same", MessageDeduplicationId="2")
        assert story.bodies(line) == ["same", "same"]

    def test_generated_id_can_be_given(self, line, story, put):
        """An explicit id that equals the generated one makes a duplicate."""
        put(line, "body")
        put(line, "different", MessageDeduplicationId=hashlib.sha256(b"body").hexdigest())
        assert story.bodies(line) == ["body"]

    def test_scope_of_the_queue(self, fifo, story, put):
        """DeduplicationScope queue: across all groups."""
        url = fifo(DeduplicationScope="queue")
        put(url, "one", group="a", MessageDeduplicationId="d")
        put(url, "two", group="b", MessageDeduplicationId="d")
        assert story.bodies(url) == ["one"]

    @pytest.mark.parametrize("limit", ["perQueue", "perMessageGroupId"])
    def test_scope_of_the_group(self, fifo, story, put, limit):
        """DeduplicationScope messageGroup: within each group."""
        url = fifo(DeduplicationScope="messageGroup", FifoThroughputLimit=limit)
        put(url, "one", group="a", MessageDeduplicationId="d")
        put(url, "two", group="b", MessageDeduplicationId="d")
        put(url, "copy", group="a", MessageDeduplicationId="d")
        assert sorted(story.bodies(url)) == ["one", "two"]

    def test_within_a_batch(self, sqs, line, story):
        """A batch's entries deduplicate among themselves as messages sent one by one do."""
        entries = [{"Id": str(n), "MessageBody": "same", "MessageGroupId": "g"} for n in range(3)]
        assert len(sqs.send_message_batch(QueueUrl=line, Entries=entries)["Successful"]) == 3
        assert story.bodies(line) == ["same"]


class TestAttemptIds:
    """API Reference, ReceiveMessage, ReceiveRequestAttemptId."""

    def test_same_messages_again(self, line, story, put):
        """During the visibility timeout the same attempt id gets the same messages and receipt handles."""
        for number in range(3):
            put(line, f"m{number}")
        first = story.receive(line, 2, ReceiveRequestAttemptId="try-1")
        again = story.receive(line, 2, ReceiveRequestAttemptId="try-1")
        assert [(m["MessageId"], m["ReceiptHandle"]) for m in first] == [(m["MessageId"], m["ReceiptHandle"]) for m in again]

    def test_another_attempt_is_another_receive(self, line, story, put):
        """Without the same id, the group is locked as ever."""
        put(line, "m")
        assert len(story.receive(line, ReceiveRequestAttemptId="try-1")) == 1
        assert story.receive(line, ReceiveRequestAttemptId="try-2") == []
        assert story.receive(line) == []

    def test_retry_resets_the_visibility_timeout(self, line, story, put, clock):
        """If a retry occurs within the deduplication interval, it resets the visibility timeout."""
        put(line, "m")
        story.receive(line, ReceiveRequestAttemptId="try", VisibilityTimeout=60)
        clock.advance(40)
        assert len(story.receive(line, ReceiveRequestAttemptId="try", VisibilityTimeout=60)) == 1
        clock.advance(40)
        assert story.receive(line) == []
        clock.advance(21)
        assert len(story.receive(line)) == 1

    def test_five_minutes(self, line, story, put, clock):
        """The id can be used only for 5 minutes after the receive."""
        put(line, "m")
        assert len(story.receive(line, ReceiveRequestAttemptId="try", VisibilityTimeout=1000)) == 1
        clock.advance(FIVE_MINUTES + 1)
        assert story.receive(line, ReceiveRequestAttemptId="try") == []

    def test_not_after_a_change(self, line, story, put):
        """Retrying is possible only if none of the messages have been modified: deleted, or their visibility changed."""
        put(line, "first")
        put(line, "second")
        held = story.receive_one(line, ReceiveRequestAttemptId="try")
        story.delete(line, held)
        with refused("InvalidParameterValue", starts="Value try for parameter ReceiveRequestAttemptId is invalid. Reason: "):
            story.receive(line, ReceiveRequestAttemptId="try")

    @pytest.mark.parametrize("value", ["x" * 129, "with space", "ü"])
    def test_invalid(self, line, story, value):
        """Up to 128 letters, digits and punctuation."""
        with refused("InvalidParameterValue"):
            story.receive(line, ReceiveRequestAttemptId=value)


def test_group_lock_ends_with_retention(fifo, story, put, clock):
    """Message quotas, Message retention: an in-flight message that expires holds its group no longer."""
    url = fifo(ContentBasedDeduplication="true", MessageRetentionPeriod="60")
    put(url, "first")
    story.receive_one(url, VisibilityTimeout=1000)
    clock.advance(30)
    put(url, "second")
    assert story.receive(url) == []
    clock.advance(31)
    assert story.bodies(url) == ["second"]
