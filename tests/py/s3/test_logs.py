"""Server access logs. User Guide, "Logging requests with server access logging" and "Amazon S3 server access log format"."""

import json
import re
import urllib.request
from datetime import datetime, timezone
from threading import Thread

import httpx
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from harness.admin import WORLD_HEADER
from harness.clients import ACCOUNT, REGION
from harness.hosts import keep_endpoint

FIELD = r'(\[[^\]]*\]|"[^"]*"|\S+)'
FIELDS = (
    "owner bucket time ip requester request operation key uri status code sent size took turned referer agent version host "
    "signature cipher auth header tls point acl region"
).split()


def parsed(text):
    """The lines of a log, each as a dictionary of its fields."""
    lines = text.splitlines()
    for line in lines:
        assert re.fullmatch(" ".join([FIELD] * len(FIELDS)), line), line
    return [dict(zip(FIELDS, re.findall(FIELD, line))) for line in lines]


def permit(s3, target, sources="*", account=ACCOUNT):
    """The policy that the guide has for it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{sources}"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
    s3.put_bucket_policy(Bucket=target, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.fixture
def target(s3):
    s3.create_bucket(Bucket="logs")
    permit(s3, "logs")
    return "logs"


@pytest.fixture
def enable(s3, bucket):
    def enable(target="logs", prefix="log/", **more):
        status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": prefix, **more}}
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)

    return enable


@pytest.fixture
def keys(s3):
    return lambda target="logs": [found["Key"] for found in s3.list_objects_v2(Bucket=target).get("Contents", [])]


@pytest.fixture
def logged(s3, clock, keys):
    """Waits until the logs are delivered, and reads them all."""

    def logged(target="logs"):
        clock.advance(600)
        texts = [s3.get_object(Bucket=target, Key=key)["Body"].read().decode() for key in keys(target)]
        return [line for text in texts for line in parsed(text)]

    return logged


def owner(s3, bucket):
    return s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]


class TestFormat:
    def test_fields(self, s3, bucket, target, enable, logged, clock, variant):
        enable()
        now = datetime.fromtimestamp(clock.now(), timezone.utc)
        answer = s3.put_object(Bucket=bucket, Key="a folder/\u00fc.txt", Body=b"12345")
        s3.get_object(Bucket=bucket, Key="a folder/\u00fc.txt", Range="bytes=1-2")["Body"].read()
        put, get = logged()
        assert put["owner"] == put["requester"] == owner(s3, bucket)
        assert (put["bucket"], put["ip"]) == (bucket, "127.0.0.1")
        assert put["time"] == now.strftime("[%d/%b/%Y:%H:%M:%S +0000]")
        assert put["request"] == answer["ResponseMetadata"]["RequestId"] and put["host"] == answer["ResponseMetadata"]["HostId"]
        assert (put["operation"], put["key"]) == ("REST.PUT.OBJECT", "a%20folder/%C3%BC.txt")
        assert re.fullmatch(r'"PUT /.*a%20folder/%C3%BC.txt HTTP/[12.]+"', put["uri"])
        assert (put["status"], put["code"], put["sent"], put["size"]) == ("200", "-", "-", "5")
        assert put["took"].isdigit() and put["turned"].isdigit() and put["referer"] == '"-"'
        assert put["agent"].startswith('"Boto3/') and put["version"] == "-"
        assert (put["signature"], put["auth"]) == ("SigV4", "AuthHeader")
        assert (put["point"], put["acl"]) == ("-", "-") and put["header"] != "-"
        secure = variant in ("tls", "h2")
        assert put["tls"] == ("TLSv1.3" if secure else "-") and put["cipher"].startswith("TLS_AES" if secure else "-")
        assert (get["operation"], get["status"], get["sent"], get["size"]) == ("REST.GET.OBJECT", "206", "2", "5")

    def test_what_fails_is_logged(self, s3, bucket, target, enable, logged, clients):
        enable()
        with pytest.raises(ClientError):
            s3.get_object(Bucket=bucket, Key="none")
        nobody = clients.client("s3", signature_version=UNSIGNED, s3={"addressing_style": "path"})
        with pytest.raises(ClientError):
            nobody.get_object(Bucket=bucket, Key="none")
        with pytest.raises(ClientError):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "No"})
        missing, denied, malformed = logged()
        assert (missing["operation"], missing["key"], missing["status"], missing["code"]) == ("REST.GET.OBJECT", "none", "404", "NoSuchKey")
        assert (denied["status"], denied["code"], denied["requester"]) == ("403", "AccessDenied", "-")
        assert (denied["signature"], denied["auth"]) == ("-", "-")
        assert (malformed["operation"], malformed["status"], malformed["code"]) == ("REST.PUT.VERSIONING", "400", "MalformedXML")

    def test_presigned_requests(self, bucket, target, enable, logged, world, put, clients):
        enable()
        put("k")
        here = clients.client("s3", s3={"addressing_style": "path"})
        url = here.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        request = urllib.request.Request(url, headers={WORLD_HEADER: world, "Referer": 'http://a"b', "User-Agent": 'x"y'})
        if "https" in url:
            pytest.skip("the authority is not known here")
        urllib.request.urlopen(request).read()
        line = logged()[-1]
        assert (line["auth"], line["referer"], line["agent"]) == ("QueryString", '"http://a%22b"', '"x%22y"')
        assert "X-Amz-Signature=" in line["uri"] or "Signature=" in line["uri"]

    def test_many_deletions(self, s3, bucket, target, enable, logged, put):
        """A line for the request, and one for each object."""
        put("a")
        enable()
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
        whole, first, second = logged()
        assert (whole["operation"], whole["key"], whole["status"]) == ("REST.POST.MULTI_OBJECT_DELETE", "-", "200")
        assert [(line["operation"], line["key"], line["status"]) for line in (first, second)] == [
            ("BATCH.DELETE.OBJECT", "a", "204"),
            ("BATCH.DELETE.OBJECT", "b", "204"),
        ]
        assert first["uri"] == "-" and first["request"] == whole["request"] and first["signature"] == "SigV4"

    def test_copies(self, s3, bucket, target, enable, logged, put, names):
        """ "Additional logging for copy operations": in the log of the source."""
        put("a", b"123")
        enable()
        other = next(names)
        s3.create_bucket(Bucket=other)
        s3.copy_object(Bucket=other, Key="b", CopySource=f"{bucket}/a")
        (line,) = logged()
        assert (line["bucket"], line["operation"], line["key"]) == (bucket, "REST.COPY.OBJECT_GET", "a")
        assert (line["uri"], line["status"], line["size"], line["agent"]) == ("-", "200", "3", "-")
        s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
        assert [line["operation"] for line in logged()[1:]] == ["REST.COPY.OBJECT_GET", "REST.COPY.OBJECT"]

    def test_a_list_that_permits(self, s3, bucket, target, enable, logged, as_account, put):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
        other = as_account("111111111111")
        other.create_bucket(Bucket="theirs")
        put("k", GrantRead=f'id="{owner(other, "theirs")}"')
        enable()
        other.get_object(Bucket=bucket, Key="k")["Body"].read()
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()
        theirs, ours = logged()
        assert (theirs["requester"], theirs["acl"], ours["acl"]) == (owner(other, "theirs"), "Yes", "-")

    def test_access_points(self, s3, bucket, target, enable, logged, clients):
        if clients.h2:
            pytest.skip("the HTTP/2 session takes the host from the URL, and S3 Control signs another")
        control = keep_endpoint(clients.client("s3control", keep=False), clients.endpoint)
        arn = control.create_access_point(AccountId=ACCOUNT, Name="mine", Bucket=bucket)["AccessPointArn"]
        enable()
        there = clients.client("s3", s3={"addressing_style": "path"}, keep=False)
        alias = control.get_access_point(AccountId=ACCOUNT, Name="mine")["Alias"]
        there.put_object(Bucket=alias, Key="k", Body=b"x")
        with pytest.raises(ClientError):
            there.get_object(Bucket=alias, Key="none")
        assert [(line["bucket"], line["point"], line["status"]) for line in logged()] == [(bucket, arn, "200"), (bucket, arn, "404")]

    def test_websites(self, s3, bucket, target, enable, logged, server, world, put):
        put("index.html", b"page", ContentType="text/html")
        s3.delete_public_access_block(Bucket=bucket)
        policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
        enable()
        host = f"{bucket}.s3-website.localhost.localstack.cloud"
        for path in ("/", "/none"):
            httpx.get(f"{server.url}{path}", headers={WORLD_HEADER: world, "host": host})
        page, missing = logged()
        assert (page["operation"], page["key"], page["status"], page["sent"]) == ("WEBSITE.GET.OBJECT", "index.html", "200", "4")
        assert (missing["key"], missing["status"], missing["code"]) == ("none", "403", "AccessDenied")


    def test_what_s3_does_by_itself(self, s3, bucket, target, enable, logged, put, clock):
        """ "Lifecycle and logging"."""
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        version = put("a", b"x" * (128 << 10))["VersionId"]
        s3.create_multipart_upload(Bucket=bucket, Key="u")
        rule = {
            "ID": "r",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "Expiration": {"Days": 60},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        enable()
        clock.advance(70 * 86400)
        lines = logged()
        assert [(line["operation"], line["key"]) for line in lines] == [
            ("S3.DELETE.UPLOAD", "u"),
            ("S3.TRANSITION_SIA.OBJECT", "a"),
            ("S3.CREATE.DELETEMARKER", "a"),
            ("S3.EXPIRE.OBJECT", "a"),
        ]
        moved = lines[1]
        assert (moved["size"], moved["version"], moved["uri"], moved["agent"], moved["status"]) == ("131072", version, '"-"', '"-"', "-")
        assert moved["ip"] == moved["requester"] == "-"


class TestDelivery:
    def test_simple_keys(self, bucket, target, enable, put, keys, clock):
        """One object for what was gathered in five minutes."""
        enable()
        put("a")
        clock.advance(200)
        put("b")
        clock.advance(99)
        assert keys() == []
        when = datetime.fromtimestamp(clock.now() + 1, timezone.utc)
        clock.advance(1.5)
        (key,) = keys()
        assert re.fullmatch(r"log/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}", key)
        assert key.startswith(when.strftime("log/%Y-%m-%d-%H-%M-%S"))
        clock.advance(86400)
        assert keys() == [key]

    def test_partitioned_keys(self, s3, bucket, target, enable, put, keys, clock):
        """PartitionedPrefix: by the day of the events, whose time is 00-00-00, or by the time of the delivery."""
        now = datetime.fromtimestamp(clock.now(), timezone.utc)
        clock.advance(86400 - (now.hour * 3600 + now.minute * 60 + now.second) - 100)
        enable(TargetObjectKeyFormat={"PartitionedPrefix": {"PartitionDateSource": "EventTime"}})
        put("a")
        before = datetime.fromtimestamp(clock.now(), timezone.utc)
        clock.advance(200)
        put("b")
        after = datetime.fromtimestamp(clock.now(), timezone.utc)
        assert before.date() != after.date()
        clock.advance(300)
        found = keys()
        start = f"log/{ACCOUNT}/{REGION}/{bucket}/"
        assert len(found) == 2
        for key, day in zip(found, (before, after)):
            assert key.startswith(start + day.strftime("%Y/%m/%d/%Y-%m-%d-00-00-00-")), key
        enable(TargetObjectKeyFormat={"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}})
        clock.advance(600)
        (new,) = set(keys()) - set(found)
        assert re.fullmatch(re.escape(start) + r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}", new)

    def test_it_takes_a_policy(self, s3, bucket, enable, put, keys, clock):
        """ "Permissions for log delivery": without one nothing is delivered, and nothing else fails."""
        s3.create_bucket(Bucket="logs")
        permit(s3, "logs", "another")
        enable()
        put("a")
        clock.advance(3600)
        assert keys() == []
        permit(s3, "logs", bucket, "111111111111")
        put("b")
        clock.advance(3600)
        assert keys() == []
        permit(s3, "logs", bucket)
        put("c")
        clock.advance(600)
        assert len(keys()) == 1

    def test_or_a_list(self, s3, bucket, enable, put, logged, as_account):
        """The log delivery group; others get what the grants of the configuration give them."""
        s3.create_bucket(Bucket="logs", ObjectOwnership="ObjectWriter")
        s3.put_bucket_acl(Bucket="logs", ACL="log-delivery-write")
        other = as_account("111111111111")
        other.create_bucket(Bucket="theirs")
        reader = {"Type": "CanonicalUser", "ID": owner(other, "theirs")}
        enable(TargetGrants=[{"Grantee": reader, "Permission": "READ"}])
        put("a")
        assert len(logged()) == 1
        (key,) = [found["Key"] for found in s3.list_objects_v2(Bucket="logs")["Contents"]]
        grants = s3.get_object_acl(Bucket="logs", Key=key)["Grants"]
        assert {(grant["Grantee"]["ID"], grant["Permission"]) for grant in grants} == {
            (owner(s3, bucket), "FULL_CONTROL"),
            (reader["ID"], "READ"),
        }
        assert other.get_object(Bucket="logs", Key=key)["Body"].read()

    def test_buckets_that_take_no_logs(self, s3, bucket, target, enable, put, keys, clock):
        s3.put_bucket_encryption(
            Bucket=target,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
        )
        enable()
        put("a")
        clock.advance(3600)
        assert keys() == []

    def test_a_bucket_that_logs_to_itself(self, s3, bucket, enable, put, keys, clock):
        """Deliveries leave no lines, so there is an end."""
        permit(s3, bucket)
        enable(bucket, "log/")
        put("a")
        clock.advance(86400)
        assert len(keys(bucket)) == 2

    def test_no_more_when_it_is_disabled(self, s3, bucket, target, enable, put, keys, clock):
        enable()
        put("a")
        clock.advance(600)
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
        put("b")
        clock.advance(3600)
        assert len(keys()) == 1
        s3.delete_object(Bucket=bucket, Key="a")
        s3.delete_object(Bucket=bucket, Key="b")
        enable()
        s3.delete_bucket(Bucket=bucket)
        clock.advance(3600)
        assert len(keys()) == 1

    def test_many_at_once(self, s3, bucket, target, enable, logged):
        """None is lost, and more than one timer takes at once are delivered, too."""
        enable()

        def work(number):
            for index in range(70):
                s3.put_object(Bucket=bucket, Key=f"{number}/{index}", Body=b"")

        threads = [Thread(target=work, args=(number,)) for number in range(16)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        lines = logged()
        assert sorted(line["key"] for line in lines) == sorted(f"{n}/{i}" for n in range(16) for i in range(70))
