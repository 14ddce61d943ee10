//! How logs come to the target bucket: what a bucket's requests have left is gathered every few minutes, by a timer that is set with the first of them
//! and ends when there was nothing more.
//!
//! The objects are put by the logging service, as the target bucket's policy or the grants to the log delivery group permit, and like those of everybody
//! else: encrypted by default, with versions, events and replicas. What cannot be put is tried again a few times and then lost, with a line in kumoi's own
//! log: "best effort server log delivery".

use std::collections::BTreeMap;

use kumoi_core::outbox::Effect;
use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Principal, Reply};
use kumoi_model::{Timestamp, Value};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use super::{ENTRIES, Entry, GATHERED};
use crate::config::Kind;
use crate::lifecycle::DAY;
use crate::tables::{BUCKETS, Bucket};
use crate::{accounts, api, config, notify};

/// The kind of the timers.
pub(crate) const TIMER: &str = "logs";

/// Who puts logs.
pub(crate) const PRINCIPAL: &str = "logging.s3.amazonaws.com";

/// Minutes for which entries are gathered.
const MINUTES: i64 = 5;

/// Entries that one timer takes, and bytes of lines after which it takes no more: either makes one object, or one of each day.
const BATCH: usize = 1000;
const MAX_BYTES: usize = 1 << 20;

/// Deliveries to try, and seconds before the second.
const ATTEMPTS: u32 = 3;
const BACKOFF: u32 = 60;

/// What a timer gathers.
#[derive(Debug, Serialize, Deserialize)]
struct Gathering {
    bucket: String,
    /// The bucket's id: there may be another of its name by then.
    id: u64,
    /// Entries before this one, so that those that come meanwhile are not in the way.
    before: Option<u64>,
}

fn name(bucket: &Bucket) -> String {
    format!("{TIMER}:{}", bucket.id)
}

fn scope(bucket: &Bucket) -> Scope {
    Scope::new(&bucket.account, &bucket.region)
}

/// Sets the timer that gathers what the requests to a bucket leave from now on.
pub(super) async fn plan(cx: &Cx, bucket: &Bucket, name: &str) -> Reply<()> {
    let gathering = Gathering { bucket: name.to_owned(), id: bucket.id, before: None };
    set(cx, bucket, &gathering, cx.now().plus_seconds(MINUTES * 60)).await
}

async fn set(cx: &Cx, bucket: &Bucket, gathering: &Gathering, due: Timestamp) -> Reply<()> {
    let payload = serde_json::to_string(gathering).map_err(|_| Fault::internal())?;
    let timer = Timer { name: name(bucket), due, kind: TIMER.to_owned(), payload };
    Ok(timers::set(cx.tx(), "s3", &scope(bucket), &timer).await?)
}

/// Forgets what was gathered of a bucket that goes.
pub(crate) async fn forget(cx: &Cx, bucket: &Bucket) -> Reply<()> {
    if cx.tx().delete(&Scope::world(), &GATHERED, &(bucket.id,)).await? {
        timers::cancel(cx.tx(), "s3", &scope(bucket), &name(bucket)).await?;
        cx.tx().delete_range(&Scope::world(), &ENTRIES, KeyRange::prefix(&(bucket.id,))).await?;
    }
    Ok(())
}

/// The timer fell due.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(gathering) = serde_json::from_str::<Gathering>(payload) else { return Ok(()) };
    let bucket = cx.tx().get(&Scope::world(), &BUCKETS, &gathering.bucket).await?;
    let Some(bucket) = bucket.filter(|bucket| bucket.id == gathering.id) else { return Ok(()) };
    let before = gathering.before.unwrap_or_else(|| cx.ids().sequence());
    let range = KeyRange::prefix(&(bucket.id,)).before(&(bucket.id, before));
    let page = cx.tx().range(&Scope::world(), &ENTRIES, range, BATCH).await?;
    let (mut more, mut bytes) = (page.len() == BATCH, 0);
    let mut taken = Vec::new();
    for (key, entry) in page {
        if bytes >= MAX_BYTES {
            more = true;
            break;
        }
        bytes += entry.lines.len();
        cx.tx().remove(&Scope::world(), &ENTRIES, &key, &entry).await?;
        taken.push(entry);
    }
    let idle = taken.is_empty();
    if let Some(logging) = config::get::<api::LoggingEnabled>(cx, &bucket).await? {
        let target = cx.tx().get(&Scope::world(), &BUCKETS, &logging.target_bucket).await?;
        match target {
            Some(target) if takes_logs(cx, &target).await? => {
                deliver(cx, (&bucket, &gathering.bucket), &logging, &target, taken).await?;
            }
            _ if idle => {}
            _ => {
                tracing::warn!(bucket = %gathering.bucket, target = %logging.target_bucket, "the target bucket takes no logs")
            }
        }
    }
    if more {
        return set(cx, &bucket, &Gathering { before: Some(before), ..gathering }, cx.now()).await;
    }
    let all = KeyRange::prefix(&(bucket.id,));
    if idle && cx.tx().range(&Scope::world(), &ENTRIES, all, 1).await?.is_empty() {
        cx.tx().delete(&Scope::world(), &GATHERED, &(bucket.id,)).await?;
        return Ok(());
    }
    plan(cx, &bucket, &gathering.bucket).await
}

