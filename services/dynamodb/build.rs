//! Generates the typed faces of the two services from their models.

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
            "BatchWriteItem",
            "CreateGlobalTable",
            "CreateTable",
            "DeleteItem",
            "DeleteResourcePolicy",
            "DeleteTable",
            "DescribeContributorInsights",
            "DescribeEndpoints",
            "DescribeGlobalTable",
            "DescribeGlobalTableSettings",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTableReplicaAutoScaling",
            "DescribeTimeToLive",
            "GetItem",
            "GetResourcePolicy",
            "ListContributorInsights",
            "ListGlobalTables",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "PutResourcePolicy",
            "Query",
            "Scan",
            "TagResource",
            "UntagResource",
            "UpdateContributorInsights",
            "UpdateGlobalTable",
            "UpdateGlobalTableSettings",
            "UpdateItem",
            "UpdateTable",
            "UpdateTableReplicaAutoScaling",
            "UpdateTimeToLive",
        ])
        .raw(&["AttributeValue"])
        .stored(&[
            "AttributeDefinition",
            "AutoScalingSettingsDescription",
            "OnDemandThroughput",
            "Projection",
            "SSESpecification",
            "StreamSpecification",
            "Tag",
            "TimeToLiveSpecification",
        ])
        .ignores(
            "CreateTable",
            &["StreamSpecification", "GlobalTableSourceArn", "GlobalTableSettingsReplicationMode", "VectorIndexes"],
        )
        .ignores("UpdateTable", &["StreamSpecification", "GlobalTableSettingsReplicationMode", "VectorIndexUpdates"])
        .ignores("BatchWriteItem", &["ReturnItemCollectionMetrics"])
        .ignores("DeleteItem", &["ReturnItemCollectionMetrics"])
        .ignores("PutItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateTimeToLive", &["TimeToLiveSpecification"])
        .write();
    kumoi_codegen::Generator::new("dynamodbstreams").operations(&["ListStreams"]).file("streams_api.rs").write();
}
