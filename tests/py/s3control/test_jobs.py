"""Batch Operations. S3 User Guide, "Performing object operations in bulk with Batch Operations"; API Reference, CreateJob."""

import csv
import datetime
import gzip
import io
import json
import re

import pytest

from harness.refusal import refused

ROLE = "arn:aws:iam::000000000000:role/batch"
DAY = 86400
TAGS = {"S3PutObjectTagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}


@pytest.fixture
def objects(s3, bucket):
    keys = ["one", "two words", "three/ä,+.txt"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"key": "old"}, ContentType="text/plain")
    return keys


@pytest.fixture
def manifest(s3, bucket):
    """Makes a manifest in CSV and tells a job of it."""
    s3.create_bucket(Bucket="lists")

    def make(rows, fields=("Bucket", "Key"), key="list.csv"):
        etag = s3.put_object(Bucket="lists", Key=key, Body="".join(f"{row}\n" for row in rows))["ETag"]
        spec = {"Format": "S3BatchOperations_CSV_20180820", "Fields": list(fields)}
        return {"Spec": spec, "Location": {"ObjectArn": f"arn:aws:s3:::lists/{key}", "ETag": etag}}

    return make


@pytest.fixture
def listed(manifest, objects, bucket):
    return manifest([f"{bucket},one", f"{bucket},two%20words", f"{bucket},three/%C3%A4%2C%2B.txt"])


@pytest.fixture
def create(control, clock):
    numbers = iter(range(1000))

    def create(operation=None, report=None, **more):
        arguments = {
            "Operation": operation or TAGS,
            "Report": report or {"Enabled": False},
            "ClientRequestToken": f"token-{next(numbers)}",
            "Priority": 10,
            "RoleArn": ROLE,
            "ConfirmationRequired": False,
            **more,
        }
        return control.create_job(**arguments)["JobId"]

    return create


@pytest.fixture
def describe(control):
    return lambda job: control.describe_job(JobId=job)["Job"]


@pytest.fixture
def run(create, describe, clock):
    """Makes a job and waits for its end."""

    def run(*arguments, **more):
        job = create(*arguments, **more)
        clock.advance(60)
        return describe(job)

    return run


def summary(job):
    progress = job["ProgressSummary"]
    return tuple(progress[name] for name in ("TotalNumberOfTasks", "NumberOfTasksSucceeded", "NumberOfTasksFailed"))


def tags_of(s3, bucket, key, **version):
    return {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]}


def report_to(bucket, **more):
    return {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "Report_CSV_20180820", "Enabled": True, "ReportScope": "AllTasks", **more}


def read_report(s3, bucket, job, prefix=""):
    """The manifest of a report, and its rows by their status."""
    text = s3.get_object(Bucket=bucket, Key=f"{prefix}job-{job}/manifest.json")["Body"].read()
    manifest = json.loads(text)
    rows = {}
    for result in manifest["Results"]:
        content = s3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read().decode()
        rows[result["TaskExecutionStatus"]] = list(csv.reader(io.StringIO(content)))
    return manifest, rows


def test_a_job_goes_its_way(control, s3, bucket, objects, listed, create, describe, clock):
    """User Guide, "Tracking job status and completion reports"."""
    job = create(Manifest=listed, Description="tags for all")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", job)
    seen = [describe(job)["Status"]]
    for _ in range(6):
        clock.advance(1)
        seen.append(describe(job)["Status"])
    assert seen == ["New", "Preparing", "Ready", "Active", "Completing", "Complete", "Complete"]
    told = describe(job)
    assert told["JobArn"] == f"arn:aws:s3:us-east-1:000000000000:job/{job}"
    assert (told["JobId"], told["Description"], told["Priority"], told["RoleArn"]) == (job, "tags for all", 10, ROLE)
    assert told["Operation"] == TAGS and told["Manifest"]["Spec"] == listed["Spec"]
    assert told["ConfirmationRequired"] is False and "FailureReasons" not in told
    assert told["TerminationDate"] - told["CreationTime"] == datetime.timedelta(seconds=5)
    assert told["ProgressSummary"]["Timers"]["ElapsedTimeInActiveSeconds"] == 1
    assert summary(told) == (3, 3, 0)
    for key in objects:
        assert tags_of(s3, bucket, key) == {"a": "b"}


