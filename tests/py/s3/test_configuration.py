"""Configurations of buckets. API Reference: the operations on what is called subresources."""

import json
from datetime import datetime, timezone

import pytest

from harness.refusal import refused

HOUSE = "arn:aws:s3:::target"
ROLE = "arn:aws:iam::000000000000:role/replication"


def answer(response):
    response.pop("ResponseMetadata")
    return response


class Subresource:
    """Puts, gets and deletes one kind of configuration."""

    def __init__(self, s3, bucket, name, member):
        self.put = lambda value, **more: getattr(s3, f"put_{name}")(Bucket=bucket, **{member: value}, **more)
        self.get = lambda **more: answer(getattr(s3, f"get_{name}")(Bucket=bucket, **more))
        self.delete = lambda: getattr(s3, f"delete_{name.removesuffix('_configuration')}")(Bucket=bucket)


@pytest.fixture
def subresource(s3, bucket):
    return lambda name, member: Subresource(s3, bucket, name, member)


@pytest.fixture
def versioned(s3):
    """Makes a bucket with versioning."""

    def make(name):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    return make


RULE = {"ID": "rule", "Filter": {"Prefix": "logs/"}, "Status": "Enabled", "Expiration": {"Days": 30}}

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::bucket-1/*",
}

# Operation, member, configuration, what Get gives back, code and message without one.
ROUND_TRIPS = {
    "tagging": (
        "bucket_tagging",
        "Tagging",
        {"TagSet": [{"Key": "team", "Value": "a b"}, {"Key": "empty", "Value": ""}]},
        None,
        ("NoSuchTagSet", "The TagSet does not exist"),
    ),
    "policy": (
        "bucket_policy",
        "Policy",
        json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]}),
        lambda sent: {"Policy": sent},
        ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    ),
    "cors": (
        "bucket_cors",
        "CORSConfiguration",
        {
            "CORSRules": [
                {
                    "ID": "rule",
                    "AllowedHeaders": ["x-*"],
                    "AllowedMethods": ["GET", "PUT"],
                    "AllowedOrigins": ["https://*.example.com"],
                    "ExposeHeaders": ["etag"],
                    "MaxAgeSeconds": 60,
                },
                {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]},
            ]
        },
        None,
        ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    ),
    "website": (
        "bucket_website",
        "WebsiteConfiguration",
        {
            "IndexDocument": {"Suffix": "index.html"},
            "ErrorDocument": {"Key": "error.html"},
            "RoutingRules": [
                {
                    "Condition": {"KeyPrefixEquals": "old/", "HttpErrorCodeReturnedEquals": "404"},
                    "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302", "Protocol": "https"},
                }
            ],
        },
        None,
        ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ),
}


@pytest.mark.parametrize("kind", ROUND_TRIPS)
def test_what_is_put_is_given_back_until_it_is_deleted(subresource, kind):
    name, member, sent, told, (code, message) = ROUND_TRIPS[kind]
    there = subresource(name, member)
    with refused(code, message, status=404):
        there.get()
    there.put(sent)
    assert there.get() == (told(sent) if told else sent)
    for _ in range(2):
        there.delete()
        with refused(code, message, status=404):
            there.get()


def test_the_public_access_block(subresource):
    """User Guide, "Blocking public access": new buckets have all four settings."""
    there = subresource("public_access_block", "PublicAccessBlockConfiguration")
    settings = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    assert there.get() == {"PublicAccessBlockConfiguration": dict.fromkeys(settings, True)}
    there.put({"BlockPublicAcls": True})
    assert there.get() == {"PublicAccessBlockConfiguration": {**dict.fromkeys(settings, False), "BlockPublicAcls": True}}
    for _ in range(2):
        there.delete()
        with refused(
            "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", status=404
        ):
            there.get()


def test_ownership_controls(s3, bucket, subresource):
    """User Guide, "Controlling ownership of objects": enforced for new buckets, and against lists that grant something."""
    there = subresource("bucket_ownership_controls", "OwnershipControls")
    controls = lambda ownership: {"Rules": [{"ObjectOwnership": ownership}]}
    assert there.get() == {"OwnershipControls": controls("BucketOwnerEnforced")}
    for ownership in ("ObjectWriter", "BucketOwnerPreferred"):
        there.put(controls(ownership))
        assert there.get() == {"OwnershipControls": controls(ownership)}
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    with refused("InvalidBucketAclWithObjectOwnership", status=400):
        there.put(controls("BucketOwnerEnforced"))
    with refused("MalformedXML", status=400):
        there.put({"Rules": controls("ObjectWriter")["Rules"] * 2})
    for _ in range(2):
        there.delete()
        with refused("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", status=404):
            there.get()


def test_configurations_go_with_their_bucket(s3, bucket, as_account):
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
    with refused("NoSuchBucket", status=404):
        s3.put_bucket_tagging(Bucket="nowhere", Tagging=tags)
    with refused("AccessDenied", status=403):
        s3.get_bucket_tagging(Bucket=bucket, ExpectedBucketOwner="111111111111")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused("NoSuchTagSet", status=404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_tags_that_are_refused(subresource):
    """User Guide, "Categorizing your objects using tags": characters, lengths, the prefix `aws:`; at most 50."""
    put = subresource("bucket_tagging", "Tagging").put
    for key, value, message in [
        ("a#b", "", "The TagKey you have provided is invalid"),
        ("k" * 129, "", "The TagKey you have provided is invalid"),
        ("key", "v" * 257, "The TagValue you have provided is invalid"),
        ("aws:key", "", "System tags cannot be added/updated by requester"),
    ]:
        with refused("InvalidTag", message, status=400):
            put({"TagSet": [{"Key": key, "Value": value}]})
    with refused("InvalidTag", "Cannot provide multiple Tags with the same key", status=400):
        put({"TagSet": [{"Key": "same", "Value": "1"}, {"Key": "same", "Value": "2"}]})
    with refused("BadRequest", status=400):
        put({"TagSet": [{"Key": str(number), "Value": ""} for number in range(51)]})


def test_a_policy_is_answered_without_content(s3, bucket):
    """API Reference, PutBucketPolicy, sample response: 204."""
    answer = s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]}))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize("policy", ["", "[]", " {}", "{", "{" + '"a":1,' * 4000 + '"b":2}' + "x", json.dumps({"Id": "a" * 20480})])
def test_policies_that_are_refused(subresource, policy):
    """User Guide, "Bucket policies": JSON of at most 20 KB."""
    put = subresource("bucket_policy", "Policy").put
    with refused("MalformedXML" if not policy else "MalformedPolicy", status=400):
        put(policy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"AllowedMethods": ["PATCH"]}, "Found unsupported HTTP method in CORS config. Unsupported method is PATCH"),
        ({"AllowedOrigins": ["*a*"]}, 'AllowedOrigin "*a*" can not have more than one wildcard.'),
        ({"AllowedHeaders": ["*a*"]}, 'AllowedHeader "*a*" can not have more than one wildcard.'),
        (
            {"ExposeHeaders": ["*"]},
            'ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
        ),
    ],
)
def test_cors_rules_that_are_refused(subresource, change, message):
    put = subresource("bucket_cors", "CORSConfiguration").put
    with refused("InvalidRequest", message, status=400):
        put({"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], **change}]})


def test_documents_that_break_the_schema(s3, subresource):
    """API Reference, error MalformedXML: values outside a set, missing members, too many rules."""
    with refused("MalformedXML", starts="The XML you provided was not well-formed", status=400):
        subresource("bucket_ownership_controls", "OwnershipControls").put({"Rules": [{"ObjectOwnership": "Nobody"}]})
    with refused("MalformedXML", status=400):
        subresource("bucket_cors", "CORSConfiguration").put({"CORSRules": []})
    with refused("MalformedXML", status=400):
        subresource("bucket_request_payment", "RequestPaymentConfiguration").put({"Payer": "Nobody"})


def test_lifecycle_rules(subresource):
    """API Reference, PutBucketLifecycleConfiguration: rules without an id get one; small objects stay by default."""
    there = subresource("bucket_lifecycle_configuration", "LifecycleConfiguration")
    with refused("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", status=404):
        there.get()
    rules = [
        RULE,
        {
            "Filter": {"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 1}},
            "Status": "Disabled",
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}],
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
        },
        {"Prefix": "", "Status": "Enabled", "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=timezone.utc)}},
        {
            "ID": "x" * 255,
            "Filter": {},
            "Status": "Enabled",
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]
    there.put({"Rules": rules})
    found = there.get()
    assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    ids = [rule["ID"] for rule in found["Rules"]]
    assert len(set(ids)) == 4 and [ids[0], ids[3]] == ["rule", "x" * 255]
    assert found["Rules"] == [{**rule, "ID": number} for rule, number in zip(rules, ids)]
    there.put({"Rules": rules[:1]}, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    assert there.get() == {"Rules": [RULE], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    there.delete()
    with refused("NoSuchLifecycleConfiguration", status=404):
        there.get()


IA, GLACIER = "STANDARD_IA", "GLACIER"
TAG = {"Tag": {"Key": "k", "Value": "v"}}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
        ({"Expiration": {"Date": datetime(2030, 1, 1, 1)}}, "InvalidArgument", "'Date' must be at midnight GMT"),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML", None),
        ({"Expiration": {}}, "MalformedXML", None),
        ({"Status": "enabled"}, "MalformedXML", None),
        ({"Prefix": ""}, "MalformedXML", None),
        ({"Filter": None}, "MalformedXML", None),
        ({"Filter": {"Prefix": "a", **TAG}}, "MalformedXML", None),
        ({"Expiration": None}, "InvalidRequest", "At least one action needs to be specified in a rule"),
        ({"ID": "x" * 256}, "InvalidArgument", "ID length should not exceed allowed limit of 255"),
        (
            {"Filter": TAG, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            "InvalidRequest",
            "AbortIncompleteMultipartUpload cannot be specified with Tags.",
        ),
        (
            {"Filter": {"ObjectSizeLessThan": 9}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            "InvalidRequest",
            "AbortIncompleteMultipartUpload cannot be specified with Object Size.",
        ),
        (
            {"Filter": TAG, "Expiration": {"ExpiredObjectDeleteMarker": True}},
            "InvalidRequest",
            "ExpiredObjectDeleteMarker cannot be specified with Tags.",
        ),
        ({"Transitions": [{"Days": 1, "StorageClass": "STANDARD"}]}, "MalformedXML", None),
        ({"Transitions": [{"StorageClass": GLACIER}]}, "MalformedXML", None),
        (
            {"Transitions": [{"Days": 29, "StorageClass": IA}]},
            "InvalidArgument",
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (
            {"Transitions": [{"Days": 30, "StorageClass": GLACIER}]},
            "InvalidArgument",
            "'Days' in the Expiration action for filter '(prefix=logs/)' must be greater than 'Days' in the Transition action",
        ),
        (
            {"Transitions": [{"Date": datetime(2030, 1, 1), "StorageClass": GLACIER}]},
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=logs/)'",
        ),
        (
            {
                "Expiration": {"Days": 99},
                "Transitions": [{"Days": 30, "StorageClass": IA}, {"Days": 59, "StorageClass": GLACIER}],
            },
            "InvalidArgument",
            None,
        ),
        (
            {
                "Expiration": {"Days": 99},
                "Transitions": [{"Days": 70, "StorageClass": IA}, {"Days": 1, "StorageClass": GLACIER}],
            },
            "InvalidArgument",
            None,
        ),
        (
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 0}},
            "InvalidArgument",
            "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
        ),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}}, "InvalidArgument", None),
    ],
)
def test_lifecycle_rules_that_are_refused(subresource, change, code, message):
    """User Guide, "Lifecycle configuration elements"."""
    there = subresource("bucket_lifecycle_configuration", "LifecycleConfiguration")
    rule = {key: value for key, value in {**RULE, **change}.items() if value is not None}
    with refused(code, *([message] if message else []), status=400):
        there.put({"Rules": [rule]})


def test_lifecycle_ids_are_unique(subresource):
    with refused("InvalidArgument", "Rule ID must be unique. Found same ID for one or more rules", status=400):
        subresource("bucket_lifecycle_configuration", "LifecycleConfiguration").put({"Rules": [RULE, RULE]})
    with refused("MalformedXML", status=400):
        subresource("bucket_lifecycle_configuration", "LifecycleConfiguration").put(
            {"Rules": [{**RULE, "ID": str(number)} for number in range(1001)]}
        )


def test_encryption(subresource):
    """User Guide, "Setting default server-side encryption behavior": SSE-S3 where nothing is set."""
    there = subresource("bucket_encryption", "ServerSideEncryptionConfiguration")

    def rules(algorithm, key=False, **more):
        default = {"SSEAlgorithm": algorithm, **more}
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": key}]}

    def found():
        return there.get()["ServerSideEncryptionConfiguration"]

    assert found() == rules("AES256")
    there.put(rules("aws:kms", True, KMSMasterKeyID="alias/key"))
    assert found() == rules("aws:kms", True, KMSMasterKeyID="alias/key")
    there.delete()
    assert found() == rules("AES256")
    with refused("InvalidArgument", starts="a KMSMasterKeyID is not applicable", status=400):
        there.put(rules("AES256", KMSMasterKeyID="alias/key"))
    for broken in (rules("aws:fsx"), rules("rot13"), {"Rules": rules("AES256")["Rules"] * 2}):
        with refused("MalformedXML", status=400):
            there.put(broken)


@pytest.mark.parametrize(
    ("website", "code", "message"),
    [
        (
            {"ErrorDocument": {"Key": "e"}},
            "InvalidArgument",
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
        ),
        ({"IndexDocument": {"Suffix": "a/b"}}, "InvalidArgument", "The IndexDocument Suffix is not well formed"),
        (
            {"IndexDocument": {"Suffix": "i"}, "RedirectAllRequestsTo": {"HostName": "h"}},
            "InvalidArgument",
            "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
        ),
        (
            {"RedirectAllRequestsTo": {"HostName": "h", "Protocol": "ftp"}},
            "InvalidRequest",
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        ),
    ],
)
def test_websites_that_are_refused(subresource, website, code, message):
    with refused(code, message, status=400):
        subresource("bucket_website", "WebsiteConfiguration").put(website)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"Redirect": {"HttpRedirectCode": "300"}}, "The provided HTTP redirect code (300) is not valid. Valid codes are 3XX except 300."),
        (
            {"Condition": {"HttpErrorCodeReturnedEquals": "200"}, "Redirect": {"HostName": "h"}},
            "The provided HTTP error code (200) is not valid. Valid codes are 4XX or 5XX.",
        ),
        (
            {"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}},
            "You can only define ReplaceKeyPrefix or ReplaceKey but not both.",
        ),
    ],
)
def test_routing_rules_that_are_refused(subresource, rule, message):
    with refused("InvalidRequest", message, status=400):
        subresource("bucket_website", "WebsiteConfiguration").put(
            {"IndexDocument": {"Suffix": "i"}, "RoutingRules": [rule]}
        )


def test_logging(s3, bucket, as_account, subresource):
    """API Reference, PutBucketLogging: to a bucket of the same account and region; an empty status ends it."""
    there = subresource("bucket_logging", "BucketLoggingStatus")
    assert there.get() == {}
    s3.create_bucket(Bucket="logs")
    logging = {
        "TargetBucket": "logs",
        "TargetPrefix": "a/",
        "TargetGrants": [{"Grantee": {"Type": "CanonicalUser", "ID": "f" * 64}, "Permission": "READ"}],
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    there.put({"LoggingEnabled": logging})
    assert there.get() == {"LoggingEnabled": logging}
    there.put({})
    assert there.get() == {}
    as_account("111111111111").create_bucket(Bucket="theirs")
    s3.create_bucket(Bucket="away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for target, code, message, status in [
        ("nowhere", "InvalidTargetBucketForLogging", "The target bucket for logging does not exist", 400),
        (
            "theirs",
            "InvalidTargetBucketForLogging",
            "The owner for the bucket to be logged and the target bucket must be the same.",
            400,
        ),
        ("away", "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed.", 403),
    ]:
        with refused(code, message, status=status):
            there.put({"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}})


NAMED = {
    "analytics": ("Analytics", {"Id": "a", "StorageClassAnalysis": {}, "Filter": {"Prefix": "p"}}),
    "metrics": ("Metrics", {"Id": "a", "Filter": {"Tag": {"Key": "k", "Value": "v"}}}),
    "intelligent_tiering": (
        "IntelligentTiering",
        {"Id": "a", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
    "inventory": (
        "Inventory",
        {
            "Id": "a",
            "IsEnabled": True,
            "Destination": {"S3BucketDestination": {"Bucket": HOUSE, "Format": "CSV", "Encryption": {"SSES3": {}}}},
            "IncludedObjectVersions": "All",
            "OptionalFields": ["Size", "ETag"],
            "Schedule": {"Frequency": "Daily"},
        },
    ),
}


@pytest.mark.parametrize("kind", NAMED)
def test_configurations_with_an_id(s3, bucket, kind):
    """API Reference: each has an id of its own; a page of a list has 100."""
    name, configuration = NAMED[kind]
    member = f"{name}Configuration"

    def call(verb, suffix="configuration", **arguments):
        return answer(getattr(s3, f"{verb}_bucket_{kind}_{suffix}")(Bucket=bucket, **arguments))

    missing = ("NoSuchConfiguration", "The specified configuration does not exist.")
    with refused(*missing, status=404):
        call("get", Id="a")
    assert call("list", "configurations") == {"IsTruncated": False}
    call("put", Id="a", **{member: configuration})
    assert call("get", Id="a") == {member: configuration}
    for number in range(101):
        call("put", Id=f"b{number:03}", **{member: {**configuration, "Id": f"b{number:03}"}})
    first = call("list", "configurations")
    assert first["IsTruncated"] and len(first[f"{member}List"]) == 100
    rest = call("list", "configurations", ContinuationToken=first["NextContinuationToken"])
    assert [found["Id"] for found in rest[f"{member}List"]] == ["b099", "b100"] and not rest["IsTruncated"]
    with refused("InvalidArgument", status=400):
        call("put", Id="other", **{member: configuration})
    call("delete", Id="a")
    for verb in ("get", "delete"):
        with refused(*missing, status=404):
            call(verb, Id="a")


def test_replication(s3, subresource, bucket, versioned):
    """API Reference, PutBucketReplication: both buckets are versioned; the second schema has filters and priorities."""
    there = subresource("bucket_replication", "ReplicationConfiguration")
    missing = ("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
    first = {"ID": "r", "Prefix": "", "Status": "Enabled", "Destination": {"Bucket": HOUSE}}
    second = {
        "ID": "r",
        "Priority": 1,
        "Filter": {"Prefix": "a"},
        "Status": "Enabled",
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": HOUSE, "StorageClass": "STANDARD_IA"},
    }

    def put(*rules, role=ROLE):
        there.put({"Role": role, "Rules": list(rules)})

    with refused(*missing, status=404):
        there.get()
    with refused(
        "InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration", status=400
    ):
        put(first)
    versioned(bucket)
    with refused("InvalidRequest", "Destination bucket must exist.", status=400):
        put(first)
    s3.create_bucket(Bucket="target")
    with refused("InvalidRequest", "Destination bucket must have versioning enabled.", status=400):
        put(first)
    s3.put_bucket_versioning(Bucket="target", VersioningConfiguration={"Status": "Enabled"})
    for rule in (first, second):
        put(rule)
        assert there.get()["ReplicationConfiguration"] == {"Role": ROLE, "Rules": [rule]}
    with refused(
        "InvalidBucketState",
        "A replication configuration is present on this bucket, so the versioning state cannot be changed.",
        status=409,
    ):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    without = lambda member: {key: value for key, value in second.items() if key != member}
    for member in ("Priority", "DeleteMarkerReplication"):
        with refused("InvalidRequest", starts=f"{member} must be specified for this version", status=400):
            put(without(member))
    for code, rules, role in [
        ("InvalidArgument", [first], "arn:aws:iam::1:user/a"),
        ("InvalidRequest", [second, {**second, "ID": "s"}], ROLE),
        ("InvalidArgument", [second, {**second, "Priority": 2}], ROLE),
        ("MalformedXML", [first, {**second, "ID": "s"}], ROLE),
        ("MalformedXML", [{**second, "Prefix": ""}], ROLE),
    ]:
        with refused(code, status=400):
            put(*rules, role=role)
    there.delete()
    with refused(*missing, status=404):
        there.get()


def test_what_has_a_default(s3, bucket, subresource):
    """API Reference, GetBucketRequestPayment, GetBucketAccelerateConfiguration, GetBucketAbac."""
    payment = subresource("bucket_request_payment", "RequestPaymentConfiguration")
    assert payment.get() == {"Payer": "BucketOwner"}
    payment.put({"Payer": "Requester"})
    assert payment.get() == {"Payer": "Requester"}
    acceleration = subresource("bucket_accelerate_configuration", "AccelerateConfiguration")
    assert acceleration.get() == {}
    acceleration.put({"Status": "Suspended"})
    assert acceleration.get() == {"Status": "Suspended"}
    abac = subresource("bucket_abac", "AbacStatus")
    assert abac.get() == {"AbacStatus": {"Status": "Disabled"}}
    abac.put({"Status": "Enabled"})
    assert abac.get() == {"AbacStatus": {"Status": "Enabled"}}


def test_no_acceleration_with_dots(as_account):
    s3 = as_account("000000000000")
    s3.create_bucket(Bucket="with.dots")
    with refused("InvalidRequest", starts="S3 Transfer Acceleration is not supported for buckets with periods", status=400):
        s3.put_bucket_accelerate_configuration(Bucket="with.dots", AccelerateConfiguration={"Status": "Enabled"})


QUEUE, TOPIC, FUNCTION = (
    f"arn:aws:{service}:us-east-1:000000000000:{name}" for service, name in [("sqs", "q"), ("sns", "t"), ("lambda", "function:f")]
)


@pytest.fixture
def a_queue(clients, world):
    clients.client("sqs").create_queue(QueueName="q")


def queue(*events, prefix=None, suffix=None, arn=QUEUE, **more):
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value is not None]
    filter = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"QueueArn": arn, "Events": [f"s3:{event}" for event in events], **filter, **more}


def test_notifications(subresource, a_queue):
    """API Reference, PutBucketNotificationConfiguration: ids are made, an empty configuration ends them."""
    there = subresource("bucket_notification_configuration", "NotificationConfiguration")
    assert there.get() == {}
    there.put(
        {
            "QueueConfigurations": [queue("ObjectCreated:*", prefix="a", suffix=".jpg", Id="mine")],
            "TopicConfigurations": [{"TopicArn": TOPIC, "Events": ["s3:ObjectRemoved:*"]}],
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectRestore:Post"]}],
            "EventBridgeConfiguration": {},
        }
    )
    found = there.get()
    assert found["EventBridgeConfiguration"] == {}
    [queued] = found["QueueConfigurations"]
    assert queued["Id"] == "mine"
    assert queued["Filter"]["Key"]["FilterRules"] == [{"Name": "Prefix", "Value": "a"}, {"Name": "Suffix", "Value": ".jpg"}]
    assert found["TopicConfigurations"][0]["Id"] and found["LambdaFunctionConfigurations"][0]["Id"]
    there.put({})
    assert there.get() == {}


AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
)


@pytest.mark.parametrize(
    ("queues", "message"),
    [
        ([queue("Nothing")], "A specified event is not supported for notifications."),
        ([queue("ObjectCreated:*", arn="arn:aws:sqs")], "The ARN is not well formed"),
        ([queue("ObjectCreated:*", arn=TOPIC)], "The ARN is not well formed"),
        (
            [queue("ObjectCreated:*", arn=QUEUE.replace("us-east-1", "eu-west-1"))],
            "The notification destination service region is not valid for the bucket location constraint",
        ),
        (
            [queue("ObjectCreated:*"), queue("ObjectCreated:Put")],
            "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
        ),
        ([queue("ObjectCreated:*", prefix="a"), queue("ObjectCreated:Put", prefix="ab")], AMBIGUOUS),
        ([queue("ObjectCreated:*", prefix="a"), queue("ObjectCreated:Put", suffix="b")], AMBIGUOUS),
        (
            [queue("ObjectCreated:Put", Id="a"), queue("ObjectRemoved:Delete", Id="a")],
            "Same ID used for multiple configurations. IDs must be unique",
        ),
        (
            [
                {
                    **queue("ObjectCreated:Put"),
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}, {"Name": "Prefix", "Value": "b"}]}},
                }
            ],
            "Cannot specify more than one prefix rule in a filter.",
        ),
        (
            [{**queue("ObjectCreated:Put"), "Filter": {"Key": {"FilterRules": [{"Name": "infix", "Value": "a"}]}}}],
            "filter rule name must be either prefix or suffix",
        ),
    ],
)
def test_notifications_that_are_refused(subresource, queues, message):
    there = subresource("bucket_notification_configuration", "NotificationConfiguration")
    with refused("InvalidArgument", message, status=400):
        there.put({"QueueConfigurations": queues})


def test_notifications_side_by_side(subresource, a_queue):
    """User Guide, "Examples of valid notification configurations with object key name filtering"."""
    there = subresource("bucket_notification_configuration", "NotificationConfiguration")
    queues = [
        queue("ObjectCreated:*", prefix="a", suffix=".jpg"),
        queue("ObjectCreated:*", prefix="a", suffix=".png"),
        queue("ObjectCreated:*", prefix="b", suffix=".jpg"),
        queue("ObjectRemoved:*", prefix="a"),
    ]
    there.put({"QueueConfigurations": queues})
    assert len(there.get()["QueueConfigurations"]) == 4


def test_versioning(s3, bucket):
    """API Reference, PutBucketVersioning: a new bucket has no state; MFA delete takes a device."""
    put = lambda **states: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=states)
    get = lambda: answer(s3.get_bucket_versioning(Bucket=bucket))
    assert get() == {}
    for state in ("Enabled", "Suspended", "Enabled"):
        put(Status=state)
        assert get() == {"Status": state}
    with refused("MalformedXML", status=400):
        put(Status="Off")
    with refused("IllegalVersioningConfigurationException", status=400):
        put()
    with refused("AccessDenied", "Mfa Authentication must be used for this request", status=403):
        put(Status="Enabled", MFADelete="Enabled")


def test_object_lock(s3, bucket, versioned, subresource):
    """API Reference, PutObjectLockConfiguration: a versioned bucket; days or years."""
    there = subresource("object_lock_configuration", "ObjectLockConfiguration")

    def lock(**retention):
        rule = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **retention}}} if retention else {}
        return {"ObjectLockEnabled": "Enabled", **rule}

    with refused(
        "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", status=404
    ):
        there.get()
    with refused("InvalidBucketState", starts="Versioning must be 'Enabled' on the bucket", status=409):
        there.put(lock(Days=1))
    versioned(bucket)
    for sent in (lock(Days=1), lock(Years=2), lock()):
        there.put(sent)
        assert there.get() == {"ObjectLockConfiguration": sent}
    for broken in (lock(Days=1, Years=1), lock(Mode="NONE", Days=1), lock(Mode="GOVERNANCE"), {}):
        with refused("MalformedXML", status=400):
            there.put(broken)
    for period in ({"Days": 0}, {"Years": -1}):
        with refused("InvalidRetentionPeriod", "Default retention period must be a positive integer value.", status=400):
            there.put(lock(**period))
    with refused("InvalidRetentionPeriod", "Default retention period too large", status=400):
        there.put(lock(Years=101))
    with refused(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        status=409,
    ):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
