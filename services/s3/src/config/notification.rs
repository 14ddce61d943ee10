//! Event notifications (User Guide, "Amazon S3 Event Notifications").

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Reply};
use percent_encoding::percent_decode_str;

use super::new_id;
use crate::errors::invalid_argument;
use crate::{api, notify};

/// The most configurations of a bucket.
const MAX_CONFIGURATIONS: usize = 100;

/// The most characters of an id, and bytes of a prefix or suffix.
const MAX_ID: usize = 255;
const MAX_FILTER: usize = 1024;

pub(crate) async fn put(
    cx: &Cx,
    input: api::PutBucketNotificationConfigurationInput,
) -> Reply<api::PutBucketNotificationConfigurationOutput> {
    let bucket = super::find(cx, &input).await?;
    let mut notification = input.notification_configuration.clone();
    let rules = rules(&mut notification);
    check(&rules, &bucket.region)?;
    let at = (&bucket, input.bucket.as_str());
    if input.skip_destination_validation != Some(true) {
        notify::validate(cx, at, &of_rules(&rules)).await?;
    }
    notify::test(cx, at, &of_rules(&rules)).await?;
    let empty = rules.is_empty();
    for rule in rules {
        if rule.id.as_ref().is_none_or(String::is_empty) {
            *rule.id = Some(new_id(cx));
        }
        for part in parts_mut(rule.filter) {
            part.name = part.name.as_deref().and_then(Part::read).map(|name| name.told().to_owned());
        }
    }
    if empty && notification.event_bridge_configuration.is_none() {
        super::unset::<api::NotificationConfiguration>(cx, &input, bucket, "").await?;
        return Ok(api::PutBucketNotificationConfigurationOutput {});
    }
    super::put(cx, &input, bucket, notification).await
}

pub(crate) async fn get(
    cx: &Cx,
    input: api::GetBucketNotificationConfigurationInput,
) -> Reply<api::GetBucketNotificationConfigurationOutput> {
    let found: Option<api::NotificationConfiguration> = super::look(cx, &input).await?;
    Ok(found.unwrap_or_default())
}

/// One configuration, whatever kind of destination it has.
struct Rule<'a> {
    id: &'a mut Option<String>,
    service: &'static str,
    arn: &'a str,
    events: &'a [String],
    filter: &'a mut Option<api::NotificationConfigurationFilter>,
}

fn rules(notification: &mut api::NotificationConfiguration) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    for configuration in notification.topic_configurations.iter_mut().flatten() {
        let api::TopicConfiguration { id, topic_arn, events, filter } = configuration;
        rules.push(Rule { id, service: "sns", arn: topic_arn, events, filter });
    }
    for configuration in notification.queue_configurations.iter_mut().flatten() {
        let api::QueueConfiguration { id, queue_arn, events, filter } = configuration;
        rules.push(Rule { id, service: "sqs", arn: queue_arn, events, filter });
    }
    for configuration in notification.lambda_function_configurations.iter_mut().flatten() {
        let api::LambdaFunctionConfiguration { id, lambda_function_arn, events, filter } = configuration;
        rules.push(Rule { id, service: "lambda", arn: lambda_function_arn, events, filter });
    }
    rules
}

/// Where events go.
pub(crate) struct Destination<'a> {
    /// The configuration's.
    pub(crate) id: &'a str,
    /// Model id of the service.
    pub(crate) service: &'static str,
    pub(crate) arn: &'a str,
}

impl<'a> Destination<'a> {
    fn of(rule: &'a Rule<'_>) -> Self {
        Self { id: rule.id.as_deref().unwrap_or_default(), service: rule.service, arn: rule.arn }
    }
}

fn of_rules<'a>(rules: &'a [Rule<'_>]) -> Vec<Destination<'a>> {
    rules.iter().map(Destination::of).collect()
}

/// Where an event of a key goes; `event` is without `s3:`.
pub(crate) fn destinations<'a>(
    notification: &'a mut api::NotificationConfiguration,
    event: &str,
    key: &str,
) -> Vec<Destination<'a>> {
    let event = ["s3:", event].concat();
    let wanted = |rule: &Rule<'_>| {
        let (start, end) = ends(rule);
        let (decoded_start, decoded_end) = (decoded(start), decoded(end));
        rule.events.iter().any(|known| covers(known, &event))
            && (key.starts_with(start) || key.starts_with(&decoded_start))
            && (key.ends_with(end) || key.ends_with(&decoded_end))
    };
    let found = rules(notification).into_iter().filter(wanted);
    found
        .map(|Rule { id, service, arn, .. }| Destination { id: id.as_deref().unwrap_or_default(), service, arn })
        .collect()
}