def test_a_job_waits_for_confirmation(control, s3, bucket, listed, create, describe, clock):
    job = create(Manifest=listed, ConfirmationRequired=True)
    with refused("JobStatusException", status=400):
        control.update_job_status(JobId=job, RequestedJobStatus="Ready")
    clock.advance(60)
    told = describe(job)
    assert told["Status"] == "Suspended" and "SuspendedDate" in told and summary(told) == (3, 0, 0)
    assert tags_of(s3, bucket, "one") == {}
    updated = control.update_job_status(JobId=job, RequestedJobStatus="Ready", StatusUpdateReason="looks good")
    assert (updated["JobId"], updated["Status"], updated["StatusUpdateReason"]) == (job, "Ready", "looks good")
    clock.advance(60)
    assert (describe(job)["Status"], describe(job)["StatusUpdateReason"]) == ("Complete", "looks good")
    assert tags_of(s3, bucket, "one") == {"a": "b"}


def test_a_job_that_nobody_confirms_fails(listed, create, describe, clock):
    job = create(Manifest=listed, ConfirmationRequired=True)
    clock.advance(29 * DAY)
    assert describe(job)["Status"] == "Suspended"
    clock.advance(2 * DAY)
    assert describe(job)["Status"] == "Failed"


def test_a_job_is_cancelled(control, s3, bucket, manifest, create, describe, clock):
    s3.put_object(Bucket=bucket, Key="key")
    job = create(Manifest=manifest([f"{bucket},key"] * 1000), report=report_to("lists"))
    while describe(job)["Status"] != "Active":
        clock.advance(1)
    clock.advance(2)
    updated = control.update_job_status(JobId=job, RequestedJobStatus="Cancelled", StatusUpdateReason="enough")
    assert updated["Status"] == "Cancelling"
    clock.advance(60)
    told = describe(job)
    assert told["Status"] == "Cancelled" and summary(told) == (1000, 200, 0)
    # What ran is reported.
    _, rows = read_report(s3, "lists", job)
    assert len(rows["succeeded"]) == 200
    with refused("JobStatusException", status=400):
        control.update_job_status(JobId=job, RequestedJobStatus="Cancelled")
    with refused("BadRequestException", status=400):
        control.update_job_priority(JobId=job, Priority=1)


def test_the_same_token_is_the_same_job(control, create, listed):
    """API Reference, CreateJob: an idempotency token."""
    job = create(Manifest=listed, ClientRequestToken="mine")
    assert create(Manifest=listed, ClientRequestToken="mine") == job
    with refused("IdempotencyException", status=400):
        create(Manifest=listed, ClientRequestToken="mine", Priority=11)
    assert create(Manifest=listed, ClientRequestToken="other") != job


def test_a_completion_report(s3, bucket, objects, manifest, run):
    s3.create_bucket(Bucket="reports")
    listed = manifest([f"{bucket},one", f"{bucket},two%20words", f"{bucket},not/there"])
    job = run(Manifest=listed, report=report_to("reports", Prefix="final"))
    assert job["Status"] == "Complete" and summary(job) == (3, 2, 1)
    report, rows = read_report(s3, "reports", job["JobId"], "final/")
    assert report["Format"] == "Report_CSV_20180820"
    assert report["ReportSchema"] == "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", report["ReportCreationDate"])
    assert rows["succeeded"] == [
        [bucket, "one", "", "succeeded", "200", "", "Successful"],
        [bucket, "two%20words", "", "succeeded", "200", "", "Successful"],
    ]
    assert [row[:6] for row in rows["failed"]] == [[bucket, "not/there", "", "failed", "404", "NoSuchKey"]]
    for result in report["Results"]:
        assert result["Bucket"] == "reports" and re.fullmatch(rf"final/job-{job['JobId']}/results/[0-9a-f]{{40}}\.csv", result["Key"])
        head = s3.head_object(Bucket="reports", Key=result["Key"])
        assert head["ETag"] == f'"{result["MD5Checksum"]}"' and head["ServerSideEncryption"] == "AES256"


