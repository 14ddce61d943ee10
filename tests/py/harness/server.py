"""Starts, stops and kills the real binary."""

import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
READY_SECONDS = 20

# Settings of the machine that runs the tests must not leak into the server under test.
FOREIGN_PREFIXES = ("KUMOI_", "AWS_", "LOCALSTACK_", "SQS_", "GATEWAY_")


def binary():
    """The binary under test: `KUMOI_BIN`, else the release build, else the debug build."""
    named = os.environ.get("KUMOI_BIN")
    candidates = [named] if named else [ROOT / "target/release/kumoi", ROOT / "target/debug/kumoi"]
    for candidate in candidates:
        if pathlib.Path(candidate).is_file():
            return str(candidate)
    raise RuntimeError(f"no kumoi binary among {[str(c) for c in candidates]}: build one, or name it in KUMOI_BIN")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**extra):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)}
    return {**kept, **extra}


class Server:
    """One process. `start` returns once it has said `Ready.`."""

    def __init__(self, *options, environment=None, port=None, cache=None):
        """`cache` stands in for the user's cache directory, where a server without `--data` keeps its certificate authority."""
        self.options = list(options)
        self.environment = {**({"XDG_CACHE_HOME": str(cache)} if cache else {}), **(environment or {})}
        self.port = port or free_port()
        self.process = None
        self.printed = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [binary(), "start", "--listen", f"127.0.0.1:{self.port}", *self.options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(**self.environment),
            text=True,
            errors="replace",
        )
        ready = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        try:
            said = ready.get(timeout=READY_SECONDS)
        except queue.Empty:
            said = False
        if not said:
            self.kill()
            raise RuntimeError(f"{' '.join(command)} did not become ready:\n{self.log()}")
        return self

    def _read(self, process, ready):
        for line in process.stdout:
            self.printed.append(line)
            del self.printed[:-2000]
            if line.rstrip().endswith("Ready."):
                ready.put(True)
        ready.put(False)

    def log(self):
        return "".join(self.printed)

    def stop(self):
        """Asks for a graceful stop, and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def kill(self):
        """SIGKILL: no chance to write anything more."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=20)

    def running(self):
        return self.process.poll() is None
