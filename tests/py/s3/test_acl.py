"""Access control lists. User Guide, "Access control list (ACL) overview", "Controlling ownership of objects and disabling ACLs"."""

import pytest

from harness.s3 import refusal

OTHER = "111111111111"
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOGS = "http://acs.amazonaws.com/groups/s3/LogDelivery"


@pytest.fixture
def bucket(s3, names):
    """A bucket with access control lists, where nothing is kept from being public."""
    name = next(names)
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    return name


def own(s3, bucket):
    return s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]


def grants(answer):
    owner = answer["Owner"]["ID"]
    who = lambda grantee: grantee.get("URI") or ("owner" if grantee["ID"] == owner else grantee["ID"])
    return sorted((who(grant["Grantee"]), grant["Permission"]) for grant in answer["Grants"])


OWNER = ("owner", "FULL_CONTROL")
CANNED = {
    "private": [OWNER],
    "public-read": [(EVERYONE, "READ"), OWNER],
    "public-read-write": [(EVERYONE, "READ"), (EVERYONE, "WRITE"), OWNER],
    "authenticated-read": [(AUTHENTICATED, "READ"), OWNER],
}


@pytest.mark.parametrize("acl", CANNED)
def test_canned_lists(s3, bucket, put, acl):
    put("key", ACL=acl)
    assert grants(s3.get_object_acl(Bucket=bucket, Key="key")) == CANNED[acl]
    put("other")
    s3.put_object_acl(Bucket=bucket, Key="other", ACL=acl)
    assert grants(s3.get_object_acl(Bucket=bucket, Key="other")) == CANNED[acl]
    s3.put_bucket_acl(Bucket=bucket, ACL=acl)
    assert grants(s3.get_bucket_acl(Bucket=bucket)) == CANNED[acl]


def test_a_list_for_the_delivery_of_logs(s3, bucket, put):
    s3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    assert grants(s3.get_bucket_acl(Bucket=bucket)) == [(LOGS, "READ_ACP"), (LOGS, "WRITE"), OWNER]
    refusal("InvalidArgument", put, "key", ACL="log-delivery-write")


@pytest.mark.parametrize(("acl", "permission"), [("bucket-owner-read", "READ"), ("bucket-owner-full-control", "FULL_CONTROL")])
def test_lists_that_name_the_owner_of_the_bucket(s3, bucket, as_account, acl, permission):
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    other = as_account(OTHER)
    other.put_object(Bucket=bucket, Key="key", Body=b"", ACL=acl)
    assert grants(other.get_object_acl(Bucket=bucket, Key="key")) == sorted([OWNER, (own(s3, bucket), permission)])
    s3.get_object(Bucket=bucket, Key="key")


def test_grants_in_headers(s3, bucket, put, as_account):
    other = as_account(OTHER).list_buckets()["Owner"]["ID"]
    put("key", GrantRead=f'id="{other}", uri="{EVERYONE}"', GrantWriteACP=f"id={other}")
    expected = sorted([(other, "READ"), (EVERYONE, "READ"), (other, "WRITE_ACP")])
    assert grants(s3.get_object_acl(Bucket=bucket, Key="key")) == expected
    refusal("InvalidRequest", put, "key", ACL="private", GrantRead=f"id={other}")
    refusal("InvalidArgument", put, "key", GrantRead="id=nobody")
    refusal("InvalidArgument", put, "key", GrantRead="uri=http://example.com/")
    refusal("UnresolvableGrantByEmailAddress", put, "key", GrantRead="emailAddress=nobody@example.com")


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("READ", {"get_object"}),
        ("READ_ACP", {"get_object_acl"}),
        ("WRITE_ACP", {"put_object_acl"}),
        ("FULL_CONTROL", {"get_object", "get_object_acl", "put_object_acl"}),
    ],
)
def test_what_a_permission_for_an_object_allows(s3, bucket, put, as_account, permission, allowed):
    other = as_account(OTHER)
    grant = {"READ": "GrantRead", "READ_ACP": "GrantReadACP", "WRITE_ACP": "GrantWriteACP", "FULL_CONTROL": "GrantFullControl"}[permission]
    put("key", **{grant: f"id={other.list_buckets()['Owner']['ID']}"})
    calls = {"get_object": {}, "get_object_acl": {}, "put_object_acl": {"ACL": "private"}, "get_object_tagging": {}}
    calls["get_object_attributes"] = {"ObjectAttributes": ["ETag"]}
    for name, arguments in calls.items():
        if name not in allowed:
            refusal("AccessDenied", getattr(other, name), Bucket=bucket, Key="key", **arguments)
    for name in sorted(allowed):
        getattr(other, name)(Bucket=bucket, Key="key", **calls[name])


