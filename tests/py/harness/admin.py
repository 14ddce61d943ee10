"""A client of the admin API under `/_kumoi/`."""

import datetime
import json
import time
import urllib.error
import urllib.parse
import urllib.request

WORLD_HEADER = "x-kumoi-world"


class AdminError(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class Admin:
    """Speaks to one world of one server. Bodies are JSON both ways."""

    def __init__(self, url, world=None):
        self.url = url
        self.world = world

    def within(self, world):
        return Admin(self.url, world)

    def call(self, method, path, body=None):
        """The bytes of the answer."""
        if self.world:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode({"world": self.world})
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(f"{self.url}/_kumoi/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as refused:
            raise AdminError(refused.code, refused.read().decode(errors="replace")) from refused

    def get(self, path):
        return json.loads(self.call("GET", path))

    def post(self, path, body=None):
        return json.loads(self.call("POST", path, body or {}))

    def delete(self, path):
        return json.loads(self.call("DELETE", path))

    def request_waits(self):
        """Returns once a request of this server waits for a change. At rest each world has two waiters of its own, its timers and its
        outbox; any further one is a request."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            health = self.get("health")
            if health["store"]["waiters"] > 2 * health["worlds"]:
                return
        raise AssertionError(f"no request waits: {health}")

    def fork(self, name, source="default"):
        return self.post(f"worlds/{name}", {"from": source})

    def drop(self, name):
        return self.delete(f"worlds/{name}")

    def save(self, name):
        return self.call("GET", f"worlds/{name}/snapshot")

    def load(self, name, snapshot):
        return json.loads(self.call("PUT", f"worlds/{name}/snapshot", snapshot))


class Clock:
    """The virtual clock of one world."""

    def __init__(self, admin):
        self.admin = admin

    def read(self):
        return self.admin.get("clock")

    def now(self):
        """Seconds since the epoch, as the world sees them."""
        return datetime.datetime.fromisoformat(self.read()["now"]).timestamp()

    def freeze(self):
        return self.admin.post("clock", {"action": "freeze"})

    def resume(self):
        return self.admin.post("clock", {"action": "resume"})

    def scale(self, rate):
        return self.admin.post("clock", {"action": "scale", "rate": rate})

    def advance(self, by):
        """Moves time on by seconds, or by an ISO 8601 duration. All that falls due on the way has happened when this returns."""
        return self.admin.post("clock", {"action": "advance", "by": by})
