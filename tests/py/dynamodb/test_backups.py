"""Backups. API Reference: CreateBackup, DescribeBackup, ListBackups, DeleteBackup, RestoreTableFromBackup; Developer Guide: "Backing up and restoring
DynamoDB tables with DynamoDB: How it works", "Restoring a DynamoDB table from a backup"."""

import datetime
import re

import pytest

from harness.refusal import refused

from .conftest import Table, index, schema


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


@pytest.fixture
def back_up(ddb):
    """Makes a backup, and returns its ARN."""

    def back_up(table, name="backup"):
        return ddb.create_backup(TableName=table.name, BackupName=name)["BackupDetails"]["BackupArn"]

    return back_up


@pytest.fixture
def restore(ddb, clock):
    def restore(arn, name="restored", **more):
        ddb.restore_table_from_backup(TargetTableName=name, BackupArn=arn, **more)
        clock.advance(1)
        return Table(ddb, name)

    return restore


def everything(table):
    """All items of a table, in the order of their keys `p` and `c`."""
    items, more = [], {}
    while True:
        answer = table.scan(**more)
        items += [table.read(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return sorted(items, key=lambda item: (item["p"], item.get("c", 0)))
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def fill(ddb, table, count, **more):
    for first in range(0, count, 25):
        items = [{"p": f"{number:05}", **more} for number in range(first, min(first + 25, count))]
        puts = [{"PutRequest": {"Item": table.write(item)}} for item in items]
        ddb.batch_write_item(RequestItems={table.name: puts})


class TestBackup:
    """CreateBackup, DescribeBackup, DeleteBackup."""

    def test_a_backup_is_described(self, ddb, plain, clock):
        """CreateBackup answers CREATING; BackupDescription tells the table as it was when the backup was requested."""
        plain.put({"p": "a", "n": 1})
        details = ddb.create_backup(TableName=plain.name, BackupName="first")["BackupDetails"]
        assert details["BackupStatus"] == "CREATING" and details["BackupType"] == "USER"
        assert details["BackupName"] == "first" and "BackupExpiryDateTime" not in details
        millis = int(clock.now() * 1000)
        pattern = rf"arn:aws:dynamodb:us-east-1:000000000000:table/{plain.name}/backup/0{millis}-[0-9a-f]{{8}}"
        assert re.fullmatch(pattern, details["BackupArn"])
        plain.put({"p": "b"})
        told = ddb.describe_backup(BackupArn=details["BackupArn"])["BackupDescription"]
        assert told["BackupDetails"]["BackupStatus"] == "AVAILABLE"
        source = told["SourceTableDetails"]
        assert source["TableName"] == plain.name and source["TableId"] == plain.describe()["TableId"]
        assert source["KeySchema"] == schema("p") and source["BillingMode"] == "PAY_PER_REQUEST"
        assert source["ProvisionedThroughput"] == {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        assert source["ItemCount"] == 1 and source["TableSizeBytes"] == told["BackupDetails"]["BackupSizeBytes"] == 2 + 3

    def test_features_of_the_table(self, ddb, create, back_up):
        """SourceTableFeatureDetails: indexes, stream and time to live of the table when it was backed up."""
        table = create(
            "p",
            "c",
            attributes=["a"],
            LocalSecondaryIndexes=[index("local", "p", "a")],
            GlobalSecondaryIndexes=[index("global", "a", projection="KEYS_ONLY")],
        )
        ddb.update_time_to_live(TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"})
        features = ddb.describe_backup(BackupArn=back_up(table))["BackupDescription"]["SourceTableFeatureDetails"]
        assert [one["IndexName"] for one in features["LocalSecondaryIndexes"]] == ["local"]
        assert features["GlobalSecondaryIndexes"][0]["KeySchema"] == schema("a")
        assert features["GlobalSecondaryIndexes"][0]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert features["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "t"}

    def test_what_is_not_there(self, ddb, plain, back_up):
        """TableNotFoundException, BackupNotFoundException; a backup that was deleted is not found any more."""
        with refused("TableNotFoundException", "Table not found: nowhere"):
            ddb.create_backup(TableName="nowhere", BackupName="backup")
        arn = back_up(plain)
        deleted = ddb.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
        assert deleted["BackupStatus"] == "DELETED"
        for call in (ddb.describe_backup, ddb.delete_backup):
            with refused("BackupNotFoundException", f"Backup not found: {arn}"):
                call(BackupArn=arn)
        with refused("BackupNotFoundException"):
            ddb.restore_table_from_backup(TargetTableName="new", BackupArn=arn)

    def test_a_backup_outlives_its_table(self, ddb, plain, back_up, restore):
        """Guide: on-demand backups are kept until they are deleted, whatever becomes of the table."""
        plain.put({"p": "a"})
        arn = back_up(plain)
        ddb.delete_table(TableName=plain.name)
        assert everything(restore(arn, plain.name)) == [{"p": "a"}]


class TestLists:
    """ListBackups."""

    def test_filters(self, ddb, create, back_up, on_the_second):
        """TableName, TimeRangeLowerBound (inclusive), TimeRangeUpperBound (exclusive), BackupType."""
        one, other = create("p"), create("p")
        start = on_the_second.now()
        arns = []
        for table in (one, other, one):
            arns.append(back_up(table))
            on_the_second.advance(60)

        def listed(**filters):
            return [backup["BackupArn"] for backup in ddb.list_backups(**filters)["BackupSummaries"]]

        assert sorted(listed()) == sorted(arns)
        assert listed(TableName=one.name) == [arns[0], arns[2]]
        assert listed(TableName=one.describe()["TableArn"]) == [arns[0], arns[2]]
        assert listed(TimeRangeLowerBound=moment(start + 60), TimeRangeUpperBound=moment(start + 120)) == [arns[1]]
        assert listed(BackupType="SYSTEM") == [] and len(listed(BackupType="USER")) == len(listed(BackupType="ALL")) == 3

    def test_pages(self, ddb, plain, back_up, clock):
        """Limit and ExclusiveStartBackupArn; LastEvaluatedBackupArn is there while there is more."""
        arns = []
        for _ in range(5):
            arns.append(back_up(plain))
            clock.advance(1)
        seen, more = [], {}
        while True:
            page = ddb.list_backups(Limit=2, **more)
            assert len(page["BackupSummaries"]) <= 2
            seen += [backup["BackupArn"] for backup in page["BackupSummaries"]]
            if "LastEvaluatedBackupArn" not in page:
                break
            more = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}
        assert seen == arns


class TestRestore:
    """RestoreTableFromBackup."""

    def test_items_are_those_of_the_request(self, ddb, sorted_table, back_up, restore):
        """Guide: the backup has all changes until the time of the request, and none after it."""
        before = [{"p": "a", "c": number, "v": "old"} for number in range(3)]
        for item in before:
            sorted_table.put(item)
        arn = back_up(sorted_table)
        sorted_table.put({"p": "a", "c": 0, "v": "new"})
        sorted_table.delete({"p": "a", "c": 1})
        sorted_table.put({"p": "a", "c": 3})
        restored = restore(arn)
        assert everything(restored) == before
        assert restored.describe()["ItemCount"] == 3

    def test_the_new_table(self, ddb, create, back_up, restore):
        """RestoreSummary; guide: throughput and indexes are restored; tags, time to live, deletion protection and class are not."""
        table = create(
            "p",
            attributes=["a"],
            GlobalSecondaryIndexes=[index("by-a", "a", ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4})],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            Tags=[{"Key": "k", "Value": "v"}],
        )
        ddb.update_time_to_live(TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"})
        table.put({"p": "x", "a": "y"})
        arn = back_up(table)
        answer = ddb.restore_table_from_backup(TargetTableName="again", BackupArn=arn)["TableDescription"]
        assert answer["TableStatus"] == "CREATING" and answer["RestoreSummary"]["RestoreInProgress"] is True
        again = Table(ddb, "again")
        told = again.describe()
        assert told["TableStatus"] == "ACTIVE" and told["TableId"] != table.describe()["TableId"]
        summary = told["RestoreSummary"]
        assert summary["SourceBackupArn"] == arn and summary["SourceTableArn"] == table.describe()["TableArn"]
        assert summary["RestoreInProgress"] is False
        assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
        assert told["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 4
        assert told["GlobalSecondaryIndexes"][0]["ItemCount"] == 1
        assert again.items(again.query("a = :a", {":a": "y"}, IndexName="by-a")) == [{"p": "x", "a": "y"}]
        assert "TableClassSummary" not in told
        assert ddb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"] == []
        assert ddb.describe_time_to_live(TableName="again")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"

    def test_overrides(self, ddb, create, back_up, restore):
        """BillingModeOverride, ProvisionedThroughputOverride, SSESpecificationOverride; indexes can be left out, but not be made."""
        table = create(
            "p", attributes=["a"], GlobalSecondaryIndexes=[index("by-a", "a"), index("keys", "a", projection="KEYS_ONLY")]
        )
        arn = back_up(table)
        told = restore(
            arn,
            "provisioned",
            BillingModeOverride="PROVISIONED",
            ProvisionedThroughputOverride={"ReadCapacityUnits": 7, "WriteCapacityUnits": 8},
            GlobalSecondaryIndexOverride=[],
            SSESpecificationOverride={"Enabled": True, "SSEType": "KMS"},
        ).describe()
        assert told["ProvisionedThroughput"]["WriteCapacityUnits"] == 8 and "GlobalSecondaryIndexes" not in told
        assert told["SSEDescription"]["SSEType"] == "KMS"
        assert told["AttributeDefinitions"] == [{"AttributeName": "p", "AttributeType": "S"}]
        one = restore(arn, "one", GlobalSecondaryIndexOverride=[index("by-a", "a")]).describe()
        assert [one["IndexName"] for one in one["GlobalSecondaryIndexes"]] == ["by-a"]
        with refused("ValidationException"):
            restore(arn, "no", GlobalSecondaryIndexOverride=[index("by-a", "a", projection="KEYS_ONLY")])
        with refused("ValidationException"):
            restore(arn, "no", GlobalSecondaryIndexOverride=[index("other", "a")])

    def test_an_existing_table_is_not_overwritten(self, ddb, plain, back_up):
        """TableAlreadyExistsException."""
        arn = back_up(plain)
        with refused("TableAlreadyExistsException", f"Table already exists: {plain.name}"):
            ddb.restore_table_from_backup(TargetTableName=plain.name, BackupArn=arn)

    def test_another_region(self, clients, ddb, plain, back_up):
        """Guide: a backup can be restored in another Region, where SSESpecificationOverride is mandatory."""
        plain.put({"p": "a"})
        arn = back_up(plain)
        there = clients.client("dynamodb", region="eu-west-1")
        with refused("ValidationException"):
            there.restore_table_from_backup(TargetTableName="there", BackupArn=arn)
        there.restore_table_from_backup(TargetTableName="there", BackupArn=arn, SSESpecificationOverride={"Enabled": False})
        assert everything(Table(there, "there")) == [{"p": "a"}]

    def test_many_items(self, ddb, plain, clock):
        """Copies of many items take several steps; the items are nevertheless those of one moment, and all of them."""
        fill(ddb, plain, 1200, v="old")
        arn = ddb.create_backup(TableName=plain.name, BackupName="many")["BackupDetails"]["BackupArn"]
        fill(ddb, plain, 1200, v="new")
        plain.put({"p": "one more"})
        clock.advance(1)
        assert ddb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE"
        ddb.restore_table_from_backup(TargetTableName="many", BackupArn=arn)
        clock.advance(1)
        many = Table(ddb, "many")
        assert many.describe()["TableStatus"] == "ACTIVE" and many.describe()["ItemCount"] == 1200
        assert everything(many) == [{"p": f"{number:05}", "v": "old"} for number in range(1200)]
