//! What a service demands of the policies of its resources, beyond the grammar.

use crate::pattern::Case;
use crate::policy::{Choice, Text};
use crate::{Policy, PolicyError, Statement};

/// The resource that a policy is for, and what the policy may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'r> {
    /// The ARN of the resource, such as that of a bucket. Policies may speak of it and of what lies under it, behind a slash.
    pub resource: &'r str,
    /// The service with its colon, such as `s3:`.
    pub service: &'r str,
    /// The service's actions. If empty, all names pass.
    pub actions: &'r [ActionRule<'r>],
    /// The service's condition keys. If empty, all names pass.
    pub keys: &'r [KeyRule<'r>],
}

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct ActionRule<'r> {
    /// Such as `s3:GetObject`.
    pub name: &'r str,
    /// What it acts on.
    pub level: Level,
}

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The resource itself: a bucket.
    Resource,
    /// What lies under it: objects.
    Part,
    /// Both.
    Either,
}

/// A condition key.
#[derive(Clone, Copy, Debug)]
pub struct KeyRule<'r> {
    /// In lower case, such as `s3:prefix`. One that ends in a slash stands for all that begin with it.
    pub key: &'r str,
    /// The actions that know it. If empty, all do.
    pub actions: &'r [&'r str],
}

impl Policy {
    /// Checks a policy that is to be attached to a resource: every statement names principals, actions of the service, and resources
    /// that are this one or under it; each action is for one of the resources, each condition key for every action.
    ///
    /// Whether the principals exist is for the caller to find out, from [`Statement::principals`].
    pub fn check_attached(&self, to: &Attached<'_>) -> Result<(), PolicyError> {
        self.statements.iter().try_for_each(|statement| to.check(statement))
    }
}

impl Attached<'_> {
    fn check(&self, statement: &Statement) -> Result<(), PolicyError> {
        if statement.principals.is_none() {
            return Err(PolicyError::MissingField("Principal"));
        }
        let resources = statement.resources.as_ref().ok_or(PolicyError::MissingField("Resource"))?;
        for action in &statement.actions.list {
            if !self.knows(action) {
                return Err(PolicyError::InvalidAction(action.written.to_string()));
            }
        }
        let mut reached = Vec::new();
        for resource in &resources.list {
            let level = self.level(resource);
            reached.push(level.ok_or_else(|| PolicyError::InvalidResource(resource.written.to_string()))?);
        }
        self.check_actions(&statement.actions, &reached, resources.not)?;
        statement.condition_keys().try_for_each(|key| self.check_key(key, &statement.actions))
    }

    /// It is an action of the service.
    fn knows(&self, action: &Text) -> bool {
        let of_service =
            action.written.get(..self.service.len()).is_some_and(|head| head.eq_ignore_ascii_case(self.service));
        action.pattern.is_any()
            || (of_service && (self.actions.is_empty() || self.actions.iter().any(|rule| rule.is(action))))
    }

    /// What a resource of the policy can be: the resource, a part, or either. `None` when it is something else.
    fn level(&self, resource: &Text) -> Option<Level> {
        let (head, more) = resource.pattern.head();
        // Every bucket is this one, too.
        if more && head.ends_with(":::") && self.resource.starts_with(head) {
            return Some(Level::Either);
        }
        let rest = head.strip_prefix(self.resource)?;
        match (rest.is_empty(), more) {
            (true, false) => Some(Level::Resource),
            (true, true) => Some(Level::Either),
            (false, _) => rest.starts_with('/').then_some(Level::Part),
        }
    }

    fn check_actions(&self, actions: &Choice<Text>, reached: &[Level], not: bool) -> Result<(), PolicyError> {
        if actions.not || not || self.actions.is_empty() {
            return Ok(());
        }
        let fits = |rule: &ActionRule<'_>| {
            reached.iter().any(|level| *level == rule.level || *level == Level::Either || rule.level == Level::Either)
        };
        let applies = |action: &Text| self.actions.iter().any(|rule| rule.is(action) && fits(rule));
        match actions.list.iter().all(applies) {
            true => Ok(()),
            false => Err(PolicyError::ActionWithoutResource),
        }
    }

    fn check_key(&self, key: &str, actions: &Choice<Text>) -> Result<(), PolicyError> {
        if self.keys.is_empty() || !key.starts_with(self.service) {
            return Ok(());
        }
        let is =
            |rule: &&KeyRule<'_>| if rule.key.ends_with('/') { key.starts_with(rule.key) } else { key == rule.key };
        let rule = self.keys.iter().find(is).ok_or_else(|| PolicyError::InvalidConditionKey(key.to_owned()))?;
        let known = |action: &Text| rule.actions.iter().any(|name| action.pattern.matches_plain(name, Case::Ignored));
        match actions.not || rule.actions.is_empty() || actions.list.iter().all(known) {
            true => Ok(()),
            false => Err(PolicyError::ConditionWithoutAction),
        }
    }
}

impl ActionRule<'_> {
    fn is(&self, action: &Text) -> bool {
        action.pattern.matches_plain(self.name, Case::Ignored)
    }
}
