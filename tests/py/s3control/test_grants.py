"""S3 Access Grants. S3 User Guide, "Managing access with S3 Access Grants"; API Reference, "List of Amazon S3 Access Grants error codes"."""

import json

import pytest

from harness.hosts import keep_endpoint
from harness.refusal import refused

INSTANCE = "arn:aws:s3:us-east-1:000000000000:access-grants/default"
ROLE = "arn:aws:iam::000000000000:role/locations"
READER = "arn:aws:iam::000000000000:role/reader"


@pytest.fixture
def instance(control):
    return control.create_access_grants_instance()


@pytest.fixture
def location(control, instance, bucket):
    """Registers a location; its id."""
    return lambda scope=f"s3://{bucket}", role=ROLE: control.create_access_grants_location(LocationScope=scope, IAMRoleArn=role)["AccessGrantsLocationId"]


@pytest.fixture
def grant(control):
    def grant(location, prefix=None, grantee=READER, permission="READ", **more):
        if prefix is not None:
            more["AccessGrantsLocationConfiguration"] = {"S3SubPrefix": prefix}
        who = {"GranteeType": "IAM", "GranteeIdentifier": grantee}
        return control.create_access_grant(AccessGrantsLocationId=location, Grantee=who, Permission=permission, **more)

    return grant


@pytest.fixture
def session(clients, world):
    """S3 Control as a session of a role."""

    def session(role=READER, account="000000000000"):
        sts = clients.client("sts", key=role.split(":")[4])
        made = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        client = clients.client(
            "s3control", key=made["AccessKeyId"], secret=made["SecretAccessKey"], token=made["SessionToken"], keep=False
        )
        client = keep_endpoint(client, clients.endpoint)
        return lambda name, **arguments: getattr(client, name)(AccountId=account, **arguments)

    return session


def test_an_instance(control, as_account):
    missing = ("AccessGrantsInstanceNotExistsError", "Access Grants Instance does not exist")
    for call in (control.get_access_grants_instance, control.delete_access_grants_instance, control.list_access_grants_locations):
        with refused(*missing, status=404):
            call()
    assert control.list_access_grants_instances().get("AccessGrantsInstancesList", []) == []
    made = control.create_access_grants_instance(Tags=[{"Key": "a", "Value": "b"}])
    assert (made["AccessGrantsInstanceId"], made["AccessGrantsInstanceArn"]) == ("default", INSTANCE)
    with refused("AccessGrantsInstanceAlreadyExists", "Access Grants Instance already exists", status=409):
        control.create_access_grants_instance()
    got = control.get_access_grants_instance()
    assert (got["AccessGrantsInstanceArn"], got["CreatedAt"]) == (INSTANCE, made["CreatedAt"])
    [entry] = control.list_access_grants_instances()["AccessGrantsInstancesList"]
    assert entry["AccessGrantsInstanceArn"] == INSTANCE
    # One in each region and account.
    with refused(*missing, status=404):
        as_account("000000000000", "eu-west-1").get_access_grants_instance()
    with refused("AccessDenied", status=403):
        as_account("111111111111").get_access_grants_instance(AccountId="000000000000")
    control.delete_access_grants_instance()
    with refused(*missing, status=404):
        control.get_access_grants_instance()


def test_the_instance_of_a_prefix(control, as_account, s3, instance, bucket):
    got = control.get_access_grants_instance_for_prefix(S3Prefix=f"s3://{bucket}/a*")
    assert (got["AccessGrantsInstanceId"], got["AccessGrantsInstanceArn"]) == ("default", INSTANCE)
    s3.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("AccessGrantsInstanceNotExistsError", status=404):
        control.get_access_grants_instance_for_prefix(S3Prefix="s3://west/a*")
    with refused("NoSuchBucket", status=404):
        control.get_access_grants_instance_for_prefix(S3Prefix="s3://nowhere/")
    with refused("AccessDenied", status=403):
        as_account("111111111111").get_access_grants_instance_for_prefix(S3Prefix=f"s3://{bucket}/")
    with refused("InvalidRequest", status=400):
        control.get_access_grants_instance_for_prefix(S3Prefix=bucket)


