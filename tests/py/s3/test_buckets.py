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


def test_a_bucket_is_tagged_from_the_start(as_account):
    """API Reference, CreateBucketConfiguration: tags, as PutBucketTagging takes them."""
    s3 = as_account("000000000000")
    tags = [{"Key": "team", "Value": "a b"}, {"Key": "cost", "Value": ""}]
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": tags})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    s3.create_bucket(Bucket="empty", CreateBucketConfiguration={"Tags": []})
    with refused("NoSuchTagSet", status=404):
        s3.get_bucket_tagging(Bucket="empty")
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    for code, wrong in [("InvalidTag", tags + tags[:1]), ("InvalidTag", [{"Key": "aws:a", "Value": "b"}]), ("BadRequest", many)]:
        with refused(code, status=400):
            s3.create_bucket(Bucket="wrong", CreateBucketConfiguration={"Tags": wrong})
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["empty", "tagged"]


def test_directory_buckets_are_not_built(as_account):
    s3 = as_account("000000000000")
    zone = {"Location": {"Type": "AvailabilityZone", "Name": "use1-az4"}}
    kind = {"Bucket": {"DataRedundancy": "SingleAvailabilityZone", "Type": "Directory"}}
    for asked in (zone, kind, {**zone, **kind}):
        with refused("NotImplemented", status=501):
            s3.create_bucket(Bucket="zonal", CreateBucketConfiguration=asked)
    assert not s3.list_buckets()["Buckets"]


def test_namespaces_of_accounts(as_account):
    """User Guide, "Namespaces for general purpose buckets": names in that of an account and a region end with both, and `-an`."""
    west = as_account("000000000000", "eu-west-1")
    name = "logs-000000000000-eu-west-1-an"
    there = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    missing = "The requested bucket is an account-regional namespace bucket, but your request is missing the required x-amz-bucket-namespace header."
    with refused("MissingNamespaceHeader", missing, status=400):
        west.create_bucket(Bucket=name, **there)
    for wrong in ("logs", "logs-an", "logs-111111111111-eu-west-1-an", "logs-000000000000-us-east-1-an"):
        with refused("InvalidNamespaceHeader", status=400):
            west.create_bucket(Bucket=wrong, BucketNamespace="account-regional", **there)
    with refused("InvalidNamespaceHeader", status=400):
        west.create_bucket(Bucket=name, BucketNamespace="global", **there)
    with refused("InvalidNamespaceHeader", status=400):
        as_account("111111111111", "eu-west-1").create_bucket(Bucket=name, BucketNamespace="account-regional", **there)
    west.create_bucket(Bucket=name, BucketNamespace="account-regional", **there)
    west.create_bucket(Bucket="logs", BucketNamespace="global", **there)
    assert [bucket["Name"] for bucket in west.list_buckets()["Buckets"]] == ["logs", name]


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
