//! Access control lists (User Guide, "Access control list (ACL) overview").

use kumoi_core::{Cx, Fault, Reply};

use crate::accounts::{account_of, canonical, display_name, owner};
use crate::changes::Place;
use crate::errors::{access_denied, acl_not_supported, invalid_argument, malformed_acl, unresolvable_email};
use crate::tables::{Acl, BUCKETS, Bucket, Grant, Grantee, Group, Object, Permission};
use crate::{api, bucket, changes, versions};
use kumoi_store::Scope;

/// Grants that a list can have.
const MAX_GRANTS: usize = 100;

const GROUPS: [(Group, &str); 3] = [
    (Group::Everyone, "http://acs.amazonaws.com/groups/global/AllUsers"),
    (Group::Authenticated, "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"),
    (Group::LogDelivery, "http://acs.amazonaws.com/groups/s3/LogDelivery"),
];

const PERMISSIONS: [(Permission, &str); 5] = [
    (Permission::FullControl, "FULL_CONTROL"),
    (Permission::Read, "READ"),
    (Permission::Write, "WRITE"),
    (Permission::ReadAcp, "READ_ACP"),
    (Permission::WriteAcp, "WRITE_ACP"),
];

impl Permission {
    fn name(self) -> &'static str {
        PERMISSIONS.iter().find(|(permission, _)| *permission == self).map_or("", |(_, name)| name)
    }

    fn of_name(name: &str) -> Option<Self> {
        PERMISSIONS.iter().find(|(_, known)| *known == name).map(|(permission, _)| *permission)
    }
}

/// What a request says of the access to what it writes: a canned list, or grants in headers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) canned: Option<&'a str>,
    pub(crate) full_control: Option<&'a str>,
    pub(crate) read: Option<&'a str>,
    pub(crate) read_acp: Option<&'a str>,
    pub(crate) write: Option<&'a str>,
    pub(crate) write_acp: Option<&'a str>,
}

/// Whose list it is.
pub(crate) struct Owners<'a> {
    /// The account that owns the bucket or the object.
    pub(crate) own: &'a str,
    /// The account that owns the bucket, for an object.
    pub(crate) bucket: Option<&'a str>,
}

impl Asked<'_> {
    fn headers(&self) -> [(Permission, Option<&str>); 5] {
        [
            (Permission::FullControl, self.full_control),
            (Permission::Read, self.read),
            (Permission::ReadAcp, self.read_acp),
            (Permission::Write, self.write),
            (Permission::WriteAcp, self.write_acp),
        ]
    }

    /// The list that is asked for; `None` for the usual one.
    pub(crate) fn read(&self, owners: &Owners<'_>) -> Result<Option<Acl>, Fault> {
        let grants = self.headers().into_iter().any(|(_, header)| header.is_some());
        match self.canned {
            Some(_) if grants => {
                Err(crate::errors::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"))
            }
            Some(name) => canned(name, owners).map(Some),
            None if grants => self.granted().map(Some),
            None => Ok(None),
        }
    }

    /// Grants in headers, such as `id="…", uri="…"`.
    fn granted(&self) -> Result<Acl, Fault> {
        let mut grants = Vec::new();
        for (permission, header) in self.headers() {
            for grantee in header.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let (kind, value) =
                    grantee.split_once('=').ok_or_else(|| invalid_argument("Argument format not recognized"))?;
                let value = value.trim().trim_matches('"');
                let grantee = match kind.trim().to_ascii_lowercase().as_str() {
                    "id" => account(value)?,
                    "uri" => group(value)?,
                    "emailaddress" => return Err(unresolvable_email()),
                    _ => return Err(invalid_argument("Argument format not recognized")),
                };
                grants.push(Grant { grantee, permission });
            }
        }
        bounded(grants)
    }
}

fn bounded(grants: Vec<Grant>) -> Result<Acl, Fault> {
    if grants.len() > MAX_GRANTS {
        return Err(malformed_acl());
    }
    Ok(Acl(grants))
}

fn account(id: &str) -> Result<Grantee, Fault> {
    account_of(id).map(Grantee::Account).ok_or_else(|| invalid_argument("Invalid id"))
}

fn group(uri: &str) -> Result<Grantee, Fault> {
    let found = GROUPS.iter().find(|(_, known)| *known == uri);
    found.map(|(group, _)| Grantee::Group(*group)).ok_or_else(|| invalid_argument("Invalid group uri"))
}