/// What stands in a filter: other than plain characters are encoded there, a space as a plus.
fn decoded(part: &str) -> String {
    percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Which end of a key a part of a filter is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Prefix,
    Suffix,
}

impl Part {
    fn read(name: &str) -> Option<Self> {
        let named = |part: &Self| part.told().eq_ignore_ascii_case(name);
        [Self::Prefix, Self::Suffix].into_iter().find(named)
    }

    /// As S3 gives it back, whatever case it was sent in.
    fn told(self) -> &'static str {
        match self {
            Self::Prefix => "Prefix",
            Self::Suffix => "Suffix",
        }
    }
}

fn parts(filter: &Option<api::NotificationConfigurationFilter>) -> impl Iterator<Item = &api::FilterRule> {
    filter.iter().filter_map(|filter| filter.key.as_ref()?.filter_rules.as_ref()).flatten()
}

fn parts_mut(filter: &mut Option<api::NotificationConfigurationFilter>) -> impl Iterator<Item = &mut api::FilterRule> {
    filter.iter_mut().filter_map(|filter| filter.key.as_mut()?.filter_rules.as_mut()).flatten()
}

/// The start and the end of the keys that a rule is about.
fn ends<'a>(rule: &'a Rule<'_>) -> (&'a str, &'a str) {
    let end = |wanted: Part| {
        let found = parts(rule.filter).find(|part| part.name.as_deref().and_then(Part::read) == Some(wanted));
        found.and_then(|part| part.value.as_deref()).unwrap_or_default()
    };
    (end(Part::Prefix), end(Part::Suffix))
}

fn check(rules: &[Rule<'_>], region: &str) -> Result<(), Fault> {
    if rules.len() > MAX_CONFIGURATIONS {
        let message = format!("The number of notification configurations is limited to {MAX_CONFIGURATIONS}.");
        return Err(invalid_argument(message));
    }
    let mut ids = BTreeSet::new();
    for rule in rules {
        check_arn(rule, region)?;
        check_filter(rule)?;
        if let Some(id) = rule.id.as_ref().filter(|id| !id.is_empty()) {
            if id.chars().count() > MAX_ID {
                return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
            }
            if !ids.insert(id) {
                return Err(invalid_argument("Same ID used for multiple configurations. IDs must be unique"));
            }
        }
    }
    for (index, rule) in rules.iter().enumerate() {
        rules.iter().skip(index + 1).try_for_each(|other| check_overlap(rule, other))?;
    }
    Ok(())
}

fn check_arn(rule: &Rule<'_>, region: &str) -> Result<(), Fault> {
    let mut fields = rule.arn.splitn(6, ':');
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let fields = [next(), next(), next(), next(), next(), next()];
    let [Some("arn"), Some(_), Some(service), Some(place), Some(_), Some(_)] = fields else {
        return Err(invalid_argument("The ARN is not well formed"));
    };
    if service != rule.service {
        return Err(invalid_argument("The ARN is not well formed"));
    }
    if place != region {
        let message = "The notification destination service region is not valid for the bucket location constraint";
        return Err(invalid_argument(message));
    }
    Ok(())
}

fn check_filter(rule: &Rule<'_>) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for part in parts(rule.filter) {
        let name = part.name.as_deref().and_then(Part::read);
        let name = name.ok_or_else(|| invalid_argument("filter rule name must be either prefix or suffix"))?;
        if part.value.as_ref().is_some_and(|value| value.len() > MAX_FILTER) {
            return Err(invalid_argument("Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"));
        }
        if seen.contains(&name) {
            let name = name.told().to_ascii_lowercase();
            return Err(invalid_argument(format!("Cannot specify more than one {name} rule in a filter.")));
        }
        seen.push(name);
    }
    Ok(())
}

/// An event goes to one destination at the most.
fn check_overlap(one: &Rule<'_>, other: &Rule<'_>) -> Result<(), Fault> {
    let shared =
        one.events.iter().any(|event| other.events.iter().any(|rival| covers(event, rival) || covers(rival, event)));
    let ((start, end), (other_start, other_end)) = (ends(one), ends(other));
    let starts = start.starts_with(other_start) || other_start.starts_with(start);
    let ends = end.ends_with(other_end) || other_end.ends_with(end);
    if !(shared && starts && ends) {
        return Ok(());
    }
    Err(invalid_argument(match one.filter.is_some() || other.filter.is_some() {
        true => {
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
        }
        false => "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
    }))
}

/// Whether the first event is the second, or all events of its family.
fn covers(event: &str, other: &str) -> bool {
    event == other || event.strip_suffix('*').is_some_and(|family| other.starts_with(family))
}
