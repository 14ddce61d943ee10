//! Configurations of buckets: what the API Reference calls subresources. One mechanism keeps, finds and removes them, but for the few that stand in the
//! bucket's own record because most operations look at them: versioning, ownership, the public access block.
//!
//! | Module | What it is about |
//! |---|---|
//! | `operations` | which function answers which operation |
//! | `access` | public access block, ownership of objects, attribute-based access control |
//! | `cors` | cross-origin rules, and what they answer |
//! | `encryption`, `lock`, `versioning` | what happens to objects when they are written |
//! | `lifecycle`, `replication`, `notification`, `logging`, `website` | what happens later, or elsewhere |
//! | `named` | inventories, analytics, metrics, archiving: a bucket has many of each |
//! | `payment` | request payment, acceleration |
//! | `policy`, `tagging` | the bucket policy, tags |

pub(crate) mod access;
pub(crate) mod cors;
pub(crate) mod encryption;
pub(crate) mod lifecycle;
pub(crate) mod lock;
pub(crate) mod logging;
pub(crate) mod named;
pub(crate) mod notification;
pub(crate) mod operations;
pub(crate) mod payment;
pub(crate) mod policy;
pub(crate) mod replication;
pub(crate) mod tagging;
pub(crate) mod versioning;
pub(crate) mod website;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

pub(crate) use self::operations::operations;
use crate::errors::{malformed_xml, refused};
use crate::tables::{BUCKETS, Bucket, CONFIGURATIONS};
use crate::{api, bucket};

/// What a bucket can have as a configuration. It is stored under its kind.
pub(crate) trait Configuration: Sized + Send + Sync {
    const KIND: Kind;
    fn wrap(self) -> Record;
    fn unwrap(record: Record) -> Option<Self>;
}

/// Kinds of configurations. Their numbers are stored, so they stay as they are.
macro_rules! kinds {
    ($($kind:ident($type:ty) = $number:literal;)*) => {
        /// A kind of configuration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Kind {
            $($kind = $number,)*
        }

        /// A configuration of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub(crate) enum Record {
            $($kind($type),)*
        }

        $(impl Configuration for $type {
            const KIND: Kind = Kind::$kind;
            fn wrap(self) -> Record {
                Record::$kind(self)
            }
            fn unwrap(record: Record) -> Option<Self> {
                match record {
                    Record::$kind(configuration) => Some(configuration),
                    _ => None,
                }
            }
        })*
    };
}

kinds! {
    Tagging(api::Tagging) = 0;
    Policy(policy::Policy) = 1;
    Cors(api::CORSConfiguration) = 4;
    Lifecycle(lifecycle::Lifecycle) = 5;
    Encryption(api::ServerSideEncryptionConfiguration) = 6;
    Website(api::WebsiteConfiguration) = 7;
    Logging(api::LoggingEnabled) = 8;
    Replication(api::ReplicationConfiguration) = 9;
    Notification(api::NotificationConfiguration) = 10;
    Lock(api::ObjectLockRule) = 11;
    Acceleration(api::AccelerateConfiguration) = 12;
    RequestPayment(api::RequestPaymentConfiguration) = 13;
    Abac(api::AbacStatus) = 14;
    Inventory(api::InventoryConfiguration) = 15;
    Analytics(api::AnalyticsConfiguration) = 16;
    Metrics(api::MetricsConfiguration) = 17;
    Tiering(api::IntelligentTieringConfiguration) = 18;
}

impl Kind {
    /// Its bit in [`Bucket::configured`].
    pub(crate) fn bit(self) -> u32 {
        1 << self as u8
    }

