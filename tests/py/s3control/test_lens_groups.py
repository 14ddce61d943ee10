"""Groups of S3 Storage Lens. S3 User Guide, "Working with S3 Storage Lens groups"; API Reference, "List of Amazon S3 Storage Lens error codes"."""

import pytest

from harness.refusal import refused

ARN = "arn:aws:s3:us-east-1:000000000000:storage-lens-group/"
PREFIX = {"MatchAnyPrefix": ["logs/"]}


@pytest.fixture
def create(control):
    return lambda name="group", filter=PREFIX, **more: control.create_storage_lens_group(
        StorageLensGroup={"Name": name, "Filter": filter}, **more
    )


def test_a_group(control, as_account, create):
    assert create()["ResponseMetadata"]["HTTPStatusCode"] == 204
    group = control.get_storage_lens_group(Name="group")["StorageLensGroup"]
    assert group == {"Name": "group", "Filter": PREFIX, "StorageLensGroupArn": ARN + "group"}
    with refused("ConfigurationAlreadyExists", status=409):
        create()
    changed = {"And": {"MatchAnySuffix": [".txt"], "MatchObjectSize": {"BytesGreaterThan": 1, "BytesLessThan": 10}}}
    control.update_storage_lens_group(Name="group", StorageLensGroup={"Name": "group", "Filter": changed})
    assert control.get_storage_lens_group(Name="group")["StorageLensGroup"] == {**group, "Filter": changed}
    with refused("MismatchedName", status=400):
        control.update_storage_lens_group(Name="group", StorageLensGroup={"Name": "other", "Filter": PREFIX})
    create("second")
    entries = control.list_storage_lens_groups()["StorageLensGroupList"]
    assert entries == [
        {"Name": name, "StorageLensGroupArn": ARN + name, "HomeRegion": "us-east-1"} for name in ("group", "second")
    ]
    assert as_account("000000000000", "eu-west-1").list_storage_lens_groups().get("StorageLensGroupList", []) == []
    control.delete_storage_lens_group(Name="group")
    for call in (control.get_storage_lens_group, control.delete_storage_lens_group):
        with refused("NoSuchConfiguration", status=404):
            call(Name="group")


@pytest.mark.parametrize(
    "filter",
    [
        {"MatchAnySuffix": ["a", "b"]},
        {"MatchAnyTag": [{"Key": "a", "Value": ""}]},
        {"MatchObjectAge": {"DaysGreaterThan": 1}},
        {"MatchObjectSize": {"BytesLessThan": 50 << 40}},
        {"Or": {"MatchAnyPrefix": ["a"], "MatchAnyTag": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}},
    ],
)
def test_filters(control, create, filter):
    create(filter=filter)
    assert control.get_storage_lens_group(Name="group")["StorageLensGroup"]["Filter"] == filter


@pytest.mark.parametrize(
    "code, filter",
    [
        ("InvalidFilter", {}),
        ("InvalidFilter", {**PREFIX, "MatchAnySuffix": ["b"]}),
        ("InvalidFilter", {**PREFIX, "And": {**PREFIX, "MatchAnySuffix": ["b"]}}),
        ("InvalidLogicalOperator", {"And": PREFIX}),
        ("TooManyElements", {"MatchAnyPrefix": [str(number) for number in range(11)]}),
        ("InvalidPrefix", {"MatchAnyPrefix": ["a" * 1025]}),
        ("InvalidSuffix", {"MatchAnySuffix": [""]}),
        ("DuplicateElement", {"MatchAnyPrefix": ["a", "a"]}),
        ("DuplicateElement", {"And": {**PREFIX, "MatchAnyTag": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}}),
        ("InvalidTag", {"MatchAnyTag": [{"Key": "a" * 129, "Value": ""}]}),
        ("InvalidMatchObjectAge", {"MatchObjectAge": {}}),
        ("InvalidAge", {"MatchObjectAge": {"DaysGreaterThan": 0}}),
        ("InvalidMatchObjectSize", {"MatchObjectSize": {}}),
        ("InvalidSize", {"MatchObjectSize": {"BytesLessThan": (50 << 40) + 1}}),
        ("InvalidSize", {"MatchObjectSize": {"BytesGreaterThan": -1}}),
        ("InvalidNumericCombination", {"MatchObjectSize": {"BytesGreaterThan": 5, "BytesLessThan": 5}}),
    ],
)
def test_filters_that_are_refused(create, code, filter):
    with refused(code, status=400):
        create(filter=filter)


@pytest.mark.parametrize("name", ["a" * 65, "a.b", "a b"])
def test_names_that_are_refused(create, name):
    with refused("InvalidName", status=400):
        create(name)


def test_fifty_groups_are_all(create):
    for number in range(50):
        create(f"group-{number}")
    with refused("TooManyConfigurations", status=400):
        create("one-more")


def test_tags(control, create):
    create(Tags=[{"Key": "a", "Value": "b"}])
    tags = lambda: control.list_tags_for_resource(ResourceArn=ARN + "group").get("Tags", [])
    assert tags() == [{"Key": "a", "Value": "b"}]
    control.tag_resource(ResourceArn=ARN + "group", Tags=[{"Key": "c", "Value": "d"}])
    control.untag_resource(ResourceArn=ARN + "group", TagKeys=["a"])
    assert tags() == [{"Key": "c", "Value": "d"}]
    control.delete_storage_lens_group(Name="group")
    with refused("NoSuchResource", status=404):
        tags()
    create()
    assert tags() == []
