"""Annotations of objects. User Guide, "Annotating your objects"."""

import base64
import hashlib
import json

import pytest

from harness.clients import Clients
from harness.refusal import refused
from harness.s3 import refusal
from harness.server import Server

OTHER = "111111111111"
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:000000000000:key/1"}
OWN = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


@pytest.fixture
def annotate(s3, bucket):
    """Attaches an annotation to an object."""

    def attach(name, payload=b"text", key="key", **arguments):
        return s3.put_object_annotation(Bucket=bucket, Key=key, AnnotationName=name, AnnotationPayload=payload, **arguments)

    return attach


@pytest.fixture
def read(s3, bucket):
    """Reads an annotation whole."""

    def of(name, key="key", **arguments):
        found = s3.get_object_annotation(Bucket=bucket, Key=key, AnnotationName=name, **arguments)
        return found["AnnotationPayload"].read()

    return of


@pytest.fixture
def listed(s3, bucket):
    """The names of an object's annotations."""

    def of(key="key", **arguments):
        found = s3.list_object_annotations(Bucket=bucket, Key=key, **arguments)
        names = [entry["AnnotationName"] for entry in found.get("Annotations", [])]
        assert found["AnnotationCount"] == len(names)
        return names

    return of


@pytest.fixture
def drop(s3, bucket):
    """Deletes an annotation."""
    return lambda name, key="key", **arguments: s3.delete_object_annotation(Bucket=bucket, Key=key, AnnotationName=name, **arguments)


@pytest.fixture
def versioning(s3, bucket):
    return lambda status: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def absent(call, *arguments, **named):
    with refused("NoSuchAnnotation", status=404):
        call(*arguments, **named)


def test_annotations_come_and_go(s3, bucket, put, annotate, read, listed, drop):
    etag = put("key")["ETag"]
    assert listed() == []
    made = annotate("größe", "ü".encode())
    assert (made["Key"], made["AnnotationName"], made["ServerSideEncryption"]) == ("key", "größe", "AES256")
    assert "ObjectVersionId" not in made
    annotate("größe", b"other")
    annotate("a.b-c_1", b"x" * (1 << 20))
    assert read("größe") == b"other"
    assert read("a.b-c_1") == b"x" * (1 << 20)
    assert listed() == ["a.b-c_1", "größe"]
    assert s3.head_object(Bucket=bucket, Key="key")["ETag"] == etag
    # What is gone may be deleted again.
    for _ in range(2):
        assert drop("größe")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert listed() == ["a.b-c_1"]
    absent(read, "größe")
    drop("a.b-c_1")
    assert listed() == []


