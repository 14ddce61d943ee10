//! Access points: what leads to a bucket besides its name (S3 User Guide, "Managing access to shared datasets with access points").
//!
//! S3 Control knows them, and is asked only about names that no bucket has: ARNs, aliases, and `NAME-ACCOUNT`, which SDKs make of an ARN to put it into a
//! host name. A request that names one goes on with the bucket behind it. The answer is read in a transaction of S3 Control's, so an access point that
//! changes meanwhile changes the next request only.

use std::sync::Arc;

use kumoi_access::{Context, Policy, Verdict};
use kumoi_core::arn::Arn;
use kumoi_core::ask::{Answer, Ask};
use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Fault, Principal, Reply, policies};
use kumoi_model::{Catalog, Service, Value};
use kumoi_store::Scope;
use percent_encoding::percent_decode_str;

use crate::access;
use crate::errors::{access_denied, no_such_bucket, refused};
use crate::tables::{BUCKETS, PublicAccessBlock};

/// Ends of aliases, of access points in one region and in many.
const ALIAS: &str = "-s3alias";
const MULTI: &str = ".mrap";

/// Operations that access points take ("Access point compatibility" in the User Guide).
const OPERATIONS: [&str; 34] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjects",
    "DeleteObjectTagging",
    "GetBucketAcl",
    "GetBucketCors",
    "GetBucketLocation",
    "GetBucketNotificationConfiguration",
    "GetBucketPolicy",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjects",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListParts",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
];

/// An access point that a request goes through.
#[derive(Debug)]
pub(crate) struct Point {
    arn: String,
    account: String,
    /// `Internet` or `VPC`.
    origin: String,
    bucket: String,
    policy: Option<Arc<Policy>>,
    /// A policy that is public reaches nobody outside the account.
    restricted: bool,
}

/// A request as it goes on behind an access point.
pub(crate) struct Through {
    pub(crate) input: Value,
    /// The one in place of the bucket; a copy can have one as its source alone.
    pub(crate) point: Option<Point>,
}

/// The request behind the access points that it names; `None` when it names none.
pub(crate) async fn resolve(cx: &Cx, operation: &str, input: &Value) -> Reply<Option<Through>> {
    let Some((bucket, source)) = Catalog::get().load("s3").and_then(|model| named(model, operation, input)) else {
        return Ok(None);
    };
    let point = match bucket {
        Some((_, name)) if operation != "CreateBucket" => find(cx, name).await?,
        _ => None,
    };
    if point.is_some() && !OPERATIONS.contains(&operation) {
        let message = "The specified method is not allowed against this resource.";
        return Err(refused("MethodNotAllowed", 405, message).with_detail("ResourceType", "ACCESSPOINT").into());
    }
    let copied = match source.map(|(index, source)| (index, Source::parse(source))) {
        Some((index, Some(source))) => find(cx, &source.name).await?.map(|point| (index, source.behind(&point))),
        _ => None,
    };
    if point.is_none() && copied.is_none() {
        return Ok(None);
    }
    let mut input = input.clone();
    if let Value::Struct(members) = &mut input {
        if let (Some(point), Some((index, _))) = (&point, bucket) {
            members.set(index, Value::String(point.bucket.clone()));
        }
        if let Some((index, source)) = copied {
            members.set(index, Value::String(source));
        }
    }
    Ok(Some(Through { input, point }))
}

type Member<'a> = Option<(u16, &'a str)>;

/// The bucket that an input names, and the source of a copy.
fn named<'a>(model: &'static Service, operation: &str, input: &'a Value) -> Option<(Member<'a>, Member<'a>)> {
    let structure = model.structure(model.operation(operation)?.input?)?;
    let members = input.as_struct()?;
    let text = |name: &str| {
        let (index, _) = structure.member(name)?;
        Some((index, members.get(index)?.as_str()?))
    };
    let copies = matches!(operation, "CopyObject" | "UploadPartCopy");
    Some((text("Bucket"), copies.then(|| text("CopySource")).flatten()))
}

/// The source of a copy, where it is not plainly a bucket's.
struct Source {
    /// What stands for the bucket.
    name: String,
    /// The key, and what follows it, as sent.
    rest: String,
}