fn canned(name: &str, owners: &Owners<'_>) -> Result<Acl, Fault> {
    let own = Grant { grantee: Grantee::Account(owners.own.to_owned()), permission: Permission::FullControl };
    let to_group = |group, permission| Grant { grantee: Grantee::Group(group), permission };
    let to_bucket = |permission| {
        let others = owners.bucket.filter(|bucket| *bucket != owners.own);
        others.map(|bucket| Grant { grantee: Grantee::Account(bucket.to_owned()), permission }).into_iter().collect()
    };
    let both = |group, permissions: [Permission; 2]| permissions.map(|permission| to_group(group, permission)).to_vec();
    let others: Vec<Grant> = match (name, owners.bucket) {
        ("private" | "aws-exec-read", _) => Vec::new(),
        ("public-read", _) => vec![to_group(Group::Everyone, Permission::Read)],
        ("public-read-write", _) => both(Group::Everyone, [Permission::Read, Permission::Write]),
        ("authenticated-read", _) => vec![to_group(Group::Authenticated, Permission::Read)],
        ("bucket-owner-read", _) => to_bucket(Permission::Read),
        ("bucket-owner-full-control", _) => to_bucket(Permission::FullControl),
        ("log-delivery-write", None) => both(Group::LogDelivery, [Permission::Write, Permission::ReadAcp]),
        _ => {
            let fault = invalid_argument("");
            return Err(fault.with_detail("ArgumentName", "x-amz-acl").with_detail("ArgumentValue", name));
        }
    };
    Ok(Acl(others.into_iter().chain([own]).collect()))
}

impl Acl {
    /// Whether it grants anything to a group that everybody, or every customer of AWS, belongs to.
    pub(crate) fn is_public(&self) -> bool {
        let public = |grant: &Grant| matches!(grant.grantee, Grantee::Group(Group::Everyone | Group::Authenticated));
        self.0.iter().any(public)
    }

    /// Whether it grants all to one account and nothing else.
    pub(crate) fn is_only_for(&self, account: &str) -> bool {
        let alone = |grant: &Grant| {
            grant.permission == Permission::FullControl && grant.grantee == Grantee::Account(account.to_owned())
        };
        self.0.iter().all(alone)
    }

    /// Whether it grants a permission to an account, or, for `None`, to somebody who is not known. Groups that are public count where `public`.
    pub(crate) fn grants(&self, account: Option<&str>, permission: Permission, public: bool) -> bool {
        self.0.iter().any(|grant| {
            let may = grant.permission == permission || grant.permission == Permission::FullControl;
            may && match &grant.grantee {
                Grantee::Account(grantee) => account == Some(grantee.as_str()),
                Grantee::Group(Group::Everyone) => public,
                Grantee::Group(Group::Authenticated) => public && account.is_some(),
                Grantee::Group(Group::LogDelivery) => false,
            }
        })
    }

    /// Whether it grants a permission to a group as such.
    pub(crate) fn grants_to(&self, group: Group, permission: Permission) -> bool {
        self.0.iter().any(|grant| {
            let may = grant.permission == permission || grant.permission == Permission::FullControl;
            may && grant.grantee == Grantee::Group(group)
        })
    }

    fn from_api(policy: api::AccessControlPolicy, own: &str) -> Result<Self, Fault> {
        if let Some(id) = policy.owner.and_then(|owner| owner.id)
            && id != canonical(own)
        {
            return Err(access_denied());
        }
        let grants = policy.grants.unwrap_or_default().into_iter().map(|grant| {
            let permission = grant.permission.as_deref().and_then(Permission::of_name).ok_or_else(malformed_acl)?;
            let grantee = grant.grantee.ok_or_else(malformed_acl)?;
            let grantee = match grantee.r#type.as_str() {
                "CanonicalUser" => account(grantee.id.as_deref().unwrap_or_default())?,
                "Group" => group(grantee.uri.as_deref().unwrap_or_default())?,
                "AmazonCustomerByEmail" => return Err(unresolvable_email()),
                _ => return Err(malformed_acl()),
            };
            Ok(Grant { grantee, permission })
        });
        bounded(grants.collect::<Result<_, Fault>>()?)
    }
}

fn to_api(cx: &Cx, acl: Option<&Acl>, own: &str) -> Vec<api::Grant> {
    let usual = Acl(vec![Grant { grantee: Grantee::Account(own.to_owned()), permission: Permission::FullControl }]);
    let grants = acl.unwrap_or(&usual).0.iter().map(|grant| {
        let grantee = match &grant.grantee {
            Grantee::Account(account) => api::Grantee {
                r#type: "CanonicalUser".to_owned(),
                id: Some(canonical(account)),
                display_name: display_name(cx, account),
                ..api::Grantee::default()
            },
            Grantee::Group(group) => api::Grantee {
                r#type: "Group".to_owned(),
                uri: GROUPS.iter().find(|(known, _)| known == group).map(|(_, uri)| (*uri).to_owned()),
                ..api::Grantee::default()
            },
        };
        api::Grant { grantee: Some(grantee), permission: Some(grant.permission.name().to_owned()) }
    });
    let mut grants: Vec<_> = grants.collect();
    // As in the canned lists, groups stand before accounts.
    grants.sort_by_key(|grant| grant.grantee.as_ref().is_some_and(|grantee| grantee.uri.is_none()));
    grants
}

