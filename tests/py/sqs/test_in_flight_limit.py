"""Developer Guide, queue quotas, "Messages per queue (in flight)": about 120,000 for a standard queue."""

import http.client
import json

import pytest

MOST = 120_000
HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "authorization": "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
    "x-amz-date": "20261121T000000Z",
}


@pytest.fixture
def call(server, world):
    """One connection and no SDK: this test makes 24,000 calls."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def call(operation, parameters):
        headers = {**HEADERS, "x-amz-target": f"AmazonSQS.{operation}", "x-kumoi-world": world}
        connection.request("POST", "/", json.dumps(parameters), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    yield call
    connection.close()


@pytest.mark.timeout(300)
def test_receive_is_refused_at_the_limit(call, clock, variant):
    """Short polling answers OverLimit; a deleted message makes room."""
    if variant == "chaos":
        pytest.skip("24,000 calls, each of them delayed, take too long")
    _, created = call("CreateQueue", {"QueueName": "full", "Attributes": {"VisibilityTimeout": "43200"}})
    url = {"QueueUrl": created["QueueUrl"]}
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
    handle = None
    for _ in range(MOST // 10):
        assert call("SendMessageBatch", {**url, "Entries": entries})[0] == 200
        status, received = call("ReceiveMessage", {**url, "MaxNumberOfMessages": 10})
        assert status == 200 and len(received["Messages"]) == 10
        handle = received["Messages"][0]["ReceiptHandle"]
    call("SendMessageBatch", {**url, "Entries": entries})
    status, refused = call("ReceiveMessage", url)
    assert (status, refused["__type"]) == (403, "com.amazonaws.sqs#OverLimit")
    assert call("DeleteMessage", {**url, "ReceiptHandle": handle})[0] == 200
    status, received = call("ReceiveMessage", url)
    assert status == 200 and len(received["Messages"]) == 1
