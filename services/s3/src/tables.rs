//! What is stored.

use std::collections::BTreeMap;

use kumoi_core::body::Body;
use kumoi_store::{Index, Table};
use serde::{Deserialize, Serialize};

use crate::config::{Kind, Record};

/// A bucket. Names are unique in the whole world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    /// Tells it apart from an earlier one of its name.
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) region: String,
    /// In microseconds since 1970.
    pub(crate) created: i64,
    #[serde(default)]
    pub(crate) versioning: Versioning,
    /// Objects can be locked.
    #[serde(default)]
    pub(crate) lock: bool,
    /// `None` is as [`Ownership::Writer`], which is what S3 did before it asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) block: Option<PublicAccessBlock>,
    /// `None`: the owner alone may do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acl: Option<Acl>,
    /// Which kinds of configurations it has: a bit for each [`Kind`], so that most operations need not look for any.
    #[serde(default)]
    pub(crate) configured: u32,
}

impl Bucket {
    /// Whether it has a configuration of that kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.configured & kind.bit() != 0
    }

    /// Whether access control lists are disabled.
    pub(crate) fn is_enforced(&self) -> bool {
        self.ownership == Some(Ownership::Enforced)
    }

    /// What is not allowed to be public.
    pub(crate) fn blocked(&self) -> PublicAccessBlock {
        self.block.unwrap_or_default()
    }
}

/// Who owns the objects of a bucket (User Guide, "Controlling ownership of objects and disabling ACLs").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ownership {
    /// The bucket's owner, always; access control lists are disabled.
    #[serde(rename = "e")]
    Enforced,
    /// The bucket's owner where the writer grants full control.
    #[serde(rename = "p")]
    Preferred,
    /// Who wrote them.
    #[serde(rename = "w")]
    Writer,
}

/// What is not allowed to be public (User Guide, "Blocking public access to your Amazon S3 storage").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PublicAccessBlock {
    #[serde(rename = "a")]
    pub(crate) public_acls: bool,
    #[serde(rename = "i")]
    pub(crate) ignore_public_acls: bool,
    #[serde(rename = "p")]
    pub(crate) public_policy: bool,
    #[serde(rename = "r")]
    pub(crate) restrict_public_buckets: bool,
}

/// Whether a bucket keeps the versions of its objects (User Guide, "Retaining multiple versions of objects with S3 Versioning").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    #[default]
    #[serde(rename = "o")]
    Off,
    #[serde(rename = "e")]
    Enabled,
    #[serde(rename = "s")]
    Suspended,
}

pub(crate) static BUCKETS: Table<String, Bucket> = Table::world("s3", "buckets").indexed(&[&OWNED]);

/// Account, then name.
pub(crate) static OWNED: Index<String, Bucket, (String, String)> =
    Index::new("o", |name, bucket| Some((bucket.account.clone(), name.clone())));

/// An object. Names are short in the store, where there can be millions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// When it was written, in microseconds since 1970.
    #[serde(rename = "t")]
    pub(crate) modified: i64,
    #[serde(rename = "n")]
    pub(crate) size: u64,
    /// Without quotes.
    #[serde(rename = "e")]
    pub(crate) etag: String,
    #[serde(rename = "c")]
    pub(crate) checksum: Checksum,
    #[serde(rename = "h", default, skip_serializing_if = "Headers::is_empty")]
    pub(crate) headers: Headers,
    /// `None` for `STANDARD`.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(crate) storage_class: Option<String>,
    #[serde(rename = "b")]
    pub(crate) content: Content,
    /// `None` is the version `null`.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Attributes::is_empty")]
    pub(crate) attributes: Attributes,
}

/// What can be said of an object besides its headers; most have nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    /// The account that owns it, where that is not the bucket's.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// `None`: the owner alone may do everything.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub(crate) acl: Option<Acl>,
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
    #[serde(rename = "e", skip_serializing_if = "Encryption::is_usual")]
    pub(crate) encryption: Encryption,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<Retention>,
    /// A legal hold; `None` if nobody ever spoke of one.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<bool>,
    /// A copy of an archived object.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub(crate) restored: Option<Restored>,
    /// The multipart upload that it came of.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
    /// What became of its replication.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(crate) replication: Option<Replication>,
    /// The annotations that it has; most have none, and nobody looks for any.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Annotations>,
}

