"""Who may do what. User Guide, "How Amazon S3 authorizes a request", "Policies and permissions in Amazon S3", "Controlling ownership of objects"."""

import json
import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED

from harness.s3 import refusal

OTHER = "111111111111"
OPEN = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


@pytest.fixture
def anonymous(clients, world):
    return clients.client("s3", signature_version=UNSIGNED, s3={"addressing_style": "path"}, keep=False)


@pytest.fixture
def callers(s3, as_account, anonymous):
    return {"own": s3, "other": as_account(OTHER), "anonymous": anonymous}


@pytest.fixture
def opened(s3, bucket):
    """The bucket, where nothing is kept from being public."""
    s3.delete_public_access_block(Bucket=bucket)
    return bucket


def statement(effect, actions, resource="arn:aws:s3:::{}/*", principal="*", **condition):
    found = {"Effect": effect, "Principal": principal, "Action": actions, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


@pytest.fixture
def policy(s3, opened):
    def put(*statements):
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        s3.put_bucket_policy(Bucket=opened, Policy=text.replace("{}", opened))

    return put


def may(call, **arguments):
    """Whether a call is allowed; whatever else is wrong with it counts as allowed."""
    try:
        call(**arguments)
    except Exception as error:  # noqa: BLE001 -- the answer tells
        return error.response["Error"]["Code"] not in ("AccessDenied", "403")
    return True


@pytest.mark.parametrize("ownership", ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"])
@pytest.mark.parametrize("acl", [None, "public-read"])
@pytest.mark.parametrize("effect", [None, "Allow", "Deny"])
@pytest.mark.parametrize("blocked", [None, "IgnorePublicAcls", "RestrictPublicBuckets"])
def test_what_lets_a_reader_in(s3, opened, put, policy, callers, ownership, acl, effect, blocked):
    s3.put_bucket_ownership_controls(Bucket=opened, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    put("key", **({"ACL": acl} if acl else {}))
    s3.put_bucket_ownership_controls(Bucket=opened, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})
    if effect:
        policy(statement(effect, "s3:GetObject"))
    if blocked:
        s3.put_public_access_block(Bucket=opened, PublicAccessBlockConfiguration={**OPEN, blocked: True})
    by_list = acl == "public-read" and ownership != "BucketOwnerEnforced" and blocked != "IgnorePublicAcls"
    by_policy = effect == "Allow" and blocked != "RestrictPublicBuckets"
    for name, caller in callers.items():
        expected = effect != "Deny" and (name == "own" or by_list or by_policy)
        assert may(caller.get_object, Bucket=opened, Key="key") == expected, name


@pytest.mark.parametrize("ownership", ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"])
@pytest.mark.parametrize("acl", [None, "bucket-owner-full-control"])
def test_who_owns_what_another_account_writes(s3, opened, policy, as_account, ownership, acl):
    s3.put_bucket_ownership_controls(Bucket=opened, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})
    policy(statement("Allow", ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject"]))
    other = as_account(OTHER)
    other.put_object(Bucket=opened, Key="key", Body=b"", **({"ACL": acl} if acl else {}))
    handed_over = ownership == "BucketOwnerEnforced" or (ownership == "BucketOwnerPreferred" and acl)
    # Of what others own the bucket's owner has what they grant, and may delete it; the bucket's policy says nothing of it.
    assert may(s3.get_object, Bucket=opened, Key="key") == bool(handed_over or acl)
    assert may(s3.get_object_tagging, Bucket=opened, Key="key") == bool(handed_over)
    assert may(other.get_object_tagging, Bucket=opened, Key="key") == (not handed_over)
    assert may(as_account("222222222222").get_object, Bucket=opened, Key="key") == bool(handed_over)
    s3.delete_object(Bucket=opened, Key="key")


@pytest.mark.parametrize("who", ["other", "anonymous"])
@pytest.mark.parametrize("lists", [True, False])
def test_who_may_not_list_is_not_told_what_is_missing(s3, opened, put, policy, callers, who, lists):
    put("there")
    listing = [statement("Allow", "s3:ListBucket", "arn:aws:s3:::{}")] if lists else []
    policy(statement("Allow", "s3:GetObject"), *listing)
    refusal("NoSuchKey" if lists else "AccessDenied", callers[who].get_object, Bucket=opened, Key="none")
    refusal("404" if lists else "403", callers[who].head_object, Bucket=opened, Key="none")
    callers[who].get_object(Bucket=opened, Key="there")


def test_a_denial_goes_before_everything(s3, opened, put, policy):
    put("key")
    policy(statement("Allow", "s3:*"), statement("Deny", "s3:GetObject"))
    refusal("AccessDenied", s3.get_object, Bucket=opened, Key="key")
    policy(statement("Deny", "s3:*", ["arn:aws:s3:::{}", "arn:aws:s3:::{}/*"]))
    refusal("AccessDenied", s3.list_objects_v2, Bucket=opened)
    # The root user cannot lock itself out of the policy.
    s3.get_bucket_policy(Bucket=opened)
    s3.delete_bucket_policy(Bucket=opened)


def test_a_batch_is_decided_key_by_key(s3, opened, put, policy):
    [put(key) for key in ("kept/1", "free/1")]
    policy(statement("Deny", "s3:DeleteObject", "arn:aws:s3:::{}/kept/*"))
    answer = s3.delete_objects(Bucket=opened, Delete={"Objects": [{"Key": "kept/1"}, {"Key": "free/1"}]})
    assert [gone["Key"] for gone in answer["Deleted"]] == ["free/1"]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("kept/1", "AccessDenied")]


@pytest.mark.parametrize("denied", ["s3:GetObject", "s3:GetObjectVersion"])
def test_versions_are_actions_of_their_own(s3, opened, put, policy, denied):
    s3.put_bucket_versioning(Bucket=opened, VersioningConfiguration={"Status": "Enabled"})
    version = put("key")["VersionId"]
    policy(statement("Deny", denied))
    assert may(s3.get_object, Bucket=opened, Key="key") == (denied != "s3:GetObject")
    assert may(s3.get_object, Bucket=opened, Key="key", VersionId=version) == (denied != "s3:GetObjectVersion")
    of_all = {"Bucket": opened, "Key": "key", "ObjectAttributes": ["ETag"]}
    assert may(s3.get_object_attributes, **of_all) == (denied != "s3:GetObject")
    assert may(s3.get_object_attributes, VersionId=version, **of_all) == (denied != "s3:GetObjectVersion")


def test_a_copy_needs_to_read_its_source(s3, names, opened, put, policy, as_account):
    put("key")
    other, target = as_account(OTHER), next(names)
    other.create_bucket(Bucket=target)
    copy = {"Bucket": target, "Key": "copy", "CopySource": f"{opened}/key"}
    refusal("AccessDenied", other.copy_object, **copy)
    policy(statement("Allow", "s3:GetObject", principal={"AWS": OTHER}))
    other.copy_object(**copy)
    upload = other.create_multipart_upload(Bucket=target, Key="parts")["UploadId"]
    part = {"Bucket": target, "Key": "parts", "UploadId": upload, "PartNumber": 1, "CopySource": f"{opened}/key"}
    other.upload_part_copy(**part)
    s3.delete_bucket_policy(Bucket=opened)
    refusal("AccessDenied", other.upload_part_copy, **part)


@pytest.mark.parametrize(
    ("action", "further", "arguments"),
    [
        ("s3:PutObject", "s3:PutObjectAcl", {"ACL": "bucket-owner-full-control"}),
        ("s3:PutObject", "s3:PutObjectTagging", {"Tagging": "a=b"}),
    ],
)
def test_what_a_write_does_besides_needs_its_own_permission(opened, policy, as_account, action, further, arguments):
    other, write = as_account(OTHER), {"Bucket": opened, "Key": "key", "Body": b""}
    policy(statement("Allow", action))
    other.put_object(**write)
    refusal("AccessDenied", other.put_object, **write, **arguments)
    policy(statement("Allow", [action, further]))
    other.put_object(**write, **arguments)


@pytest.mark.parametrize("action", ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"])
def test_governance_is_bypassed_by_permission(s3, names, as_account, clock, action):
    bucket, other = next(names), as_account(OTHER)
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OPEN)
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}},
    )
    version = s3.put_object(Bucket=bucket, Key="key", Body=b"")["VersionId"]
    both = {"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"}
    allowed = json.dumps({"Statement": [statement("Allow", sorted(both - {action}), f"arn:aws:s3:::{bucket}/*")]})
    s3.put_bucket_policy(Bucket=bucket, Policy=allowed)
    one = {"Bucket": bucket, "Key": "key", "VersionId": version, "BypassGovernanceRetention": True}
    refusal("AccessDenied", other.delete_object, **one)
    many = {"Objects": [{"Key": "key", "VersionId": version}]}
    (error,) = other.delete_objects(Bucket=bucket, Delete=many, BypassGovernanceRetention=True)["Errors"]
    assert error["Code"] == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=allowed.replace("[\"s3:", "[\"" + action + "\", \"s3:"))
    other.delete_object(**one)


