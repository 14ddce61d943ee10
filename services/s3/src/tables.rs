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
    /// Which kinds of configurations it has: a bit for each [`Kind`], so that most operations need not look for any.
    #[serde(default)]
    pub(crate) configured: u32,
}

impl Bucket {
    /// Whether it has a configuration of that kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.configured & kind.bit() != 0
    }
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
    /// The value, if it is of that algorithm.
    pub(crate) fn of(&self, algorithm: Algorithm) -> Option<String> {
        (self.algorithm == algorithm).then(|| self.value.clone())
    }

    /// Whether it is of all bytes, or of the checksums of the parts.
    pub(crate) fn type_name(&self) -> &'static str {
        // No base64 has a hyphen.
        if self.value.contains('-') { "COMPOSITE" } else { "FULL_OBJECT" }
    }
}

/// An algorithm of a checksum (S3 User Guide, "Checking object integrity in Amazon S3").
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
    pub(crate) body: Body,
}

impl Part {
    /// The checksum of that algorithm, as the client knows it.
    pub(crate) fn checksum_of(&self, algorithm: Algorithm) -> Option<String> {
        self.sent.as_ref().unwrap_or(&self.checksum).of(algorithm)
    }
}

/// By the bucket's id, the upload's id, and the number.
pub(crate) static PARTS: Table<(u64, String, u32), Part> = Table::world("s3", "parts");

/// By the bucket's id and the key.
pub(crate) static OBJECTS: Table<(u64, String), Object> = Table::world("s3", "objects");

/// Configurations of buckets: by the bucket's id, the number of the [`Kind`], and the configuration's own id where a bucket can have several.
pub(crate) static CONFIGURATIONS: Table<(u64, u8, String), Record> = Table::world("s3", "configurations");
