//! Principals in policies: "Principal" and "NotPrincipal" in the IAM guide.

use crate::{Caller, CallerKind, PolicyError};

/// A principal that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// `*`: everyone, the anonymous included.
    Everyone,
    /// An account, by its id or the ARN of its root user: all who belong to it.
    Account(Box<str>),
    /// A user, a role, or a session, by ARN.
    Arn(Box<str>),
    /// A user or role by its unique id: what is left of one that was deleted.
    Id(Box<str>),
    /// A service, such as `sns.amazonaws.com`.
    Service(Box<str>),
    /// `{"Service": "*"}`
    EveryService,
    /// An identity provider.
    Federated(Box<str>),
    /// An account, by the canonical user id of S3.
    CanonicalUser(Box<str>),
}

/// How a policy that names a principal reaches the caller. What else may limit the grant depends on it: "Policy evaluation logic".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// To the caller's account, which may give it on to the caller.
    Account,
    /// To the role of which the caller is a session, or to the user that it was issued for.
    Issuer,
    /// To the caller itself, or to everyone.
    Direct,
}

impl Named {
    /// Reads a value of `"AWS"`.
    pub(crate) fn aws(text: &str) -> Result<Self, PolicyError> {
        if text == "*" {
            return Ok(Self::Everyone);
        }
        Self::aws_fixed(text).ok_or_else(|| PolicyError::InvalidPrincipal(text.to_owned()))
    }

    fn aws_fixed(text: &str) -> Option<Self> {
        if text.contains(['*', '?']) {
            return None;
        }
        if is_account(text) {
            return Some(Self::Account(text.into()));
        }
        if text.len() >= 16
            && text.starts_with('A')
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return Some(Self::Id(text.into()));
        }
        let mut parts = text.splitn(6, ':');
        let (arn, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (account, resource) = (parts.next()?, parts.next()?);
        if arn != "arn" || !partition.starts_with("aws") || !region.is_empty() {
            return None;
        }
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        match (service, kind) {
            ("iam", "root") if is_account(account) && resource == "root" => Some(Self::Account(account.into())),
            // Identities of CloudFront stand in an account that is a word.
            ("iam", "user") if account == "cloudfront" && !name.is_empty() => Some(Self::Arn(text.into())),
            ("iam", "user" | "role") | ("sts", "federated-user") if is_account(account) && !name.is_empty() => {
                Some(Self::Arn(text.into()))
            }
            ("sts", "assumed-role") if is_account(account) => {
                name.split_once('/').filter(|(role, session)| !role.is_empty() && !session.is_empty())?;
                Some(Self::Arn(text.into()))
            }
            _ => None,
        }
    }

    /// How this name reaches the caller, if it does.
    pub(crate) fn reaches(&self, caller: &Caller<'_>) -> Option<Grant> {
        let kind = caller.kind;
        let in_account =
            matches!(kind, CallerKind::Root | CallerKind::User | CallerKind::AssumedRole | CallerKind::FederatedUser);
        match self {
            Self::Everyone => Some(Grant::Direct),
            Self::Account(account) if in_account => (**account == *caller.account).then_some(match kind {
                CallerKind::Root => Grant::Direct,
                _ => Grant::Account,
            }),
            Self::CanonicalUser(id) if in_account => (caller.canonical_user == Some(&**id)).then_some(match kind {
                CallerKind::Root => Grant::Direct,
                _ => Grant::Account,
            }),
            Self::Arn(arn) if in_account => match () {
                () if **arn == *caller.arn => Some(Grant::Direct),
                () => is_issuer(arn, caller).then_some(Grant::Issuer),
            },
            Self::Id(id) if in_account => match caller.user_id.split_once(':') {
                None => (**id == *caller.user_id).then_some(Grant::Direct),
                Some((issuer, _)) => (**id == *issuer).then_some(Grant::Issuer),
            },
            Self::Service(name) => (kind == CallerKind::Service && **name == *caller.arn).then_some(Grant::Direct),
            Self::EveryService => (kind == CallerKind::Service).then_some(Grant::Direct),
            Self::Federated(name) => (kind == CallerKind::Federated && **name == *caller.arn).then_some(Grant::Direct),
            _ => None,
        }
    }

    /// It names somebody: no wildcard, and nobody whom AWS does not know ("The meaning of 'public'").
    pub(crate) fn is_fixed(&self) -> bool {
        !matches!(self, Self::Everyone | Self::EveryService | Self::Federated(_))
    }
}

/// The strongest way in which a list reaches the caller.
pub(crate) fn reach(list: &[Named], caller: &Caller<'_>) -> Option<Grant> {
    list.iter().filter_map(|named| named.reaches(caller)).max()
}

/// Whether `NotPrincipal` of a denial spares the caller: only if the list names it on every level, as the guide advises — its account,
/// its role, and itself — because AWS looks at each of them.
pub(crate) fn spares(list: &[Named], caller: &Caller<'_>) -> bool {
    let named = |wanted: Grant| list.iter().any(|named| named.reaches(caller) == Some(wanted));
    if list.contains(&Named::Everyone) {
        return true;
    }
    match caller.kind {
        CallerKind::User => named(Grant::Direct) && named(Grant::Account),
        CallerKind::AssumedRole => named(Grant::Direct) && named(Grant::Issuer) && named(Grant::Account),
        CallerKind::FederatedUser => named(Grant::Direct) && named(Grant::Account),
        CallerKind::Root | CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous => named(Grant::Direct),
    }
}

/// Whether `arn` is the role or user behind a session. The ARN of a session leaves out the path of its role.
fn is_issuer(arn: &str, caller: &Caller<'_>) -> bool {
    if let Some(issuer) = caller.issuer {
        return arn == issuer;
    }
    let Some((_, name)) = caller.role() else { return false };
    let mut parts = arn.splitn(6, ':').skip(2);
    parts.next() == Some("iam")
        && parts.nth(1) == Some(caller.account)
        && parts
            .next()
            .is_some_and(|resource| resource.starts_with("role/") && resource.rsplit('/').next() == Some(name))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