def test_what_is_told(s3, bucket, put, annotate, clock):
    put("key")
    clock.advance(60)
    made = annotate("a", b"text", ChecksumAlgorithm="SHA256")
    assert made["ETag"] == f'"{hashlib.md5(b"text").hexdigest()}"'
    assert made["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"text").digest()).decode()
    ask = {"Bucket": bucket, "Key": "key", "AnnotationName": "a"}
    found = s3.get_object_annotation(**ask, ChecksumMode="ENABLED")
    assert (found["ETag"], found["ContentLength"]) == (made["ETag"], 4)
    assert (found["ChecksumSHA256"], found["ChecksumType"]) == (made["ChecksumSHA256"], "FULL_OBJECT")
    assert found["LastModified"] > s3.head_object(Bucket=bucket, Key="key")["LastModified"]
    answer = s3.list_object_annotations(Bucket=bucket, Key="key")
    assert (answer["Bucket"], answer["Key"], answer["MaxAnnotationResults"]) == (bucket, "key", 1000)
    (entry,) = answer["Annotations"]
    assert (entry["ETag"], entry["Size"], entry["ChecksumAlgorithm"]) == (made["ETag"], 4, ["SHA256"])
    assert entry["LastModified"] == found["LastModified"]


def test_names(put, annotate):
    """ "Annotation naming rules"."""
    put("key")
    for name in ("a", "0", "-", "ü" * 256, "注釈", "saws"):
        annotate(name)
    for name in ("a b", "a/b", "a:b", "aws", "AWS.x", "s3", "S3x", " "):
        refusal("InvalidAnnotationName", annotate, name)
    refusal("AnnotationNameTooLong", annotate, "a" * 513)


def test_a_name_is_needed(s3, put, annotate):
    put("key")
    def without(request, **_):
        request.url = request.url.partition("&annotationName=")[0]

    s3.meta.events.register_first("before-sign.s3.PutObjectAnnotation", without)
    refusal("InvalidAnnotationName", annotate, "a")


def test_payloads(put, annotate, listed):
    put("key")
    with refused("UnsupportedMediaType", status=415):
        annotate("a", b"\xff")
    with refused("UnsupportedMediaType", status=415):
        annotate("a", b"a" * 100_000 + b"\xc3")
    refusal("InvalidRequest", annotate, "a", b"")
    refusal("EntityTooLarge", annotate, "a", b"a" * ((1 << 20) + 1))
    assert listed() == []


def test_digests_are_verified(put, annotate, listed):
    """ "Checksums"."""
    put("key")
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    refusal("BadDigest", annotate, "a", ChecksumSHA256=wrong)
    refusal("BadDigest", annotate, "a", ContentMD5=base64.b64encode(hashlib.md5(b"other").digest()).decode())
    assert listed() == []


def test_a_thousand_and_no_more(s3, bucket, put, annotate, listed, drop):
    """ "Annotation limits"; each page goes on where the one before ended."""
    put("key")
    names = [f"n{number:04}" for number in range(1000)]
    for name in names:
        annotate(name)
    refusal("AnnotationLimitExceeded", annotate, "another")
    annotate(names[0], b"other")
    assert listed() == names
    pages = s3.get_paginator("list_object_annotations").paginate(Bucket=bucket, Key="key", PaginationConfig={"PageSize": 333})
    found = [[entry["AnnotationName"] for entry in page["Annotations"]] for page in pages]
    assert [len(page) for page in found] == [333, 333, 333, 1]
    assert sum(found, []) == names
    assert listed(AnnotationPrefix="n000") == names[:10]
    drop(names[0])
    annotate("another")


def test_listings(s3, bucket, put, annotate, listed):
    put("key")
    for name in ("b", "ab", "a.c", "a"):
        annotate(name)
    first = s3.list_object_annotations(Bucket=bucket, Key="key", AnnotationPrefix="a", MaxAnnotationResults=2)
    assert [entry["AnnotationName"] for entry in first["Annotations"]] == ["a", "a.c"]
    assert (first["AnnotationPrefix"], first["MaxAnnotationResults"], first["AnnotationCount"]) == ("a", 2, 2)
    token = first["NextContinuationToken"]
    rest = s3.list_object_annotations(Bucket=bucket, Key="key", AnnotationPrefix="a", ContinuationToken=token)
    assert [entry["AnnotationName"] for entry in rest["Annotations"]] == ["ab"]
    assert rest["ContinuationToken"] == token
    assert "NextContinuationToken" not in rest
    assert listed(AnnotationPrefix="c") == []
    refusal("InvalidPrefix", listed, AnnotationPrefix="a/")
    refusal("InvalidArgument", listed, ContinuationToken="?")
    refusal("InvalidArgument", listed, MaxAnnotationResults=1001)


def test_only_of_what_is_there(annotate, read, listed, drop):
    for call, arguments in ((annotate, ["a"]), (read, ["a"]), (listed, []), (drop, ["a"])):
        refusal("NoSuchKey", call, *arguments)


def test_an_object_takes_its_annotations_with_it(s3, bucket, put, annotate, listed):
    """ "In a non-versioned bucket, if you delete or overwrite the object, the annotations are deleted with it"."""
    put("key")
    annotate("a")
    put("key")
    assert listed() == []
    annotate("a")
    s3.delete_object(Bucket=bucket, Key="key")
    put("key")
    assert listed() == []
    annotate("a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    put("key")
    assert listed() == []
    annotate("a")
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)


def test_each_version_has_its_own(s3, bucket, put, annotate, read, listed, drop, versioning):
    """ "Versioning behavior"."""
    put("key")
    annotate("a", b"null")
    versioning("Enabled")
    one = put("key")["VersionId"]
    assert listed() == []
    assert annotate("a", b"one")["ObjectVersionId"] == one
    two = put("key")["VersionId"]
    annotate("b", b"two")
    assert annotate("c", b"older", VersionId=one)["ObjectVersionId"] == one
    assert (listed(), listed(VersionId=one), listed(VersionId="null")) == (["b"], ["a", "c"], ["a"])
    assert (read("a", VersionId="null"), read("a", VersionId=one)) == (b"null", b"one")
    assert s3.get_object_annotation(Bucket=bucket, Key="key", AnnotationName="a", VersionId="null")["ObjectVersionId"] == "null"
    # A delete marker has none, and leaves those of the versions below it.
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    refusal("NoSuchKey", listed)
    refusal("MethodNotAllowed", annotate, "a", VersionId=marker)
    assert listed(VersionId=two) == ["b"]
    s3.delete_object(Bucket=bucket, Key="key", VersionId=marker)
    s3.delete_object(Bucket=bucket, Key="key", VersionId=two)
    # What is the latest again has kept its own.
    assert listed() == ["a", "c"]
    assert drop("c")["ObjectVersionId"] == one
    assert (listed(), listed(VersionId="null")) == (["a"], ["a"])
    versioning("Suspended")
    put("key")
    assert listed() == []
    assert (listed(VersionId="null"), listed(VersionId=one)) == ([], ["a"])


def test_only_of_the_object_that_was_read(put, annotate, read, drop):
    etag = put("key", b"one")["ETag"]
    annotate("a", ObjectIfMatch=etag)
    put("key", b"two")
    refusal("PreconditionFailed", annotate, "a", ObjectIfMatch=etag)
    absent(read, "a")
    annotate("a")
    refusal("PreconditionFailed", drop, "a", ObjectIfMatch=etag)
    assert read("a") == b"text"


def test_encryption_is_that_of_the_object(s3, bucket, put, annotate):
    """ "Encryption"."""
    put("key", **KMS)
    made = annotate("a")
    assert made["ServerSideEncryption"] == "aws:kms"
    assert made["ETag"] != f'"{hashlib.md5(b"text").hexdigest()}"'
    assert s3.get_object_annotation(Bucket=bucket, Key="key", AnnotationName="a")["ServerSideEncryption"] == "aws:kms"
    put("own", **OWN)
    refusal("InvalidRequest", annotate, "a", key="own")


def test_archived_objects(put, annotate, read):
    put("key", StorageClass="GLACIER")
    annotate("a")
    assert read("a") == b"text"


def test_who_may(s3, bucket, put, annotate, versioning, as_account):
    """Each operation has its own permission, and another one where a version is named."""
    versioning("Enabled")
    version = put("key")["VersionId"]
    annotate("a")
    s3.delete_public_access_block(Bucket=bucket)
    at = {"Bucket": bucket, "Key": "key"}
    other = as_account(OTHER)
    calls = {
        "PutObject{}Annotation": lambda **more: other.put_object_annotation(**at, AnnotationName="b", AnnotationPayload=b"b", **more),
        "GetObject{}Annotation": lambda **more: other.get_object_annotation(**at, AnnotationName="a", **more),
        "ListObject{}Annotations": lambda **more: other.list_object_annotations(**at, **more),
        "DeleteObject{}Annotation": lambda **more: other.delete_object_annotation(**at, AnnotationName="b", **more),
    }
    for action, call in calls.items():
        for of, more in (("", {}), ("Version", {"VersionId": version})):
            refusal("AccessDenied", call, **more)
            statement = {"Effect": "Allow", "Principal": "*", "Action": f"s3:{action.format(of)}", "Resource": f"arn:aws:s3:::{bucket}/*"}
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
            call(**more)
            refusal("AccessDenied", call, **({} if more else {"VersionId": version}))
            s3.delete_bucket_policy(Bucket=bucket)


def test_locked_objects_keep_theirs(s3, names, clock):
    name = next(names)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=name, Key="key", Body=b"", ObjectLockLegalHoldStatus="ON", ChecksumAlgorithm="CRC32")
    ask = {"Bucket": name, "Key": "key", "AnnotationName": "a"}
    s3.put_object_annotation(**ask, AnnotationPayload=b"text")
    refusal("AccessDenied", s3.delete_object_annotation, **ask)
    s3.put_object_legal_hold(Bucket=name, Key="key", LegalHold={"Status": "OFF"})
    s3.delete_object_annotation(**ask)


