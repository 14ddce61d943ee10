//! Events that others are told of (User Guide, "Amazon S3 Event Notifications"): which destinations an event goes to, and in which words.

use kumoi_core::identity::{Principal, PrincipalKind};
use kumoi_core::outbox::Effect;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::{Catalog, Service, Struct, Timestamp, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::config::notification::Destination;
use crate::config::{self, Kind};
use crate::errors::invalid_argument;
use crate::tables::{Bucket, Object, Versioning};
use crate::{accounts, api};

/// Deliveries to try, and seconds before the second.
const ATTEMPTS: u32 = 5;
const BACKOFF: u32 = 1;

/// The version of the messages' structure: since 2.4 all events have the same (User Guide, "Event message structure").
const STRUCTURE: &str = "2.5";

/// What is encoded of a key in a message: as in a form, but for slashes.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');

/// Something that happened to an object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Event<'a> {
    /// Such as `ObjectCreated:Put`.
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
    /// Of an object that is new.
    pub(crate) size: Option<u64>,
    pub(crate) etag: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) more: More<'a>,
}

/// What is told of some events alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum More<'a> {
    #[default]
    Nothing,
    /// A copy of an object of that class is being restored.
    Restoring(&'a str),
    /// It is there, until that moment in microseconds since 1970.
    Restored(&'a str, i64),
    /// An object has moved to that class.
    Moved(&'a str),
    /// An object was not replicated.
    Failed {
        /// The id of the replication rule.
        rule: &'a str,
        /// The ARN of the bucket that it was to go to.
        destination: &'a str,
        /// When it was written, in microseconds since 1970.
        written: i64,
        /// One of "Amazon S3 replication failure reasons".
        reason: &'a str,
    },
}

impl<'a> Event<'a> {
    /// An event about an object that is there.
    pub(crate) fn about(name: &'a str, key: &'a str, object: &'a Object) -> Self {
        let version = Some(object.version.as_deref().unwrap_or("null"));
        Self { name, key, etag: Some(&object.etag), version, ..Self::default() }
    }

    /// An event about an object that is new.
    pub(crate) fn created(name: &'a str, key: &'a str, object: &'a Object) -> Self {
        Self { size: Some(object.size), ..Self::about(name, key, object) }
    }

    /// An event about a delete marker that was written.
    pub(crate) fn marked(key: &'a str, version: Option<&'a str>) -> Self {
        // The MD5 of nothing.
        let etag = Some("d41d8cd98f00b204e9800998ecf8427e");
        Self { name: "ObjectRemoved:DeleteMarkerCreated", key, etag, version, ..Self::default() }
    }

    /// Whether it comes in an order: what is created and removed does.
    fn is_ordered(&self) -> bool {
        let kinds = ["ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:"];
        kinds.iter().any(|kind| self.name.starts_with(kind))
    }
}

/// Tells the destinations of a bucket of an event, once this transaction has committed.
pub(crate) async fn event(cx: &Cx, (bucket, name): (&Bucket, &str), event: &Event<'_>) -> Reply<()> {
    if !bucket.has(Kind::Notification) {
        return Ok(());
    }
    let Some(mut notification) = config::get::<api::NotificationConfiguration>(cx, bucket).await? else {
        return Ok(());
    };
    let event = Event { version: event.version.filter(|_| bucket.versioning != Versioning::Off), ..*event };
    let sequencer = event.is_ordered().then(|| format!("{:018X}", cx.ids().sequence()));
    for destination in config::notification::destinations(&mut notification, event.name, event.key) {
        let message = record(cx, (bucket, name), &event, destination.id, sequencer.as_deref());
        deliver(cx, (bucket, name), &destination, &json!({ "Records": [message] })).await?;
    }
    if notification.event_bridge_configuration.is_some()
        && let Some((kind, detail)) = detail(cx, name, &event, sequencer.as_deref())
    {
        put_events(cx, (bucket, name), kind, &detail).await?;
    }
    Ok(())
}

/// The message about an event ("Event message structure").
fn record(
    cx: &Cx,
    (bucket, name): (&Bucket, &str),
    event: &Event<'_>,
    id: &str,
    sequencer: Option<&str>,
) -> serde_json::Value {
    let mut object = json!({ "key": utf8_percent_encode(event.key, KEY).to_string().replace(' ', "+") });
    if let Some(members) = object.as_object_mut() {
        let told = [
            ("size", event.size.map(serde_json::Value::from)),
            ("eTag", event.etag.map(serde_json::Value::from)),
            ("versionId", event.version.map(serde_json::Value::from)),
            ("sequencer", sequencer.map(serde_json::Value::from)),
        ];
        members.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    let mut message = json!({
        "eventVersion": STRUCTURE,
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": moment(cx.now()),
        "eventName": event.name,
        "userIdentity": { "principalId": principal(cx.principal()) },
        "requestParameters": { "sourceIPAddress": source(cx) },
        "responseElements": { "x-amz-request-id": cx.request_id(), "x-amz-id-2": cx.request_id() },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": name,
                "ownerIdentity": { "principalId": customer(&bucket.account) },
                "arn": arn(bucket, name),
            },
            "object": object,
        },
    });
    if let (Some((name, data)), Some(members)) = (event.more.data(), message.as_object_mut()) {
        members.insert(name.to_owned(), data);
    }
    message
}

impl More<'_> {
    /// The member of a message that has it.
    fn data(&self) -> Option<(&'static str, serde_json::Value)> {
        Some(match *self {
            Self::Nothing | Self::Restoring(_) => return None,
            Self::Restored(class, until) => {
                let until = moment(Timestamp::from_micros(until));
                let data = json!({ "lifecycleRestorationExpiryTime": until, "lifecycleRestoreStorageClass": class });
                ("glacierEventData", json!({ "restoreEventData": data }))
            }
            Self::Moved(class) => {
                ("lifecycleEventData", json!({ "transitionEventData": { "destinationStorageClass": class } }))
            }
            Self::Failed { rule, destination, written, reason } => (
                "replicationEventData",
                json!({
                    "replicationRuleId": rule,
                    "destinationBucket": destination,
                    "s3Operation": "OBJECT_PUT",
                    "requestTime": moment(Timestamp::from_micros(written)),
                    "failureReason": reason,
                }),
            ),
        })
    }

    /// The members of a detail for EventBridge that have it.
    fn details(&self) -> [(&'static str, Option<serde_json::Value>); 3] {
        let second =
            |micros: i64| jiff::Timestamp::from_second(micros.div_euclid(1_000_000)).unwrap_or_default().to_string();
        let (source, until, destination) = match *self {
            Self::Nothing | Self::Failed { .. } => (None, None, None),
            Self::Restoring(class) => (Some(json!(class)), None, None),
            Self::Restored(class, until) => (Some(json!(class)), Some(json!(second(until))), None),
            Self::Moved(class) => (None, None, Some(json!(class))),
        };
        [("restore-expiry-time", until), ("source-storage-class", source), ("destination-storage-class", destination)]
    }
}

/// Where a request comes from: its client, or the service that acts.
fn source(cx: &Cx) -> String {
    let client = cx.call_info().client.as_ref();
    match client.and_then(|client| client.address) {
        Some(address) => address.to_string(),
        None if cx.principal().kind == PrincipalKind::Service => cx.principal().arn.clone(),
        None => LOCAL.to_owned(),
    }
}

/// What is told of a call of which nobody knows where it comes from: it cannot have come from afar.
const LOCAL: &str = "127.0.0.1";

fn moment(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.micros().div_euclid(1000)).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn principal(principal: &Principal) -> String {
    match principal.kind {
        PrincipalKind::Anonymous => "Anonymous".to_owned(),
        PrincipalKind::Root => customer(&principal.account),
        PrincipalKind::Service => principal.arn.clone(),
        _ => ["AWS:", principal.user_id.as_str()].concat(),
    }
}

/// The id of an account as a customer: a letter and digits that follow from the account.
fn customer(account: &str) -> String {
    let id = accounts::canonical(account).to_ascii_uppercase();
    ["A", id.get(..13).unwrap_or_default()].concat()
}

pub(crate) fn arn(bucket: &Bucket, name: &str) -> String {
    let partition = &kumoi_model::partitions::partition_of(&bucket.region).id;
    ["arn:", partition.as_str(), ":s3:::", name].concat()
}

/// Type and detail of an event for EventBridge ("EventBridge event message structure"), which hears of all but those of replication.
fn detail(
    cx: &Cx,
    name: &str,
    event: &Event<'_>,
    sequencer: Option<&str>,
) -> Option<(&'static str, serde_json::Value)> {
    let (family, what) = event.name.split_once(':').unwrap_or((event.name, ""));
    let (kind, reason, deletion) = match (family, what) {
        ("ObjectCreated", "Put") => ("Object Created", Some("PutObject"), None),
        ("ObjectCreated", "Post") => ("Object Created", Some("POST Object"), None),
        ("ObjectCreated", "Copy") => ("Object Created", Some("CopyObject"), None),
        ("ObjectCreated", _) => ("Object Created", Some("CompleteMultipartUpload"), None),
        ("ObjectRemoved", "Delete") => ("Object Deleted", Some("DeleteObject"), Some("Permanently Deleted")),
        ("ObjectRemoved", _) => ("Object Deleted", Some("DeleteObject"), Some("Delete Marker Created")),
        ("LifecycleExpiration", "Delete") => {
            ("Object Deleted", Some("Lifecycle Expiration"), Some("Permanently Deleted"))
        }
        ("LifecycleExpiration", _) => ("Object Deleted", Some("Lifecycle Expiration"), Some("Delete Marker Created")),
        ("ObjectTagging", "Put") => ("Object Tags Added", None, None),
        ("ObjectTagging", _) => ("Object Tags Deleted", None, None),
        ("ObjectAcl", _) => ("Object ACL Updated", None, None),
        ("ObjectRestore", "Post") => ("Object Restore Initiated", None, None),
        ("ObjectRestore", "Completed") => ("Object Restore Completed", None, None),
        ("ObjectRestore", _) => ("Object Restore Expired", None, None),
        ("LifecycleTransition", _) => ("Object Storage Class Changed", None, None),
        _ => return None,
    };
    let object = [
        ("key", Some(json!(event.key))),
        ("size", event.size.map(serde_json::Value::from)),
        ("etag", event.etag.map(serde_json::Value::from)),
        ("version-id", event.version.map(serde_json::Value::from)),
        ("sequencer", sequencer.map(serde_json::Value::from)),
    ];
    let requester = match cx.principal().kind {
        PrincipalKind::Service => &cx.principal().arn,
        _ => &cx.principal().account,
    };
    let told = [
        ("version", Some(json!("0"))),
        ("bucket", Some(json!({ "name": name }))),
        ("object", Some(members(object))),
        ("request-id", Some(json!(cx.request_id()))),
        ("requester", Some(json!(requester))),
        // There is none where S3 acts by itself.
        ("source-ip-address", cx.call_info().client.as_ref().map(|_| json!(source(cx)))),
        ("reason", reason.map(serde_json::Value::from)),
        ("deletion-type", deletion.map(serde_json::Value::from)),
    ];
    Some((kind, members(told.into_iter().chain(event.more.details()))))
}

/// An object of those members that are there.
fn members<'a>(members: impl IntoIterator<Item = (&'a str, Option<serde_json::Value>)>) -> serde_json::Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    serde_json::Value::Object(there.collect())
}

