//! All policies together: "Policy evaluation logic" and "Cross-account policy evaluation logic" in the IAM guide.

use crate::{CallerKind, Effect, Element, Grant, Policy, Request, Verdict};

/// What a policy is attached to, and so what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// To the caller, its groups, or its role: it grants.
    Identity,
    /// To the resource: it grants.
    Resource,
    /// A permissions boundary of the caller or its role: it limits.
    Boundary,
    /// Given with a session: it limits.
    Session,
    /// A service control policy of the caller's account: it limits. One of each level must allow.
    ServiceControl {
        /// Distance from the root of the organization.
        level: u8,
    },
    /// A resource control policy of the resource's account: it limits. One of each level must allow.
    ResourceControl {
        /// Distance from the root of the organization.
        level: u8,
    },
}

/// A policy that bears on a request.
#[derive(Clone, Copy, Debug)]
pub struct Source<'p> {
    /// What it is attached to.
    pub kind: PolicyKind,
    /// Its ARN, or whatever else tells a person which one it is.
    pub label: &'p str,
    /// The policy.
    pub policy: &'p Policy,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is allowed.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it that would have to.
    ImplicitDeny,
}

/// The outcome with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'p> {
    /// What becomes of the request.
    pub outcome: Outcome,
    /// Why.
    pub because: Because<'p>,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because<'p> {
    /// A statement denies or grants. Across accounts it is that of the resource's policy.
    Statement(Decider<'p>),
    /// No policy of this kind allows.
    NoAllow(PolicyKind),
    /// The root user may do everything in its account.
    RootUser,
}

/// A statement of one of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decider<'p> {
    /// What its policy is attached to.
    pub kind: PolicyKind,
    /// The label of its policy.
    pub label: &'p str,
    /// Its `Sid`.
    pub sid: Option<&'p str>,
    /// Its place in the policy, from 0.
    pub index: usize,
}

/// What [`explain`] says of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding<'p> {
    /// The statement.
    pub statement: Decider<'p>,
    /// What it does when it applies.
    pub effect: Effect,
    /// The first element that kept it from applying; `None` when it applies.
    pub kept: Option<Element>,
}

/// Decides. The caller says which policies bear on the request.
///
/// * A denial in any of them is final.
/// * Control policies must allow on every level for which there is one.
/// * Within an account, the resource's policy or those of the identity must allow. What the former grants to the caller itself, no
///   boundary and no session policy limits; what it grants to the caller's role, they do; what it grants to the account, the identity's
///   policies must grant in turn.
/// * Across accounts, both sides must allow. Services and strangers have no side of their own.
///
/// A service that does not know the policies of an identity, and takes it for an administrator, passes [`Policy::full_access`].
pub fn decide<'p>(request: &Request<'_>, sources: &[Source<'p>]) -> Decision<'p> {
    let mut allows = Allows::default();
    for source in sources {
        match source.policy.verdict(request) {
            Verdict::Deny(index) => {
                return Decision { outcome: Outcome::ExplicitDeny, because: Because::Statement(source.decider(index)) };
            }
            Verdict::Allow(index, grant) => allows.add(source, Some((grant, source.decider(index)))),
            Verdict::Silent => allows.add(source, None),
        }
    }
    match allows.sum(request) {
        Ok(because) => Decision { outcome: Outcome::Allow, because },
        Err(kind) => Decision { outcome: Outcome::ImplicitDeny, because: Because::NoAllow(kind) },
    }
}

/// What each statement of each policy makes of the request, for a person who wants to know why.
pub fn explain<'p>(request: &Request<'_>, sources: &[Source<'p>]) -> Vec<Finding<'p>> {
    let findings = |source: &Source<'p>| {
        let source = *source;
        source.policy.statements.iter().enumerate().map(move |(index, statement)| Finding {
            statement: source.decider(index),
            effect: statement.effect,
            kept: statement.applies(request).err(),
        })
    };
    sources.iter().flat_map(findings).collect()
}

impl Decision<'_> {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

impl<'p> Source<'p> {
    fn decider(&self, index: usize) -> Decider<'p> {
        let sid = self.policy.statements.get(index).and_then(|statement| statement.sid.as_deref());
        Decider { kind: self.kind, label: self.label, sid, index }
    }
}

