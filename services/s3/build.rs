//! Generates the typed face of S3 from its model.

/// Members of many operations that need what is not built yet: access control, encryption with keys of clients and of KMS, object lock,
/// requester pays, MFA delete, and versioning.
const GRANTS: [&str; 5] = ["ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"];
const CUSTOMER_KEY: [&str; 3] = ["SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"];
const LOCK: [&str; 6] = [
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus",
    "ObjectLockEventHold",
    "ObjectLockEventHoldDurationDays",
    "ObjectLockEventHoldDurationYears",
];

const CHECKSUMS: [&str; 5] =
    ["ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128"];

fn main() {
    let create =
        [&GRANTS[..], &["GrantWrite", "ObjectLockEnabledForBucket", "ObjectOwnership", "BucketNamespace"]].concat();
    let create = [
        &create[..],
        &["CreateBucketConfiguration.Location", "CreateBucketConfiguration.Bucket", "CreateBucketConfiguration.Tags"],
    ]
    .concat();
    let begin = [
        &GRANTS[..],
        &CUSTOMER_KEY[..],
        &LOCK[..],
        &[
            "ServerSideEncryption",
            "SSEKMSKeyId",
            "SSEKMSEncryptionContext",
            "BucketKeyEnabled",
            "RequestPayer",
            "Tagging",
        ],
    ]
    .concat();
    let put = [&begin[..], &CHECKSUMS[..], &["WriteOffsetBytes"]].concat();
    let part = [&CUSTOMER_KEY[..], &CHECKSUMS[..], &["RequestPayer"]].concat();
    let complete = [
        &part[..],
        &[
            "ChecksumType",
            "MultipartUpload.Parts.ChecksumSHA512",
            "MultipartUpload.Parts.ChecksumMD5",
            "MultipartUpload.Parts.ChecksumXXHASH64",
            "MultipartUpload.Parts.ChecksumXXHASH3",
            "MultipartUpload.Parts.ChecksumXXHASH128",
        ],
    ]
    .concat();
    let from_encrypted = ["CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"];
    let copy = [&begin[..], &from_encrypted[..], &["TaggingDirective", "AnnotationDirective"]].concat();
    let copy_part = [&CUSTOMER_KEY[..], &from_encrypted[..], &["RequestPayer"]].concat();
    let list_parts = [&CUSTOMER_KEY[..], &["RequestPayer"]].concat();
    let get = [&CUSTOMER_KEY[..], &["RequestPayer", "VersionId"]].concat();
    let delete = ["MFA", "RequestPayer", "VersionId", "BypassGovernanceRetention"];
    let delete_many =
        ["MFA", "RequestPayer", "BypassGovernanceRetention", "ChecksumAlgorithm", "Delete.Objects.VersionId"];
    let list = ["RequestPayer", "OptionalObjectAttributes"];
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
        ])
        .ignores("CreateBucket", &create)
        .ignores("PutObject", &put)
        .ignores("GetObject", &get)
        .ignores("HeadObject", &get)
        .ignores("DeleteObject", &delete)
        .ignores("DeleteObjects", &delete_many)
        .ignores("CopyObject", &copy)
        .ignores("CreateMultipartUpload", &begin)
        .ignores("UploadPart", &part)
        .ignores("UploadPartCopy", &copy_part)
        .ignores("CompleteMultipartUpload", &complete)
        .ignores("AbortMultipartUpload", &["RequestPayer"])
        .ignores("ListParts", &list_parts)
        .ignores("ListMultipartUploads", &["RequestPayer", "Delimiter"])
        .ignores("ListObjects", &list)
        .ignores("ListObjectsV2", &list);
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

/// Operations that take digests of their document, of which a service sees the decoded form alone.
const DIGESTED: &[&str] = &[
    "PutBucketAbac",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketLogging",
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
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "ReplicationConfiguration",
    "RequestPaymentConfiguration",
    "ServerSideEncryptionConfiguration",
    "Tagging",
    "WebsiteConfiguration",
];

fn configurations(generator: kumoi_codegen::Generator) -> kumoi_codegen::Generator {
    let generator = generator
        .operations(CONFIGURATIONS)
        .stored(STORED)
        .ignores("PutBucketAccelerateConfiguration", &["ChecksumAlgorithm"])
        .ignores("PutBucketLifecycleConfiguration", &["ChecksumAlgorithm"])
        .ignores("PutBucketPolicy", &["ConfirmRemoveSelfBucketAccess"])
        .ignores("PutBucketReplication", &["Token"])
        .ignores(
            "PutObjectLockConfiguration",
            &["Token", "RequestPayer", "ObjectLockConfiguration.Rule.DefaultRetention.DefaultEventHold"],
        )
        .ignores("GetBucketAccelerateConfiguration", &["RequestPayer"]);
    DIGESTED.iter().fold(generator, |generator, name| generator.ignores(name, &["ContentMD5", "ChecksumAlgorithm"]))
}
