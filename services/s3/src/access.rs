//! Who may do what: an operation is authorized before it runs, by the bucket's policy, by access control lists, and by who owns what.
//!
//! Within the account that owns a bucket everybody may do everything that no policy denies: what policies of IAM say of identities comes with IAM.
//! Accounts other than that, and requests without credentials, need a grant.

use std::sync::Arc;

use kumoi_access::{Caller, CallerKind, Context, Policy, Verdict};
use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Client, Cx, Reply, SignaturePlace, policies};
use kumoi_model::{FromValue as _, Location, Service, Struct, Structure, Timestamp, Value};
use kumoi_store::Scope;

use crate::actions::{ALWAYS, Granted, needed, owners_action};
use crate::config::{self, Kind};
use crate::errors::access_denied;
use crate::points::{self, Point};
use crate::tables::{BUCKETS, Bucket, Group, Object, Permission, PublicAccessBlock};
use crate::{accounts, acl, api, logs, payer, tags, versions};

/// Whether the caller belongs to that account.
pub(crate) fn is_of(cx: &Cx, account: &str) -> bool {
    self::account(cx) == Some(account)
}

/// The account of the caller; `None` for a request without credentials, and for services, which have none though they act for one.
pub(crate) fn account(cx: &Cx) -> Option<&str> {
    let principal = cx.principal();
    let somebody = !matches!(principal.kind, PrincipalKind::Anonymous | PrincipalKind::Service);
    somebody.then_some(principal.account.as_str())
}

/// Whether an object comes by a form that a browser has posted: otherwise it is put.
pub(crate) fn by_form(cx: &Cx) -> bool {
    cx.call_info().client.as_ref().is_some_and(|client| client.request_line.starts_with("POST "))
}

/// Whether it is the service that delivers logs which asks.
fn delivers_logs(cx: &Cx) -> bool {
    cx.principal().kind == PrincipalKind::Service && cx.principal().arn == logs::deliver::PRINCIPAL
}

/// The account of a caller that owns what it writes to a bucket, where that is not the bucket's.
pub(crate) fn writer(cx: &Cx, bucket: &Bucket) -> Option<String> {
    let other = !is_of(cx, &bucket.account) && !bucket.is_enforced();
    account(cx).filter(|_| other).map(str::to_owned)
}

/// What is asked for.
struct Request<'a> {
    /// The bucket's name.
    name: &'a str,
    action: &'a str,
    granted: Granted,
    key: Option<&'a str>,
    version: Option<&'a str>,
    /// What the request says, for the policy's conditions.
    input: Option<&'a Named<'a>>,
    /// The access point that it goes through.
    point: Option<&'a Point>,
}

/// The members of an input that name what it is about.
pub(crate) struct Named<'a> {
    structure: &'a Structure,
    members: &'a Struct,
    operation: &'a str,
    value: &'a Value,
}

impl<'a> Named<'a> {
    fn new(model: &'static Service, operation: &'a str, value: &'a Value) -> Option<Self> {
        let structure = model.structure(model.operation(operation)?.input?)?;
        Some(Self { structure, members: value.as_struct()?, operation, value })
    }

    /// The members of an input of S3's.
    pub(crate) fn of(operation: &'a str, value: &'a Value) -> Option<Self> {
        Self::new(kumoi_model::Catalog::get().load("s3")?, operation, value)
    }

    pub(crate) fn number(&self, member: &str) -> Option<i64> {
        match self.members.get(self.structure.member(member)?.0)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The text of a member.
    pub(crate) fn text(&self, member: &str) -> Option<&'a str> {
        self.members.get(self.structure.member(member)?.0)?.as_str()
    }

    /// Whether the operation has such a member.
    pub(crate) fn knows(&self, member: &str) -> bool {
        self.structure.member(member).is_some()
    }

    fn has(&self, member: &str) -> bool {
        self.structure.member(member).is_some_and(|(index, _)| self.members.get(index).is_some())
    }