def test_lifecycle_takes_them_along(s3, bucket, put, annotate, listed, clock):
    put("key")
    annotate("a")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    clock.advance("P3D")
    refusal("NoSuchKey", listed)
    put("key")
    assert listed() == []


def test_queues_are_told(s3, bucket, put, annotate, drop, clients):
    """ "Event notifications"."""
    sqs = clients.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectAnnotation:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=rules)
    put("key")
    annotate("a")
    drop("a")
    drop("a")
    found = []
    while len(found) < 3:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)["Messages"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    told = [record["eventName"] for body in found for record in body.get("Records", [])]
    assert sorted(told) == ["ObjectAnnotation:Delete", "ObjectAnnotation:Put"]


def test_copies_have_them_unless_told_otherwise(s3, bucket, put, annotate, read, listed, versioning):
    """ "Copy behavior and consistency"."""
    put("key")
    annotate("a", b"a" * 100_000, ChecksumAlgorithm="SHA1")
    annotate("b")
    source = f"{bucket}/key"
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="bare", CopySource=source, AnnotationDirective="EXCLUDE")
    s3.copy_object(Bucket=bucket, Key="key", CopySource=source, StorageClass="STANDARD_IA")
    assert (listed("copy"), listed("bare"), listed("key")) == (["a", "b"], [], ["a", "b"])
    with_checksum = {"AnnotationName": "a", "ChecksumMode": "ENABLED", "Bucket": bucket}
    kept = s3.get_object_annotation(Key="copy", **with_checksum)
    assert kept["ChecksumSHA1"] == base64.b64encode(hashlib.sha1(b"a" * 100_000).digest()).decode()
    # Each has its own.
    s3.delete_object(Bucket=bucket, Key="key")
    assert read("a", key="copy") == b"a" * 100_000
    s3.copy_object(Bucket=bucket, Key="other", CopySource=f"{bucket}/copy", ChecksumAlgorithm="SHA256", **KMS)
    other = s3.get_object_annotation(Key="other", **with_checksum)
    assert other["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"a" * 100_000).digest()).decode()
    assert other["ServerSideEncryption"] == "aws:kms"
    assert other["ETag"] != kept["ETag"]
    versioning("Enabled")
    version = put("copy")["VersionId"]
    s3.copy_object(Bucket=bucket, Key="old", CopySource=f"{bucket}/copy?versionId=null")
    s3.copy_object(Bucket=bucket, Key="new", CopySource=f"{bucket}/copy?versionId={version}")
    assert (listed("old"), listed("new")) == (["a", "b"], [])


def test_copies_with_a_key_of_the_client_cannot_have_them(s3, bucket, put, annotate):
    put("key")
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/key", **OWN}
    s3.copy_object(**copy)
    annotate("a")
    refusal("InvalidRequest", s3.copy_object, **copy)
    s3.copy_object(**copy, AnnotationDirective="EXCLUDE")


def test_the_directive_may_stand_in_a_presigned_url(s3, bucket, put, annotate, listed, admin, world):
    put("key")
    annotate("a")

    def into_query(request, **_):
        request.url += "?x-amz-object-annotation-directive=EXCLUDE"

    s3.meta.events.register_first("before-sign.s3.CopyObject", into_query)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key")
    assert listed("copy") == []


def test_who_may_copy_them(s3, bucket, put, annotate, listed, as_account):
    put("plain")
    put("key")
    annotate("a")
    s3.delete_public_access_block(Bucket=bucket)
    other = as_account(OTHER)

    def allow(*actions):
        statement = {"Effect": "Allow", "Principal": "*", "Action": [f"s3:{action}" for action in actions], "Resource": f"arn:aws:s3:::{bucket}/*"}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def copy(key="key", **more):
        other.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/{key}", **more)

    allow("GetObject", "PutObject")
    copy("plain")
    refusal("AccessDenied", copy)
    copy(AnnotationDirective="EXCLUDE")
    for half in ("GetObjectAnnotation", "PutObjectAnnotation"):
        allow("GetObject", "PutObject", half)
        refusal("AccessDenied", copy)
    allow("GetObject", "PutObject", "GetObjectAnnotation", "PutObjectAnnotation")
    copy()
    assert listed("copy") == ["a"]


def test_requesters_pay(s3, bucket, put, annotate, as_account):
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    put("key")
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    other, ask = as_account(OTHER), {"Bucket": bucket, "Key": "key"}
    for call, more in (
        (other.put_object_annotation, {"AnnotationName": "a", "AnnotationPayload": b"a"}),
        (other.get_object_annotation, {"AnnotationName": "a"}),
        (other.list_object_annotations, {}),
        (other.delete_object_annotation, {"AnnotationName": "a"}),
    ):
        refusal("AccessDenied", call, **ask, **more)
        assert call(**ask, **more, RequestPayer="requester")["RequestCharged"] == "requester"


def test_replicas_have_them(s3, names, clock):
    """ "Replication"."""
    source, target = next(names), next(names)
    for name in (source, target):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=source, Key="early", Body=b"")
    rule = {"Status": "Enabled", "Priority": 1, "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}
    rule["Destination"] = {"Bucket": f"arn:aws:s3:::{target}"}
    role = "arn:aws:iam::000000000000:role/replication"
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration={"Role": role, "Rules": [rule]})

    def of(bucket, key="key"):
        found = s3.list_object_annotations(Bucket=bucket, Key=key).get("Annotations", [])
        return {entry["AnnotationName"]: entry.get("ReplicationStatus") for entry in found}

    def attach(name, bucket=source, key="key", payload=b"text"):
        s3.put_object_annotation(Bucket=bucket, Key=key, AnnotationName=name, AnnotationPayload=payload)

    s3.put_object(Bucket=source, Key="key", Body=b"")
    attach("a")
    assert of(source) == {"a": "PENDING"}
    clock.advance(60)
    assert (of(source), of(target)) == ({"a": "COMPLETED"}, {"a": "REPLICA"})
    attach("b", payload=b"b" * 100_000)
    attach("a", payload=b"other")
    attach("own", bucket=target)
    assert of(source) == {"a": "PENDING", "b": "PENDING"}
    assert s3.head_object(Bucket=source, Key="key")["ReplicationStatus"] == "COMPLETED"
    clock.advance(60)
    assert (of(source), of(target)) == ({"a": "COMPLETED", "b": "COMPLETED"}, {"a": "REPLICA", "b": "REPLICA", "own": None})
    read = s3.get_object_annotation(Bucket=target, Key="key", AnnotationName="a")
    assert (read["AnnotationPayload"].read(), read["ReplicationStatus"]) == (b"other", "REPLICA")
    s3.delete_object_annotation(Bucket=source, Key="key", AnnotationName="b")
    clock.advance(60)
    assert of(target) == {"a": "REPLICA", "own": None}
    # What was there before the rules is not replicated.
    attach("a", key="early")
    assert of(source, "early") == {"a": None}


