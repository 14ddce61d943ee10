//! Tables: what is known of one, and finding it.
//!
//! | Module | What it is about |
//! |---|---|
//! | `schema` | keys, attribute definitions and indexes, and what AWS checks of them |
//! | `throughput`, `warm` | billing mode, provisioned and warm throughput |
//! | `index`, `backfill` | indexes that come and go while the table lives |
//! | `state` | CREATING, UPDATING, DELETING, and how long they last |
//! | `create`, `update`, `delete`, `list` | the operations |
//! | `describe` | what is told of a table |

pub(crate) mod backfill;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod index;
pub(crate) mod list;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod throughput;
pub(crate) mod update;
pub(crate) mod warm;

use std::sync::Arc;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::api::{AttributeDefinition, SSESpecification, StreamSpecification};
use crate::errors::{in_use, no_such_resource, no_such_table, validation};
use crate::global::Global;
use crate::kinesis::Destination;
use crate::recovery::Recovery;
use crate::restore::Restored;
use crate::tables::TABLES;
use crate::time_to_live::TimeToLive;

pub(crate) use schema::{Index, KeyAttribute, KeySchema};
use state::State;
use throughput::Billing;
use warm::Warm;

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableRecord {
    /// Its number; see [`crate::tables`].
    pub(crate) id: u64,
    /// `TableId`, a UUID.
    pub(crate) table_id: String,
    /// In microseconds since 1970.
    pub(crate) created: i64,
    pub(crate) state: State,
    pub(crate) definitions: Vec<AttributeDefinition>,
    pub(crate) key: KeySchema,
    /// Local indexes first, then global ones, each in the order of their making.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) indexes: Vec<Index>,
    /// The highest number that an index ever had. What is left of one that is gone must not get into another.
    #[serde(default)]
    pub(crate) indexes_made: u64,
    pub(crate) billing: Billing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warm: Option<Warm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<Class>,
    #[serde(default)]
    pub(crate) deletion_protection: bool,
    /// A replica that may leave its group; it is protected unless a request says otherwise.
    #[serde(default)]
    pub(crate) unprotected: bool,
    /// The replicas of which it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) global: Option<Global>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<Stream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<SSESpecification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_live: Option<TimeToLive>,
    /// Where in Kinesis its changes go, or went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kinesis: Vec<Destination>,
    #[serde(default, skip_serializing_if = "Recovery::is_unused")]
    pub(crate) recovery: Recovery,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restored: Option<Restored>,
    /// Whether its throughput is bounded; the settings say so where this does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bounded: Option<bool>,
}

/// A table class that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// When it was changed, in microseconds; `None` since the table was created.
    pub(crate) updated: Option<i64>,
}

/// The latest stream of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) specification: StreamSpecification,
    /// When it was enabled: its label says so.
    pub(crate) label: String,
    /// Its number; see [`crate::tables`].
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) disabled: bool,
}

impl TableRecord {
    /// Sets the state of the table and of all its indexes.
    pub(crate) fn set_state(&mut self, state: State) {
        self.state = state;
        for index in &mut self.indexes {
            index.state = state;
        }
    }

    /// The number of the next index.
    pub(crate) fn next_index(&self) -> u64 {
        let highest = self.indexes.iter().map(|index| index.id).max().unwrap_or_default();
        self.indexes_made.max(highest).saturating_add(1)
    }

    /// The stream that its changes go to.
    pub(crate) fn open_stream(&self) -> Option<&Stream> {
        self.stream.as_ref().filter(|stream| !stream.disabled)
    }

    /// The index of that name.
    pub(crate) fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }
}

/// A table, where it lies and what it is called. An ARN can name a table of another account than the caller's.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    /// Shared with other requests.
    pub(crate) table: Arc<TableRecord>,
}

impl Located {
    /// The table that an operation on items names: it must be past its creation.
    pub(crate) async fn for_items(cx: &Cx, table_name: &str) -> Reply<Self> {
        let named = Named::parse(cx, table_name)?;
        match Self::find(cx, named).await? {
            Some(at) if !at.table.state.is_creating(cx.now()) => Ok(at),
            _ => Err(no_such_resource().into()),
        }
    }