def test_a_location(control, instance, bucket):
    made = control.create_access_grants_location(LocationScope=f"s3://{bucket}/a*", IAMRoleArn=ROLE)
    id = made["AccessGrantsLocationId"]
    assert made["AccessGrantsLocationArn"] == f"{INSTANCE}/location/{id}"
    assert (made["LocationScope"], made["IAMRoleArn"]) == (f"s3://{bucket}/a*", ROLE)
    updated = control.update_access_grants_location(AccessGrantsLocationId=id, IAMRoleArn=ROLE + "2")
    assert (updated["LocationScope"], updated["IAMRoleArn"]) == (f"s3://{bucket}/a*", ROLE + "2")
    assert control.get_access_grants_location(AccessGrantsLocationId=id)["IAMRoleArn"] == ROLE + "2"
    with refused("AccessGrantsLocationAlreadyExistsError", status=409):
        control.create_access_grants_location(LocationScope=f"s3://{bucket}/a*", IAMRoleArn=ROLE)
    everything = control.create_access_grants_location(LocationScope="s3://", IAMRoleArn=ROLE)
    assert everything["AccessGrantsLocationId"] == "default"
    assert len(control.list_access_grants_locations()["AccessGrantsLocationsList"]) == 2
    [entry] = control.list_access_grants_locations(LocationScope="s3://")["AccessGrantsLocationsList"]
    assert entry["AccessGrantsLocationArn"] == f"{INSTANCE}/location/default"
    page = control.list_access_grants_locations(MaxResults=1)
    rest = control.list_access_grants_locations(NextToken=page["NextToken"])
    assert len(page["AccessGrantsLocationsList"]) == len(rest["AccessGrantsLocationsList"]) == 1 and "NextToken" not in rest
    message = "Please clean up locations before deleting the access grants instance"
    with refused("AccessGrantsInstanceNotEmptyError", message, status=400):
        control.delete_access_grants_instance()
    control.delete_access_grants_location(AccessGrantsLocationId=id)
    for call in (control.get_access_grants_location, control.delete_access_grants_location):
        with refused("NoSuchAccessGrantsLocationError", "The specified access grants location does not exist", status=404):
            call(AccessGrantsLocationId=id)


def test_locations_that_are_refused(control, s3, instance, bucket):
    create = lambda scope, role=ROLE: control.create_access_grants_location(LocationScope=scope, IAMRoleArn=role)
    s3.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for scope in (bucket, "s3://nowhere", "s3://west/", f"s3://{bucket}*"):
        with refused("InvalidAccessGrantsLocation", "The specified Access Grants Location is invalid", status=400):
            create(scope)
    for role in ("arn:aws:iam::000000000000:user/x", "arn:aws:iam::111111111111:role/x"):
        with refused("InvalidIamRole", "The specified IAM Role is invalid", status=400):
            create("s3://", role)


def test_a_grant(control, bucket, location, grant):
    place = location()
    made = grant(place, "a*")
    id = made["AccessGrantId"]
    assert made["AccessGrantArn"] == f"{INSTANCE}/grant/{id}" and made["GrantScope"] == f"s3://{bucket}/a*"
    assert made["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": READER}
    got = control.get_access_grant(AccessGrantId=id)
    for name in ("AccessGrantArn", "GrantScope", "Permission", "AccessGrantsLocationId", "AccessGrantsLocationConfiguration", "Grantee"):
        assert got[name] == made[name]
    assert grant(place)["GrantScope"] == f"s3://{bucket}/*"
    with refused("AccessGrantAlreadyExists", "The specified access grant already exists", status=409):
        grant(place, "a*")
    message = "Please clean up access grants before deleting access grants location"
    with refused("AccessGrantsLocationNotEmptyError", message, status=400):
        control.delete_access_grants_location(AccessGrantsLocationId=place)
    control.delete_access_grant(AccessGrantId=id)
    for call in (control.get_access_grant, control.delete_access_grant):
        with refused("NoSuchAccessGrantError", "The specified access grant does not exist", status=404):
            call(AccessGrantId=id)


