//! Archived objects (User Guide, "Working with archived objects"): what is in the archive cannot be read before a copy of it was restored, for some days.

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::errors::{invalid_argument, malformed_xml, refused};
use crate::notify::{self, Event, More};
use crate::tables::{BUCKETS, Bucket, Object, Restored};
use crate::{api, bucket, get, lifecycle, versions};

/// The kind of the timers.
pub(crate) const TIMER: &str = "restore";

/// Whether objects of a class are archived.
pub(crate) fn is_archive(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// What is with the copy of an archived object.
enum State<'a> {
    /// There is none.
    Archived,
    /// There will be one.
    Underway(&'a Restored),
    There(&'a Restored),
}

fn state<'a>(cx: &Cx, object: &'a Object) -> State<'a> {
    let now = cx.now().micros();
    match &object.attributes.restored {
        Some(restored) if now < restored.from => State::Underway(restored),
        Some(restored) if now < restored.until => State::There(restored),
        _ => State::Archived,
    }
}

/// Refuses to read what is archived.
pub(crate) fn check(cx: &Cx, object: &Object) -> Result<(), Fault> {
    check_as(cx, object, "The operation is not valid for the object's storage class")
}

/// Refuses to copy what is archived.
pub(crate) fn check_source(cx: &Cx, object: &Object) -> Result<(), Fault> {
    check_as(cx, object, "Operation is not valid for the source object's storage class")
}

fn check_as(cx: &Cx, object: &Object, message: &str) -> Result<(), Fault> {
    match object.storage_class.as_deref().filter(|class| is_archive(class)) {
        Some(class) if !matches!(state(cx, object), State::There(_)) => {
            let details =
                api::InvalidObjectState { storage_class: Some(class.to_owned()), ..api::InvalidObjectState::default() };
            Err(api::errors::invalid_object_state_with(message, details))
        }
        _ => Ok(()),
    }
}

/// The header `x-amz-restore`.
pub(crate) fn header(cx: &Cx, object: &Object) -> Option<String> {
    match state(cx, object) {
        State::Archived => None,
        State::Underway(_) => Some("ongoing-request=\"true\"".to_owned()),
        State::There(restored) => {
            Some(format!("ongoing-request=\"false\", expiry-date=\"{}\"", get::http_date(restored.until)))
        }
    }
}

/// What a listing tells of it, if `asked` names it.
pub(crate) fn status(cx: &Cx, object: &Object, asked: Option<&[String]>) -> Option<api::RestoreStatus> {
    // Some clients send the names in one header, others in several.
    let mut names = asked.into_iter().flatten().flat_map(|names| names.split(',')).map(str::trim);
    if !names.any(|name| name == "RestoreStatus") {
        return None;
    }
    match state(cx, object) {
        State::Archived => None,
        State::Underway(_) => {
            Some(api::RestoreStatus { is_restore_in_progress: Some(true), restore_expiry_date: None })
        }
        State::There(restored) => Some(api::RestoreStatus {
            is_restore_in_progress: Some(false),
            restore_expiry_date: Some(Timestamp::from_micros(restored.until)),
        }),
    }
}

/// How long a retrieval takes at most, in microseconds (User Guide, "Understanding archive retrieval options").
fn duration(class: &str, tier: &str) -> Result<i64, Fault> {
    const MINUTE: i64 = 60_000_000;
    Ok(match (class, tier) {
        ("DEEP_ARCHIVE", "Expedited") => {
            return Err(invalid_argument("Retrieval option is not supported by this storage class"));
        }
        ("DEEP_ARCHIVE", "Bulk") => 48 * 60 * MINUTE,
        ("DEEP_ARCHIVE", _) | (_, "Bulk") => 12 * 60 * MINUTE,
        (_, "Expedited") => 5 * MINUTE,
        _ => 5 * 60 * MINUTE,
    })
}

