"""Every operation of every AWS service, through boto3: 501 NotImplemented in the form of its own protocol, or an answer if it is built.

The design: an operation that is not built answers 501 `NotImplemented` naming it; nothing is unknown, and nothing pretends.
"""

import gc

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.tokens import FrozenAuthToken

from harness.parameters import minimal

# What is built, and so may answer anything but 501.
BUILT = {"sqs", "sts"}

# Operations that botocore itself cannot send, with the reason. It leaves such operations out of its clients altogether.
NOT_SENT_BY_BOTOCORE = {}

core = botocore.session.get_session()
SERVICES = core.get_available_services()


class Token:
    """Some services take a bearer token instead of a signature."""

    def load_token(self, **_):
        return FrozenAuthToken("kumoi-test-token")


core.register_component("token_provider", Token())


@pytest.fixture(scope="module")
def make(clients, world_for_all):
    """Makes the client of a service: no retries, no validation by the client, no account or bucket put into the host name."""

    def make(service):
        session = boto3.Session(botocore_session=core, region_name="us-east-1")
        client = session.client(
            service,
            endpoint_url=clients.endpoint,
            verify=clients.verify,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"total_max_attempts": 1},
                parameter_validation=False,
                inject_host_prefix=False,
                endpoint_discovery_enabled=False,
                account_id_endpoint_mode="disabled",
                read_timeout=20,
                s3={"addressing_style": "path"},
            ),
        )
        client.meta.events.register("before-call.*.*", world_for_all)
        return client

    return make


@pytest.fixture(scope="module")
def world_for_all(admin):
    name = f"all-services-{id(admin)}"
    admin.fork(name)

    def choose(params, **_):
        params["headers"]["x-kumoi-world"] = name

    yield choose
    admin.drop(name)


def outcome(client, service, operation):
    """`None` when the operation was answered as it must be, else what was wrong."""
    model = client.meta.service_model.operation_model(operation)
    parameters = minimal(model.input_shape) if model.input_shape else {}
    try:
        getattr(client, xform_name(operation))(**parameters)
    except ClientError as error:
        got = error.response.get("Error", {})
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if service in BUILT and status < 500:
            return None
        if (got.get("Code"), status) != ("NotImplemented", 501):
            # An answer to HEAD has no body; botocore then takes the status for the code.
            if model.http.get("method") == "HEAD" and status == 501:
                return None
            return f"{status} {got.get('Code')}: {got.get('Message')}"
        if operation not in got.get("Message", ""):
            return f"the message does not name the operation: {got.get('Message')}"
        if service in BUILT:
            return "is to be built, and answers NotImplemented"
        return None
    except Exception as error:  # Whatever the client throws is a finding, and must not hide the others.
        return f"{type(error).__name__}: {error}"
    return None if service in BUILT else "answered as if it were built"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("service", SERVICES)
def test_every_operation(make, service):
    """Recognised, decoded, validated, and answered in the service's own protocol."""
    client = make(service)
    wrong = {}
    for operation in client.meta.service_model.operation_names:
        if (service, operation) in NOT_SENT_BY_BOTOCORE or not hasattr(client, xform_name(operation)):
            continue
        if found := outcome(client, service, operation):
            wrong[operation] = found
    client.close()
    gc.collect()
    listing = "\n".join(f"  {operation}: {found[:300]}" for operation, found in wrong.items())
    assert not wrong, f"{len(wrong)} of {len(client.meta.service_model.operation_names)} operations of {service}:\n{listing}"


def test_all_services_are_there():
    """botocore's list is the measure: it has some 400 services."""
    assert len(SERVICES) > 400
