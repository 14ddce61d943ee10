"""The admin API under `/_kumoi/`, and the paths that tools made for LocalStack look at."""

import json
import urllib.request

import pytest
from openapi_spec_validator import validate

from harness.admin import AdminError, Clock


@pytest.fixture
def sqs(clients, world):
    return clients.client("sqs")


def urls(sqs):
    return sqs.list_queues().get("QueueUrls", [])


class TestDocument:
    def test_openapi_is_valid(self, admin):
        """OpenAPI 3.1."""
        document = admin.get("openapi.json")
        validate(document)
        assert document["openapi"].startswith("3.1")

    def test_every_get_without_parameters_answers(self, admin):
        """What the document lists exists."""
        for path, methods in admin.get("openapi.json")["paths"].items():
            if "get" in methods and "{" not in path and not path.endswith("requests"):
                admin.call("GET", path.removeprefix("/_kumoi/"))

    def test_unknown_path(self, admin):
        with pytest.raises(AdminError) as refused:
            admin.get("nonsense")
        assert refused.value.status == 404

    def test_wrong_method(self, admin):
        with pytest.raises(AdminError) as refused:
            admin.delete("clock")
        assert refused.value.status == 405


class TestReading:
    def test_health(self, admin):
        assert admin.get("health")["status"] == "ok"

    def test_services(self, admin):
        """Every service that AWS has a model of, and how much of it is built."""
        services = {service["id"]: service for service in admin.get("services")["services"]}
        assert len(services) > 400
        assert services["sqs"]["built"] and services["sqs"]["operations"]["built"] == services["sqs"]["operations"]["total"] == 23
        assert services["sts"]["operations"]["built"] == services["sts"]["operations"]["total"]
        assert not services["ec2"]["built"]

    def test_coverage(self, admin):
        coverage = admin.get("coverage")
        assert coverage["built"] >= 34
        assert coverage["total"] > 19000

    def test_settings(self, admin):
        settings = admin.get("settings")
        assert (settings["account"], settings["region"]) == ("000000000000", "us-east-1")

    def test_requests(self, admin, sqs):
        """Recent requests, with outcome and duration."""
        url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            sqs.get_queue_url(QueueName="missing")
        sqs.send_message(QueueUrl=url, MessageBody="x")
        told = json.dumps(admin.get("requests?limit=50"))
        for word in ("CreateQueue", "GetQueueUrl", "SendMessage", "sqs"):
            assert word in told

    def test_ca(self, admin):
        assert admin.call("GET", "ca.pem").startswith(b"-----BEGIN CERTIFICATE-----")


class TestClock:
    def test_freeze_and_resume(self, here):
        clock = Clock(here)
        clock.freeze()
        assert clock.read()["frozen"] is True
        assert clock.now() == clock.now()
        clock.resume()
        assert clock.read()["frozen"] is False

    def test_advance(self, clock):
        before = clock.now()
        clock.advance(90)
        assert clock.now() == pytest.approx(before + 90, abs=0.001)
        clock.advance("P14D")
        assert clock.now() == pytest.approx(before + 90 + 14 * 86400, abs=0.001)

    def test_scale(self, here):
        clock = Clock(here)
        clock.scale(1000)
        assert clock.read()["rate"] == 1000

    @pytest.mark.parametrize("change", [{"action": "advance", "by": -1}, {"action": "advance"}, {"action": "scale", "rate": -1}, {"action": "nonsense"}, {}])
    def test_invalid(self, here, change):
        with pytest.raises(AdminError) as refused:
            here.post("clock", change)
        assert refused.value.status == 400

    def test_each_world_has_its_own(self, admin, clock):
        clock.advance(86400)
        assert clock.now() - Clock(admin).now() > 86000