    /// What else an operation does than what it is called for: each needs its own permission.
    fn further_actions(&self, granted: Granted) -> Vec<(&'static str, Granted)> {
        const GRANTS: [&str; 5] = ["ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"];
        let mut actions = Vec::new();
        if matches!(self.operation, "PutObject" | "CreateMultipartUpload" | "CopyObject") {
            let further = [
                (&GRANTS[..], "s3:PutObjectAcl"),
                (&["Tagging"], "s3:PutObjectTagging"),
                (&["ObjectLockMode"], "s3:PutObjectRetention"),
                (&["ObjectLockLegalHoldStatus"], "s3:PutObjectLegalHold"),
            ];
            let given = |members: &[&str]| members.iter().any(|member| self.has(member));
            actions.extend(further.iter().filter(|(members, _)| given(members)).map(|(_, action)| *action));
        }
        let mut actions: Vec<_> = actions.into_iter().map(|action| (action, granted)).collect();
        // Who deletes what has a certain tag learns what it has.
        let looks = self.operation == "DeleteObject" && self.text("IfMatch").is_some_and(|tag| tag != "*");
        if looks || self.operation == "GetObjectAttributes" {
            let action = if self.has("VersionId") { "s3:GetObjectVersion" } else { "s3:GetObject" };
            actions.push((action, Granted::ByObject(Permission::Read)));
        }
        let bypass = self.structure.member("BypassGovernanceRetention").and_then(|(index, _)| self.members.get(index));
        if matches!(bypass, Some(Value::Bool(true))) {
            actions.push(("s3:BypassGovernanceRetention", Granted::No));
        }
        actions
    }

    /// Gives conditions what the request says ("Condition keys for Amazon S3" in the Service Authorization Reference).
    fn describe(&self, context: &mut Context<'_>) {
        for (index, value) in self.members.iter() {
            let Some(member) = self.structure.members.get(usize::from(index)) else { continue };
            let text = match value {
                Value::String(text) => text.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Timestamp(moment) => date_time(*moment),
                _ => continue,
            };
            let name = member.wire_name().to_ascii_lowercase();
            match (member.location, name.as_str()) {
                (Location::Header, "x-amz-tagging") => {
                    requested_tags(context, tags::read(Some(&text)).unwrap_or_default())
                }
                (Location::Header, "x-amz-copy-source") => {
                    context.set("s3:x-amz-copy-source", text.trim_start_matches('/').to_owned());
                }
                (Location::Header, lock) if lock.starts_with("x-amz-object-lock-") => {
                    context.set(["s3:", lock.trim_start_matches("x-amz-")].concat(), text);
                }
                (Location::Header, header) if header.starts_with("x-amz-") => {
                    context.set(["s3:", header].concat(), text);
                }
                (Location::Header, "if-match" | "if-none-match") => {
                    context.set(["s3:", name.as_str()].concat(), text);
                }
                (Location::QueryString, "prefix" | "delimiter" | "max-keys" | "versionid") => {
                    context.set(["s3:", name.as_str()].concat(), text);
                }
                _ => {}
            }
        }
        if self.operation.starts_with("ListObject") && !self.has("Prefix") {
            context.set("s3:prefix", "");
        }
        if self.operation == "PutObjectTagging"
            && let Ok(input) = api::PutObjectTaggingInput::from_value(self.value)
        {
            requested_tags(context, tags::from_api(input.tagging));
        }
    }
}

/// A moment as policies write it.
fn date_time(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.seconds).unwrap_or_default().to_string()
}

fn requested_tags(context: &mut Context<'_>, tags: Vec<(String, String)>) {
    context.set_all("s3:RequestObjectTagKeys", tags.iter().map(|(key, _)| key.clone()));
    for (key, value) in tags {
        context.set(["s3:RequestObjectTag/", key.as_str()].concat(), value);
    }
}

/// What was seen when a request was authorized.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorized {
    /// The bucket that it is to, if that is there; `None` also for S3 itself.
    pub(crate) bucket: Option<Arc<Bucket>>,
    /// It took an access control list to permit it.
    pub(crate) by_list: bool,
    /// The caller is charged for it.
    pub(crate) charged: bool,
}

