"""How objects are encrypted, as answers tell. User Guide, "Protecting data with server-side encryption"."""

import base64
import hashlib
import json

import pytest

from harness.clients import ACCOUNT
from harness.s3 import refusal

KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:000000000000:key/1"}


def key_of(byte):
    key = byte * 32
    return {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": base64.b64encode(key).decode(),
        "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key).digest()).decode(),
    }


OWN, WRONG = key_of(b"k"), key_of(b"w")
TOLD = ("ServerSideEncryption", "SSEKMSKeyId", "SSECustomerAlgorithm", "SSECustomerKeyMD5", "BucketKeyEnabled")


def told(answer):
    return {name: answer[name] for name in TOLD if name in answer}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"ServerSideEncryption": "AES256"}),
        ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
        (KMS, KMS),
        ({**KMS, "BucketKeyEnabled": True}, {**KMS, "BucketKeyEnabled": True}),
        ({**KMS, "ServerSideEncryption": "aws:kms:dsse"}, {**KMS, "ServerSideEncryption": "aws:kms:dsse"}),
    ],
)
def test_what_is_told_of_keys_of_aws(s3, bucket, put, asked, expected):
    assert told(put("key", **asked)) == expected
    assert told(s3.head_object(Bucket=bucket, Key="key")) == expected
    upload = s3.create_multipart_upload(Bucket=bucket, Key="key", **asked)
    assert told(upload) == expected
    assert told(s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key")) == {"ServerSideEncryption": "AES256"}
    assert told(s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key", **asked)) == expected


def test_the_encryption_of_the_bucket(s3, bucket, put):
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS["SSEKMSKeyId"]}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    assert told(put("key")) == {**KMS, "BucketKeyEnabled": True}
    assert told(put("key", ServerSideEncryption="AES256")) == {"ServerSideEncryption": "AES256"}
    assert told(put("key", **OWN)) == {name: OWN[name] for name in ("SSECustomerAlgorithm", "SSECustomerKeyMD5")}


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_who_reads_shows_the_key_that_wrote(s3, bucket, put, operation):
    put("key", **OWN)
    put("plain")
    read = lambda key, **arguments: getattr(s3, operation)(Bucket=bucket, Key=key, **arguments)
    assert told(read("key", **OWN)) == {name: OWN[name] for name in ("SSECustomerAlgorithm", "SSECustomerKeyMD5")}
    head = operation == "head_object"
    refusal("400" if head else "InvalidRequest", read, "key")
    refusal("400" if head else "InvalidRequest", read, "plain", **OWN)
    refusal("403" if head else "AccessDenied", read, "key", **WRONG)


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
@pytest.mark.parametrize("method", ["AES256", "aws:kms"])
def test_readers_do_not_say_how_an_object_is_encrypted(s3, bucket, put, operation, method):
    put("key")
    say = lambda params, **_: params["headers"].update({"x-amz-server-side-encryption": method})
    s3.meta.events.register("before-call.s3", say)
    read = lambda: getattr(s3, operation)(Bucket=bucket, Key="key")
    answer = refusal("400" if operation == "head_object" else "InvalidArgument", read)
    s3.meta.events.unregister("before-call.s3", say)
    if operation == "get_object":
        assert answer["Error"]["ArgumentName"] == "x-amz-server-side-encryption"
    read()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ServerSideEncryption": "ROT13"}, "InvalidArgument"),
        ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": "key"}, "InvalidArgument"),
        ({"SSEKMSKeyId": "key"}, "InvalidArgument"),
        ({"ServerSideEncryption": "AES256", **OWN}, "InvalidArgument"),
        ({**OWN, "SSECustomerAlgorithm": "AES128"}, "InvalidEncryptionAlgorithmError"),
        ({**OWN, "SSECustomerKeyMD5": WRONG["SSECustomerKeyMD5"]}, "InvalidArgument"),
        ({"SSECustomerAlgorithm": "AES256"}, "InvalidArgument"),
    ],
)
def test_what_does_not_go_together(s3, bucket, put, asked, code):
    refusal(code, put, "key", **asked)
    refusal(code, s3.create_multipart_upload, Bucket=bucket, Key="key", **asked)


def test_parts_come_with_the_key_of_the_upload(s3, bucket, get):
    part = {"Bucket": bucket, "Key": "key", "PartNumber": 1, "Body": b"part"}
    part["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key="key", **OWN)["UploadId"]
    refusal("InvalidRequest", s3.upload_part, **part)
    refusal("InvalidRequest", s3.upload_part, **part, **WRONG)
    tag = s3.upload_part(**part, **OWN)["ETag"]
    done = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=part["UploadId"], MultipartUpload=done)
    assert get("key", **OWN) == b"part"


def test_parts_with_checksums_are_listed_with_the_key(s3, bucket):
    """API Reference, ListParts: the key is needed where the upload has a checksum algorithm."""
    upload = {"Bucket": bucket, "Key": "key"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **OWN, ChecksumAlgorithm="SHA256")["UploadId"]
    s3.upload_part(**upload, **OWN, PartNumber=1, Body=b"part", ChecksumAlgorithm="SHA256")
    refusal("InvalidRequest", s3.list_parts, **upload)
    refusal("InvalidRequest", s3.list_parts, **upload, **WRONG)
    refusal("InvalidArgument", s3.list_parts, **upload, **{**OWN, "SSECustomerKeyMD5": WRONG["SSECustomerKeyMD5"]})
    assert "ChecksumSHA256" in s3.list_parts(**upload, **OWN)["Parts"][0]
    plain = {"Bucket": bucket, "Key": "plain"}
    plain["UploadId"] = s3.create_multipart_upload(**plain, **OWN)["UploadId"]
    s3.list_parts(**plain)
    s3.list_parts(**plain, **OWN)
    refusal("InvalidRequest", s3.list_parts, **plain, **WRONG)


