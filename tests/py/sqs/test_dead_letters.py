"""Dead-letter queues. Developer Guide: "Using dead-letter queues", "Dead-letter queue redrive"; API Reference: ListDeadLetterSourceQueues."""

import json

import pytest

from harness.refusal import refused

DAY = 86400


@pytest.fixture
def dead(create):
    return create("dead")


@pytest.fixture
def source(create, story, dead):
    """A queue whose messages go to `dead` when they have been received twice in vain."""
    url = create("source")
    story.redrive(url, dead, 2)
    return url


def fail(story, clock, url, times, **more):
    """Receives what is there, and lets the visibility timeout end, so many times."""
    for _ in range(times):
        story.receive(url, VisibilityTimeout=10, **more)
        clock.advance(10.5)


def test_message_moves_when_received_too_often(source, dead, story, clock):
    """RedrivePolicy, maxReceiveCount: when the receive count exceeds it, the message goes to the dead-letter queue."""
    sent = story.send(source, "poison", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    fail(story, clock, source, 2)
    assert story.receive(source) == []
    assert story.counts(source) == (0, 0, 0)
    moved = story.receive_one(dead, MessageAttributeNames=["All"])
    assert moved["MessageId"] == sent["MessageId"]
    assert moved["Body"] == "poison"
    assert moved["MessageAttributes"] == {"a": {"DataType": "String", "StringValue": "b"}}


def test_message_stays_while_not_received_too_often(source, dead, story, clock):
    """maxReceiveCount receives are allowed, and deleting in time keeps the message out of the dead-letter queue."""
    story.send(source)
    fail(story, clock, source, 1)
    message = story.receive_one(source)
    story.delete(source, message)
    clock.advance(100)
    assert story.receive(source) == []
    assert story.counts(dead) == (0, 0, 0)


def test_zero_visibility_counts_as_a_receive(source, dead, sqs, story):
    """Developer Guide, "Visibility timeout": a message given back counts as received."""
    story.send(source)
    for _ in range(2):
        message = story.receive_one(source)
        sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert story.receive(source) == []
    assert story.counts(dead) == (1, 0, 0)


def test_where_it_came_from(source, dead, story, clock):
    """API Reference, MessageSystemAttributeName, DeadLetterQueueSourceArn; the receive count is that across all queues."""
    story.send(source)
    fail(story, clock, source, 2)
    story.receive(source)
    attributes = story.receive_one(dead, MessageSystemAttributeNames=["All"])["Attributes"]
    assert attributes["DeadLetterQueueSourceArn"] == story.arn(source)
    assert int(attributes["ApproximateReceiveCount"]) >= 3


def test_standard_queue_keeps_the_enqueue_time(create, story, clock):
    """"Understanding message retention periods": for standard queues expiration counts from the original enqueue timestamp."""
    dead = create(MessageRetentionPeriod=str(4 * DAY))
    source = create(MessageRetentionPeriod=str(4 * DAY))
    story.redrive(source, dead, 1)
    story.send(source)
    clock.advance(DAY)
    fail(story, clock, source, 1)
    story.receive(source)
    assert story.counts(dead) == (1, 0, 0)
    clock.advance(3 * DAY - 60)
    assert story.counts(dead) == (1, 0, 0)
    clock.advance(61)
    assert story.counts(dead) == (0, 0, 0)


def test_fifo_queue_resets_the_enqueue_time(fifo, story, clock):
    """"Understanding message retention periods": for FIFO queues the enqueue timestamp resets when the message moves."""
    dead = fifo(MessageRetentionPeriod=str(4 * DAY))
    source = fifo(MessageRetentionPeriod=str(4 * DAY))
    story.redrive(source, dead, 1)
    story.send(source, MessageGroupId="g", MessageDeduplicationId="d")
    clock.advance(DAY)
    fail(story, clock, source, 1)
    story.receive(source)
    clock.advance(3 * DAY + 60)
    assert story.counts(dead) == (1, 0, 0)
    clock.advance(DAY)
    assert story.counts(dead) == (0, 0, 0)


def test_fifo_message_keeps_its_group(fifo, story, clock):
    """The dead-letter queue of a FIFO queue is FIFO. The message keeps its group, and its deduplication id is replaced with its message id, so
    that two messages which happened to share an id are both kept. The group goes on in the source queue."""
    dead, source = fifo(), fifo()
    story.redrive(source, dead, 1)
    for body in ("poison", "next"):
        story.send(source, body, MessageGroupId="g", MessageDeduplicationId=body)
    story.receive_one(source, VisibilityTimeout=10)
    clock.advance(10.5)
    assert story.bodies(source) == ["next"]
    moved = story.receive_one(dead, MessageSystemAttributeNames=["All"])
    assert moved["Body"] == "poison"
    assert moved["Attributes"]["MessageGroupId"] == "g"
    assert moved["Attributes"]["MessageDeduplicationId"] == moved["MessageId"]


class TestAllowPolicy:
    """RedriveAllowPolicy: which queues may use this one as their dead-letter queue."""

    def test_deny_all(self, create, story, dead):
        story.set(dead, RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
        with refused(("InvalidParameterValue", "AccessDenied")):
            story.redrive(create(), dead, 1)

    def test_by_queue(self, create, story, dead, arn_of):
        policy = {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of("good")]}
        story.set(dead, RedriveAllowPolicy=json.dumps(policy))
        good, bad = create("good"), create("bad")
        story.redrive(good, dead, 1)
        with refused(("InvalidParameterValue", "AccessDenied")):
            story.redrive(bad, dead, 1)

    def test_allow_all(self, create, story, dead):
        story.set(dead, RedriveAllowPolicy=json.dumps({"redrivePermission": "allowAll"}))
        story.redrive(create(), dead, 1)


class TestSources:
    """ListDeadLetterSourceQueues."""

    def test_list(self, sqs, create, story, dead):
        """Your queues whose RedrivePolicy names this dead-letter queue."""
        sources = {create(f"s{number}") for number in range(3)}
        for url in sources:
            story.redrive(url, dead, 1)
        create("other")
        assert set(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]) == sources

    def test_none(self, sqs, dead):
        assert sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls", []) == []

    def test_a_policy_that_goes(self, sqs, source, dead, story):
        story.set(source, RedrivePolicy="")
        assert sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls", []) == []

    def test_a_source_that_goes(self, sqs, source, dead):
        sqs.delete_queue(QueueUrl=source)
        assert sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls", []) == []

    def test_pages(self, sqs, create, story, dead):
        """MaxResults and NextToken, as for ListQueues."""
        sources = [create(f"s{number}") for number in range(5)]
        for url in sources:
            story.redrive(url, dead, 1)
        seen, token = [], None
        while True:
            more = {"NextToken": token} if token else {}
            answer = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, **more)
            assert len(answer["queueUrls"]) <= 2
            seen += answer["queueUrls"]
            token = answer.get("NextToken")
            if not token:
                break
        assert sorted(seen) == sorted(sources)

    @pytest.mark.parametrize("count", [0, 1001])
    def test_max_results_out_of_range(self, sqs, dead, count):
        """MaxResults: 1 to 1000."""
        with refused("InvalidParameterValue"):
            sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=count)


