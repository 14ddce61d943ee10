//! Replication rules (User Guide, "Replicating objects within and across Regions").

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;

use super::{at_most_one, new_id};
use crate::api;
use crate::errors::{invalid_argument, invalid_request, malformed_xml};
use crate::tables::{BUCKETS, Bucket, Versioning};

/// The most rules of a bucket.
const MAX_RULES: usize = 1000;

/// The one time that replication time control knows, in minutes.
const TIME_CONTROL: i32 = 15;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketReplicationInput) -> Reply<api::PutBucketReplicationOutput> {
    let bucket = super::find(cx, &input).await?;
    let mut replication = input.replication_configuration.clone();
    check(&replication)?;
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        return Err(invalid_request(message).into());
    }
    for rule in &mut replication.rules {
        check_destination(cx, &bucket, &rule.destination).await?;
        if rule.id.as_ref().is_none_or(String::is_empty) {
            rule.id = Some(new_id(cx));
        }
    }
    super::put(cx, &input, bucket, replication).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketReplicationInput) -> Reply<api::GetBucketReplicationOutput> {
    Ok(api::GetBucketReplicationOutput { replication_configuration: Some(super::require(cx, &input).await?) })
}

/// The bucket of a destination's ARN.
pub(crate) fn bucket_of(arn: &str) -> Option<&str> {
    let (partition, name) = arn.strip_prefix("arn:")?.split_once(":s3:::")?;
    (!partition.contains(':') && !name.is_empty() && !name.contains(['/', ':'])).then_some(name)
}

async fn check_destination(cx: &Cx, bucket: &Bucket, destination: &api::Destination) -> Reply<()> {
    let name = bucket_of(&destination.bucket).ok_or_else(|| invalid_argument("Invalid bucket ARN."))?;
    let target = cx.tx().get(&Scope::world(), &BUCKETS, &name.to_owned()).await?;
    let target = target.ok_or_else(|| invalid_request("Destination bucket must exist."))?;
    if target.id == bucket.id {
        return Err(invalid_request("Destination bucket cannot be the same as the source bucket.").into());
    }
    if target.versioning != Versioning::Enabled {
        return Err(invalid_request("Destination bucket must have versioning enabled.").into());
    }
    if destination.access_control_translation.is_some() && destination.account.is_none() {
        return Err(invalid_request("Account must be specified in order to specify AccessControlTranslation.").into());
    }
    Ok(())
}

fn check(replication: &api::ReplicationConfiguration) -> Result<(), Fault> {
    let rules = &replication.rules;
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(malformed_xml());
    }
    if !is_role(&replication.role) {
        return Err(invalid_argument("Invalid Role specified in replication configuration"));
    }
    let mut ids = BTreeSet::new();
    for id in rules.iter().filter_map(|rule| rule.id.as_ref()).filter(|id| !id.is_empty()) {
        if id.chars().count() > 255 {
            return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
        }
        if !ids.insert(id) {
            return Err(invalid_argument("Rule Id must be unique. Found same Id for more than one rule"));
        }
    }
    // All rules are of one schema: the second has filters and priorities.
    let second = rules.iter().filter(|rule| rule.filter.is_some()).count();
    if second != 0 && second != rules.len() {
        return Err(malformed_xml());
    }
    let mut priorities = BTreeSet::new();
    for rule in rules {
        check_rule(rule)?;
        if rule.priority.is_some_and(|priority| !priorities.insert(priority)) {
            return Err(invalid_request("Found duplicate priorities. Priority must be unique for each rule."));
        }
    }
    Ok(())
}

fn check_rule(rule: &api::ReplicationRule) -> Result<(), Fault> {
    let Some(filter) = &rule.filter else {
        let first = rule.priority.is_none() && rule.delete_marker_replication.is_none();
        return if rule.prefix.is_some() && first { Ok(()) } else { Err(malformed_xml()) };
    };
    if rule.prefix.is_some() {
        return Err(malformed_xml());
    }
    at_most_one([filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()])?;
    let lacking =
        [(rule.priority.is_none(), "Priority"), (rule.delete_marker_replication.is_none(), "DeleteMarkerReplication")];
    if let Some((_, what)) = lacking.iter().find(|(lacking, _)| *lacking) {
        return Err(invalid_request(format!(
            "{what} must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more \
             information."
        )));
    }
    let marked = rule.delete_marker_replication.as_ref().and_then(|markers| markers.status.as_deref());
    let tagged = filter.tag.is_some() || filter.and.as_ref().is_some_and(|and| and.tags.is_some());
    if tagged && marked == Some("Enabled") {
        return Err(invalid_request("Delete marker replication is not supported if any Tag filter is specified."));
    }
    if rule.priority.is_some_and(i32::is_negative) {
        return Err(malformed_xml());
    }
    check_time(&rule.destination)
}

/// Replication time control comes with metrics, and knows one time.
fn check_time(destination: &api::Destination) -> Result<(), Fault> {
    let Some(control) = &destination.replication_time else { return Ok(()) };
    if destination.metrics.is_none() {
        return Err(invalid_request("Replication destination must contain Metrics if ReplicationTime is specified."));
    }
    let threshold = destination.metrics.as_ref().and_then(|metrics| metrics.event_threshold.as_ref());
    let minutes = [Some(&control.time), threshold];
    if minutes.into_iter().flatten().any(|time| time.minutes != Some(TIME_CONTROL)) {
        return Err(malformed_xml());
    }
    Ok(())
}

/// The ARN of a role.
fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let fields = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some("arn"), Some(partition), Some("iam"), Some(""), Some(account), Some(role)] = fields else { return false };
    let named = role.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    partition.starts_with("aws") && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && named
}
