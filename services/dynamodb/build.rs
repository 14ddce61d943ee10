//! Generates the typed faces of the two services from their models.

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
            "BatchWriteItem",
            "CreateBackup",
            "CreateTable",
            "DeleteBackup",
            "DeleteItem",
            "DeleteTable",
            "DescribeBackup",
            "DescribeContinuousBackups",
            "DescribeEndpoints",
            "DescribeExport",
            "DescribeImport",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTimeToLive",
            "ExportTableToPointInTime",
            "GetItem",
            "ImportTable",
            "ListBackups",
            "ListExports",
            "ListImports",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "RestoreTableFromBackup",
            "RestoreTableToPointInTime",
            "Scan",
            "TagResource",
            "UntagResource",
            "UpdateContinuousBackups",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ])
        .raw(&["AttributeValue"])
        .stored(&[
            "AttributeDefinition",
            "ExportDescription",
            "ImportTableDescription",
            "OnDemandThroughput",
            "Projection",
            "SSESpecification",
            "StreamSpecification",
            "Tag",
            "TimeToLiveSpecification",
        ])
        .ignores("ExportTableToPointInTime", &["FilterSpecification"])
        .ignores(
            "ImportTable",
            &["TableCreationParameters.VectorIndexes", "TableCreationParameters.GlobalSecondaryIndexes.WarmThroughput"],
        )
        .ignores("RestoreTableFromBackup", &["VectorIndexOverride", "GlobalSecondaryIndexOverride.WarmThroughput"])
        .ignores("RestoreTableToPointInTime", &["VectorIndexOverride", "GlobalSecondaryIndexOverride.WarmThroughput"])
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
        .ignores("BatchWriteItem", &["ReturnItemCollectionMetrics"])
        .ignores("DeleteItem", &["ReturnItemCollectionMetrics"])
        .ignores("PutItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateItem", &["ReturnItemCollectionMetrics"])
        .ignores("UpdateTimeToLive", &["TimeToLiveSpecification"])
        .write();
}