class TestMoveTasks:
    """StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask."""

    @pytest.fixture
    def full(self, source, dead, story, clock):
        """A dead-letter queue that holds five messages of `source`."""
        for number in range(5):
            story.send(source, f"m{number}")
        fail(story, clock, source, 2)
        story.receive(source)
        assert story.counts(dead) == (5, 0, 0)
        return dead

    def tasks(self, sqs, arn, **more):
        return sqs.list_message_move_tasks(SourceArn=arn, **more).get("Results", [])

    def test_back_to_the_source(self, sqs, full, source, story, clock):
        """Without DestinationArn the messages go back to their original source queues."""
        assert sqs.start_message_move_task(SourceArn=story.arn(full))["TaskHandle"]
        clock.advance(60)
        (task,) = self.tasks(sqs, story.arn(full))
        assert task["Status"] == "COMPLETED"
        assert task["SourceArn"] == story.arn(full)
        assert task["ApproximateNumberOfMessagesMoved"] == 5
        assert task["ApproximateNumberOfMessagesToMove"] == 5
        assert story.counts(full) == (0, 0, 0)
        assert sorted(story.bodies(source)) == [f"m{n}" for n in range(5)]

    def test_receive_count_starts_again(self, sqs, full, source, story, clock):
        """"Dead-letter queue redrive": a redriven message is a new message: it gets another id, enqueue time and receive count."""
        before = {m["MessageId"] for m in story.receive(full, VisibilityTimeout=0)}
        sqs.start_message_move_task(SourceArn=story.arn(full))
        clock.advance(60)
        received = story.receive(source, MessageSystemAttributeNames=["All"])
        assert len(received) == 5
        assert {m["Attributes"]["ApproximateReceiveCount"] for m in received} == {"1"}
        assert not before & {m["MessageId"] for m in received}

    def test_to_a_custom_destination(self, sqs, create, full, source, story, clock):
        """DestinationArn: any queue of the same type."""
        other = create("other")
        sqs.start_message_move_task(SourceArn=story.arn(full), DestinationArn=story.arn(other))
        clock.advance(60)
        assert story.counts(other) == (5, 0, 0)
        assert story.counts(source) == (0, 0, 0)
        (task,) = self.tasks(sqs, story.arn(full))
        assert task["DestinationArn"] == story.arn(other)

    def test_rate(self, sqs, full, source, story, clock):
        """MaxNumberOfMessagesPerSecond fixes the rate; a running task reports its handle and its progress."""
        started = int(clock.now() * 1000)
        handle = sqs.start_message_move_task(SourceArn=story.arn(full), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
        clock.advance(2)
        (task,) = self.tasks(sqs, story.arn(full))
        assert task["Status"] == "RUNNING"
        assert task["TaskHandle"] == handle
        assert task["MaxNumberOfMessagesPerSecond"] == 1
        assert 1 <= task["ApproximateNumberOfMessagesMoved"] <= 3
        assert abs(task["StartedTimestamp"] - started) <= 1
        clock.advance(10)
        (task,) = self.tasks(sqs, story.arn(full))
        assert task["Status"] == "COMPLETED"
        assert "TaskHandle" not in task
        assert story.counts(source) == (5, 0, 0)

    def test_cancel(self, sqs, full, source, story, clock):
        """CancelMessageMoveTask: stops the messages not yet moved, and does not revert the others."""
        handle = sqs.start_message_move_task(SourceArn=story.arn(full), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
        clock.advance(2)
        moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
        assert 1 <= moved <= 3
        clock.advance(60)
        (task,) = self.tasks(sqs, story.arn(full))
        assert task["Status"] == "CANCELLED"
        assert story.counts(source)[0] + story.counts(full)[0] == 5
        assert story.counts(source)[0] == moved

    def test_cancel_what_has_ended(self, sqs, full, story, clock):
        """A task can be cancelled only while its status is RUNNING."""
        handle = sqs.start_message_move_task(SourceArn=story.arn(full))["TaskHandle"]
        clock.advance(60)
        with refused(("AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperation", "ResourceNotFoundException", "InvalidParameterValue")):
            sqs.cancel_message_move_task(TaskHandle=handle)

    def test_one_task_at_a_time(self, sqs, full, story):
        """Only one active message movement task is supported per queue at any given time."""
        sqs.start_message_move_task(SourceArn=story.arn(full), MaxNumberOfMessagesPerSecond=1)
        with refused(("InvalidParameterValue", "AWS.SimpleQueueService.UnsupportedOperation")):
            sqs.start_message_move_task(SourceArn=story.arn(full))

    def test_most_recent_tasks(self, sqs, full, story, clock):
        """ListMessageMoveTasks: by default the most recent task, up to 10, the newest first."""
        for _ in range(12):
            sqs.start_message_move_task(SourceArn=story.arn(full))
            clock.advance(60)
        assert len(self.tasks(sqs, story.arn(full))) == 1
        tasks = self.tasks(sqs, story.arn(full), MaxResults=10)
        assert len(tasks) == 10
        times = [task["StartedTimestamp"] for task in tasks]
        assert times == sorted(times, reverse=True)

    @pytest.mark.parametrize("count", [0, 11])
    def test_max_results_out_of_range(self, sqs, full, story, count):
        """MaxResults: the upper limit is 10."""
        with refused("InvalidParameterValue"):
            sqs.list_message_move_tasks(SourceArn=story.arn(full), MaxResults=count)

    def test_no_tasks(self, sqs, full, story):
        assert self.tasks(sqs, story.arn(full)) == []

    @pytest.mark.parametrize("rate", [0, -1, 501])
    def test_rate_out_of_range(self, sqs, full, story, rate):
        """MaxNumberOfMessagesPerSecond: the maximum is 500."""
        with refused("InvalidParameterValue"):
            sqs.start_message_move_task(SourceArn=story.arn(full), MaxNumberOfMessagesPerSecond=rate)

    def test_source_must_exist(self, sqs, arn_of):
        """ResourceNotFoundException: one or more specified resources don't exist."""
        message = "The resource that you specified for the SourceArn parameter doesn't exist."
        with refused("ResourceNotFoundException", message, status=404):
            sqs.start_message_move_task(SourceArn=arn_of("missing"))
        with refused("ResourceNotFoundException", message, status=404):
            sqs.list_message_move_tasks(SourceArn=arn_of("missing"))

    def test_destination_must_exist(self, sqs, full, story, arn_of):
        """ResourceNotFoundException: one or more specified resources don't exist."""
        message = "The resource that you specified for the DestinationArn parameter doesn't exist."
        with refused("ResourceNotFoundException", message, status=404):
            sqs.start_message_move_task(SourceArn=story.arn(full), DestinationArn=arn_of("missing"))

    def test_source_must_be_a_dead_letter_queue(self, sqs, queue, story):
        """SourceArn: only ARNs of dead-letter queues whose sources are other SQS queues are accepted."""
        with refused("InvalidParameterValue"):
            sqs.start_message_move_task(SourceArn=story.arn(queue))

    def test_source_and_destination_must_differ(self, sqs, full, story):
        """A queue cannot be redriven to itself."""
        with refused("InvalidParameterValue"):
            sqs.start_message_move_task(SourceArn=story.arn(full), DestinationArn=story.arn(full))

    def test_source_is_required(self, sqs):
        """SourceArn: required."""
        with refused("MissingParameter", "The request must contain the parameter SourceArn."):
            sqs.start_message_move_task()

    def test_unknown_handle(self, sqs):
        """CancelMessageMoveTask, TaskHandle: one that StartMessageMoveTask gave."""
        with refused(("InvalidParameterValue", "ResourceNotFoundException")):
            sqs.cancel_message_move_task(TaskHandle="nonsense")
