"""Events that queues are told of. User Guide, "Amazon S3 Event Notifications"."""

import json

import pytest
from botocore.exceptions import ClientError

from harness.clients import ACCOUNT


@pytest.fixture
def sqs(clients, world):
    return clients.client("sqs")


@pytest.fixture
def queue(sqs):
    """Makes a queue; its URL and its ARN."""

    def queue(name="events", **attributes):
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
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
    assert (record["eventSource"], record["eventVersion"], record["eventName"]) == ("aws:s3", "2.1", "ObjectCreated:Put")
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
    assert {record["eventVersion"] for record in records} == {"2.3"}
    assert set(records[0]["s3"]["object"]) == {"key", "eTag"}


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
