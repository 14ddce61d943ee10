"""Delays, retention, long polling. Developer Guide: "Delay queues", "Message timers", "Short and long polling"; quotas of messages."""

import threading
import time

import pytest

from harness.refusal import refused

DAY = 86400


class TestDelay:
    """"Delay queues" and "Message timers"."""

    def test_queue_delay(self, create, story, clock):
        """A delay queue hides each new message for DelaySeconds."""
        url = create(DelaySeconds="60")
        story.send(url)
        assert story.counts(url) == (0, 0, 1)
        assert story.receive(url) == []
        clock.advance(59)
        assert story.receive(url) == []
        clock.advance(1.5)
        assert len(story.receive(url)) == 1

    def test_message_delay(self, queue, story, clock):
        """A message timer hides one message."""
        story.send(queue, "later", DelaySeconds=10)
        story.send(queue, "now")
        assert story.bodies(queue) == ["now"]
        clock.advance(10.5)
        assert story.bodies(queue) == ["later"]

    def test_message_delay_overrides_the_queue(self, create, story):
        """A message timer, zero included, takes precedence over the queue's delay."""
        url = create(DelaySeconds="60")
        story.send(url, "now", DelaySeconds=0)
        assert story.bodies(url) == ["now"]

    def test_longest_delay(self, queue, story, clock):
        """The maximum is 15 minutes."""
        story.send(queue, DelaySeconds=900)
        clock.advance(899)
        assert story.receive(queue) == []
        clock.advance(1.5)
        assert len(story.receive(queue)) == 1

    @pytest.mark.parametrize("seconds", [-1, 901])
    def test_out_of_range(self, queue, story, seconds):
        """SendMessage, DelaySeconds: 0 to 900."""
        message = f"Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        with refused("InvalidParameterValue", message):
            story.send(queue, DelaySeconds=seconds)

    def test_change_of_a_standard_queue_is_not_retroactive(self, create, story, clock):
        """"Delay queues": for standard queues the change does not affect messages already in the queue."""
        url = create(DelaySeconds="60")
        story.send(url, "old")
        story.set(url, DelaySeconds="0")
        story.send(url, "new")
        assert story.bodies(url, VisibilityTimeout=1000) == ["new"]
        clock.advance(60.5)
        assert story.bodies(url) == ["old"]

    def test_change_of_a_fifo_queue_is_retroactive(self, fifo, story):
        """"Delay queues": for FIFO queues the change affects messages already in the queue."""
        url = fifo(DelaySeconds="60")
        story.send(url, "old", MessageGroupId="g", MessageDeduplicationId="1")
        assert story.receive(url) == []
        story.set(url, DelaySeconds="0")
        assert story.bodies(url) == ["old"]

    def test_no_message_timer_on_fifo_queues(self, fifo, story):
        """SendMessage, DelaySeconds: when you set FifoQueue, you can't set it per message."""
        url = fifo()
        message = (
            "Value 5 for parameter DelaySeconds is invalid. "
            "Reason: The request include parameter that is not valid for this queue type."
        )
        with refused("InvalidParameterValue", message):
            story.send(url, MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=5)

    def test_zero_timer_on_fifo_queues(self, fifo, story):
        """A timer of zero asks for nothing, and AWS accepts it: SDKs for languages without null send it."""
        url = fifo()
        story.send(url, MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=0)
        assert len(story.receive(url)) == 1

    def test_fifo_queue_delay(self, fifo, story, clock):
        """A FIFO queue can have a delay for all its messages."""
        url = fifo(DelaySeconds="30")
        story.send(url, "first", MessageGroupId="g", MessageDeduplicationId="1")
        assert story.receive(url) == []
        clock.advance(30.5)
        assert story.bodies(url) == ["first"]


class TestRetention:
    """Message quotas, Message retention: 60 seconds to 14 days, by default 4 days."""

    @pytest.mark.parametrize("seconds", [60, 4 * DAY, 14 * DAY])
    def test_message_lives_for_the_retention_period(self, create, story, clock, seconds):
        """A message that nobody deletes goes when the retention period has passed."""
        url = create(MessageRetentionPeriod=str(seconds))
        story.send(url)
        clock.advance(seconds - 1)
        assert story.counts(url) == (1, 0, 0)
        clock.advance(2)
        assert story.counts(url) == (0, 0, 0)
        assert story.receive(url) == []

    def test_default_is_four_days(self, queue, story, clock):
        story.send(queue)
        clock.advance(4 * DAY - 1)
        assert story.counts(queue) == (1, 0, 0)
        clock.advance(2)
        assert story.counts(queue) == (0, 0, 0)

    def test_in_flight_messages_expire_too(self, create, story, clock):
        """Retention counts from the sending, in flight or not."""
        url = create(MessageRetentionPeriod="60")
        story.send(url)
        story.receive_one(url, VisibilityTimeout=1000)
        clock.advance(61)
        assert story.counts(url) == (0, 0, 0)

    def test_shorter_retention_reaches_old_messages(self, create, story, clock):
        """SetQueueAttributes, MessageRetentionPeriod: lowering it below the age of messages deletes them."""
        url = create(MessageRetentionPeriod="1000")
        story.send(url)
        clock.advance(500)
        story.set(url, MessageRetentionPeriod="100")
        clock.advance(900)
        assert story.counts(url) == (0, 0, 0)

    def test_two_weeks_take_no_time(self, create, story, clock):
        """The virtual clock: fourteen days pass in well under a second."""
        url = create(MessageRetentionPeriod=str(14 * DAY))
        for number in range(20):
            story.send(url, str(number))
        started = time.monotonic()
        clock.advance(14 * DAY + 1)
        assert time.monotonic() - started < 2
        assert story.counts(url) == (0, 0, 0)


