"""Replicas. User Guide, "Replicating objects within and across Regions"."""

import pytest
from botocore.exceptions import ClientError

OTHER = "222222222222"
ROLE = "arn:aws:iam::000000000000:role/replication"


@pytest.fixture
def s3(clients, world, clock):
    return clients.client("s3")


def versioned(client, name, **arguments):
    client.create_bucket(Bucket=name, **arguments)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def rule(target="target", priority=1, filter=None, markers="Disabled", destination=None, **more):
    return {
        "Status": "Enabled",
        "Priority": priority,
        "Filter": filter or {},
        "DeleteMarkerReplication": {"Status": markers},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}", **(destination or {})},
        **more,
    }


@pytest.fixture
def replicate(s3):
    """Has the bucket `source` replicated by these rules; to the bucket `target`, unless they say otherwise."""
    versioned(s3, "source")
    versioned(s3, "target", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def replicate(*rules):
        s3.put_bucket_replication(Bucket="source", ReplicationConfiguration={"Role": ROLE, "Rules": list(rules)})

    return replicate


def status(client, bucket, key):
    return client.head_object(Bucket=bucket, Key=key).get("ReplicationStatus")


def keys(client, bucket):
    return [found["Key"] for found in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_replica_is_what_the_object_is(replicate, s3, clock):
    """ "Getting replication status information", "What does Amazon S3 replicate?"."""
    replicate(rule())
    body = bytes(range(256)) * 2000
    version = s3.put_object(Bucket="source", Key="a", Body=body, ContentType="text/x", Metadata={"m": "n"}, Tagging="t=u")["VersionId"]
    assert status(s3, "source", "a") == "PENDING"
    assert keys(s3, "target") == []
    clock.advance(60)
    assert status(s3, "source", "a") == "COMPLETED"
    replica, source = s3.get_object(Bucket="target", Key="a"), s3.head_object(Bucket="source", Key="a")
    assert replica["Body"].read() == body
    assert (replica["ReplicationStatus"], replica["VersionId"]) == ("REPLICA", version)
    for same in ("ETag", "ContentType", "Metadata", "LastModified", "TagCount"):
        assert replica[same] == source[same], same
    # Of the bytes that they share, each has its own.
    s3.delete_object(Bucket="source", Key="a", VersionId=version)
    assert s3.get_object(Bucket="target", Key="a")["Body"].read() == body


def test_filters(replicate, s3, clock):
    replicate(
        rule(filter={"Prefix": "logs/"}, destination={"StorageClass": "STANDARD_IA"}),
        rule(filter={"And": {"Prefix": "b/", "Tags": [{"Key": "k", "Value": "v"}]}}, priority=2),
    )
    for key, tags in (("logs/1", ""), ("other", ""), ("b/1", "k=v&x=y"), ("b/2", "k=w")):
        s3.put_object(Bucket="source", Key=key, Tagging=tags)
    assert status(s3, "source", "other") is None and status(s3, "source", "b/2") is None
    clock.advance(60)
    assert keys(s3, "target") == ["b/1", "logs/1"]
    assert s3.head_object(Bucket="target", Key="logs/1")["StorageClass"] == "STANDARD_IA"


def test_delete_markers(replicate, s3, clock):
    """ "How delete operations affect replication": markers where the rule says so, versions never."""
    replicate(rule(markers="Enabled"))
    version = s3.put_object(Bucket="source", Key="a")["VersionId"]
    clock.advance(60)
    marker = s3.delete_object(Bucket="source", Key="a")["VersionId"]
    clock.advance(60)
    listed = s3.list_object_versions(Bucket="target")
    assert [found["VersionId"] for found in listed["DeleteMarkers"]] == [marker]
    assert [found["VersionId"] for found in listed["Versions"]] == [version]
    s3.delete_object(Bucket="source", Key="a", VersionId=version)
    clock.advance(60)
    assert len(s3.list_object_versions(Bucket="target")["Versions"]) == 1
    replicate(rule())
    s3.put_object(Bucket="source", Key="b")
    s3.delete_object(Bucket="source", Key="b")
    clock.advance(60)
    assert keys(s3, "target") == ["b"]


def test_several_destinations_and_priorities(replicate, s3, clock):
    versioned(s3, "third")
    replicate(
        rule(priority=1, destination={"StorageClass": "GLACIER"}),
        rule(priority=2, filter={"Prefix": "a"}, destination={"StorageClass": "STANDARD_IA"}),
        rule("third", priority=3),
    )
    s3.put_object(Bucket="source", Key="a")
    s3.put_object(Bucket="source", Key="b")
    clock.advance(60)
    assert [s3.head_object(Bucket="target", Key=key)["StorageClass"] for key in "ab"] == ["STANDARD_IA", "GLACIER"]
    assert keys(s3, "third") == ["a", "b"]


def test_tags_follow(replicate, s3, clock):
    replicate(rule())
    s3.put_object(Bucket="source", Key="a")
    clock.advance(60)
    tags = [{"Key": "k", "Value": "v"}]
    s3.put_object_tagging(Bucket="source", Key="a", Tagging={"TagSet": tags})
    assert status(s3, "source", "a") == "PENDING"
    clock.advance(60)
    assert status(s3, "source", "a") == "COMPLETED"
    assert s3.get_object_tagging(Bucket="target", Key="a")["TagSet"] == tags
    assert len(s3.list_object_versions(Bucket="target")["Versions"]) == 1


def test_a_replica_is_not_replicated_on(replicate, s3, clock):
    versioned(s3, "third")
    replicate(rule())
    s3.put_bucket_replication(Bucket="target", ReplicationConfiguration={"Role": ROLE, "Rules": [rule("third")]})
    s3.put_object(Bucket="source", Key="a")
    clock.advance(60)
    assert (keys(s3, "target"), keys(s3, "third")) == (["a"], [])


def test_another_account(replicate, s3, clients, clock):
    """ "Changing the replica owner"."""
    other = clients.client("s3", key=OTHER)
    versioned(other, "theirs")
    translated = {"Account": OTHER, "AccessControlTranslation": {"Owner": "Destination"}}
    replicate(rule("theirs", destination=translated))
    s3.put_object(Bucket="source", Key="a", Body=b"body")
    clock.advance(60)
    assert other.get_object(Bucket="theirs", Key="a")["Body"].read() == b"body"


def test_a_destination_that_does_not_take_it(replicate, s3, clock):
    replicate(rule())
    s3.put_bucket_versioning(Bucket="target", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="source", Key="a")
    clock.advance(60)
    assert status(s3, "source", "a") == "FAILED"
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="target", Key="a")


def test_parts(replicate, s3, clock):
    replicate(rule())
    upload = s3.create_multipart_upload(Bucket="source", Key="a")["UploadId"]
    bodies = [b"1" * 5 * 1024 * 1024, b"2"]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(Bucket="source", Key="a", UploadId=upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate(bodies, 1)
    ]
    s3.complete_multipart_upload(Bucket="source", Key="a", UploadId=upload, MultipartUpload={"Parts": parts})
    clock.advance(60)
    s3.delete_object(Bucket="source", Key="a", VersionId=s3.head_object(Bucket="source", Key="a")["VersionId"])
    assert s3.get_object(Bucket="target", Key="a")["Body"].read() == b"".join(bodies)
