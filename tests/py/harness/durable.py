"""A server that keeps what it holds, for tests that restart it."""

from .admin import Admin, Clock
from .clients import Clients
from .server import Server


class Durable:
    """A server with a data directory, and what reaches it; all but the data are new after each restart. Tests add the clients that they need in `reach`."""

    def __init__(self, directory, *options):
        self.options = ["--data", str(directory / "data"), *options]
        self.models = directory / "models"
        self.port = None
        self.begin()

    def begin(self):
        self.server = Server(*self.options, port=self.port).start()
        self.port = self.server.port
        self.clients = Clients(self.server.url, model_directory=self.models)
        self.admin = Admin(self.server.url)
        self.clock = Clock(self.admin)
        self.reach()

    def reach(self):
        pass

    def again(self, how):
        """Ends the server, by `stop` or by `kill`, and starts it on what is there."""
        if how == "stop":
            assert self.server.stop() == 0
        else:
            self.server.kill()
        self.begin()
