//! The attributes of a queue: names, ranges, defaults and the rules between them.
//!
//! Follows `CreateQueue` and `SetQueueAttributes` of the Amazon SQS API Reference.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use serde::{Deserialize, Serialize};

use crate::errors::{bad_attribute, invalid_attribute_value, unknown_attribute};
use crate::permissions::Policy;
use crate::redrive::{AllowPolicy, RedrivePolicy};

/// The largest message, in bytes: body and message attributes.
pub(crate) const MAX_MESSAGE_BYTES: u32 = 1_048_576;

/// The largest visibility timeout, in seconds: 12 hours.
pub(crate) const MAX_VISIBILITY_SECONDS: u32 = 43_200;

/// Names that can be read and not written.
pub(crate) const READ_ONLY: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// Names that can be written.
pub(crate) const WRITABLE: [&str; 15] = [
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

/// What an operator has set on a queue, or left at its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    /// Seconds, 0 to 900.
    pub(crate) delay: u32,
    /// Bytes, 1,024 to [`MAX_MESSAGE_BYTES`].
    pub(crate) max_bytes: u32,
    /// Seconds, 60 to 1,209,600.
    pub(crate) retention: u32,
    /// Seconds, 0 to 20.
    pub(crate) wait: u32,
    /// Seconds, 0 to [`MAX_VISIBILITY_SECONDS`].
    pub(crate) visibility: u32,
    /// Encryption with keys that SQS owns. At most one of this and `kms_key` is on.
    pub(crate) managed_sse: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redrive: Option<RedrivePolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redrive_allow: Option<AllowPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
    /// Seconds, 60 to 86,400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_reuse: Option<u32>,
    /// Set for FIFO queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fifo: Option<Fifo>,
}

/// What only FIFO queues have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fifo {
    /// The deduplication id of a message that has none is the SHA-256 of its body.
    pub(crate) by_content: bool,
    /// Deduplication looks at each message group by itself (`DeduplicationScope` is `messageGroup`).
    pub(crate) scope_is_group: bool,
    /// `FifoThroughputLimit` is `perMessageGroupId`.
    pub(crate) limit_is_group: bool,
}

impl Attributes {
    /// The defaults of a new queue.
    pub(crate) fn new(fifo: bool) -> Self {
        Self {
            delay: 0,
            max_bytes: MAX_MESSAGE_BYTES,
            retention: 345_600,
            wait: 0,
            visibility: 30,
            managed_sse: true,
            policy: None,
            redrive: None,
            redrive_allow: None,
            kms_key: None,
            kms_reuse: None,
            fifo: fifo.then(Fifo::default),
        }
    }