def test_copies_show_the_key_of_the_source(s3, bucket, put, get):
    put("key", b"body", **OWN)
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/key"}
    refusal("InvalidRequest", s3.copy_object, **copy)
    s3.copy_object(**copy, **{f"CopySource{name}": value for name, value in OWN.items()}, **WRONG)
    assert get("copy", **WRONG) == b"body"


def test_entity_tags_are_md5_where_s3_has_the_key(put):
    md5 = f'"{hashlib.md5(b"body").hexdigest()}"'
    assert put("key")["ETag"] == md5
    assert put("key", **KMS)["ETag"] != md5
    assert put("key", **OWN)["ETag"] != md5


KEY_2 = "arn:aws:kms:us-east-1:000000000000:key/2"


@pytest.fixture
def update(s3, bucket):
    """Changes how an object is encrypted."""

    def to(arn=KEY_2, bucket_key=None, key="key", **arguments):
        asked = {"KMSKeyArn": arn} if bucket_key is None else {"KMSKeyArn": arn, "BucketKeyEnabled": bucket_key}
        return s3.update_object_encryption(Bucket=bucket, Key=key, ObjectEncryption={"SSEKMS": asked}, **arguments)

    return to


def test_the_encryption_of_what_is_there_changes(s3, bucket, put, update, clock):
    """User Guide, "Updating server-side encryption for existing data": nothing else changes."""
    put("key", b"body", ContentType="text/x", StorageClass="GLACIER")
    before = s3.head_object(Bucket=bucket, Key="key")
    clock.advance(60)
    update()
    after = s3.head_object(Bucket=bucket, Key="key")
    assert told(after) == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY_2}
    for same in ("ETag", "LastModified", "ContentType", "StorageClass"):
        assert after[same] == before[same], same
    update(KMS["SSEKMSKeyId"], bucket_key=True)
    assert told(s3.head_object(Bucket=bucket, Key="key")) == {**KMS, "BucketKeyEnabled": True}


def test_one_version_changes(s3, bucket, put, update):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, new = put("key")["VersionId"], put("key")["VersionId"]
    update(VersionId=old)
    ways = [s3.head_object(Bucket=bucket, Key="key", VersionId=version)["ServerSideEncryption"] for version in (old, new)]
    assert ways == ["aws:kms", "AES256"]
    s3.delete_object(Bucket=bucket, Key="key")
    refusal("NoSuchKey", update)


def test_what_cannot_be_updated(s3, bucket, put, update):
    """API Reference, `UpdateObjectEncryption`, "Errors"."""
    refusal("NoSuchKey", update)
    for asked in (OWN, {**KMS, "ServerSideEncryption": "aws:kms:dsse"}):
        put("key", **asked)
        answer = refusal("InvalidRequest", update)
        assert "doesn't support source objects with the encryption type DSSE-KMS or SSE-C" in answer["Error"]["Message"]
    put("key")
    for arn in ("arn:aws:kms:us-east-1:000000000000:alias/x", "11111111-2222-3333-4444-555555555555", "arn:aws:s3:us-east-1:000000000000:key/1"):
        assert "require a valid AWS KMS key" in refusal("InvalidRequest", update, arn)["Error"]["Message"]
    answer = refusal("AccessDenied", update, "arn:aws:kms:us-east-1:111111111111:key/1")
    assert answer["Error"]["Message"].startswith("The AWS KMS key in the request must be owned by the same account as the bucket.")
    assert told(s3.head_object(Bucket=bucket, Key="key")) == {"ServerSideEncryption": "AES256"}


def test_updates_are_signed_by_version_4(clients, bucket, put, world):
    put("key")
    # Nobody knows the secret of this key, so only the version of the signature counts.
    old = clients.client("s3", key=ACCOUNT, signature_version="s3", s3={"addressing_style": "path"}, keep=False)
    asked = {"SSEKMS": {"KMSKeyArn": KEY_2}}
    answer = refusal("InvalidRequest", old.update_object_encryption, Bucket=bucket, Key="key", ObjectEncryption=asked)
    assert "require AWS Signature Version 4" in answer["Error"]["Message"]


def test_locked_objects_keep_their_encryption(s3, names, clock):
    name = next(names)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=name, Key="key", Body=b"", ObjectLockLegalHoldStatus="ON", ChecksumAlgorithm="CRC32")
    ask = {"Bucket": name, "Key": "key", "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_2}}}
    answer = refusal("AccessDenied", s3.update_object_encryption, **ask)
    assert "protected by S3 Object Lock" in answer["Error"]["Message"]
    s3.put_object_legal_hold(Bucket=name, Key="key", LegalHold={"Status": "OFF"})
    s3.update_object_encryption(**ask)


def test_who_may_update(s3, bucket, put, as_account):
    put("key")
    s3.delete_public_access_block(Bucket=bucket)
    ask = {"Bucket": bucket, "Key": "key", "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_2}}}
    other = as_account("111111111111")
    for action, allowed in (("s3:PutObject", False), ("s3:UpdateObjectEncryption", True)):
        statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*"}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        if allowed:
            other.update_object_encryption(**ask)
        else:
            refusal("AccessDenied", other.update_object_encryption, **ask)
