"""Events that queues are told of. User Guide, "Amazon S3 Event Notifications"."""

import json

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.admin import WORLD_HEADER
from harness.clients import ACCOUNT


@pytest.fixture
def sqs(clients, world):
    return clients.client("sqs")


@pytest.fixture
def queue(sqs):
    """Makes a queue, which keeps messages for as long as it can; its URL and its ARN."""

    def queue(name="events", **attributes):
        url = sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": "1209600", **attributes})["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    return queue


@pytest.fixture
def take(sqs):
    """Takes so many messages of a queue, and makes sure that there are no more."""

    def take(url, count):
        found = []
        while len(found) < count:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
            assert answer.get("Messages"), f"{len(found)} of {count} messages came"
            for message in answer["Messages"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        return found

    return take


@pytest.fixture
def events(take):
    """Takes so many events, in the order in which they happened."""

    def events(url, count):
        records = [record for message in take(url, count) for record in message["Records"]]
        return sorted(records, key=lambda record: record["s3"]["object"].get("sequencer", ""))

    return events


@pytest.fixture
def told(s3, bucket, queue, take):
    """Has a queue told of events of the bucket; its URL."""

    def told(*wanted, name="events", rules=(), **more):
        url, arn = queue(name)
        configuration = {"QueueArn": arn, "Events": list(wanted), **more}
        if rules:
            configuration["Filter"] = {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules]}}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]})
        (test,) = take(url, 1)
        assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", bucket)
        return url

    return told


def names(records):
    return [record["eventName"] for record in records]


def test_the_message(told, events, put, bucket, clients):
    """ "Event message structure"."""
    url = told("s3:ObjectCreated:*", Id="mine")
    tag = put("a folder/\u00fc=1.txt", b"12345")["ETag"].strip('"')
    (record,) = events(url, 1)
    assert (record["eventSource"], record["eventVersion"], record["eventName"]) == ("aws:s3", "2.5", "ObjectCreated:Put")
    assert record["awsRegion"] == "us-east-1" and record["eventTime"].endswith("Z")
    assert record["userIdentity"]["principalId"] and record["requestParameters"]["sourceIPAddress"]
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    about = record["s3"]
    assert (about["s3SchemaVersion"], about["configurationId"]) == ("1.0", "mine")
    assert about["bucket"]["name"] == bucket and about["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert about["bucket"]["ownerIdentity"]["principalId"]
    thing = about["object"]
    assert int(thing.pop("sequencer"), 16) > 0
    assert thing == {"key": "a+folder/%C3%BC%3D1.txt", "size": 5, "eTag": tag}


def test_how_objects_come(told, events, put, s3, bucket):
    url = told("s3:ObjectCreated:*")
    put("a", b"1")
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(
        Bucket=bucket, Key="c", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )
    s3.delete_object(Bucket=bucket, Key="a")
    records = events(url, 3)
    assert names(records) == ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"]
    assert [record["s3"]["object"]["key"] for record in records] == ["a", "b", "c"]


def test_how_objects_go(told, events, put, s3, bucket):
    url = told("s3:ObjectRemoved:*")
    put("a")
    put("b")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_object(Bucket=bucket, Key="none")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}]})
    records = events(url, 2)
    assert names(records) == ["ObjectRemoved:Delete"] * 2
    assert set(records[0]["s3"]["object"]) == {"key", "sequencer"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = put("c")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="c")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="c", VersionId=version)
    records = events(url, 2)
    assert names(records) == ["ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"]
    assert [record["s3"]["object"]["versionId"] for record in records] == [marker, version]


def test_tags_and_access(told, events, put, s3, bucket):
    url = told("s3:ObjectTagging:*", "s3:ObjectAcl:Put")
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    put("a")
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    s3.put_object_acl(Bucket=bucket, Key="a", ACL="private")
    records = events(url, 3)
    assert sorted(names(records)) == ["ObjectAcl:Put", "ObjectTagging:Delete", "ObjectTagging:Put"]
    assert {record["eventVersion"] for record in records} == {"2.5"}
    assert set(records[0]["s3"]["object"]) == {"key", "eTag"}


def test_the_source_is_the_client(told, events, put):
    url = told("s3:ObjectCreated:*")
    put("a")
    (record,) = events(url, 1)
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"


