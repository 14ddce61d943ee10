"""Point-in-time recovery. API Reference: UpdateContinuousBackups, DescribeContinuousBackups, RestoreTableToPointInTime; Developer Guide: "Point-in-time
backups for DynamoDB"."""

import datetime
import random

import pytest

from harness.refusal import refused

from .conftest import Table, index
from .test_backups import everything, fill

DAY = 86_400


@pytest.fixture
def recover(ddb):
    """Enables point-in-time recovery."""

    def recover(table, enabled=True, **more):
        specification = {"PointInTimeRecoveryEnabled": enabled, **more}
        answer = ddb.update_continuous_backups(TableName=table.name, PointInTimeRecoverySpecification=specification)
        return answer["ContinuousBackupsDescription"]

    return recover


@pytest.fixture
def restore(ddb, clock):
    """Restores a table as it was at a moment, or as it is."""

    def restore(table, seconds=None, name="restored", **more):
        if seconds is None:
            more["UseLatestRestorableTime"] = True
        else:
            more["RestoreDateTime"] = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        ddb.restore_table_to_point_in_time(SourceTableName=table.name, TargetTableName=name, **more)
        clock.advance(1)
        return Table(ddb, name)

    return restore


class TestSettings:
    """UpdateContinuousBackups, DescribeContinuousBackups."""

    def test_disabled_at_first(self, ddb, plain):
        """A table has no point-in-time recovery until it is enabled."""
        told = ddb.describe_continuous_backups(TableName=plain.name)["ContinuousBackupsDescription"]
        assert told["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}
        with refused("TableNotFoundException", "Table not found: nowhere"):
            ddb.describe_continuous_backups(TableName="nowhere")

    def test_enabled(self, ddb, plain, on_the_second, recover):
        """EarliestRestorableDateTime follows the period, 35 days unless RecoveryPeriodInDays says otherwise."""
        start = on_the_second.now()
        told = recover(plain)
        assert told["ContinuousBackupsStatus"] == "ENABLED"
        told = told["PointInTimeRecoveryDescription"]
        assert told["PointInTimeRecoveryStatus"] == "ENABLED" and told["RecoveryPeriodInDays"] == 35
        assert told["EarliestRestorableDateTime"].timestamp() == start
        on_the_second.advance(40 * DAY)
        told = ddb.describe_continuous_backups(TableName=plain.name)["ContinuousBackupsDescription"]
        told = told["PointInTimeRecoveryDescription"]
        assert told["EarliestRestorableDateTime"].timestamp() == start + 5 * DAY
        assert told["LatestRestorableDateTime"].timestamp() == start + 40 * DAY
        told = recover(plain, RecoveryPeriodInDays=1)["PointInTimeRecoveryDescription"]
        assert told["RecoveryPeriodInDays"] == 1 and told["EarliestRestorableDateTime"].timestamp() == start + 39 * DAY
        # What was lost does not come back.
        told = recover(plain, RecoveryPeriodInDays=30)["PointInTimeRecoveryDescription"]
        assert told["EarliestRestorableDateTime"].timestamp() == start + 39 * DAY

    @pytest.mark.parametrize("days", [0, 36])
    def test_the_period_has_bounds(self, plain, recover, days):
        """RecoveryPeriodInDays: 1 to 35."""
        with refused("ValidationException"):
            recover(plain, RecoveryPeriodInDays=days)

    def test_enabled_again(self, plain, on_the_second, recover, restore):
        """Guide: who disables and enables it again resets the start time."""
        start = on_the_second.now()
        recover(plain)
        on_the_second.advance(100)
        recover(plain, enabled=False)
        with refused("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{plain.name}'"):
            restore(plain)
        on_the_second.advance(100)
        told = recover(plain)["PointInTimeRecoveryDescription"]
        assert told["EarliestRestorableDateTime"].timestamp() == start + 200
        with refused("InvalidRestoreTimeException"):
            restore(plain, start + 100)


class TestRestore:
    """RestoreTableToPointInTime."""

    def test_the_data_as_of_the_time(self, sorted_table, on_the_second, recover, restore):
        """Guide: the table's data is restored to the state at the given second."""
        clock, table = on_the_second, sorted_table
        table.put({"p": "a", "c": 0, "v": 0})
        recover(table)
        start = clock.now()
        states = [everything(table)]
        for change in (
            lambda: table.put({"p": "a", "c": 1, "v": 1}),
            lambda: table.put({"p": "a", "c": 0, "v": 2}),
            lambda: table.delete({"p": "a", "c": 1}),
            lambda: table.put({"p": "a", "c": 1, "v": 3}),
            lambda: table.put({"p": "b", "c": 1, "v": 4}),
            lambda: table.delete({"p": "a", "c": 0}),
        ):
            clock.advance(10)
            change()
            states.append(everything(table))
        clock.advance(5)
        for number, state in enumerate(states):
            for name, seconds in ((f"at-{number}", start + 10 * number), (f"later-{number}", start + 10 * number + 4)):
                assert everything(restore(table, seconds, name)) == state, name
        assert everything(restore(table, None, "latest")) == states[-1]

    @pytest.mark.parametrize("seed", range(3))
    def test_random_changes(self, sorted_table, on_the_second, recover, restore, seed):
        """Whatever changes in whichever order, also many times within a second: each second's last state can be restored."""
        clock, table, draw = on_the_second, sorted_table, random.Random(seed)
        recover(table)
        states = {}
        for _ in range(60):
            key = {"p": draw.choice("abc"), "c": draw.randrange(2)}
            if draw.random() < 0.4:
                table.delete(key)
            else:
                table.put({**key, "v": draw.randrange(1000)})
            states[clock.now()] = everything(table)
            if draw.random() < 0.5:
                clock.advance(draw.choice((1, 2)))
        clock.advance(1)
        for seconds in draw.sample(sorted(states), 8):
            assert everything(restore(table, seconds, f"at-{int(seconds)}")) == states[seconds]

    def test_indexes_and_counts_are_of_that_time(self, create, on_the_second, recover, restore):
        """The restored table is whole: its indexes have what its items say."""
        table = create("p", attributes=["a"], GlobalSecondaryIndexes=[index("by-a", "a")])
        table.put({"p": "x", "a": "old"})
        recover(table)
        start = on_the_second.now()
        on_the_second.advance(10)
        table.put({"p": "x", "a": "new"})
        table.put({"p": "y", "a": "new"})
        again = restore(table, start + 1)
        assert again.items(again.query("a = :a", {":a": "old"}, IndexName="by-a")) == [{"p": "x", "a": "old"}]
        assert again.items(again.query("a = :a", {":a": "new"}, IndexName="by-a")) == []
        assert again.describe()["ItemCount"] == 1
        summary = again.describe()["RestoreSummary"]
        assert summary["RestoreDateTime"].timestamp() == start + 1 and "SourceBackupArn" not in summary

    def test_times_out_of_reach(self, plain, on_the_second, recover, restore):
        """InvalidRestoreTimeException: RestoreDateTime lies between EarliestRestorableDateTime and LatestRestorableDateTime."""
        start = on_the_second.now()
        recover(plain, RecoveryPeriodInDays=1)
        on_the_second.advance(100)
        for seconds in (start - 1, start + 101):
            with refused("InvalidRestoreTimeException"):
                restore(plain, seconds)
        on_the_second.advance(2 * DAY)
        with refused("InvalidRestoreTimeException"):
            restore(plain, start + 100)
        restore(plain, start + DAY + 101)

    def test_old_changes_are_forgotten(self, here, plain, on_the_second, recover, restore):
        """What nobody can ask for any more is removed; what lies within the period is kept."""
        recover(plain, RecoveryPeriodInDays=2)
        for value in range(4):
            plain.put({"p": "a", "v": value})
            on_the_second.advance(DAY)
        last = on_the_second.now()
        assert everything(restore(plain, last - DAY - 1)) == [{"p": "a", "v": 2}]
        on_the_second.advance(3 * DAY)
        assert everything(restore(plain, None, "latest")) == [{"p": "a", "v": 3}]

    def test_what_is_missing(self, ddb, plain, recover):
        """TableNotFoundException, TableAlreadyExistsException; a time must be given."""
        recover(plain)
        with refused("TableNotFoundException", "Table not found: nowhere"):
            ddb.restore_table_to_point_in_time(SourceTableName="nowhere", TargetTableName="new", UseLatestRestorableTime=True)
        with refused("TableAlreadyExistsException"):
            ddb.restore_table_to_point_in_time(SourceTableName=plain.name, TargetTableName=plain.name, UseLatestRestorableTime=True)
        with refused("ValidationException"):
            ddb.restore_table_to_point_in_time(SourceTableName=plain.name, TargetTableName="new")

    def test_another_region(self, clients, plain, recover):
        """SourceTableArn names a table of another Region."""
        plain.put({"p": "a"})
        recover(plain)
        there = clients.client("dynamodb", region="eu-west-1")
        there.restore_table_to_point_in_time(
            SourceTableArn=plain.describe()["TableArn"],
            TargetTableName="there",
            UseLatestRestorableTime=True,
            SSESpecificationOverride={"Enabled": False},
        )
        assert everything(Table(there, "there")) == [{"p": "a"}]

    def test_many_changed_items(self, ddb, plain, on_the_second, recover, restore):
        """More changes than one step takes, and deleted items behind the last that is there."""
        fill(ddb, plain, 700, v="old")
        recover(plain)
        start = on_the_second.now()
        on_the_second.advance(10)
        fill(ddb, plain, 700, v="new")
        for first in range(0, 700, 25):
            gone = [{"DeleteRequest": {"Key": {"p": {"S": f"{number:05}"}}}} for number in range(first, first + 25)]
            ddb.batch_write_item(RequestItems={plain.name: gone})
        assert everything(plain) == []
        assert everything(restore(plain, start + 1)) == [{"p": f"{number:05}", "v": "old"} for number in range(700)]


class TestSystemBackups:
    """Guide: "Delete a table with PITR enabled"."""

    def test_a_deleted_table_can_be_restored(self, ddb, plain, on_the_second, recover):
        """A system backup, named NAME$DeletedTableBackup, is kept for 35 days, and has the table as it was before it was deleted."""
        recover(plain)
        plain.put({"p": "a", "v": 1})
        deleted = on_the_second.now()
        ddb.delete_table(TableName=plain.name)
        (backup,) = ddb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
        assert backup["BackupName"] == f"{plain.name}$DeletedTableBackup" and backup["BackupType"] == "SYSTEM"
        assert backup["BackupExpiryDateTime"].timestamp() == deleted + 35 * DAY
        on_the_second.advance(30 * DAY)
        ddb.restore_table_from_backup(TargetTableName=plain.name, BackupArn=backup["BackupArn"])
        assert everything(plain) == [{"p": "a", "v": 1}]
        on_the_second.advance(5 * DAY)
        assert ddb.list_backups(BackupType="SYSTEM")["BackupSummaries"] == []
        with refused("BackupNotFoundException"):
            ddb.describe_backup(BackupArn=backup["BackupArn"])
        assert everything(plain) == [{"p": "a", "v": 1}]

    def test_without_recovery_nothing_is_kept(self, ddb, plain):
        """Only tables with point-in-time recovery are backed up by the system."""
        ddb.delete_table(TableName=plain.name)
        assert ddb.list_backups()["BackupSummaries"] == []
