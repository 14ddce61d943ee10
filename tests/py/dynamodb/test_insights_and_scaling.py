"""Contributor insights, settings of auto scaling, and limits of the account."""

import pytest

from .conftest import index
from .saying import refused_saying as refused

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


class TestInsights:
    """DescribeContributorInsights, UpdateContributorInsights, ListContributorInsights."""

    def test_they_are_enabled_and_disabled(self, ddb, sorted_table):
        """UpdateContributorInsights answers ENABLING or DISABLING; the rules of a table with a sort key are four, two of them for throttled keys alone."""
        name = sorted_table.name
        assert ddb.describe_contributor_insights(TableName=name)["ContributorInsightsStatus"] == "DISABLED"
        answer = ddb.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE")
        assert answer["ContributorInsightsStatus"] == "ENABLING"
        told = ddb.describe_contributor_insights(TableName=name)
        assert (told["ContributorInsightsStatus"], told["ContributorInsightsMode"]) == ("ENABLED", "ACCESSED_AND_THROTTLED_KEYS")
        kinds = [rule.split("-")[1] for rule in told["ContributorInsightsRuleList"]]
        assert kinds == ["PKC", "SKC", "PKT", "SKT"]
        ddb.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE", ContributorInsightsMode="THROTTLED_KEYS")
        assert len(ddb.describe_contributor_insights(TableName=name)["ContributorInsightsRuleList"]) == 2
        answer = ddb.update_contributor_insights(TableName=name, ContributorInsightsAction="DISABLE")
        assert answer["ContributorInsightsStatus"] == "DISABLING"
        told = ddb.describe_contributor_insights(TableName=name)
        assert told["ContributorInsightsStatus"] == "DISABLED" and "ContributorInsightsRuleList" not in told

    def test_they_are_listed(self, ddb, create):
        """ListContributorInsights: of a table and its indexes, or of all, in pages."""
        table = create("p", attributes=("x",), GlobalSecondaryIndexes=[index("by-x", "x")])
        other = create("p")
        for arguments in ({"TableName": table.name}, {"TableName": table.name, "IndexName": "by-x"}, {"TableName": other.name}):
            ddb.update_contributor_insights(**arguments, ContributorInsightsAction="ENABLE")
        listed = ddb.list_contributor_insights(TableName=table.name)["ContributorInsightsSummaries"]
        assert [summary.get("IndexName") for summary in listed] == [None, "by-x"]
        first = ddb.list_contributor_insights(MaxResults=2)
        rest = ddb.list_contributor_insights(MaxResults=2, NextToken=first["NextToken"])
        names = [summary["TableName"] for page in (first, rest) for summary in page["ContributorInsightsSummaries"]]
        assert names == [table.name, table.name, other.name] and "NextToken" not in rest
        table.ddb.delete_table(TableName=table.name)
        assert len(ddb.list_contributor_insights()["ContributorInsightsSummaries"]) == 1

    def test_they_go_with_their_index(self, ddb, create):
        """An index that is deleted has none any more, nor has a new one of its name."""
        by_x = index("by-x", "x")
        table = create("p", attributes=("x",), GlobalSecondaryIndexes=[by_x])
        ddb.update_contributor_insights(TableName=table.name, IndexName="by-x", ContributorInsightsAction="ENABLE")
        ddb.update_table(TableName=table.name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-x"}}])
        assert ddb.list_contributor_insights()["ContributorInsightsSummaries"] == []
        attributes = [{"AttributeName": "x", "AttributeType": "S"}]
        ddb.update_table(TableName=table.name, AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=[{"Create": by_x}])
        told = ddb.describe_contributor_insights(TableName=table.name, IndexName="by-x")
        assert told["ContributorInsightsStatus"] == "DISABLED"

    def test_what_is_not_there(self, ddb, plain):
        with refused("ResourceNotFoundException"):
            ddb.describe_contributor_insights(TableName="none")
        with refused("ResourceNotFoundException"):
            ddb.update_contributor_insights(TableName=plain.name, IndexName="none", ContributorInsightsAction="ENABLE")


class TestScaling:
    """DescribeTableReplicaAutoScaling, UpdateTableReplicaAutoScaling."""

    @pytest.fixture
    def table(self, create):
        return create("p", ProvisionedThroughput=UNITS, BillingMode="PROVISIONED")

    def test_settings_are_kept(self, ddb, table):
        policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "ScaleInCooldown": 60}}
        answer = ddb.update_table_replica_auto_scaling(
            TableName=table.name,
            ProvisionedWriteCapacityAutoScalingUpdate={"MinimumUnits": 5, "MaximumUnits": 50, "ScalingPolicyUpdate": policy},
        )
        assert answer["TableAutoScalingDescription"]["TableStatus"] == "UPDATING"
        told = ddb.describe_table_replica_auto_scaling(TableName=table.name)["TableAutoScalingDescription"]
        (replica,) = told["Replicas"]
        settings = replica["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
        assert (replica["RegionName"], settings["MinimumUnits"], settings["MaximumUnits"]) == ("us-east-1", 5, 50)
        assert settings["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0

    def test_settings_make_sense(self, ddb, table, plain):
        for settings in ({"MinimumUnits": 5}, {"MinimumUnits": 5, "MaximumUnits": 4}):
            with refused("ValidationException"):
                ddb.update_table_replica_auto_scaling(TableName=table.name, ProvisionedWriteCapacityAutoScalingUpdate=settings)
        with refused("ValidationException"):
            settings = {"MinimumUnits": 5, "MaximumUnits": 50}
            ddb.update_table_replica_auto_scaling(TableName=plain.name, ProvisionedWriteCapacityAutoScalingUpdate=settings)
