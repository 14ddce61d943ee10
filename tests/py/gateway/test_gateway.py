"""The gateway itself: request ids, CORS, detection of services, refusals, TLS and HTTP/2."""

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request

import h2.connection
import h2.events
import httpx
import pytest

SIGNED = {
    "authorization": "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0",
    "x-amz-date": "20261121T000000Z",
}


@pytest.fixture
def ask(server):
    """Sends a request by hand; returns status, headers and body."""

    def ask(method, path, body=None, service=None, headers=None):
        sent = dict(headers or {})
        if service:
            sent.update({name: value.format(service) for name, value in SIGNED.items()})
        request = urllib.request.Request(server.url + path, data=body, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    return ask


def list_queues(ask, **headers):
    sent = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ListQueues", **headers}
    return ask("POST", "/", b"{}", "sqs", sent)


class TestRequestIds:
    """AWS General Reference, "Request IDs": each answer carries one, under the header of its protocol."""

    def test_json(self, ask):
        _, headers, _ = list_queues(ask)
        assert len(headers["x-amzn-requestid"]) == 36

    def test_each_is_new(self, ask):
        assert len({list_queues(ask)[1]["x-amzn-requestid"] for _ in range(5)}) == 5

    def test_s3(self, ask):
        """Amazon S3: x-amz-request-id and x-amz-id-2."""
        _, headers, _ = ask("GET", "/", service="s3")
        assert headers["x-amz-request-id"]


class TestNotBuilt:
    """The design: an operation that is not built answers 501 NotImplemented, in the form of its protocol."""

    def test_json(self, ask):
        status, _, body = ask("POST", "/", b"{}", "kinesis", {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.ListStreams"})
        assert status == 501
        assert "NotImplemented" in json.loads(body)["__type"]

    def test_query(self, ask):
        body = b"Action=ListTopics&Version=2010-03-31"
        status, _, answer = ask("POST", "/", body, "sns", {"content-type": "application/x-www-form-urlencoded"})
        assert status == 501
        assert b"<Code>NotImplemented</Code>" in answer and b"<ErrorResponse" in answer

    def test_ec2(self, ask):
        body = b"Action=DescribeInstances&Version=2016-11-15"
        status, _, answer = ask("POST", "/", body, "ec2", {"content-type": "application/x-www-form-urlencoded"})
        assert status == 501
        assert b"<Response>" in answer and b"<Code>NotImplemented</Code>" in answer

    def test_rest_json(self, ask):
        status, headers, body = ask("GET", "/2015-03-31/functions/", service="lambda")
        assert status == 501
        assert headers["x-amzn-errortype"].startswith("NotImplemented")

    def test_rest_xml(self, ask):
        status, _, body = ask("GET", "/bucket?metadataTable", service="s3")
        assert status == 501
        assert b"<Code>NotImplemented</Code>" in body

    def test_unknown_operation(self, ask):
        """An operation that the service does not have at all is not 501."""
        status, _, _ = ask("POST", "/", b"{}", "dynamodb", {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.Nonsense"})
        assert status in (400, 404)

    def test_unknown_service(self, ask):
        status, _, _ = ask("POST", "/", b"{}", "nonsense", {"content-type": "application/x-amz-json-1.0", "x-amz-target": "Nonsense.Nonsense"})
        assert 400 <= status < 500


class TestCors:
    """Fetch standard, CORS: pages of this machine may call; others must be allowed first."""

    LOCAL = "http://localhost:3000"

    def preflight(self, ask, origin):
        headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-amz-target,authorization,content-type"}
        return ask("OPTIONS", "/", headers=headers)

    def test_preflight(self, ask):
        status, headers, _ = self.preflight(ask, self.LOCAL)
        assert status in (200, 204)
        assert headers["access-control-allow-origin"] in (self.LOCAL, "*")
        assert "POST" in headers["access-control-allow-methods"]
        allowed = headers["access-control-allow-headers"].lower()
        assert allowed == "*" or all(name in allowed for name in ("x-amz-target", "authorization", "content-type"))

    def test_answer(self, ask):
        status, headers, _ = list_queues(ask, origin=self.LOCAL)
        assert status == 200
        assert headers["access-control-allow-origin"] in (self.LOCAL, "*")
        assert headers["access-control-expose-headers"]

    def test_foreign_page(self, ask):
        """A page from elsewhere must not be able to use the cloud of whoever visits it."""
        status, headers, _ = list_queues(ask, origin="https://evil.example.com")
        assert status == 403
        assert headers["access-control-allow-origin"] is None

    def test_foreign_preflight(self, ask):
        _, headers, _ = self.preflight(ask, "https://evil.example.com")
        assert headers["access-control-allow-origin"] is None


class TestConnections:
    """HTTP/1.1, HTTP/2 and TLS share one port."""

    def test_tls(self, server, authority):
        """The certificate is minted for the name that the client asks for."""
        context = ssl.create_default_context(cafile=authority)
        for name in ("localhost", "sqs.us-east-1.localhost.localstack.cloud", "bucket.s3.localhost.localstack.cloud"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire, context.wrap_socket(wire, server_hostname=name) as tls:
                tls.sendall(b"GET /_kumoi/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                assert tls.recv(4096).startswith(b"HTTP/1.1 200 ")

    def test_h2_over_tls(self, server, authority):
        """RFC 9113, 3.2: chosen by ALPN."""
        with httpx.Client(http2=True, verify=ssl.create_default_context(cafile=authority)) as client:
            answer = client.get(f"https://localhost:{server.port}/_kumoi/health")
        assert (answer.status_code, answer.http_version) == (200, "HTTP/2")

    def test_h2_without_tls(self, server):
        """RFC 9113, 3.3: with prior knowledge."""
        with httpx.Client(http1=False, http2=True) as client:
            answer = client.get(f"{server.url}/_kumoi/health")
        assert (answer.status_code, answer.http_version) == (200, "HTTP/2")

    def test_h2_streams_do_not_wait_for_one_another(self, server, clients, world):
        """RFC 9113, 5: a long poll on one stream holds up no other stream of the connection."""
        url = clients.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        wire = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connection = h2.connection.H2Connection()
        connection.initiate_connection()

        def call(operation, parameters):
            body = json.dumps({"QueueUrl": url, **parameters}).encode()
            stream = connection.get_next_available_stream_id()
            head = {":method": "POST", ":path": "/", ":scheme": "http", ":authority": "localhost", "x-kumoi-world": world}
            head |= {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{operation}", "content-length": str(len(body))}
            connection.send_headers(stream, list(head.items()))
            connection.send_data(stream, body, end_stream=True)
            wire.sendall(connection.data_to_send())
            return stream

        poll = call("ReceiveMessage", {"WaitTimeSeconds": 20})
        quick = call("GetQueueAttributes", {"AttributeNames": ["All"]})
        send = None
        ended = []
        while len(ended) < 3:
            for event in connection.receive_data(wire.recv(65536)):
                if isinstance(event, h2.events.StreamEnded):
                    ended.append(event.stream_id)
            wire.sendall(connection.data_to_send())
            if ended and send is None:
                send = call("SendMessage", {"MessageBody": "late"})
        wire.close()
        assert ended[0] == quick
        assert set(ended[1:]) == {send, poll}

    def test_keep_alive(self, server):
        """RFC 9112, 9.3: connections persist."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for _ in range(3):
            connection.request("GET", "/_kumoi/health")
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
        connection.close()

    def test_a_refused_upload_leaves_the_connection(self, server):
        """What is short is read although nobody wants it, or a client that is still sending misses the answer."""
        head = b"PUT /no-such-bucket/key HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            for _ in range(2):
                wire.sendall(head + b"5\r\nfirst\r\n")
                wire.sendall(b"4\r\nlast\r\n0\r\n\r\n")
                answer = http.client.HTTPResponse(wire)
                answer.begin()
                assert (answer.status, answer.getheader("connection")) == (404, None)
                assert b"NoSuchBucket" in answer.read()

    def test_expect_continue(self, server):
        """RFC 9110, 10.1.1: the client waits for 100 before it sends the body."""
        body = b"{}"
        head = (
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.ListQueues\r\n"
            f"content-length: {len(body)}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(head.encode())
            assert wire.recv(4096).startswith(b"HTTP/1.1 100")
            wire.sendall(body)
            assert b" 200 " in wire.recv(65536).split(b"\r\n")[0]

    @pytest.mark.parametrize("sent", [b"\x00\x01\x02\x03" * 100, b"GET\r\n\r\n", b"\x16\x03\x01garbage", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense"])
    def test_nonsense_ends_only_its_connection(self, server, ask, sent):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
            wire.sendall(sent)
            wire.settimeout(10)
            try:
                while wire.recv(4096):
                    pass
            except OSError:
                pass
        assert ask("GET", "/_kumoi/health")[0] == 200


class TestWorlds:
    """A world is chosen by header, by access key, or by host name."""

    def queues(self, ask, key="anyone", **headers):
        sent = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ListQueues", "x-amz-date": "20261121T000000Z"}
        sent["authorization"] = SIGNED["authorization"].format("sqs").replace("Credential=anyone", f"Credential={key}")
        status, _, body = ask("POST", "/", b"{}", headers={**sent, **headers})
        return status, json.loads(body).get("QueueUrls", [])

    @pytest.fixture
    def filled(self, clients, world):
        clients.client("sqs").create_queue(QueueName="of-this-world")
        return world

    def test_by_header(self, ask, filled):
        assert len(self.queues(ask, **{"x-kumoi-world": filled})[1]) == 1

    def test_by_access_key(self, ask, filled):
        assert len(self.queues(ask, key=f"anyone@{filled}")[1]) == 1

    def test_by_host(self, ask, filled):
        assert len(self.queues(ask, host=f"{filled}.world.localhost")[1]) == 1

    def test_none_named(self, ask, filled):
        assert self.queues(ask)[1] == []

    def test_unknown(self, ask):
        status, _ = self.queues(ask, **{"x-kumoi-world": "no-such-world"})
        assert 400 <= status < 500


def test_ignored_members_are_told(clients, world, here):
    """The design: a member that an operation accepts without honouring is declared, and told in `x-kumoi-ignored`."""
    coverage = here.get("coverage")
    ignored = {
        (service["id"], operation["name"]): operation["ignored"]
        for service in coverage["services"]
        for operation in service["operations"]
        if operation["ignored"]
    }
    sqs = clients.client("sqs")
    answer = sqs.list_queues()
    assert "x-kumoi-ignored" not in answer["ResponseMetadata"]["HTTPHeaders"]
    for (service, operation), members in ignored.items():
        if (service, operation) == ("sts", "AssumeRole") and "ExternalId" in members:
            told = clients.client("sts").assume_role(
                RoleArn="arn:aws:iam::111122223333:role/r", RoleSessionName="session", ExternalId="external"
            )
            assert "ExternalId" in told["ResponseMetadata"]["HTTPHeaders"]["x-kumoi-ignored"]
