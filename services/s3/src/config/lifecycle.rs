//! Lifecycle rules (User Guide, "Managing the lifecycle of objects").

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{at_most_one, exactly_one, new_id};
use crate::api;
use crate::errors::{invalid_argument, invalid_request, malformed_xml};

/// The most rules of a bucket.
const MAX_RULES: usize = 1000;

/// The most characters of a rule's id.
const MAX_ID: usize = 255;

/// The most newer versions that can be kept beside those that a rule takes.
const MAX_NEWER: i32 = 100;

/// The fewest days before an object moves to, and stays in, a class for infrequent access.
const INFREQUENT_DAYS: i32 = 30;

/// Classes in the order in which objects may move through them.
const CLASSES: [&str; 6] =
    ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// What is small stays where it is, unless a rule tells a size.
const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";

/// What is small moves to the archive alone, unless a rule tells a size.
pub(crate) const VARIES: &str = "varies_by_storage_class";

/// The rules of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    /// Each has an id.
    pub(crate) rules: Vec<api::LifecycleRule>,
    /// `TransitionDefaultMinimumObjectSize`.
    pub(crate) minimum: String,
}

pub(crate) async fn put(
    cx: &Cx,
    input: api::PutBucketLifecycleConfigurationInput,
) -> Reply<api::PutBucketLifecycleConfigurationOutput> {
    let bucket = super::find(cx, &input).await?;
    let mut rules = input.lifecycle_configuration.clone().ok_or_else(malformed_xml)?.rules;
    let minimum = input.transition_default_minimum_object_size.clone().unwrap_or_else(|| DEFAULT_MINIMUM.to_owned());
    if ![DEFAULT_MINIMUM, VARIES].contains(&minimum.as_str()) {
        return Err(invalid_request(format!("Invalid TransitionDefaultMinimumObjectSize found: {minimum}")).into());
    }
    check(&rules)?;
    for rule in &mut rules {
        if rule.id.as_ref().is_none_or(String::is_empty) {
            rule.id = Some(new_id(cx));
        }
    }
    crate::lifecycle::plan(cx, &bucket, &input.bucket).await?;
    let _: () = super::put(cx, &input, bucket, Lifecycle { rules, minimum: minimum.clone() }).await?;
    Ok(api::PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size: Some(minimum) })
}

pub(crate) async fn delete(cx: &Cx, input: api::DeleteBucketLifecycleInput) -> Reply<api::DeleteBucketLifecycleOutput> {
    crate::lifecycle::cancel(cx, &super::find(cx, &input).await?).await?;
    super::delete::<Lifecycle, _, _>(cx, input).await
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetBucketLifecycleConfigurationInput,
) -> Reply<api::GetBucketLifecycleConfigurationOutput> {
    let Lifecycle { rules, minimum } = super::require(cx, &input).await?;
    Ok(api::GetBucketLifecycleConfigurationOutput {
        rules: Some(rules),
        transition_default_minimum_object_size: Some(minimum),
    })
}

fn check(rules: &[api::LifecycleRule]) -> Result<(), Fault> {
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(malformed_xml());
    }
    let mut ids = BTreeSet::new();
    for id in rules.iter().filter_map(|rule| rule.id.as_ref()).filter(|id| !id.is_empty()) {
        if id.chars().count() > MAX_ID {
            return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
        }
        if !ids.insert(id) {
            return Err(invalid_argument("Rule ID must be unique. Found same ID for one or more rules"));
        }
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &api::LifecycleRule) -> Result<(), Fault> {
    exactly_one([rule.prefix.is_some(), rule.filter.is_some()])?;
    let narrowed = rule.filter.as_ref().map_or(Ok(Narrowed::default()), check_filter)?;
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let noncurrent = rule.noncurrent_version_transitions.as_deref().unwrap_or_default();
    let acts = rule.expiration.is_some()
        || !transitions.is_empty()
        || !noncurrent.is_empty()
        || rule.noncurrent_version_expiration.is_some()
        || rule.abort_incomplete_multipart_upload.is_some();
    if !acts {
        return Err(invalid_request("At least one action needs to be specified in a rule"));
    }
    if let Some(expiration) = &rule.expiration {
        check_expiration(expiration, &narrowed)?;
    }
    check_transitions(rule, transitions)?;
    check_noncurrent(rule, noncurrent)?;
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        let days = abort.days_after_initiation.ok_or_else(malformed_xml)?;
        positive(days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")?;
        narrowed.refuse("AbortIncompleteMultipartUpload")?;
    }
    Ok(())
}

