"""Policies of tables. Developer Guide, "Using resource-based policies for DynamoDB"; API Reference, PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy."""

import json

import pytest
from botocore.exceptions import ClientError

from harness.clients import ACCOUNT, REGION

from .conftest import Table, attribute, index, schema
from .saying import refused_saying as refused

OTHER = "111111111111"


@pytest.fixture
def other(clients, world):
    """A client that acts for another account."""
    return clients.client("dynamodb", key=OTHER)


def statement(action, resource, effect="Allow", principal=OTHER, **more):
    return {"Effect": effect, "Principal": {"AWS": principal}, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class TestLife:
    """PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy."""

    def test_a_policy_is_put_got_and_deleted(self, ddb, plain, arn_of):
        """GetResourcePolicy answers the document as it was put; the same document keeps its revision."""
        arn = arn_of(plain.name)
        with refused("PolicyNotFoundException"):
            ddb.get_resource_policy(ResourceArn=arn)
        text = policy(statement("dynamodb:GetItem", arn))
        revision = ddb.put_resource_policy(ResourceArn=arn, Policy=text)["RevisionId"]
        got = ddb.get_resource_policy(ResourceArn=arn)
        assert (got["Policy"], got["RevisionId"]) == (text, revision)
        assert ddb.put_resource_policy(ResourceArn=arn, Policy=text)["RevisionId"] == revision
        assert ddb.delete_resource_policy(ResourceArn=arn)["RevisionId"] == revision
        assert "RevisionId" not in ddb.delete_resource_policy(ResourceArn=arn)

    def test_revisions(self, ddb, plain, arn_of):
        """ExpectedRevisionId: the revision that is there, or NO_POLICY where none must be; else PolicyNotFoundException."""
        arn = arn_of(plain.name)
        first, second = (policy(statement(action, arn)) for action in ("dynamodb:GetItem", "dynamodb:PutItem"))
        with refused("PolicyNotFoundException"):
            ddb.put_resource_policy(ResourceArn=arn, Policy=first, ExpectedRevisionId="1")
        revision = ddb.put_resource_policy(ResourceArn=arn, Policy=first, ExpectedRevisionId="NO_POLICY")["RevisionId"]
        for wrong in ("NO_POLICY", revision + "0"):
            with refused("PolicyNotFoundException"):
                ddb.put_resource_policy(ResourceArn=arn, Policy=second, ExpectedRevisionId=wrong)
        assert ddb.put_resource_policy(ResourceArn=arn, Policy=second, ExpectedRevisionId=revision)["RevisionId"] != revision
        with refused("PolicyNotFoundException"):
            ddb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=revision)

    def test_what_is_no_policy(self, ddb, plain, arn_of):
        """Documents are checked: actions, resources, principals, and at most 20 KB with all white space."""
        arn = arn_of(plain.name)
        wrong = "One or more parameter values were invalid: Invalid policy document: "
        names = 'The following action names are invalid: "dynamodb:ListStreams"'
        for text, words in (
            (policy(statement("dynamodb:ListStreams", arn)), wrong + names),
            (policy(statement("dynamodb:GetItem", arn + "s")), wrong),
            (policy({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn}), wrong),
            ("{", wrong),
            (policy(statement("dynamodb:GetItem", arn)) + " " * 20480, wrong),
        ):
            with refused("ValidationException", words):
                ddb.put_resource_policy(ResourceArn=arn, Policy=text)
        with refused("ResourceNotFoundException"):
            ddb.put_resource_policy(ResourceArn=arn_of("none"), Policy=policy(statement("dynamodb:GetItem", arn_of("none"))))

    def test_one_does_not_lock_oneself_out_by_accident(self, ddb, plain, arn_of):
        """ConfirmRemoveSelfResourceAccess confirms that one removes one's own permission; the root user can delete the policy all the same."""
        arn = arn_of(plain.name)
        text = policy(statement("dynamodb:*", arn, effect="Deny", principal="*"))
        with refused("ValidationException", "ConfirmRemoveSelfResourceAccess"):
            ddb.put_resource_policy(ResourceArn=arn, Policy=text)
        ddb.put_resource_policy(ResourceArn=arn, Policy=text, ConfirmRemoveSelfResourceAccess=True)
        with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
            plain.get({"p": "a"})
        ddb.delete_resource_policy(ResourceArn=arn)
        assert plain.get({"p": "a"}) is None

    def test_a_table_is_created_with_a_policy(self, ddb, other, arn_of):
        """CreateTable, ResourcePolicy; it goes with the table."""
        arn = arn_of("shared")
        arguments = {"TableName": "shared", "KeySchema": schema("p"), "AttributeDefinitions": [attribute("p")], "BillingMode": "PAY_PER_REQUEST"}
        ddb.create_table(**arguments, ResourcePolicy=policy(statement("dynamodb:GetItem", arn)))
        assert Table(other, arn).get({"p": "a"}) is None
        ddb.delete_table(TableName="shared")
        ddb.create_table(**arguments)
        with refused("PolicyNotFoundException"):
            ddb.get_resource_policy(ResourceArn=arn)

    def test_a_stream_has_its_own(self, create, ddb):
        """PutResourcePolicy: a stream can have a policy, with the actions of streams."""
        table = create("p", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
        arn = table.describe()["LatestStreamArn"]
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:GetRecords", arn)))
        assert "GetRecords" in ddb.get_resource_policy(ResourceArn=arn)["Policy"]
        with refused("ValidationException", 'The following action names are invalid: "dynamodb:GetItem"'):
            ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:GetItem", arn)))


class TestOtherAccounts:
    """"Cross-account access with resource-based policies": the table is named by its ARN, and its policy must allow it."""

    def test_nothing_is_allowed_without_a_policy(self, other, plain, arn_of):
        arn = arn_of(plain.name)
        with refused("AccessDeniedException") as _:
            Table(other, arn).get({"p": "a"})
        with refused("AccessDeniedException", f"is not authorized to perform: dynamodb:PutItem on resource: {arn} because no resource-based policy allows the dynamodb:PutItem action"):
            Table(other, arn).put({"p": "a"})

    def test_what_is_allowed(self, ddb, other, plain, arn_of):
        """Each action by itself; in transactions and batches, too."""
        arn = arn_of(plain.name)
        plain.put({"p": "a", "x": 1})
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement(["dynamodb:GetItem", "dynamodb:BatchWriteItem"], arn)))
        there = Table(other, arn)
        assert there.get({"p": "a"}) == {"p": "a", "x": 1}
        other.batch_write_item(RequestItems={arn: [{"PutRequest": {"Item": there.write({"p": "b"})}}]})
        assert plain.get({"p": "b"}) == {"p": "b"}
        for call in (lambda: there.put({"p": "c"}), there.scan, lambda: other.delete_table(TableName=arn)):
            with refused("AccessDeniedException"):
                call()
        with refused("ResourceNotFoundException"):
            Table(other, plain.name).get({"p": "a"})

    def test_indexes_are_resources_of_their_own(self, ddb, other, create, arn_of):
        """Queries of an index ask for the index's ARN."""
        table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
        arn = arn_of(table.name)
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:Scan", f"{arn}/index/*")))
        there = Table(other, arn)
        assert there.scan(IndexName="by-x")["Count"] == 0
        with refused("AccessDeniedException"):
            there.scan()

    def test_a_denial_counts_more(self, ddb, other, plain, arn_of):
        """Policy evaluation logic: an explicit deny overrides any allow."""
        arn = arn_of(plain.name)
        deny = statement("dynamodb:Scan", arn, effect="Deny")
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:*", arn, principal="*"), deny))
        assert Table(other, arn).get({"p": "a"}) is None
        with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
            Table(other, arn).scan()

    def test_conditions(self, ddb, other, plain, arn_of):
        """Condition keys: dynamodb:Select tells what a read asks for."""
        arn = arn_of(plain.name)
        condition = {"StringEquals": {"dynamodb:Select": "COUNT", "aws:RequestedRegion": REGION, "aws:ResourceAccount": ACCOUNT}}
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:Scan", arn, Condition=condition)))
        assert Table(other, arn).scan(Select="COUNT")["Count"] == 0
        with refused("AccessDeniedException"):
            Table(other, arn).scan()

    def test_statements_ask_for_actions_of_their_own(self, ddb, other, create, arn_of):
        """"IAM security policies with PartiQL for DynamoDB": PartiQLSelect, PartiQLInsert, PartiQLUpdate and PartiQLDelete, on the table or the index."""
        table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
        arn = arn_of(table.name)
        table.put({"p": "a", "x": "1"})
        run = lambda text: other.execute_statement(Statement=text)["Items"]
        select, insert = f"SELECT * FROM \"{arn}\" WHERE p = 'a'", f"INSERT INTO \"{arn}\" VALUE {{'p': 'b'}}"
        of_index = f'SELECT * FROM "{arn}"."by-x"'
        with refused("AccessDeniedException", f"is not authorized to perform: dynamodb:PartiQLSelect on resource: {arn} because"):
            run(select)
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement(["dynamodb:PartiQLSelect", "dynamodb:GetItem", "dynamodb:PutItem"], arn)))
        assert len(run(select)) == 1
        with refused("AccessDeniedException", f"dynamodb:PartiQLSelect on resource: {arn}/index/by-x because"):
            run(of_index)
        with refused("AccessDeniedException", "dynamodb:PartiQLInsert"):
            run(insert)
        with refused("AccessDeniedException", "dynamodb:PartiQLUpdate"):
            other.execute_transaction(TransactStatements=[{"Statement": f"UPDATE \"{arn}\" SET y = 1 WHERE p = 'a'"}])
        batch = [{"Statement": f"DELETE FROM \"{arn}\" WHERE p = 'a'"}, {"Statement": insert}]
        errors = [one["Error"] for one in other.batch_execute_statement(Statements=batch)["Responses"]]
        assert [error["Code"] for error in errors] == ["AccessDenied"] * 2 and "dynamodb:PartiQLDelete" in errors[0]["Message"]
        assert table.items(table.scan()) == [{"p": "a", "x": "1"}]

    def test_an_enclosing_operation(self, ddb, plain, arn_of):
        """Condition keys: dynamodb:EnclosingOperation tells statements in transactions from others; in the own account it denies, too."""
        arn = arn_of(plain.name)
        condition = {"StringNotEquals": {"dynamodb:EnclosingOperation": "ExecuteTransaction"}}
        deny = statement("dynamodb:PartiQL*", arn, effect="Deny", principal="*", Condition=condition)
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(deny))
        text = f"INSERT INTO \"{plain.name}\" VALUE {{'p': 'a'}}"
        with refused("AccessDeniedException", "dynamodb:PartiQLInsert"):
            ddb.execute_statement(Statement=text)
        ddb.execute_transaction(TransactStatements=[{"Statement": text}])
        assert plain.get({"p": "a"}) == {"p": "a"}

    def test_streams_ask_their_policies(self, ddb, clients, create):
        """"Resource-based policies" of streams: DescribeStream, GetShardIterator and GetRecords of another account need one that allows them."""
        table = create("p", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
        table.put({"p": "a"})
        arn = table.describe()["LatestStreamArn"]
        own, theirs = clients.client("dynamodbstreams"), clients.client("dynamodbstreams", key=OTHER)
        shard = own.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = own.get_shard_iterator(**start)["ShardIterator"]
        calls = {
            "DescribeStream": lambda: theirs.describe_stream(StreamArn=arn),
            "GetShardIterator": lambda: theirs.get_shard_iterator(**start),
            "GetRecords": lambda: theirs.get_records(ShardIterator=iterator),
        }
        for action, call in calls.items():
            with refused("AccessDeniedException", f"is not authorized to perform: dynamodb:{action} on resource: {arn} because"):
                call()
            ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement(f"dynamodb:{action}", arn)))
            call()
        ddb.put_resource_policy(ResourceArn=arn, Policy=policy(statement("dynamodb:GetRecords", arn, effect="Deny", principal="*")))
        with refused("AccessDeniedException", "with an explicit deny in a resource-based policy"):
            own.get_records(ShardIterator=iterator)

    def test_nobody_creates_a_table_elsewhere(self, other, arn_of):
        """A table that is not there has no policy, so no other account can create it by its ARN."""
        arn = arn_of("theirs")
        with refused("AccessDeniedException", "dynamodb:CreateTable"):
            other.create_table(TableName=arn, KeySchema=schema("p"), AttributeDefinitions=[attribute("p")], BillingMode="PAY_PER_REQUEST")

    def test_nobody_restores_a_table_from_elsewhere(self, ddb, clients, other, plain, arn_of):
        """RestoreTableToPointInTime: the source is a table of the caller's account, in whichever Region."""
        ddb.update_continuous_backups(TableName=plain.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        request = {"SourceTableArn": arn_of(plain.name), "TargetTableName": "mine", "UseLatestRestorableTime": True}
        with refused("AccessDeniedException", "dynamodb:RestoreTableToPointInTime"):
            other.restore_table_to_point_in_time(**request)
        elsewhere = clients.client("dynamodb", key=OTHER, region="eu-west-1")
        with pytest.raises(ClientError) as caught:
            elsewhere.restore_table_to_point_in_time(**request, SSESpecificationOverride={"Enabled": True})
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