/// Decides whether the caller may run an operation. What is not there is for the operation to say.
pub(crate) async fn authorize(cx: &Cx, operation: &str, input: &Value, point: Option<&Point>) -> Reply<Authorized> {
    // The service itself reads what its buckets are set to. On behalf of a bucket it needs to be permitted.
    let own = cx.principal().kind == PrincipalKind::Service && cx.principal().arn == "s3.amazonaws.com";
    if own && cx.call_info().source_arn.is_none() {
        return Ok(Authorized::default());
    }
    let named = Named::of(operation, input);
    let name = match named.as_ref().and_then(|named| named.text("Bucket")) {
        Some(name) if operation != "CreateBucket" => name,
        // Accounts make and list buckets of their own.
        _ if account(cx).is_none() => return Err(access_denied().into()),
        _ => return Ok(Authorized::default()),
    };
    let bucket = cx.tx().get_shared(&Scope::world(), &BUCKETS, &name.to_owned()).await?;
    let (Some(bucket), Some(named)) = (bucket, named) else { return Ok(Authorized::default()) };
    let charged = payer::check(cx, &bucket, &named).await?;
    let by_list = permit(cx, (bucket.clone(), name), &named, point).await?;
    Ok(Authorized { bucket: Some(bucket), by_list, charged })
}

/// Decides by policies, by access control lists, and by who owns what; whether it took an access control list to permit it.
async fn permit(
    cx: &Cx,
    (mut bucket, name): (Arc<Bucket>, &str),
    named: &Named<'_>,
    point: Option<&Point>,
) -> Reply<bool> {
    let operation = named.operation;
    if let Some(point) = point {
        through_point(cx, &bucket, named, point)?;
    }
    // Each key has its own decision.
    if operation == "DeleteObjects" {
        return Ok(false);
    }
    let own = is_of(cx, &bucket.account);
    if !own && bucket.block != Some(PublicAccessBlock::ALL) {
        let block = points::account_block(cx, &bucket.account).await?;
        let block = Some(bucket.blocked().with(block));
        Arc::make_mut(&mut bucket).block = block;
    }
    let (key, version) = (named.text("Key"), named.text("VersionId"));
    let input = Some(named);
    let Some((action, with_version, granted)) = needed(operation) else {
        if own && !bucket.has(Kind::Policy) {
            return Ok(false);
        }
        let action = owners_action(operation);
        let request = Request { name, action: &action, granted: Granted::No, key, version, input, point };
        return decide(cx, &bucket, &request).await;
    };
    // The owner of a bucket may do everything with it that no policy denies, but not with what others own in it, where others can.
    if own && !bucket.has(Kind::Policy) && (bucket.is_enforced() || !granted.is_about_object()) {
        return Ok(false);
    }
    let action = if version.is_some() { with_version.unwrap_or(action) } else { action };
    let by_list = decide(cx, &bucket, &Request { name, action, granted, key, version, input, point }).await?;
    // A service that may put objects may give them what belongs to them: the grants that a logged bucket asks for.
    if cx.principal().kind == PrincipalKind::Service {
        return Ok(by_list);
    }
    for (action, granted) in named.further_actions(granted) {
        decide(cx, &bucket, &Request { name, action, granted, key, version, input, point }).await?;
    }
    Ok(by_list)
}

/// Decides by the policy of the access point that a request goes through.
fn through_point(cx: &Cx, bucket: &Bucket, named: &Named<'_>, point: &Point) -> Reply<()> {
    // Each key has its own decision.
    if named.operation == "DeleteObjects" {
        return Ok(points::check_caller(cx)?);
    }
    let mut context = context(cx, bucket, Some(point));
    named.describe(&mut context);
    let action = match needed(named.operation) {
        Some((action, with_version, _)) if named.has("VersionId") => with_version.unwrap_or(action).to_owned(),
        Some((action, ..)) => action.to_owned(),
        None => owners_action(named.operation),
    };
    let further = named.further_actions(Granted::No).into_iter().map(|(action, _)| action);
    for action in std::iter::once(action.as_str()).chain(further) {
        let wanted = points::Wanted { action, key: named.text("Key") };
        point.decide(cx, &bucket.account, &wanted, &context)?;
    }
    Ok(())
}

/// Decides whether the caller may run another operation on an object, as part of what it asks for.
pub(crate) async fn also(
    cx: &Cx,
    operation: &str,
    (bucket, name): (&Bucket, &str),
    key: &str,
    version: Option<&str>,
) -> Reply<()> {
    let Some((action, with_version, granted)) = needed(operation) else { return Err(access_denied().into()) };
    let action = if version.is_some() { with_version.unwrap_or(action) } else { action };
    // What is put belongs to an object that this request makes.
    let granted = if operation.starts_with("Put") { Granted::ByBucket(Permission::Write) } else { granted };
    decide(cx, bucket, &Request { name, action, granted, key: Some(key), version, input: None, point: None }).await?;
    Ok(())
}

