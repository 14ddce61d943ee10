"""Every operation of every AWS service, through boto3: 501 NotImplemented in the form of its own protocol, or an answer if it is built.

The design: an operation that is not built answers 501 `NotImplemented` naming it; nothing is unknown, and nothing pretends.
"""

import socket

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.tokens import FrozenAuthToken

from harness.admin import WORLD_HEADER
from harness.parameters import minimal

# Values that the least valid request must have beyond what the service's own model says.
GIVEN = {
    # The client reads the account out of it before it sends anything.
    "cloudfront-keyvaluestore": {"KvsARN": "arn:aws:cloudfront::123456789012:key-value-store/a1b2c3d4-5678-90ab-cdef-1234567890ab"},
    # Amazon RDS answers for Amazon DocumentDB and Amazon Neptune, at the same endpoint, by its own model, which is a little stricter.
    "docdb": {"DBClusterIdentifier": "name"},
    "neptune": {"DBClusterIdentifier": "name", "RoleArn": "arn:aws:iam::123456789012:role/name"},
    # PutBucketNotification and its successor PutBucketNotificationConfiguration are one request, of which the successor's model demands more.
    "s3": {"NotificationConfiguration": {}},
    # The pattern repeats a repetition, which Python's regular expressions refuse.
    "rbin": {"ResourceArn": "arn:aws:rbin:us-east-1:123456789012:rule/abcdefghijk"},
}

# Services some of whose requests are, byte for byte, also another service's: the sibling that answers them. boto3 does not name the
# service in `User-Agent`, as other SDKs do, so nothing in such a request tells the two apart.
ANSWERED_BY = {
    # The parts of the Chime SDK sign as `chime`. All tag at the same path with any ARN; phone numbers and settings moved to Voice.
    "chime-sdk-media-pipelines": {"chime-sdk-identity"},
    "chime-sdk-meetings": {"chime-sdk-identity"},
    "chime-sdk-messaging": {"chime-sdk-identity"},
    "chime-sdk-voice": {"chime", "chime-sdk-identity"},
    # Amazon RDS's endpoint, signing name and API version serve Amazon DocumentDB and Amazon Neptune.
    "docdb": {"rds"},
    "neptune": {"rds"},
    # The second version kept the first's paths for tags, the service role and connectivity.
    "greengrassv2": {"greengrass"},
    # Tags at the same path, with ARNs that both models allow.
    "ivs-realtime": {"ivs"},
    "lambda-microvms": {"lambda"},
    "lexv2-models": {"lex-models"},
    # The same API, published under two names.
    "pinpoint-sms-voice": {"sms-voice"},
    # Amazon Q in Connect grew out of Amazon Connect Wisdom, and kept its signing name and paths.
    "qconnect": {"wisdom"},
    # AWS Signer's model has this operation, too.
    "signer-data": {"signer"},
    # Both parts of Timestream use one target prefix, and have four operations of the same names.
    "timestream-write": {"timestream-query"},
}

# Operations that became others: each pair is one request, which is answered as the successor.
SUCCESSORS = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}

# Operations that cannot reach the server through this client, or cannot be told apart once there; each with the reason.
LEFT_OUT = {
    ("machinelearning", "Predict"): "goes to the endpoint that its parameters name, which must be Amazon's",
    **{
        ("s3", operation): "on the wire it is what succeeded it"
        for operation in ("GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification")
    },
    **{
        ("signin", operation): "the client's endpoint rules send it to AWS itself, whatever endpoint it is given"
        for operation in (
            "DeleteConsoleAuthorizationConfiguration",
            "DeleteResourcePermissionStatement",
            "GetConsoleAuthorizationConfiguration",
            "GetResourcePolicy",
            "ListResourcePermissionStatements",
            "PutConsoleAuthorizationConfiguration",
            "PutResourcePermissionStatement",
        )
    },
}

core = botocore.session.get_session()
SERVICES = core.get_available_services()


class Token:
    """Some services take a bearer token instead of a signature."""

    def load_token(self, **_):
        return FrozenAuthToken("kumoi-test-token")


core.register_component("token_provider", Token())
session = boto3.Session(botocore_session=core, region_name="us-east-1")