CONDITIONS = [
    ("StringEquals", "s3:prefix", "a/", "list_objects_v2", {"Prefix": "a/"}, {"Prefix": "b/"}),
    ("StringEquals", "s3:prefix", "", "list_objects_v2", {}, {"Prefix": "b/"}),
    ("StringEquals", "s3:delimiter", "/", "list_objects_v2", {"Delimiter": "/"}, {}),
    ("NumericLessThanEquals", "s3:max-keys", "10", "list_objects_v2", {"MaxKeys": 10}, {"MaxKeys": 11}),
    ("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control", "put_object", {"ACL": "bucket-owner-full-control"}, {}),
    ("StringEquals", "s3:RequestObjectTag/a", "b", "put_object", {"Tagging": "a=b"}, {"Tagging": "a=c"}),
    ("StringEquals", "s3:RequestObjectTag/a", "b", "put_object_tagging", {"a": "b"}, {"a": "c"}),
    ("ForAllValues:StringEquals", "s3:RequestObjectTagKeys", "a", "put_object", {"Tagging": "a=b"}, {"Tagging": "a=b&c=d"}),
    ("StringEquals", "s3:x-amz-server-side-encryption", "AES256", "put_object", {"ServerSideEncryption": "AES256"}, {}),
    ("StringEquals", "s3:x-amz-storage-class", "GLACIER", "put_object", {"StorageClass": "GLACIER"}, {}),
    ("Null", "s3:if-none-match", "false", "put_object", {"IfNoneMatch": "*"}, {}),
]


