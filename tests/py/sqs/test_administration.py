"""Purge, tags and permissions. API Reference: PurgeQueue, TagQueue, UntagQueue, ListQueueTags, AddPermission, RemovePermission."""

import json

import pytest

from harness.clients import ACCOUNT
from harness.refusal import refused

FRIEND = "111122223333"
OTHER = "444455556666"


class TestPurge:
    def test_everything_goes(self, sqs, queue, story, clock):
        """PurgeQueue: deletes available messages, in-flight ones included; delayed ones were sent before it too."""
        for number in range(3):
            story.send(queue, str(number))
        story.send(queue, "later", DelaySeconds=100)
        held = story.receive_one(queue)
        sqs.purge_queue(QueueUrl=queue)
        clock.advance(60)
        assert story.counts(queue) == (0, 0, 0)
        story.delete(queue, held)
        clock.advance(100)
        assert story.receive(queue) == []

    def test_queue_works_on(self, sqs, queue, story, clock):
        """PurgeQueue deletes messages, not the queue."""
        story.send(queue, "old")
        sqs.purge_queue(QueueUrl=queue)
        clock.advance(61)
        story.send(queue, "new")
        assert story.bodies(queue) == ["new"]

    def test_once_in_sixty_seconds(self, sqs, create, clock):
        """PurgeQueueInProgress: the queue received a PurgeQueue request within the last 60 seconds."""
        url = create("orders")
        sqs.purge_queue(QueueUrl=url)
        message = "Only one PurgeQueue operation on orders is allowed every 60 seconds."
        with refused("AWS.SimpleQueueService.PurgeQueueInProgress", message, status=403):
            sqs.purge_queue(QueueUrl=url)
        clock.advance(59)
        with refused("AWS.SimpleQueueService.PurgeQueueInProgress", status=403):
            sqs.purge_queue(QueueUrl=url)
        clock.advance(2)
        sqs.purge_queue(QueueUrl=url)

    def test_each_queue_for_itself(self, sqs, create, story):
        """The limit and the purge are those of one queue."""
        one, other = create(), create()
        story.send(other)
        sqs.purge_queue(QueueUrl=one)
        assert story.counts(other) == (1, 0, 0)
        sqs.purge_queue(QueueUrl=other)

    def test_fifo_group_is_free_afterwards(self, sqs, fifo, story, clock):
        """A purged in-flight message holds its group no longer."""
        url = fifo(ContentBasedDeduplication="true")
        story.send(url, "old", MessageGroupId="g")
        story.receive_one(url)
        sqs.purge_queue(QueueUrl=url)
        clock.advance(61)
        story.send(url, "new", MessageGroupId="g")
        assert story.bodies(url) == ["new"]


class TestTags:
    """Developer Guide, "Cost allocation tags"; queue quotas, Queue tag."""

    def tags(self, sqs, url):
        return sqs.list_queue_tags(QueueUrl=url).get("Tags", {})

    def test_life(self, sqs, queue):
        """A new tag with the key of an existing one overwrites it; keys and values are case-sensitive."""
        assert self.tags(sqs, queue) == {}
        sqs.tag_queue(QueueUrl=queue, Tags={"team": "blue", "Team": "red", "stage": ""})
        sqs.tag_queue(QueueUrl=queue, Tags={"team": "green"})
        assert self.tags(sqs, queue) == {"team": "green", "Team": "red", "stage": ""}
        sqs.untag_queue(QueueUrl=queue, TagKeys=["Team", "missing"])
        assert self.tags(sqs, queue) == {"team": "green", "stage": ""}
        sqs.untag_queue(QueueUrl=queue, TagKeys=["team", "stage"])
        assert self.tags(sqs, queue) == {}

    def test_limits(self, sqs, queue):
        """Keys of up to 128 and values of up to 256 characters, letters of any language, white space and _.:/=+-@."""
        tags = {"k" * 128: "v" * 256, "ключ 雲 _.:/=+-@": "значение"}
        sqs.tag_queue(QueueUrl=queue, Tags=tags)
        assert self.tags(sqs, queue) == tags

    @pytest.mark.parametrize("key, value", [("", "v"), ("k" * 129, "v"), ("k", "v" * 257), ("aws:x", "v"), ("k", "<>")])
    def test_invalid(self, sqs, queue, key, value):
        """Keys are never empty, keep to the length, and do not begin with the reserved `aws:`."""
        with refused("InvalidParameterValue"):
            sqs.tag_queue(QueueUrl=queue, Tags={key: value})

    def test_fifty(self, sqs, queue):
        """More than 50 tags are not recommended; 50 are fine."""
        tags = {f"k{number}": "v" for number in range(50)}
        sqs.tag_queue(QueueUrl=queue, Tags=tags)
        assert self.tags(sqs, queue) == tags

    def test_parameters_are_required(self, sqs, queue):
        with refused("MissingParameter"):
            sqs.tag_queue(QueueUrl=queue)
        with refused("MissingParameter"):
            sqs.untag_queue(QueueUrl=queue)