/// Decides whether the caller may delete an object, one of many; `bypass` is whether governance is to be ignored, `point` the access point on the way.
pub(crate) async fn delete(
    cx: &Cx,
    (bucket, name): (&Bucket, &str),
    key: &str,
    version: Option<&str>,
    bypass: bool,
    point: Option<&Point>,
) -> Reply<()> {
    let action = if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    let bypassing = bypass.then_some(("s3:BypassGovernanceRetention", Granted::No));
    let key = Some(key);
    for (action, granted) in std::iter::once((action, Granted::ByBucket(Permission::Write))).chain(bypassing) {
        if let Some(point) = point {
            let context = context(cx, bucket, Some(point));
            point.decide(cx, &bucket.account, &points::Wanted { action, key }, &context)?;
        }
        decide(cx, bucket, &Request { name, action, granted, key, version, input: None, point }).await?;
    }
    Ok(())
}

/// Decides about one action; whether it took an access control list to permit it.
async fn decide(cx: &Cx, bucket: &Bucket, request: &Request<'_>) -> Reply<bool> {
    let own = is_of(cx, &bucket.account);
    let policy = policy(cx, bucket).await?;
    let about_object = request.granted.is_about_object();
    let asks = |prefix: &str| policy.as_ref().is_some_and(|policy| policy.asks_for(prefix));
    let object = if about_object || asks("s3:existingobjecttag/") { object(cx, bucket, request).await? } else { None };
    let foreign = about_object && object.as_ref().is_some_and(|object| acl::owner_of(bucket, object) != bucket.account);
    let verdict = policy.as_ref().map_or(Ok(false), |policy| by_policy(cx, bucket, policy, request, object.as_ref()));
    let by_policy = verdict.map_err(|Denied| access_denied())?;
    if own && !foreign {
        return Ok(false);
    }
    if by_list(cx, bucket, request, object.as_ref()) {
        return Ok(!by_policy);
    }
    // Whether an object is there is told to those who may list the bucket.
    if about_object && object.is_none() {
        let list = Request { action: "s3:ListBucket", granted: Granted::No, key: None, input: None, ..*request };
        return decide_listing(cx, bucket, &list, request.key.unwrap_or_default()).await.map(|()| false);
    }
    if by_policy && !foreign { Ok(false) } else { Err(access_denied().into()) }
}

/// A statement denies it.
struct Denied;

/// Decides whether the caller may know that there is no such key.
async fn decide_listing(cx: &Cx, bucket: &Bucket, request: &Request<'_>, key: &str) -> Reply<()> {
    let Some(policy) = policy(cx, bucket).await? else { return Err(access_denied().into()) };
    let mut context = context(cx, bucket, request.point);
    context.set("s3:prefix", key.to_owned());
    match verdict(cx, bucket, &policy, request, &context) {
        Ok(true) => Ok(()),
        Ok(false) | Err(Denied) => Err(access_denied().into()),
    }
}

/// The bucket's policy.
async fn policy(cx: &Cx, bucket: &Bucket) -> Reply<Option<Arc<Policy>>> {
    if !bucket.has(Kind::Policy) {
        return Ok(None);
    }
    let config = config::get::<config::policy::Policy>(cx, bucket).await?;
    Ok(config.and_then(|config| policies::parsed(&config.0)))
}

/// What is known of every request.
fn context<'a>(cx: &Cx, bucket: &Bucket, point: Option<&Point>) -> Context<'a> {
    let mut context = policies::context(cx, &bucket.account);
    if let Some(point) = point {
        point.describe(&mut context);
    }
    context.set("s3:ResourceAccount", bucket.account.clone());
    if let Some(client) = &cx.call_info().client {
        describe_client(&mut context, client);
    }
    context
}