/// A grantee as lists name it: the canonical user id of an account, or the URI of a group.
pub(crate) enum Named {
    Account(String),
    Group(&'static str),
}

/// The grants of an object.
pub(crate) fn grants(bucket: &Bucket, object: &Object) -> Vec<(Named, &'static str)> {
    let Some(acl) = effective(bucket, object.attributes.acl.as_ref()) else {
        let owner = canonical(owner_of(bucket, object));
        return vec![(Named::Account(owner), Permission::FullControl.name())];
    };
    let named = acl.0.iter().map(|grant| {
        let grantee = match &grant.grantee {
            Grantee::Account(account) => Named::Account(canonical(account)),
            Grantee::Group(group) => {
                Named::Group(GROUPS.iter().find(|(known, _)| known == group).map_or("", |(_, uri)| *uri))
            }
        };
        (grantee, grant.permission.name())
    });
    named.collect()
}

/// Checks a list against what the bucket allows. Where lists are disabled, one that gives the bucket's owner everything and nobody else anything is
/// accepted; `private` is not such a list, as it speaks of who writes.
pub(crate) async fn allowed(
    cx: &Cx,
    bucket: &Bucket,
    canned: Option<&str>,
    acl: Option<Acl>,
) -> Result<Option<Acl>, Fault> {
    let Some(acl) = acl else { return Ok(None) };
    if bucket.is_enforced() {
        let owners = acl.is_only_for(&bucket.account) && !acl.0.is_empty();
        let named = canned.is_none_or(|name| name == "bucket-owner-full-control");
        return if owners && named { Ok(None) } else { Err(acl_not_supported()) };
    }
    let blocks = || crate::points::account_block(cx, &bucket.account);
    if acl.is_public() && (bucket.blocked().public_acls || blocks().await?.public_acls) {
        return Err(access_denied());
    }
    Ok(Some(acl))
}

/// The list of a request that names a canned one, grants in headers, or brings a document.
fn wanted(asked: Asked<'_>, document: Option<api::AccessControlPolicy>, owners: &Owners<'_>) -> Result<Acl, Fault> {
    match (asked.read(owners)?, document) {
        (Some(acl), None) => Ok(acl),
        (None, Some(document)) => Acl::from_api(document, owners.own),
        (None, None) => Err(crate::errors::missing_header("Your request was missing a required header")),
        (Some(_), Some(_)) => Err(crate::errors::unexpected_content()),
    }
}

/// The members of a request that ask for access.
macro_rules! asked {
    ($input:ident) => {
        $crate::acl::Asked {
            canned: $input.acl.as_deref(),
            full_control: $input.grant_full_control.as_deref(),
            read: $input.grant_read.as_deref(),
            read_acp: $input.grant_read_acp.as_deref(),
            write: None,
            write_acp: $input.grant_write_acp.as_deref(),
        }
    };
}

pub(crate) use asked;

pub(crate) async fn put_bucket(cx: &Cx, input: api::PutBucketAclInput) -> Reply<api::PutBucketAclOutput> {
    let mut bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let asked = Asked { write: input.grant_write.as_deref(), ..asked!(input) };
    let owners = Owners { own: &bucket.account, bucket: None };
    let acl = wanted(asked, input.access_control_policy, &owners)?;
    bucket.acl = allowed(cx, &bucket, asked.canned, Some(acl)).await?;
    cx.tx().put(&Scope::world(), &BUCKETS, &input.bucket, &bucket).await?;
    Ok(api::PutBucketAclOutput::default())
}

pub(crate) async fn get_bucket(cx: &Cx, input: api::GetBucketAclInput) -> Reply<api::GetBucketAclOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let grants = to_api(cx, effective(&bucket, bucket.acl.as_ref()), &bucket.account);
    Ok(api::GetBucketAclOutput { owner: Some(owner(cx, &bucket.account)), grants: Some(grants) })
}

/// The list that counts: none where lists are disabled.
pub(crate) fn effective<'a>(bucket: &Bucket, acl: Option<&'a Acl>) -> Option<&'a Acl> {
    acl.filter(|_| !bucket.is_enforced())
}

/// The account that owns an object.
pub(crate) fn owner_of<'a>(bucket: &'a Bucket, object: &'a Object) -> &'a str {
    let own = object.attributes.owner.as_deref().filter(|_| !bucket.is_enforced());
    own.unwrap_or(&bucket.account)
}

pub(crate) async fn put_object(cx: &Cx, input: api::PutObjectAclInput) -> Reply<api::PutObjectAclOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let own = owner_of(&bucket, &object).to_owned();
    let asked = Asked { write: input.grant_write.as_deref(), ..asked!(input) };
    let owners = Owners { own: &own, bucket: Some(&bucket.account) };
    let acl = wanted(asked, input.access_control_policy, &owners)?;
    object.attributes.acl = allowed(cx, &bucket, asked.canned, Some(acl)).await?;
    let at = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    changes::updated(cx, at, &mut object, "ObjectAcl:Put").await?;
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::PutObjectAclOutput::default())
}

pub(crate) async fn get_object(cx: &Cx, input: api::GetObjectAclInput) -> Reply<api::GetObjectAclOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let own = owner_of(&bucket, &object);
    let grants = to_api(cx, effective(&bucket, object.attributes.acl.as_ref()), own);
    Ok(api::GetObjectAclOutput {
        owner: Some(owner(cx, own)),
        grants: Some(grants),
        ..api::GetObjectAclOutput::default()
    })
}
