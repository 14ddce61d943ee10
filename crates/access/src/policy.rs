//! A policy, ready to be evaluated.

use crate::condition::Condition;
use crate::pattern::{Case, Pattern, Variables};
use crate::principal::{self, Grant, Named};
use crate::{PolicyError, Request, parse};

/// A policy document, parsed. It is made to be kept and evaluated often.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) version: Version,
    pub(crate) id: Option<Box<str>>,
    pub(crate) statements: Box<[Statement]>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2008-10-17, also of documents that name none: no policy variables.
    V2008,
    /// 2012-10-17.
    V2012,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    /// Absent in policies of identities.
    pub(crate) principals: Option<Choice<Named>>,
    pub(crate) actions: Choice<Text>,
    /// Absent in trust policies of roles: every resource.
    pub(crate) resources: Option<Choice<Text>>,
    pub(crate) conditions: Box<[Condition]>,
}

/// A list of what is meant, or of what is not.
#[derive(Clone, Debug)]
pub(crate) struct Choice<T> {
    pub(crate) not: bool,
    pub(crate) list: Box<[T]>,
}

/// A pattern and how it was written.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) written: Box<str>,
    pub(crate) pattern: Pattern,
}

/// The part of a statement that kept it from applying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `Principal` or `NotPrincipal`.
    Principal,
    /// `Action` or `NotAction`.
    Action,
    /// `Resource` or `NotResource`.
    Resource,
    /// `Condition`.
    Condition,
}

/// What one policy says of a request, and by which statement, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement denies it.
    Deny(usize),
    /// A statement allows it, none denies it.
    Allow(usize, Grant),
    /// No statement applies.
    Silent,
}

impl Policy {
    /// Reads a document: "Grammar of the IAM JSON policy language". What each service demands beyond the grammar is not looked at.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        parse::policy(text)
    }

    /// Allows everything: `AdministratorAccess`, or an identity whose own policies are not looked at.
    pub fn full_access() -> Self {
        let any = || Choice {
            not: false,
            list: Box::new([Text { written: "*".into(), pattern: Pattern::new("*", true, Variables::Off) }]),
        };
        let statement = Statement {
            sid: None,
            effect: Effect::Allow,
            principals: None,
            actions: any(),
            resources: Some(any()),
            conditions: Box::default(),
        };
        Self { version: Version::V2012, id: None, statements: Box::new([statement]) }
    }

    /// The language's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `Id`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether a condition or a variable asks for a key that begins with `prefix`, in lower case. What is costly to find out, such as
    /// the tags of an object, need not be found out otherwise.
    pub fn asks_for(&self, prefix: &str) -> bool {
        self.statements.iter().any(|statement| {
            statement.conditions.iter().any(|condition| condition.asks_for(prefix))
                || statement
                    .resources
                    .iter()
                    .flat_map(|resources| &resources.list)
                    .any(|text| text.pattern.asks_for(prefix))
        })
    }

    /// What this policy alone says: a denial counts more than any permission.
    ///
    /// Of several permissions the one that reaches the caller most directly is told.
    pub fn verdict(&self, request: &Request<'_>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for (index, statement) in self.statements.iter().enumerate() {
            let at_least = match verdict {
                Verdict::Allow(_, grant) => Some(grant),
                _ => None,
            };
            if statement.effect == Effect::Allow && at_least == Some(Grant::Direct) {
                continue;
            }
            match (statement.applies(request), statement.effect) {
                (Ok(_), Effect::Deny) => return Verdict::Deny(index),
                (Ok(grant), Effect::Allow) if Some(grant) > at_least => verdict = Verdict::Allow(index, grant),
                _ => {}
            }
        }
        verdict
    }
}

impl Statement {
    /// `Sid`.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// `Effect`.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom `Principal` or `NotPrincipal` names.
    pub fn principals(&self) -> &[Named] {
        self.principals.as_ref().map_or(&[], |principals| &principals.list)
    }

    /// `Action` or `NotAction`, as written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.list.iter().map(|text| &*text.written)
    }

    /// `Resource` or `NotResource`, as written.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().flat_map(|resources| &resources.list).map(|text| &*text.written)
    }

    /// The keys of the conditions, in lower case.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| &*condition.key)
    }

    /// How the statement reaches the caller, or what keeps it from applying. A statement without `Principal` applies to whom it is
    /// attached to.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Result<Grant, Element> {
        let grant = match &self.principals {
            None => Some(Grant::Direct),
            Some(Choice { not: false, list }) => principal::reach(list, &request.caller),
            Some(Choice { not: true, list }) => {
                let excepted = match self.effect {
                    Effect::Deny => principal::spares(list, &request.caller),
                    Effect::Allow => principal::reach(list, &request.caller).is_some(),
                };
                (!excepted).then_some(Grant::Direct)
            }
        };
        let grant = grant.ok_or(Element::Principal)?;
        if self.actions.list.iter().any(|action| action.pattern.matches_plain(request.action, Case::Ignored))
            == self.actions.not
        {
            return Err(Element::Action);
        }
        if let Some(resources) = &self.resources
            && resources.list.iter().any(|text| text.pattern.matches(request.resource, Case::Counts, request))
                == resources.not
        {
            return Err(Element::Resource);
        }
        match self.conditions.iter().all(|condition| condition.holds(request)) {
            true => Ok(grant),
            false => Err(Element::Condition),
        }
    }
}
