"""Real AWS clients aimed at the server under test."""

import boto3
import botocore.session
from botocore.config import Config

from . import query_model
from .admin import WORLD_HEADER
from .h2session import H2Session

ACCOUNT = "000000000000"
REGION = "us-east-1"
KEY = "test"
SECRET = "test"


class Clients:
    """Makes boto3 clients, and keeps them: a client costs far more than a call.

    `world` names the world that every call goes to; each test sets its own.
    """

    def __init__(self, endpoint, verify=None, h2=False, model_directory=None):
        self.endpoint = endpoint
        self.verify = verify
        self.h2 = h2
        self.world = None
        self._kept = {}
        self._sessions = {"json": boto3.Session(region_name=REGION)}
        if model_directory is not None:
            query_model.write(model_directory)
            core = botocore.session.get_session()
            core.set_config_variable("data_path", str(model_directory))
            self._sessions["query"] = boto3.Session(botocore_session=core, region_name=REGION)

    def client(self, service, protocol="json", key=KEY, secret=SECRET, token=None, region=REGION, keep=True, **config):
        """A client with no retries and no client-side validation: what the server must refuse has to reach it."""
        name = (service, protocol, key, secret, token, region, repr(sorted(config.items())))
        if keep and name in self._kept:
            return self._kept[name]
        settings = {
            "retries": {"total_max_attempts": 1},
            "parameter_validation": False,
            "inject_host_prefix": False,
            "max_pool_connections": 50,
            "connect_timeout": 5,
            "read_timeout": 40,
            **config,
        }
        client = self._sessions[protocol].client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            verify=self.verify,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(**settings),
        )
        client.meta.events.register("before-call.*.*", self._choose_world)
        if self.h2:
            client._endpoint.http_session = H2Session(self.verify)
        if keep:
            self._kept[name] = client
        return client

    def _choose_world(self, params, **_):
        if self.world is not None:
            params["headers"][WORLD_HEADER] = self.world