def test_a_report_of_failures_only(s3, bucket, objects, manifest, run):
    listed = manifest([f"{bucket},one", f"{bucket},none"])
    job = run(Manifest=listed, report=report_to("lists", ReportScope="FailedTasksOnly"))
    _, rows = read_report(s3, "lists", job["JobId"])
    assert list(rows) == ["failed"]


def test_a_report_that_cannot_be_written_fails_the_job(listed, run):
    job = run(Manifest=listed, report=report_to("lists", ExpectedBucketOwner="111111111111"))
    assert job["Status"] == "Failed" and job["FailureReasons"] and summary(job) == (3, 3, 0)


def test_too_many_failures_fail_the_job(bucket, manifest, create, describe, clock):
    """User Guide, "Tracking job failure": more than half of at least 1,000 tasks."""
    job = create(Manifest=manifest([f"{bucket},none"] * 1500))
    clock.advance(60)
    told = describe(job)
    assert told["Status"] == "Failed" and summary(told) == (1500, 0, 1000)
    assert "50 percent" in told["FailureReasons"][0]["FailureReason"]
    job = create(Manifest=manifest([f"{bucket},none"] * 999))
    clock.advance(60)
    assert describe(job)["Status"] == "Complete"


@pytest.mark.parametrize(
    "rows, fields, reason",
    [
        (["orders,one,v"], ("Bucket", "Key"), "Manifest file is not properly formatted"),
        (["orders,%FF"], ("Bucket", "Key"), "Invalid object key format"),
        (["orders,one,"], ("Bucket", "Key", "VersionId"), "Invalid version ID format"),
    ],
)
def test_manifests_that_fail_a_job(manifest, run, rows, fields, reason):
    """User Guide, "Troubleshooting Batch Operations", InvalidManifestContent."""
    job = run(Manifest=manifest(rows, fields))
    assert job["Status"] == "Failed"
    assert job["FailureReasons"] == [{"FailureCode": "InvalidManifestContent", "FailureReason": reason}]


