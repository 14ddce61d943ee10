"""What holds for all buckets of an account. API Reference, PutPublicAccessBlock and PutStorageLensConfiguration of "Amazon S3 Control"."""

import json

import pytest

from harness.refusal import refused

BLOCK = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


def test_the_block_of_an_account(control, as_account):
    message = "The public access block configuration was not found"
    with refused("NoSuchPublicAccessBlockConfiguration", message, status=404):
        control.get_public_access_block()
    control.put_public_access_block(PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    block = {**BLOCK, "BlockPublicAcls": True}
    assert control.get_public_access_block()["PublicAccessBlockConfiguration"] == block
    # It holds in every region, and for this account alone.
    west = as_account("000000000000", "eu-west-1")
    assert west.get_public_access_block()["PublicAccessBlockConfiguration"] == block
    with refused("NoSuchPublicAccessBlockConfiguration", status=404):
        as_account("111111111111").get_public_access_block()
    with refused("AccessDenied", status=403):
        as_account("111111111111").get_public_access_block(AccountId="000000000000")
    control.delete_public_access_block()
    control.delete_public_access_block()
    with refused("NoSuchPublicAccessBlockConfiguration", status=404):
        control.get_public_access_block()


@pytest.fixture
def open_bucket(s3):
    """A bucket in which all may be public."""
    s3.create_bucket(Bucket="open", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="open")
    return "open"


def public_policy(bucket):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_account_refuses_what_is_public(control, s3, open_bucket):
    """User Guide, "Block public access settings": the most restrictive combination of account and bucket holds."""
    control.put_public_access_block(PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True})
    with refused("AccessDenied", status=403):
        s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    with refused("AccessDenied", status=403):
        s3.put_object(Bucket=open_bucket, Key="key", ACL="public-read")
    with refused("AccessDenied", status=403):
        s3.put_bucket_policy(Bucket=open_bucket, Policy=public_policy(open_bucket))
    control.delete_public_access_block()
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=public_policy(open_bucket))


def test_an_account_closes_what_was_public(control, clients, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="by-list", ACL="public-read")
    stranger = clients.client("s3", key="111111111111", s3={"addressing_style": "path"})
    stranger.get_object(Bucket=open_bucket, Key="by-list")
    control.put_public_access_block(PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    with refused("AccessDenied", status=403):
        stranger.get_object(Bucket=open_bucket, Key="by-list")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=public_policy(open_bucket))
    stranger.get_object(Bucket=open_bucket, Key="by-list")
    control.put_public_access_block(PublicAccessBlockConfiguration={"IgnorePublicAcls": True, "RestrictPublicBuckets": True})
    with refused("AccessDenied", status=403):
        stranger.get_object(Bucket=open_bucket, Key="by-list")
    s3.get_object(Bucket=open_bucket, Key="by-list")


def test_storage_lens(control):
    lens = {"Id": "board", "AccountLevel": {"BucketLevel": {}}, "IsEnabled": True, "Exclude": {"Regions": ["eu-west-1"]}}
    control.put_storage_lens_configuration(ConfigId="board", StorageLensConfiguration=lens, Tags=[{"Key": "a", "Value": "b"}])
    arn = "arn:aws:s3:us-east-1:000000000000:storage-lens/board"
    got = control.get_storage_lens_configuration(ConfigId="board")["StorageLensConfiguration"]
    assert got == {**lens, "StorageLensArn": arn}
    [entry] = control.list_storage_lens_configurations()["StorageLensConfigurationList"]
    assert entry == {"Id": "board", "StorageLensArn": arn, "HomeRegion": "us-east-1", "IsEnabled": True}
    assert control.get_storage_lens_configuration_tagging(ConfigId="board")["Tags"] == [{"Key": "a", "Value": "b"}]
    control.put_storage_lens_configuration(ConfigId="board", StorageLensConfiguration={**lens, "IsEnabled": False})
    assert control.get_storage_lens_configuration_tagging(ConfigId="board")["Tags"] == [{"Key": "a", "Value": "b"}]
    control.put_storage_lens_configuration_tagging(ConfigId="board", Tags=[{"Key": "c", "Value": ""}])
    assert control.get_storage_lens_configuration_tagging(ConfigId="board")["Tags"] == [{"Key": "c", "Value": ""}]
    control.delete_storage_lens_configuration_tagging(ConfigId="board")
    assert control.get_storage_lens_configuration_tagging(ConfigId="board").get("Tags", []) == []
    control.delete_storage_lens_configuration(ConfigId="board")
    with refused("NoSuchConfiguration", status=404):
        control.get_storage_lens_configuration(ConfigId="board")
