//! What is stored.

use std::collections::BTreeMap;

use kumoi_store::{Index, Table};
use serde::{Deserialize, Serialize};

use crate::api::{PublicAccessBlockConfiguration, StorageLensConfiguration, StorageLensGroup, StorageLensTag};
use crate::requests::Request;

/// The account's own public access block, under one key.
pub(crate) static BLOCKS: Table<(), PublicAccessBlockConfiguration> = Table::account("s3control", "blocks");

/// An access point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) bucket: String,
    /// The account that owns the bucket.
    pub(crate) bucket_account: String,
    /// The private network that it is for.
    pub(crate) vpc: Option<String>,
    pub(crate) block: PublicAccessBlockConfiguration,
    /// In microseconds since 1970.
    pub(crate) created: i64,
    pub(crate) alias: String,
    pub(crate) policy: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// By name.
pub(crate) static POINTS: Table<String, Point> = Table::region("s3control", "points").indexed(&[&OF_BUCKET]);

/// The bucket, then the name.
pub(crate) static OF_BUCKET: Index<String, Point, (String, String)> =
    Index::new("b", |name, point| Some((point.bucket.clone(), name.clone())));

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) account: String,
    /// Empty for multi-region access points.
    pub(crate) region: String,
    pub(crate) name: String,
}

/// Aliases are unique in the whole world.
pub(crate) static ALIASES: Table<String, Alias> = Table::world("s3control", "aliases");

/// A multi-region access point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Multi {
    /// In microseconds since 1970.
    pub(crate) created: i64,
    pub(crate) alias: String,
    pub(crate) block: PublicAccessBlockConfiguration,
    pub(crate) state: State,
    pub(crate) routes: Vec<Route>,
    /// The policy that was put last, and the one that is in force.
    pub(crate) proposed: Option<String>,
    pub(crate) established: Option<String>,
}

/// Where a multi-region access point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Creating,
    Ready,
    Deleting,
}

/// A bucket behind a multi-region access point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) bucket: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// It gets requests.
    pub(crate) active: bool,
}

/// By name.
pub(crate) static MULTIS: Table<String, Multi> = Table::account("s3control", "multis");

/// By the last part of the request's token.
pub(crate) static REQUESTS: Table<String, Request> = Table::account("s3control", "requests");

/// The request of a client's token.
pub(crate) static CLIENT_TOKENS: Table<String, String> = Table::account("s3control", "client-tokens");

/// A dashboard of Storage Lens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lens {
    pub(crate) configuration: StorageLensConfiguration,
    pub(crate) tags: Vec<StorageLensTag>,
}

/// By id.
pub(crate) static LENSES: Table<String, Lens> = Table::region("s3control", "lenses");

/// Groups of Storage Lens, by name.
pub(crate) static GROUPS: Table<String, StorageLensGroup> = Table::region("s3control", "lens-groups");