class TestWorlds:
    def test_fork_diff_drop(self, admin, sqs, clients, world):
        """A fork has all that its source had; what happens in either stays there; `diff` lists it; `drop` ends it."""
        url = sqs.create_queue(QueueName="shared")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="before")
        fork = f"{world}-fork"
        admin.fork(fork, world)
        assert admin.get(f"worlds/{world}/diff/{fork}")["differences"] == []
        clients.world = fork
        sqs.create_queue(QueueName="only-in-the-fork")
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "before"
        clients.world = world
        assert urls(sqs) == [url]
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "before"
        differences = admin.get(f"worlds/{world}/diff/{fork}")["differences"]
        assert {difference["service"] for difference in differences} == {"sqs"}
        assert "only-in-the-fork" in json.dumps(differences)
        assert {world, fork} <= {known["name"] for known in admin.get("worlds")["worlds"]}
        admin.drop(fork)
        assert fork not in {known["name"] for known in admin.get("worlds")["worlds"]}

    def test_timers_fork_too(self, admin, sqs, clients, world, clock):
        """A delayed message comes due in the fork by the fork's clock."""
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
        fork = f"{world}-fork"
        admin.fork(fork, world)
        Clock(admin.within(fork)).advance(61)
        clients.world = fork
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
        clients.world = world
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        admin.drop(fork)

    def test_reset(self, here, sqs):
        sqs.create_queue(QueueName="gone")
        here.post("reset")
        assert urls(sqs) == []
        sqs.create_queue(QueueName="gone")

    @pytest.mark.parametrize("name", ["with%20space", "UPPER%2Fslash", "x" * 200])
    def test_invalid_name(self, admin, name):
        with pytest.raises(AdminError) as refused:
            admin.fork(name)
        assert refused.value.status == 400

    def test_name_in_use(self, admin, world):
        with pytest.raises(AdminError) as refused:
            admin.fork(world)
        assert refused.value.status == 409

    def test_unknown(self, admin):
        for call in (lambda: admin.drop("no-such"), lambda: admin.fork("made", "no-such"), lambda: admin.save("no-such")):
            with pytest.raises(AdminError) as refused:
                call()
            assert refused.value.status == 404

    def test_the_default_world_stays(self, admin):
        with pytest.raises(AdminError) as refused:
            admin.drop("default")
        assert refused.value.status == 409


class TestSnapshots:
    def test_save_and_load(self, admin, sqs, world, clock):
        """Everything is in the snapshot: queues, messages, what is in flight, timers, and the clock."""
        url = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        for body in ("visible", "held"):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        held = sqs.receive_message(QueueUrl=url)["Messages"][0]
        snapshot = admin.save(world)
        sqs.delete_queue(QueueUrl=url)
        sqs.create_queue(QueueName="after")
        admin.load(world, snapshot)
        assert urls(sqs) == [url]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
        (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert message["Body"] != held["Body"]
        clock.advance(61)
        assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1

    def test_into_another_world(self, admin, sqs, clients, world):
        sqs.create_queue(QueueName="kept")
        admin.fork(f"{world}-copy")
        admin.load(f"{world}-copy", admin.save(world))
        clients.world = f"{world}-copy"
        assert len(urls(sqs)) == 1
        clients.world = world
        admin.drop(f"{world}-copy")

    @pytest.mark.parametrize("snapshot", [b"", b"nonsense", b"\x00" * 1000])
    def test_what_is_no_snapshot(self, admin, sqs, world, snapshot):
        """It is refused, and the world stays as it was."""
        sqs.create_queue(QueueName="kept")
        with pytest.raises(AdminError) as refused:
            admin.load(world, snapshot)
        assert refused.value.status == 400
        assert len(urls(sqs)) == 1

    def test_cut_off(self, admin, sqs, world):
        sqs.create_queue(QueueName="kept")
        snapshot = admin.save(world)
        with pytest.raises(AdminError):
            admin.load(world, snapshot[: len(snapshot) // 2])
        assert len(urls(sqs)) == 1


class TestLocalStackPaths:
    """Public scripts search these answers as text, with the spacing of Python's json module."""

    def text(self, server, path):
        with urllib.request.urlopen(server.url + path, timeout=10) as answer:
            return answer.read().decode()

    def test_health(self, server, sqs):
        urls(sqs)
        text = self.text(server, "/_localstack/health")
        assert '"sqs": "running"' in text
        document = json.loads(text)
        assert set(document["services"].values()) <= {"available", "running"}
        assert document["edition"] and document["version"]

    def test_health_head(self, server):
        request = urllib.request.Request(server.url + "/_localstack/health", method="HEAD")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200 and answer.read() == b""

    def test_init(self, server):
        text = self.text(server, "/_localstack/init")
        assert '"READY": true' in text
        assert '"completed": true' in self.text(server, "/_localstack/init/ready")

    def test_info(self, server):
        assert json.loads(self.text(server, "/_localstack/info"))["version"]

    def test_marker(self, server):
        with urllib.request.urlopen(server.url + "/_localstack/health", timeout=10) as answer:
            assert answer.headers["x-localstack"] == "true" or answer.status == 200
