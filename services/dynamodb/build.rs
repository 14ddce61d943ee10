//! Generates the typed faces of the two services from their models.

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeEndpoints",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTimeToLive",
            "GetItem",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "Scan",
            "TagResource",
            "UntagResource",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ])
        .raw(&["AttributeValue"])
        .stored(&[
            "AttributeDefinition",
            "OnDemandThroughput",
            "Projection",
            "SSESpecification",
            "StreamSpecification",
            "Tag",
            "TimeToLiveSpecification",
        ])
        .ignores(
            "CreateTable",
            &[
                "StreamSpecification",
                "ResourcePolicy",
                "GlobalTableSourceArn",
                "GlobalTableSettingsReplicationMode",
                "VectorIndexes",
            ],
        )
        .ignores(
            "UpdateTable",
            &[
                "StreamSpecification",
                "ReplicaUpdates",
                "MultiRegionConsistency",
                "GlobalTableWitnessUpdates",
                "GlobalTableSettingsReplicationMode",
                "VectorIndexUpdates",
            ],
        )
        .ignores("BatchWriteItem", &["ReturnItemCollectionMetrics"])
        .ignores("DeleteItem", &["ReturnItemCollectionMetrics"])
        .ignores("PutItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateTimeToLive", &["TimeToLiveSpecification"])
        .write();
}
