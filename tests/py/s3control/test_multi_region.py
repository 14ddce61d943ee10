"""Multi-region access points. S3 User Guide, "Managing multi-Region traffic with Multi-Region Access Points"."""

import json

import pytest

from harness.refusal import refused


@pytest.fixture
def buckets(s3):
    s3.create_bucket(Bucket="east")
    s3.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return [{"Bucket": "east"}, {"Bucket": "west"}]


@pytest.fixture
def make(control, clock, buckets):
    """Makes one and waits for it."""

    def make(name="everywhere", regions=None):
        details = {"Name": name, "Regions": regions or buckets}
        token = control.create_multi_region_access_point(ClientToken=name, Details=details)["RequestTokenARN"]
        clock.advance(60)
        assert status(control, token)["RequestStatus"] == "SUCCEEDED"
        return control.get_multi_region_access_point(Name=name)["AccessPoint"]

    return make


def status(control, token):
    return control.describe_multi_region_access_point_operation(RequestTokenARN=token)["AsyncOperation"]


def test_one_is_made_in_the_background(control, clock, buckets):
    details = {"Name": "everywhere", "Regions": buckets}
    token = control.create_multi_region_access_point(ClientToken="t", Details=details)["RequestTokenARN"]
    assert token.startswith("arn:aws:s3:us-west-2:000000000000:async-request/mrap/create/")
    # The same token of the client's is the same request.
    assert control.create_multi_region_access_point(ClientToken="t", Details=details)["RequestTokenARN"] == token
    operation = status(control, token)
    assert operation["Operation"] == "CreateMultiRegionAccessPoint" and operation["RequestStatus"] != "SUCCEEDED"
    assert operation["RequestParameters"]["CreateMultiRegionAccessPointRequest"] == details
    assert control.get_multi_region_access_point(Name="everywhere")["AccessPoint"]["Status"] == "CREATING"
    clock.advance(60)
    assert status(control, token)["RequestStatus"] == "SUCCEEDED"
    point = control.get_multi_region_access_point(Name="everywhere")["AccessPoint"]
    assert point["Status"] == "READY" and point["Alias"].endswith(".mrap")
    assert [(region["Bucket"], region["Region"]) for region in point["Regions"]] == [("east", "us-east-1"), ("west", "eu-west-1")]
    [listed] = control.list_multi_region_access_points()["AccessPoints"]
    assert listed["Name"] == "everywhere"


def test_one_is_deleted_in_the_background(control, clock, make):
    make()
    token = control.delete_multi_region_access_point(ClientToken="d", Details={"Name": "everywhere"})["RequestTokenARN"]
    assert control.get_multi_region_access_point(Name="everywhere")["AccessPoint"]["Status"] == "DELETING"
    clock.advance(60)
    assert status(control, token)["RequestStatus"] == "SUCCEEDED"
    with refused("NoSuchMultiRegionAccessPoint", status=404):
        control.get_multi_region_access_point(Name="everywhere")
    with refused("NoSuchAsyncRequest", status=404):
        status(control, token + "x")


def test_what_is_refused(control, make, buckets):
    make()
    create = lambda name, regions: control.create_multi_region_access_point(ClientToken=name + "2", Details={"Name": name, "Regions": regions})
    with refused("InvalidRequest", status=400):
        create("everywhere", buckets)
    with refused("InvalidRequest", status=400):
        create("twice", [buckets[0], buckets[0]])
    with refused("NoSuchBucket", status=404):
        create("nowhere", [{"Bucket": "nowhere"}])


def test_a_policy_is_proposed_and_established(control, clock, make):
    arn = "arn:aws:s3::000000000000:accesspoint/" + make()["Alias"]
    principal = {"AWS": "arn:aws:iam::111111111111:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{arn}/object/*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    details = {"Name": "everywhere", "Policy": text}
    control.put_multi_region_access_point_policy(ClientToken="p", Details=details)
    document = control.get_multi_region_access_point_policy(Name="everywhere")["Policy"]
    assert document["Proposed"] == {"Policy": text} and "Established" not in document
    clock.advance(60)
    document = control.get_multi_region_access_point_policy(Name="everywhere")["Policy"]
    assert document["Established"] == {"Policy": text}
    assert control.get_multi_region_access_point_policy_status(Name="everywhere")["Established"] == {"IsPublic": False}


def test_routes(control, make):
    arn = "arn:aws:s3::000000000000:accesspoint/" + make()["Alias"]
    dials = lambda: {r["Region"]: r["TrafficDialPercentage"] for r in control.get_multi_region_access_point_routes(Mrap=arn)["Routes"]}
    assert dials() == {"us-east-1": 100, "eu-west-1": 100}
    submit = lambda *updates: control.submit_multi_region_access_point_routes(
        Mrap=arn, RouteUpdates=[{"Region": region, "TrafficDialPercentage": dial} for region, dial in updates]
    )
    submit(("us-east-1", 0))
    assert dials() == {"us-east-1": 0, "eu-west-1": 100}
    with refused("InvalidRequest", status=400):
        submit(("eu-west-1", 0))
    with refused("InvalidRequest", status=400):
        submit(("eu-west-1", 50))
    submit(("eu-west-1", 0), ("us-east-1", 100))
    assert dials() == {"us-east-1": 100, "eu-west-1": 0}
