//! Redrive policies, and who may name whom as dead-letter queue.
//!
//! Follows "Using dead-letter queues in Amazon SQS" of the Developer Guide. A dead-letter queue lies in the same account and Region as its
//! sources and is of their type.

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::errors::invalid_value;
use crate::queue::{Located, arn_of};
use crate::tables::{QUEUES, SOURCES};

/// `RedrivePolicy`: where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedrivePolicy {
    /// ARN of the dead-letter queue.
    pub(crate) target: String,
    /// Receives before a message moves, 1 to 1,000.
    pub(crate) max_receives: u32,
}

impl RedrivePolicy {
    /// Reads a policy. Numbers may be written as strings.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let refuse = |reason: String| invalid_value(text, "RedrivePolicy", reason);
        let Ok(Json::Object(members)) = serde_json::from_str::<Json>(text) else {
            return Err(refuse("Redrive policy is not a valid JSON map.".to_owned()));
        };
        let missing = |name: &str| refuse(format!("Redrive policy does not contain mandatory attribute: {name}."));
        for name in members.keys() {
            if name != "deadLetterTargetArn" && name != "maxReceiveCount" {
                return Err(refuse(
                    "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].".to_owned(),
                ));
            }
        }
        let target = members.get("deadLetterTargetArn").ok_or_else(|| missing("deadLetterTargetArn"))?;
        let count = members.get("maxReceiveCount").ok_or_else(|| missing("maxReceiveCount"))?;
        let target = target.as_str().filter(|target| queue_name(target).is_some());
        let target = target.ok_or_else(|| refuse("Invalid value for deadLetterTargetArn.".to_owned()))?;
        let shown = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
        let max_receives = shown.parse().ok().filter(|count| (1..=1000).contains(count)).ok_or_else(|| {
            let range = "valid values are from 1 to 1000 both inclusive.";
            refuse(format!("Invalid value for maxReceiveCount: {shown}, {range}"))
        })?;
        Ok(Self { target: target.to_owned(), max_receives })
    }

    /// As clients read it: with the number as a number, however it was written.
    pub(crate) fn text(&self) -> String {
        json!({"deadLetterTargetArn": self.target, "maxReceiveCount": self.max_receives}).to_string()
    }

    /// The name of the dead-letter queue.
    pub(crate) fn target_name(&self) -> &str {
        queue_name(&self.target).unwrap_or_default()
    }
}

/// The queue's name in its ARN; `None` when it is not the ARN of a queue.
pub(crate) fn queue_name(arn: &str) -> Option<&str> {
    Arn::parse(arn).filter(|arn| arn.service == "sqs").map(|arn| arn.resource)
}

/// `RedriveAllowPolicy`: which queues may name this one as their dead-letter queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AllowPolicy {
    permission: Permission,
}

/// Whom a [`AllowPolicy`] lets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Permission {
    /// Every queue of the account in the Region.
    All,
    /// None.
    None,
    /// Those with these ARNs, one to ten.
    Queues(Vec<String>),
}

impl AllowPolicy {
    /// Reads a policy.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let refuse = |reason: &str| invalid_value(text, "RedriveAllowPolicy", reason);
        let Ok(Json::Object(members)) = serde_json::from_str::<Json>(text) else {
            return Err(refuse("Redrive allow policy is not a valid JSON map."));
        };
        if members.keys().any(|name| name != "redrivePermission" && name != "sourceQueueArns") {
            return Err(refuse("Only following attributes are supported: [redrivePermission, sourceQueueArns]."));
        }
        let sources = members.get("sourceQueueArns");
        let permission = match members.get("redrivePermission").and_then(Json::as_str) {
            Some("allowAll") => Permission::All,
            Some("denyAll") => Permission::None,
            Some("byQueue") => {
                let arns = sources.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                if arns.is_empty() || arns.len() > 10 {
                    return Err(refuse(
                        "sourceQueueArns must contain from 1 to 10 ARNs when redrivePermission is byQueue.",
                    ));
                }
                let arns: Option<Vec<String>> = arns
                    .iter()
                    .map(|arn| arn.as_str().filter(|arn| queue_name(arn).is_some()).map(str::to_owned))
                    .collect();
                Permission::Queues(arns.ok_or_else(|| refuse("sourceQueueArns contains an invalid ARN."))?)
            }
            Some(_) => return Err(refuse("redrivePermission must be one of: allowAll, denyAll, byQueue.")),
            None => {
                return Err(refuse("Redrive allow policy does not contain mandatory attribute: redrivePermission."));
            }
        };
        if sources.is_some() && !matches!(permission, Permission::Queues(_)) {
            return Err(refuse("sourceQueueArns can be specified only when redrivePermission is byQueue."));
        }
        Ok(Self { permission })
    }

    /// As clients read it.
    pub(crate) fn text(&self) -> String {
        let policy = match &self.permission {
            Permission::All => json!({"redrivePermission": "allowAll"}),
            Permission::None => json!({"redrivePermission": "denyAll"}),
            Permission::Queues(arns) => json!({"redrivePermission": "byQueue", "sourceQueueArns": arns}),
        };
        policy.to_string()
    }

    fn admits(&self, arn: &str) -> bool {
        match &self.permission {
            Permission::All => true,
            Permission::None => false,
            Permission::Queues(arns) => arns.iter().any(|known| known == arn),
        }
    }
}

