"""How requests and answers look on the wire, in both protocols. Developer Guide: "Making requests using the AWS JSON protocol", "Making
Query API requests", "Interpreting responses"."""

import json
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

import pytest

from harness.clients import ACCOUNT

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"
SCOPE = "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture
def wire(server, world):
    """Sends a request by hand, and returns status, headers and body."""

    def wire(method="POST", path="/", body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"authorization": SCOPE, "x-amz-date": "20261121T000000Z", "x-kumoi-world": world, **headers}
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(server.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    return wire


@pytest.fixture
def speak_json(wire):
    def speak_json(operation, parameters):
        status, headers, body = wire(
            body=json.dumps(parameters), content_type="application/x-amz-json-1.0", x_amz_target=f"AmazonSQS.{operation}"
        )
        return status, headers, json.loads(body) if body else None

    return speak_json


@pytest.fixture
def speak_query(wire):
    def speak_query(path="/", method="POST", **parameters):
        form = urllib.parse.urlencode({"Version": "2012-11-05", **parameters})
        if method == "GET":
            status, headers, body = wire("GET", f"{path}?{form}")
        else:
            status, headers, body = wire(path=path, body=form, content_type="application/x-www-form-urlencoded")
        return status, headers, ET.fromstring(body)

    return speak_query


class TestJson:
    """AWS JSON 1.0."""

    def test_success(self, speak_json):
        status, headers, answer = speak_json("CreateQueue", {"QueueName": "orders"})
        assert status == 200
        assert headers["content-type"] == "application/x-amz-json-1.0"
        assert headers["x-amzn-requestid"]
        assert answer["QueueUrl"].endswith(f"/{ACCOUNT}/orders")

    def test_no_output_is_an_empty_body(self, speak_json):
        """API Reference, DeleteQueue: HTTP 200 with an empty body."""
        _, _, created = speak_json("CreateQueue", {"QueueName": "orders"})
        status, _, answer = speak_json("DeleteQueue", {"QueueUrl": created["QueueUrl"]})
        assert status == 200
        assert not answer

    def test_modelled_error(self, speak_json):
        """Smithy, awsQueryCompatible: the error's shape in `__type`, its query code and fault in a header."""
        status, headers, answer = speak_json("GetQueueUrl", {"QueueName": "missing"})
        assert status == 400
        assert headers["content-type"] == "application/x-amz-json-1.0"
        assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
        assert answer["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"
        assert answer["message"] == "The specified queue does not exist."

    def test_common_error(self, speak_json):
        """API Reference, common errors: those that the model does not name keep their query code in the header."""
        _, headers, answer = speak_json("CreateQueue", {"QueueName": "with space"})
        assert headers["x-amzn-query-error"] == "InvalidParameterValue;Sender"
        assert answer["__type"].endswith("InvalidParameterValueException")

    def test_unknown_operation(self, speak_json):
        """Smithy, AWS JSON protocols: an operation that the service does not have is UnknownOperationException."""
        status, _, answer = speak_json("Nonsense", {})
        assert status in (400, 404)
        assert answer["__type"].endswith("UnknownOperationException") or answer["__type"].endswith("InvalidAction")

    @pytest.mark.parametrize("body", ["{", "[]", "nonsense", '"text"', '{"QueueName": 1}', '{"QueueName": ["a"]}', '{"QueueName": {}}'])
    def test_malformed(self, wire, body):
        """Smithy, AWS JSON protocols: what cannot be parsed into the input is a SerializationException."""
        status, _, answer = wire(body=body, content_type="application/x-amz-json-1.0", x_amz_target="AmazonSQS.CreateQueue")
        assert status == 400
        assert json.loads(answer)["__type"].endswith("SerializationException")

    def test_unknown_members_are_ignored(self, speak_json):
        """Smithy: servers ignore members that they do not know."""
        status, _, _ = speak_json("CreateQueue", {"QueueName": "orders", "Colour": "blue"})
        assert status == 200

    def test_null_members_are_absent(self, speak_json):
        """Smithy, AWS JSON protocols: null stands for a member that is not there."""
        status, _, _ = speak_json("CreateQueue", {"QueueName": "orders", "Attributes": None})
        assert status == 200


class TestQuery:
    """The query protocol."""

    def test_success(self, speak_query):
        status, headers, answer = speak_query(Action="CreateQueue", QueueName="orders")
        assert status == 200
        assert headers["content-type"].startswith("text/xml")
        assert answer.tag == f"{NAMESPACE}CreateQueueResponse"
        assert answer.find(f"{NAMESPACE}CreateQueueResult/{NAMESPACE}QueueUrl").text.endswith(f"/{ACCOUNT}/orders")
        assert answer.find(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId").text

    def test_no_output(self, speak_query):
        """An action without output answers its metadata only."""
        url = speak_query(Action="CreateQueue", QueueName="orders")[2][0][0].text
        status, _, answer = speak_query(Action="DeleteQueue", QueueUrl=url)
        assert status == 200
        assert answer.tag == f"{NAMESPACE}DeleteQueueResponse"
        assert [child.tag for child in answer] == [f"{NAMESPACE}ResponseMetadata"]

    def test_error(self, speak_query):
        """"Interpreting responses", structure of an error response."""
        status, headers, answer = speak_query(Action="GetQueueUrl", QueueName="missing")
        assert status == 400
        assert headers["content-type"].startswith("text/xml")
        assert answer.tag == f"{NAMESPACE}ErrorResponse"
        error = answer.find(f"{NAMESPACE}Error")
        assert error.find(f"{NAMESPACE}Type").text == "Sender"
        assert error.find(f"{NAMESPACE}Code").text == "AWS.SimpleQueueService.NonExistentQueue"
        assert error.find(f"{NAMESPACE}Message").text.startswith("The specified queue does not exist")
        assert answer.find(f"{NAMESPACE}RequestId").text

    def test_get(self, speak_query):
        """"Constructing a query": actions may come as GET with all parameters in the URL."""
        status, _, _ = speak_query(method="GET", Action="CreateQueue", QueueName="orders")
        assert status == 200

    def test_queue_url_as_path(self, speak_query):
        """"Constructing a query": the request is made to the queue's own URL, which then names the queue."""
        speak_query(Action="CreateQueue", QueueName="orders")
        path = f"/{ACCOUNT}/orders"
        assert speak_query(path, Action="SendMessage", MessageBody="by post")[0] == 200
        assert speak_query(path, method="GET", Action="SendMessage", MessageBody="by get")[0] == 200
        _, _, answer = speak_query(path, Action="ReceiveMessage", MaxNumberOfMessages="10")
        assert {body.text for body in answer.iter(f"{NAMESPACE}Body")} == {"by post", "by get"}

    def test_names_of_lists_and_maps(self, speak_query):
        """API Reference, as the query API documents its parameters: `Attribute.N.Name`, `Tag.N.Key`, `MessageAttribute.N.Value.StringValue`."""
        _, _, created = speak_query(**{
            "Action": "CreateQueue",
            "QueueName": "orders",
            "Attribute.1.Name": "VisibilityTimeout",
            "Attribute.1.Value": "41",
            "Attribute.2.Name": "DelaySeconds",
            "Attribute.2.Value": "0",
            "Tag.1.Key": "team",
            "Tag.1.Value": "blue",
        })
        url = created[0][0].text
        _, _, answer = speak_query(**{"Action": "GetQueueAttributes", "QueueUrl": url, "AttributeName.1": "VisibilityTimeout"})
        assert [(a[0].text, a[1].text) for a in answer.iter(f"{NAMESPACE}Attribute")] == [("VisibilityTimeout", "41")]
        _, _, answer = speak_query(Action="ListQueueTags", QueueUrl=url)
        assert [(tag[0].text, tag[1].text) for tag in answer.iter(f"{NAMESPACE}Tag")] == [("team", "blue")]
        status, _, _ = speak_query(**{
            "Action": "SendMessage",
            "QueueUrl": url,
            "MessageBody": "x",
            "MessageAttribute.1.Name": "colour",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringValue": "blue",
        })
        assert status == 200
        _, _, answer = speak_query(**{"Action": "ReceiveMessage", "QueueUrl": url, "MessageAttributeName.1": "All"})
        (attribute,) = answer.iter(f"{NAMESPACE}MessageAttribute")
        assert attribute.find(f"{NAMESPACE}Name").text == "colour"
        assert attribute.find(f"{NAMESPACE}Value/{NAMESPACE}StringValue").text == "blue"

    def test_batch_names(self, speak_query):
        """API Reference, SendMessageBatch: `SendMessageBatchRequestEntry.N.Id`."""
        url = speak_query(Action="CreateQueue", QueueName="orders")[2][0][0].text
        _, _, answer = speak_query(**{
            "Action": "SendMessageBatch",
            "QueueUrl": url,
            "SendMessageBatchRequestEntry.1.Id": "a",
            "SendMessageBatchRequestEntry.1.MessageBody": "x",
            "SendMessageBatchRequestEntry.2.Id": "b",
            "SendMessageBatchRequestEntry.2.MessageBody": "y",
        })
        assert [e.find(f"{NAMESPACE}Id").text for e in answer.iter(f"{NAMESPACE}SendMessageBatchResultEntry")] == ["a", "b"]

    def test_unknown_action(self, speak_query):
        """API Reference, common errors, InvalidAction: the action requested is invalid."""
        status, _, answer = speak_query(Action="Nonsense")
        assert status == 400
        assert answer.find(f"{NAMESPACE}Error/{NAMESPACE}Code").text == "InvalidAction"

    @pytest.mark.parametrize("value", ["ten", "1.5", "", "99999999999999999999"])
    def test_malformed_number(self, speak_query, value):
        """API Reference, common errors: a number that is none is refused."""
        url = speak_query(Action="CreateQueue", QueueName="orders")[2][0][0].text
        status, _, answer = speak_query(Action="ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=value)
        assert status == 400
        assert answer.find(f"{NAMESPACE}Error/{NAMESPACE}Code").text in ("MalformedInput", "InvalidParameterValue", "ValidationError")


def test_both_protocols_see_the_same_queue(speak_json, speak_query):
    """Developer Guide, "AWS JSON protocol": both protocols are the same service."""
    _, _, created = speak_json("CreateQueue", {"QueueName": "orders"})
    speak_query(Action="SendMessage", QueueUrl=created["QueueUrl"], MessageBody="by query")
    _, _, answer = speak_json("ReceiveMessage", {"QueueUrl": created["QueueUrl"]})
    assert [message["Body"] for message in answer["Messages"]] == ["by query"]
