"""Tables. API Reference: CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables; Developer Guide: "Working with tables"."""

import pytest

from harness.admin import Admin, Clock
from harness.clients import Clients
from harness.refusal import refused
from harness.server import Server

from .conftest import attribute, index, schema

WRONG = "One or more parameter values were invalid: "


class TestLife:
    """CreateTable, DescribeTable, DeleteTable."""

    def test_a_table_is_created_and_then_active(self, ddb):
        """CreateTable: the answer says CREATING; DescribeTable tells when the table is ACTIVE."""
        answer = ddb.create_table(
            TableName="films", KeySchema=schema("p"), AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST"
        )
        assert answer["TableDescription"]["TableStatus"] == "CREATING"
        table = ddb.describe_table(TableName="films")["Table"]
        assert table["TableStatus"] == "ACTIVE"
        assert table["TableArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/films"
        assert table["KeySchema"] == schema("p") and table["AttributeDefinitions"] == [attribute("p")]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert table["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] == table["CreationDateTime"]
        assert (table["ItemCount"], table["TableSizeBytes"]) == (0, 0)

    def test_a_name_is_used_once(self, create, plain):
        """ResourceInUseException: the table exists."""
        with refused("ResourceInUseException", f"Table already exists: {plain.name}"):
            create("p", name=plain.name)

    def test_deleting(self, ddb, plain, create):
        """DeleteTable: the table and all of its items are gone; a new one of its name is empty."""
        plain.put({"p": "x"})
        answer = ddb.delete_table(TableName=plain.name)["TableDescription"]
        assert answer["TableStatus"] == "DELETING" and "KeySchema" not in answer
        with refused("ResourceNotFoundException", f"Requested resource not found: Table: {plain.name} not found"):
            plain.describe()
        with refused("ResourceNotFoundException", "Requested resource not found"):
            plain.get({"p": "x"})
        assert create("p", name=plain.name).scan()["Count"] == 0

    def test_deletion_protection(self, ddb, create):
        """DeletionProtectionEnabled: the table cannot be deleted until it is disabled."""
        table = create("p", DeletionProtectionEnabled=True)
        with refused("ValidationException", starts="Resource cannot be deleted as it is currently protected against deletion."):
            ddb.delete_table(TableName=table.name)
        ddb.update_table(TableName=table.name, DeletionProtectionEnabled=False)
        ddb.delete_table(TableName=table.name)

    def test_names_are_arns_too(self, ddb, plain, arn_of):
        """TableName: the name of the table or its ARN."""
        arn = arn_of(plain.name)
        ddb.put_item(TableName=arn, Item={"p": {"S": "x"}})
        assert ddb.get_item(TableName=arn, Key={"p": {"S": "x"}})["Item"] == {"p": {"S": "x"}}
        assert ddb.describe_table(TableName=arn)["Table"]["TableName"] == plain.name

    def test_listing(self, ddb, create):
        """ListTables: names in order, at most Limit of them; LastEvaluatedTableName when there are more."""
        for number in range(5):
            create("p", name=f"list-{number}")
        first = ddb.list_tables(Limit=3)
        assert first == {**first, "TableNames": ["list-0", "list-1", "list-2"], "LastEvaluatedTableName": "list-2"}
        rest = ddb.list_tables(Limit=3, ExclusiveStartTableName="list-2")
        assert rest["TableNames"] == ["list-3", "list-4"] and "LastEvaluatedTableName" not in rest


class TestSchema:
    """Keys, attribute definitions and indexes."""

    @pytest.mark.parametrize(
        "key, attributes, message",
        [
            ([("a", "RANGE")], ["a"], "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
            ([("a", "HASH"), ("b", "HASH")], ["a", "b"], "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
            (
                [("a", "HASH"), ("a", "RANGE")],
                ["a"],
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ),
            (
                [("a", "HASH")],
                ["b"],
                WRONG + "Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]",
            ),
            (
                [("a", "HASH")],
                ["a", "b"],
                WRONG + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b], keys used: [a]",
            ),
        ],
    )
    def test_keys(self, ddb, key, attributes, message):
        """KeySchema: one partition key, at most one sort key, all of them defined and nothing else."""
        elements = [{"AttributeName": name, "KeyType": kind} for name, kind in key]
        with refused("ValidationException", message):
            ddb.create_table(
                TableName="abc",
                KeySchema=elements,
                AttributeDefinitions=[attribute(name) for name in attributes],
                BillingMode="PAY_PER_REQUEST",
            )

    def test_indexes_are_described(self, create):
        """TableDescription: LocalSecondaryIndexes and GlobalSecondaryIndexes."""
        table = create(
            "p",
            "c:N",
            attributes=["x"],
            LocalSecondaryIndexes=[index("local", "p", "x", projection="KEYS_ONLY")],
            GlobalSecondaryIndexes=[index("global", "x", projection=["y"])],
        ).describe()
        (local,), (everywhere,) = table["LocalSecondaryIndexes"], table["GlobalSecondaryIndexes"]
        assert local["IndexArn"] == table["TableArn"] + "/index/local"
        assert local["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert everywhere["IndexStatus"] == "ACTIVE"
        assert everywhere["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["y"]}

    @pytest.mark.parametrize("count, allowed", [(20, True), (21, False)])
    def test_global_indexes_are_limited(self, create, count, allowed):
        """Quotas: 20 global secondary indexes for each table."""
        indexes = [index(f"global-{number}", "x") for number in range(count)]
        if allowed:
            create("p", attributes=["x"], GlobalSecondaryIndexes=indexes)
            return
        with refused("ValidationException", WRONG + "GlobalSecondaryIndex count exceeds the per-table limit of 20"):
            create("p", attributes=["x"], GlobalSecondaryIndexes=indexes)

    @pytest.mark.parametrize(
        "projection, reason",
        [
            ({}, "Unknown ProjectionType: null"),
            ({"ProjectionType": "INCLUDE"}, "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
            ({"ProjectionType": "ALL", "NonKeyAttributes": ["a"]}, "ProjectionType is ALL, but NonKeyAttributes is specified"),
        ],
    )
    def test_projections(self, create, projection, reason):
        """Projection: NonKeyAttributes with INCLUDE, and only with it."""
        with refused("ValidationException", WRONG + reason):
            create("p", GlobalSecondaryIndexes=[{**index("global", "p"), "Projection": projection}])


class TestThroughput:
    """BillingMode and ProvisionedThroughput."""

    UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}

    def test_provisioned_needs_units_and_on_demand_has_none(self, create):
        """BillingMode: PROVISIONED is the default, and needs ProvisionedThroughput; PAY_PER_REQUEST forbids it."""
        need = "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        with refused("ValidationException", WRONG + need):
            create("p", BillingMode="PROVISIONED")
        forbid = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        with refused("ValidationException", WRONG + forbid):
            create("p", BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=self.UNITS)

    def test_units_are_changed(self, ddb, create, clock):
        """UpdateTable: new units, and what DescribeTable tells of the change."""
        table = create("p", ProvisionedThroughput=self.UNITS)
        ddb.update_table(TableName=table.name, ProvisionedThroughput={**self.UNITS, "ReadCapacityUnits": 4})
        told = table.describe()["ProvisionedThroughput"]
        assert (told["ReadCapacityUnits"], told["NumberOfDecreasesToday"]) == (4, 1)
        clock.advance(86400)
        assert table.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
        with refused("ValidationException", starts="The provisioned throughput for the table will not change."):
            ddb.update_table(TableName=table.name, ProvisionedThroughput={**self.UNITS, "ReadCapacityUnits": 4})

    def test_the_mode_is_switched(self, ddb, create):
        """UpdateTable: from provisioned to on-demand."""
        table = create("p", ProvisionedThroughput=self.UNITS)
        ddb.update_table(TableName=table.name, BillingMode="PAY_PER_REQUEST")
        told = table.describe()
        assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 0


class TestTransitions:
    """The states of a table on the clock, where the operator wants them to last."""

    @pytest.fixture
    def slow(self, scratch):
        running = Server(environment={"DYNAMODB_TRANSITION_SECONDS": "10"}, cache=scratch).start()
        yield Clients(running.url).client("dynamodb"), Clock(Admin(running.url))
        running.stop()

    def test_states_last(self, slow):
        """TableStatus: CREATING, then ACTIVE; DELETING, then gone. Nothing is changed in between."""
        ddb, clock = slow
        clock.freeze()
        ddb.create_table(TableName="abc", KeySchema=schema("p"), AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST")
        with refused("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being created: abc"):
            ddb.delete_table(TableName="abc")
        with refused("ResourceNotFoundException"):
            ddb.put_item(TableName="abc", Item={"p": {"S": "x"}})
        clock.advance(9)
        assert ddb.describe_table(TableName="abc")["Table"]["TableStatus"] == "CREATING"
        clock.advance(1)
        assert ddb.describe_table(TableName="abc")["Table"]["TableStatus"] == "ACTIVE"
        ddb.put_item(TableName="abc", Item={"p": {"S": "x"}})
        ddb.delete_table(TableName="abc")
        assert ddb.describe_table(TableName="abc")["Table"]["TableStatus"] == "DELETING"
        clock.advance(10)
        assert ddb.list_tables()["TableNames"] == []


class TestTags:
    """TagResource, UntagResource, ListTagsOfResource."""

    def test_tags(self, ddb, create, arn_of):
        """Tags are added, replaced and removed by key."""
        table = create("p", Tags=[{"Key": "a", "Value": "1"}])
        arn = arn_of(table.name)
        ddb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
        ddb.untag_resource(ResourceArn=arn, TagKeys=["b", "c"])
        assert ddb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]

    def test_time_to_live(self, ddb, plain):
        """UpdateTimeToLive enables it once; DescribeTimeToLive tells the attribute."""
        on = {"Enabled": True, "AttributeName": "until"}
        ddb.update_time_to_live(TableName=plain.name, TimeToLiveSpecification=on)
        told = ddb.describe_time_to_live(TableName=plain.name)["TimeToLiveDescription"]
        assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
        with refused("ValidationException", "TimeToLive is already enabled"):
            ddb.update_time_to_live(TableName=plain.name, TimeToLiveSpecification=on)


class TestStreams:
    """StreamSpecification, and ListStreams of the streams' own service."""

    def test_streams_are_listed(self, ddb, clients, create):
        """LatestStreamArn names the stream that ListStreams lists; a table without one is not in the list."""
        create("p")
        streams = clients.client("dynamodbstreams")
        tables = [
            create("p", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}).describe() for _ in range(3)
        ]
        first = streams.list_streams(Limit=2)
        rest = streams.list_streams(ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])
        listed = [stream["StreamArn"] for stream in first["Streams"] + rest["Streams"]]
        assert listed == [table["LatestStreamArn"] for table in tables]
        ddb.update_table(TableName=tables[0]["TableName"], StreamSpecification={"StreamEnabled": False})
        assert len(streams.list_streams()["Streams"]) == 2
