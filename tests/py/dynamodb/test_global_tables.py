"""Global tables. Developer Guide, "Global tables - multi-active, multi-Region replication" and "Global tables version 2017.11.29 (Legacy)"."""

import pytest

from .conftest import Table, attribute, index, schema
from .saying import refused_saying as refused

HERE, WEST, IRELAND = "us-east-1", "us-west-2", "eu-west-1"
BOTH = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


@pytest.fixture
def in_region(clients, world):
    return lambda region: clients.client("dynamodb", region=region)


def replicate(table, *regions, **more):
    updates = [{"Create": {"RegionName": region}} for region in regions]
    return table.ddb.update_table(TableName=table.name, ReplicaUpdates=updates, **more)["TableDescription"]


def drop(table, *regions, **more):
    updates = [{"Delete": {"RegionName": region}} for region in regions]
    return table.ddb.update_table(TableName=table.name, ReplicaUpdates=updates, **more)["TableDescription"]


@pytest.fixture
def pair(create, in_region):
    """A table here, and its replica in the west."""
    table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
    replicate(table, WEST)
    return table, Table(in_region(WEST), table.name)


def keys(table, **more):
    return sorted(item["p"] for item in table.items(table.scan(**more)))


class TestReplicas:
    """Version 2019.11.21: UpdateTable, ReplicaUpdates."""

    def test_a_replica_gets_what_is_there(self, create, in_region, clock):
        """A replica is CREATING until it has all items, indexes included, and then ACTIVE."""
        table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
        names = [f"{number:04}" for number in range(450)]
        for name in names:
            table.put({"p": name, "x": name})
        told = replicate(table, WEST)
        assert told["TableStatus"] == "UPDATING" and told["GlobalTableVersion"] == "2019.11.21"
        assert [(one["RegionName"], one["ReplicaStatus"]) for one in told["Replicas"]] == [(WEST, "CREATING")]
        clock.advance(1)
        west = Table(in_region(WEST), table.name)
        assert [one["ReplicaStatus"] for one in table.describe()["Replicas"]] == ["ACTIVE"]
        assert [one["RegionName"] for one in west.describe()["Replicas"]] == [HERE]
        assert west.describe()["TableStatus"] == "ACTIVE"
        assert west.describe()["TableArn"].startswith(f"arn:aws:dynamodb:{WEST}:")
        assert keys(west) == names and keys(west, IndexName="by-x") == names

    def test_a_write_in_one_region_is_in_all(self, pair, in_region):
        """Each replica takes writes; changes and deletions are in all Regions, and in their indexes."""
        here, west = pair
        replicate(here, IRELAND)
        ireland = Table(in_region(IRELAND), here.name)
        here.put({"p": "a", "x": "1"})
        west.put({"p": "b", "x": "2"})
        ireland.update({"p": "a"}, UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": {"S": "3"}})
        for table in (here, west, ireland):
            assert table.get({"p": "a"}) == {"p": "a", "x": "3"}
            assert keys(table) == ["a", "b"] and keys(table, IndexName="by-x") == ["a", "b"]
            assert table.describe()["ItemCount"] == 2
        west.delete({"p": "a"})
        assert keys(here) == keys(ireland) == keys(ireland, IndexName="by-x") == ["b"]

    def test_streams_of_replicas(self, pair):
        """Streams are enabled with both images on all replicas, and cannot be disabled."""
        for table in pair:
            assert table.describe()["StreamSpecification"] == BOTH
            with refused("ValidationException", "Disabling Stream is not allowed for a Global Table replica."):
                table.ddb.update_table(TableName=table.name, StreamSpecification={"StreamEnabled": False})

    def test_a_deleted_replica(self, pair, in_region):
        """Delete: the table and its items in that Region are gone; what remains is a table as any other."""
        here, west = pair
        here.put({"p": "a"})
        drop(here, WEST)
        with refused("ResourceNotFoundException"):
            west.describe()
        assert keys(here) == ["a"] and "Replicas" not in here.describe() and "GlobalTableVersion" not in here.describe()
        here.put({"p": "b"})
        replicate(here, WEST)
        assert keys(west) == ["a", "b"]

    def test_deleting_a_member(self, pair):
        """A replica is deleted by DeleteTable, unless it was the source of a new one in the last 24 hours."""
        here, west = pair
        with refused("ValidationException", "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours."):
            here.ddb.delete_table(TableName=here.name)
        west.ddb.delete_table(TableName=west.name)
        assert "Replicas" not in here.describe()
        here.ddb.delete_table(TableName=here.name)

    def test_what_replicas_share(self, pair):
        """Global secondary indexes, billing and time to live are the same in all replicas; deletion protection is a replica's own."""
        here, west = pair
        here.put({"p": "a", "y": "1"})
        create = {"Create": index("by-y", "y")}
        here.ddb.update_table(TableName=here.name, AttributeDefinitions=[attribute("y")], GlobalSecondaryIndexUpdates=[create], DeletionProtectionEnabled=True)
        assert keys(west, IndexName="by-y") == ["a"]
        west.ddb.update_table(TableName=west.name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-x"}}])
        assert [one["IndexName"] for one in here.describe()["GlobalSecondaryIndexes"]] == ["by-y"]
        assert not west.describe()["DeletionProtectionEnabled"]
        here.ddb.update_time_to_live(TableName=here.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
        told = west.ddb.describe_time_to_live(TableName=west.name)["TimeToLiveDescription"]
        assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    def test_what_is_refused(self, pair, create, in_region):
        """The local Region, one that has a table of the name, one that there is not, a provisioned table whose writes are not scaled."""
        here, west = pair
        with refused("ValidationException", "Cannot add, delete, or update the local region through ReplicaUpdates."):
            replicate(here, HERE)
        with refused("ValidationException", "because one or more replicas already existed as tables."):
            replicate(here, WEST)
        with refused("ValidationException"):
            replicate(here, "moon-north-1")
        with refused("ValidationException"):
            drop(here, IRELAND)
        in_region(IRELAND).create_table(TableName=here.name, KeySchema=schema("p"), AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST")
        with refused("ValidationException", "because one or more replicas already existed as tables."):
            replicate(here, IRELAND)
        with refused("ValidationException"):
            here.ddb.update_table(TableName=here.name, ReplicaUpdates=[{"Create": {"RegionName": IRELAND}, "Delete": {"RegionName": WEST}}])
        provisioned = create("p", ProvisionedThroughput=UNITS, BillingMode="PROVISIONED")
        with refused("ValidationException", "Table write capacity should either be Pay-Per-Request or AutoScaled."):
            replicate(provisioned, WEST)
        settings = {"MinimumUnits": 5, "MaximumUnits": 50}
        provisioned.ddb.update_table_replica_auto_scaling(TableName=provisioned.name, ProvisionedWriteCapacityAutoScalingUpdate=settings)
        replicate(provisioned, WEST)

    def test_overrides(self, create, in_region):
        """A replica can have a table class and most reads of its own."""
        table = create("p", OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 10})
        override = {"RegionName": WEST, "TableClassOverride": "STANDARD_INFREQUENT_ACCESS", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 3}}
        table.ddb.update_table(TableName=table.name, ReplicaUpdates=[{"Create": override}])
        (replica,) = table.describe()["Replicas"]
        assert replica["ReplicaTableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
        assert replica["OnDemandThroughputOverride"] == {"MaxReadRequestUnits": 3}
        west = Table(in_region(WEST), table.name).describe()
        assert west["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
        assert west["OnDemandThroughput"] == {"MaxReadRequestUnits": 3, "MaxWriteRequestUnits": 10}
        update = {"RegionName": WEST, "OnDemandThroughputOverride": {"MaxReadRequestUnits": 4}}
        table.ddb.update_table(TableName=table.name, ReplicaUpdates=[{"Update": update}])
        assert table.describe()["Replicas"][0]["OnDemandThroughputOverride"] == {"MaxReadRequestUnits": 4}

    def test_a_write_that_fails_is_nowhere(self, pair):
        """A condition that does not hold leaves all replicas as they were."""
        here, west = pair
        here.put({"p": "a", "x": "1"})
        with refused("ConditionalCheckFailedException"):
            west.put({"p": "a"}, ConditionExpression="attribute_not_exists(p)")
        assert here.get({"p": "a"}) == west.get({"p": "a"}) == {"p": "a", "x": "1"}


class TestStrong:
    """"Multi-Region strong consistency (MRSC)": three replicas, or two and a witness, of one Region set."""

    def test_three_replicas(self, create, in_region):
        table = create("p")
        replicate(table, "us-east-2", WEST, MultiRegionConsistency="STRONG")
        assert table.describe()["MultiRegionConsistency"] == "STRONG"
        table.put({"p": "a"})
        assert Table(in_region(WEST), table.name).get({"p": "a"}, ConsistentRead=True) == {"p": "a"}
        with refused("ValidationException"):
            drop(table, WEST)
        drop(table, WEST, "us-east-2")
        assert "Replicas" not in table.describe()

    def test_a_witness(self, create, in_region):
        table = create("p")
        witness = [{"Create": {"RegionName": "us-east-2"}}]
        replicate(table, WEST, MultiRegionConsistency="STRONG", GlobalTableWitnessUpdates=witness)
        assert table.describe()["GlobalTableWitnesses"] == [{"RegionName": "us-east-2", "WitnessStatus": "ACTIVE"}]
        with refused("ResourceNotFoundException"):
            Table(in_region("us-east-2"), table.name).describe()
        drop(table, WEST, GlobalTableWitnessUpdates=[{"Delete": {"RegionName": "us-east-2"}}])
        assert "GlobalTableWitnesses" not in table.describe()

    def test_what_cannot_be(self, create):
        table = create("p")
        for regions in ((WEST,), ("us-east-2", IRELAND)):
            with refused("ValidationException"):
                replicate(table, *regions, MultiRegionConsistency="STRONG")
        table.put({"p": "a"})
        with refused("ValidationException", "the table must be empty"):
            replicate(table, "us-east-2", WEST, MultiRegionConsistency="STRONG")
        with refused("ValidationException"):
            table.ddb.update_table(TableName=table.name, MultiRegionConsistency="STRONG", DeletionProtectionEnabled=False)


class TestLegacy:
    """Version 2017.11.29: CreateGlobalTable, UpdateGlobalTable, DescribeGlobalTable, ListGlobalTables and settings."""

    @pytest.fixture
    def tables(self, in_region):
        made = []
        for region in (HERE, WEST, IRELAND):
            in_region(region).create_table(
                TableName="legacy",
                KeySchema=schema("p"),
                AttributeDefinitions=[attribute("p")],
                BillingMode="PROVISIONED",
                ProvisionedThroughput=UNITS,
                StreamSpecification=BOTH,
            )
            made.append(Table(in_region(region), "legacy"))
        return made

    @pytest.fixture
    def two(self, ddb, tables):
        ddb.create_global_table(GlobalTableName="legacy", ReplicationGroup=[{"RegionName": HERE}, {"RegionName": WEST}])
        return tables

    def test_tables_become_one(self, ddb, tables):
        group = [{"RegionName": HERE}, {"RegionName": WEST}]
        answer = ddb.create_global_table(GlobalTableName="legacy", ReplicationGroup=group)["GlobalTableDescription"]
        assert (answer["GlobalTableStatus"], answer["GlobalTableArn"]) == ("CREATING", "arn:aws:dynamodb::000000000000:global-table/legacy")
        here, west, ireland = tables
        here.put({"p": "a"})
        west.put({"p": "b"})
        assert keys(here) == keys(west) == ["a", "b"] and keys(ireland) == []
        told = ddb.describe_global_table(GlobalTableName="legacy")["GlobalTableDescription"]
        assert told["GlobalTableStatus"] == "ACTIVE"
        assert [one["RegionName"] for one in told["ReplicationGroup"]] == [HERE, WEST]
        assert here.describe()["GlobalTableVersion"] == "2017.11.29"
        with refused("GlobalTableAlreadyExistsException"):
            ddb.create_global_table(GlobalTableName="legacy", ReplicationGroup=group)

    def test_what_is_no_global_table(self, ddb, tables):
        with refused("GlobalTableNotFoundException", "Global table not found: Global table with name: 'legacy' does not exist."):
            ddb.describe_global_table(GlobalTableName="legacy")
        with refused("TableNotFoundException"):
            ddb.create_global_table(GlobalTableName="legacy", ReplicationGroup=[{"RegionName": HERE}, {"RegionName": "us-east-2"}])
        tables[1].put({"p": "a"})
        with refused("ValidationException"):
            ddb.create_global_table(GlobalTableName="legacy", ReplicationGroup=[{"RegionName": HERE}, {"RegionName": WEST}])

    def test_replicas_come_and_go(self, ddb, two):
        here, west, ireland = two
        update = lambda **action: ddb.update_global_table(GlobalTableName="legacy", ReplicaUpdates=[action])
        with refused("ReplicaAlreadyExistsException"):
            update(Create={"RegionName": WEST})
        with refused("ReplicaNotFoundException"):
            update(Delete={"RegionName": IRELAND})
        update(Create={"RegionName": IRELAND})
        west.put({"p": "a"})
        assert keys(ireland) == ["a"]
        update(Delete={"RegionName": WEST})
        here.put({"p": "b"})
        assert keys(west) == ["a"] and keys(ireland) == ["a", "b"]

    def test_they_are_listed(self, ddb, two):
        (table,) = ddb.list_global_tables()["GlobalTables"]
        assert table == {"GlobalTableName": "legacy", "ReplicationGroup": [{"RegionName": HERE}, {"RegionName": WEST}]}
        assert ddb.list_global_tables(RegionName=IRELAND)["GlobalTables"] == []

    def test_settings(self, ddb, two):
        settings = {"RegionName": WEST, "ReplicaProvisionedReadCapacityUnits": 9}
        ddb.update_global_table_settings(GlobalTableName="legacy", GlobalTableProvisionedWriteCapacityUnits=8, ReplicaSettingsUpdate=[settings])
        told = ddb.describe_global_table_settings(GlobalTableName="legacy")["ReplicaSettings"]
        units = [(one["ReplicaProvisionedReadCapacityUnits"], one["ReplicaProvisionedWriteCapacityUnits"]) for one in told]
        assert units == [(5, 8), (9, 8)]
        with refused("ReplicaNotFoundException"):
            ddb.update_global_table_settings(GlobalTableName="legacy", ReplicaSettingsUpdate=[{**settings, "RegionName": IRELAND}])
        with refused("IndexNotFoundException"):
            index = [{"IndexName": "none", "ProvisionedWriteCapacityUnits": 3}]
            ddb.update_global_table_settings(GlobalTableName="legacy", GlobalTableGlobalSecondaryIndexSettingsUpdate=index)
