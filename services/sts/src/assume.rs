//! `AssumeRole` and its relatives.

use std::collections::BTreeMap;

use kumoi_core::identity::{PrincipalKind, Session};
use kumoi_core::{Cx, Fault, Principal, Reply};

use crate::api::{self, AssumedRoleUser};
use crate::errors::{access_denied, validation};
use crate::session::{self, Issued, Policies};
use crate::{arns, saml, tags, web_identity};

/// Seconds a session lasts when the request says nothing.
const DEFAULT_DURATION: i32 = 3600;

/// The most seconds for a session that a session of a role asks for: "Role chaining" of the IAM User Guide.
const CHAINED_DURATION: i32 = 3600;

/// The longest session of a member account's root user, and its default.
const ROOT_DURATION: i32 = 900;

/// The managed policies that may scope a session of `AssumeRoot`.
const ROOT_TASKS: [&str; 5] = [
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
];

pub(crate) async fn role(cx: &Cx, input: api::AssumeRoleInput) -> Reply<api::AssumeRoleOutput> {
    let role = arns::role(&input.role_arn)?;
    let duration = input.duration_seconds.unwrap_or(DEFAULT_DURATION);
    if cx.principal().kind == PrincipalKind::AssumedRole && duration > CHAINED_DURATION {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(validation(message).into());
    }
    let caller = session::of_caller(cx).await?;
    let inherited = caller.as_ref().and_then(|session| session.source_identity.clone());
    if let (Some(kept), Some(asked)) = (&inherited, &input.source_identity)
        && kept != asked
    {
        // A source identity stays the same through a chain of roles.
        return Err(access_denied(format!(
            "User: {} is not authorized to perform: sts:SetSourceIdentity on resource: {}",
            cx.principal().arn,
            input.role_arn
        ))
        .into());
    }
    let source_identity = input.source_identity.clone().or(inherited);
    let (tags, transitive) = tags::session_tags(
        caller.as_ref(),
        input.tags.unwrap_or_default(),
        input.transitive_tag_keys.unwrap_or_default(),
    )?;
    let asked = Asked {
        role: &role,
        role_arn: &input.role_arn,
        session_name: &input.role_session_name,
        policies: Policies::new(input.policy, input.policy_arns)?,
        tags,
        transitive,
        source_identity: source_identity.clone(),
        duration,
        minimum_token: input.minimum_session_token_size,
    };
    let Granted { user, issued, packed_policy_size } = grant(cx, asked).await?;
    Ok(api::AssumeRoleOutput {
        credentials: Some(issued.credentials),
        assumed_role_user: Some(user),
        packed_policy_size,
        source_identity,
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}

pub(crate) async fn with_web_identity(
    cx: &Cx,
    input: api::AssumeRoleWithWebIdentityInput,
) -> Reply<api::AssumeRoleWithWebIdentityOutput> {
    let role = arns::role(&input.role_arn)?;
    let token = web_identity::read(&input.web_identity_token, cx.now())?;
    let (tags, transitive) = tags::session_tags(
        None,
        token.tags.into_iter().map(|(key, value)| api::Tag { key, value }).collect(),
        token.transitive,
    )?;
    let asked = Asked {
        role: &role,
        role_arn: &input.role_arn,
        session_name: &input.role_session_name,
        policies: Policies::new(input.policy, input.policy_arns)?,
        tags,
        transitive,
        source_identity: token.source_identity.clone(),
        duration: input.duration_seconds.unwrap_or(DEFAULT_DURATION),
        minimum_token: input.minimum_session_token_size,
    };
    let Granted { user, issued, packed_policy_size } = grant(cx, asked).await?;
    Ok(api::AssumeRoleWithWebIdentityOutput {
        credentials: Some(issued.credentials),
        subject_from_web_identity_token: Some(token.subject),
        assumed_role_user: Some(user),
        packed_policy_size,
        provider: Some(token.issuer),
        audience: Some(token.audience),
        source_identity: token.source_identity,
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}

pub(crate) async fn with_saml(cx: &Cx, input: api::AssumeRoleWithSAMLInput) -> Reply<api::AssumeRoleWithSAMLOutput> {
    let role = arns::role(&input.role_arn)?;
    if !arns::is_provider(&input.principal_arn, "saml-provider") {
        return Err(validation(format!("{} is invalid", input.principal_arn)).into());
    }
    let assertion = saml::read(&input.saml_assertion, cx.now())?;
    if !assertion.grants(&input.role_arn, &input.principal_arn) {
        let message = "Role and provider are not among the Role attributes of the assertion";
        return Err(api::errors::idp_rejected_claim_exception(message).into());
    }
    let (tags, transitive) = tags::session_tags(
        None,
        assertion.tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect(),
        assertion.transitive.clone(),
    )?;
    let asked = Asked {
        role: &role,
        role_arn: &input.role_arn,
        session_name: &assertion.session_name,
        policies: Policies::new(input.policy, input.policy_arns)?,
        tags,
        transitive,
        source_identity: assertion.source_identity.clone(),
        duration: input.duration_seconds.or(assertion.duration).unwrap_or(DEFAULT_DURATION),
        minimum_token: input.minimum_session_token_size,
    };
    let Granted { user, issued, packed_policy_size } = grant(cx, asked).await?;
    Ok(api::AssumeRoleWithSAMLOutput {
        credentials: Some(issued.credentials),
        assumed_role_user: Some(user),
        packed_policy_size,
        subject: Some(assertion.subject),
        subject_type: Some(assertion.subject_type),
        issuer: Some(assertion.issuer),
        audience: Some(assertion.audience),
        // The published form is a hash over issuer, account and provider, which AWS does not specify to the byte.
        name_qualifier: None,
        source_identity: assertion.source_identity,
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}

pub(crate) async fn root(cx: &Cx, input: api::AssumeRootInput) -> Reply<api::AssumeRootOutput> {
    let account = arns::root_account(&input.target_principal)?;
    let policy = input.task_policy_arn.arn.unwrap_or_default();
    let task = policy.strip_prefix("arn:aws:iam::aws:policy/root-task/");
    if !task.is_some_and(|task| ROOT_TASKS.contains(&task)) {
        return Err(validation(format!("{policy} is not a policy for privileged tasks of AssumeRoot.")).into());
    }
    let principal = Principal {
        account: account.to_owned(),
        arn: format!("arn:aws:sts::{account}:assumed-root"),
        user_id: account.to_owned(),
        kind: PrincipalKind::Root,
    };
    let source_identity = session::of_caller(cx).await?.and_then(|session| session.source_identity);
    let session = Session { policy_arns: vec![policy], source_identity: source_identity.clone(), ..Session::default() };
    let duration = input.duration_seconds.unwrap_or(ROOT_DURATION);
    let issued = session::issue(cx, principal, session, duration, input.minimum_session_token_size).await?;
    Ok(api::AssumeRootOutput {
        credentials: Some(issued.credentials),
        source_identity,
        session_token_size: Some(issued.token_size),
        session_token_utilization: Some(issued.token_utilization),
    })
}

/// A session of a role that may be granted.
struct Asked<'a> {
    role: &'a arns::Role<'a>,
    role_arn: &'a str,
    session_name: &'a str,
    policies: Policies,
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
    source_identity: Option<String>,
    duration: i32,
    minimum_token: Option<i32>,
}

/// A granted session, as every answer of the family tells it.
struct Granted {
    user: AssumedRoleUser,
    issued: Issued,
    packed_policy_size: Option<i32>,
}

async fn grant(cx: &Cx, asked: Asked<'_>) -> Reply<Granted> {
    let packed_policy_size = asked.policies.packed_size(&asked.tags)?;
    let (user, principal) = assumed(asked.role, asked.role_arn, asked.session_name);
    let session = Session {
        policy: asked.policies.inline,
        policy_arns: asked.policies.arns,
        tags: asked.tags,
        transitive: asked.transitive,
        source_identity: asked.source_identity,
    };
    let issued = session::issue(cx, principal, session, asked.duration, asked.minimum_token).await?;
    Ok(Granted { user, issued, packed_policy_size })
}

/// The session's principal, and how the answer names it.
fn assumed(role: &arns::Role<'_>, role_arn: &str, session: &str) -> (AssumedRoleUser, Principal) {
    let arn = format!("arn:{}:sts::{}:assumed-role/{}/{session}", role.partition, role.account, role.name);
    let id = format!("{}:{session}", role_id(role_arn));
    let user = AssumedRoleUser { assumed_role_id: id.clone(), arn: arn.clone() };
    let account = role.account.to_owned();
    (user, Principal { account, arn, user_id: id, kind: PrincipalKind::AssumedRole })
}

/// The unique id of a role that IAM does not know: always the same for the same ARN.
fn role_id(arn: &str) -> String {
    let mut state =
        arn.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let letters = (0..17).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit(((state >> 33) % 36) as u32, 36).unwrap_or('0').to_ascii_uppercase()
    });
    "AROA".chars().chain(letters).collect()
}

/// Nobody but a root user or an IAM user can ask for a session of its own.
pub(crate) fn refuse_sessions(cx: &Cx, operation: &str, session: Option<&Session>) -> Result<(), Fault> {
    let temporary = session.is_some() || cx.principal().kind == PrincipalKind::AssumedRole;
    if temporary {
        return Err(access_denied(format!("Cannot call {operation} with session credentials")));
    }
    Ok(())
}