def test_forms(told, events, bucket, s3, clients, world):
    """s3:ObjectCreated:Post: what a browser uploads by a form."""
    if clients.endpoint.startswith("https"):
        pytest.skip("the authority is not known here")
    url = told("s3:ObjectCreated:Post")
    s3.put_object(Bucket=bucket, Key="put", Body=b"x")
    form = clients.client("s3", s3={"addressing_style": "path"}).generate_presigned_post(bucket, "posted")
    fields = [(name, (None, value)) for name, value in form["fields"].items()]
    answer = httpx.post(form["url"], files=[*fields, ("file", ("f", b"bytes"))], headers={WORLD_HEADER: world})
    assert answer.status_code == 204, answer.text
    (record,) = events(url, 1)
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Post", "posted")


def by_s3(record):
    """S3 did it by itself."""
    return record["userIdentity"] == {"principalId": "s3.amazonaws.com"} and record["requestParameters"] == {"sourceIPAddress": "s3.amazonaws.com"}


class TestLifecycle:
    """User Guide, "Configuring S3 Lifecycle event notifications"."""

    @pytest.fixture
    def rule(self, s3, bucket, clock):
        def rule(**rule):
            rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})

        return rule

    def test_expiration(self, told, events, put, rule, clock):
        url = told("s3:LifecycleExpiration:*")
        rule(Expiration={"Days": 1})
        put("a")
        clock.advance(3 * 86400)
        (record,) = events(url, 1)
        assert (record["eventName"], record["eventVersion"]) == ("LifecycleExpiration:Delete", "2.5")
        assert by_s3(record)
        assert record["s3"]["object"].pop("sequencer") and record["s3"]["object"] == {"key": "a"}

    def test_versions(self, told, events, put, rule, clock, s3, bucket):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        url = told("s3:LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleExpiration:Delete", "s3:ObjectRemoved:*")
        rule(Expiration={"Days": 1}, NoncurrentVersionExpiration={"NoncurrentDays": 1})
        version = put("a")["VersionId"]
        clock.advance(2 * 86400)
        (made,) = events(url, 1)
        (marker,) = s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]
        assert made["eventName"] == "LifecycleExpiration:DeleteMarkerCreated"
        assert made["s3"]["object"]["versionId"] == marker["VersionId"]
        assert made["s3"]["object"]["eTag"] == "d41d8cd98f00b204e9800998ecf8427e"
        clock.advance(10 * 86400)
        gone = events(url, 2)
        assert names(gone) == ["LifecycleExpiration:Delete"] * 2
        assert [record["s3"]["object"]["versionId"] for record in gone] == [version, marker["VersionId"]]

    def test_transition(self, told, events, put, rule, clock):
        url = told("s3:LifecycleTransition")
        rule(Transitions=[{"Days": 1, "StorageClass": "GLACIER"}])
        large = b"x" * (128 << 10)
        tag = put("a", large)["ETag"].strip('"')
        clock.advance(3 * 86400)
        (record,) = events(url, 1)
        assert (record["eventName"], record["eventVersion"]) == ("LifecycleTransition", "2.5") and by_s3(record)
        assert record["lifecycleEventData"] == {"transitionEventData": {"destinationStorageClass": "GLACIER"}}
        assert record["s3"]["object"] == {"key": "a", "size": len(large), "eTag": tag}


