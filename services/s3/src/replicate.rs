//! Replication (User Guide, "Replicating objects within and across Regions"): what is written to a bucket with replication rules is marked, and written
//! to their destinations a moment later, by a timer.

use std::collections::BTreeMap;

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Fault, Halt, Reply};
use serde::{Deserialize, Serialize};

use crate::changes::Place;
use crate::config::replication::bucket_of;
use crate::config::{self, Kind};
use crate::notify::{self, Event, More};
use crate::tables::{Annotations, Bucket, Encryption, Marker, Object, Replication, Version, Versioning};
use crate::{acl, annotations, api, bucket, content, versions};

/// The kind of the timers.
pub(crate) const TIMER: &str = "replicate";

/// Seconds after which a replica is made.
const DELAY: i64 = 1;

/// What is to be replicated.
#[derive(Serialize, Deserialize)]
struct Task {
    bucket: String,
    /// The bucket's id.
    id: u64,
    key: String,
    version: String,
}

/// A status as answers tell it.
pub(crate) fn status_name(status: Replication) -> String {
    match status {
        Replication::Pending => "PENDING",
        Replication::Completed => "COMPLETED",
        Replication::Failed => "FAILED",
        Replication::Replica => "REPLICA",
    }
    .to_owned()
}

/// Marks an object that is to be replicated.
pub(crate) async fn plan(cx: &Cx, Place { bucket, key, .. }: Place<'_>, object: &mut Object) -> Reply<()> {
    if !bucket.has(Kind::Replication) || bucket.versioning != Versioning::Enabled {
        return Ok(());
    }
    let rules = rules(cx, bucket).await?;
    let due = !wanted(&rules, key, What::Object(object)).is_empty();
    match object.attributes.replication {
        // What is a replica stays one.
        Some(Replication::Replica) => {}
        _ if due => object.attributes.replication = Some(Replication::Pending),
        _ => {}
    }
    Ok(())
}

/// Sets the timer for an object that is marked.
pub(crate) async fn later(cx: &Cx, place: Place<'_>, object: &Object) -> Reply<()> {
    match (object.attributes.replication, &object.version) {
        (Some(Replication::Pending), Some(version)) => set(cx, place, version).await,
        _ => Ok(()),
    }
}

/// Sets the timer for an object whose annotations have changed; what an annotation is to be marked with.
pub(crate) async fn annotated(cx: &Cx, place: Place<'_>, object: &Object) -> Reply<Option<Replication>> {
    let replicated = object.attributes.replication.is_some_and(|status| status != Replication::Replica);
    if !replicated || !place.bucket.has(Kind::Replication) || place.bucket.versioning != Versioning::Enabled {
        return Ok(None);
    }
    let rules = rules(cx, place.bucket).await?;
    match &object.version {
        Some(version) if !wanted(&rules, place.key, What::Object(object)).is_empty() => {
            set(cx, place, version).await?;
            Ok(Some(Replication::Pending))
        }
        _ => Ok(None),
    }
}

/// Sets the timer for a delete marker, where a rule wants those.
pub(crate) async fn marker(cx: &Cx, place: Place<'_>, version: &str) -> Reply<()> {
    if !place.bucket.has(Kind::Replication) || place.bucket.versioning != Versioning::Enabled {
        return Ok(());
    }
    let rules = rules(cx, place.bucket).await?;
    if wanted(&rules, place.key, What::Marker).is_empty() { Ok(()) } else { set(cx, place, version).await }
}

async fn set(cx: &Cx, Place { bucket, name, key }: Place<'_>, version: &str) -> Reply<()> {
    let task = Task { bucket: name.to_owned(), id: bucket.id, key: key.to_owned(), version: version.to_owned() };
    let timer = Timer {
        name: format!("{TIMER}/{:016x}", cx.ids().sequence()),
        due: cx.now().plus_seconds(DELAY),
        kind: TIMER.to_owned(),
        payload: serde_json::to_string(&task).map_err(|_| Fault::internal())?,
    };
    Ok(cx.set_timer(&timer).await?)
}

async fn rules(cx: &Cx, bucket: &Bucket) -> Reply<Vec<api::ReplicationRule>> {
    let found = config::get::<api::ReplicationConfiguration>(cx, bucket).await?;
    Ok(found.map(|replication| replication.rules).unwrap_or_default())
}

