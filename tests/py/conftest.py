"""Options and fixtures shared by all tests. See CONTRIBUTING.md for how to run them."""

import itertools
import os
import tempfile
import urllib.request

import pytest

from harness.admin import Admin, AdminError, Clock
from harness.cli import Cli
from harness.clients import Clients
from harness.server import Server

VARIANTS = ("memory", "disk", "tls", "h2", "chaos", "restart")

# No configuration of the machine that runs the tests may reach the clients.
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_DEFAULT_REGION="us-east-1",
)
for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"):
    os.environ.pop(name, None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def pytest_addoption(parser):
    parser.addoption(
        "--variant",
        choices=VARIANTS,
        default="memory",
        help="how the server stores and how the clients reach it; `restart` runs only the tests that restart the server",
    )


def pytest_collection_modifyitems(config, items):
    """`restart` is a variant of its own: those tests bring their own servers, so they run under no other variant."""
    restart_only = config.getoption("--variant") == "restart"
    kept = [item for item in items if ("restart" in item.nodeid.split("::")[0]) == restart_only]
    dropped = [item for item in items if item not in set(kept)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.fixture(scope="session")
def variant(request):
    return request.config.getoption("--variant")


@pytest.fixture(scope="session")
def scratch():
    with tempfile.TemporaryDirectory(prefix="kumoi-tests-") as directory:
        yield directory


@pytest.fixture(scope="session")
def server(variant, scratch):
    """One server for each worker of pytest."""
    options = {
        "disk": ["--data", os.path.join(scratch, "data")],
        "chaos": ["--store", "chaos"],
    }.get(variant, [])
    running = Server(*options, cache=scratch).start()
    yield running
    alive = running.running()
    running.stop()
    assert alive, f"the server died during the tests:\n{running.log()}"


@pytest.fixture(scope="session")
def authority(server, scratch):
    """The file with the certificate authority that clients of the TLS endpoint must trust."""
    path = os.path.join(scratch, "ca.pem")
    with urllib.request.urlopen(f"{server.url}/_kumoi/ca.pem") as answer, open(path, "wb") as file:
        file.write(answer.read())
    return path


@pytest.fixture(scope="session")
def clients(server, variant, scratch, request):
    """Real clients, reaching the server as the variant says."""
    endpoint, verify = server.url, None
    if variant in ("tls", "h2"):
        endpoint, verify = f"https://localhost:{server.port}", request.getfixturevalue("authority")
    return Clients(endpoint, verify=verify, h2=variant == "h2", model_directory=os.path.join(scratch, "models"))


@pytest.fixture(scope="session")
def admin(server):
    """The admin API, outside any test's world."""
    return Admin(server.url)


@pytest.fixture(scope="session")
def world_names():
    return (f"test-{os.getpid()}-{number}" for number in itertools.count(1))


@pytest.fixture
def world(admin, clients, world_names):
    """An empty world of this test's own. All clients speak to it while the test runs."""
    name = next(world_names)
    admin.fork(name)
    clients.world = name
    yield name
    clients.world = None
    try:
        admin.drop(name)
    except AdminError as refused:
        assert refused.status == 404, refused


@pytest.fixture(params=["stop", "kill"])
def how(request):
    """How a server ends that is restarted."""
    return request.param


@pytest.fixture
def cli(clients, world):
    """The AWS CLI, in this test's world."""
    return Cli(clients, world)


@pytest.fixture
def here(admin, world):
    """The admin API within this test's world."""
    return admin.within(world)


@pytest.fixture
def clock(here):
    """The virtual clock of this test's world, frozen so that nothing but the test moves it."""
    clock = Clock(here)
    clock.freeze()
    return clock
