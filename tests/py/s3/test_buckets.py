"""Buckets: create, find, list, delete. API Reference: CreateBucket, HeadBucket, ListBuckets, GetBucketLocation, DeleteBucket."""

import pytest

from harness.refusal import refused


def test_a_bucket_is_made_and_found(s3):
    """API Reference, CreateBucket: the answer's Location is a slash and the name."""
    assert s3.create_bucket(Bucket="orders")["Location"] == "/orders"
    assert s3.head_bucket(Bucket="orders")["BucketRegion"] == "us-east-1"
    [bucket] = s3.list_buckets()["Buckets"]
    assert set(bucket) == {"Name", "CreationDate"} and bucket["Name"] == "orders"
    # User Guide: the region is there when the request has a parameter, the ARN for directory buckets only.
    assert s3.list_buckets(MaxBuckets=1)["Buckets"][0]["BucketRegion"] == "us-east-1"
    assert "BucketArn" not in s3.head_bucket(Bucket="orders")


@pytest.mark.parametrize("name", ["abc", "a" * 63, "with.dots", "1-2"])
def test_names_that_are_allowed(as_account, name):
    """User Guide, "General purpose bucket naming rules"."""
    as_account("000000000000").create_bucket(Bucket=name)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-abc", "abc-", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias"])
def test_names_that_are_refused(as_account, name):
    """User Guide, "General purpose bucket naming rules"; API Reference, error InvalidBucketName."""
    with refused("InvalidBucketName", "The specified bucket is not valid.", status=400):
        as_account("000000000000").create_bucket(Bucket=name)


def test_a_name_belongs_to_one_account(as_account, s3, bucket):
    """API Reference, CreateBucket, BucketAlreadyExists: the namespace is shared by all users."""
    with refused("BucketAlreadyExists", starts="The requested bucket name is not available.", status=409):
        as_account("111111111111").create_bucket(Bucket=bucket)


def test_making_a_bucket_again(as_account, s3, bucket):
    """API Reference, CreateBucket, BucketAlreadyOwnedByYou: everywhere but in us-east-1, where it succeeds."""
    s3.create_bucket(Bucket=bucket)
    west = as_account("000000000000", "eu-west-1")
    where = {"LocationConstraint": "eu-west-1"}
    west.create_bucket(Bucket="west", CreateBucketConfiguration=where)
    with refused("BucketAlreadyOwnedByYou", status=409):
        west.create_bucket(Bucket="west", CreateBucketConfiguration=where)


def test_locations(as_account, s3):
    """API Reference, CreateBucket, LocationConstraint, and GetBucketLocation: buckets in us-east-1 have none."""
    s3.create_bucket(Bucket="home")
    assert s3.get_bucket_location(Bucket="home")["LocationConstraint"] is None
    s3.create_bucket(Bucket="away", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="away")["LocationConstraint"] == "eu-central-1"
    for constraint in ("us-east-1", "no-where-1"):
        with refused("InvalidLocationConstraint", status=400):
            s3.create_bucket(Bucket="nowhere", CreateBucketConfiguration={"LocationConstraint": constraint})
    with refused("IllegalLocationConstraintException", starts="The eu-west-2 location constraint", status=400):
        as_account("000000000000", "eu-west-1").create_bucket(
            Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )


def test_listing_pages(s3):
    """API Reference, ListBuckets: MaxBuckets, ContinuationToken, Prefix."""
    for name in ["logs-1", "logs-2", "logs-3", "other"]:
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(MaxBuckets=2, Prefix="logs-")
    assert [bucket["Name"] for bucket in first["Buckets"]] == ["logs-1", "logs-2"]
    second = s3.list_buckets(MaxBuckets=2, Prefix="logs-", ContinuationToken=first["ContinuationToken"])
    assert [bucket["Name"] for bucket in second["Buckets"]] == ["logs-3"]
    assert "ContinuationToken" not in second


def test_only_an_empty_bucket_goes(s3, bucket, put):
    """API Reference, DeleteBucket: all objects must be deleted first."""
    put("key")
    with refused("BucketNotEmpty", "The bucket you tried to delete is not empty", status=409):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)
    with refused("NoSuchBucket", "The specified bucket does not exist", status=404):
        s3.list_objects_v2(Bucket=bucket)


def test_a_new_bucket_of_an_old_name_is_empty(s3, bucket, put):
    put("key")
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_expected_owner(s3, bucket, put):
    """User Guide, "Verifying bucket ownership with bucket owner condition": 403 when it is another."""
    put("key", ExpectedBucketOwner="000000000000")
    with refused("AccessDenied", "Access Denied", status=403):
        put("key", ExpectedBucketOwner="111111111111")