/// What a rule is asked about.
#[derive(Clone, Copy)]
enum What<'a> {
    Object(&'a Object),
    Marker,
}

/// The rules that want something under a key: for each destination that of the highest priority.
fn wanted<'a>(rules: &'a [api::ReplicationRule], key: &str, what: What<'_>) -> Vec<&'a api::ReplicationRule> {
    let mut found: BTreeMap<&str, &api::ReplicationRule> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| matches(rule, key, what)) {
        let best = found.entry(&rule.destination.bucket).or_insert(rule);
        if rule.priority > best.priority {
            *best = rule;
        }
    }
    // A rule of the older schema, which has no filter, replicates delete markers always.
    let markers = |rule: &&api::ReplicationRule| match &rule.delete_marker_replication {
        Some(markers) => markers.status.as_deref() == Some("Enabled"),
        None => rule.filter.is_none(),
    };
    found.into_values().filter(|rule| matches!(what, What::Object(_)) || markers(rule)).collect()
}

fn matches(rule: &api::ReplicationRule, key: &str, what: What<'_>) -> bool {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefixes = [
        rule.prefix.as_ref(),
        filter.and_then(|filter| filter.prefix.as_ref()),
        and.and_then(|and| and.prefix.as_ref()),
    ];
    let mut tags = and
        .and_then(|and| and.tags.as_ref())
        .into_iter()
        .flatten()
        .chain(filter.and_then(|filter| filter.tag.as_ref()));
    let fits = match what {
        What::Marker => tags.next().is_none(),
        What::Object(object) => {
            let tagged = |tag: &api::Tag| {
                object.attributes.tags.iter().any(|(key, value)| *key == tag.key && *value == tag.value)
            };
            tags.all(tagged) && (!matches!(object.attributes.encryption, Encryption::Kms { .. }) || takes_kms(rule))
        }
    };
    rule.status == "Enabled" && prefixes.into_iter().flatten().all(|prefix| key.starts_with(prefix.as_str())) && fits
}

/// Whether objects that are encrypted with a key of KMS are to be replicated, too.
fn takes_kms(rule: &api::ReplicationRule) -> bool {
    let criteria = rule.source_selection_criteria.as_ref();
    let kms = criteria.and_then(|criteria| criteria.sse_kms_encrypted_objects.as_ref());
    kms.is_some_and(|kms| kms.status == "Enabled")
}

/// The timer fell due: writes the replicas.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(Task { bucket: name, id, key, version }) = serde_json::from_str::<Task>(payload) else { return Ok(()) };
    let source = match bucket::find(cx, &name, None).await {
        Ok(bucket) if bucket.id == id => bucket,
        Ok(_) | Err(Halt::Fault(_)) => return Ok(()),
        Err(halt) => return Err(halt),
    };
    let Some(found) = versions::find(cx, &source, &key, Some(&version)).await? else { return Ok(()) };
    let (place, rules) = (found.place(), rules(cx, &source).await?);
    match found.version {
        Version::Marker(marker) => {
            for rule in wanted(&rules, &key, What::Marker) {
                if let Ok((target, name)) = target(cx, &rule.destination).await? {
                    mark(cx, Place { bucket: &target, name, key: &key }, &marker).await?;
                }
            }
        }
        Version::Object(mut object) => {
            let mut status = Replication::Completed;
            for rule in wanted(&rules, &key, What::Object(&object)) {
                match target(cx, &rule.destination).await? {
                    Ok((target, name)) => {
                        let replica = replica(&source, &object, &target, &rule.destination);
                        let annotations = object.attributes.annotations;
                        write(cx, Place { bucket: &target, name, key: &key }, replica, annotations).await?;
                    }
                    Err(reason) => {
                        status = Replication::Failed;
                        tell_failure(cx, Place { bucket: &source, name: &name, key: &key }, &object, rule, reason)
                            .await?;
                    }
                }
            }
            object.attributes.replication = Some(status);
            if let Some(annotations) = object.attributes.annotations {
                annotations::mark(cx, annotations, status).await?;
            }
            versions::update(cx, &source, &key, object, place).await?;
        }
    }
    Ok(())
}

