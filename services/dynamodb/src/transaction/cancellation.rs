//! Why a transaction is cancelled: a reason for each of its actions, in their order.

use kumoi_core::Fault;

use crate::api::{CancellationReason, TransactionCanceledException};
use crate::attribute::values;
use crate::errors::transaction_canceled_exception_with;
use crate::item::action::{COLLECTION_EXCEEDED, CONDITION_FAILED, DUPLICATE, Refusal};

/// The reasons of a transaction's actions.
pub(crate) struct Reasons {
    reasons: Vec<CancellationReason>,
}

impl Reasons {
    /// No action of so many has any.
    pub(crate) fn none(actions: usize) -> Self {
        Self { reasons: vec![reason("None", None); actions] }
    }

    /// An action is refused.
    pub(crate) fn refuse(&mut self, action: usize, refusal: Refusal) {
        let Some(slot) = self.reasons.get_mut(action) else { return };
        *slot = match refusal {
            Refusal::Invalid(fault) => reason("ValidationError", Some(fault.message())),
            Refusal::Throttled(fault) if fault.code() == "ThrottlingException" => {
                reason("ThrottlingError", Some(fault.message()))
            }
            Refusal::Throttled(fault) => reason("ProvisionedThroughputExceeded", Some(fault.message())),
            Refusal::Duplicate => reason("DuplicateItem", Some(DUPLICATE)),
            Refusal::Collection => reason("ItemCollectionSizeLimitExceeded", Some(COLLECTION_EXCEEDED)),
            Refusal::Condition(old) => {
                CancellationReason { item: old.map(values), ..reason("ConditionalCheckFailed", Some(CONDITION_FAILED)) }
            }
        };
    }

    /// Cancels the transaction, if there is a reason to.
    pub(crate) fn check(self) -> Result<(), Fault> {
        let codes: Vec<_> = self.reasons.iter().filter_map(|reason| reason.code.as_deref()).collect();
        if codes.iter().all(|code| *code == "None") {
            return Ok(());
        }
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        let details = TransactionCanceledException { cancellation_reasons: Some(self.reasons) };
        Err(transaction_canceled_exception_with(message, details))
    }
}

fn reason(code: &str, message: Option<&str>) -> CancellationReason {
    CancellationReason { code: Some(code.to_owned()), message: message.map(str::to_owned), item: None }
}

/// The keys of all actions, in the words of `key`; the first that is wrong cancels the transaction, and no other is looked at.
pub(crate) fn keys<T, K>(actions: &[T], key: impl Fn(&T) -> Result<K, Fault>) -> Result<Vec<K>, Fault> {
    let mut keys = Vec::with_capacity(actions.len());
    for (number, action) in actions.iter().enumerate() {
        match key(action) {
            Ok(key) => keys.push(key),
            Err(fault) => {
                let mut reasons = Reasons::none(actions.len());
                reasons.refuse(number, Refusal::Invalid(fault));
                reasons.check()?;
            }
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_reason() {
        assert!(Reasons::none(2).check().is_ok());
        let mut reasons = Reasons::none(3);
        reasons.refuse(1, Refusal::Condition(None));
        reasons.refuse(2, Refusal::Collection);
        assert_eq!(
            reasons.check().unwrap_err().message(),
            "Transaction cancelled, please refer cancellation reasons for specific reasons \
             [None, ConditionalCheckFailed, ItemCollectionSizeLimitExceeded]"
        );
    }
}