class TestPermissions:
    """AddPermission generates a policy; RemovePermission takes statements out of it."""

    def policy(self, story, url):
        text = story.attribute(url, "Policy")
        return json.loads(text) if text else None

    def statements(self, story, url):
        return {statement["Sid"]: statement for statement in (self.policy(story, url) or {"Statement": []})["Statement"]}

    def test_add(self, sqs, create, story, arn_of):
        """The statement: label, principal's account, action, this queue."""
        url = create("orders")
        sqs.add_permission(QueueUrl=url, Label="friends", AWSAccountIds=[FRIEND], Actions=["SendMessage"])
        policy = self.policy(story, url)
        assert policy["Id"] == f"{arn_of('orders')}/SQSDefaultPolicy"
        (statement,) = policy["Statement"]
        assert statement["Sid"] == "friends"
        assert statement["Effect"] == "Allow"
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{FRIEND}:root"}
        assert statement["Action"].lower() == "sqs:sendmessage"
        assert statement["Resource"] == arn_of("orders")

    def test_several(self, sqs, queue, story):
        """Several accounts and actions become lists."""
        sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=[FRIEND, OTHER], Actions=["SendMessage", "ReceiveMessage"])
        statement = self.statements(story, queue)["l"]
        assert set(statement["Principal"]["AWS"]) == {f"arn:aws:iam::{FRIEND}:root", f"arn:aws:iam::{OTHER}:root"}
        assert {action.lower() for action in statement["Action"]} == {"sqs:sendmessage", "sqs:receivemessage"}

    def test_all_actions(self, sqs, queue, story):
        """Actions: `*` for any."""
        sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=[FRIEND], Actions=["*"])
        assert self.statements(story, queue)["l"]["Action"].lower() == "sqs:*"

    def test_remove(self, sqs, queue, story):
        """RemovePermission: the statements with that label."""
        for label in ("one", "two"):
            sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=[FRIEND], Actions=["SendMessage"])
        sqs.remove_permission(QueueUrl=queue, Label="one")
        assert set(self.statements(story, queue)) == {"two"}
        sqs.remove_permission(QueueUrl=queue, Label="two")
        assert self.statements(story, queue) == {}

    def test_label_in_use(self, sqs, queue):
        """Label: the unique identification of the permission."""
        add = {"QueueUrl": queue, "Label": "l", "AWSAccountIds": [FRIEND], "Actions": ["SendMessage"]}
        sqs.add_permission(**add)
        with refused("InvalidParameterValue", "Value l for parameter Label is invalid. Reason: Already exists."):
            sqs.add_permission(**add)

    def test_label_unknown(self, sqs, queue):
        with refused("InvalidParameterValue", starts="Value l for parameter Label is invalid. Reason: "):
            sqs.remove_permission(QueueUrl=queue, Label="l")

    @pytest.mark.parametrize("label", ["", "with space", "l" * 81, "ü"])
    def test_invalid_label(self, sqs, queue, label):
        """Label: up to 80 letters, digits, hyphens and underscores."""
        with refused(("InvalidParameterValue", "MissingParameter")):
            sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=[FRIEND], Actions=["SendMessage"])

    @pytest.mark.parametrize("action", ["Nonsense", "sendmessage", ""])
    def test_invalid_action(self, sqs, queue, action):
        """Actions: the name of any action, or `*`."""
        with refused(("InvalidParameterValue", "MissingParameter")):
            sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=[FRIEND], Actions=[action])

    @pytest.mark.parametrize("account", ["12", "friend", ""])
    def test_invalid_account(self, sqs, queue, account):
        """AWSAccountIds: account numbers of twelve digits."""
        with refused(("InvalidParameterValue", "MissingParameter")):
            sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=[account], Actions=["SendMessage"])

    def test_seven_actions(self, sqs, queue):
        """An Amazon SQS policy can have a maximum of seven actions per statement."""
        actions = ["SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl", "PurgeQueue"]
        sqs.add_permission(QueueUrl=queue, Label="seven", AWSAccountIds=[FRIEND], Actions=actions)
        with refused("OverLimit", "8 Actions were found, maximum allowed is 7.", status=403):
            sqs.add_permission(QueueUrl=queue, Label="eight", AWSAccountIds=[FRIEND], Actions=[*actions, "ListDeadLetterSourceQueues"])

    def test_twenty_statements(self, sqs, queue):
        """Message quotas, Policy information: 20 statements; OverLimit when the maximum number of permissions is reached."""
        for number in range(20):
            sqs.add_permission(QueueUrl=queue, Label=f"l{number}", AWSAccountIds=[FRIEND], Actions=["SendMessage"])
        with refused("OverLimit", status=403):
            sqs.add_permission(QueueUrl=queue, Label="more", AWSAccountIds=[FRIEND], Actions=["SendMessage"])

    def test_with_a_policy_of_ones_own(self, sqs, create, story):
        """AddPermission adds to the policy that SetQueueAttributes uploaded."""
        url = create("orders")
        own = {"Version": "2012-10-17", "Id": "mine", "Statement": [{
            "Sid": "own", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": story.arn(url)}]}
        story.set(url, Policy=json.dumps(own))
        sqs.add_permission(QueueUrl=url, Label="added", AWSAccountIds=[FRIEND], Actions=["SendMessage"])
        assert set(self.statements(story, url)) == {"own", "added"}
        sqs.remove_permission(QueueUrl=url, Label="own")
        assert set(self.statements(story, url)) == {"added"}

    def test_owner_account_is_the_queue_s(self, story, queue):
        assert f":{ACCOUNT}:" in story.arn(queue)