pub(crate) async fn restore(cx: &Cx, input: api::RestoreObjectInput) -> Reply<api::RestoreObjectOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let Some(class) = object.storage_class.as_deref().filter(|class| is_archive(class)) else {
        let message = "Restore is not allowed for the object's current storage class";
        return Err(api::errors::invalid_object_state(message).into());
    };
    let asked = input.restore_request.ok_or_else(malformed_xml)?;
    // What is restored to another place, or by a query, is no copy that this would make.
    if asked.r#type.is_some() || asked.select_parameters.is_some() || asked.output_location.is_some() {
        return Err(Fault::not_implemented("s3", "RestoreObject with SELECT").into());
    }
    let tier = asked.glacier_job_parameters.map(|parameters| parameters.tier).or(asked.tier);
    let tier = tier.as_deref().unwrap_or("Standard");
    if asked.days.is_some_and(|days| days < 1) {
        return Err(invalid_argument("'Days' for Restore action must be a positive integer").into());
    }
    let (now, takes) = (cx.now().micros(), duration(class, tier)?);
    let (restored, status) = match (state(cx, &object), asked.days) {
        // A request for a faster tier makes it faster, and need not tell the days again.
        (State::Underway(before), days) => {
            let from = now.saturating_add(takes);
            if from >= before.from {
                let message = "Object restore is already in progress";
                return Err(refused("RestoreAlreadyInProgress", 409, message).into());
            }
            let until = days.map_or(before.until, |days| lifecycle::aged(from, days));
            (Restored { from, until }, 202)
        }
        (_, None) => return Err(malformed_xml().into()),
        (State::There(before), Some(days)) => (Restored { from: before.from, until: lifecycle::aged(now, days) }, 200),
        (State::Archived, Some(days)) => {
            let from = now.saturating_add(takes);
            (Restored { from, until: lifecycle::aged(from, days) }, 202)
        }
    };
    let initiated = matches!(state(cx, &object), State::Archived);
    let class = class.to_owned();
    plan(cx, (&bucket, &input.bucket), &input.key, &object, &restored).await?;
    object.attributes.restored = Some(restored);
    if initiated {
        let event =
            Event { more: More::Restoring(&class), ..Event::created("ObjectRestore:Post", &input.key, &object) };
        notify::event(cx, (&bucket, &input.bucket), &event).await?;
    }
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::RestoreObjectOutput { status: Some(status), ..api::RestoreObjectOutput::default() })
}

/// A copy that comes or goes.
#[derive(Debug, Serialize, Deserialize)]
struct Task {
    bucket: String,
    /// The bucket's id.
    id: u64,
    key: String,
    /// The version's id.
    version: String,
    restored: Restored,
}

/// Sets the timer that tells of the copy when it is there, or else when it goes. There is one for each version, so another request for the same copy
/// replaces it.
async fn plan(cx: &Cx, (bucket, name): (&Bucket, &str), key: &str, object: &Object, restored: &Restored) -> Reply<()> {
    let due = if cx.now().micros() < restored.from { restored.from } else { restored.until };
    let version = object.version.clone().unwrap_or_else(|| "null".to_owned());
    let task = Task {
        bucket: name.to_owned(),
        id: bucket.id,
        key: key.to_owned(),
        version: version.clone(),
        restored: restored.clone(),
    };
    let timer = Timer {
        name: format!("{TIMER}:{}:{version}:{key}", bucket.id),
        due: Timestamp::from_micros(due),
        kind: TIMER.to_owned(),
        payload: serde_json::to_string(&task).map_err(|_| Fault::internal())?,
    };
    Ok(timers::set(cx.tx(), "s3", &Scope::new(&bucket.account, &bucket.region), &timer).await?)
}

/// The timer fell due: the copy is there, or goes.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(task) = serde_json::from_str::<Task>(payload) else { return Ok(()) };
    let bucket = cx.tx().get(&Scope::world(), &BUCKETS, &task.bucket).await?;
    let Some(bucket) = bucket.filter(|bucket| bucket.id == task.id) else { return Ok(()) };
    let Some(found) = versions::find(cx, &bucket, &task.key, Some(&task.version)).await? else { return Ok(()) };
    let place = found.place();
    // It may have been written anew, or moved, since.
    let Some(mut object) = found.object().filter(|object| object.attributes.restored.as_ref() == Some(&task.restored))
    else {
        return Ok(());
    };
    let at = (&bucket, task.bucket.as_str());
    let class = object.storage_class.clone().unwrap_or_default();
    if cx.now().micros() < task.restored.until {
        let more = More::Restored(&class, task.restored.until);
        let event = Event { more, ..Event::created("ObjectRestore:Completed", &task.key, &object) };
        notify::event(cx, at, &event).await?;
        return plan(cx, at, &task.key, &object, &task.restored).await;
    }
    object.attributes.restored = None;
    notify::event(cx, at, &Event::created("ObjectRestore:Delete", &task.key, &object)).await?;
    versions::update(cx, &bucket, &task.key, object, place).await
}
