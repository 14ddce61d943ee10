//! Generates the typed faces of the two services from their models.

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeEndpoints",
            "DescribeKinesisStreamingDestination",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTimeToLive",
            "DisableKinesisStreamingDestination",
            "EnableKinesisStreamingDestination",
            "GetItem",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "Scan",
            "TagResource",
            "UntagResource",
            "UpdateItem",
            "UpdateKinesisStreamingDestination",
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
        ])
        .ignores(
            "CreateTable",
            &[
                "WarmThroughput",
                "ResourcePolicy",
                "GlobalTableSourceArn",
                "GlobalTableSettingsReplicationMode",
                "VectorIndexes",
                "GlobalSecondaryIndexes.WarmThroughput",
            ],
        )
        .ignores(
            "UpdateTable",
            &[
                "GlobalSecondaryIndexUpdates",
                "ReplicaUpdates",
                "MultiRegionConsistency",
                "GlobalTableWitnessUpdates",
                "WarmThroughput",
                "GlobalTableSettingsReplicationMode",
                "VectorIndexUpdates",
            ],
        )
        .ignores("BatchWriteItem", &["ReturnItemCollectionMetrics"])
        .ignores("DeleteItem", &["ReturnItemCollectionMetrics"])
        .ignores("PutItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateItem", &["ReturnItemCollectionMetrics"])
        .write();
    kumoi_codegen::Generator::new("dynamodbstreams")
        .all_operations()
        .raw(&["AttributeValue"])
        .file("streams_api.rs")
        .write();
}