def test_grants_that_are_refused(control, bucket, location, grant):
    place, everything = location(), location("s3://")
    with refused("InvalidAccessGrant", "The specified Access Grant is invalid", status=400):
        grant(everything)
    with refused("InvalidAccessGrant", status=400):
        grant(place, permission="ADMIN")
    with refused("InvalidAccessGrant", status=400):
        grant(place, "a*", S3PrefixType="Object")
    with refused("InvalidRequest", "Invalid Grantee in the request", status=400):
        grant(place, grantee="me")
    with refused("NoSuchAccessGrantsLocationError", status=404):
        grant("none")
    with refused("NotImplemented", status=501):
        control.create_access_grant(AccessGrantsLocationId=place, Grantee={"GranteeType": "DIRECTORY_USER", "GranteeIdentifier": "x"}, Permission="READ")
    with refused("NotImplemented", status=501):
        grant(place, ApplicationArn="arn:aws:sso::000000000000:application/a/b")


def test_listing_grants(control, bucket, location, grant, session):
    place = location()
    for number in range(3):
        grant(place, f"a{number}*")
    grant(place, "b*", permission="WRITE")
    grant(place, "c*", grantee="arn:aws:iam::000000000000:user/x")
    scopes = lambda **wanted: sorted(entry["GrantScope"].removeprefix(f"s3://{bucket}/") for entry in control.list_access_grants(**wanted)["AccessGrantsList"])
    assert scopes() == ["a0*", "a1*", "a2*", "b*", "c*"]
    assert scopes(Permission="WRITE") == ["b*"] and scopes(GranteeIdentifier="arn:aws:iam::000000000000:user/x") == ["c*"]
    assert scopes(GrantScope=f"s3://{bucket}/a*") == ["a0*", "a1*", "a2*"]
    seen, token = [], {}
    while True:
        page = control.list_access_grants(MaxResults=2, GrantScope=f"s3://{bucket}/a*", **token)
        seen += page["AccessGrantsList"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(seen) == 3
    own = session()("list_caller_access_grants")["CallerAccessGrantsList"]
    assert sorted((entry["GrantScope"], entry["Permission"]) for entry in own) == [
        (f"s3://{bucket}/a{number}*", "READ") for number in range(3)
    ] + [(f"s3://{bucket}/b*", "WRITE")]
    assert own[0]["AccessGrantsInstanceArn"] == INSTANCE
    narrow = session()("list_caller_access_grants", GrantScope=f"s3://{bucket}/b")["CallerAccessGrantsList"]
    assert len(narrow) == 1


def test_credentials(clients, s3, bucket, location, grant, session, clock):
    """API Reference, GetDataAccess."""
    s3.put_object(Bucket=bucket, Key="a/key", Body=b"x")
    place = location()
    grant(place, "a/*")
    ask = session()
    got = ask("get_data_access", Target=f"s3://{bucket}/a/b*", Permission="READ")
    assert got["MatchedGrantTarget"] == f"s3://{bucket}/a/*" and got["MatchedInstanceArn"] == INSTANCE
    assert got["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": READER}
    made = got["Credentials"]
    seconds = lambda credentials, since: (credentials["Expiration"] - since).total_seconds()
    keys = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "token": made["SessionToken"]}
    # They are those of the location's role.
    identity = clients.client("sts", keep=False, **keys).get_caller_identity()["Arn"]
    assert identity.startswith("arn:aws:sts::000000000000:assumed-role/locations/access-grants-")
    reader = clients.client("s3", s3={"addressing_style": "path"}, keep=False, **keys)
    assert reader.get_object(Bucket=bucket, Key="a/key")["Body"].read() == b"x"
    longer = ask("get_data_access", Target=f"s3://{bucket}/a/b*", Permission="READ", DurationSeconds=7200)["Credentials"]
    assert seconds(longer, made["Expiration"]) == 3600
    clock.advance(3601)
    with refused("ExpiredToken", status=400):
        reader.get_object(Bucket=bucket, Key="a/key")


def test_who_gets_none(bucket, location, grant, session, control):
    place = location()
    grant(place, "a/*")
    ask = session()
    denied = lambda permission, target: refused("AccessDenied", f"You do not have {permission} permissions to the requested S3 Prefix: {target}", status=403)
    for permission, path in (("WRITE", "a/*"), ("READWRITE", "a/*"), ("READ", "*"), ("READ", "b/*")):
        target = f"s3://{bucket}/{path}"
        with denied(permission, target):
            ask("get_data_access", Target=target, Permission=permission)
    target = f"s3://{bucket}/a/*"
    with denied("READ", target):
        session("arn:aws:iam::000000000000:role/other")("get_data_access", Target=target, Permission="READ")
    with denied("READ", target):
        control.get_data_access(Target=target, Permission="READ")
    with refused("StsValidationError", status=400):
        ask("get_data_access", Target=target, Permission="READ", DurationSeconds=100)
    with refused("InvalidRequest", status=400):
        ask("get_data_access", Target=bucket, Permission="READ")


