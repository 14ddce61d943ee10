"""Message attributes. Developer Guide: "Amazon SQS message attributes"; API Reference: SendMessage, ReceiveMessage."""

import pytest

from harness import md5
from harness.refusal import refused

STRING = {"DataType": "String", "StringValue": "text"}
MIXED = {
    "City": {"DataType": "String", "StringValue": "Kyōto 雲"},
    "Population": {"DataType": "Number", "StringValue": "1463723"},
    "Photo": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    "Custom": {"DataType": "String.custom-label", "StringValue": "x"},
    "Exact": {"DataType": "Number.decimal", "StringValue": "-3.14e-10"},
    "Raw": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG"},
}


def test_all_types_round_trip(queue, story):
    """"Message attribute data types": String, Number, Binary, each with an optional custom label."""
    sent = story.send(queue, MessageAttributes=MIXED)
    assert sent["MD5OfMessageAttributes"] == md5.of_attributes(MIXED)
    received = story.receive_one(queue, MessageAttributeNames=["All"])
    assert received["MessageAttributes"] == MIXED
    assert received["MD5OfMessageAttributes"] == md5.of_attributes(MIXED)


@pytest.mark.parametrize(
    "wanted, expected",
    [
        (["All"], {"a", "bar.one", "bar.two", "other"}),
        ([".*"], {"a", "bar.one", "bar.two", "other"}),
        (["a"], {"a"}),
        (["bar.*"], {"bar.one", "bar.two"}),
        (["a", "other", "missing"], {"a", "other"}),
    ],
)
def test_chosen_by_name(queue, story, wanted, expected):
    """ReceiveMessage, MessageAttributeNames: names, `All` or `.*`, or a prefix with `.*`. The digest is that of what is returned."""
    attributes = {name: {"DataType": "String", "StringValue": name} for name in ("a", "bar.one", "bar.two", "other")}
    story.send(queue, MessageAttributes=attributes)
    received = story.receive_one(queue, MessageAttributeNames=wanted)
    assert set(received["MessageAttributes"]) == expected
    assert received["MD5OfMessageAttributes"] == md5.of_attributes({name: attributes[name] for name in expected})


def test_none_that_match(queue, story):
    """ReceiveMessage: a name that the message does not carry gives nothing, not even an empty map."""
    story.send(queue, MessageAttributes={"a": STRING})
    received = story.receive_one(queue, MessageAttributeNames=["b"])
    assert "MessageAttributes" not in received
    assert "MD5OfMessageAttributes" not in received


def test_ten_and_eleven(queue, story):
    """"Message quotas", Message attributes: a message can contain up to 10."""
    story.send(queue, MessageAttributes={f"a{n}": STRING for n in range(10)})
    with refused("InvalidParameterValue", "Number of message attributes [11] exceeds the allowed maximum [10]."):
        story.send(queue, MessageAttributes={f"a{n}": STRING for n in range(11)})


@pytest.mark.parametrize("name", ["a", "A-b_c.d", "1", "x" * 256, "AWSome", "Amazonian"])
def test_valid_names(queue, story, name):
    """"Message attribute components", Name: letters, digits, underscore, hyphen, period; up to 256."""
    story.send(queue, MessageAttributes={name: STRING})
    assert set(story.receive_one(queue, MessageAttributeNames=["All"])["MessageAttributes"]) == {name}


@pytest.mark.parametrize("name", ["", "with space", "ü", "a/b", ".start", "end.", "two..dots", "x" * 257, "AWS.x", "aws.x", "Amazon.x", "AMAZON.x"])
def test_invalid_names(queue, story, name):
    """"Message attribute components", Name: no reserved prefix in any casing, no period at either end nor two in succession."""
    with refused("InvalidParameterValue"):
        story.send(queue, MessageAttributes={name: STRING})


@pytest.mark.parametrize(
    "attribute",
    [
        {"DataType": "Text", "StringValue": "x"},
        {"DataType": "string", "StringValue": "x"},
        {"DataType": "", "StringValue": "x"},
        {"DataType": "Number", "StringValue": "ten"},
        {"DataType": "Number", "StringValue": ""},
        {"DataType": "String", "StringValue": ""},
        {"DataType": "Binary", "BinaryValue": b""},
        {"DataType": "String", "BinaryValue": b"x"},
        {"DataType": "Binary", "StringValue": "x"},
        {"DataType": "String"},
        {"DataType": "String", "StringValue": "\x00"},
        {"DataType": "String." + "x" * 250, "StringValue": "x"},
    ],
)
def test_invalid_values(queue, story, attribute):
    """"Message attribute components": type of up to 256 characters among the three, value of that type, never empty; same characters as a body."""
    with refused(("InvalidParameterValue", "InvalidMessageContents", "MissingParameter")):
        story.send(queue, MessageAttributes={"a": attribute})
    assert story.counts(queue) == (0, 0, 0)


def test_data_type_is_required(queue, story):
    """API Reference, MessageAttributeValue, DataType: required."""
    with refused(("InvalidParameterValue", "MissingParameter")):
        story.send(queue, MessageAttributes={"a": {"StringValue": "x"}})


@pytest.mark.parametrize("number", ["0", "-1", "3.5", "1e100", "-1E-10", "9" * 38])
def test_numbers(queue, story, number):
    """"Message attribute data types", Number: positive or negative integers or floating point, with 38 digits of precision."""
    attribute = {"DataType": "Number", "StringValue": number}
    story.send(queue, MessageAttributes={"n": attribute})
    assert story.receive_one(queue, MessageAttributeNames=["All"])["MessageAttributes"] == {"n": attribute}


def test_lists_are_not_implemented_by_aws(queue, story):
    """API Reference, MessageAttributeValue, StringListValues and BinaryListValues: not implemented, reserved for future use."""
    with refused(("InvalidParameterValue", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")):
        story.send(queue, MessageAttributes={"a": {"DataType": "String", "StringListValues": ["x"]}})


def test_attributes_survive_a_second_receive(queue, story, clock):
    """"Message attributes": they stay with the message for its life."""
    story.send(queue, MessageAttributes=MIXED)
    story.receive_one(queue)
    clock.advance(31)
    assert story.receive_one(queue, MessageAttributeNames=["All"])["MessageAttributes"] == MIXED