    /// Sets attributes of a queue; an empty value takes a policy or key away.
    pub(crate) fn apply(&mut self, changes: &BTreeMap<String, String>, creating: bool) -> Result<(), Fault> {
        for (name, value) in changes {
            self.set(name, value, creating)?;
        }
        self.settle_encryption(changes)?;
        if self.fifo.is_some_and(|fifo| fifo.limit_is_group && !fifo.scope_is_group) {
            return Err(invalid_attribute_value(
                "The perMessageGroupId value for FifoThroughputLimit is allowed only when the value for DeduplicationScope is \
                 messageGroup.",
            ));
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str, creating: bool) -> Result<(), Fault> {
        let number = |from: u32, to: u32| number(name, value, from, to);
        let present = || (!value.is_empty()).then(|| value.to_owned());
        match name {
            "DelaySeconds" => self.delay = number(0, 900)?,
            "MaximumMessageSize" => self.max_bytes = number(1024, MAX_MESSAGE_BYTES)?,
            "MessageRetentionPeriod" => self.retention = number(60, 1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = number(0, 20)?,
            "VisibilityTimeout" => self.visibility = number(0, MAX_VISIBILITY_SECONDS)?,
            "Policy" => {
                if !value.is_empty() {
                    Policy::check(value)?;
                }
                self.policy = present();
            }
            "RedrivePolicy" => self.redrive = present().as_deref().map(RedrivePolicy::parse).transpose()?,
            "RedriveAllowPolicy" => self.redrive_allow = present().as_deref().map(AllowPolicy::parse).transpose()?,
            "KmsMasterKeyId" => self.kms_key = present(),
            "KmsDataKeyReusePeriodSeconds" => self.kms_reuse = Some(number(60, 86_400)?),
            "SqsManagedSseEnabled" => self.managed_sse = boolean(name, value)?,
            // A queue is FIFO from the beginning, and a standard queue does not know the attribute, not even as `false`.
            "FifoQueue" if self.fifo.is_none() => return Err(unknown_attribute(name)),
            "FifoQueue" => {
                if !boolean(name, value)? || (!creating && self.fifo.is_none()) {
                    return Err(bad_attribute(name));
                }
            }
            "ContentBasedDeduplication" => self.fifo(name)?.by_content = boolean(name, value)?,
            "DeduplicationScope" => self.fifo(name)?.scope_is_group = choice(name, value, "queue", "messageGroup")?,
            "FifoThroughputLimit" => {
                self.fifo(name)?.limit_is_group = choice(name, value, "perQueue", "perMessageGroupId")?
            }
            _ => return Err(unknown_attribute(name)),
        }
        Ok(())
    }

    fn fifo(&mut self, name: &str) -> Result<&mut Fifo, Fault> {
        self.fifo.as_mut().ok_or_else(|| unknown_attribute(name))
    }

    /// Only one kind of server-side encryption is on: turning one on turns the other off, and both at once is an error.
    fn settle_encryption(&mut self, changes: &BTreeMap<String, String>) -> Result<(), Fault> {
        let asked = |name: &str| changes.get(name).is_some_and(|value| !value.is_empty() && value != "false");
        match (asked("KmsMasterKeyId"), asked("SqsManagedSseEnabled")) {
            (true, true) => {
                return Err(invalid_attribute_value(
                    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
                ));
            }
            (true, false) => self.managed_sse = false,
            (false, true) => self.kms_key = None,
            (false, false) => {}
        }
        if self.kms_key.is_none() {
            self.kms_reuse = None;
        }
        Ok(())
    }

    /// The value of an attribute as clients read it; `None` for one that is not set, or is not in this list.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let word = |yes: bool, on: &str, off: &str| if yes { on.to_owned() } else { off.to_owned() };
        let boolean = |yes: bool| word(yes, "true", "false");
        match name {
            "DelaySeconds" => Some(self.delay.to_string()),
            "MaximumMessageSize" => Some(self.max_bytes.to_string()),
            "MessageRetentionPeriod" => Some(self.retention.to_string()),
            "ReceiveMessageWaitTimeSeconds" => Some(self.wait.to_string()),
            "VisibilityTimeout" => Some(self.visibility.to_string()),
            "Policy" => self.policy.clone(),
            "RedrivePolicy" => self.redrive.as_ref().map(RedrivePolicy::text),
            "RedriveAllowPolicy" => self.redrive_allow.as_ref().map(AllowPolicy::text),
            "KmsMasterKeyId" => self.kms_key.clone(),
            "KmsDataKeyReusePeriodSeconds" => self.kms_key.as_ref().map(|_| self.kms_reuse.unwrap_or(300).to_string()),
            "SqsManagedSseEnabled" => Some(boolean(self.managed_sse)),
            "FifoQueue" => self.fifo.map(|_| boolean(true)),
            "ContentBasedDeduplication" => self.fifo.map(|fifo| boolean(fifo.by_content)),
            "DeduplicationScope" => self.fifo.map(|fifo| word(fifo.scope_is_group, "messageGroup", "queue")),
            "FifoThroughputLimit" => self.fifo.map(|fifo| word(fifo.limit_is_group, "perMessageGroupId", "perQueue")),
            _ => None,
        }
    }

    /// The first attribute in which a queue that is to be created differs from this one.
    pub(crate) fn first_difference<'a>(&self, wanted: &Self, named: &'a BTreeMap<String, String>) -> Option<&'a str> {
        named.keys().map(String::as_str).find(|name| self.get(name) != wanted.get(name))
    }
}