@pytest.mark.parametrize(("operator", "key", "value", "operation", "good", "bad"), CONDITIONS)
def test_conditions_on_what_a_request_says(opened, put, policy, as_account, operator, key, value, operation, good, bad):
    put("there")
    resource = ["arn:aws:s3:::{}", "arn:aws:s3:::{}/*"]
    policy(statement("Allow", ["s3:PutObjectAcl"], resource), statement("Allow", "s3:*", resource, **{operator: {key: value}}))
    other = as_account(OTHER)

    def call(arguments):
        match operation:
            case "list_objects_v2":
                return may(other.list_objects_v2, Bucket=opened, **arguments)
            case "put_object":
                return may(other.put_object, Bucket=opened, Key="key", Body=b"", **arguments)
            case "put_object_tagging":
                tags = {"TagSet": [{"Key": name, "Value": value} for name, value in arguments.items()]}
                return may(other.put_object_tagging, Bucket=opened, Key="there", Tagging=tags)

    assert (call(good), call(bad)) == (True, False)


def test_conditions_on_the_tags_of_an_object(s3, opened, put, policy, anonymous):
    put("public", Tagging="access=public")
    put("private")
    policy(statement("Allow", "s3:GetObject", StringEquals={"s3:ExistingObjectTag/access": "public"}))
    anonymous.get_object(Bucket=opened, Key="public")
    refusal("AccessDenied", anonymous.get_object, Bucket=opened, Key="private")
    s3.delete_object_tagging(Bucket=opened, Key="public")
    refusal("AccessDenied", anonymous.get_object, Bucket=opened, Key="public")


