"""Queues: create, find, list, delete. API Reference: CreateQueue, GetQueueUrl, ListQueues, DeleteQueue; Developer Guide: queue quotas."""

import pytest

from harness.clients import ACCOUNT
from harness.refusal import refused

NON_EXISTENT = "AWS.SimpleQueueService.NonExistentQueue"
BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"


def test_create_answers_a_url_that_ends_with_account_and_name(sqs):
    """Developer Guide, "Queue and message identifiers": the queue URL includes the account number and the queue's name."""
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url.endswith(f"/{ACCOUNT}/orders")


def test_queue_is_found_by_name(sqs, queue):
    """API Reference, GetQueueUrl: returns the URL of an existing queue."""
    assert sqs.get_queue_url(QueueName=queue.rsplit("/", 1)[1])["QueueUrl"] == queue


def test_names_are_case_sensitive(sqs):
    """Developer Guide, "Queue quotas", Queue name: `Test-queue` and `test-queue` are different queues."""
    upper = sqs.create_queue(QueueName="Orders")["QueueUrl"]
    lower = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert upper != lower
    sqs.delete_queue(QueueUrl=upper)
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == lower


@pytest.mark.parametrize("name", ["a", "a" * 80, "Az09-_", "b" * 75 + ".fifo"])
def test_names_that_are_allowed(sqs, name):
    """API Reference, CreateQueue, QueueName: up to 80 of letters, digits, hyphens and underscores; the FIFO suffix counts."""
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    assert sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"].endswith("/" + name)


@pytest.mark.parametrize("name", ["a" * 81, "with space", "dot.ted", "sla/sh", "ümlaut", "star*", "x.fifo.x"])
def test_names_that_are_refused(sqs, name):
    """API Reference, CreateQueue, QueueName: anything else is an invalid parameter."""
    with refused("InvalidParameterValue", BAD_NAME):
        sqs.create_queue(QueueName=name)


def test_an_empty_name_is_refused(sqs):
    """API Reference, CreateQueue, QueueName: a name has at least one character."""
    with refused(("InvalidParameterValue", "MissingParameter")):
        sqs.create_queue(QueueName="")


def test_a_name_is_required(sqs):
    """API Reference, common errors, MissingParameter: a required parameter must be supplied."""
    with refused("MissingParameter", "The request must contain the parameter QueueName."):
        sqs.create_queue()


def test_fifo_name_is_required_for_a_fifo_queue(sqs):
    """API Reference, CreateQueue, QueueName: the name of a FIFO queue ends with `.fifo`."""
    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName="orders", Attributes={"FifoQueue": "true"})


def test_fifo_name_is_refused_for_a_standard_queue(sqs):
    """API Reference, CreateQueue, QueueName: a period is allowed only in the suffix of a FIFO queue."""
    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName="orders.fifo")


def test_create_again_with_the_same_attributes_answers_the_same_url(create):
    """API Reference, CreateQueue: exact same name and values of all attributes return the existing queue's URL."""
    first = create("orders", VisibilityTimeout="60", DelaySeconds="5")
    assert create("orders", VisibilityTimeout="60", DelaySeconds="5") == first


def test_create_again_without_attributes_answers_the_same_url(create):
    """API Reference, QueueNameExists: the error comes only if the request includes attributes whose values differ."""
    first = create("orders", VisibilityTimeout="60")
    assert create("orders") == first


def test_create_again_naming_a_default_answers_the_same_url(create):
    """API Reference, QueueNameExists: a value equal to that of the existing queue does not differ, default or not."""
    first = create("orders")
    assert create("orders", VisibilityTimeout="30") == first


def test_create_again_with_another_value_is_refused(create):
    """API Reference, CreateQueue, QueueNameExists: a different value for an attribute is an error that names the attribute."""
    create("orders", VisibilityTimeout="60")
    message = "A queue already exists with the same name and a different value for attribute VisibilityTimeout"
    with refused("QueueAlreadyExists", message):
        create("orders", VisibilityTimeout="61")


