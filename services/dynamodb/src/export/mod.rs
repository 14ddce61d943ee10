//! `ExportTableToPointInTime`, `DescribeExport`, `ListExports`: what a table held at a moment, or what has changed between two, put into a bucket.
//!
//! Follows "DynamoDB data export to Amazon S3" of the Developer Guide. The objects are put through S3's API by timers, part by part, as whoever asked
//! for the export.
//!
//! | Module | What it is about |
//! |---|---|
//! | `create` | the operation that begins an export, and its checks |
//! | `work` | its steps |
//! | `lines` | data files: what they say of items |
//! | `manifest` | the manifests |

pub(crate) mod create;
mod lines;
mod manifest;
pub(crate) mod work;

use kumoi_core::{Cx, Principal, Reply, paging};
use serde::{Deserialize, Serialize};

use crate::api::{
    DescribeExportInput, DescribeExportOutput, ExportDescription, ExportSummary, ListExportsInput, ListExportsOutput,
};
use crate::errors::{export_not_found_exception, validation};
use crate::recovery::DAY;
use crate::recovery::past::{Past, Place};
use crate::table::Named;
use crate::tables::{EXPORTS, Owned};
use crate::{client_token, owned};

/// What ARNs of exports have between the table's and the export's id, and the kind of timer that goes on with one.
pub(crate) const KIND: &str = "export";

/// The kind of timer that forgets an export, after 90 days.
pub(crate) const FORGET: &str = "forget-export";

const KEPT: i64 = 90 * DAY;

/// Exports on a page unless told otherwise, which is also the most.
const PAGE: usize = 25;

/// An export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExportRecord {
    /// What is told of it.
    description: ExportDescription,
    /// While it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<Work>,
}

/// An export that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Work {
    /// Who asked for it, and so puts the objects.
    principal: Principal,
    table: String,
    what: Past,
    /// An incremental export: since when changes count, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// The reader's number, which is that of the export's files, too.
    reader: u64,
    /// Whether the bucket was found to be writable.
    #[serde(default)]
    started: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Place>,
    /// How many files there are, and the name of the next. It is drawn beforehand, so that a step that runs again puts the same object.
    files: u32,
    next: String,
    items: i64,
    bytes: i64,
}

/// A data file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataFile {
    key: String,
    items: i64,
    /// In base64.
    md5: String,
    etag: String,
}

pub(crate) async fn describe(cx: &Cx, input: DescribeExportInput) -> Reply<DescribeExportOutput> {
    let not_found = || export_not_found_exception(format!("Export not found: {}", input.export_arn));
    let (scope, key) = owned::parse_arn(cx, &input.export_arn, KIND).ok_or_else(not_found)?;
    let export = cx.tx().get(&scope, &EXPORTS, &key).await?.ok_or_else(not_found)?;
    Ok(DescribeExportOutput { export_description: Some(export.description) })
}

pub(crate) async fn list(cx: &Cx, input: ListExportsInput) -> Reply<ListExportsOutput> {
    let limit = input.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let table = input.table_arn.as_deref().map(|arn| Named::parse(cx, arn)).transpose()?;
    let listing = format!("exports:{}", input.table_arn.as_deref().unwrap_or_default());
    let after = input.next_token.as_deref().map(|token| {
        paging::key::<Owned>(&listing, token).ok_or_else(|| validation("Invalid NextToken provided as input"))
    });
    let Some(range) = owned::listed(cx, table.as_ref(), after.transpose()?) else {
        return Ok(ListExportsOutput::default());
    };
    let mut page = cx.range(&EXPORTS, range, limit.saturating_add(1)).await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let next_token = page.last().filter(|_| more).map(|(key, _)| paging::token(&listing, key));
    let summary = |(_, export): (Owned, ExportRecord)| ExportSummary {
        export_arn: export.description.export_arn,
        export_status: export.description.export_status,
        export_type: export.description.export_type,
    };
    Ok(ListExportsOutput { export_summaries: Some(page.into_iter().map(summary).collect()), next_token })
}

/// Forgets an export.
pub(crate) async fn forget(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = owned::key_of(payload) else { return Ok(()) };
    let Some(export) = cx.get(&EXPORTS, &key).await? else { return Ok(()) };
    client_token::forget(cx, KIND, export.description.client_token.as_ref()).await?;
    cx.delete(&EXPORTS, &key).await?;
    Ok(())
}