/// What a filter asks of objects beside their keys.
#[derive(Default)]
struct Narrowed {
    tags: bool,
    size: bool,
}

impl Narrowed {
    /// Refuses an action on what has neither tags nor a size.
    fn refuse(&self, action: &str) -> Result<(), Fault> {
        let by = match self {
            Self { tags: true, .. } => "Tags",
            Self { size: true, .. } => "Object Size",
            _ => return Ok(()),
        };
        Err(invalid_request(format!("{action} cannot be specified with {by}.")))
    }
}

fn check_filter(filter: &api::LifecycleRuleFilter) -> Result<Narrowed, Fault> {
    let (more, less) = (filter.object_size_greater_than, filter.object_size_less_than);
    at_most_one([filter.prefix.is_some(), filter.tag.is_some(), more.is_some(), less.is_some(), filter.and.is_some()])?;
    let and = filter.and.as_ref();
    let tags: Vec<_> = filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten()).collect();
    let keys: BTreeSet<_> = tags.iter().map(|tag| &tag.key).collect();
    if keys.len() < tags.len() {
        return Err(invalid_request("Duplicate Tag Keys are not allowed."));
    }
    let more = more.or_else(|| and.and_then(|and| and.object_size_greater_than));
    let less = less.or_else(|| and.and_then(|and| and.object_size_less_than));
    if let (Some(more), Some(less)) = (more, less)
        && less <= more
    {
        return Err(invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."));
    }
    if more.is_some_and(|more| more < 0) || less.is_some_and(|less| less <= 0) {
        return Err(malformed_xml());
    }
    Ok(Narrowed { tags: !tags.is_empty(), size: more.is_some() || less.is_some() })
}

fn check_expiration(expiration: &api::LifecycleExpiration, narrowed: &Narrowed) -> Result<(), Fault> {
    let marker = expiration.expired_object_delete_marker;
    exactly_one([expiration.days.is_some(), expiration.date.is_some(), marker.is_some()])?;
    if let Some(days) = expiration.days {
        positive(days, "Days", "Expiration")?;
    }
    expiration.date.map_or(Ok(()), midnight)?;
    if marker.is_some() { narrowed.refuse("ExpiredObjectDeleteMarker") } else { Ok(()) }
}

fn check_transitions(rule: &api::LifecycleRule, transitions: &[api::Transition]) -> Result<(), Fault> {
    let place = place(rule);
    let expiration = rule.expiration.as_ref();
    let (mut by_days, mut by_date) = (Vec::new(), Vec::new());
    let mut classes = BTreeSet::new();
    for transition in transitions {
        let class = transition.storage_class.as_deref().ok_or_else(malformed_xml)?;
        exactly_one([transition.days.is_some(), transition.date.is_some()])?;
        if let Some(days) = transition.days {
            check_days(days, "Days", "Transition", class)?;
            by_days.push((days, class));
        }
        if let Some(date) = transition.date {
            midnight(date)?;
            by_date.push((date, class));
        }
        if !classes.insert(class) {
            return Err(invalid_request(format!(
                "'StorageClass' must be different for 'Transition' actions in same 'Rule' with {place}"
            )));
        }
    }
    let expires =
        (expiration.and_then(|expiration| expiration.days), expiration.and_then(|expiration| expiration.date));
    let days = !by_days.is_empty() || expires.0.is_some();
    let dates = !by_date.is_empty() || expires.1.is_some();
    if days && dates {
        return Err(invalid_request(format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {place}"
        )));
    }
    check_order(&by_days, "Days", "Transition", &place)?;
    if expires.0.is_some_and(|days| by_days.iter().any(|(before, _)| *before >= days)) {
        return Err(invalid_argument(format!(
            "'Days' in the Expiration action for {place} must be greater than 'Days' in the Transition action"
        )));
    }
    if expires.1.is_some_and(|date| by_date.iter().any(|(before, _)| *before >= date)) {
        return Err(invalid_argument(format!(
            "'Date' in the Expiration action for {place} must be later than 'Date' in the Transition action"
        )));
    }
    Ok(())
}

