"""Tags of objects. User Guide, "Categorizing your objects using tags"."""

import pytest

from harness.s3 import refusal


def tag_set(tags):
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}


@pytest.fixture
def tags(s3, bucket):
    """Reads or replaces the tags of an object."""

    def of(key="key", to=None, **arguments):
        if to is not None:
            s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=tag_set(to), **arguments)
        found = s3.get_object_tagging(Bucket=bucket, Key=key, **arguments)["TagSet"]
        return [(tag["Key"], tag["Value"]) for tag in found]

    return of


def test_tags_come_and_go(s3, bucket, put, tags):
    put("key", Tagging="b=2&a=with%20space+and+plus&empty")
    assert tags() == [("a", "with space and plus"), ("b", "2"), ("empty", "")]
    assert s3.head_object(Bucket=bucket, Key="key")["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "3"
    assert tags(to=[("ü", "ö")]) == [("ü", "ö")]
    s3.delete_object_tagging(Bucket=bucket, Key="key")
    assert tags() == []
    assert "x-amz-tagging-count" not in s3.head_object(Bucket=bucket, Key="key")["ResponseMetadata"]["HTTPHeaders"]


def test_a_new_object_has_its_own_tags(put, tags):
    put("key", Tagging="a=b")
    put("key")
    assert tags() == []


LIMITS = [
    ([(f"k{number}", "v") for number in range(11)], "BadRequest"),
    ([("k" * 129, "v")], "InvalidTag"),
    ([("k", "v" * 257)], "InvalidTag"),
    ([("", "v")], "InvalidTag"),
    ([("k", "v!")], "InvalidTag"),
    ([("k", "v"), ("k", "w")], "InvalidTag"),
    ([("aws:k", "v")], "InvalidTag"),
]


@pytest.mark.parametrize(("wrong", "code"), LIMITS)
def test_limits(s3, bucket, put, tags, wrong, code):
    put("key", Tagging="a=b")
    refusal(code, tags, to=wrong)
    assert tags() == [("a", "b")]


def test_the_most_that_is_allowed(put, tags):
    put("key")
    most = sorted([(f"{number}" + "k" * 127, "v" * 256) for number in range(10)])
    assert tags(to=most) == most


def test_a_tag_may_not_stand_twice_in_the_header(put):
    refusal("InvalidArgument", put, "key", Tagging="a=b&a=c")


@pytest.mark.parametrize(("directive", "expected"), [({}, [("a", "b")]), ({"TaggingDirective": "REPLACE", "Tagging": "c=d"}, [("c", "d")])])
def test_copies(s3, bucket, put, tags, directive, expected):
    put("key", Tagging="a=b")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/key", **directive)
    assert tags("copy") == expected


def test_versions_have_tags_of_their_own(s3, bucket, put, tags):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, new = (put("key", Tagging=f"of={name}")["VersionId"] for name in ("old", "new"))
    assert tags(VersionId=old) == [("of", "old")] and tags() == [("of", "new")]
    assert tags(to=[("of", "changed")], VersionId=old) == [("of", "changed")]
    answer = s3.delete_object_tagging(Bucket=bucket, Key="key")
    assert answer["VersionId"] == new
    assert tags() == [] and tags(VersionId=old) == [("of", "changed")]
    marker = s3.delete_object(Bucket=bucket, Key="key")["VersionId"]
    refusal("MethodNotAllowed", tags, VersionId=marker)
    refusal("NoSuchKey", tags)


def test_multipart_uploads_bring_tags(s3, bucket, tags):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="key", Tagging="a=b")["UploadId"]
    part = {"Bucket": bucket, "Key": "key", "UploadId": upload}
    tag = s3.upload_part(**part, PartNumber=1, Body=b"")["ETag"]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert tags() == [("a", "b")]
