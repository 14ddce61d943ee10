"""Access points. API Reference, "Amazon S3 Control"; S3 User Guide, "Managing access to shared datasets with access points"."""

import json

import pytest

from harness.refusal import refused

ARN = "arn:aws:s3:us-east-1:000000000000:accesspoint/"


def policy(name, principal="arn:aws:iam::111111111111:root", effect="Allow", action="s3:GetObject"):
    statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": action, "Resource": f"{ARN}{name}/object/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_access_point_is_made_and_found(control, clock, bucket):
    made = control.create_access_point(Name="reader", Bucket=bucket)
    assert made["AccessPointArn"] == ARN + "reader"
    alias = made["Alias"]
    assert alias.startswith("reader-") and alias.endswith("-s3alias") and len(alias) <= 63
    got = control.get_access_point(Name="reader")
    assert (got["Name"], got["Bucket"], got["BucketAccountId"]) == ("reader", bucket, "000000000000")
    assert (got["NetworkOrigin"], got["Alias"], got["AccessPointArn"]) == ("Internet", alias, ARN + "reader")
    assert set(got["PublicAccessBlockConfiguration"].values()) == {True}
    assert got["Endpoints"]["ipv4"] == "s3-accesspoint.us-east-1.amazonaws.com"
    assert "CreationDate" in got and "VpcConfiguration" not in got
    control.delete_access_point(Name="reader")
    for call in (control.get_access_point, control.delete_access_point, control.get_access_point_policy):
        with refused("NoSuchAccessPoint", "The specified accesspoint does not exist", status=404):
            call(Name="reader")


@pytest.mark.parametrize("name", ["ab", "a" * 51, "Upper", "under_score", "dot.ted", "-abc", "abc-", "abc-s3alias"])
def test_names_that_are_refused(control, bucket, name):
    """User Guide, "Naming rules for access points"."""
    with refused("InvalidURI", status=400):
        control.create_access_point(Name=name, Bucket=bucket)


def test_names_are_unique_in_account_and_region(control, as_account, s3, bucket):
    control.create_access_point(Name="reader", Bucket=bucket)
    with refused("AccessPointAlreadyOwnedByYou", status=409):
        control.create_access_point(Name="reader", Bucket=bucket)
    s3.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    west = as_account("000000000000", "eu-west-1")
    west.create_access_point(Name="reader", Bucket="west")
    assert west.get_access_point(Name="reader")["Bucket"] == "west"
    assert control.get_access_point(Name="reader")["Bucket"] == bucket


def test_the_bucket_must_be_there(control, as_account, s3, bucket):
    with refused("NoSuchBucket", status=404):
        control.create_access_point(Name="reader", Bucket="nowhere")
    with refused("InvalidRequest", status=400):
        as_account("000000000000", "eu-west-1").create_access_point(Name="reader", Bucket=bucket)
    other = as_account("111111111111")
    with refused("AccessDenied", status=403):
        other.create_access_point(Name="reader", Bucket=bucket)
    other.create_access_point(Name="reader", Bucket=bucket, BucketAccountId="000000000000")
    assert other.get_access_point(Name="reader")["BucketAccountId"] == "000000000000"


def test_another_account_has_no_say(control, as_account, bucket):
    """User Guide, "Restrictions": operations on access points do not take calls across accounts."""
    control.create_access_point(Name="reader", Bucket=bucket)
    with refused("AccessDenied", status=403):
        as_account("111111111111").get_access_point(AccountId="000000000000", Name="reader")


def test_an_access_point_for_a_network(control, bucket):
    control.create_access_point(Name="inner", Bucket=bucket, VpcConfiguration={"VpcId": "vpc-1"})
    got = control.get_access_point(Name="inner")
    assert (got["NetworkOrigin"], got["VpcConfiguration"]) == ("VPC", {"VpcId": "vpc-1"})


def test_listing_pages(control, s3, bucket):
    s3.create_bucket(Bucket="second")
    for number in range(5):
        control.create_access_point(Name=f"point-{number}", Bucket="second" if number == 2 else bucket)
    names = lambda page: [point["Name"] for point in page["AccessPointList"]]
    first = control.list_access_points(MaxResults=3)
    assert names(first) == ["point-0", "point-1", "point-2"]
    second = control.list_access_points(MaxResults=3, NextToken=first["NextToken"])
    assert names(second) == ["point-3", "point-4"] and "NextToken" not in second
    first = control.list_access_points(Bucket=bucket, MaxResults=2)
    assert names(first) == ["point-0", "point-1"]
    assert names(control.list_access_points(Bucket=bucket, MaxResults=2, NextToken=first["NextToken"])) == ["point-3", "point-4"]
    assert names(control.list_access_points(Bucket="second")) == ["point-2"]
    with refused("InvalidArgument", status=400):
        control.list_access_points(NextToken="no token")


def test_policies(control, bucket):
    control.create_access_point(Name="reader", Bucket=bucket)
    for call in (control.get_access_point_policy, control.get_access_point_policy_status):
        with refused("NoSuchAccessPointPolicy", "The specified accesspoint policy does not exist", status=404):
            call(Name="reader")
    control.put_access_point_policy(Name="reader", Policy=policy("reader"))
    assert control.get_access_point_policy(Name="reader")["Policy"] == policy("reader")
    assert control.get_access_point_policy_status(Name="reader")["PolicyStatus"] == {"IsPublic": False}
    for text in ("", "{", policy("other")):
        with refused("MalformedPolicy", status=400):
            control.put_access_point_policy(Name="reader", Policy=text)
    # Nothing may be public unless the access point was made so.
    with refused("AccessDenied", status=403):
        control.put_access_point_policy(Name="reader", Policy=policy("reader", principal="*"))
    control.delete_access_point_policy(Name="reader")
    with refused("NoSuchAccessPointPolicy", status=404):
        control.get_access_point_policy(Name="reader")


def test_public_policies(control, bucket):
    control.create_access_point(Name="open", Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    control.put_access_point_policy(Name="open", Policy=policy("open", principal="*"))
    assert control.get_access_point_policy_status(Name="open")["PolicyStatus"] == {"IsPublic": True}
    control.put_public_access_block(PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    with refused("AccessDenied", status=403):
        control.put_access_point_policy(Name="open", Policy=policy("open", principal="*"))


def test_tags(control, bucket):
    control.create_access_point(Name="reader", Bucket=bucket, Tags=[{"Key": "team", "Value": "red"}])
    arn = ARN + "reader"
    control.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": ""}])
    tags = [{"Key": "stage", "Value": ""}, {"Key": "team", "Value": "blue"}]
    assert control.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    control.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert control.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags[:1]
    with refused("InvalidTag", status=400):
        control.tag_resource(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])
    with refused("NoSuchAccessPoint", status=404):
        control.list_tags_for_resource(ResourceArn=ARN + "nobody")
