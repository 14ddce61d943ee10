"""Queue attributes. API Reference: CreateQueue, SetQueueAttributes, GetQueueAttributes."""

import json

import pytest

from harness.clients import ACCOUNT
from harness.refusal import refused

# Attribute, default, smallest, largest.
NUMBERS = [
    ("DelaySeconds", "0", 0, 900),
    ("MaximumMessageSize", "1048576", 1024, 1048576),
    ("MessageRetentionPeriod", "345600", 60, 1209600),
    ("ReceiveMessageWaitTimeSeconds", "0", 0, 20),
    ("VisibilityTimeout", "30", 0, 43200),
    ("KmsDataKeyReusePeriodSeconds", "300", 60, 86400),
]
READ_ONLY = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
]
POLICY = json.dumps({
    "Version": "2012-10-17",
    "Id": "shared",
    "Statement": [{
        "Sid": "send",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders",
    }],
})


def needed_by(name):
    """The reuse period of data keys belongs to queues that use AWS KMS."""
    return {"KmsMasterKeyId": "alias/aws/sqs"} if name == "KmsDataKeyReusePeriodSeconds" else {}


@pytest.mark.parametrize("name, default, least, most", NUMBERS)
class TestNumbers:
    """Each numeric attribute has a range and a default."""

    def test_default(self, create, story, name, default, least, most):
        """API Reference, CreateQueue: an attribute not given takes its default."""
        assert story.attribute(create(**needed_by(name)), name) == default

    def test_ends_of_the_range_on_create(self, create, story, name, default, least, most):
        """API Reference, CreateQueue: both ends are valid."""
        for value in (least, most):
            assert story.attribute(create(**{name: str(value)}, **needed_by(name)), name) == str(value)

    def test_ends_of_the_range_on_set(self, create, story, name, default, least, most):
        """API Reference, SetQueueAttributes: both ends are valid."""
        url = create(**needed_by(name))
        for value in (least, most):
            story.set(url, **{name: str(value)})
            assert story.attribute(url, name) == str(value)

    def test_outside_the_range(self, create, story, queue, name, default, least, most):
        """API Reference, InvalidAttributeValue: a queue attribute value is invalid."""
        for value in (least - 1, most + 1, "", "ten", "1.5", "0x10", " 60", "9" * 30):
            with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}."):
                create(**{name: str(value)})
            with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}."):
                story.set(queue, **{name: str(value)})


def test_all_attributes_of_a_new_standard_queue(create, story, clock):
    """API Reference, GetQueueAttributes, All: every attribute that the queue has; those of FIFO queues and policies only where set."""
    now = str(int(clock.now()))
    assert story.attributes(create("orders")) == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": now,
        "DelaySeconds": "0",
        "LastModifiedTimestamp": now,
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }


def test_all_attributes_of_a_new_fifo_queue(fifo, story):
    """API Reference, CreateQueue, FIFO attributes: DeduplicationScope and FifoThroughputLimit default to the whole queue."""
    attributes = story.attributes(fifo("orders.fifo"))
    assert attributes["FifoQueue"] == "true"
    assert attributes["ContentBasedDeduplication"] == "false"
    assert attributes["DeduplicationScope"] == "queue"
    assert attributes["FifoThroughputLimit"] == "perQueue"


def test_a_standard_queue_has_no_fifo_attributes(create, story):
    """API Reference, GetQueueAttributes: the FIFO attributes apply only to FIFO queues."""
    got = story.attributes(create(), "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
    assert got == {}


def test_only_what_was_asked_for(story, queue):
    """API Reference, GetQueueAttributes, AttributeNames: a list of attributes for which to retrieve information."""
    assert story.attributes(queue, "DelaySeconds", "VisibilityTimeout") == {"DelaySeconds": "0", "VisibilityTimeout": "30"}


def test_nothing_asked_nothing_answered(sqs, queue):
    """API Reference, GetQueueAttributes: if no names are given, the request returns empty results."""
    assert sqs.get_queue_attributes(QueueUrl=queue).get("Attributes", {}) == {}


def test_attributes_that_are_not_set_are_left_out(story, queue):
    """API Reference, GetQueueAttributes: a queue without a policy reports none."""
    assert story.attributes(queue, "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId") == {}


def test_unknown_names(sqs, create, queue):
    """API Reference, InvalidAttributeName: the specified attribute doesn't exist."""
    with refused("InvalidAttributeName", "Unknown Attribute Colour."):
        create(Colour="blue")
    with refused("InvalidAttributeName", "Unknown Attribute Colour."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Colour": "blue"})
    with refused("InvalidAttributeName", "Unknown Attribute Colour."):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Colour"])


def test_names_are_case_sensitive(sqs, queue):
    """API Reference, GetQueueAttributes: names are spelled as documented."""
    with refused("InvalidAttributeName"):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["visibilitytimeout"])


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_attributes_cannot_be_set(sqs, create, queue, name):
    """API Reference, CreateQueue and SetQueueAttributes list what can be set; counts, times and the ARN are not among it."""
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: "1"})
    with refused("InvalidAttributeName", f"Unknown Attribute {name}."):
        create(**{name: "1"})


