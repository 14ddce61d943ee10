"""Backups and the past of tables, across a stop and across SIGKILL. Run with `--variant restart`."""

import datetime

import pytest

from harness.durable import Durable

from .conftest import Table, attribute, schema
from .test_backups import everything, fill


class Backups(Durable):
    def reach(self):
        self.ddb = self.clients.client("dynamodb")

    def table(self, name):
        return Table(self.ddb, name)


@pytest.fixture
def durable(tmp_path):
    durable = Backups(tmp_path, "--fsync", "always")
    durable.clock.freeze()
    durable.ddb.create_table(
        TableName="table", KeySchema=schema("p"), AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST"
    )
    yield durable
    durable.server.kill()


def test_a_copy_goes_on(durable, how):
    """A backup and a restore that take several steps are completed after the restart, with the items of the moment of the request."""
    fill(durable.ddb, durable.table("table"), 1500, v="old")
    arn = durable.ddb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    durable.again(how)
    fill(durable.ddb, durable.table("table"), 100, v="new")
    durable.clock.advance(1)
    assert durable.ddb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    durable.ddb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    durable.again(how)
    durable.clock.advance(1)
    assert everything(durable.table("restored")) == [{"p": f"{number:05}", "v": "old"} for number in range(1500)]


def test_the_past_is_kept(durable, how):
    """What changed before the restart can be rolled back after it."""
    specification = {"PointInTimeRecoveryEnabled": True}
    durable.ddb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=specification)
    durable.table("table").put({"p": "a", "v": 1})
    durable.clock.advance(10)
    then = datetime.datetime.fromtimestamp(int(durable.clock.now()) - 5, datetime.timezone.utc)
    durable.table("table").put({"p": "a", "v": 2})
    durable.again(how)
    durable.ddb.restore_table_to_point_in_time(SourceTableName="table", TargetTableName="restored", RestoreDateTime=then)
    durable.clock.advance(1)
    assert everything(durable.table("restored")) == [{"p": "a", "v": 1}]
