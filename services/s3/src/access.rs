//! Who may do what: an operation is authorized before it runs, by the bucket's policy, by access control lists, and by who owns what.
//!
//! Within the account that owns a bucket everybody may do everything that no policy denies: what policies of IAM say of identities comes with the access
//! engine. Accounts other than that, and requests without credentials, need a grant.

use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Reply};
use kumoi_model::{Service, Struct, Structure, Value};

use crate::errors::access_denied;
use crate::tables::{BUCKETS, Bucket, Object, Permission};
use crate::{acl, versions};
use kumoi_store::Scope;

/// Whether the caller belongs to that account.
pub(crate) fn is_of(cx: &Cx, account: &str) -> bool {
    self::account(cx) == Some(account)
}

/// The account of the caller; `None` for a request without credentials.
pub(crate) fn account(cx: &Cx) -> Option<&str> {
    let principal = cx.principal();
    (principal.kind != PrincipalKind::Anonymous).then_some(principal.account.as_str())
}

/// What access control list can grant an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Granted {
    /// None: the bucket's owner alone has it.
    No,
    ByBucket(Permission),
    ByObject(Permission),
}

/// What an operation needs: its action, without and with a version, and what may grant it.
fn needed(operation: &str) -> Option<(&'static str, Option<&'static str>, Granted)> {
    use Granted::{ByBucket, ByObject, No};
    use Permission::{Read, ReadAcp, Write, WriteAcp};
    Some(match operation {
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => ("s3:ListBucket", None, ByBucket(Read)),
        "ListObjectVersions" => ("s3:ListBucketVersions", None, ByBucket(Read)),
        "ListMultipartUploads" => ("s3:ListBucketMultipartUploads", None, ByBucket(Read)),
        "GetBucketAcl" => ("s3:GetBucketAcl", None, ByBucket(ReadAcp)),
        "PutBucketAcl" => ("s3:PutBucketAcl", None, ByBucket(WriteAcp)),
        "PutObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "CompleteMultipartUpload"
        | "CopyObject"
        | "UploadPartCopy" => ("s3:PutObject", None, ByBucket(Write)),
        "DeleteObject" => ("s3:DeleteObject", Some("s3:DeleteObjectVersion"), ByBucket(Write)),
        "AbortMultipartUpload" => ("s3:AbortMultipartUpload", None, ByBucket(Write)),
        "ListParts" => ("s3:ListMultipartUploadParts", None, ByBucket(Write)),
        "GetObject" | "HeadObject" | "SelectObjectContent" => {
            ("s3:GetObject", Some("s3:GetObjectVersion"), ByObject(Read))
        }
        "GetObjectAttributes" => ("s3:GetObjectAttributes", Some("s3:GetObjectVersionAttributes"), ByObject(Read)),
        "GetObjectTorrent" => ("s3:GetObjectTorrent", Some("s3:GetObjectVersionTorrent"), ByObject(Read)),
        "GetObjectAcl" => ("s3:GetObjectAcl", Some("s3:GetObjectVersionAcl"), ByObject(ReadAcp)),
        "PutObjectAcl" => ("s3:PutObjectAcl", Some("s3:PutObjectVersionAcl"), ByObject(WriteAcp)),
        "GetObjectTagging" => ("s3:GetObjectTagging", Some("s3:GetObjectVersionTagging"), No),
        "PutObjectTagging" => ("s3:PutObjectTagging", Some("s3:PutObjectVersionTagging"), No),
        "DeleteObjectTagging" => ("s3:DeleteObjectTagging", Some("s3:DeleteObjectVersionTagging"), No),
        "GetObjectRetention" => ("s3:GetObjectRetention", None, No),
        "PutObjectRetention" => ("s3:PutObjectRetention", None, No),
        "GetObjectLegalHold" => ("s3:GetObjectLegalHold", None, No),
        "PutObjectLegalHold" => ("s3:PutObjectLegalHold", None, No),
        "RestoreObject" => ("s3:RestoreObject", None, No),
        "GetBucketLocation" => ("s3:GetBucketLocation", None, No),
        "DeleteBucket" => ("s3:DeleteBucket", None, No),
        _ => return None,
    })
}

/// What is asked for.
struct Request<'a> {
    action: &'static str,
    granted: Granted,
    key: Option<&'a str>,
    version: Option<&'a str>,
}

/// The members of an input that name what it is about.
struct Named<'a> {
    structure: &'a Structure,
    input: &'a Struct,
}