fn check_noncurrent(rule: &api::LifecycleRule, transitions: &[api::NoncurrentVersionTransition]) -> Result<(), Fault> {
    let place = place(rule);
    let mut moves = Vec::new();
    let mut classes = BTreeSet::new();
    for transition in transitions {
        let class = transition.storage_class.as_deref().ok_or_else(malformed_xml)?;
        let days = transition.noncurrent_days.ok_or_else(malformed_xml)?;
        positive(days, "NoncurrentDays", "NoncurrentVersionTransition")?;
        check_days(days, "NoncurrentDays", "NoncurrentVersionTransition", class)?;
        newer(transition.newer_noncurrent_versions, "NoncurrentVersionTransition")?;
        moves.push((days, class));
        if !classes.insert(class) {
            return Err(invalid_request(format!(
                "'StorageClass' must be different for 'NoncurrentVersionTransition' actions in same 'Rule' with {place}"
            )));
        }
    }
    check_order(&moves, "NoncurrentDays", "NoncurrentVersionTransition", &place)?;
    let Some(expiration) = &rule.noncurrent_version_expiration else { return Ok(()) };
    let days = expiration.noncurrent_days.ok_or_else(malformed_xml)?;
    positive(days, "NoncurrentDays", "NoncurrentVersionExpiration")?;
    newer(expiration.newer_noncurrent_versions, "NoncurrentVersionExpiration")?;
    if moves.iter().any(|(before, _)| *before >= days) {
        return Err(invalid_argument(format!(
            "'NoncurrentDays' in the NoncurrentVersionExpiration action for {place} must be greater than 'NoncurrentDays' in the \
             NoncurrentVersionTransition action"
        )));
    }
    Ok(())
}

/// Objects move from class to class in one direction, and stay for a while where access is infrequent.
fn check_order(moves: &[(i32, &str)], member: &str, action: &str, place: &str) -> Result<(), Fault> {
    let mut moves = moves.to_vec();
    moves.sort_by_key(|(days, class)| (*days, rank(class)));
    for pair in moves.windows(2) {
        let [(early, from), (late, to)] = pair else { continue };
        let infrequent = ["STANDARD_IA", "ONEZONE_IA"].contains(from);
        if infrequent && late - early < INFREQUENT_DAYS || rank(from) > rank(to) {
            let (first, then) = if rank(from) > rank(to) { (to, from) } else { (from, to) };
            return Err(invalid_argument(format!(
                "'{member}' in the '{then}' {action} action for {place} must be 30 days more than '{place}' in the '{first}' {action} action"
            )));
        }
    }
    Ok(())
}

/// The place of a class in the order in which objects may move.
pub(crate) fn rank(class: &str) -> Option<usize> {
    CLASSES.iter().position(|known| *known == class)
}

fn check_days(days: i32, member: &str, action: &str, class: &str) -> Result<(), Fault> {
    if days < 0 {
        return Err(invalid_argument(format!("'{member}' in {action} action must be nonnegative")));
    }
    if ["STANDARD_IA", "ONEZONE_IA"].contains(&class) && days < INFREQUENT_DAYS {
        return Err(invalid_argument(format!(
            "'{member}' in {action} action must be greater than or equal to {INFREQUENT_DAYS} for storageClass '{class}'"
        )));
    }
    Ok(())
}

fn positive(days: i32, member: &str, action: &str) -> Result<(), Fault> {
    match days {
        1.. => Ok(()),
        _ => Err(invalid_argument(format!("'{member}' for {action} action must be a positive integer"))),
    }
}

fn newer(versions: Option<i32>, action: &str) -> Result<(), Fault> {
    match versions {
        None | Some(1..=MAX_NEWER) => Ok(()),
        Some(_) => Err(invalid_argument(format!(
            "'NewerNoncurrentVersions' for {action} action must be between 1 and {MAX_NEWER}"
        ))),
    }
}

fn midnight(date: Timestamp) -> Result<(), Fault> {
    if date.micros().rem_euclid(86_400_000_000) == 0 {
        return Ok(());
    }
    Err(invalid_argument("'Date' must be at midnight GMT"))
}

/// The keys that a rule is about, as messages tell them.
fn place(rule: &api::LifecycleRule) -> String {
    if let Some(prefix) = &rule.prefix {
        return format!("prefix '{prefix}'");
    }
    let filter = rule.filter.as_ref();
    let both = filter.and_then(|filter| filter.and.as_ref()).and_then(|and| and.prefix.as_ref());
    let prefix = filter.and_then(|filter| filter.prefix.as_ref()).or(both);
    format!("filter '(prefix={})'", prefix.map_or("", String::as_str))
}
