"""Versions of objects. User Guide, "Retaining multiple versions of objects with S3 Versioning"; API Reference: ListObjectVersions, DeleteObject."""

import random

import pytest

from harness.s3 import refusal

STATES = {"on": "Enabled", "off": "Suspended"}


@pytest.fixture
def versioning(s3, bucket):
    """Switches versions on or off."""
    return lambda state: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": STATES[state]})


@pytest.fixture
def versions(s3, bucket):
    """All versions of the bucket as (key, id, is it a marker, is it the latest), of each page those that are no markers first."""

    def listed(size=1000, between=None, **arguments):
        found, marker = [], {}
        while True:
            page = s3.list_object_versions(Bucket=bucket, MaxKeys=size, **marker, **arguments)
            entries = [(entry, False) for entry in page.get("Versions", [])]
            entries += [(entry, True) for entry in page.get("DeleteMarkers", [])]
            assert len(entries) <= size
            found.append([(entry["Key"], entry["VersionId"], is_marker, entry["IsLatest"]) for entry, is_marker in entries])
            if between:
                between(found[-1])
            if not page["IsTruncated"]:
                return [entry for entries in found for entry in entries]
            marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}

    return listed


class Model:
    """What versions do, in few words: a list for each key, the latest first."""

    def __init__(self):
        self.state = None
        self.keys = {}

    def add(self, key, version, is_marker, body=None):
        before = self.keys.get(key, [])
        if version == "null":
            before = [entry for entry in before if entry[0] != "null"]
        self.keys[key] = [(version, is_marker, body), *before]

    def drop(self, key, version):
        self.keys[key] = [entry for entry in self.keys[key] if entry[0] != version]

    def all(self):
        return {
            (key, version, is_marker, place == 0)
            for key, entries in self.keys.items()
            for place, (version, is_marker, _) in enumerate(entries)
        }


@pytest.mark.parametrize("seed", range(6))
def test_versions_are_as_a_model_of_them(s3, bucket, put, get, versioning, versions, seed):
    chance, model = random.Random(seed), Model()
    if chance.random() < 0.7:
        model.add("a", "null", False, b"before")
        put("a", b"before")
    versioning("on")
    model.state = "on"
    for step in range(60):
        key = chance.choice(["a", "a/1", "a/2", "b"])
        match chance.choice(["put", "put", "put", "delete", "delete version", "delete version", "switch"]):
            case "put":
                body = str(step).encode()
                version = put(key, body).get("VersionId", "null")
                assert (version == "null") == (model.state == "off")
                model.add(key, version, False, body)
            case "delete":
                answer = s3.delete_object(Bucket=bucket, Key=key)
                assert answer["DeleteMarker"] and (answer["VersionId"] == "null") == (model.state == "off")
                model.add(key, answer["VersionId"], True)
            case "delete version" if model.keys.get(key):
                version, is_marker, _ = chance.choice(model.keys[key])
                answer = s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
                assert (answer["VersionId"], answer.get("DeleteMarker", False)) == (version, is_marker)
                model.drop(key, version)
            case "switch":
                model.state = chance.choice(["on", "off"])
                versioning(model.state)
    for key, entries in model.keys.items():
        if entries and not entries[0][1]:
            assert get(key) == entries[0][2]
        else:
            refusal("NoSuchKey", s3.get_object, Bucket=bucket, Key=key)
        for version, is_marker, body in entries:
            if not is_marker:
                assert get(key, VersionId=version) == body
    for size in (1, 2, 3, 1000):
        assert sorted(versions(size)) == sorted(model.all())
    # In each key's order.
    in_order = [(key, version) for key, version, *_ in versions(1)]
    assert in_order == [(key, version) for key in sorted(model.keys) for version, *_ in model.keys[key]]
    plain = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
    assert plain == {key for key, entries in model.keys.items() if entries and not entries[0][1]}
    grouped = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    shown = [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in grouped.get(kind, [])]
    assert set(shown) == {key for key, entries in model.keys.items() if entries and "/" not in key}
    assert [prefix["Prefix"] for prefix in grouped.get("CommonPrefixes", [])] == (["a/"] if model.keys.get("a/1") or model.keys.get("a/2") else [])


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("marker_at", [0, 2, 4])
def test_who_deletes_each_page_before_the_next_gets_all(s3, bucket, put, versioning, versions, size, marker_at):
    versioning("on")
    for number in range(5):
        s3.delete_object(Bucket=bucket, Key="key") if number == marker_at else put("key", b"%d" % number)
    put("other")

    def delete(page):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key, "VersionId": version} for key, version, *_ in page]})

    whole = [entry[:3] for entry in versions()]
    assert sorted(entry[:3] for entry in versions(size, delete)) == sorted(whole)
    assert versions() == []


def test_a_key_marker_alone_goes_behind_all_versions_of_the_key(s3, bucket, put, versioning):
    versioning("on")
    [put(key) for key in "aab"]
    page = s3.list_object_versions(Bucket=bucket, KeyMarker="a")
    assert [entry["Key"] for entry in page["Versions"]] == ["b"]
    refusal("InvalidArgument", s3.list_object_versions, Bucket=bucket, VersionIdMarker="null")
    refusal("InvalidArgument", s3.list_object_versions, Bucket=bucket, KeyMarker="a", VersionIdMarker="nonsense")


