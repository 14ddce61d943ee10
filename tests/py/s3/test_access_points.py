"""Buckets reached through access points. S3 User Guide, "Using Amazon S3 access points for general purpose buckets"."""

import json

import pytest

from harness.hosts import keep_endpoint
from harness.refusal import refused

ACCOUNT = "000000000000"


@pytest.fixture
def control(clients, world):
    if clients.h2:
        pytest.skip("the HTTP/2 session takes the host from the URL, and S3 Control signs another")
    return keep_endpoint(clients.client("s3control", keep=False), clients.endpoint)


@pytest.fixture
def plain(clients, world):
    """S3 with the client's own ways to name access points: in a path, or in front of the endpoint's host."""
    return lambda key="test", **config: keep_endpoint(clients.client("s3", key=key, keep=False, **config), clients.endpoint)


@pytest.fixture
def point(control, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"one")
    return control.create_access_point(AccountId=ACCOUNT, Name="reader", Bucket=bucket)


@pytest.fixture(params=["arn", "alias"])
def named(request, clients, plain, point):
    """A client, and the access point as it names it."""
    if clients.h2 and request.param == "arn":
        pytest.skip("the HTTP/2 session takes the host from the URL")
    client = plain()
    return client, point["AccessPointArn" if request.param == "arn" else "Alias"]


def test_objects(named, s3, bucket):
    client, name = named
    assert client.get_object(Bucket=name, Key="a/b")["Body"].read() == b"one"
    client.put_object(Bucket=name, Key="new key", Body=b"two")
    assert s3.get_object(Bucket=bucket, Key="new key")["Body"].read() == b"two"
    assert client.head_object(Bucket=name, Key="new key")["ContentLength"] == 3
    listed = client.list_objects_v2(Bucket=name)["Contents"]
    assert [entry["Key"] for entry in listed] == ["a/b", "new key"]
    client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a/b"}, {"Key": "new key"}]})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_multipart_upload(named, s3, bucket):
    client, name = named
    upload = client.create_multipart_upload(Bucket=name, Key="large")["UploadId"]
    part = client.upload_part(Bucket=name, Key="large", UploadId=upload, PartNumber=1, Body=b"bytes")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(Bucket=name, Key="large", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == b"bytes"


def test_copies(named, s3, bucket):
    client, name = named
    client.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "a/b"})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"one"
    s3.copy_object(Bucket=bucket, Key="again", CopySource={"Bucket": name, "Key": "copy"})
    assert s3.get_object(Bucket=bucket, Key="again")["Body"].read() == b"one"


def test_access_points_are_for_objects(named):
    """User Guide, "Access point compatibility"."""
    client, name = named
    for call in (client.get_bucket_versioning, client.delete_bucket, client.get_bucket_tagging):
        with refused("MethodNotAllowed", status=405):
            call(Bucket=name)
    client.head_bucket(Bucket=name)


