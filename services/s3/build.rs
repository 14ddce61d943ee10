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

fn main() {
    let create =
        [&GRANTS[..], &["GrantWrite", "ObjectLockEnabledForBucket", "ObjectOwnership", "BucketNamespace"]].concat();
    let create = [
        &create[..],
        &["CreateBucketConfiguration.Location", "CreateBucketConfiguration.Bucket", "CreateBucketConfiguration.Tags"],
    ]
    .concat();
    let put = [
        &GRANTS[..],
        &CUSTOMER_KEY[..],
        &LOCK[..],
        &["ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled"],
        &["ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128"],
        &["RequestPayer", "Tagging", "WriteOffsetBytes"],
    ]
    .concat();
    let get = [&CUSTOMER_KEY[..], &["RequestPayer", "VersionId", "PartNumber"]].concat();
    let delete = ["MFA", "RequestPayer", "VersionId", "BypassGovernanceRetention"];
    let delete_many =
        ["MFA", "RequestPayer", "BypassGovernanceRetention", "ChecksumAlgorithm", "Delete.Objects.VersionId"];
    let list = ["RequestPayer", "OptionalObjectAttributes"];
    kumoi_codegen::Generator::new("s3")
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
        ])
        .ignores("CreateBucket", &create)
        .ignores("PutObject", &put)
        .ignores("GetObject", &get)
        .ignores("HeadObject", &get)
        .ignores("DeleteObject", &delete)
        .ignores("DeleteObjects", &delete_many)
        .ignores("ListObjects", &list)
        .ignores("ListObjectsV2", &list)
        .write();
}
