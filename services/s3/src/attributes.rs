//! What a request says of an object besides its bytes and headers: access, encryption, lock and tags.

use kumoi_core::{Cx, Reply};
use md5::{Digest as _, Md5};

use crate::acl::Owners;
use crate::tables::{Attributes, Bucket, Encryption, Ownership};
use crate::{access, acl, config, encryption, lock, tags};

/// The members of a request that say it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) acl: acl::Asked<'a>,
    pub(crate) encryption: encryption::Asked<'a>,
    pub(crate) lock: lock::Asked<'a>,
    pub(crate) tagging: Option<&'a str>,
}

/// Reads them from an input; several types have the same members.
macro_rules! asked {
    ($input:ident) => {
        $crate::attributes::Asked {
            acl: $crate::acl::asked!($input),
            encryption: $crate::encryption::Asked {
                method: $input.server_side_encryption.as_deref(),
                kms_key: $input.ssekms_key_id.as_deref(),
                context: $input.ssekms_encryption_context.as_deref(),
                bucket_key: $input.bucket_key_enabled,
                customer: $crate::attributes::customer_key!($input),
            },
            lock: $crate::lock::Asked {
                mode: $input.object_lock_mode.as_deref(),
                until: $input.object_lock_retain_until_date,
                hold: $input.object_lock_legal_hold_status.as_deref(),
            },
            tagging: $input.tagging.as_deref(),
        }
    };
}

/// The client's own key in an input.
macro_rules! customer_key {
    ($input:ident) => {
        $crate::encryption::CustomerKey {
            algorithm: $input.sse_customer_algorithm.as_deref(),
            key: $input.sse_customer_key.as_deref(),
            md5: $input.sse_customer_key_md5.as_deref(),
        }
    };
}

pub(crate) use {asked, customer_key};

impl Asked<'_> {
    /// What a new object gets, the bucket's defaults included.
    pub(crate) async fn read(&self, cx: &Cx, bucket: &Bucket) -> Reply<Attributes> {
        let owner = self.owner(cx, bucket);
        let own = owner.as_deref().unwrap_or(&bucket.account);
        let asked = self.acl.read(&Owners { own, bucket: Some(&bucket.account) })?;
        let acl = acl::allowed(cx, bucket, self.acl.canned, asked).await?;
        let (retention, hold) = self.lock.read(cx, bucket)?;
        let retention = match retention {
            None => config::lock::default(cx, bucket).await?,
            given => given,
        };
        let encryption = match self.encryption.read(cx)? {
            Some(encryption) => encryption,
            None => config::encryption::default(cx, bucket).await?,
        };
        let tags = tags::read(self.tagging)?;
        Ok(Attributes { owner, acl, tags, encryption, retention, hold, ..Attributes::default() })
    }

    /// The account that will own the object, if that is not the bucket's.
    fn owner(&self, cx: &Cx, bucket: &Bucket) -> Option<String> {
        let handed_over =
            bucket.ownership == Some(Ownership::Preferred) && self.acl.canned == Some("bucket-owner-full-control");
        access::writer(cx, bucket).filter(|_| !handed_over)
    }
}

/// The entity tag of bytes that were received: their MD5, unless they are encrypted with a key that is not S3's.
pub(crate) fn etag(encryption: &Encryption, md5: &str) -> String {
    let key = match encryption {
        Encryption::S3 => return md5.to_owned(),
        Encryption::Kms { key, .. } | Encryption::Customer(key) => key,
    };
    hex::encode(Md5::digest([md5, key].concat()))
}
