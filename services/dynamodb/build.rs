//! Generates the typed faces of the two services from their models.

fn main() {
    kumoi_codegen::Generator::new("dynamodb")
        .operations(&[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "CreateBackup",
            "CreateGlobalTable",
            "CreateTable",
            "DeleteBackup",
            "DeleteItem",
            "DeleteResourcePolicy",
            "DeleteTable",
            "DescribeBackup",
            "DescribeContinuousBackups",
            "DescribeContributorInsights",
            "DescribeEndpoints",
            "DescribeExport",
            "DescribeGlobalTable",
            "DescribeGlobalTableSettings",
            "DescribeImport",
            "DescribeKinesisStreamingDestination",
            "DescribeLimits",
            "DescribeTable",
            "DescribeTableReplicaAutoScaling",
            "DescribeTimeToLive",
            "DisableKinesisStreamingDestination",
            "EnableKinesisStreamingDestination",
            "ExecuteStatement",
            "ExecuteTransaction",
            "ExportTableToPointInTime",
            "GetItem",
            "GetResourcePolicy",
            "ImportTable",
            "ListBackups",
            "ListContributorInsights",
            "ListExports",
            "ListGlobalTables",
            "ListImports",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "PutResourcePolicy",
            "Query",
            "RestoreTableFromBackup",
            "RestoreTableToPointInTime",
            "Scan",
            "TagResource",
            "TransactGetItems",
            "TransactWriteItems",
            "UntagResource",
            "UpdateContinuousBackups",
            "UpdateContributorInsights",
            "UpdateGlobalTable",
            "UpdateGlobalTableSettings",
            "UpdateItem",
            "UpdateKinesisStreamingDestination",
            "UpdateTable",
            "UpdateTableReplicaAutoScaling",
            "UpdateTimeToLive",
        ])
        .raw(&["AttributeValue"])
        .stored(&[
            "AttributeDefinition",
            "AutoScalingSettingsDescription",
            "ExportDescription",
            "ImportTableDescription",
            "OnDemandThroughput",
            "Projection",
            "SSESpecification",
            "StreamSpecification",
            "Tag",
        ])
        .ignores("ExportTableToPointInTime", &["FilterSpecification"])
        .ignores(
            "ImportTable",
            &["TableCreationParameters.VectorIndexes", "TableCreationParameters.GlobalSecondaryIndexes.WarmThroughput"],
        )
        .ignores("RestoreTableFromBackup", &["VectorIndexOverride", "GlobalSecondaryIndexOverride.WarmThroughput"])
        .ignores("RestoreTableToPointInTime", &["VectorIndexOverride", "GlobalSecondaryIndexOverride.WarmThroughput"])
        .ignores("CreateTable", &["GlobalTableSourceArn", "GlobalTableSettingsReplicationMode", "VectorIndexes"])
        .ignores("UpdateTable", &["GlobalTableSettingsReplicationMode", "VectorIndexUpdates"])
        .write();
    kumoi_codegen::Generator::new("dynamodbstreams")
        .all_operations()
        .raw(&["AttributeValue"])
        .file("streams_api.rs")
        .write();
}