    /// What is told of a bucket that has none, in the words of the API Reference ("Error responses").
    fn absent(self) -> Fault {
        let (code, message) = match self {
            Kind::Tagging => ("NoSuchTagSet", "The TagSet does not exist"),
            Kind::Policy => ("NoSuchBucketPolicy", "The bucket policy does not exist"),
            Kind::Cors => ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
            Kind::Lifecycle => ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
            Kind::Website => {
                ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
            }
            Kind::Replication => {
                ("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
            }
            Kind::Lock => {
                ("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
            }
            _ => ("NoSuchConfiguration", "The specified configuration does not exist."),
        };
        refused(code, 404, message)
    }
}

/// The bucket that an input is about.
pub(crate) trait OfBucket {
    fn bucket(&self) -> &str;
    fn owner(&self) -> Option<&str>;
}

macro_rules! of_bucket {
    ($($method:ident($input:ident) -> $output:ident: $function:expr;)*) => {$(
        impl OfBucket for api::$input {
            fn bucket(&self) -> &str {
                &self.bucket
            }
            fn owner(&self) -> Option<&str> {
                self.expected_bucket_owner.as_deref()
            }
        }
    )*};
}

operations!(of_bucket);

/// The bucket of a request.
async fn find(cx: &Cx, input: &impl OfBucket) -> Reply<Bucket> {
    bucket::find(cx, input.bucket(), input.owner()).await
}

/// The configuration of a bucket that has one of that kind.
pub(crate) async fn get<C: Configuration>(cx: &Cx, bucket: &Bucket) -> Reply<Option<C>> {
    get_named(cx, bucket, "").await
}

/// That of them which has the id.
pub(crate) async fn get_named<C: Configuration>(cx: &Cx, bucket: &Bucket, id: &str) -> Reply<Option<C>> {
    if !bucket.has(C::KIND) {
        return Ok(None);
    }
    let key = (bucket.id, C::KIND as u8, id.to_owned());
    Ok(cx.tx().get(&Scope::world(), &CONFIGURATIONS, &key).await?.and_then(C::unwrap))
}

/// The configuration that a request asks for.
async fn look<C: Configuration>(cx: &Cx, input: &impl OfBucket) -> Reply<Option<C>> {
    get(cx, &find(cx, input).await?).await
}

/// The configuration that a request asks for, which must be there.
async fn require<C: Configuration>(cx: &Cx, input: &impl OfBucket) -> Reply<C> {
    Ok(look(cx, input).await?.ok_or_else(|| C::KIND.absent())?)
}

/// Keeps a configuration. The bucket is the caller's to keep, as it may have a new bit.
pub(crate) async fn set<C: Configuration>(cx: &Cx, bucket: &mut Bucket, id: &str, configuration: C) -> Reply<()> {
    let key = (bucket.id, C::KIND as u8, id.to_owned());
    cx.tx().put(&Scope::world(), &CONFIGURATIONS, &key, &configuration.wrap()).await?;
    bucket.configured |= C::KIND.bit();
    Ok(())
}

/// Keeps the configuration of a request.
async fn put<C: Configuration, O: Default>(
    cx: &Cx,
    input: &impl OfBucket,
    mut bucket: Bucket,
    configuration: C,
) -> Reply<O> {
    set(cx, &mut bucket, "", configuration).await?;
    keep(cx, input, &bucket).await?;
    Ok(O::default())
}

/// Keeps a bucket that has changed.
async fn keep(cx: &Cx, input: &impl OfBucket, bucket: &Bucket) -> Reply<()> {
    cx.tx().put(&Scope::world(), &BUCKETS, &input.bucket().to_owned(), bucket).await?;
    Ok(())
}

/// Removes the configuration that a request is about, if it is there.
pub(crate) async fn delete<C: Configuration, I: OfBucket, O: Default>(cx: &Cx, input: I) -> Reply<O> {
    let bucket = find(cx, &input).await?;
    unset::<C>(cx, &input, bucket, "").await?;
    Ok(O::default())
}

/// Removes a configuration, and tells whether it was there.
async fn unset<C: Configuration>(cx: &Cx, input: &impl OfBucket, mut bucket: Bucket, id: &str) -> Reply<bool> {
    if !bucket.has(C::KIND) {
        return Ok(false);
    }
    let key = (bucket.id, C::KIND as u8, id.to_owned());
    let was = cx.tx().delete(&Scope::world(), &CONFIGURATIONS, &key).await?;
    let rest = KeyRange::prefix(&(bucket.id, C::KIND as u8));
    if cx.tx().range(&Scope::world(), &CONFIGURATIONS, rest, 1).await?.is_empty() {
        bucket.configured &= !C::KIND.bit();
        keep(cx, input, &bucket).await?;
    }
    Ok(was)
}

/// Removes all configurations of a bucket that goes.
pub(crate) async fn remove_all(cx: &Cx, bucket: &Bucket) -> Reply<()> {
    if bucket.configured != 0 {
        cx.tx().delete_range(&Scope::world(), &CONFIGURATIONS, KeyRange::prefix(&(bucket.id,))).await?;
    }
    Ok(())
}

/// An id for a rule that came without one, as S3 makes them.
fn new_id(cx: &Cx) -> String {
    STANDARD.encode(cx.ids().uuid())
}

/// Refuses a document in which more than one of these is there: its schema has a choice of them.
fn at_most_one<const N: usize>(present: [bool; N]) -> Result<(), Fault> {
    match present.into_iter().filter(|present| *present).count() {
        0 | 1 => Ok(()),
        _ => Err(malformed_xml()),
    }
}

/// Refuses a document in which other than one of these is there.
fn exactly_one<const N: usize>(present: [bool; N]) -> Result<(), Fault> {
    if present.contains(&true) { at_most_one(present) } else { Err(malformed_xml()) }
}
