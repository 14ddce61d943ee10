//! Who asks.

use std::collections::BTreeMap;

use kumoi_access::{Caller, CallerKind};
use kumoi_model::Timestamp;
use kumoi_store::{Scope, StoreError, Table, Tx};
use serde::{Deserialize, Serialize};

/// A principal as policies, trails and `GetCallerIdentity` name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The account it belongs to: 12 digits.
    pub account: String,
    /// Its ARN, such as `arn:aws:sts::123456789012:assumed-role/reader/session`.
    pub arn: String,
    /// The unique id that `GetCallerIdentity` calls `UserId`.
    pub user_id: String,
    /// What it is.
    pub kind: PrincipalKind,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrincipalKind {
    /// The root user of the account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    AssumedRole,
    /// A federated user (`GetFederationToken`).
    FederatedUser,
    /// A service of AWS, such as `sns.amazonaws.com`.
    Service,
    /// Nobody: the request carried no credentials.
    Anonymous,
}

/// What nobody is called where a name is needed.
const ANONYMOUS: &str = "anonymous";

impl Principal {
    /// The root user of `account` in `partition`, such as `aws-cn`.
    pub fn root(partition: &str, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: ["arn:", partition, ":iam::", account, ":root"].concat(),
            user_id: account.to_owned(),
            kind: PrincipalKind::Root,
        }
    }

    /// Nobody, asking for what belongs to `account`.
    pub fn anonymous(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: ANONYMOUS.to_owned(),
            user_id: ANONYMOUS.to_owned(),
            kind: PrincipalKind::Anonymous,
        }
    }

    /// A service acting in `account`, such as `sns.amazonaws.com`.
    pub fn service(name: &str, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: name.to_owned(),
            user_id: name.to_owned(),
            kind: PrincipalKind::Service,
        }
    }

    /// The principal as policies see it, without what the session was issued for and without a canonical user id.
    pub fn caller(&self) -> Caller<'_> {
        let kind = match self.kind {
            PrincipalKind::Anonymous => return Caller::anonymous(),
            PrincipalKind::Root => CallerKind::Root,
            PrincipalKind::User => CallerKind::User,
            PrincipalKind::AssumedRole => CallerKind::AssumedRole,
            PrincipalKind::FederatedUser => CallerKind::FederatedUser,
            PrincipalKind::Service => CallerKind::Service,
        };
        let Self { account, arn, user_id, .. } = self;
        Caller { kind, account, arn, user_id, issuer: None, canonical_user: None }
    }
}

/// An access key that IAM or STS issued. Requests signed with it are verified and act as its principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The secret access key.
    pub secret: String,
    /// The session token that must accompany a temporary key.
    pub session_token: Option<String>,
    /// Whom it makes the caller.
    pub principal: Principal,
    /// When a temporary key ends.
    pub expires: Option<Timestamp>,
    /// The key can be used (IAM keys can be made inactive).
    pub active: bool,
    /// What the session of a temporary key carries.
    #[serde(default)]
    pub session: Session,
}

/// What a session carries beyond its principal; policies and conditions look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Inline session policy.
    pub policy: Option<String>,
    /// ARNs of managed session policies.
    pub policy_arns: Vec<String>,
    /// Session tags, by key as given.
    pub tags: BTreeMap<String, String>,
    /// Keys of the tags that pass on to the next role.
    pub transitive: Vec<String>,
    /// The source identity; it cannot change once set.
    pub source_identity: Option<String>,
}

/// All issued keys of a world, by access key id. STS and IAM write it, authentication reads it.
pub static CREDENTIALS: Table<String, Credential> = Table::world("kumoi", "credentials");

/// The credential of an access key id, if kumoi issued it.
pub async fn find(tx: &Tx, access_key: &str) -> Result<Option<Credential>, StoreError> {
    tx.get(&Scope::world(), &CREDENTIALS, &access_key.to_owned()).await
}