class TestRestore:
    @pytest.fixture
    def restore(self, s3, bucket):
        def restore(days, tier="Standard"):
            s3.restore_object(Bucket=bucket, Key="a", RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": tier}})

        return restore

    def test_its_events(self, told, events, put, restore, clock):
        """s3:ObjectRestore:Post, :Completed, which tells until when and from where, and :Delete."""
        url = told("s3:ObjectRestore:*")
        tag = put("a", b"bytes", StorageClass="GLACIER")["ETag"].strip('"')
        restore(1)
        (post,) = events(url, 1)
        assert (post["eventName"], post["eventVersion"]) == ("ObjectRestore:Post", "2.5")
        assert "glacierEventData" not in post and not by_s3(post)
        assert post["s3"]["object"] == {"key": "a", "size": 5, "eTag": tag}
        clock.advance(6 * 3600)
        (done,) = events(url, 1)
        data = done["glacierEventData"]["restoreEventData"]
        assert (done["eventName"], data["lifecycleRestoreStorageClass"]) == ("ObjectRestore:Completed", "GLACIER")
        assert data["lifecycleRestorationExpiryTime"].endswith("T00:00:00.000Z") and by_s3(done)
        clock.advance(3 * 86400)
        (gone,) = events(url, 1)
        assert (gone["eventName"], gone["eventVersion"]) == ("ObjectRestore:Delete", "2.5") and by_s3(gone)

    def test_a_copy_that_is_kept_longer(self, told, events, put, restore, clock):
        """What another request changes, and what is written over, is told of as it is then."""
        url = told("s3:ObjectRestore:*")
        put("a", b"bytes", StorageClass="GLACIER")
        restore(1)
        restore(1, "Expedited")
        clock.advance(3600)
        restore(10)
        clock.advance(5 * 86400)
        assert sorted(names(events(url, 2))) == ["ObjectRestore:Completed", "ObjectRestore:Post"]
        put("a", b"other")
        clock.advance(30 * 86400)
        assert events(url, 0) == []


def test_replication_that_fails(told, events, put, s3, bucket, clock):
    """ "Receiving replication failure events": where the rule has metrics."""
    s3.create_bucket(Bucket="replicas")
    for name in (bucket, "replicas"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    url = told("s3:Replication:*")

    def replicate(**destination):
        rule = {
            "ID": "rule",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::replicas", **destination},
        }
        role = "arn:aws:iam::000000000000:role/replication"
        s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": role, "Rules": [rule]})

    replicate()
    put("unseen")
    s3.put_bucket_versioning(Bucket="replicas", VersioningConfiguration={"Status": "Suspended"})
    clock.advance(60)
    s3.put_bucket_versioning(Bucket="replicas", VersioningConfiguration={"Status": "Enabled"})
    replicate(Metrics={"Status": "Enabled"})
    version = put("a")["VersionId"]
    s3.put_bucket_versioning(Bucket="replicas", VersioningConfiguration={"Status": "Suspended"})
    clock.advance(60)
    (record,) = events(url, 1)
    assert (record["eventName"], record["eventVersion"]) == ("Replication:OperationFailedReplication", "2.5") and by_s3(record)
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["versionId"]) == ("a", version)
    data = record["replicationEventData"]
    assert data.pop("requestTime").endswith("Z")
    assert data == {
        "replicationRuleId": "rule",
        "destinationBucket": "arn:aws:s3:::replicas",
        "s3Operation": "OBJECT_PUT",
        "failureReason": "DstBucketUnversioned",
    }


def test_filters(told, events, put):
    """ "Configuring event notifications using object key name filtering": special characters of a filter are encoded."""
    url = told("s3:ObjectCreated:Put", rules=[("prefix", "my+photos/"), ("suffix", ".jpg")])
    for key in ("my photos/a.jpg", "my photos/a.png", "photos/a.jpg", "my photos/b/c.jpg"):
        put(key)
    records = events(url, 2)
    assert [record["s3"]["object"]["key"] for record in records] == ["my+photos/a.jpg", "my+photos/b/c.jpg"]


def test_what_fails_is_no_event(told, events, put, s3, bucket):
    url = told("s3:ObjectCreated:*")
    put("a")
    with pytest.raises(ClientError):
        put("a", IfNoneMatch="*")
    assert len(events(url, 1)) == 1


def test_destinations_are_validated(s3, bucket, queue):
    """PutBucketNotificationConfiguration, "Errors"."""

    def configure(arn, **more):
        rules = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=rules, **more)

    missing = f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations") as refused:
        configure(missing)
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    with pytest.raises(ClientError, match="Unable to validate"):
        configure(queue("first.fifo", FifoQueue="true")[1])
    configure(missing, SkipDestinationValidation=True)
    # What cannot be delivered fails no request.
    s3.put_object(Bucket=bucket, Key="a")


def test_services_that_are_not_built_fail_no_request(s3, bucket, put):
    arn = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
    rules = {"TopicConfigurations": [{"TopicArn": arn, "Events": ["s3:ObjectCreated:*"]}], "EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=rules)
    put("a")
