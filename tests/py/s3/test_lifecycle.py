"""What S3 does with objects as time passes. User Guide, "Managing the lifecycle of objects" and "Working with archived objects"."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from harness.refusal import refused

DAY = 86400
LARGE = b"x" * (128 << 10)
ARCHIVED = "The operation is not valid for the object's storage class"


@pytest.fixture
def noon(clock):
    """Moves the clock to noon UTC, and a little on."""
    now = datetime.fromtimestamp(clock.now(), timezone.utc)
    wanted = now.replace(hour=12, minute=0, second=0, microsecond=0)
    if wanted < now:
        wanted += timedelta(days=1)
    clock.advance((wanted - now).total_seconds() + 0.01)
    return wanted


@pytest.fixture
def rules(s3, bucket):
    """Gives the bucket rules; what they lack is said for them."""

    def put(*rules, **more):
        usual = {"Status": "Enabled", "Filter": {}}
        rules = [{"ID": f"rule-{number}", **usual, **rule} for number, rule in enumerate(rules)]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **more)

    return put


@pytest.fixture
def keys(s3, bucket):
    return lambda: [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def versions(s3, bucket):
    """The versions and delete markers that are there."""

    def found():
        listed = s3.list_object_versions(Bucket=bucket)
        return len(listed.get("Versions", [])), len(listed.get("DeleteMarkers", []))

    return found


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@pytest.fixture
def classes(s3, bucket):
    return lambda: {found["Key"]: found["StorageClass"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]}


def test_objects_expire_at_the_midnight_after_their_age(noon, clock, rules, put, keys):
    """Lifecycle configuration elements: rounded up to the next midnight UTC."""
    rules({"Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}})
    put("logs/a")
    put("other")
    clock.advance(3 * DAY)
    assert keys() == ["logs/a", "other"]
    clock.advance(DAY / 2 - 1)
    assert keys() == ["logs/a", "other"]
    clock.advance(2)
    assert keys() == ["other"]


def test_a_configuration_that_is_gone_does_nothing(noon, clock, s3, bucket, rules, put, keys):
    rules({"Expiration": {"Days": 1}}, {"Filter": {"Prefix": "x"}, "Status": "Disabled", "Expiration": {"Days": 1}})
    put("a")
    s3.delete_bucket_lifecycle(Bucket=bucket)
    clock.advance(5 * DAY)
    assert keys() == ["a"]
    rules({"Status": "Disabled", "Expiration": {"Days": 1}})
    clock.advance(5 * DAY)
    assert keys() == ["a"]


def test_dates(noon, clock, rules, put, keys):
    midnight = (noon + timedelta(days=2)).replace(hour=0)
    rules({"Expiration": {"Date": midnight}})
    put("a")
    clock.advance(DAY)
    assert keys() == ["a"]
    clock.advance(DAY)
    assert keys() == []


def test_filters(noon, clock, rules, put, keys):
    """Examples of S3 Lifecycle configurations: all conditions of a filter must hold."""
    tags = [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": "w"}]
    rules(
        {"Filter": {"And": {"Prefix": "a", "Tags": tags}}, "Expiration": {"Days": 1}},
        {"Filter": {"ObjectSizeGreaterThan": 10}, "Expiration": {"Days": 1}},
        {"Filter": {"And": {"Prefix": "s", "ObjectSizeLessThan": 3, "ObjectSizeGreaterThan": 1}}, "Expiration": {"Days": 1}},
        {"Filter": {"Tag": {"Key": "t", "Value": ""}}, "Expiration": {"Days": 1}},
    )
    put("a-both", Tagging="k=v&l=w&m=x")
    put("a-one", Tagging="k=v")
    put("b-both", Tagging="k=v&l=w")
    put("large", b"x" * 11)
    put("not-large", b"x" * 10)
    put("small", b"xx")
    put("small-1", b"x")
    put("small-3", b"xxx")
    put("tag", Tagging="t=")
    clock.advance(2 * DAY)
    assert keys() == ["a-one", "b-both", "not-large", "small-1", "small-3"]


def test_many_objects_are_more_than_one_batch(noon, clock, rules, put, keys, s3, bucket):
    rules({"Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}})
    for number in range(1100):
        put(f"{'ab'[number % 10 == 0]}{number}", b"")
    clock.advance(2 * DAY)
    assert len(keys()) == 110


def test_a_versioned_bucket_gets_delete_markers(noon, clock, rules, put, keys, versions, versioned):
    """Lifecycle configuration elements: expiration adds a delete marker, which goes when it is alone."""
    rules(
        {"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 2}},
        {"Filter": {"Prefix": ""}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    )
    put("a")
    clock.advance(1.5 * DAY + 1)
    assert (keys(), versions()) == ([], (1, 1))
    clock.advance(2 * DAY)
    assert versions() == (1, 1)
    clock.advance(DAY)
    assert versions() == (0, 1)
    clock.advance(DAY)
    assert versions() == (0, 0)


def test_delete_markers_stay_without_a_rule(noon, clock, s3, bucket, rules, put, versions, versioned):
    rules({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    put("a")
    s3.delete_object(Bucket=bucket, Key="a")
    clock.advance(5 * DAY)
    assert versions() == (0, 1)


def test_newer_versions_are_kept(noon, clock, rules, put, versions, get, versioned):
    """Lifecycle configuration elements: NewerNoncurrentVersions of them stay however old they are."""
    rules({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}})
    for number in range(6):
        put("a", str(number).encode())
    put("b")
    clock.advance(DAY)
    assert versions() == (7, 0)
    clock.advance(DAY)
    assert versions() == (4, 0)
    assert get("a") == b"5"


def test_days_count_from_when_a_version_was_replaced(noon, clock, rules, put, versions, versioned):
    """How long an object has been noncurrent: from when its successor was made."""
    rules({"NoncurrentVersionExpiration": {"NoncurrentDays": 2}})
    put("a")
    clock.advance(10 * DAY)
    put("a")
    clock.advance(2 * DAY)
    assert versions() == (2, 0)
    clock.advance(DAY)
    assert versions() == (1, 0)


def test_locked_versions_stay(noon, clock, s3, names, put):
    """Object Lock: lifecycle does not remove what is protected."""
    name = "locked-" + next(names)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    until = noon + timedelta(days=10)
    s3.put_object(Bucket=name, Key="a", Body=b"1", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)
    held = s3.put_object(Bucket=name, Key="a", Body=b"2", ObjectLockLegalHoldStatus="ON")["VersionId"]
    s3.put_object(Bucket=name, Key="a", Body=b"3")

    def left():
        return len(s3.list_object_versions(Bucket=name)["Versions"])

    clock.advance(5 * DAY)
    assert left() == 3
    clock.advance(7 * DAY)
    assert left() == 2
    s3.put_object_legal_hold(Bucket=name, Key="a", VersionId=held, LegalHold={"Status": "OFF"})
    clock.advance(DAY)
    assert left() == 1


def test_transitions(noon, clock, rules, put, classes, get):
    """Transitioning objects: from class to class; what is smaller than 128 KiB stays."""
    rules({"Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]})
    put("a", LARGE)
    put("small")
    put("deep", LARGE, StorageClass="DEEP_ARCHIVE")
    assert classes() == {"a": "STANDARD", "small": "STANDARD", "deep": "DEEP_ARCHIVE"}
    clock.advance(31 * DAY)
    assert classes() == {"a": "STANDARD_IA", "small": "STANDARD", "deep": "DEEP_ARCHIVE"}
    assert get("a") == LARGE
    clock.advance(30 * DAY)
    assert classes() == {"a": "GLACIER", "small": "STANDARD", "deep": "DEEP_ARCHIVE"}
    with refused("InvalidObjectState", ARCHIVED, status=403):
        get("a")


def test_small_objects_move_where_that_is_asked_for(noon, clock, rules, put, classes):
    """PutBucketLifecycleConfiguration, x-amz-transition-default-minimum-object-size: a filter by size takes precedence."""
    rules(
        {"Filter": {"Prefix": "g"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {"Filter": {"Prefix": "i"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}]},
        {
            "Filter": {"And": {"Prefix": "s", "ObjectSizeGreaterThan": 1}},
            "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}],
        },
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    for key in "gis":
        put(key)
    clock.advance(2 * DAY)
    assert classes() == {"g": "GLACIER", "i": "STANDARD", "s": "GLACIER_IR"}


def test_conflicts(noon, clock, rules, put, keys, classes):
    """How Amazon S3 handles conflicts: the shorter expiration, the cheaper class, deletion before transition."""
    rules(
        {"Filter": {"Prefix": "a"}, "Expiration": {"Days": 5}},
        {"Filter": {"Prefix": "ab"}, "Expiration": {"Days": 2}},
        {"Filter": {"Prefix": "t"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}]},
        {"Filter": {"Prefix": "tt"}, "Transitions": [{"Days": 1, "StorageClass": "INTELLIGENT_TIERING"}]},
        {"Filter": {"Prefix": "ttt"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {"Filter": {"Prefix": "d"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {"Filter": {"Prefix": "d"}, "Expiration": {"Days": 1}},
    )
    for key in ["a", "ab", "t", "tt", "ttt", "d"]:
        put(key, LARGE)
    clock.advance(3 * DAY)
    assert classes() == {"a": "STANDARD", "t": "GLACIER_IR", "tt": "INTELLIGENT_TIERING", "ttt": "GLACIER"}
    clock.advance(3 * DAY)
    assert keys() == ["t", "tt", "ttt"]


def test_noncurrent_versions_move(noon, clock, s3, bucket, rules, put, versioned):
    moves = [{"NoncurrentDays": 30, "StorageClass": "STANDARD_IA", "NewerNoncurrentVersions": 1}]
    rules({"NoncurrentVersionTransitions": moves})
    for _ in range(3):
        put("a", LARGE)
    clock.advance(32 * DAY)
    found = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [version["StorageClass"] for version in found] == ["STANDARD", "STANDARD", "STANDARD_IA"]


def test_uploads_are_aborted(noon, clock, s3, bucket, rules):
    """Aborting incomplete multipart uploads; CreateMultipartUpload and ListParts tell when."""
    rules({"Filter": {"Prefix": "a"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}})
    started = s3.create_multipart_upload(Bucket=bucket, Key="a")
    midnight = (noon + timedelta(days=3)).replace(hour=0)
    assert (started["AbortDate"], started["AbortRuleId"]) == (midnight, "rule-0")
    listed = s3.list_parts(Bucket=bucket, Key="a", UploadId=started["UploadId"])
    assert (listed["AbortDate"], listed["AbortRuleId"]) == (midnight, "rule-0")
    for _ in range(25):
        s3.create_multipart_upload(Bucket=bucket, Key="a")
    assert "AbortDate" not in s3.create_multipart_upload(Bucket=bucket, Key="b")
    s3.upload_part(Bucket=bucket, Key="a", UploadId=started["UploadId"], PartNumber=1, Body=b"part")
    clock.advance(2 * DAY)
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 27
    clock.advance(DAY)
    assert [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["b"]


def test_answers_tell_when_an_object_expires(noon, s3, bucket, rules, put):
    """x-amz-expiration: the first expiration and the id of its rule, encoded as in a URL."""
    rules(
        {"ID": "late", "Expiration": {"Days": 10}},
        {"ID": "a rule/ü", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 2}},
        {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}},
    )

    def expected(days, rule):
        date = format_datetime((noon + timedelta(days=days + 1)).replace(hour=0), usegmt=True)
        return f'expiry-date="{date}", rule-id="{rule}"'

    first = expected(2, "a%20rule%2F%C3%BC")
    assert put("a")["Expiration"] == first
    assert s3.head_object(Bucket=bucket, Key="a")["Expiration"] == first
    assert s3.get_object(Bucket=bucket, Key="a")["Expiration"] == first
    assert s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")["Expiration"] == expected(10, "late")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"part")
    done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    completed = s3.complete_multipart_upload(Bucket=bucket, Key="a", UploadId=upload, MultipartUpload=done)
    assert completed["Expiration"] == first
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert "Expiration" not in s3.head_object(Bucket=bucket, Key="a")


@pytest.fixture
def restore(s3, bucket):
    """Asks for a copy, and tells the status of the answer."""

    def ask(key, days=1, tier=None, **more):
        request = {**({"Days": days} if days else {}), **({"GlacierJobParameters": {"Tier": tier}} if tier else {})}
        answer = s3.restore_object(Bucket=bucket, Key=key, RestoreRequest=request, **more)
        return answer["ResponseMetadata"]["HTTPStatusCode"]

    return ask


@pytest.mark.parametrize(
    "storage, tier, seconds",
    [
        ("GLACIER", "Expedited", 5 * 60),
        ("GLACIER", None, 5 * 3600),
        ("GLACIER", "Bulk", 12 * 3600),
        ("DEEP_ARCHIVE", "Standard", 12 * 3600),
        ("DEEP_ARCHIVE", "Bulk", 48 * 3600),
    ],
)
def test_restoring(noon, clock, s3, bucket, put, get, restore, storage, tier, seconds):
    """RestoreObject; the times are those of "Understanding archive retrieval options"."""
    put("a", StorageClass=storage)
    head = s3.head_object(Bucket=bucket, Key="a")
    assert head["StorageClass"] == storage and "Restore" not in head
    with refused("InvalidObjectState", ARCHIVED, status=403) as caught:
        get("a")
    assert caught.value.response["Error"]["StorageClass"] == storage
    assert restore("a", 2, tier) == 202
    assert s3.head_object(Bucket=bucket, Key="a")["Restore"] == 'ongoing-request="true"'
    with refused("RestoreAlreadyInProgress", "Object restore is already in progress", status=409):
        restore("a", 2, tier)
    clock.advance(seconds - 1)
    with refused("InvalidObjectState", ARCHIVED, status=403):
        get("a")
    clock.advance(1)
    assert get("a") == b"body"
    until = (noon + timedelta(seconds=seconds, days=3)).replace(hour=0, minute=0)
    head = s3.head_object(Bucket=bucket, Key="a")
    assert head["Restore"] == f'ongoing-request="false", expiry-date="{format_datetime(until, usegmt=True)}"'
    assert head["StorageClass"] == storage
    left = (until - noon).total_seconds() - seconds
    clock.advance(left - 1)
    assert get("a") == b"body"
    clock.advance(1)
    with refused("InvalidObjectState", ARCHIVED, status=403):
        get("a")
    assert "Restore" not in s3.head_object(Bucket=bucket, Key="a")


def test_restoring_again(noon, clock, s3, bucket, put, get, restore):
    """Restoring an archived object: a faster tier speeds it up, further days are counted from the request."""
    put("a", StorageClass="GLACIER")
    assert restore("a", 1, "Bulk") == 202
    assert restore("a", None, "Expedited") == 202
    clock.advance(300)
    assert get("a") == b"body"
    assert restore("a", 5) == 200
    until = (noon + timedelta(days=6)).replace(hour=0)
    found = s3.head_object(Bucket=bucket, Key="a")["Restore"]
    assert found == f'ongoing-request="false", expiry-date="{format_datetime(until, usegmt=True)}"'


def test_restores_that_are_refused(noon, s3, bucket, put, restore):
    put("standard")
    put("deep", StorageClass="DEEP_ARCHIVE")
    with refused("InvalidObjectState", "Restore is not allowed for the object's current storage class", status=403):
        restore("standard")
    with refused("InvalidArgument", "Retrieval option is not supported by this storage class", status=400):
        restore("deep", 1, "Expedited")
    with refused("MalformedXML", status=400):
        restore("deep", None)
    with refused("NoSuchKey", status=404):
        restore("none")
    with refused("NotImplemented", status=501):
        s3.restore_object(Bucket=bucket, Key="deep", RestoreRequest={"Type": "SELECT"})


def test_archived_objects_are_not_copied(noon, clock, s3, bucket, put, get, restore):
    put("a", StorageClass="GLACIER")
    source = {"Bucket": bucket, "Key": "a"}
    with refused("InvalidObjectState", "Operation is not valid for the source object's storage class", status=403):
        s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    with refused("InvalidObjectState", status=403):
        s3.upload_part_copy(Bucket=bucket, Key="b", UploadId=upload, PartNumber=1, CopySource=source)
    restore("a", 1, "Expedited")
    clock.advance(300)
    s3.copy_object(Bucket=bucket, Key="a", CopySource=source, StorageClass="STANDARD")
    assert get("a") == b"body"
    assert "Restore" not in s3.head_object(Bucket=bucket, Key="a")


def test_listings_tell_of_restores(noon, clock, s3, bucket, put, restore):
    """RestoreStatus, where x-amz-optional-object-attributes asks for it."""
    put("a", StorageClass="GLACIER")
    put("b", StorageClass="GLACIER")
    restore("a", 1, "Expedited")
    asked = {"Bucket": bucket, "OptionalObjectAttributes": ["RestoreStatus"]}

    def told():
        lists = [s3.list_objects(**asked)["Contents"], s3.list_objects_v2(**asked)["Contents"], s3.list_object_versions(**asked)["Versions"]]
        first, *others = [[found.get("RestoreStatus") for found in listed] for listed in lists]
        assert others == [first, first]
        return first

    assert told() == [{"IsRestoreInProgress": True}, None]
    clock.advance(300)
    until = (noon + timedelta(days=2)).replace(hour=0)
    assert told() == [{"IsRestoreInProgress": False, "RestoreExpiryDate": until}, None]
    assert "RestoreStatus" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]
