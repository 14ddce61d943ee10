"""Batch actions. API Reference: SendMessageBatch, DeleteMessageBatch, ChangeMessageVisibilityBatch; Developer Guide: "Batch actions"."""

import pytest

from harness import md5
from harness.refusal import refused

MIB = 1024 * 1024
PREFIX = "AWS.SimpleQueueService."

# Call, name of its entry type, and what an entry holds besides its id.
BATCHES = [
    ("send_message_batch", "SendMessageBatchRequestEntry", {"MessageBody": "x"}),
    ("delete_message_batch", "DeleteMessageBatchRequestEntry", {"ReceiptHandle": "x"}),
    ("change_message_visibility_batch", "ChangeMessageVisibilityBatchRequestEntry", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
]


@pytest.mark.parametrize("call, entry, content", BATCHES)
class TestBatchErrors:
    """Errors of the batch as a whole: nothing of it is done."""

    def test_empty(self, sqs, queue, call, entry, content):
        """EmptyBatchRequest: the batch request doesn't contain any entries."""
        with refused(PREFIX + "EmptyBatchRequest", f"There should be at least one {entry} in the request."):
            getattr(sqs, call)(QueueUrl=queue, Entries=[])

    def test_too_many(self, sqs, queue, story, call, entry, content):
        """TooManyEntriesInBatchRequest: 10 is the maximum."""
        entries = [{"Id": str(number), **content} for number in range(11)]
        message = "Maximum number of entries per request are 10. You have sent 11."
        with refused(PREFIX + "TooManyEntriesInBatchRequest", message):
            getattr(sqs, call)(QueueUrl=queue, Entries=entries)
        assert story.counts(queue) == (0, 0, 0)

    def test_ids_repeated(self, sqs, queue, story, call, entry, content):
        """BatchEntryIdsNotDistinct: two or more entries have the same Id."""
        entries = [{"Id": name, **content} for name in ("a", "b", "a")]
        with refused(PREFIX + "BatchEntryIdsNotDistinct", "Id a repeated."):
            getattr(sqs, call)(QueueUrl=queue, Entries=entries)
        assert story.counts(queue) == (0, 0, 0)

    @pytest.mark.parametrize("name", ["with space", "ü", "a" * 81, "dot.ted"])
    def test_invalid_id(self, sqs, queue, story, call, entry, content, name):
        """InvalidBatchEntryId: up to 80 letters, digits, hyphens and underscores."""
        message = (
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )
        with refused(PREFIX + "InvalidBatchEntryId", message):
            getattr(sqs, call)(QueueUrl=queue, Entries=[{"Id": "good", **content}, {"Id": name, **content}])
        assert story.counts(queue) == (0, 0, 0)

    def test_longest_id(self, sqs, queue, call, entry, content):
        """Message quotas, Batched message ID: up to 80 characters."""
        answer = getattr(sqs, call)(QueueUrl=queue, Entries=[{"Id": "a" * 80, **content}])
        assert [result["Id"] for result in answer.get("Successful", []) + answer.get("Failed", [])] == ["a" * 80]

    def test_entry_needs_an_id(self, sqs, queue, call, entry, content):
        """API Reference, batch entries, Id: required."""
        with refused(("MissingParameter", PREFIX + "InvalidBatchEntryId")):
            getattr(sqs, call)(QueueUrl=queue, Entries=[content])


class TestSend:
    """SendMessageBatch."""

    def test_each_message_is_sent(self, sqs, queue, story):
        """The result of each message is reported individually, with its digests."""
        attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        answer = sqs.send_message_batch(
            QueueUrl=queue,
            Entries=[{"Id": f"id-{n}", "MessageBody": f"body {n}", "MessageAttributes": attributes} for n in range(10)],
        )
        assert not answer.get("Failed")
        assert [result["Id"] for result in answer["Successful"]] == [f"id-{n}" for n in range(10)]
        for number, result in enumerate(answer["Successful"]):
            assert result["MD5OfMessageBody"] == md5.of_body(f"body {number}")
            assert result["MD5OfMessageAttributes"] == md5.of_attributes(attributes)
        received = story.receive(queue, MessageAttributeNames=["All"])
        assert {message["MessageId"] for message in received} == {result["MessageId"] for result in answer["Successful"]}
        assert all(message["MessageAttributes"] == attributes for message in received)

    def test_partial_failure(self, sqs, queue, story):
        """A combination of successful and unsuccessful actions comes with HTTP 200."""
        answer = sqs.send_message_batch(
            QueueUrl=queue,
            Entries=[
                {"Id": "good", "MessageBody": "good"},
                {"Id": "delay", "MessageBody": "x", "DelaySeconds": 901},
                {"Id": "characters", "MessageBody": "\x00"},
                {"Id": "attribute", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Nonsense", "StringValue": "x"}}},
            ],
        )
        assert [result["Id"] for result in answer["Successful"]] == ["good"]
        failed = {result["Id"]: result for result in answer["Failed"]}
        assert {name: result["Code"] for name, result in failed.items()} == {
            "delay": "InvalidParameterValue",
            "characters": "InvalidMessageContents",
            "attribute": "InvalidParameterValue",
        }
        assert all(result["SenderFault"] is True for result in failed.values())
        assert failed["delay"]["Message"] == "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        assert story.bodies(queue) == ["good"]

    def test_delays_of_entries(self, sqs, create, story, clock):
        """Each entry has its own delay, or the queue's default."""
        url = create(DelaySeconds="30")
        entries = [{"Id": "now", "MessageBody": "now", "DelaySeconds": 0}, {"Id": "default", "MessageBody": "default"}]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert story.bodies(url) == ["now"]
        clock.advance(30.5)
        assert "default" in story.bodies(url)

    def test_total_size(self, sqs, queue, story):
        """BatchRequestTooLong: the sum of all messages is at most 1,048,576 bytes."""
        fits = [{"Id": str(n), "MessageBody": "x" * (MIB // 4)} for n in range(4)]
        assert len(sqs.send_message_batch(QueueUrl=queue, Entries=fits)["Successful"]) == 4
        over = fits[:3] + [{"Id": "3", "MessageBody": "x" * (MIB // 4 + 1)}]
        message = f"Batch requests cannot be longer than {MIB} bytes. You have sent {MIB + 1} bytes."
        with refused(PREFIX + "BatchRequestTooLong", message):
            sqs.send_message_batch(QueueUrl=queue, Entries=over)
        assert story.counts(queue) == (4, 0, 0)

    def test_message_larger_than_the_queue_allows(self, sqs, create, story):
        """MaximumMessageSize holds for each entry: the entry fails, the others are sent."""
        url = create(MaximumMessageSize="1024")
        entries = [{"Id": "small", "MessageBody": "x"}, {"Id": "large", "MessageBody": "x" * 1025}]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert [result["Id"] for result in answer["Successful"]] == ["small"]
        assert [(result["Id"], result["Code"]) for result in answer["Failed"]] == [("large", "InvalidParameterValue")]

    def test_fifo_keeps_the_order(self, sqs, fifo, story):
        """For a FIFO queue, multiple messages within a single batch are enqueued in the order they are sent."""
        url = fifo(ContentBasedDeduplication="true")
        entries = [{"Id": str(n), "MessageBody": f"m{n}", "MessageGroupId": "g"} for n in range(10)]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        numbers = [int(result["SequenceNumber"]) for result in answer["Successful"]]
        assert numbers == sorted(set(numbers))
        assert story.bodies(url) == [f"m{n}" for n in range(10)]

    def test_fifo_entry_without_group_fails_alone(self, sqs, fifo, story):
        """SendMessageBatch: errors of an entry are reported with the entry."""
        url = fifo(ContentBasedDeduplication="true")
        entries = [{"Id": "good", "MessageBody": "a", "MessageGroupId": "g"}, {"Id": "bad", "MessageBody": "b"}]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert [result["Id"] for result in answer["Successful"]] == ["good"]
        assert [(result["Id"], result["Code"]) for result in answer["Failed"]] == [("bad", "MissingParameter")]


class TestDelete:
    """DeleteMessageBatch."""

    def test_deletes(self, sqs, queue, story):
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)])
        entries = [{"Id": f"d{n}", "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(story.receive(queue))]
        answer = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        assert [result["Id"] for result in answer["Successful"]] == [f"d{n}" for n in range(10)]
        assert not answer.get("Failed")
        assert story.counts(queue) == (0, 0, 0)

    def test_partial_failure(self, sqs, queue, story):
        """The result of each message is reported individually."""
        story.send(queue)
        message = story.receive_one(queue)
        entries = [{"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "nonsense"}]
        answer = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        assert [result["Id"] for result in answer["Successful"]] == ["good"]
        (failed,) = answer["Failed"]
        assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)
        assert failed["Message"] == 'The input receipt handle "nonsense" is not a valid receipt handle.'
        assert story.counts(queue) == (0, 0, 0)