@pytest.mark.parametrize(
    ("operator", "key", "value", "holds"),
    [
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8", True),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", False),
        ("StringLike", "aws:UserAgent", "Boto3/*", True),
        ("StringLike", "aws:UserAgent", "curl/*", False),
        ("StringLike", "aws:Referer", "http://example.com/*", False),
        ("StringLikeIfExists", "aws:Referer", "http://example.com/*", True),
        ("StringEquals", "s3:authType", "REST-HEADER", True),
        ("StringEquals", "s3:authType", "REST-QUERY-STRING", False),
        ("StringEquals", "s3:signatureversion", "AWS4-HMAC-SHA256", True),
        ("StringEquals", "s3:signatureversion", "AWS", False),
    ],
)
def test_conditions_on_the_client(variant, opened, put, policy, as_account, operator, key, value, holds):
    put("key")
    policy(statement("Allow", "s3:GetObject", **{operator: {key: value}}))
    assert may(as_account(OTHER).get_object, Bucket=opened, Key="key") == holds


@pytest.mark.parametrize("secure", ["true", "false"])
def test_conditions_on_the_transport(variant, opened, put, policy, as_account, secure):
    put("key")
    policy(statement("Allow", "s3:GetObject", Bool={"aws:SecureTransport": secure}))
    assert may(as_account(OTHER).get_object, Bucket=opened, Key="key") == ((secure == "true") == (variant in ("tls", "h2")))


def test_presigned_requests_are_told_apart(clients, world, opened, put, policy, as_account):
    if clients.verify:
        pytest.skip("the plain client knows no authority")
    put("key")
    policy(statement("Allow", "s3:GetObject", StringEquals={"s3:authType": "REST-QUERY-STRING"}))
    url = as_account(OTHER).generate_presigned_url("get_object", Params={"Bucket": opened, "Key": "key"})
    request = urllib.request.Request(url, headers={"x-kumoi-world": world})
    assert urllib.request.urlopen(request).read() == b"body"
    refusal("AccessDenied", as_account(OTHER).get_object, Bucket=opened, Key="key")


@pytest.mark.parametrize(("referer", "status"), [("http://example.com/page", 200), ("http://example.org/", 403), (None, 403)])
def test_pages_that_may_refer_to_an_object(clients, world, opened, put, policy, referer, status):
    if clients.verify:
        pytest.skip("the plain client knows no authority")
    put("key")
    policy(statement("Allow", "s3:GetObject", StringLike={"aws:Referer": "http://example.com/*"}))
    headers = {"x-kumoi-world": world, **({"Referer": referer} if referer else {})}
    request = urllib.request.Request(f"{clients.endpoint}/{opened}/key", headers=headers)
    try:
        assert urllib.request.urlopen(request).status == status
    except urllib.error.HTTPError as error:
        assert error.code == status


def test_accounts_other_than_the_owner_have_nothing_to_say_of_a_bucket(opened, policy, as_account):
    other = as_account(OTHER)
    for call in (other.get_bucket_policy, other.get_bucket_versioning, other.get_bucket_acl, other.delete_bucket, other.list_objects_v2):
        refusal("AccessDenied", call, Bucket=opened)
    policy(statement("Allow", "s3:GetBucketVersioning", "arn:aws:s3:::{}"))
    other.get_bucket_versioning(Bucket=opened)