def test_create_again_after_set_attributes_compares_current_values(create, story):
    """API Reference, QueueNameExists: what counts is the existing queue's values now."""
    url = create("orders", VisibilityTimeout="60")
    story.set(url, VisibilityTimeout="90")
    assert create("orders", VisibilityTimeout="90") == url
    with refused("QueueAlreadyExists"):
        create("orders", VisibilityTimeout="60")


def test_a_deleted_queue_is_gone(sqs, queue):
    """API Reference, DeleteQueue: once deleted, the queue does not exist for any operation."""
    sqs.delete_queue(QueueUrl=queue)
    with refused(NON_EXISTENT, starts="The specified queue does not exist"):
        sqs.get_queue_url(QueueName=queue.rsplit("/", 1)[1])
    with refused(NON_EXISTENT):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert "QueueUrls" not in sqs.list_queues() or queue not in sqs.list_queues()["QueueUrls"]


def test_a_name_deleted_within_60_seconds_cannot_be_created(sqs, create, clock):
    """API Reference, CreateQueue, QueueDeletedRecently: wait 60 seconds after deleting before using the name again."""
    url = create("orders")
    sqs.delete_queue(QueueUrl=url)
    message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    with refused("AWS.SimpleQueueService.QueueDeletedRecently", message):
        create("orders")
    clock.advance(59)
    with refused("AWS.SimpleQueueService.QueueDeletedRecently"):
        create("orders")
    clock.advance(2)
    assert create("orders") == url


def test_a_recreated_queue_is_empty(sqs, create, story, clock):
    """API Reference, DeleteQueue: the messages of a deleted queue are no longer available."""
    url = create("orders", VisibilityTimeout="77")
    story.send(url)
    sqs.delete_queue(QueueUrl=url)
    clock.advance(61)
    create("orders")
    assert story.receive(url) == []
    assert story.attribute(url, "VisibilityTimeout") == "30"


CALLS_ON_A_QUEUE = {
    "add_permission": {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]},
    "change_message_visibility": {"ReceiptHandle": "x", "VisibilityTimeout": 1},
    "change_message_visibility_batch": {"Entries": [{"Id": "1", "ReceiptHandle": "x", "VisibilityTimeout": 1}]},
    "delete_message": {"ReceiptHandle": "x"},
    "delete_message_batch": {"Entries": [{"Id": "1", "ReceiptHandle": "x"}]},
    "delete_queue": {},
    "get_queue_attributes": {"AttributeNames": ["All"]},
    "list_dead_letter_source_queues": {},
    "list_queue_tags": {},
    "purge_queue": {},
    "receive_message": {},
    "remove_permission": {"Label": "l"},
    "send_message": {"MessageBody": "x"},
    "send_message_batch": {"Entries": [{"Id": "1", "MessageBody": "x"}]},
    "set_queue_attributes": {"Attributes": {"DelaySeconds": "1"}},
    "tag_queue": {"Tags": {"a": "b"}},
    "untag_queue": {"TagKeys": ["a"]},
}


@pytest.mark.parametrize("call", sorted(CALLS_ON_A_QUEUE))
def test_every_call_on_a_queue_that_does_not_exist_is_refused(sqs, queue, call):
    """API Reference, QueueDoesNotExist: ensure that the QueueUrl is correct and that the queue has not been deleted."""
    missing = queue.rsplit("/", 1)[0] + "/missing"
    with refused(NON_EXISTENT, starts="The specified queue does not exist"):
        getattr(sqs, call)(QueueUrl=missing, **CALLS_ON_A_QUEUE[call])


@pytest.mark.parametrize("call", sorted(CALLS_ON_A_QUEUE))
def test_every_call_on_a_queue_needs_its_url(sqs, call):
    """API Reference, each action: QueueUrl is required."""
    with refused("MissingParameter", "The request must contain the parameter QueueUrl."):
        getattr(sqs, call)(**CALLS_ON_A_QUEUE[call])