fn number(name: &str, value: &str, from: u32, to: u32) -> Result<u32, Fault> {
    let digits = !value.is_empty() && value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| value.parse::<u32>().ok()).flatten();
    number.filter(|number| (from..=to).contains(number)).ok_or_else(|| bad_attribute(name))
}

fn boolean(name: &str, value: &str) -> Result<bool, Fault> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(bad_attribute(name)),
    }
}

/// Whether the value is `yes` rather than `no`.
fn choice(name: &str, value: &str, no: &str, yes: &str) -> Result<bool, Fault> {
    if value == yes || value == no { Ok(value == yes) } else { Err(bad_attribute(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn outcome(fifo: bool, pairs: &[(&str, &str)]) -> String {
        let mut attributes = Attributes::new(fifo);
        match attributes.apply(&changes(pairs), true) {
            Ok(()) => "ok".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn each_number_has_its_range() {
        for (name, from, to) in [
            ("DelaySeconds", 0, 900),
            ("MaximumMessageSize", 1024, 1_048_576),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
            ("VisibilityTimeout", 0, 43_200),
            ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
        ] {
            let bad = format!("InvalidAttributeValue: Invalid value for the parameter {name}.");
            for value in [from, to] {
                assert_eq!(outcome(false, &[(name, &value.to_string())]), "ok", "{name} {value}");
            }
            for value in [(from - 1).to_string(), (to + 1).to_string(), "x".into(), "+5".into(), String::new()] {
                assert_eq!(outcome(false, &[(name, &value)]), bad, "{name} {value}");
            }
        }
    }

    #[test]
    fn a_standard_queue_does_not_know_the_attributes_of_fifo_queues() {
        for (name, value) in [
            ("FifoQueue", "false"),
            ("ContentBasedDeduplication", "true"),
            ("DeduplicationScope", "queue"),
            ("FifoThroughputLimit", "perQueue"),
        ] {
            assert_eq!(outcome(false, &[(name, value)]), format!("InvalidAttributeName: Unknown Attribute {name}."));
        }
        assert_eq!(outcome(true, &[("FifoQueue", "true"), ("ContentBasedDeduplication", "true")]), "ok");
        assert_eq!(outcome(false, &[("Colour", "red")]), "InvalidAttributeName: Unknown Attribute Colour.");
    }

    #[test]
    fn high_throughput_needs_the_scope_of_groups() {
        let limit = ("FifoThroughputLimit", "perMessageGroupId");
        assert!(outcome(true, &[limit]).starts_with("InvalidAttributeValue: The perMessageGroupId value"));
        assert_eq!(outcome(true, &[limit, ("DeduplicationScope", "messageGroup")]), "ok");
    }

    #[test]
    fn one_kind_of_encryption_replaces_the_other() {
        let mut attributes = Attributes::new(false);
        attributes.apply(&changes(&[("KmsMasterKeyId", "alias/aws/sqs")]), false).unwrap();
        assert!(!attributes.managed_sse);
        assert_eq!(attributes.get("KmsDataKeyReusePeriodSeconds").as_deref(), Some("300"));
        attributes.apply(&changes(&[("SqsManagedSseEnabled", "true")]), false).unwrap();
        assert_eq!(attributes.get("KmsMasterKeyId"), None);
        assert!(outcome(false, &[("KmsMasterKeyId", "k"), ("SqsManagedSseEnabled", "true")]).contains("one type"));
    }

    #[test]
    fn every_writable_attribute_is_known() {
        for name in WRITABLE {
            let fault = outcome(true, &[(name, "\u{1}")]);
            assert!(!fault.contains("Unknown"), "{name}: {fault}");
        }
    }
}