    /// The table that an operation on tables names.
    pub(crate) async fn of(cx: &Cx, table_name: &str) -> Reply<Self> {
        let named = Named::parse(cx, table_name)?;
        let name = named.name.to_owned();
        Self::find(cx, named).await?.ok_or_else(|| no_such_table(&name).into())
    }

    /// The table that an operation changes: nothing else may be changing it.
    pub(crate) async fn to_change(cx: &Cx, table_name: &str) -> Reply<Self> {
        let at = Self::of(cx, table_name).await?;
        match at.table.state.changing(cx.now()) {
            Some(how) => Err(in_use(how, &at.name).into()),
            None => Ok(at),
        }
    }

    /// The table, unless there is none or it is deleted by now.
    pub(crate) async fn find(cx: &Cx, named: Named<'_>) -> Reply<Option<Self>> {
        let name = named.name.to_owned();
        let table = cx.tx().get_shared(&named.scope, &TABLES, &name).await?;
        let table = table.filter(|table| !table.state.is_gone(cx.now()));
        Ok(table.map(|table| Self { scope: named.scope, name, table }))
    }

    pub(crate) fn arn(&self) -> String {
        arn_of(&self.scope, &self.name)
    }

    /// The table, to change.
    pub(crate) fn table_mut(&mut self) -> &mut TableRecord {
        Arc::make_mut(&mut self.table)
    }

    /// Stores the table.
    pub(crate) async fn save(&self, cx: &Cx) -> Reply<()> {
        Ok(cx.tx().put(&self.scope, &TABLES, &self.name, &*self.table).await?)
    }
}

/// The ARN of the table of that name.
pub(crate) fn arn_of(scope: &Scope, name: &str) -> String {
    let partition = kumoi_model::partitions::partition_of(&scope.region);
    format!("arn:{}:dynamodb:{}:{}:table/{name}", partition.id, scope.region, scope.account)
}

/// The ARN of a stream of the table of that ARN.
pub(crate) fn stream_arn(table: &str, label: &str) -> String {
    format!("{table}/stream/{label}")
}

/// What a request's `TableName` names: a table of the caller's by its name, or any by its ARN.
pub(crate) struct Named<'a> {
    pub(crate) scope: Scope,
    pub(crate) name: &'a str,
}

impl<'a> Named<'a> {
    /// Reads a `TableName`.
    pub(crate) fn parse(cx: &Cx, text: &'a str) -> Result<Self, Fault> {
        if !text.starts_with("arn:") {
            check_name(text)?;
            return Ok(Self { scope: cx.scope().clone(), name: text });
        }
        Self::parse_arn(cx, text)
            .ok_or_else(|| validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {text}")))
    }

    /// A table of the caller's by its name.
    pub(crate) fn here(cx: &Cx, name: &'a str) -> Self {
        Self { scope: cx.scope().clone(), name }
    }

    /// Reads the ARN of a table in this Region.
    pub(crate) fn parse_arn(cx: &Cx, text: &'a str) -> Option<Self> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "dynamodb" && arn.region == cx.region())?;
        let name = arn.resource.strip_prefix("table/").filter(|name| is_name(name))?;
        let here = arn.account == cx.account();
        let scope = if here { cx.scope().clone() } else { Scope::new(arn.account, arn.region) };
        Some(Self { scope, name })
    }
}

/// Names of tables and indexes: 3 to 255 letters, digits, hyphens, underscores and dots.
fn is_name(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.bytes().all(is_letter)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

/// What the model says of names, which it cannot say of a member that takes ARNs, too.
fn check_name(name: &str) -> Result<(), Fault> {
    let refuse = |constraint: &str| {
        validation(format!(
            "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: {constraint}"
        ))
    };
    if !name.bytes().all(is_letter) {
        return Err(refuse("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"));
    }
    match name.len() {
        ..3 => Err(refuse("Member must have length greater than or equal to 3")),
        3..=255 => Ok(()),
        _ => Err(refuse("Member must have length less than or equal to 255")),
    }
}