/// The bucket of a destination, if it can take replicas: it has versions, and belongs to the account that the rule says. Else why it cannot, in the words of
/// "Amazon S3 replication failure reasons".
async fn target<'a>(cx: &Cx, destination: &'a api::Destination) -> Reply<Result<(Bucket, &'a str), &'static str>> {
    let Some(name) = bucket_of(&destination.bucket) else { return Ok(Err("DstBucketNotFound")) };
    match bucket::find(cx, name, destination.account.as_deref()).await {
        Ok(bucket) if bucket.versioning == Versioning::Enabled => Ok(Ok((bucket, name))),
        Ok(_) => Ok(Err("DstBucketUnversioned")),
        Err(Halt::Fault(_)) => Ok(Err("DstBucketNotFound")),
        Err(halt) => Err(halt),
    }
}

/// Tells that an object was not replicated, where the rule has metrics ("Receiving replication failure events with Amazon S3 Event Notifications").
async fn tell_failure(
    cx: &Cx,
    Place { bucket, name, key }: Place<'_>,
    object: &Object,
    rule: &api::ReplicationRule,
    reason: &str,
) -> Reply<()> {
    if rule.destination.metrics.as_ref().is_none_or(|metrics| metrics.status != "Enabled") {
        return Ok(());
    }
    let rule_id = rule.id.as_deref().unwrap_or_default();
    let more = More::Failed { rule: rule_id, destination: &rule.destination.bucket, written: object.modified, reason };
    let event = Event { more, ..Event::created("Replication:OperationFailedReplication", key, object) };
    notify::event(cx, (bucket, name), &event).await
}

/// The object as the destination has it.
fn replica(source: &Bucket, object: &Object, target: &Bucket, destination: &api::Destination) -> Object {
    let mut replica = object.clone();
    let attributes = &mut replica.attributes;
    attributes.replication = Some(Replication::Replica);
    attributes.upload = None;
    attributes.annotations = None;
    attributes.restored = None;
    let translated = destination.access_control_translation.is_some();
    let owner = acl::owner_of(source, object);
    attributes.owner =
        Some(owner).filter(|owner| !translated && !target.is_enforced() && *owner != target.account).map(str::to_owned);
    if translated || target.is_enforced() {
        attributes.acl = None;
    }
    if !target.lock {
        (attributes.retention, attributes.hold) = (None, None);
    }
    if let (Encryption::Kms { key, .. }, Some(other)) =
        (&mut attributes.encryption, &destination.encryption_configuration)
        && let Some(named) = &other.replica_kms_key_id
    {
        key.clone_from(named);
    }
    if let Some(class) = &destination.storage_class {
        replica.storage_class = Some(class.clone()).filter(|class| class != "STANDARD");
    }
    replica
}

/// Writes a replica, or what has changed of one that is there.
async fn write(
    cx: &Cx,
    Place { bucket, name, key }: Place<'_>,
    mut replica: Object,
    annotations: Option<Annotations>,
) -> Reply<()> {
    let found = versions::find(cx, bucket, key, replica.version.as_deref()).await?;
    if let Some(found) = found {
        let place = found.place();
        let Some(mut there) = found.object() else { return Ok(()) };
        there.attributes.tags = replica.attributes.tags;
        there.attributes.acl = replica.attributes.acl;
        there.attributes.annotations = annotations::replicate(cx, annotations, there.attributes.annotations).await?;
        return versions::update(cx, bucket, key, there, place).await;
    }
    content::share(cx, &replica).await?;
    replica.attributes.annotations = annotations::replicate(cx, annotations, None).await?;
    versions::insert(cx, bucket, key, &replica).await?;
    notify::event(cx, (bucket, name), &Event::created("ObjectCreated:Put", key, &replica)).await
}

/// Writes a delete marker, unless it is there.
async fn mark(cx: &Cx, Place { bucket, name, key }: Place<'_>, marker: &Marker) -> Reply<()> {
    if versions::find(cx, bucket, key, marker.version.as_deref()).await?.is_some() {
        return Ok(());
    }
    versions::insert_marker(cx, bucket, key, marker).await?;
    let event = Event {
        name: "ObjectRemoved:DeleteMarkerCreated",
        key,
        version: marker.version.as_deref(),
        ..Event::default()
    };
    notify::event(cx, (bucket, name), &event).await
}
