//! What a report tells of an object (User Guide, "Amazon S3 Inventory list"), as values between commas, each in quotes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::tables::{Bucket, Content, Encryption, Marker, Object, Version};
use crate::{accounts, acl, api, lock, replicate};

/// What stays as it is in a key, which is encoded as in a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The columns that a report can have, in their order; the first two it has always, and those of versions if it is about all versions.
const COLUMNS: [&str; 24] = [
    "Bucket",
    "Key",
    "VersionId",
    "IsLatest",
    "IsDeleteMarker",
    "Size",
    "LastModifiedDate",
    "ETag",
    "StorageClass",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
    "IntelligentTieringReferenceDate",
    "ObjectLockEventHoldStatus",
    "ObjectLockEventHoldDuration",
];

const ALWAYS: [&str; 2] = ["Bucket", "Key"];
const OF_VERSIONS: [&str; 3] = ["VersionId", "IsLatest", "IsDeleteMarker"];

/// The columns of a report.
pub(super) struct Columns(Vec<&'static str>);

/// What a row is about, besides the object or delete marker itself.
pub(super) struct Row<'a> {
    pub(super) bucket: &'a Bucket,
    /// The bucket's.
    pub(super) name: &'a str,
    pub(super) key: &'a str,
    pub(super) latest: bool,
    /// When a rule lets it expire, in microseconds since 1970.
    pub(super) expires: Option<i64>,
}

impl Columns {
    pub(super) fn of(inventory: &api::InventoryConfiguration) -> Self {
        let all = inventory.included_object_versions == "All";
        let optional = inventory.optional_fields.as_deref().unwrap_or_default();
        let has = |column: &&str| {
            ALWAYS.contains(column)
                || (all && OF_VERSIONS.contains(column))
                || optional.iter().any(|field| field == column)
        };
        Self(COLUMNS.into_iter().filter(has).collect())
    }

    /// As a manifest tells them.
    pub(super) fn schema(&self) -> String {
        self.0.join(", ")
    }

    pub(super) fn has_versions(&self) -> bool {
        self.0.contains(&"VersionId")
    }

    pub(super) fn has_expiration(&self) -> bool {
        self.0.contains(&"LifecycleExpirationDate")
    }

    /// Adds the row of a version.
    pub(super) fn version(&self, row: &Row<'_>, version: &Version, text: &mut String) {
        match version {
            Version::Object(object) => self.object(row, object, text),
            Version::Marker(marker) => self.add(text, |column| of_marker(row, marker, column)),
        }
    }

    /// Adds the row of an object.
    pub(super) fn object(&self, row: &Row<'_>, object: &Object, text: &mut String) {
        self.add(text, |column| of_object(row, object, column));
    }

    fn add(&self, text: &mut String, value: impl Fn(&str) -> Option<String>) {
        for (index, column) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push('"');
            text.push_str(&value(column).unwrap_or_default().replace('"', "\"\""));
            text.push('"');
        }
        text.push('\n');
    }
}

fn date(micros: i64) -> String {
    let moment = jiff::Timestamp::from_second(micros.div_euclid(1_000_000)).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// What is told of whatever is under a key. The version `null` is told as none.
fn of_any(row: &Row<'_>, version: Option<&String>, modified: i64, column: &str) -> Option<String> {
    match column {
        "Bucket" => Some(row.name.to_owned()),
        "Key" => Some(utf8_percent_encode(row.key, PLAIN).to_string()),
        "VersionId" => version.cloned(),
        "IsLatest" => Some(row.latest.to_string()),
        "LastModifiedDate" => Some(date(modified)),
        "LifecycleExpirationDate" => row.expires.map(date),
        _ => None,
    }
}

fn of_marker(row: &Row<'_>, marker: &Marker, column: &str) -> Option<String> {
    match column {
        "IsDeleteMarker" => Some("true".to_owned()),
        _ => of_any(row, marker.version.as_ref(), marker.modified, column),
    }
}

fn of_object(row: &Row<'_>, object: &Object, column: &str) -> Option<String> {
    let attributes = &object.attributes;
    let class = object.storage_class.as_deref().unwrap_or("STANDARD");
    match column {
        "IsDeleteMarker" => Some("false".to_owned()),
        "Size" => Some(object.size.to_string()),
        "ETag" => Some(object.etag.clone()),
        "StorageClass" => Some(class.to_owned()),
        "IsMultipartUploaded" => Some(matches!(object.content, Content::Parts(_)).to_string()),
        "ReplicationStatus" => attributes.replication.map(replicate::status_name),
        "EncryptionStatus" => Some(
            match attributes.encryption {
                Encryption::S3 => "SSE-S3",
                Encryption::Kms { dual: false, .. } => "SSE-KMS",
                Encryption::Kms { dual: true, .. } => "DSSE-KMS",
                Encryption::Customer(_) => "SSE-C",
            }
            .to_owned(),
        ),
        "BucketKeyStatus" => {
            let enabled = matches!(attributes.encryption, Encryption::Kms { bucket_key: true, .. });
            Some(if enabled { "ENABLED" } else { "DISABLED" }.to_owned())
        }
        "ObjectLockRetainUntilDate" => attributes.retention.as_ref().map(|retention| date(retention.until)),
        "ObjectLockMode" => attributes.retention.as_ref().map(|retention| lock::mode_name(retention.compliance)),
        "ObjectLockLegalHoldStatus" => {
            row.bucket.lock.then(|| if attributes.hold == Some(true) { "On" } else { "Off" }.to_owned())
        }
        // Nothing is ever left unread for so long that it would move.
        "IntelligentTieringAccessTier" => (class == "INTELLIGENT_TIERING").then(|| "FREQUENT".to_owned()),
        "ChecksumAlgorithm" => Some(object.checksum.algorithm.name().to_owned()),
        "ObjectAccessControlList" => Some(access_list(row.bucket, object)),
        "ObjectOwner" => Some(accounts::canonical(acl::owner_of(row.bucket, object))),
        _ => of_any(row, object.version.as_ref(), object.modified, column),
    }
}

/// An access control list as JSON, in base64 ("Object ACL" in the User Guide's page on the list).
fn access_list(bucket: &Bucket, object: &Object) -> String {
    let grants = acl::grants(bucket, object).into_iter().map(|(grantee, permission)| match grantee {
        acl::Named::Account(id) => json!({ "canonicalId": id, "type": "CanonicalUser", "permission": permission }),
        acl::Named::Group(uri) => json!({ "uri": uri, "type": "Group", "permission": permission }),
    });
    let list = json!({ "version": "2022-11-10", "status": "AVAILABLE", "grants": grants.collect::<Vec<_>>() });
    STANDARD.encode(list.to_string())
}