def test_exceptions_are_those_of_the_sdk(sqs, queue):
    """API Reference, errors: SDKs map each modelled error onto a class of its own, in either protocol."""
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="missing")
    with pytest.raises(sqs.exceptions.EmptyBatchRequest):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])


class TestList:
    """API Reference, ListQueues."""

    def test_no_queues(self, sqs):
        """Without queues the list is left out of the answer."""
        assert sqs.list_queues().get("QueueUrls", []) == []

    def test_all_queues(self, sqs, create):
        """Returns the URLs of the region's queues."""
        urls = {create(f"list-{number}") for number in range(5)}
        assert set(sqs.list_queues()["QueueUrls"]) == urls

    def test_prefix(self, sqs, create):
        """QueueNamePrefix: only names that begin with it; case-sensitive."""
        wanted = {create("alpha-1"), create("alpha-2")}
        create("beta")
        create("Alpha-3")
        assert set(sqs.list_queues(QueueNamePrefix="alpha")["QueueUrls"]) == wanted
        assert sqs.list_queues(QueueNamePrefix="gamma").get("QueueUrls", []) == []

    def test_pages(self, sqs, create):
        """MaxResults and NextToken: each queue on exactly one page, and no token on the last."""
        urls = [create(f"page-{number:02}") for number in range(7)]
        seen, token, pages = [], None, 0
        while True:
            more = {"NextToken": token} if token else {}
            answer = sqs.list_queues(QueueNamePrefix="page-", MaxResults=3, **more)
            seen += answer["QueueUrls"]
            assert len(answer["QueueUrls"]) <= 3
            pages += 1
            token = answer.get("NextToken")
            if not token:
                break
        assert pages == 3
        assert sorted(seen) == sorted(urls)

    def test_no_token_without_max_results(self, sqs, create):
        """MaxResults must be set to receive a NextToken."""
        for number in range(3):
            create(f"q{number}")
        assert "NextToken" not in sqs.list_queues()

    def test_no_token_when_all_fit(self, sqs, create):
        """NextToken is null if there are no additional results."""
        create("one")
        assert "NextToken" not in sqs.list_queues(MaxResults=1)

    @pytest.mark.parametrize("count", [0, -1, 1001])
    def test_max_results_out_of_range(self, sqs, count):
        """MaxResults: 1 to 1000."""
        with refused("InvalidParameterValue"):
            sqs.list_queues(MaxResults=count)

    def test_a_token_that_was_not_issued(self, sqs):
        """NextToken: only a token from an earlier answer is good."""
        with refused("InvalidParameterValue"):
            sqs.list_queues(MaxResults=1, NextToken="not a token")

    def test_boto3_paginator(self, sqs, create):
        """The SDK's own paginator walks all pages."""
        urls = {create(f"walk-{number}") for number in range(5)}
        pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 2})
        assert {url for page in pages for url in page.get("QueueUrls", [])} == urls


def test_list_holds_a_thousand_queues(clients, world):
    """API Reference, ListQueues: the response includes a maximum of 1,000 results; without MaxResults there is no token for the rest."""
    sqs = clients.client("sqs")
    for number in range(1001):
        sqs.create_queue(QueueName=f"q{number}")
    answer = sqs.list_queues()
    assert len(answer["QueueUrls"]) == 1000
    assert "NextToken" not in answer
    first = sqs.list_queues(MaxResults=1000)
    assert len(sqs.list_queues(MaxResults=1000, NextToken=first["NextToken"])["QueueUrls"]) == 1