impl Source {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
        // An ARN may be encoded as a whole, slashes included.
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        if decoded.starts_with("arn:") {
            let (name, key) = decoded.split_once("/object/")?;
            let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
            return Some(Self { name: name.to_owned(), rest: format!("{key}{query}") });
        }
        let (name, rest) = text.split_once('/')?;
        name.ends_with(ALIAS).then(|| Self { name: name.to_owned(), rest: rest.to_owned() })
    }

    fn behind(self, point: &Point) -> String {
        format!("{}/{}", point.bucket, self.rest)
    }
}

/// The access point of a name; `None` when it is for a bucket.
async fn find(cx: &Cx, name: &str) -> Reply<Option<Point>> {
    if let Some(arn) = Arn::parse(name).filter(|arn| arn.service == "s3" && !arn.account.is_empty()) {
        let multi = arn.region.is_empty();
        return Ok(Some(if multi { multi_region(cx, name).await? } else { regional(cx, name).await? }));
    }
    if name.ends_with(MULTI) {
        return Ok(Some(multi_region(cx, name).await?));
    }
    if name.ends_with(ALIAS) {
        let found = regional(cx, name).await;
        // To who asks, an alias that is none is a bucket that is none.
        return Ok(Some(found.map_err(|fault| if fault.status() == 404 { no_such_bucket() } else { fault })?));
    }
    let Some((start, account)) = name.rsplit_once('-').filter(|(_, end)| is_account(end)) else { return Ok(None) };
    if cx.tx().get(&Scope::world(), &BUCKETS, &name.to_owned()).await?.is_some() {
        return Ok(None);
    }
    let arn = format!("arn:{}:s3:{}:{account}:accesspoint/{start}", cx.partition(), cx.region());
    match regional(cx, &arn).await {
        Ok(point) => Ok(Some(point)),
        Err(fault) if fault.status() == 404 => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Asks S3 Control, as S3.
async fn ask(cx: &Cx, operation: &str, member: &str, name: &str) -> Result<Answer, Fault> {
    let ask = Ask::new("s3control", operation)?.with("AccountId", cx.account().to_owned());
    ask.with(member, name.to_owned()).call(cx, Principal::service("s3.amazonaws.com", cx.account())).await
}

/// The access point of an ARN or an alias.
async fn regional(cx: &Cx, name: &str) -> Result<Point, Fault> {
    let answer = ask(cx, "GetAccessPoint", "Name", name).await?;
    let point = answer.fields();
    let arn = point.text("AccessPointArn").unwrap_or_default();
    let policy = match ask(cx, "GetAccessPointPolicy", "Name", arn).await {
        Ok(answer) => answer.fields().text("Policy").and_then(policies::parsed),
        Err(fault) if fault.status() == 404 => None,
        Err(fault) => return Err(fault),
    };
    Ok(Point {
        arn: arn.to_owned(),
        account: Arn::parse(arn).map(|arn| arn.account.to_owned()).unwrap_or_default(),
        origin: point.text("NetworkOrigin").unwrap_or_default().to_owned(),
        bucket: point.text("Bucket").unwrap_or_default().to_owned(),
        policy,
        restricted: point.fields("PublicAccessBlockConfiguration").is_some_and(|b| b.flag("RestrictPublicBuckets")),
    })
}

/// The multi-region access point of an ARN or an alias, with the bucket that is nearest: one in the region of the request, else the first that
/// gets requests.
async fn multi_region(cx: &Cx, name: &str) -> Result<Point, Fault> {
    let answer = ask(cx, "GetMultiRegionAccessPointRoutes", "Mrap", name).await?;
    let arn = answer.fields().text("Mrap").unwrap_or_default().to_owned();
    let mut routes = answer.fields().list("Routes");
    routes.retain(|route| route.number("TrafficDialPercentage") == Some(100));
    let near = routes.iter().find(|route| route.text("Region") == Some(cx.region())).or(routes.first());
    let bucket = near.and_then(|route| route.text("Bucket")).ok_or_else(no_such_bucket)?;
    let alias = arn.rsplit('/').next().unwrap_or_default();
    let answer = ask(cx, "GetMultiRegionAccessPointPolicy", "Name", alias).await?;
    let policy = answer.fields().fields("Policy").and_then(|policy| policy.fields("Established"));
    Ok(Point {
        account: Arn::parse(&arn).map(|arn| arn.account.to_owned()).unwrap_or_default(),
        origin: "Internet".to_owned(),
        bucket: bucket.to_owned(),
        policy: policy.and_then(|policy| policy.text("Policy")).and_then(policies::parsed),
        restricted: true,
        arn,
    })
}

/// What a request that goes through an access point wants to do.
pub(crate) struct Wanted<'a> {
    pub(crate) action: &'a str,
    pub(crate) key: Option<&'a str>,
}

/// Access points do not serve strangers.
pub(crate) fn check_caller(cx: &Cx) -> Result<(), Fault> {
    if cx.principal().kind == PrincipalKind::Anonymous { Err(access_denied()) } else { Ok(()) }
}

impl Point {
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Gives conditions what they can ask of an access point.
    pub(crate) fn describe(&self, context: &mut Context<'_>) {
        context.set("s3:DataAccessPointArn", self.arn.clone());
        context.set("s3:DataAccessPointAccount", self.account.clone());
        context.set("s3:AccessPointNetworkOrigin", self.origin.clone());
    }

    /// Decides by the access point's own policy. It permits nothing that the bucket's policy does not, which is looked at besides.
    pub(crate) fn decide(&self, cx: &Cx, owner: &str, wanted: &Wanted<'_>, context: &Context<'_>) -> Result<(), Fault> {
        check_caller(cx)?;
        let principal = cx.principal();
        let resource = match wanted.key {
            Some(key) => format!("{}/object/{key}", self.arn),
            None => self.arn.clone(),
        };
        let asked = kumoi_access::Request {
            caller: access::caller(cx, None),
            action: wanted.action,
            resource: &resource,
            resource_account: Some(&self.account),
            resource_must_allow: false,
            context,
            moment: cx.now().millis(),
        };
        let verdict = self.policy.as_ref().map_or(Verdict::Silent, |policy| policy.verdict(&asked));
        let own = principal.account == owner || principal.account == self.account;
        match verdict {
            Verdict::Deny(_) => Err(access_denied()),
            _ if own => Ok(()),
            Verdict::Silent => Err(access_denied()),
            Verdict::Allow(..) => {
                let public = self.policy.as_ref().is_some_and(|policy| policy.is_public());
                if self.restricted && public { Err(access_denied()) } else { Ok(()) }
            }
        }
    }
}

/// What the account that owns a bucket keeps from being public, in all its buckets.
pub(crate) async fn account_block(cx: &Cx, account: &str) -> Result<PublicAccessBlock, Fault> {
    let ask = Ask::new("s3control", "GetPublicAccessBlock")?.with("AccountId", account.to_owned());
    let answer = match ask.call(cx, Principal::service("s3.amazonaws.com", account)).await {
        Ok(answer) => answer,
        Err(fault) if fault.status() == 404 => return Ok(PublicAccessBlock::default()),
        Err(fault) => return Err(fault),
    };
    let Some(block) = answer.fields().fields("PublicAccessBlockConfiguration") else {
        return Ok(PublicAccessBlock::default());
    };
    Ok(PublicAccessBlock {
        public_acls: block.flag("BlockPublicAcls"),
        ignore_public_acls: block.flag("IgnorePublicAcls"),
        public_policy: block.flag("BlockPublicPolicy"),
        restrict_public_buckets: block.flag("RestrictPublicBuckets"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_copies() {
        let parse = |text: &str| Source::parse(text).map(|source| (source.name, source.rest));
        let arn = "arn:aws:s3:us-east-1:000000000000:accesspoint/abc".to_owned();
        assert_eq!(
            parse(&format!("{arn}/object/a/b?versionId=v")),
            Some((arn.clone(), "a%2Fb?versionId=v".to_owned()))
        );
        let encoded = percent_encoding::utf8_percent_encode(&arn, percent_encoding::NON_ALPHANUMERIC).to_string();
        assert_eq!(parse(&format!("/{encoded}/object/a")), Some((arn, "a".to_owned())));
        assert_eq!(parse("abc-x-s3alias/k%20"), Some(("abc-x-s3alias".to_owned(), "k%20".to_owned())));
        assert_eq!(parse("bucket/key"), None);
        assert_eq!(parse("bucket"), None);
    }
}