def test_a_manifest_that_cannot_be_read(s3, listed, run):
    gone = {**listed, "Location": {"ObjectArn": "arn:aws:s3:::lists/none", "ETag": "x"}}
    assert run(Manifest=gone)["Status"] == "Failed"
    changed = {**listed, "Location": {**listed["Location"], "ETag": "0" * 32}}
    assert "ETag" in run(Manifest=changed)["FailureReasons"][0]["FailureReason"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lists/*"}
    s3.put_bucket_policy(Bucket="lists", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    job = run(Manifest=listed)
    assert job["FailureReasons"][0]["FailureReason"] == "Reading the manifest is forbidden: AccessDenied"


def test_an_inventory_report_is_a_manifest(s3, bucket, objects, run):
    s3.create_bucket(Bucket="inventory")
    for number, key in enumerate(["one", "two%20words"]):
        rows = f'"{bucket}","{key}","","3"\n'.encode()
        s3.put_object(Bucket="inventory", Key=f"data/{number}.csv.gz", Body=gzip.compress(rows))
    report = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::inventory",
        "version": "2016-11-30",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, Size",
        "files": [{"key": f"data/{number}.csv.gz", "size": 1, "MD5checksum": "0"} for number in range(2)],
    }
    etag = s3.put_object(Bucket="inventory", Key="manifest.json", Body=json.dumps(report))["ETag"]
    spec = {"Format": "S3InventoryReport_CSV_20161130"}
    job = run(Manifest={"Spec": spec, "Location": {"ObjectArn": "arn:aws:s3:::inventory/manifest.json", "ETag": etag}})
    assert job["Status"] == "Complete" and summary(job) == (2, 2, 0)
    assert tags_of(s3, bucket, "two words") == {"a": "b"}


def generator(bucket, **more):
    return {"S3JobManifestGenerator": {"SourceBucket": f"arn:aws:s3:::{bucket}", "EnableManifestOutput": False, **more}}


def test_a_generated_manifest(s3, bucket, objects, run):
    s3.create_bucket(Bucket="lists")
    output = {"Bucket": "arn:aws:s3:::lists", "ManifestPrefix": "made", "ManifestFormat": "S3InventoryReport_CSV_20211130"}
    names = {"MatchAnyPrefix": ["t", "o"], "MatchAnySuffix": ["words", ".txt"]}
    source = generator(bucket, EnableManifestOutput=True, ManifestOutputLocation=output, Filter={"KeyNameConstraint": names})
    job = run(ManifestGenerator=source)
    assert job["Status"] == "Complete" and summary(job) == (2, 2, 0)
    assert tags_of(s3, bucket, "one") == {} and tags_of(s3, bucket, "two words") == {"a": "b"}
    assert job["ManifestGenerator"] == source and "Manifest" not in job
    made = job["GeneratedManifestDescriptor"]
    assert made["Format"] == "S3InventoryReport_CSV_20211130"
    key = made["Location"]["ObjectArn"].removeprefix("arn:aws:s3:::lists/")
    answer = s3.get_object(Bucket="lists", Key=key, IfMatch=made["Location"]["ETag"])
    report = json.loads(answer["Body"].read())
    assert report["fileFormat"] == "CSV" and report["fileSchema"] == "Bucket, Key, VersionId"
    [file] = report["files"]
    rows = gzip.decompress(s3.get_object(Bucket="lists", Key=file["key"])["Body"].read()).decode()
    assert rows == f'"{bucket}","three/%C3%A4%2C%2B.txt",""\n"{bucket}","two%20words",""\n'


@pytest.mark.parametrize(
    "wanted, count",
    [
        ({}, 3),
        ({"ObjectSizeGreaterThanBytes": 3, "ObjectSizeLessThanBytes": 10}, 1),
        ({"MatchAnyStorageClass": ["STANDARD"]}, 3),
        ({"KeyNameConstraint": {"MatchAnyPrefix": ["t"]}}, 2),
        ({"KeyNameConstraint": {"MatchAnySubstring": ["wo", "x"]}}, 2),
        ({"CreatedAfter": datetime.datetime(2000, 1, 1)}, 3),
        ({"ObjectReplicationStatuses": ["NONE"]}, 3),
        ({"ObjectReplicationStatuses": ["FAILED"]}, 0),
        ({"MatchAnyObjectEncryption": [{"SSES3": {}}]}, 3),
        ({"MatchAnyObjectEncryption": [{"SSEKMS": {}}]}, 0),
        ({"CreatedBefore": datetime.datetime(2000, 1, 1)}, 0),
    ],
)
def test_filters_of_generated_manifests(bucket, objects, run, wanted, count):
    job = run(ManifestGenerator=generator(bucket, Filter=wanted))
    assert summary(job) == (count, count, 0)
    if count == 0:
        # User Guide, "Troubleshooting Batch Operations".
        assert job["Status"] == "Failed"
        assert job["FailureReasons"][0]["FailureReason"] == "Manifest generation found no keys matching the filter criteria."


def test_versions(s3, bucket, manifest, run):
    """User Guide, "Specifying a manifest": a version, or else the latest."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="key")["VersionId"] for _ in range(2))
    run(Manifest=manifest([f"{bucket},key,{first}"], ("Bucket", "Key", "VersionId")))
    assert tags_of(s3, bucket, "key", VersionId=first) == {"a": "b"} and tags_of(s3, bucket, "key") == {}
    run(Manifest=manifest([f"{bucket},key"]))
    assert tags_of(s3, bucket, "key", VersionId=second) == {"a": "b"}
    job = run(ManifestGenerator=generator(bucket))
    assert summary(job) == (2, 2, 0)


def test_copies(s3, bucket, objects, listed, run):
    s3.create_bucket(Bucket="copies")
    copy = {
        "TargetResource": "arn:aws:s3:::copies",
        "TargetKeyPrefix": "backup",
        "StorageClass": "STANDARD_IA",
        "NewObjectTagging": [{"Key": "x", "Value": "y z"}],
    }
    job = run({"S3PutObjectCopy": copy}, Manifest=listed)
    assert job["Status"] == "Complete" and summary(job) == (3, 3, 0)
    for key in objects:
        got = s3.get_object(Bucket="copies", Key=f"backup/{key}")
        assert got["Body"].read() == key.encode() and got["Metadata"] == {"key": "old"}
        assert (got["ContentType"], got["StorageClass"]) == ("text/plain", "STANDARD_IA")
        assert tags_of(s3, "copies", f"backup/{key}") == {"x": "y z"}


def test_copies_with_new_metadata(s3, bucket, objects, listed, run):
    s3.create_bucket(Bucket="copies")
    metadata = {"UserMetadata": {"key": "new"}, "ContentType": "text/csv", "SSEAlgorithm": "AES256"}
    run({"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::copies", "NewObjectMetadata": metadata}}, Manifest=listed)
    got = s3.head_object(Bucket="copies", Key="one")
    assert (got["Metadata"], got["ContentType"], got["ServerSideEncryption"]) == ({"key": "new"}, "text/csv", "AES256")
    # Another encryption alone is no new metadata.
    run({"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::copies", "NewObjectMetadata": {"SSEAlgorithm": "AES256"}}}, Manifest=listed)
    assert s3.head_object(Bucket="copies", Key="one")["Metadata"] == {"key": "old"}


def test_access_control_lists(s3, objects, run, manifest):
    s3.create_bucket(Bucket="open", ObjectOwnership="ObjectWriter")
    s3.put_object(Bucket="open", Key="key")
    listed = manifest(["open,key"])
    grants = lambda: {(grant["Grantee"].get("ID") or grant["Grantee"]["URI"], grant["Permission"]) for grant in s3.get_object_acl(Bucket="open", Key="key")["Grants"]}
    owner = s3.get_object_acl(Bucket="open", Key="key")["Owner"]["ID"]
    s3.delete_public_access_block(Bucket="open")
    run({"S3PutObjectAcl": {"AccessControlPolicy": {"CannedAccessControlList": "authenticated-read"}}}, Manifest=listed)
    group = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    assert grants() == {(owner, "FULL_CONTROL"), (group, "READ")}
    entries = [
        {"Grantee": {"TypeIdentifier": "id", "Identifier": owner}, "Permission": "FULL_CONTROL"},
        {"Grantee": {"TypeIdentifier": "uri", "Identifier": group}, "Permission": "READ_ACP"},
    ]
    policy = {"AccessControlList": {"Owner": {"ID": owner}, "Grants": entries}}
    assert summary(run({"S3PutObjectAcl": {"AccessControlPolicy": policy}}, Manifest=listed)) == (1, 1, 0)
    assert grants() == {(owner, "FULL_CONTROL"), (group, "READ_ACP")}


def test_tags_are_deleted(s3, bucket, objects, listed, run):
    s3.put_object_tagging(Bucket=bucket, Key="one", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert summary(run({"S3DeleteObjectTagging": {}}, Manifest=listed)) == (3, 3, 0)
    assert tags_of(s3, bucket, "one") == {}


def test_restores(s3, bucket, manifest, run, clock):
    s3.put_object(Bucket=bucket, Key="cold", StorageClass="GLACIER")
    s3.put_object(Bucket=bucket, Key="warm")
    restore = {"S3InitiateRestoreObject": {"ExpirationInDays": 2, "GlacierJobTier": "BULK"}}
    job = run(restore, Manifest=manifest([f"{bucket},cold", f"{bucket},warm"]), report=report_to("lists"))
    assert summary(job) == (2, 1, 1)
    _, rows = read_report(s3, "lists", job["JobId"])
    assert rows["failed"][0][3:6] == ["failed", "403", "InvalidObjectState"]
    assert s3.head_object(Bucket=bucket, Key="cold")["Restore"] == 'ongoing-request="true"'
    # Bulk retrievals take up to twelve hours, standard ones five.
    clock.advance(6 * 3600)
    assert s3.head_object(Bucket=bucket, Key="cold")["Restore"] == 'ongoing-request="true"'
    clock.advance(6 * 3600)
    assert 'ongoing-request="false"' in s3.head_object(Bucket=bucket, Key="cold")["Restore"]


def test_locks(s3, manifest, run, clock):
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="locked", Key="key")
    listed = manifest(["locked,key"])
    hold = lambda status: {"S3PutObjectLegalHold": {"LegalHold": {"Status": status}}}
    for status in ("ON", "OFF"):
        assert summary(run(hold(status), Manifest=listed)) == (1, 1, 0)
        assert s3.get_object_legal_hold(Bucket="locked", Key="key")["LegalHold"]["Status"] == status
    until = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    retention = {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until}}
    run({"S3PutObjectRetention": retention}, Manifest=listed)
    assert s3.get_object_retention(Bucket="locked", Key="key")["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    assert summary(run({"S3PutObjectRetention": {"Retention": {}}}, Manifest=listed)) == (1, 0, 1)
    bypass = {"BypassGovernanceRetention": True, "Retention": {}}
    assert summary(run({"S3PutObjectRetention": bypass}, Manifest=listed)) == (1, 1, 0)


def test_a_function_that_nobody_built_fails_each_task(s3, listed, run):
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    job = run({"LambdaInvoke": {"FunctionArn": function}}, Manifest=listed, report=report_to("lists"))
    assert job["Status"] == "Complete" and summary(job) == (3, 0, 3)
    _, rows = read_report(s3, "lists", job["JobId"])
    assert rows["failed"][0][3] == "failed" and rows["failed"][0][5]


def test_a_job_acts_as_its_role(s3, bucket, listed, create, describe, clock):
    """The role's session is whom policies of buckets see."""
    denied, allowed = (create(Manifest=listed) for _ in range(2))
    session = f"arn:aws:sts::000000000000:assumed-role/batch/s3-batch-operations-{denied}"
    statement = {"Effect": "Deny", "Principal": {"AWS": session}, "Action": "s3:PutObjectTagging", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    clock.advance(60)
    assert summary(describe(denied)) == (3, 0, 3) and summary(describe(allowed)) == (3, 3, 0)


def test_higher_priorities_go_first(control, s3, bucket, manifest, create, describe, clock):
    """User Guide, "Assigning job priority": a job pauses for one of a higher priority."""
    s3.put_object(Bucket=bucket, Key="key")
    low = create(Manifest=manifest([f"{bucket},key"] * 2000, key="low"), Priority=1)
    clock.advance(4)
    assert describe(low)["Status"] == "Active"
    high = create(Manifest=manifest([f"{bucket},key"] * 500, key="high"), Priority=2)
    clock.advance(6)
    assert (describe(low)["Status"], describe(high)["Status"]) == ("Paused", "Active")
    done = summary(describe(low))[1]
    control.update_job_priority(JobId=low, Priority=3)
    clock.advance(7)
    assert summary(describe(low))[1] > done and describe(low)["Priority"] == 3
    assert describe(high)["Status"] == "Paused"
    clock.advance(60)
    assert {describe(job)["Status"] for job in (low, high)} == {"Complete"}


def test_listing(control, as_account, create, listed, clock):
    jobs = []
    for number in range(5):
        jobs.append(create(Manifest=listed, Priority=number, ConfirmationRequired=number == 2))
        clock.advance(10)
    entries = control.list_jobs()["Jobs"]
    assert [entry["JobId"] for entry in entries] == jobs
    assert (entries[0]["Operation"], entries[0]["Status"], entries[4]["Priority"]) == ("S3PutObjectTagging", "Complete", 4)
    assert entries[0]["ProgressSummary"]["NumberOfTasksSucceeded"] == 3 and "TerminationDate" in entries[0]
    [waiting] = control.list_jobs(JobStatuses=["Suspended", "New"])["Jobs"]
    assert waiting["JobId"] == jobs[2]
    found, token = [], {}
    for _ in range(3):
        page = control.list_jobs(MaxResults=2, **token)
        found += [entry["JobId"] for entry in page["Jobs"]]
        token = {"NextToken": page.get("NextToken")}
    assert found == jobs and token["NextToken"] is None
    with refused("InvalidNextTokenException", status=400):
        control.list_jobs(NextToken="x")
    assert as_account("000000000000", "eu-west-1").list_jobs().get("Jobs", []) == []
    with refused("AccessDenied", status=403):
        as_account("111111111111").list_jobs(AccountId="000000000000")


def test_ended_jobs_are_forgotten_after_ninety_days(control, create, listed, describe, clock):
    job = create(Manifest=listed)
    clock.advance(89 * DAY)
    assert describe(job)["Status"] == "Complete"
    clock.advance(2 * DAY)
    with refused("NotFoundException", "No such job", status=400):
        describe(job)
    assert control.list_jobs().get("Jobs", []) == []


def test_tags_of_jobs(control, create, listed, run):
    job = create(Manifest=listed, Tags=[{"Key": "team", "Value": "a"}])
    assert control.get_job_tagging(JobId=job)["Tags"] == [{"Key": "team", "Value": "a"}]
    control.put_job_tagging(JobId=job, Tags=[{"Key": "x", "Value": "y"}])
    assert control.get_job_tagging(JobId=job)["Tags"] == [{"Key": "x", "Value": "y"}]
    with refused("TooManyTagsException", status=400):
        control.put_job_tagging(JobId=job, Tags=[{"Key": str(number), "Value": ""} for number in range(51)])
    control.delete_job_tagging(JobId=job)
    assert control.get_job_tagging(JobId=job).get("Tags", []) == []
    for call in (control.get_job_tagging, control.delete_job_tagging, control.describe_job):
        with refused("NotFoundException", status=400):
            call(JobId="00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c")


def test_what_is_refused(create, listed, bucket):
    wrong = [
        {"Manifest": listed, "ManifestGenerator": generator(bucket)},
        {},
        {"operation": {**TAGS, "S3DeleteObjectTagging": {}}, "Manifest": listed},
        {"operation": {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3express:us-east-1:0:bucket/x"}}, "Manifest": listed},
        {"report": {"Enabled": True}, "Manifest": listed},
        {"Manifest": {**listed, "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket"]}}},
        {"Manifest": {**listed, "Spec": {"Format": "S3InventoryReport_CSV_20161130", "Fields": ["Bucket", "Key"]}}},
        {"Manifest": listed, "RoleArn": "arn:aws:iam::000000000000:user/x"},
    ]
    for arguments in wrong:
        with refused("InvalidRequest", status=400):
            create(**arguments)
    with refused("AccessDenied", "Cross-account pass role is not allowed", status=403):
        create(Manifest=listed, RoleArn="arn:aws:iam::111111111111:role/batch")


def test_what_is_not_built(create, listed, bucket):
    for operation in ({"S3ReplicateObject": {}}, {"S3ComputeObjectChecksum": {}}):
        with refused("NotImplemented", status=501):
            create(operation, Manifest=listed)
    with refused("NotImplemented", status=501):
        create(ManifestGenerator=generator(bucket, Filter={"EligibleForReplication": True}))