impl Attributes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The annotations of one version of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Annotations {
    /// The number under which they are.
    #[serde(rename = "i")]
    pub(crate) set: u64,
    /// How many there are, at least one.
    #[serde(rename = "n")]
    pub(crate) count: u32,
}

/// A text that is attached to an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Annotation {
    /// When it was written, in microseconds since 1970.
    #[serde(rename = "t")]
    pub(crate) modified: i64,
    #[serde(rename = "n")]
    pub(crate) size: u64,
    /// Without quotes.
    #[serde(rename = "e")]
    pub(crate) etag: String,
    #[serde(rename = "c")]
    pub(crate) checksum: Checksum,
    #[serde(rename = "b")]
    pub(crate) body: Body,
    /// What became of its replication.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) replication: Option<Replication>,
}

/// By the number of the set, and the name.
pub(crate) static ANNOTATIONS: Table<(u64, String), Annotation> = Table::world("s3", "annotations");

/// An access control list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Acl(pub(crate) Vec<Grant>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grant {
    #[serde(rename = "w")]
    pub(crate) grantee: Grantee,
    #[serde(rename = "p")]
    pub(crate) permission: Permission,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Grantee {
    /// An account.
    #[serde(rename = "a")]
    Account(String),
    #[serde(rename = "g")]
    Group(Group),
}

/// Groups that Amazon S3 knows (User Guide, "Access control list overview").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Group {
    #[serde(rename = "e")]
    Everyone,
    #[serde(rename = "a")]
    Authenticated,
    #[serde(rename = "l")]
    LogDelivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Permission {
    #[serde(rename = "f")]
    FullControl,
    #[serde(rename = "r")]
    Read,
    #[serde(rename = "w")]
    Write,
    #[serde(rename = "ra")]
    ReadAcp,
    #[serde(rename = "wa")]
    WriteAcp,
}

/// How an object is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Encryption {
    /// With keys of S3's own.
    #[default]
    #[serde(rename = "s")]
    S3,
    /// With a key of KMS.
    #[serde(rename = "k")]
    Kms {
        /// Twice (`aws:kms:dsse`).
        #[serde(rename = "d", default)]
        dual: bool,
        /// The key, as the client named it.
        #[serde(rename = "k")]
        key: String,
        #[serde(rename = "b", default)]
        bucket_key: bool,
        /// As the client sent it.
        #[serde(rename = "c", default)]
        context: Option<String>,
    },
    /// With a key that the client keeps, of which this is the MD5 in base64.
    #[serde(rename = "c")]
    Customer(String),
}

impl Encryption {
    fn is_usual(&self) -> bool {
        *self == Self::S3
    }
}

/// Until when an object must not be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    /// Nobody can shorten it; else who has the permission can (governance).
    #[serde(rename = "c")]
    pub(crate) compliance: bool,
    /// In microseconds since 1970.
    #[serde(rename = "u")]
    pub(crate) until: i64,
}

/// A copy of an archived object that can be read for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When it is there, in microseconds since 1970.
    #[serde(rename = "f")]
    pub(crate) from: i64,
    /// When it goes, in microseconds since 1970.
    #[serde(rename = "u")]
    pub(crate) until: i64,
}

/// What became of an object's replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Replication {
    #[serde(rename = "p")]
    Pending,
    #[serde(rename = "c")]
    Completed,
    #[serde(rename = "f")]
    Failed,
    /// It is itself a replica.
    #[serde(rename = "r")]
    Replica,
}

/// The bytes of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// As one request sent them.
    #[serde(rename = "o")]
    One(Body),
    /// The parts of a multipart upload, in order.
    #[serde(rename = "p")]
    Parts(Vec<Piece>),
}

/// A part of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    #[serde(rename = "n")]
    pub(crate) size: u64,
    #[serde(rename = "b")]
    pub(crate) body: Body,
    /// The part's own, where the client sent one.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<Checksum>,
    /// Its number, where that is not its place.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u32>,
}

/// A checksum of bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    #[serde(rename = "a")]
    pub(crate) algorithm: Algorithm,
    /// As clients see it: in base64, and with the number of parts where it is made of theirs.
    #[serde(rename = "v")]
    pub(crate) value: String,
}