fn describe_client(context: &mut Context<'_>, client: &Client) {
    let place = client.signature.map(|signature| match signature.place {
        SignaturePlace::Header => "REST-HEADER",
        SignaturePlace::Query => "REST-QUERY-STRING",
        SignaturePlace::Form => "POST",
    });
    let facts = [
        ("s3:authType", place.map(str::to_owned)),
        ("s3:signatureversion", client.signature.map(|signature| signature.algorithm.to_owned())),
    ];
    for (key, value) in facts {
        if let Some(value) = value {
            context.set(key, value);
        }
    }
}

/// Whether the policy allows it.
fn by_policy(
    cx: &Cx,
    bucket: &Bucket,
    policy: &Policy,
    request: &Request<'_>,
    object: Option<&Object>,
) -> Result<bool, Denied> {
    let mut context = context(cx, bucket, request.point);
    if let Some(named) = request.input {
        named.describe(&mut context);
    }
    for (key, value) in object.iter().flat_map(|object| &object.attributes.tags) {
        context.set(["s3:ExistingObjectTag/", key.as_str()].concat(), value.clone());
    }
    verdict(cx, bucket, policy, request, &context)
}

/// The caller, as policies see it.
pub(crate) fn caller<'a>(cx: &'a Cx, canonical_user: Option<&'a str>) -> Caller<'a> {
    let caller = cx.principal().caller();
    // Nobody has no id either.
    if caller.kind == CallerKind::Anonymous { caller } else { Caller { canonical_user, ..caller } }
}

fn verdict(
    cx: &Cx,
    bucket: &Bucket,
    policy: &Policy,
    request: &Request<'_>,
    context: &Context<'_>,
) -> Result<bool, Denied> {
    let principal = cx.principal();
    let own = is_of(cx, &bucket.account);
    if own && principal.kind == PrincipalKind::Root && ALWAYS.contains(&request.action) {
        return Ok(true);
    }
    let canonical = account(cx).map(accounts::canonical);
    let caller = caller(cx, canonical.as_deref());
    let partition = cx.partition();
    let resource = match request.key {
        Some(key) => format!("arn:{partition}:s3:::{}/{key}", request.name),
        None => format!("arn:{partition}:s3:::{}", request.name),
    };
    let asked = kumoi_access::Request {
        caller,
        action: request.action,
        resource: &resource,
        resource_account: Some(&bucket.account),
        resource_must_allow: false,
        context,
        moment: cx.now().millis(),
    };
    match policy.verdict(&asked) {
        Verdict::Deny(_) => Err(Denied),
        Verdict::Silent => Ok(false),
        Verdict::Allow(..) => {
            let restricted = bucket.blocked().restrict_public_buckets && policy.is_public();
            Ok(!restricted || own || principal.kind == PrincipalKind::Service)
        }
    }
}

/// The object that a request is for.
async fn object(cx: &Cx, bucket: &Bucket, request: &Request<'_>) -> Reply<Option<Object>> {
    let Some(key) = request.key else { return Ok(None) };
    let found = versions::find(cx, bucket, key, request.version).await?;
    Ok(found.and_then(versions::Found::object))
}

/// Whether an access control list grants it. Whether an object is there is told to those who may list the bucket.
fn by_list(cx: &Cx, bucket: &Bucket, request: &Request<'_>, object: Option<&Object>) -> bool {
    let (caller, public) = (account(cx), !bucket.blocked().ignore_public_acls);
    let by_bucket = |permission| {
        acl::effective(bucket, bucket.acl.as_ref()).is_some_and(|acl| {
            let to_group = delivers_logs(cx) && acl.grants_to(Group::LogDelivery, permission);
            acl.grants(caller, permission, public) || to_group
        })
    };
    match (request.granted, object) {
        (Granted::No, _) => false,
        (Granted::ByBucket(permission), _) => by_bucket(permission),
        (Granted::ByObject(_) | Granted::ToOwner, None) => by_bucket(Permission::Read),
        (Granted::ToOwner, Some(object)) => caller == Some(acl::owner_of(bucket, object)),
        (Granted::ByObject(permission), Some(object)) => {
            let own = acl::owner_of(bucket, object);
            match acl::effective(bucket, object.attributes.acl.as_ref()) {
                Some(acl) => acl.grants(caller, permission, public) || caller == Some(own),
                None => caller == Some(own),
            }
        }
    }
}
