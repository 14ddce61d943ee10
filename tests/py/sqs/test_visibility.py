"""Developer Guide: "Visibility timeout"; API Reference: ChangeMessageVisibility, ChangeMessageVisibilityBatch."""

import pytest

from harness.refusal import refused

TWELVE_HOURS = 43200


def change(sqs, url, message, seconds):
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds)


def test_a_received_message_is_hidden_until_the_timeout(queue, story, clock):
    """"Visibility timeout": default 30 seconds, then the message is visible again."""
    story.send(queue)
    assert len(story.receive(queue)) == 1
    clock.advance(29)
    assert story.receive(queue) == []
    clock.advance(1.5)
    assert len(story.receive(queue)) == 1


def test_timeout_of_one_receive(create, story, clock):
    """ReceiveMessage, VisibilityTimeout: applied to the returned messages only, the queue's otherwise."""
    url = create(VisibilityTimeout="100")
    story.send(url)
    story.receive_one(url, VisibilityTimeout=5)
    clock.advance(5.5)
    story.receive_one(url)
    clock.advance(99)
    assert story.receive(url) == []


def test_zero_on_receive_hides_nothing(queue, story):
    """ReceiveMessage, VisibilityTimeout 0: the message stays available."""
    story.send(queue)
    story.receive_one(queue, VisibilityTimeout=0)
    story.receive_one(queue, VisibilityTimeout=0)


def test_extend(sqs, queue, story, clock):
    """ChangeMessageVisibility: the new timeout counts from the call."""
    story.send(queue)
    message = story.receive_one(queue)
    clock.advance(20)
    change(sqs, queue, message, 100)
    clock.advance(99)
    assert story.receive(queue) == []
    clock.advance(1.5)
    assert len(story.receive(queue)) == 1


def test_shorten(sqs, queue, story, clock):
    """ChangeMessageVisibility: 10 seconds begin to count from the time of the call, whatever was left before."""
    story.send(queue)
    message = story.receive_one(queue, VisibilityTimeout=1000)
    change(sqs, queue, message, 10)
    clock.advance(10.5)
    assert len(story.receive(queue)) == 1


def test_zero_makes_visible_at_once(sqs, queue, story):
    """"Terminating the visibility timeout for a message": zero makes it visible to other components immediately."""
    story.send(queue)
    message = story.receive_one(queue)
    change(sqs, queue, message, 0)
    assert story.counts(queue) == (1, 0, 0)
    assert len(story.receive(queue)) == 1


def test_not_remembered(sqs, queue, story, clock):
    """ChangeMessageVisibility: the value isn't saved; the next receive uses the queue's timeout."""
    story.send(queue)
    message = story.receive_one(queue)
    change(sqs, queue, message, 1)
    clock.advance(1.5)
    story.receive_one(queue)
    clock.advance(29)
    assert story.receive(queue) == []


@pytest.mark.parametrize("seconds", [-1, TWELVE_HOURS + 1])
def test_out_of_range(sqs, queue, story, seconds):
    """ChangeMessageVisibility, VisibilityTimeout: 0 to 43,200."""
    story.send(queue)
    message = story.receive_one(queue)
    with refused("InvalidParameterValue", starts=f"Value {seconds} for parameter VisibilityTimeout is invalid."):
        change(sqs, queue, message, seconds)


def test_twelve_hours_in_all(sqs, queue, story, clock):
    """"Visibility timeout": 12 hours from the receive at most; more is an error and extending does not reset the limit."""
    story.send(queue)
    message = story.receive_one(queue)
    clock.advance(10)
    expected = (
        f"Value {TWELVE_HOURS} for parameter VisibilityTimeout is invalid. "
        f"Reason: Total VisibilityTimeout for the message is beyond the limit [{TWELVE_HOURS} seconds]"
    )
    with refused("InvalidParameterValue", expected):
        change(sqs, queue, message, TWELVE_HOURS)
    change(sqs, queue, message, TWELVE_HOURS - 10)
    clock.advance(TWELVE_HOURS - 20)
    with refused("InvalidParameterValue"):
        change(sqs, queue, message, 100)
    change(sqs, queue, message, 5)


def test_a_message_no_longer_in_flight(sqs, queue, story, clock):
    """ChangeMessageVisibility, MessageNotInflight: the message isn't in flight."""
    story.send(queue)
    message = story.receive_one(queue)
    clock.advance(31)
    with refused(("AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue")):
        change(sqs, queue, message, 10)


def test_a_deleted_message(sqs, queue, story):
    """ChangeMessageVisibility: a message that no longer exists cannot be changed."""
    story.send(queue)
    message = story.receive_one(queue)
    story.delete(queue, message)
    with refused(("InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight")):
        change(sqs, queue, message, 10)


def test_timeout_is_required(sqs, queue, story):
    """ChangeMessageVisibility, VisibilityTimeout: required."""
    story.send(queue)
    message = story.receive_one(queue)
    with refused("MissingParameter", "The request must contain the parameter VisibilityTimeout."):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_batch_reports_each_entry(sqs, queue, story, clock):
    """ChangeMessageVisibilityBatch: each result individually, HTTP 200 even if some fail."""
    for number in range(2):
        story.send(queue, str(number))
    one, other = story.receive(queue)
    answer = sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "good", "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0},
            {"Id": "long", "ReceiptHandle": other["ReceiptHandle"], "VisibilityTimeout": TWELVE_HOURS + 1},
            {"Id": "bad", "ReceiptHandle": "nonsense", "VisibilityTimeout": 1},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    failed = {entry["Id"]: entry for entry in answer["Failed"]}
    assert set(failed) == {"long", "bad"}
    assert failed["bad"]["Code"] == "ReceiptHandleIsInvalid"
    assert failed["long"]["Code"] == "InvalidParameterValue"
    assert all(entry["SenderFault"] is True for entry in failed.values())
    assert story.counts(queue) == (1, 1, 0)


def test_changed_queue_timeout_counts_from_the_next_receive(queue, story, clock):
    """"Visibility timeout": messages already in flight keep the timeout that they were received with."""
    story.send(queue)
    story.receive_one(queue)
    story.set(queue, VisibilityTimeout="5")
    clock.advance(10)
    assert story.receive(queue) == []
    clock.advance(21)
    assert len(story.receive(queue)) == 1