/// Tells the queues and topics of a configuration that it is there, as S3 does when one is put.
pub(crate) async fn test(cx: &Cx, at: (&Bucket, &str), destinations: &[Destination<'_>]) -> Reply<()> {
    let message = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": moment(cx.now()),
        "Bucket": at.1,
        "RequestId": cx.request_id(),
        "HostId": cx.request_id(),
    });
    for destination in destinations.iter().filter(|destination| destination.service != "lambda") {
        deliver(cx, at, destination, &message).await?;
    }
    Ok(())
}

/// Refuses destinations that are not there. Of services that are not built nobody can tell.
pub(crate) async fn validate(cx: &Cx, (bucket, name): (&Bucket, &str), destinations: &[Destination<'_>]) -> Reply<()> {
    for destination in destinations.iter().filter(|destination| destination.service == "sqs") {
        let refused = |reason: &str| {
            let fault = invalid_argument("Unable to validate the following destination configurations");
            fault.with_detail("ArgumentName1", destination.arn).with_detail("ArgumentValue1", reason)
        };
        let Some((_, _, queue)) = place(destination.arn) else {
            return Err(refused("The ARN is not well formed").into());
        };
        if queue.ends_with(".fifo") {
            return Err(refused("FIFO queues are not supported").into());
        }
        let url = queue_url(destination.arn).unwrap_or_default();
        let input =
            input("sqs", "GetQueueAttributes", [("QueueUrl", Value::String(url))]).ok_or_else(Fault::internal)?;
        let source = Some(arn(bucket, name));
        let found = cx.call("sqs", "GetQueueAttributes", input, s3(bucket), source).await;
        if found.is_err() {
            return Err(refused("The destination queue does not exist").into());
        }
    }
    Ok(())
}

fn s3(bucket: &Bucket) -> Principal {
    Principal::service("s3.amazonaws.com", &bucket.account)
}

/// Region, account and name of a destination's ARN.
fn place(arn: &str) -> Option<(&str, &str, &str)> {
    let mut fields = arn.splitn(6, ':').skip(3);
    Some((fields.next()?, fields.next()?, fields.next()?))
}

/// The URL of a queue, which says where it is.
fn queue_url(arn: &str) -> Option<String> {
    let (region, account, name) = place(arn)?;
    Some(format!("https://sqs.{region}.amazonaws.com/{account}/{name}"))
}

/// Sends a message to a destination.
async fn deliver(cx: &Cx, at: (&Bucket, &str), to: &Destination<'_>, message: &serde_json::Value) -> Reply<()> {
    let (message, target) = (message.to_string(), to.arn.to_owned());
    let text = Value::String;
    let (operation, input) = match to.service {
        "sqs" => {
            let url = queue_url(to.arn).unwrap_or_default();
            ("SendMessage", input("sqs", "SendMessage", [("QueueUrl", text(url)), ("MessageBody", text(message))]))
        }
        "sns" => {
            let subject = ("Subject", text("Amazon S3 Notification".to_owned()));
            let members = [("TopicArn", text(target)), ("Message", text(message)), subject];
            ("Publish", input("sns", "Publish", members))
        }
        _ => {
            let asynchronous = ("InvocationType", text("Event".to_owned()));
            let members =
                [("FunctionName", text(target)), ("Payload", Value::Blob(message.into_bytes().into())), asynchronous];
            ("Invoke", input("lambda", "Invoke", members))
        }
    };
    let (region, account, _) = place(to.arn).unwrap_or((&at.0.region, &at.0.account, ""));
    send(cx, at, (to.service, operation), (account, region), input).await
}

async fn put_events(cx: &Cx, at: (&Bucket, &str), kind: &str, detail: &serde_json::Value) -> Reply<()> {
    let text = |text: &str| Value::String(text.to_owned());
    let members = [
        ("Source", text("aws.s3")),
        ("DetailType", text(kind)),
        ("Detail", Value::String(detail.to_string())),
        ("Resources", Value::List(vec![Value::String(arn(at.0, at.1))])),
        ("Time", Value::Timestamp(cx.now())),
    ];
    let entry = Catalog::get().load("events").and_then(|model| {
        let (shape, _) = model.shape_named("PutEventsRequestEntry")?;
        structure(model, shape, members)
    });
    let entries = entry.map(|entry| ("Entries", Value::List(vec![entry])));
    let input = entries.and_then(|entries| input("events", "PutEvents", [entries]));
    send(cx, at, ("events", "PutEvents"), (&at.0.account, &at.0.region), input).await
}

/// Calls a service after the commit. It is S3 that calls, on behalf of the bucket.
async fn send(
    cx: &Cx,
    (bucket, name): (&Bucket, &str),
    (service, operation): (&str, &str),
    (account, region): (&str, &str),
    input: Option<Value>,
) -> Reply<()> {
    let effect = Effect {
        lane: String::new(),
        service: service.to_owned(),
        operation: operation.to_owned(),
        input: input.ok_or_else(Fault::internal)?,
        account: account.to_owned(),
        region: region.to_owned(),
        principal: s3(bucket),
        source_arn: Some(arn(bucket, name)),
        attempts: ATTEMPTS,
        backoff_seconds: BACKOFF,
        dead_letter: None,
    };
    Ok(cx.deliver(&effect).await?)
}

/// The input of an operation of another service.
pub(crate) fn input<'a>(
    service: &str,
    operation: &str,
    members: impl IntoIterator<Item = (&'a str, Value)>,
) -> Option<Value> {
    let model = Catalog::get().load(service)?;
    structure(model, model.operation(operation)?.input?, members)
}

fn structure<'a>(model: &Service, shape: u32, members: impl IntoIterator<Item = (&'a str, Value)>) -> Option<Value> {
    let structure = model.structure(shape)?;
    let mut value = Struct::new();
    for (name, member) in members {
        value.set(structure.member(name)?.0, member);
    }
    Some(Value::Struct(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_of_other_services_are_as_their_models_say() {
        let text = || Value::String(String::new());
        assert!(input("sqs", "SendMessage", [("QueueUrl", text()), ("MessageBody", text())]).is_some());
        assert!(input("sns", "Publish", [("TopicArn", text()), ("Message", text()), ("Subject", text())]).is_some());
        let members = [("FunctionName", text()), ("Payload", text()), ("InvocationType", text())];
        assert!(input("lambda", "Invoke", members).is_some());
        assert!(input("events", "PutEvents", [("Entries", text())]).is_some());
        let model = Catalog::get().load("events").unwrap();
        let (shape, _) = model.shape_named("PutEventsRequestEntry").unwrap();
        let members = ["Source", "DetailType", "Detail", "Resources", "Time"].map(|name| (name, text()));
        assert!(structure(model, shape, members).is_some());
    }

    #[test]
    fn moments_have_milliseconds() {
        assert_eq!(moment(Timestamp::from_micros(1_500_000)), "1970-01-01T00:00:01.500Z");
    }
}