/// Whether logs can be delivered to a bucket ("Enabling Amazon S3 server access logging"): not to one with Object Lock, with Requester Pays, or whose
/// default encryption is with a key of KMS.
async fn takes_logs(cx: &Cx, target: &Bucket) -> Reply<bool> {
    if target.lock {
        return Ok(false);
    }
    let payment = config::get::<api::RequestPaymentConfiguration>(cx, target).await?;
    if payment.is_some_and(|payment| payment.payer == "Requester") {
        return Ok(false);
    }
    if !target.has(Kind::Encryption) {
        return Ok(true);
    }
    let encryption = config::get::<api::ServerSideEncryptionConfiguration>(cx, target).await?;
    let mut rules = encryption.into_iter().flat_map(|encryption| encryption.rules);
    Ok(!rules.any(|rule| {
        rule.apply_server_side_encryption_by_default.is_some_and(|default| default.sse_algorithm.starts_with("aws:kms"))
    }))
}

/// Puts what was gathered once this transaction has committed.
async fn deliver(
    cx: &Cx,
    (bucket, name): (&Bucket, &str),
    logging: &api::LoggingEnabled,
    target: &Bucket,
    taken: Vec<Entry>,
) -> Reply<()> {
    let format = logging.target_object_key_format.as_ref();
    let partitioned = format.and_then(|format| format.partitioned_prefix.as_ref());
    let by_day = partitioned.is_some_and(|prefix| prefix.partition_date_source.as_deref() != Some("DeliveryTime"));
    // With the time of events in the key, an object has those of one day.
    let mut objects: BTreeMap<i64, String> = BTreeMap::new();
    for entry in taken {
        let at = if by_day { day(entry.received) } else { cx.now().micros() };
        objects.entry(at).or_default().push_str(&entry.lines);
    }
    for (at, lines) in objects {
        let unique = format!("{}-{:016X}", moment(at, "%Y-%m-%d-%H-%M-%S"), cx.ids().number());
        let prefix = &logging.target_prefix;
        let key = match partitioned {
            Some(_) => {
                let (account, region, day) = (&bucket.account, &bucket.region, moment(at, "%Y/%m/%d"));
                format!("{prefix}{account}/{region}/{name}/{day}/{unique}")
            }
            None => [prefix.as_str(), &unique].concat(),
        };
        let effect = effect((bucket, name), logging, target, key, lines).ok_or_else(Fault::internal)?;
        cx.deliver(&effect).await?;
    }
    Ok(())
}

/// The midnight before a moment.
fn day(micros: i64) -> i64 {
    micros.div_euclid(DAY).saturating_mul(DAY)
}

fn moment(micros: i64, format: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    moment.strftime(format).to_string()
}

fn effect(
    (bucket, name): (&Bucket, &str),
    logging: &api::LoggingEnabled,
    target: &Bucket,
    key: String,
    lines: String,
) -> Option<Effect> {
    let text = Value::String;
    let mut members = vec![
        ("Bucket", text(logging.target_bucket.clone())),
        ("Key", text(key)),
        ("Body", Value::Blob(lines.into_bytes().into())),
    ];
    if !target.is_enforced() {
        members.extend(grants(logging, target).into_iter().map(|(member, header)| (member, text(header))));
    }
    Some(Effect {
        lane: String::new(),
        service: "s3".to_owned(),
        operation: "PutObject".to_owned(),
        input: notify::input("s3", "PutObject", members)?,
        account: target.account.clone(),
        region: target.region.clone(),
        principal: Principal::service(PRINCIPAL, &bucket.account),
        source_arn: Some(notify::arn(bucket, name)),
        attempts: ATTEMPTS,
        backoff_seconds: BACKOFF,
        dead_letter: None,
    })
}

/// Who may do what with the objects, besides the bucket's owner, who may do all. Who is not known gets nothing, and to write is no permission of an object.
fn grants(logging: &api::LoggingEnabled, target: &Bucket) -> BTreeMap<&'static str, String> {
    let mut headers: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for grant in logging.target_grants.iter().flatten() {
        let Some(grantee) = &grant.grantee else { continue };
        let member = match grant.permission.as_deref() {
            Some("FULL_CONTROL") => "GrantFullControl",
            Some("READ") => "GrantRead",
            _ => continue,
        };
        let id = grantee.id.as_ref().filter(|id| accounts::account_of(id).is_some());
        match (grantee.r#type.as_str(), id, &grantee.uri) {
            ("CanonicalUser", Some(id), _) => headers.entry(member).or_default().push(format!("id=\"{id}\"")),
            ("Group", _, Some(uri)) => headers.entry(member).or_default().push(format!("uri=\"{uri}\"")),
            _ => {}
        }
    }
    if !headers.is_empty() {
        let owner = format!("id=\"{}\"", accounts::canonical(&target.account));
        headers.entry("GrantFullControl").or_default().push(owner);
    }
    headers.into_iter().map(|(member, grantees)| (member, grantees.join(", "))).collect()
}
