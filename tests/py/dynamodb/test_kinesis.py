"""Kinesis as the destination of changes. API Reference: EnableKinesisStreamingDestination and the operations beside it."""

import pytest

from harness.refusal import refused

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/changes"
STATE = "Table is not in a valid state to enable Kinesis Streaming Destination: "


def destinations(ddb, table):
    return ddb.describe_kinesis_streaming_destination(TableName=table.name)["KinesisDataStreamDestinations"]


@pytest.fixture
def call(ddb, plain):
    return lambda what, **more: getattr(ddb, f"{what}_kinesis_streaming_destination")(
        TableName=plain.name, StreamArn=ARN, **more
    )


def test_a_destination_comes_and_goes(ddb, plain, call):
    """Enable, Describe, Disable: the answer says ENABLING or DISABLING, then it is ACTIVE or DISABLED; records have milliseconds unless asked."""
    assert destinations(ddb, plain) == []
    answer = call("enable")
    assert (answer["DestinationStatus"], answer["StreamArn"], answer["TableName"]) == ("ENABLING", ARN, plain.name)
    told = {"StreamArn": ARN, "DestinationStatus": "ACTIVE", "ApproximateCreationDateTimePrecision": "MILLISECOND"}
    assert destinations(ddb, plain) == [told]
    plain.put({"p": "a"})
    assert call("disable")["DestinationStatus"] == "DISABLING"
    assert destinations(ddb, plain) == [{**told, "DestinationStatus": "DISABLED"}]
    call("enable", EnableKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"})
    assert destinations(ddb, plain) == [{**told, "ApproximateCreationDateTimePrecision": "MICROSECOND"}]


def test_the_precision_changes(ddb, plain, call):
    """UpdateKinesisStreamingDestination."""
    call("enable")
    configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    answer = call("update", UpdateKinesisStreamingConfiguration=configuration)
    assert answer["DestinationStatus"] == "UPDATING" and answer["UpdateKinesisStreamingConfiguration"] == configuration
    assert destinations(ddb, plain)[0]["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    with refused("ValidationException"):
        call("update", UpdateKinesisStreamingConfiguration=configuration)


def test_what_is_refused(ddb, plain, call):
    """A table has one destination at a time, which must be active to be disabled, and be a stream."""
    with refused("ValidationException", STATE + "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."):
        call("disable")
    call("enable")
    with refused("ValidationException", starts=STATE + "EnableKinesisStreamingDestination must be DISABLED"):
        call("enable")
    with refused("ValidationException"):
        ddb.enable_kinesis_streaming_destination(TableName=plain.name, StreamArn=ARN.replace("kinesis", "firehose"))
    with refused("ResourceNotFoundException"):
        ddb.describe_kinesis_streaming_destination(TableName="missing")
