//! What operations are called in policies, and what access control lists grant them ("Actions, resources, and condition keys for Amazon S3" in the
//! Service Authorization Reference).

use crate::tables::Permission;

/// What access control list can grant an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granted {
    /// None: the bucket's owner alone has it.
    No,
    /// None: the object's owner alone has it.
    ToOwner,
    ByBucket(Permission),
    ByObject(Permission),
}

impl Granted {
    /// Whether it is the owner of an object who has it first of all.
    pub(crate) fn is_about_object(self) -> bool {
        matches!(self, Self::ByObject(_) | Self::ToOwner)
    }
}

/// What an operation needs: its action, without and with a version, and what may grant it.
pub(crate) fn needed(operation: &str) -> Option<(&'static str, Option<&'static str>, Granted)> {
    use Granted::{ByBucket, ByObject, ToOwner};
    use Permission::{Read, ReadAcp, Write, WriteAcp};
    Some(match operation {
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => ("s3:ListBucket", None, ByBucket(Read)),
        "ListObjectVersions" => ("s3:ListBucketVersions", None, ByBucket(Read)),
        "ListMultipartUploads" => ("s3:ListBucketMultipartUploads", None, ByBucket(Read)),
        "GetBucketAcl" => ("s3:GetBucketAcl", None, ByBucket(ReadAcp)),
        "PutBucketAcl" => ("s3:PutBucketAcl", None, ByBucket(WriteAcp)),
        "PutObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "CompleteMultipartUpload"
        | "CopyObject"
        | "UploadPartCopy" => ("s3:PutObject", None, ByBucket(Write)),
        "DeleteObject" => ("s3:DeleteObject", Some("s3:DeleteObjectVersion"), ByBucket(Write)),
        "AbortMultipartUpload" => ("s3:AbortMultipartUpload", None, ByBucket(Write)),
        "ListParts" => ("s3:ListMultipartUploadParts", None, ByBucket(Write)),
        "GetObject" | "HeadObject" | "SelectObjectContent" => {
            ("s3:GetObject", Some("s3:GetObjectVersion"), ByObject(Read))
        }
        "GetObjectAttributes" => ("s3:GetObjectAttributes", Some("s3:GetObjectVersionAttributes"), ToOwner),
        "GetObjectTorrent" => ("s3:GetObjectTorrent", Some("s3:GetObjectVersionTorrent"), ByObject(Read)),
        "GetObjectAcl" => ("s3:GetObjectAcl", Some("s3:GetObjectVersionAcl"), ByObject(ReadAcp)),
        "PutObjectAcl" => ("s3:PutObjectAcl", Some("s3:PutObjectVersionAcl"), ByObject(WriteAcp)),
        "GetObjectTagging" => ("s3:GetObjectTagging", Some("s3:GetObjectVersionTagging"), ToOwner),
        "PutObjectTagging" => ("s3:PutObjectTagging", Some("s3:PutObjectVersionTagging"), ToOwner),
        "DeleteObjectTagging" => ("s3:DeleteObjectTagging", Some("s3:DeleteObjectVersionTagging"), ToOwner),
        "GetObjectAnnotation" => ("s3:GetObjectAnnotation", Some("s3:GetObjectVersionAnnotation"), ToOwner),
        "PutObjectAnnotation" => ("s3:PutObjectAnnotation", Some("s3:PutObjectVersionAnnotation"), ToOwner),
        "ListObjectAnnotations" => ("s3:ListObjectAnnotations", Some("s3:ListObjectVersionAnnotations"), ToOwner),
        "DeleteObjectAnnotation" => ("s3:DeleteObjectAnnotation", Some("s3:DeleteObjectVersionAnnotation"), ToOwner),
        "UpdateObjectEncryption" => ("s3:UpdateObjectEncryption", None, ToOwner),
        "GetObjectRetention" => ("s3:GetObjectRetention", None, ToOwner),
        "PutObjectRetention" => ("s3:PutObjectRetention", None, ToOwner),
        "GetObjectLegalHold" => ("s3:GetObjectLegalHold", None, ToOwner),
        "PutObjectLegalHold" => ("s3:PutObjectLegalHold", None, ToOwner),
        "RestoreObject" => ("s3:RestoreObject", None, Granted::No),
        _ => return None,
    })
}

/// Actions of operations on configurations that are not called like the operation.
const RENAMED: [(&str, &str); 31] = [
    ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("DeleteBucketReplication", "s3:PutReplicationConfiguration"),
    ("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    ("GetBucketCors", "s3:GetBucketCORS"),
    ("PutBucketCors", "s3:PutBucketCORS"),
    ("DeleteBucketCors", "s3:PutBucketCORS"),
    ("DeleteBucketTagging", "s3:PutBucketTagging"),
    ("GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
    ("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
    ("PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
    ("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    ("GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration"),
    ("PutBucketInventoryConfiguration", "s3:PutInventoryConfiguration"),
    ("GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration"),
    ("PutBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
    ("GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration"),
    ("PutBucketMetricsConfiguration", "s3:PutMetricsConfiguration"),
    ("GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration"),
    ("PutBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"),
];

/// The action of an operation that the owner of a bucket alone may run: most are called like it.
pub(crate) fn owners_action(operation: &str) -> String {
    match RENAMED.iter().find(|(name, _)| *name == operation) {
        Some((_, action)) => (*action).to_owned(),
        None => ["s3:", operation].concat(),
    }
}

/// What the owner's root user can do whatever the policy says, lest a bucket be locked for good.
pub(crate) const ALWAYS: [&str; 3] = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