@pytest.fixture(scope="module", autouse=True)
def this_machine_only():
    """Every name below `localhost` is this machine (RFC 6761, 6.3), also where the resolver does not know it; no other name is anything.

    Some clients put an account number before the host of the endpoint they are given, and a few would leave it for AWS itself.
    """
    resolve = socket.getaddrinfo

    def here(host, *rest, **named):
        if host not in ("127.0.0.1", "localhost") and not str(host).endswith(".localhost"):
            raise socket.gaierror(f"{host} is not this machine")
        return resolve("127.0.0.1", *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield


@pytest.fixture(scope="module")
def make(server, authority, world_for_all):
    """Makes the client of a service: no retries, no validation by the client."""

    def make(service):
        metadata = core.get_service_model(service).metadata
        # A bearer token must not be sent in the clear, and botocore sees to that.
        bearer = "smithy.api#httpBearerAuth" in metadata.get("auth", []) or metadata.get("signatureVersion") == "bearer"
        client = session.client(
            service,
            endpoint_url=f"{'https' if bearer else 'http'}://localhost:{server.port}",
            verify=authority,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"total_max_attempts": 1},
                parameter_validation=False,
                inject_host_prefix=False,
                endpoint_discovery_enabled=False,
                read_timeout=20,
                s3={"addressing_style": "path"},
                # Signature Version 4A needs a native library that the tests do without.
                **({"signature_version": "v4"} if service == "cloudfront-keyvaluestore" else {}),
            ),
        )
        client.meta.events.register("before-call.*.*", world_for_all)
        return client

    return make


@pytest.fixture(scope="module")
def world_for_all(admin, world_names):
    name = next(world_names)
    admin.fork(name)

    def choose(params, **_):
        params["headers"][WORLD_HEADER] = name

    yield choose
    admin.drop(name)


@pytest.fixture(scope="module")
def built(admin):
    """What is built, as the server itself says, and so must answer anything but 501."""
    return {(service["id"], operation["name"]) for service in admin.get("coverage")["services"] for operation in service["operations"] if operation["built"]}


def outcome(client, service, operation, is_built):
    """`None` when the operation was answered as it must be, else what was wrong."""
    model = client.meta.service_model.operation_model(operation)
    parameters = {}
    if model.input_shape:
        parameters = minimal(model.input_shape)
        parameters |= {name: value for name, value in GIVEN.get(service, {}).items() if name in model.input_shape.members}
    try:
        getattr(client, xform_name(operation))(**parameters)
    except ClientError as error:
        got = error.response.get("Error", {})
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if is_built and status < 500:
            return None
        if (got.get("Code"), status) != ("NotImplemented", 501):
            # An answer to HEAD has no body; botocore then takes the status for the code.
            if model.http.get("method") == "HEAD" and status == 501:
                return None
            return f"{status} {got.get('Code')}: {got.get('Message')}"
        name = SUCCESSORS.get(operation, operation) if service == "s3" else operation
        if not any(f" {answering}:{name} " in got.get("Message", "") for answering in {service} | ANSWERED_BY.get(service, set())):
            return f"the message does not name the operation: {got.get('Message')}"
        if is_built:
            return "is said to be built, and answers NotImplemented"
        return None
    except Exception as error:  # Whatever the client throws is a finding, and must not hide the others.
        return f"{type(error).__name__}: {error}"
    return None if is_built else "answered as if it were built"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("service", SERVICES)
def test_every_operation(make, built, service):
    """Recognised, decoded, validated, and answered in the service's own protocol."""
    client = make(service)
    wrong = {}
    for operation in client.meta.service_model.operation_names:
        if (service, operation) in LEFT_OUT or not hasattr(client, xform_name(operation)):
            continue
        if found := outcome(client, service, operation, (service, operation) in built):
            wrong[operation] = found
    client.close()
    # The loader keeps every model that it has read, and this test reads them all.
    core.get_component("data_loader")._cache.clear()
    listing = "\n".join(f"  {operation}: {found[:300]}" for operation, found in wrong.items())
    assert not wrong, f"{len(wrong)} of {len(client.meta.service_model.operation_names)} operations of {service}:\n{listing}"


def test_all_services_are_there():
    """botocore's list is the measure: it has some 400 services."""
    assert len(SERVICES) > 400