class Waiting:
    """A ReceiveMessage under way in a thread."""

    def __init__(self, here, story, url, **parameters):
        self.messages = None
        self.took = None
        self.thread = threading.Thread(target=self._receive, args=(story, url, parameters), daemon=True)
        self.thread.start()
        here.request_waits()

    def _receive(self, story, url, parameters):
        started = time.monotonic()
        self.messages = story.receive(url, **parameters)
        self.took = time.monotonic() - started

    def done(self):
        return not self.thread.is_alive()

    def finish(self):
        self.thread.join(15)
        assert self.done(), "ReceiveMessage did not return"
        return self.messages


class TestLongPolling:
    """"Short and long polling": a receive with a wait time returns once a message is there, or empty when the time is up."""

    def test_message_that_is_there_returns_at_once(self, queue, story):
        story.send(queue)
        started = time.monotonic()
        assert len(story.receive(queue, WaitTimeSeconds=20)) == 1
        assert time.monotonic() - started < 5

    def test_message_that_arrives_while_waiting(self, queue, story, clock, here):
        """If a message becomes available during the wait, the call returns sooner."""
        waiting = Waiting(here, story, queue, WaitTimeSeconds=20)
        assert not waiting.done()
        story.send(queue, "late")
        assert [message["Body"] for message in waiting.finish()] == ["late"]

    def test_wait_ends_empty(self, queue, story, clock, here):
        """If no messages are available and the wait time expires, the answer is empty. The wait is one of the virtual clock."""
        waiting = Waiting(here, story, queue, WaitTimeSeconds=20)
        clock.advance(19)
        here.request_waits()
        assert not waiting.done()
        clock.advance(1.5)
        assert waiting.finish() == []
        assert waiting.took < 10

    def test_queue_wait_time(self, create, story, clock, here):
        """ReceiveMessageWaitTimeSeconds makes long polling the queue's default."""
        url = create(ReceiveMessageWaitTimeSeconds="20")
        waiting = Waiting(here, story, url)
        assert not waiting.done()
        story.send(url)
        assert len(waiting.finish()) == 1

    def test_zero_overrides_the_queue(self, create, story, clock):
        """WaitTimeSeconds of the call takes precedence: zero is short polling."""
        url = create(ReceiveMessageWaitTimeSeconds="20")
        started = time.monotonic()
        assert story.receive(url, WaitTimeSeconds=0) == []
        assert time.monotonic() - started < 5

    def test_message_that_becomes_visible_while_waiting(self, queue, story, clock, here):
        """A message whose visibility timeout ends during the wait is available."""
        story.send(queue)
        story.receive_one(queue, VisibilityTimeout=5)
        waiting = Waiting(here, story, queue, WaitTimeSeconds=20)
        assert not waiting.done()
        clock.advance(5.5)
        assert len(waiting.finish()) == 1

    def test_visibility_set_to_zero_while_waiting(self, sqs, queue, story, clock, here):
        """A message that ChangeMessageVisibility releases during the wait is available."""
        story.send(queue)
        held = story.receive_one(queue)
        waiting = Waiting(here, story, queue, WaitTimeSeconds=20)
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
        assert len(waiting.finish()) == 1

    def test_delayed_message_that_comes_due_while_waiting(self, queue, story, clock, here):
        """A delayed message that comes due during the wait is available."""
        story.send(queue, DelaySeconds=5)
        waiting = Waiting(here, story, queue, WaitTimeSeconds=20)
        assert not waiting.done()
        clock.advance(5.5)
        assert len(waiting.finish()) == 1

    def test_fifo_group_that_is_released_while_waiting(self, fifo, story, clock, here):
        """Deleting the message that holds a group makes the group's next message available."""
        url = fifo()
        for body in ("first", "second"):
            story.send(url, body, MessageGroupId="g", MessageDeduplicationId=body)
        held = story.receive_one(url)
        waiting = Waiting(here, story, url, WaitTimeSeconds=20)
        assert not waiting.done()
        story.delete(url, held)
        assert [message["Body"] for message in waiting.finish()] == ["second"]

    def test_several_waiters_share_out_the_messages(self, queue, story, clock, here):
        """Each message goes to one consumer."""
        waiters = [Waiting(here, story, queue, count=1, WaitTimeSeconds=20) for _ in range(3)]
        for number in range(3):
            story.send(queue, str(number))
        bodies = [message["Body"] for waiting in waiters for message in waiting.finish()]
        assert sorted(bodies) == ["0", "1", "2"]

    @pytest.mark.real_time
    def test_wait_in_real_time(self, queue, story):
        """With the clock running, one second of waiting is one second."""
        started = time.monotonic()
        assert story.receive(queue, WaitTimeSeconds=1) == []
        assert 0.9 < time.monotonic() - started < 5
