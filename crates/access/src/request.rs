//! Who asks for what.

use std::borrow::Cow;

use crate::moment;
use crate::{Context, Values};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// What it is.
    pub kind: CallerKind,
    /// The account that it belongs to; empty for the anonymous.
    pub account: &'a str,
    /// Its ARN as `GetCallerIdentity` tells it; the name of a service; the name or ARN of an identity provider; empty for the anonymous.
    pub arn: &'a str,
    /// Its unique id, such as `AROAEXAMPLE:session`; empty if it has none.
    pub user_id: &'a str,
    /// The ARN of the role or user that a session was issued for. Without it, a session's role is known by its name only.
    pub issuer: Option<&'a str>,
    /// The canonical user id of its account, by which S3's policies can name it.
    pub canonical_user: Option<&'a str>,
}

/// What a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    AssumedRole,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// A service of AWS, such as `sns.amazonaws.com`.
    Service,
    /// Somebody whom an identity provider vouches for and who has no session yet (`AssumeRoleWithWebIdentity`).
    Federated,
    /// Nobody: the request carried no credentials.
    Anonymous,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// The ARN of the resource; `*` for an action that has none.
    pub resource: &'a str,
    /// The account of the resource; `None` when it is the caller's.
    pub resource_account: Option<&'a str>,
    /// The resource's policy alone can open it, even within its account: keys of KMS, trust policies of roles.
    pub resource_must_allow: bool,
    /// What the request says about itself. Keys about caller and time are known without it, and it can overrule them.
    pub context: &'a Context<'a>,
    /// When: milliseconds since 1970.
    pub moment: i64,
}

impl<'a> Request<'a> {
    /// The caller's account is not that of the resource.
    pub(crate) fn is_cross_account(&self) -> bool {
        self.resource_account.is_some_and(|account| account != self.caller.account)
    }

    /// The values of a condition key: those of the context, else what caller and moment tell.
    /// "AWS global condition context keys" in the IAM guide.
    pub(crate) fn values(&self, key: &str) -> Option<Values<'_>> {
        self.context.get(key).or_else(|| self.derived(key).map(Values::One))
    }

    /// The value of a policy variable. Multivalued keys have none.
    pub(crate) fn variable(&self, key: &str) -> Option<Cow<'_, str>> {
        match self.values(key)? {
            Values::One(value) => Some(value),
            Values::Many([value]) => Some(Cow::Borrowed(value)),
            Values::Many(_) => None,
        }
    }

    fn derived(&self, key: &str) -> Option<Cow<'a, str>> {
        let key = key.strip_prefix("aws:")?;
        let caller = &self.caller;
        match key {
            "currenttime" => Some(Cow::Owned(moment::format(self.moment))),
            "epochtime" => Some(Cow::Owned(self.moment.div_euclid(1000).to_string())),
            "principalarn" => caller.principal_arn(),
            "principalaccount" => caller.has_identity().then_some(Cow::Borrowed(caller.account)),
            "principaltype" => caller.principal_type().map(Cow::Borrowed),
            "principalisawsservice" => match caller.kind {
                CallerKind::Anonymous | CallerKind::Federated => None,
                kind => Some(Cow::Borrowed(if kind == CallerKind::Service { "true" } else { "false" })),
            },
            "principalservicename" => (caller.kind == CallerKind::Service).then_some(Cow::Borrowed(caller.arn)),
            "userid" => (caller.has_identity() && !caller.user_id.is_empty()).then_some(Cow::Borrowed(caller.user_id)),
            "username" => {
                (caller.kind == CallerKind::User).then(|| caller.arn.rsplit('/').next().map(Cow::Borrowed))?
            }
            _ => None,
        }
    }
}

impl<'a> Caller<'a> {
    /// A caller without credentials.
    pub fn anonymous() -> Self {
        Self { kind: CallerKind::Anonymous, account: "", arn: "", user_id: "", issuer: None, canonical_user: None }
    }

    /// It has an identity of an account: no service, no stranger.
    fn has_identity(&self) -> bool {
        matches!(self.kind, CallerKind::Root | CallerKind::User | CallerKind::AssumedRole | CallerKind::FederatedUser)
    }

    /// `aws:PrincipalArn`: of a session, the ARN of its role.
    fn principal_arn(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            CallerKind::AssumedRole => self.issuer.map(Cow::Borrowed).or_else(|| {
                let (partition, name) = self.role()?;
                Some(Cow::Owned(["arn:", partition, ":iam::", self.account, ":role/", name].concat()))
            }),
            _ => self.has_identity().then_some(Cow::Borrowed(self.arn)),
        }
    }

    fn principal_type(&self) -> Option<&'static str> {
        match self.kind {
            CallerKind::Root => Some("Account"),
            CallerKind::User => Some("User"),
            CallerKind::AssumedRole => Some("AssumedRole"),
            CallerKind::FederatedUser => Some("FederatedUser"),
            CallerKind::Anonymous => Some("Anonymous"),
            CallerKind::Service | CallerKind::Federated => None,
        }
    }

    /// Partition and name of the role of `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    pub(crate) fn role(&self) -> Option<(&'a str, &'a str)> {
        let mut parts = self.arn.splitn(6, ':');
        let partition = parts.nth(1)?;
        let name = parts.nth(3)?.strip_prefix("assumed-role/")?.split('/').next()?;
        Some((partition, name))
    }
}