def test_space_is_freed(tmp_path):
    """What nothing names any more is gone from the disk by the next start at the latest."""
    options = ("--data", str(tmp_path / "data"))
    blobs = lambda: sum(1 for found in (tmp_path / "data" / "blobs").rglob("*") if found.is_file())  # noqa: E731
    server = Server(*options).start()
    s3 = Clients(server.url).client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="bucket")

    def annotate(key, byte):
        s3.put_object(Bucket="bucket", Key=key, Body=b"")
        s3.put_object_annotation(Bucket="bucket", Key=key, AnnotationName="a", AnnotationPayload=byte * 100_000)

    def restarted():
        server.stop()
        server.start()
        server.stop()
        left = blobs()
        server.start()
        return left

    try:
        annotate("one", b"1")
        annotate("two", b"2")
        s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/one")
        s3.put_object_annotation(Bucket="bucket", Key="two", AnnotationName="a", AnnotationPayload=b"x" * 100_000)
        assert restarted() == 2
        s3.delete_object(Bucket="bucket", Key="one")
        s3.delete_object_annotation(Bucket="bucket", Key="two", AnnotationName="a")
        assert restarted() == 1
        s3.put_object(Bucket="bucket", Key="copy", Body=b"")
        assert restarted() == 0
    finally:
        server.kill()