impl<'a> Named<'a> {
    fn new(model: &'static Service, operation: &str, input: &'a Value) -> Option<Self> {
        let structure = model.structure(model.operation(operation)?.input?)?;
        Some(Self { structure, input: input.as_struct()? })
    }

    fn text(&self, member: &str) -> Option<&'a str> {
        self.input.get(self.structure.member(member)?.0)?.as_str()
    }
}

/// Decides whether the caller may run an operation. What is not there is for the operation to say.
pub(crate) async fn authorize(cx: &Cx, operation: &str, input: &Value) -> Reply<()> {
    let named = kumoi_model::Catalog::get().load("s3").and_then(|model| Named::new(model, operation, input));
    let bucket = match named.as_ref().and_then(|named| named.text("Bucket")) {
        Some(name) if operation != "CreateBucket" => cx.tx().get(&Scope::world(), &BUCKETS, &name.to_owned()).await?,
        // Accounts make and list buckets of their own.
        _ if account(cx).is_none() => return Err(access_denied().into()),
        _ => return Ok(()),
    };
    // Each key has its own decision.
    let (Some(bucket), Some(named)) = (bucket, named) else { return Ok(()) };
    if operation == "DeleteObjects" {
        return Ok(());
    }
    let (key, version) = (named.text("Key"), named.text("VersionId"));
    let (action, with_version, granted) = needed(operation).unwrap_or(("s3:*", None, Granted::No));
    let action = if version.is_some() { with_version.unwrap_or(action) } else { action };
    decide(cx, &bucket, &Request { action, granted, key, version }).await
}

/// Decides whether the caller may read an object, to copy it.
pub(crate) async fn read(cx: &Cx, bucket: &Bucket, key: &str, version: Option<&str>) -> Reply<()> {
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let granted = Granted::ByObject(Permission::Read);
    decide(cx, bucket, &Request { action, granted, key: Some(key), version }).await
}

/// Decides whether the caller may delete an object, one of many; `bypass` is whether governance is to be ignored.
pub(crate) async fn delete(cx: &Cx, bucket: &Bucket, key: &str, version: Option<&str>, bypass: bool) -> Reply<()> {
    let action = if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    let granted = Granted::ByBucket(Permission::Write);
    decide(cx, bucket, &Request { action, granted, key: Some(key), version }).await?;
    if bypass {
        let action = "s3:BypassGovernanceRetention";
        decide(cx, bucket, &Request { action, granted: Granted::No, key: Some(key), version }).await?;
    }
    Ok(())
}

async fn decide(cx: &Cx, bucket: &Bucket, request: &Request<'_>) -> Reply<()> {
    let own = is_of(cx, &bucket.account);
    // Its owner may do everything with a bucket, but not with what others own in it.
    if own && !matches!(request.granted, Granted::ByObject(_)) {
        return Ok(());
    }
    let object = object(cx, bucket, request).await?;
    if own && object.as_ref().is_none_or(|object| acl::owner_of(bucket, object) == bucket.account) {
        return Ok(());
    }
    if by_list(cx, bucket, request, object.as_ref()) { Ok(()) } else { Err(access_denied().into()) }
}

/// The object that a request is for.
async fn object(cx: &Cx, bucket: &Bucket, request: &Request<'_>) -> Reply<Option<Object>> {
    let Some(key) = request.key else { return Ok(None) };
    let found = versions::find(cx, bucket, key, request.version).await?;
    Ok(found.and_then(versions::Found::object))
}

/// Whether an access control list grants it. Whether an object is there is told to those who may list the bucket.
fn by_list(cx: &Cx, bucket: &Bucket, request: &Request<'_>, object: Option<&Object>) -> bool {
    let (caller, public) = (account(cx), !bucket.block.ignore_public_acls);
    let by_bucket = |permission| {
        acl::effective(bucket, bucket.acl.as_ref()).is_some_and(|acl| acl.grants(caller, permission, public))
    };
    match (request.granted, object) {
        (Granted::No, _) => false,
        (Granted::ByBucket(permission), _) => by_bucket(permission),
        (Granted::ByObject(_), None) => by_bucket(Permission::Read),
        (Granted::ByObject(permission), Some(object)) => {
            let own = acl::owner_of(bucket, object);
            match acl::effective(bucket, object.attributes.acl.as_ref()) {
                Some(acl) => acl.grants(caller, permission, public) || caller == Some(own),
                None => caller == Some(own),
            }
        }
    }
}
