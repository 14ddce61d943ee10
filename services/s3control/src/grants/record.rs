//! What is stored of Access Grants.

use kumoi_store::Table;
use serde::{Deserialize, Serialize};

use crate::api;

/// The instance of an account in a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Moments are in microseconds since 1970, here and below.
    pub(crate) created: i64,
    pub(crate) policy: Option<ResourcePolicy>,
}

/// What other accounts may do with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourcePolicy {
    pub(crate) text: String,
    pub(crate) organization: Option<String>,
    pub(crate) created: i64,
}

/// A location, with the role that reaches it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Location {
    pub(crate) created: i64,
    pub(crate) scope: String,
    pub(crate) role: String,
}

/// What somebody may do in a location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) created: i64,
    pub(crate) location: String,
    pub(crate) sub_prefix: Option<String>,
    pub(crate) scope: String,
    /// It is for a single object.
    pub(crate) object: bool,
    pub(crate) grantee: api::Grantee,
    pub(crate) permission: String,
}

/// There is one in a region at most.
pub(crate) static INSTANCES: Table<(), Instance> = Table::region("s3control", "grants-instances");

/// By id.
pub(crate) static LOCATIONS: Table<String, Location> = Table::region("s3control", "grants-locations");

/// By id.
pub(crate) static GRANTS: Table<String, Grant> = Table::region("s3control", "grants");
