"""What S3 keeps across SIGKILL. Run with `--variant restart`."""

import json

from harness.admin import Admin, Clock
from harness.clients import Clients
from harness.server import Server


def test_what_was_answered_is_logged(tmp_path):
    """Server access logs: of requests that succeeded and of those that failed."""
    options = ["--data", str(tmp_path / "data"), "--fsync", "always"]
    server = Server(*options).start()
    try:
        s3 = Clients(server.url, model_directory=tmp_path / "models").client("s3", s3={"addressing_style": "path"})
        Clock(Admin(server.url)).freeze()
        s3.create_bucket(Bucket="source")
        s3.create_bucket(Bucket="logs")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::logs/*",
        }
        s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        logging = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}}
        s3.put_bucket_logging(Bucket="source", BucketLoggingStatus=logging)
        s3.put_object(Bucket="source", Key="a", Body=b"x")
        try:
            s3.get_object(Bucket="source", Key="none")
        except s3.exceptions.NoSuchKey:
            pass
        server.kill()
        server = Server(*options, port=server.port).start()
        s3 = Clients(server.url, model_directory=tmp_path / "models").client("s3", s3={"addressing_style": "path"})
        Clock(Admin(server.url)).advance(600)
        (found,) = s3.list_objects_v2(Bucket="logs")["Contents"]
        lines = s3.get_object(Bucket="logs", Key=found["Key"])["Body"].read().decode().splitlines()
        assert [" REST.PUT.OBJECT a " in lines[0], " REST.GET.OBJECT none " in lines[1], len(lines)] == [True, True, 2]
    finally:
        server.kill()