@pytest.mark.parametrize("permission", ["READ", "WRITE", "READ_ACP", "WRITE_ACP"])
def test_what_a_permission_for_a_bucket_allows(s3, bucket, put, as_account, permission):
    other = as_account(OTHER)
    ids = {"own": own(s3, bucket), "other": other.list_buckets()["Owner"]["ID"]}
    grant = {"READ": "GrantRead", "WRITE": "GrantWrite", "READ_ACP": "GrantReadACP", "WRITE_ACP": "GrantWriteACP"}[permission]
    s3.put_bucket_acl(Bucket=bucket, GrantFullControl=f"id={ids['own']}", **{grant: f"id={ids['other']}"})
    put("key")
    calls = {
        "READ": lambda: other.list_objects_v2(Bucket=bucket),
        "WRITE": lambda: (other.put_object(Bucket=bucket, Key="new", Body=b""), other.delete_object(Bucket=bucket, Key="key")),
        "READ_ACP": lambda: other.get_bucket_acl(Bucket=bucket),
        "WRITE_ACP": lambda: other.put_bucket_acl(Bucket=bucket, ACL="private"),
    }
    for name, call in calls.items():
        if name != permission:
            refusal("AccessDenied", call)
    refusal("AccessDenied", other.get_object, Bucket=bucket, Key="key")
    calls[permission]()


def test_who_may_write_to_a_bucket_may_not_ignore_governance(s3, names, as_account):
    name, other = next(names), as_account(OTHER)
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter", ObjectLockEnabledForBucket=True)
    s3.put_bucket_acl(Bucket=name, GrantWrite=f"id={other.list_buckets()['Owner']['ID']}")
    version = s3.put_object(Bucket=name, Key="key", Body=b"")["VersionId"]
    refusal("AccessDenied", other.delete_object, Bucket=name, Key="key", VersionId=version, BypassGovernanceRetention=True)
    other.delete_object(Bucket=name, Key="key", VersionId=version)


def test_documents(s3, bucket, put):
    put("key")
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]
    document = {"Owner": owner, "Grants": [{"Grantee": {"Type": "Group", "URI": EVERYONE}, "Permission": "READ"}]}
    s3.put_object_acl(Bucket=bucket, Key="key", AccessControlPolicy=document)
    assert grants(s3.get_object_acl(Bucket=bucket, Key="key")) == [(EVERYONE, "READ")]
    refusal("UnexpectedContent", s3.put_object_acl, Bucket=bucket, Key="key", AccessControlPolicy=document, ACL="private")
    refusal("MissingSecurityHeader", s3.put_object_acl, Bucket=bucket, Key="key")
    refusal("AccessDenied", s3.put_object_acl, Bucket=bucket, Key="key", AccessControlPolicy={**document, "Owner": {"ID": "0" * 64}})


# Where access control lists are disabled.

WRITES = {
    "put_object": {"Body": b""},
    "create_multipart_upload": {},
    "copy_object": {"CopySource": "{}/source", "MetadataDirective": "REPLACE"},
}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("acl", ["private", "public-read", "bucket-owner-read", "authenticated-read", "bucket-owner-full-control"])
def test_a_bucket_without_lists_takes_one_alone(s3, names, operation, acl):
    name = next(names)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="source", Body=b"")
    arguments = {key: value.replace("{}", name) if isinstance(value, str) else value for key, value in WRITES[operation].items()}
    call = lambda **more: getattr(s3, operation)(Bucket=name, Key="key", **arguments, **more)
    if acl == "bucket-owner-full-control":
        call(ACL=acl)
    else:
        refusal("AccessControlListNotSupported", call, ACL=acl)
    call(GrantFullControl=f"id={own(s3, name)}")
    refusal("AccessControlListNotSupported", call, GrantRead=f"id={own(s3, name)}")


def test_lists_that_were_there_count_again_when_they_are_enabled(s3, bucket, put):
    put("key", ACL="public-read")
    rules = lambda name: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": name}]})
    rules("BucketOwnerEnforced")
    assert grants(s3.get_object_acl(Bucket=bucket, Key="key")) == [OWNER]
    refusal("AccessControlListNotSupported", s3.put_object_acl, Bucket=bucket, Key="key", ACL="private")
    refusal("AccessControlListNotSupported", s3.put_bucket_acl, Bucket=bucket, ACL="private")
    rules("ObjectWriter")
    assert grants(s3.get_object_acl(Bucket=bucket, Key="key")) == CANNED["public-read"]


def test_public_lists_are_blocked(s3, bucket, put):
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    refusal("AccessDenied", put, "key", ACL="public-read")
    refusal("AccessDenied", s3.put_bucket_acl, Bucket=bucket, ACL="authenticated-read")
    put("key", ACL="private")


def test_a_new_bucket_may_be_said_to_be_private(s3, names):
    s3.create_bucket(Bucket=next(names), ACL="private")
    refusal("InvalidBucketAclWithObjectOwnership", s3.create_bucket, Bucket=next(names), ACL="public-read")