def test_what_is_no_access_point(plain, control, point, bucket):
    client = plain()
    with refused("NoSuchAccessPoint", status=404):
        client.get_object(Bucket=f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/reader-x", Key="k")
    with refused("NoSuchBucket", status=404):
        client.get_object(Bucket="reader-abcdefgh-s3alias", Key="k")
    control.delete_access_point(AccountId=ACCOUNT, Name="reader")
    with refused("NoSuchBucket", status=404):
        client.get_object(Bucket=point["Alias"], Key="a/b")


def test_the_host_of_aws(plain, s3, clients, point):
    """User Guide, "Accessing a bucket through S3 access points": `https://NAME-ACCOUNT.s3-accesspoint.REGION.amazonaws.com`."""
    if clients.h2:
        pytest.skip("the HTTP/2 session takes the host from the URL")
    client = plain(s3={"addressing_style": "path"})

    def at_aws(request, **_):
        request.url = request.url.replace("/anything/", "/")
        request.headers["Host"] = f"reader-{ACCOUNT}.s3-accesspoint.us-east-1.amazonaws.com"

    client.meta.events.register("before-sign.s3", at_aws)
    assert client.get_object(Bucket="anything", Key="a/b")["Body"].read() == b"one"


def test_a_bucket_that_is_called_like_an_access_point(plain, point):
    client = plain(s3={"addressing_style": "path"})
    assert client.get_object(Bucket=f"reader-{ACCOUNT}", Key="a/b")["Body"].read() == b"one"
    client.create_bucket(Bucket=f"reader-{ACCOUNT}")
    with refused("NoSuchKey", status=404):
        client.get_object(Bucket=f"reader-{ACCOUNT}", Key="a/b")


def statement(effect, account, action, *resources, **more):
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": list(resources), **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_the_policy_denies(named, control, point):
    client, name = named
    arn = point["AccessPointArn"]
    policy = document(statement("Deny", ACCOUNT, ["s3:GetObject", "s3:DeleteObject"], f"{arn}/object/a/*"))
    control.put_access_point_policy(AccountId=ACCOUNT, Name="reader", Policy=policy)
    with refused("AccessDenied", status=403):
        client.get_object(Bucket=name, Key="a/b")
    client.put_object(Bucket=name, Key="a/b")
    client.put_object(Bucket=name, Key="c")
    # Each key has its own decision.
    answer = client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a/b"}, {"Key": "c"}, {"Key": "a/none"}]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["c"]
    assert [(error["Key"], error["Code"], error["Message"]) for error in answer["Errors"]] == [
        ("a/b", "AccessDenied", "Access Denied"),
        ("a/none", "AccessDenied", "Access Denied"),
    ]
    control.delete_access_point_policy(AccountId=ACCOUNT, Name="reader")
    client.get_object(Bucket=name, Key="a/b")


def test_another_account_needs_both_policies(plain, control, s3, bucket, point):
    """User Guide, "Delegating access control to access points": a request needs the permission of the access point and of the bucket."""
    other = plain(key="111111111111")
    arn, alias = point["AccessPointArn"], point["Alias"]
    get = lambda name: other.get_object(Bucket=name, Key="a/b")["Body"].read()
    delegate = {"Condition": {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}}
    s3.put_bucket_policy(
        Bucket=bucket, Policy=document(statement("Allow", "111111111111", "*", f"arn:aws:s3:::{bucket}/*", **delegate))
    )
    with refused("AccessDenied", status=403):
        get(alias)
    control.put_access_point_policy(
        AccountId=ACCOUNT, Name="reader", Policy=document(statement("Allow", "111111111111", "s3:GetObject", f"{arn}/object/*"))
    )
    assert get(alias) == b"one"
    with refused("AccessDenied", status=403):
        get(bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("AccessDenied", status=403):
        get(alias)


def test_a_multi_region_access_point(plain, control, s3, clients, clock):
    """User Guide, "Multi-Region Access Point request routing": requests go to a bucket that is near and active."""
    s3.create_bucket(Bucket="east")
    s3.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    details = {"Name": "everywhere", "Regions": [{"Bucket": "west"}, {"Bucket": "east"}]}
    control.create_multi_region_access_point(AccountId=ACCOUNT, ClientToken="t", Details=details)
    clock.advance(60)
    alias = control.get_multi_region_access_point(AccountId=ACCOUNT, Name="everywhere")["AccessPoint"]["Alias"]
    client = plain(s3={"addressing_style": "path"})
    client.put_object(Bucket=alias, Key="key")
    s3.head_object(Bucket="east", Key="key")
    routes = [{"Region": "us-east-1", "TrafficDialPercentage": 0}]
    arn = f"arn:aws:s3::{ACCOUNT}:accesspoint/{alias}"
    control.submit_multi_region_access_point_routes(AccountId=ACCOUNT, Mrap=arn, RouteUpdates=routes)
    client.put_object(Bucket=alias, Key="other")
    s3.head_object(Bucket="west", Key="other")
    if not clients.h2:

        def at_aws(request, **_):
            request.url = request.url.replace(f"/{alias}/", "/")
            request.headers["Host"] = f"{alias}.accesspoint.s3-global.amazonaws.com"

        client.meta.events.register("before-sign.s3", at_aws)
        client.head_object(Bucket=alias, Key="other")
    with refused("NoSuchMultiRegionAccessPoint", status=404):
        plain(s3={"addressing_style": "path"}).get_object(Bucket="mnobody.mrap", Key="key")