impl Checksum {
    /// Whether it is of all bytes, or of the checksums of the parts.
    pub(crate) fn type_name(&self) -> &'static str {
        // No base64 has a hyphen.
        if self.value.contains('-') { "COMPOSITE" } else { "FULL_OBJECT" }
    }
}

/// An algorithm of a checksum (S3 User Guide, "Checking object integrity in Amazon S3"). What is stored are the short names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "3")]
    Crc32,
    #[serde(rename = "c")]
    Crc32c,
    #[serde(rename = "n")]
    Crc64Nvme,
    #[serde(rename = "1")]
    Sha1,
    #[serde(rename = "2")]
    Sha256,
    #[serde(rename = "5")]
    Sha512,
    #[serde(rename = "m")]
    Md5,
    #[serde(rename = "x6")]
    XxHash64,
    #[serde(rename = "x3")]
    XxHash3,
    #[serde(rename = "x1")]
    XxHash128,
}

/// Headers that are given back as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Headers {
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    /// In seconds since 1970.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect: Option<String>,
    /// `x-amz-meta-…`, names in lower case.
    #[serde(rename = "m", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Headers {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A multipart upload that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upload {
    /// In microseconds since 1970.
    pub(crate) initiated: i64,
    pub(crate) headers: Headers,
    /// `None` for `STANDARD`.
    pub(crate) storage_class: Option<String>,
    /// What the client announced.
    pub(crate) algorithm: Option<Algorithm>,
    /// The checksum is to be made of those of the parts.
    pub(crate) composite: bool,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    /// The account that began it.
    #[serde(default)]
    pub(crate) initiator: String,
}

/// By the bucket's id, the key, and the upload's id.
pub(crate) static UPLOADS: Table<(u64, String, String), Upload> = Table::world("s3", "uploads");

/// A part that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// In microseconds since 1970.
    pub(crate) modified: i64,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksum: Checksum,
    /// The checksum that the client sent, where it is of another algorithm.
    pub(crate) sent: Option<Checksum>,
    /// Whether the client sent one.
    #[serde(default)]
    pub(crate) known: bool,
    pub(crate) body: Body,
}

impl Part {
    /// The checksum that the client knows.
    pub(crate) fn known_checksum(&self) -> &Checksum {
        self.sent.as_ref().unwrap_or(&self.checksum)
    }
}

/// By the bucket's id, the upload's id, and the number.
pub(crate) static PARTS: Table<(u64, String, u32), Part> = Table::world("s3", "parts");

/// By the bucket's id and the key: the objects that a plain listing shows.
pub(crate) static OBJECTS: Table<(u64, String), Object> = Table::world("s3", "objects");

/// What a key has besides the object that a plain listing shows: older versions, and delete markers, the latest included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "most are objects")]
pub(crate) enum Version {
    #[serde(rename = "o")]
    Object(Object),
    #[serde(rename = "m")]
    Marker(Marker),
}

/// Says that an object was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// When, in microseconds since 1970.
    #[serde(rename = "t")]
    pub(crate) modified: i64,
    /// `None` is the version `null`.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The account that owns it, where that is not the bucket's.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
}

impl Version {
    /// The version's id.
    pub(crate) fn id(&self) -> &str {
        let (Self::Object(Object { version, .. }) | Self::Marker(Marker { version, .. })) = self;
        version.as_deref().unwrap_or("null")
    }

    /// When it was written, in microseconds since 1970.
    pub(crate) fn modified(&self) -> i64 {
        let (Self::Object(Object { modified, .. }) | Self::Marker(Marker { modified, .. })) = self;
        *modified
    }
}

/// By the bucket's id, the key, and a number that is the less the younger the version is.
pub(crate) static VERSIONS: Table<(u64, String, u64), Version> =
    Table::world("s3", "versions").indexed(&[&VERSION_IDS]);

/// The bucket's id, the key, and the version's id.
pub(crate) static VERSION_IDS: Index<(u64, String, u64), Version, (u64, String, String)> =
    Index::new("i", |(bucket, key, _), version| Some((*bucket, key.clone(), version.id().to_owned())));

/// Configurations of buckets: by the bucket's id, the number of the [`Kind`], and the configuration's own id where a bucket can have several.
pub(crate) static CONFIGURATIONS: Table<(u64, u8, String), Record> = Table::world("s3", "configurations");
