"""Retention and legal holds. User Guide, "Locking objects with Object Lock"."""

from datetime import timedelta

import pytest

from harness.s3 import refusal

DAY = timedelta(days=1)


@pytest.fixture
def bucket(s3, names):
    name = next(names)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def now(s3, bucket, clock, put):
    """The moment at which the world's clock stands still."""
    put("clock")
    return s3.head_object(Bucket=bucket, Key="clock")["LastModified"]


@pytest.fixture
def retain(s3, bucket):
    def put(mode, until, **arguments):
        retention = {"Mode": mode, "RetainUntilDate": until} if mode else {}
        s3.put_object_retention(Bucket=bucket, Key="key", Retention=retention, **arguments)

    return put


@pytest.fixture
def delete(s3, bucket):
    return lambda version, **arguments: s3.delete_object(Bucket=bucket, Key="key", VersionId=version, **arguments)


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
@pytest.mark.parametrize("bypass", [True, False])
def test_what_is_retained_stays_until_its_time(s3, bucket, put, now, clock, delete, mode, bypass):
    version = put("key", ObjectLockMode=mode, ObjectLockRetainUntilDate=now + DAY)["VersionId"]
    head = s3.head_object(Bucket=bucket, Key="key")
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == (mode, now + DAY)
    if bypass and mode == "GOVERNANCE":
        delete(version, BypassGovernanceRetention=True)
        return
    refusal("AccessDenied", delete, version, BypassGovernanceRetention=bypass)
    (error,) = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key", "VersionId": version}]})["Errors"]
    assert error["Code"] == "AccessDenied"
    # A delete marker takes nothing away.
    assert s3.delete_object(Bucket=bucket, Key="key")["DeleteMarker"]
    clock.advance("P1D")
    delete(version)


@pytest.mark.parametrize("bypass", [True, False])
@pytest.mark.parametrize(
    ("mode", "to", "days", "allowed"),
    [
        ("GOVERNANCE", "GOVERNANCE", 3, "always"),
        ("GOVERNANCE", "GOVERNANCE", 1, "bypass"),
        ("GOVERNANCE", "COMPLIANCE", 3, "bypass"),
        ("GOVERNANCE", None, None, "bypass"),
        ("COMPLIANCE", "COMPLIANCE", 3, "always"),
        ("COMPLIANCE", "COMPLIANCE", 1, "never"),
        ("COMPLIANCE", "GOVERNANCE", 3, "never"),
        ("COMPLIANCE", None, None, "never"),
    ],
)
def test_changes_of_a_retention(put, now, retain, mode, to, days, allowed, bypass):
    put("key", ObjectLockMode=mode, ObjectLockRetainUntilDate=now + 2 * DAY)
    change = (to, days and now + days * DAY)
    if allowed == "always" or (allowed == "bypass" and bypass):
        retain(*change, BypassGovernanceRetention=bypass)
    else:
        refusal("AccessDenied", retain, *change, BypassGovernanceRetention=bypass)


def test_a_legal_hold_has_no_end(s3, bucket, put, now, clock, delete):
    version = put("key", ObjectLockLegalHoldStatus="ON")["VersionId"]
    clock.advance("P3650D")
    refusal("AccessDenied", delete, version, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(Bucket=bucket, Key="key", LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(Bucket=bucket, Key="key")["LegalHold"] == {"Status": "OFF"}
    delete(version)


@pytest.mark.parametrize(("period", "days"), [({"Days": 2}, 2), ({"Years": 1}, 365)])
def test_the_retention_of_the_bucket(s3, bucket, put, now, period, days):
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", **period}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    put("key")
    retention = s3.get_object_retention(Bucket=bucket, Key="key")["Retention"]
    assert retention["Mode"] == "COMPLIANCE" and retention["RetainUntilDate"].replace(microsecond=0) == now + days * DAY
    put("key", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=now + DAY)
    assert s3.get_object_retention(Bucket=bucket, Key="key")["Retention"]["Mode"] == "GOVERNANCE"


def test_a_retention_ends_in_the_future(put, now, retain):
    put("key")
    refusal("InvalidArgument", retain, "GOVERNANCE", now - DAY)
    refusal("MalformedXML", retain, "ETERNITY", now + DAY)
    refusal("InvalidArgument", put, "key", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=now - DAY)
    refusal("InvalidArgument", put, "key", ObjectLockMode="GOVERNANCE")


def test_objects_without_a_lock_say_so(s3, bucket, put):
    put("key")
    refusal("NoSuchObjectLockConfiguration", s3.get_object_retention, Bucket=bucket, Key="key")
    refusal("NoSuchObjectLockConfiguration", s3.get_object_legal_hold, Bucket=bucket, Key="key")


def test_buckets_without_locks_refuse_them(s3, names):
    name = next(names)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="key", Body=b"")
    of_key = {"Bucket": name, "Key": "key"}
    refusal("InvalidRequest", s3.put_object, **of_key, Body=b"", ObjectLockLegalHoldStatus="ON")
    refusal("InvalidRequest", s3.put_object_legal_hold, **of_key, LegalHold={"Status": "ON"})
    refusal("InvalidRequest", s3.get_object_retention, **of_key)


def test_a_locked_upload_is_digested(clients, world, bucket):
    undigested = clients.client(
        "s3", s3={"addressing_style": "path"}, request_checksum_calculation="when_required", signature_version="s3v4", keep=False
    )
    locked = {"Bucket": bucket, "Key": "key", "Body": b"body", "ObjectLockLegalHoldStatus": "ON"}
    refusal("InvalidRequest", undigested.put_object, **locked)
    undigested.put_object(**locked, ContentMD5="hBotaJrYa9FhFEdFPCLG/A==")