/// Checks that a queue may have its redrive policy: the target is there, of its type, and lets it.
pub(crate) async fn check_target(cx: &Cx, scope: &Scope, name: &str, policy: &RedrivePolicy, fifo: bool) -> Reply<()> {
    let refuse = |reason: &str| invalid_value(policy.text(), "RedrivePolicy", reason);
    let target = policy.target_name();
    if policy.target != arn_of(scope, target) {
        let elsewhere = Arn::parse(&policy.target).is_some_and(|arn| arn.account != &*scope.account);
        let reason = if elsewhere {
            "Dead-letter target owner should be same as the source."
        } else {
            "Dead letter target does not exist."
        };
        return Err(refuse(reason).into());
    }
    let Some(queue) = cx.tx().get(scope, &QUEUES, &target.to_owned()).await? else {
        return Err(refuse("Dead letter target does not exist.").into());
    };
    if queue.attributes.fifo.is_some() != fifo {
        return Err(refuse("Dead-letter queue must be same type of queue as the source.").into());
    }
    if queue.attributes.redrive_allow.is_some_and(|allow| !allow.admits(&arn_of(scope, name))) {
        return Err(
            refuse("The redrive allow policy of the dead-letter queue does not permit this source queue.").into()
        );
    }
    Ok(())
}

/// Keeps [`SOURCES`] in step when the redrive policy of a queue changes.
pub(crate) async fn note_source(
    cx: &Cx,
    scope: &Scope,
    name: &str,
    old: Option<&RedrivePolicy>,
    new: Option<&RedrivePolicy>,
) -> Reply<()> {
    let key = |policy: &RedrivePolicy| (policy.target_name().to_owned(), name.to_owned());
    let (old, new) = (old.map(key), new.map(key));
    if old == new {
        return Ok(());
    }
    if let Some(old) = old {
        cx.tx().delete(scope, &SOURCES, &old).await?;
    }
    if let Some(new) = new {
        cx.tx().put(scope, &SOURCES, &new, &()).await?;
    }
    Ok(())
}

/// Whether a redrive policy names the queue.
pub(crate) async fn is_dead_letter_queue(cx: &Cx, at: &Located) -> Reply<bool> {
    let range = KeyRange::prefix(&(at.name.as_str(),));
    Ok(!cx.tx().range(&at.scope, &SOURCES, range, 1).await?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read() {
        let text = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"3"}"#;
        let policy = RedrivePolicy::parse(text).unwrap();
        assert_eq!((policy.target_name(), policy.max_receives), ("dead", 3));
        assert_eq!(policy.text(), text.replace("\"3\"", "3"));
    }

    #[test]
    fn a_wrong_redrive_policy_is_refused_with_its_reason() {
        let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
        for (text, reason) in [
            ("x".to_owned(), "Redrive policy is not a valid JSON map."),
            ("[]".to_owned(), "Redrive policy is not a valid JSON map."),
            (r#"{"maxReceiveCount":1}"#.to_owned(), "mandatory attribute: deadLetterTargetArn."),
            (format!(r#"{{"deadLetterTargetArn":"{arn}"}}"#), "mandatory attribute: maxReceiveCount."),
            (
                format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":0}}"#),
                "Invalid value for maxReceiveCount: 0",
            ),
            (format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"1001"}}"#), "from 1 to 1000"),
            (format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1.5}}"#), "maxReceiveCount: 1.5"),
            (r#"{"deadLetterTargetArn":"dead","maxReceiveCount":1}"#.to_owned(), "deadLetterTargetArn."),
            (format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1,"a":1}}"#), "Only following attributes"),
        ] {
            let fault = RedrivePolicy::parse(&text).unwrap_err();
            assert_eq!(fault.query_code(), Some("InvalidParameterValue"));
            assert!(fault.message().starts_with(&format!("Value {text} for parameter RedrivePolicy")), "{fault}");
            assert!(fault.message().contains(reason), "{fault}");
        }
    }

    #[test]
    fn an_allow_policy_names_at_most_ten_queues() {
        let arns = |count: usize| {
            let arns: Vec<_> = (0..count).map(|n| format!("\"arn:aws:sqs:us-east-1:000000000000:q{n}\"")).collect();
            format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":[{}]}}"#, arns.join(","))
        };
        let policy = AllowPolicy::parse(&arns(10)).unwrap();
        assert!(policy.admits("arn:aws:sqs:us-east-1:000000000000:q9"));
        assert!(!policy.admits("arn:aws:sqs:us-east-1:000000000000:q10"));
        for text in [arns(0), arns(11), r#"{"redrivePermission":"some"}"#.into(), "{}".into(), "3".into()] {
            assert!(AllowPolicy::parse(&text).is_err(), "{text}");
        }
        assert!(AllowPolicy::parse(r#"{"redrivePermission":"denyAll","sourceQueueArns":[]}"#).is_err());
        assert!(!AllowPolicy::parse(r#"{"redrivePermission":"denyAll"}"#).unwrap().admits("x"));
    }
}
