//! Generates the typed face of S3 from its model.

/// Members of many operations that need what is not built yet: holds that wait for events.
const EVENTS: [&str; 3] =
    ["ObjectLockEventHold", "ObjectLockEventHoldDurationDays", "ObjectLockEventHoldDurationYears"];

fn main() {
    let put = [&EVENTS[..], &["WriteOffsetBytes"]].concat();
    let restore = [
        "RestoreRequest.Type",
        "RestoreRequest.Description",
        "RestoreRequest.SelectParameters",
        "RestoreRequest.OutputLocation",
    ];
    let generator = kumoi_codegen::Generator::new("s3")
        .operations(&[
            "CreateBucket",
            "DeleteBucket",
            "HeadBucket",
            "ListBuckets",
            "GetBucketLocation",
            "PutObject",
            "GetObject",
            "HeadObject",
            "DeleteObject",
            "DeleteObjects",
            "ListObjects",
            "ListObjectsV2",
            "CopyObject",
            "CreateMultipartUpload",
            "UploadPart",
            "UploadPartCopy",
            "CompleteMultipartUpload",
            "AbortMultipartUpload",
            "ListParts",
            "ListMultipartUploads",
            "ListObjectVersions",
            "GetBucketAcl",
            "PutBucketAcl",
            "GetObjectAcl",
            "PutObjectAcl",
            "GetObjectTagging",
            "PutObjectTagging",
            "DeleteObjectTagging",
            "GetObjectRetention",
            "PutObjectRetention",
            "GetObjectLegalHold",
            "PutObjectLegalHold",
            "GetObjectAttributes",
            "RestoreObject",
            "SelectObjectContent",
            "PutObjectAnnotation",
            "GetObjectAnnotation",
            "ListObjectAnnotations",
            "DeleteObjectAnnotation",
            "UpdateObjectEncryption",
        ])
        .ignores("PutObject", &put)
        .ignores("DeleteObject", &["MFA"])
        .ignores("DeleteObjects", &["MFA"])
        .ignores("CopyObject", &EVENTS)
        .ignores("CreateMultipartUpload", &EVENTS)
        .ignores("PutObjectRetention", &["Retention.EventHold", "Retention.EventHoldDuration"])
        .ignores("RestoreObject", &restore);
    configurations(generator).write();
}

/// Configurations of buckets.
const CONFIGURATIONS: &[&str] = &[
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketCors",
    "DeleteBucketEncryption",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration",
    "DeleteBucketLifecycle",
    "DeleteBucketMetricsConfiguration",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketReplication",
    "DeleteBucketTagging",
    "DeleteBucketWebsite",
    "DeletePublicAccessBlock",
    "GetBucketAbac",
    "GetBucketAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration",
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration",
    "GetBucketLifecycleConfiguration",
    "GetBucketLogging",
    "GetBucketMetricsConfiguration",
    "GetBucketNotificationConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketReplication",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetObjectLockConfiguration",
    "GetPublicAccessBlock",
    "ListBucketAnalyticsConfigurations",
    "ListBucketIntelligentTieringConfigurations",
    "ListBucketInventoryConfigurations",
    "ListBucketMetricsConfigurations",
    "PutBucketAbac",
    "PutBucketAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration",
    "PutBucketLifecycleConfiguration",
    "PutBucketLogging",
    "PutBucketMetricsConfiguration",
    "PutBucketNotificationConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketReplication",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutObjectLockConfiguration",
    "PutPublicAccessBlock",
];

/// What records hold of configurations.
const STORED: &[&str] = &[
    "AbacStatus",
    "AccelerateConfiguration",
    "AnalyticsConfiguration",
    "CORSConfiguration",
    "IntelligentTieringConfiguration",
    "InventoryConfiguration",
    "LifecycleRule",
    "LoggingEnabled",
    "MetricsConfiguration",
    "NotificationConfiguration",
    "ObjectLockRule",
    "ReplicationConfiguration",
    "RequestPaymentConfiguration",
    "ServerSideEncryptionConfiguration",
    "Tagging",
    "WebsiteConfiguration",
];

/// What is kept and told of configurations, and has no effect yet.
const WITHOUT_EFFECT: &[(&str, &[&str])] = &[
    ("PutBucketAbac", &["AbacStatus"]),
    ("PutBucketAccelerateConfiguration", &["AccelerateConfiguration"]),
    ("PutBucketAnalyticsConfiguration", &["AnalyticsConfiguration"]),
    ("PutBucketEncryption", &["ServerSideEncryptionConfiguration.Rules.BlockedEncryptionTypes"]),
    ("PutBucketIntelligentTieringConfiguration", &["IntelligentTieringConfiguration"]),
    (
        "PutBucketInventoryConfiguration",
        &[
            "InventoryConfiguration.Destination.S3BucketDestination.Format=ORC",
            "InventoryConfiguration.Destination.S3BucketDestination.Format=Parquet",
        ],
    ),
    ("PutBucketMetricsConfiguration", &["MetricsConfiguration"]),
    ("PutBucketPolicy", &["ConfirmRemoveSelfBucketAccess"]),
    (
        "PutBucketReplication",
        &[
            "Token",
            "ReplicationConfiguration.Rules.SourceSelectionCriteria.ReplicaModifications",
            "ReplicationConfiguration.Rules.ExistingObjectReplication",
            "ReplicationConfiguration.Rules.Destination.ReplicationTime",
            "ReplicationConfiguration.Rules.Destination.Metrics",
        ],
    ),
    ("PutObjectLockConfiguration", &["Token", "ObjectLockConfiguration.Rule.DefaultRetention.DefaultEventHold"]),
];

fn configurations(generator: kumoi_codegen::Generator) -> kumoi_codegen::Generator {
    let generator = generator.operations(CONFIGURATIONS).stored(STORED);
    WITHOUT_EFFECT.iter().fold(generator, |generator, (operation, members)| generator.ignores(operation, members))
}
