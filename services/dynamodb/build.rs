//! Generates the typed faces of the two services from their models.

/// Expressions, and the parameters that stood for them before.
const CONDITION: [&str; 3] = ["ConditionExpression", "Expected", "ConditionalOperator"];
const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
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
                "StreamSpecification",
                "GlobalSecondaryIndexUpdates",
                "ReplicaUpdates",
                "MultiRegionConsistency",
                "GlobalTableWitnessUpdates",
                "WarmThroughput",
                "GlobalTableSettingsReplicationMode",
                "VectorIndexUpdates",
            ],
        )
        .ignores("DeleteItem", &[CONDITION.as_slice(), &[NAMES, VALUES, "ReturnItemCollectionMetrics"]].concat())
        .ignores("GetItem", &["AttributesToGet", "ProjectionExpression", NAMES])
        .ignores("PutItem", &[CONDITION.as_slice(), &[NAMES, VALUES, "ReturnItemCollectionMetrics"]].concat())
        .ignores("Scan", &["ScanFilter", "ConditionalOperator", "FilterExpression", NAMES, VALUES])
        .ignores(
            "UpdateItem",
            &[
                CONDITION.as_slice(),
                &["AttributeUpdates", "UpdateExpression", NAMES, VALUES, "ReturnItemCollectionMetrics"],
            ]
            .concat(),
        )
        .ignores("UpdateTimeToLive", &["TimeToLiveSpecification"])
        .write();
}
