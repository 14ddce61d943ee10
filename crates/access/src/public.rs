//! "The meaning of 'public'" in S3's guide to Block Public Access.

use crate::condition::{ArnPattern, Condition, Operand};
use crate::operator::{Set, Test};
use crate::pattern::Pattern;
use crate::principal::Named;
use crate::{Effect, Policy, Statement};

/// Keys that make a statement non-public when it demands fixed values of them.
const KEYS: [&str; 11] = [
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointaccount",
    // What fixes the principal, which the guide counts as a principal.
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
];

impl Policy {
    /// Whether S3 calls the policy public: a statement allows something to more than fixed principals, and no condition narrows it to
    /// fixed values. Values are fixed without wildcards and policy variables.
    pub fn is_public(&self) -> bool {
        self.statements.iter().any(Statement::is_public)
    }
}

impl Statement {
    /// Whether this statement makes its policy public.
    pub fn is_public(&self) -> bool {
        let fixed_principals = self
            .principals
            .as_ref()
            .is_some_and(|principals| !principals.not && principals.list.iter().all(Named::is_fixed));
        self.effect == Effect::Allow && !fixed_principals && !self.conditions.iter().any(Condition::fixes_the_caller)
    }
}

impl Condition {
    /// It demands that a key be present and have a fixed value.
    fn fixes_the_caller(&self) -> bool {
        if self.operator.negated || self.operator.if_exists || self.operator.set == Set::All {
            return false;
        }
        match (&*self.key, &self.operand) {
            ("aws:sourceip", Operand::Networks(networks)) => {
                !networks.is_empty() && networks.iter().all(|network| network.is_narrow())
            }
            ("s3:dataaccesspointarn", Operand::Texts(_, patterns)) => {
                !patterns.is_empty()
                    && patterns.iter().all(|pattern| pattern.arn().is_some_and(|arn| names_account(&arn)))
            }
            ("s3:dataaccesspointarn", Operand::Arns(arns)) => {
                !arns.is_empty()
                    && arns.iter().all(|arn| matches!(arn, ArnPattern::Parts(parts) if names_account(parts)))
            }
            // A session of a role is as open as the role is.
            ("aws:userid", Operand::Texts(_, patterns)) if self.operator.test != Test::Bool => {
                let is_user =
                    |pattern: &Pattern| pattern.fixed().is_some_and(|id| !(id.starts_with("AROA") && id.contains(':')));
                !patterns.is_empty() && patterns.iter().all(is_user)
            }
            (key, Operand::Texts(_, patterns)) if KEYS.contains(&key) && self.operator.test != Test::Bool => {
                !patterns.is_empty() && patterns.iter().all(Pattern::is_fixed)
            }
            (key, Operand::Arns(arns)) if KEYS.contains(&key) => {
                let fixed =
                    |arn: &ArnPattern| matches!(arn, ArnPattern::Parts(parts) if parts.iter().all(Pattern::is_fixed));
                !arns.is_empty() && arns.iter().all(fixed)
            }
            _ => false,
        }
    }
}

/// Of an access point the name may be open, if the account is not.
fn names_account([_, partition, service, region, account, _]: &[Pattern; 6]) -> bool {
    [partition, service, region, account].iter().all(|part| part.is_fixed()) && account.fixed() != Some("")
}