def test_all_cannot_be_set(sqs, queue):
    """API Reference, SetQueueAttributes: `All` is a word of GetQueueAttributes only."""
    with refused("InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"All": "1"})


def test_a_refused_set_changes_nothing(story, queue):
    """API Reference, SetQueueAttributes: an error means that no attribute was set."""
    with refused("InvalidAttributeValue"):
        story.set(queue, VisibilityTimeout="55", DelaySeconds="901")
    assert story.attributes(queue, "VisibilityTimeout", "DelaySeconds") == {"VisibilityTimeout": "30", "DelaySeconds": "0"}


def test_timestamps(create, story, clock):
    """API Reference, GetQueueAttributes: CreatedTimestamp and LastModifiedTimestamp, epoch seconds of creation and of the last change."""
    url = create()
    created = story.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert created["CreatedTimestamp"] == created["LastModifiedTimestamp"] == str(int(clock.now()))
    clock.advance(100)
    story.send(url)
    assert story.attribute(url, "LastModifiedTimestamp") == created["LastModifiedTimestamp"]
    story.set(url, DelaySeconds="1")
    changed = story.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert changed["CreatedTimestamp"] == created["CreatedTimestamp"]
    assert int(changed["LastModifiedTimestamp"]) == int(created["LastModifiedTimestamp"]) + 100


def test_default_visibility_timeout_is_honoured(create, story, clock):
    """API Reference, CreateQueue, VisibilityTimeout: how long a received message stays hidden."""
    url = create(VisibilityTimeout="7")
    story.send(url)
    assert len(story.receive(url)) == 1
    clock.advance(6)
    assert story.receive(url) == []
    clock.advance(1.5)
    assert len(story.receive(url)) == 1


def test_maximum_message_size_is_honoured(create, story):
    """API Reference, CreateQueue, MaximumMessageSize: how many bytes a message can contain before Amazon SQS rejects it."""
    url = create(MaximumMessageSize="1024")
    story.send(url, "x" * 1024)
    message = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
    with refused("InvalidParameterValue", message):
        story.send(url, "x" * 1025)


class TestPolicy:
    """API Reference, SetQueueAttributes, Policy: the queue's policy, a valid AWS policy."""

    def test_stored_and_answered(self, create, story):
        url = create("orders", Policy=POLICY)
        assert json.loads(story.attribute(url, "Policy")) == json.loads(POLICY)

    def test_set_and_removed(self, create, story):
        """An empty string removes the policy."""
        url = create("orders")
        story.set(url, Policy=POLICY)
        assert json.loads(story.attribute(url, "Policy")) == json.loads(POLICY)
        story.set(url, Policy="")
        assert story.attributes(url, "Policy") == {}

    @pytest.mark.parametrize("text", ["{", "[]", "not json", '"text"'])
    def test_invalid(self, create, story, queue, text):
        with refused("InvalidAttributeValue", "Invalid value for the parameter Policy."):
            story.set(queue, Policy=text)
        with refused("InvalidAttributeValue"):
            create(Policy=text)


class TestEncryption:
    """Developer Guide, "Encryption at rest": SSE-SQS is on by default; a queue uses SSE-SQS or SSE-KMS, not both."""

    def test_sse_sqs_can_be_turned_off_and_on(self, create, story):
        url = create(SqsManagedSseEnabled="false")
        assert story.attribute(url, "SqsManagedSseEnabled") == "false"
        story.set(url, SqsManagedSseEnabled="true")
        assert story.attribute(url, "SqsManagedSseEnabled") == "true"

    def test_kms_key_turns_sse_sqs_off(self, create, story):
        """Only one server-side encryption option is supported per queue."""
        url = create(KmsMasterKeyId="alias/aws/sqs")
        assert story.attributes(url, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled") == {
            "KmsMasterKeyId": "alias/aws/sqs",
            "KmsDataKeyReusePeriodSeconds": "300",
            "SqsManagedSseEnabled": "false",
        }

    def test_sse_sqs_turns_the_kms_key_off(self, create, story):
        """Turning SSE-SQS on for a queue that used SSE-KMS changes the option that is in use."""
        url = create(KmsMasterKeyId="alias/aws/sqs")
        story.set(url, SqsManagedSseEnabled="true")
        got = story.attributes(url)
        assert got["SqsManagedSseEnabled"] == "true"
        assert "KmsMasterKeyId" not in got

    def test_removing_the_kms_key(self, create, story):
        """An empty key id turns SSE-KMS off."""
        url = create(KmsMasterKeyId="alias/aws/sqs")
        story.set(url, KmsMasterKeyId="")
        assert "KmsMasterKeyId" not in story.attributes(url)

    def test_both_at_once_are_refused(self, create):
        with refused(("InvalidAttributeValue", "InvalidAttributeName", "InvalidParameterValue")):
            create(KmsMasterKeyId="alias/aws/sqs", SqsManagedSseEnabled="true")

    @pytest.mark.parametrize("value", ["yes", "1", ""])
    def test_invalid_flag(self, create, value):
        with refused("InvalidAttributeValue"):
            create(SqsManagedSseEnabled=value)


class TestFifoAttributes:
    """API Reference, CreateQueue: attributes that apply only to FIFO queues."""

    def test_cannot_change_the_type(self, sqs, fifo, queue):
        """You can't change the queue type after you create it."""
        with refused(("InvalidAttributeName", "InvalidAttributeValue")):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"FifoQueue": "true"})
        with refused(("InvalidAttributeName", "InvalidAttributeValue")):
            sqs.set_queue_attributes(QueueUrl=fifo(), Attributes={"FifoQueue": "false"})

    def test_fifo_queue_takes_only_true(self, create):
        """Valid values of FifoQueue are true and false; a standard queue is made by leaving it out."""
        with refused(("InvalidAttributeName", "InvalidAttributeValue", "InvalidParameterValue")):
            create("orders", FifoQueue="false")
        with refused(("InvalidAttributeName", "InvalidAttributeValue", "InvalidParameterValue")):
            create("orders.fifo", FifoQueue="maybe")

    @pytest.mark.parametrize(
        "name, value",
        [("ContentBasedDeduplication", "true"), ("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")],
    )
    def test_refused_for_a_standard_queue(self, create, name, value):
        with refused(("InvalidAttributeName", "InvalidAttributeValue")):
            create(**{name: value})

    def test_content_based_deduplication_can_change(self, fifo, story):
        url = fifo()
        story.set(url, ContentBasedDeduplication="true")
        assert story.attribute(url, "ContentBasedDeduplication") == "true"
        with refused("InvalidAttributeValue"):
            story.set(url, ContentBasedDeduplication="sometimes")

    def test_high_throughput(self, fifo, story):
        """Developer Guide, "High throughput for FIFO queues": scope messageGroup with limit perMessageGroupId."""
        url = fifo(DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
        assert story.attributes(url, "DeduplicationScope", "FifoThroughputLimit") == {
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }

    def test_limit_per_group_needs_scope_of_group(self, fifo, story):
        """API Reference, CreateQueue, FifoThroughputLimit: perMessageGroupId is allowed only when DeduplicationScope is messageGroup."""
        with refused(("InvalidAttributeValue", "InvalidParameterValue")):
            fifo(DeduplicationScope="queue", FifoThroughputLimit="perMessageGroupId")
        with refused(("InvalidAttributeValue", "InvalidParameterValue")):
            fifo(FifoThroughputLimit="perMessageGroupId")
        url = fifo()
        with refused(("InvalidAttributeValue", "InvalidParameterValue")):
            story.set(url, FifoThroughputLimit="perMessageGroupId")
        story.set(url, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")

    def test_scope_of_group_with_limit_per_queue(self, fifo, story):
        """Developer Guide: the scope may be changed alone; the throughput stays normal."""
        url = fifo(DeduplicationScope="messageGroup")
        assert story.attribute(url, "FifoThroughputLimit") == "perQueue"

    @pytest.mark.parametrize("name", ["DeduplicationScope", "FifoThroughputLimit"])
    def test_invalid_words(self, fifo, name):
        with refused("InvalidAttributeValue"):
            fifo(**{name: "everything"})


class TestRedrivePolicies:
    """API Reference, SetQueueAttributes, RedrivePolicy and RedriveAllowPolicy."""

    def test_stored_and_answered(self, create, story):
        dead = create("dead")
        policy = {"deadLetterTargetArn": story.arn(dead), "maxReceiveCount": 5}
        url = create("orders", RedrivePolicy=json.dumps(policy))
        assert json.loads(story.attribute(url, "RedrivePolicy")) == policy

    def test_count_may_be_a_string(self, create, story):
        """Developer Guide's own examples quote the number."""
        dead = create("dead")
        url = create("orders", RedrivePolicy=json.dumps({"deadLetterTargetArn": story.arn(dead), "maxReceiveCount": "5"}))
        assert int(json.loads(story.attribute(url, "RedrivePolicy"))["maxReceiveCount"]) == 5

    def test_removed(self, create, story):
        """An empty string removes it."""
        dead = create("dead")
        url = create("orders")
        story.redrive(url, dead, 3)
        story.set(url, RedrivePolicy="")
        assert story.attributes(url, "RedrivePolicy") == {}

    @pytest.mark.parametrize("count", [0, 1001, -1, "many", None])
    def test_count_out_of_range(self, create, story, count):
        """Developer Guide, "Configuring a dead-letter queue": maximum receives is between 1 and 1,000."""
        dead = create("dead")
        with refused("InvalidParameterValue"):
            create("orders", RedrivePolicy=json.dumps({"deadLetterTargetArn": story.arn(dead), "maxReceiveCount": count}))

    @pytest.mark.parametrize("count", [1, 1000])
    def test_ends_of_the_count(self, create, story, count):
        """Developer Guide, "Configuring a dead-letter queue": maximum receives is between 1 and 1,000."""
        dead = create("dead")
        create("orders", RedrivePolicy=json.dumps({"deadLetterTargetArn": story.arn(dead), "maxReceiveCount": count}))

    def test_target_must_exist(self, create, arn_of):
        """The dead-letter queue is created before the queue that uses it."""
        with refused(("AWS.SimpleQueueService.NonExistentQueue", "InvalidParameterValue")):
            create("orders", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of("missing"), "maxReceiveCount": 1}))

    def test_target_must_be_in_the_same_region(self, create, arn_of):
        """Developer Guide, "Using dead-letter queues": both queues belong to the same account and region."""
        create("dead")
        policy = {"deadLetterTargetArn": arn_of("dead", region="eu-west-1"), "maxReceiveCount": 1}
        with refused(("AWS.SimpleQueueService.NonExistentQueue", "InvalidParameterValue")):
            create("orders", RedrivePolicy=json.dumps(policy))

    def test_types_must_agree(self, create, fifo, story):
        """The dead-letter queue of a FIFO queue must be FIFO, that of a standard queue standard."""
        for url, dead in ((create(), fifo()), (fifo(), create())):
            with refused("InvalidParameterValue"):
                story.redrive(url, dead, 1)

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"maxReceiveCount": 1}', '{"deadLetterTargetArn": "nonsense", "maxReceiveCount": 1}'])
    def test_invalid_redrive_policy(self, story, queue, text):
        with refused(("InvalidParameterValue", "InvalidAttributeValue")):
            story.set(queue, RedrivePolicy=text)

    @pytest.mark.parametrize(
        "policy",
        [
            {"redrivePermission": "allowAll"},
            {"redrivePermission": "denyAll"},
            {"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:us-east-1:000000000000:orders"]},
        ],
    )
    def test_allow_policy(self, create, story, policy):
        url = create(RedriveAllowPolicy=json.dumps(policy))
        assert json.loads(story.attribute(url, "RedriveAllowPolicy")) == policy

    @pytest.mark.parametrize(
        "policy",
        [
            {},
            {"redrivePermission": "maybe"},
            {"redrivePermission": "byQueue"},
            {"redrivePermission": "byQueue", "sourceQueueArns": []},
            {"redrivePermission": "byQueue", "sourceQueueArns": [f"arn:aws:sqs:us-east-1:000000000000:q{n}" for n in range(11)]},
            {"redrivePermission": "allowAll", "sourceQueueArns": ["arn:aws:sqs:us-east-1:000000000000:orders"]},
            {"redrivePermission": "denyAll", "sourceQueueArns": ["arn:aws:sqs:us-east-1:000000000000:orders"]},
        ],
    )
    def test_invalid_allow_policy(self, story, queue, policy):
        """sourceQueueArns comes with byQueue and only with it, and holds up to 10 ARNs."""
        with refused(("InvalidParameterValue", "InvalidAttributeValue")):
            story.set(queue, RedriveAllowPolicy=json.dumps(policy))

    def test_ten_sources_are_allowed(self, story, queue, arn_of):
        """You can specify up to 10 source queue ARNs."""
        policy = {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(f"q{n}") for n in range(10)]}
        story.set(queue, RedriveAllowPolicy=json.dumps(policy))