def test_versions_of_one_second_are_in_order(s3, bucket, put, versioning, clock, versions):
    versioning("on")
    ids = [put("key", b"%d" % number)["VersionId"] for number in range(20)]
    assert [version for _, version, *_ in versions()] == ids[::-1]


def test_a_version_that_is_promoted_keeps_its_place(s3, bucket, put, versioning, versions):
    versioning("on")
    old, new = put("key", b"old")["VersionId"], put("key", b"new")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="key", VersionId=new)
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    latest = put("key", b"latest")["VersionId"]
    assert [version for _, version, *_ in versions(1)] == [latest, marker, old]


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_readers_of_delete_markers(s3, bucket, put, versioning, operation):
    versioning("on")
    put("key")
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    missing = "404" if operation == "head_object" else "NoSuchKey"
    headers = refusal(missing, getattr(s3, operation), Bucket=bucket, Key="key")["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker)
    forbidden = "405" if operation == "head_object" else "MethodNotAllowed"
    answer = refusal(forbidden, getattr(s3, operation), Bucket=bucket, Key="key", VersionId=marker)["ResponseMetadata"]
    assert answer["HTTPStatusCode"] == 405
    assert answer["HTTPHeaders"]["allow"] == "DELETE" and answer["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert answer["HTTPHeaders"]["last-modified"].endswith("GMT")


def test_ids_that_are_none_and_ids_that_are_unknown(s3, bucket, put, versioning):
    versioning("on")
    version = put("key")["VersionId"]
    refusal("InvalidArgument", s3.get_object, Bucket=bucket, Key="key", VersionId="nonsense")
    refusal("NoSuchVersion", s3.get_object, Bucket=bucket, Key="other", VersionId=version)
    refusal("NoSuchVersion", s3.get_object, Bucket=bucket, Key="key", VersionId="null")


def test_conditional_puts_look_at_the_latest_version(s3, bucket, put, versioning):
    versioning("on")
    tag = put("key", b"1")["ETag"]
    put("key", b"2", IfMatch=tag)
    refusal("PreconditionFailed", put, "key", b"3", IfMatch=tag)
    refusal("PreconditionFailed", put, "key", b"3", IfNoneMatch="*")
    s3.delete_object(Bucket=bucket, Key="key")
    refusal("NoSuchKey", put, "key", b"3", IfMatch=tag)
    put("key", b"3", IfNoneMatch="*")


def test_conditional_deletes(s3, bucket, put, versioning):
    versioning("on")
    tag = put("key", b"1")["ETag"]
    refusal("PreconditionFailed", s3.delete_object, Bucket=bucket, Key="key", IfMatch='"other"')
    batch = {"Objects": [{"Key": "key", "ETag": '"other"'}, {"Key": "none"}]}
    answer = s3.delete_objects(Bucket=bucket, Delete=batch)
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("key", "PreconditionFailed")]
    assert [gone["Key"] for gone in answer["Deleted"]] == ["none"]
    assert s3.delete_object(Bucket=bucket, Key="key", IfMatch=tag)["DeleteMarker"]
    refusal("NoSuchKey", s3.delete_object, Bucket=bucket, Key="key", IfMatch="*")


def test_a_batch_tells_of_the_markers_that_it_writes_and_removes(s3, bucket, put, versioning):
    versioning("on")
    put("key")
    (gone,) = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})["Deleted"]
    assert gone["DeleteMarker"] and "VersionId" not in gone
    marker = gone["DeleteMarkerVersionId"]
    (gone,) = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key", "VersionId": marker}]})["Deleted"]
    assert gone == {"Key": "key", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    s3.head_object(Bucket=bucket, Key="key")


def test_copies_of_versions(s3, bucket, put, get, versioning):
    versioning("on")
    old = put("key", b"old", Metadata={"of": "old"})["VersionId"]
    put("key", b"new")
    source = {"Bucket": bucket, "Key": "key", "VersionId": old}
    answer = s3.copy_object(Bucket=bucket, Key="key", CopySource=source)
    assert answer["CopySourceVersionId"] == old and answer["VersionId"] != old
    assert get("key") == b"old"
    assert s3.head_object(Bucket=bucket, Key="key")["Metadata"] == {"of": "old"}
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    refusal("NoSuchKey", s3.copy_object, Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "key"})
    refusal("InvalidRequest", s3.copy_object, Bucket=bucket, Key="copy", CopySource={**source, "VersionId": marker})


def test_a_bucket_of_old_versions_is_not_empty(s3, bucket, put, versioning):
    versioning("on")
    version = put("key")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    for left in (marker, version):
        refusal("BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
        s3.delete_object(Bucket=bucket, Key="key", VersionId=left)
    s3.delete_bucket(Bucket=bucket)


def test_uploads_of_a_key_are_listed_as_they_were_begun(s3, bucket):
    begun = [s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ["b", "b", "a/1", "a/2", "b"]]
    listed, marker = [], {}
    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=1, Delimiter="/", **marker)
        listed += [upload["UploadId"] for upload in page.get("Uploads", [])]
        listed += [prefix["Prefix"] for prefix in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page.get("NextUploadIdMarker", "")}
    assert listed == ["a/", begun[0], begun[1], begun[4]]
