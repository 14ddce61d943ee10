"""The AWS CLI, and the resources of boto3."""

import json
from decimal import Decimal

import pytest
from boto3.dynamodb.conditions import Attr, Key

TABLE = "Music"


@pytest.fixture
def aws(cli):
    """Runs `aws dynamodb`, and returns the document that it prints."""

    def aws(*arguments, code=0):
        printed = cli("--output", "json", "dynamodb", *arguments, code=code)
        return printed if code else json.loads(printed or "null")

    return aws


def test_getting_started(aws):
    """Developer Guide, "Getting started with DynamoDB and the AWS CLI"."""
    created = aws(
        "create-table", "--table-name", TABLE,
        "--attribute-definitions", "AttributeName=Artist,AttributeType=S", "AttributeName=SongTitle,AttributeType=S",
        "--key-schema", "AttributeName=Artist,KeyType=HASH", "AttributeName=SongTitle,KeyType=RANGE",
        "--billing-mode", "PAY_PER_REQUEST",
    )  # fmt: skip
    assert created["TableDescription"]["TableStatus"] == "CREATING"
    assert aws("wait", "table-exists", "--table-name", TABLE) is None
    for song, year in (("Call Me Today", "1990"), ("Howdy", "1992")):
        item = {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": song}, "Year": {"N": year}}
        aws("put-item", "--table-name", TABLE, "--item", json.dumps(item))
    key = {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Howdy"}}
    assert aws("get-item", "--consistent-read", "--table-name", TABLE, "--key", json.dumps(key))["Item"]["Year"] == {"N": "1992"}
    updated = aws(
        "update-item", "--table-name", TABLE, "--key", json.dumps(key),
        "--update-expression", "SET #year = #year + :one", "--expression-attribute-names", '{"#year": "Year"}',
        "--expression-attribute-values", '{":one": {"N": "1"}}', "--return-values", "ALL_NEW",
    )  # fmt: skip
    assert updated["Attributes"]["Year"] == {"N": "1993"}
    queried = aws(
        "query", "--table-name", TABLE, "--key-condition-expression", "Artist = :name",
        "--expression-attribute-values", '{":name": {"S": "No One You Know"}}', "--page-size", "1",
    )  # fmt: skip
    assert [item["SongTitle"]["S"] for item in queried["Items"]] == ["Call Me Today", "Howdy"]
    assert aws("list-tables")["TableNames"] == [TABLE]
    assert aws("delete-table", "--table-name", TABLE)["TableDescription"]["TableStatus"] == "DELETING"
    assert "ResourceNotFoundException" in aws("describe-table", "--table-name", TABLE, code=255)


@pytest.fixture
def resource(clients, world, ddb):
    """The resource speaks through a client of its own, which sends what the tests' clients send."""
    import boto3

    session = boto3.Session(region_name="us-east-1", aws_access_key_id=f"test@{world}", aws_secret_access_key="test")
    return session.resource("dynamodb", endpoint_url=clients.endpoint, verify=clients.verify)


def test_resources(resource):
    """Boto3 documentation, "Amazon DynamoDB": tables as objects, values of Python, conditions as expressions."""
    table = resource.create_table(
        TableName="users",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}, {"AttributeName": "age", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_until_exists()
    with table.batch_writer(overwrite_by_pkeys=["name", "age"]) as batch:
        for age in (*range(60), 5):
            batch.put_item(Item={"name": "jane", "age": age, "address": {"road": f"{age} Main Street", "zip": Decimal("1.50")}})
    assert table.get_item(Key={"name": "jane", "age": 7})["Item"]["address"]["road"] == "7 Main Street"
    found = table.query(KeyConditionExpression=Key("name").eq("jane") & Key("age").between(10, 12))
    assert [item["age"] for item in found["Items"]] == [10, 11, 12]
    found = table.scan(FilterExpression=Attr("age").lt(27) & ~Attr("address.road").begins_with("1"))
    assert {item["age"] for item in found["Items"]} == {0, *range(2, 10), *range(20, 27)}
    assert table.item_count == 60
