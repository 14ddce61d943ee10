//! The ARNs that STS takes.

use kumoi_core::Fault;
use kumoi_core::arn::Arn;

use crate::errors::validation;

/// A role, as its ARN names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Role<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account: &'a str,
    /// The name without its path, as the ARN of a session has it.
    pub(crate) name: &'a str,
}

/// Reads the ARN of a role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
pub(crate) fn role(text: &str) -> Result<Role<'_>, Fault> {
    let invalid = || validation(format!("{text} is invalid"));
    let arn = Arn::parse(text).ok_or_else(invalid)?;
    let path = arn.resource.strip_prefix("role/").ok_or_else(invalid)?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let sound = arn.service == "iam" && arn.region.is_empty() && is_account(arn.account) && !name.is_empty();
    if sound { Ok(Role { partition: arn.partition, account: arn.account, name }) } else { Err(invalid()) }
}

/// The account of a root principal: 12 digits, or an ARN that carries them.
pub(crate) fn root_account(text: &str) -> Result<&str, Fault> {
    let account = Arn::parse(text).map_or(text, |arn| arn.account);
    if is_account(account) { Ok(account) } else { Err(validation(format!("{text} is invalid"))) }
}

/// Whether a provider's ARN is one of IAM, of that kind (`saml-provider`).
pub(crate) fn is_provider(text: &str, kind: &str) -> bool {
    Arn::parse(text).is_some_and(|arn| {
        arn.service == "iam" && is_account(arn.account) && arn.resource.split_once('/').is_some_and(|(k, _)| k == kind)
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_an_account_and_a_name() {
        let role = role("arn:aws:iam::123456789012:role/team/reader").unwrap();
        assert_eq!((role.account, role.name), ("123456789012", "reader"));
    }

    #[test]
    fn what_is_no_role() {
        let table = [
            "arn:aws:iam::123456789012:user/reader",
            "arn:aws:iam::12345:role/reader",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:role/reader",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
        ];
        for text in table {
            assert_eq!(role(text).unwrap_err().message(), format!("{text} is invalid"));
        }
    }
}