class TestScope:
    """Regions and accounts."""

    def test_regions_do_not_share_queues(self, sqs, as_account, create):
        """API Reference, ListQueues: a list of your queues in the current region; names are unique within account and region."""
        create("orders")
        elsewhere = as_account(ACCOUNT, region="eu-west-1")
        assert elsewhere.list_queues().get("QueueUrls", []) == []
        with refused(NON_EXISTENT):
            elsewhere.get_queue_url(QueueName="orders")
        url = elsewhere.create_queue(QueueName="orders")["QueueUrl"]
        arn = elsewhere.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        assert arn == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"

    def test_same_name_in_two_regions_holds_two_sets_of_messages(self, sqs, as_account, create, story):
        """Developer Guide, "Queue and message identifiers": a queue is of one region."""
        url = create("orders")
        elsewhere = as_account(ACCOUNT, region="eu-west-1")
        other = elsewhere.create_queue(QueueName="orders")["QueueUrl"]
        story.send(url, "here")
        elsewhere.send_message(QueueUrl=other, MessageBody="there")
        assert story.bodies(url) == ["here"]
        assert [m["Body"] for m in elsewhere.receive_message(QueueUrl=other)["Messages"]] == ["there"]

    def test_accounts_do_not_share_names(self, as_account, create):
        """Developer Guide, queue names: unique for an account and region."""
        create("orders")
        other = as_account("111122223333")
        assert other.list_queues().get("QueueUrls", []) == []
        assert "/111122223333/orders" in other.create_queue(QueueName="orders")["QueueUrl"]

    def test_queue_of_another_account_by_name(self, as_account, queue):
        """API Reference, GetQueueUrl, QueueOwnerAWSAccountId: names the owner of a shared queue."""
        other = as_account("111122223333")
        name = queue.rsplit("/", 1)[1]
        assert other.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == queue
        with refused(NON_EXISTENT):
            other.get_queue_url(QueueName=name)

    def test_shared_queue_is_used_through_its_url(self, sqs, as_account, queue, story):
        """Developer Guide, "Allow developers to write messages to a shared queue": the URL names the owner's queue for any caller."""
        name = queue.rsplit("/", 1)[1]
        sqs.add_permission(QueueUrl=queue, Label="share", AWSAccountIds=["111122223333"], Actions=["*"])
        other = as_account("111122223333")
        other.send_message(QueueUrl=queue, MessageBody="from outside")
        assert story.bodies(queue) == ["from outside"]
        assert name in queue


class TestUrlForms:
    """Developer Guide, "Queue and message identifiers": the path of a queue URL names account and queue; clients keep old forms for years."""

    @pytest.mark.parametrize(
        "form",
        [
            "http://127.0.0.1:{port}/{account}/{name}",
            "http://localhost:{port}/{account}/{name}",
            "http://sqs.us-east-1.localhost.localstack.cloud:{port}/{account}/{name}",
            "http://us-east-1.queue.localhost.localstack.cloud:{port}/{account}/{name}",
            "http://localhost:{port}/queue/us-east-1/{account}/{name}",
            "https://sqs.us-east-1.amazonaws.com/{account}/{name}",
            "https://us-east-1.queue.amazonaws.com/{account}/{name}",
        ],
    )
    def test_form(self, sqs, server, queue, story, form):
        url = form.format(port=server.port, account=ACCOUNT, name=queue.rsplit("/", 1)[1])
        story.send(url, "through " + form)
        assert story.bodies(queue) == ["through " + form]

    def test_region_of_the_url_is_used(self, sqs, as_account, server):
        """A queue URL that names a region means the queue of that region."""
        west = as_account(ACCOUNT, region="us-west-2")
        name = "only-west"
        west.create_queue(QueueName=name)
        url = f"http://sqs.us-west-2.localhost.localstack.cloud:{server.port}/{ACCOUNT}/{name}"
        west.send_message(QueueUrl=url, MessageBody="x")
        assert len(west.receive_message(QueueUrl=url)["Messages"]) == 1


def test_create_with_tags(sqs, create):
    """API Reference, CreateQueue, tags: cost allocation tags are added with the queue."""
    url = create("tagged", tags={"team": "blue", "empty": ""})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "blue", "empty": ""}