/// Who allowed, and who was asked.
#[derive(Default)]
struct Allows<'p> {
    identity: Option<Decider<'p>>,
    resource: Option<(Grant, Decider<'p>)>,
    /// Of those that limit: whether there is one, and whether one allows.
    boundary: Limit,
    session: Limit,
    service_control: Limit,
    resource_control: Limit,
}

/// Policies that limit, a bit a level.
#[derive(Clone, Copy, Default)]
struct Limit {
    asked: u64,
    allowed: u64,
}

impl Limit {
    fn add(&mut self, level: u8, allows: bool) {
        // An organization has at most seven levels.
        let bit = 1_u64.checked_shl(u32::from(level)).unwrap_or(1 << 63);
        self.asked |= bit;
        self.allowed |= if allows { bit } else { 0 };
    }

    /// `kind` when a level does not allow.
    fn check(self, kind: impl Fn(u8) -> PolicyKind) -> Result<(), PolicyKind> {
        let missing = self.asked & !self.allowed;
        if missing == 0 { Ok(()) } else { Err(kind(u8::try_from(missing.trailing_zeros()).unwrap_or(0))) }
    }
}

impl<'p> Allows<'p> {
    fn add(&mut self, source: &Source<'p>, allow: Option<(Grant, Decider<'p>)>) {
        let allows = allow.is_some();
        match source.kind {
            PolicyKind::Identity => self.identity = self.identity.or(allow.map(|(_, decider)| decider)),
            PolicyKind::Resource => {
                if allow.map(|(grant, _)| grant) > self.resource.map(|(grant, _)| grant) {
                    self.resource = allow;
                }
            }
            PolicyKind::Boundary => self.boundary.add(0, allows),
            PolicyKind::Session => self.session.add(0, allows),
            PolicyKind::ServiceControl { level } => self.service_control.add(level, allows),
            PolicyKind::ResourceControl { level } => self.resource_control.add(level, allows),
        }
    }

    /// Why it is allowed, or what is missing.
    fn sum(&self, request: &Request<'_>) -> Result<Because<'p>, PolicyKind> {
        self.service_control.check(|level| PolicyKind::ServiceControl { level })?;
        self.resource_control.check(|level| PolicyKind::ResourceControl { level })?;
        let by_resource = self.resource.map(|(_, decider)| Because::Statement(decider)).ok_or(PolicyKind::Resource);
        match request.caller.kind {
            CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous => return by_resource,
            CallerKind::Root | CallerKind::User | CallerKind::AssumedRole | CallerKind::FederatedUser => {}
        }
        if request.is_cross_account() {
            self.by_identity(request)?;
            return by_resource;
        }
        match self.resource {
            Some((Grant::Direct, _)) => by_resource,
            Some((Grant::Issuer, _)) => self.limits().and(by_resource),
            Some((Grant::Account, _)) => self.by_identity(request).and(by_resource),
            None if request.resource_must_allow => by_resource,
            None => self.by_identity(request),
        }
    }

    /// What the identity may do of itself.
    fn by_identity(&self, request: &Request<'_>) -> Result<Because<'p>, PolicyKind> {
        if request.caller.kind == CallerKind::Root {
            return Ok(Because::RootUser);
        }
        let decider = self.identity.ok_or(PolicyKind::Identity)?;
        self.limits()?;
        Ok(Because::Statement(decider))
    }

    fn limits(&self) -> Result<(), PolicyKind> {
        self.boundary.check(|_| PolicyKind::Boundary)?;
        self.session.check(|_| PolicyKind::Session)
    }
}