def test_the_closest_grant_counts(bucket, location, grant, session):
    place = location()
    grant(place, "a/*", permission="READWRITE")
    grant(place, "a/b/*")
    grant(place, "a/b/key", S3PrefixType="Object")
    ask = session()
    matched = lambda target, permission="READ", **more: ask(
        "get_data_access", Target=f"s3://{bucket}/{target}", Permission=permission, **more
    )["MatchedGrantTarget"].removeprefix(f"s3://{bucket}/")
    assert matched("a/b/c*") == "a/b/*" and matched("a/c*") == "a/*"
    assert matched("a/b/c*", "WRITE") == "a/*"
    assert matched("a/b/key", TargetType="Object") == "a/b/key" and matched("a/b/key2", TargetType="Object") == "a/b/*"
    assert matched("a/b/c*", Privilege="Minimal") == "a/b/c*"


def test_a_resource_policy(control, bucket, location, grant, session):
    """User Guide, "S3 Access Grants cross-account access"."""
    other = "arn:aws:iam::111111111111:role/reader"
    grant(location(), "a/*", grantee=other)
    ask = session(other)
    target = {"Target": f"s3://{bucket}/a/*", "Permission": "READ"}
    missing = ("AccessGrantsInstanceResourcePolicyNotExists", "Access Grants Instance Resource Policy does not exist")
    with refused(*missing, status=404):
        control.get_access_grants_instance_resource_policy()
    with refused("AccessDenied", status=403):
        ask("get_data_access", **target)
    with refused("InvalidResourcePolicy", "The specified Resource Policy is invalid", status=400):
        control.put_access_grants_instance_resource_policy(Policy="{")
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": ["s3:GetDataAccess"], "Resource": INSTANCE}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    put = control.put_access_grants_instance_resource_policy(Policy=text, Organization="o-1234567890")
    got = control.get_access_grants_instance_resource_policy()
    for name, value in (("Policy", text), ("Organization", "o-1234567890"), ("CreatedAt", put["CreatedAt"])):
        assert put[name] == got[name] == value
    assert ask("get_data_access", **target)["MatchedGrantTarget"] == f"s3://{bucket}/a/*"
    with refused("AccessDenied", status=403):
        ask("list_caller_access_grants")
    control.delete_access_grants_instance_resource_policy()
    with refused(*missing, status=404):
        control.get_access_grants_instance_resource_policy()


def test_tags(control, bucket, instance, location, grant):
    place = control.create_access_grants_location(LocationScope=f"s3://{bucket}", IAMRoleArn=ROLE, Tags=[{"Key": "a", "Value": "b"}])
    given = grant(place["AccessGrantsLocationId"], "x*", Tags=[{"Key": "a", "Value": "b"}])
    for arn, tags in ((INSTANCE, []), (place["AccessGrantsLocationArn"], [("a", "b")]), (given["AccessGrantArn"], [("a", "b")])):
        tags_of = lambda: [(tag["Key"], tag["Value"]) for tag in control.list_tags_for_resource(ResourceArn=arn).get("Tags", [])]
        assert tags_of() == tags
        control.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
        assert tags_of() == [*tags, ("c", "d")]
        control.untag_resource(ResourceArn=arn, TagKeys=["a", "c"])
        assert tags_of() == []
    with refused("NoSuchResource", status=404):
        control.list_tags_for_resource(ResourceArn=f"{INSTANCE}/grant/none")


def test_identity_center_is_not_built(control, instance):
    center = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
    with refused("NotImplemented", status=501):
        control.associate_access_grants_identity_center(IdentityCenterArn=center)
    with refused("NotImplemented", status=501):
        control.dissociate_access_grants_identity_center()
    control.delete_access_grants_instance()
    with refused("NotImplemented", status=501):
        control.create_access_grants_instance(IdentityCenterArn=center)
