//! The states of tables and indexes, on the clock.
//!
//! A record says until when a change lasts, and nothing else: what state that is follows from the time. AWS takes seconds to minutes; here a change
//! is over as soon as it was answered, unless the option `DYNAMODB_TRANSITION_SECONDS` says otherwise, or `DYNAMODB_DELAY_TRANSIENT_STATUSES` of LocalStack's.

use kumoi_core::{Cx, OptionEffect, ServiceOption};
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds that a change of a table takes; 0 unless set.
const SECONDS: &str = "DYNAMODB_TRANSITION_SECONDS";

/// LocalStack's switch for the same.
const DELAY: &str = "DYNAMODB_DELAY_TRANSIENT_STATUSES";

/// Seconds that LocalStack's switch stands for.
const DELAYED: i64 = 5;

pub(crate) static OPTIONS: [ServiceOption; 2] = [
    ServiceOption { name: SECONDS, effect: OptionEffect::Honoured },
    ServiceOption { name: DELAY, effect: OptionEffect::Honoured },
];

/// What happens to a table or an index, and until when in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// It is created.
    Creating(i64),
    /// It is changed.
    Updating(i64),
    /// It is deleted.
    Deleting(i64),
}

impl State {
    /// What begins now lasts until then.
    pub(crate) fn end(cx: &Cx) -> i64 {
        let option = |name| cx.settings().options.get(name).map(String::as_str);
        let seconds = match (option(SECONDS).and_then(|seconds| seconds.parse::<u32>().ok()), option(DELAY)) {
            (Some(seconds), _) => i64::from(seconds),
            (None, Some("1" | "true" | "True")) => DELAYED,
            _ => 0,
        };
        cx.now().micros().saturating_add(seconds * 1_000_000)
    }

    /// The status at a moment.
    pub(crate) fn status(self, now: Timestamp) -> &'static str {
        match self {
            Self::Creating(until) if now.micros() < until => "CREATING",
            Self::Updating(until) if now.micros() < until => "UPDATING",
            Self::Deleting(_) => "DELETING",
            _ => "ACTIVE",
        }
    }

    pub(crate) fn is_creating(self, now: Timestamp) -> bool {
        matches!(self, Self::Creating(until) if now.micros() < until)
    }

    /// Whether it is deleted by now.
    pub(crate) fn is_gone(self, now: Timestamp) -> bool {
        matches!(self, Self::Deleting(until) if now.micros() >= until)
    }

    /// What is being done to it, in the words of `ResourceInUseException`; `None` when it is ACTIVE.
    pub(crate) fn changing(self, now: Timestamp) -> Option<&'static str> {
        match self.status(now) {
            "CREATING" => Some("created"),
            "UPDATING" => Some("updated"),
            "DELETING" => Some("deleted"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_ends_by_itself() {
        let at = |micros| Timestamp::from_micros(micros);
        assert_eq!(State::Creating(5).status(at(4)), "CREATING");
        assert_eq!(State::Creating(5).status(at(5)), "ACTIVE");
        assert_eq!(State::Updating(5).changing(at(4)), Some("updated"));
        assert_eq!(State::Updating(5).changing(at(5)), None);
        assert_eq!(State::Deleting(5).status(at(9)), "DELETING");
        assert!(State::Deleting(5).is_gone(at(5)) && !State::Deleting(5).is_gone(at(4)));
    }
}
