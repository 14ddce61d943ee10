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

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Principal, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_store::KeyRange;
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
    // Those of another account's table are that account's.
    if table.as_ref().is_some_and(|named| *named.scope.account != *cx.account()) {
        return Ok(ListExportsOutput::default());
    }
    let range = match &table {
        Some(named) => KeyRange::prefix(&(named.name,)),
        None => KeyRange::all(),
    };
    let listing = format!("exports:{}", input.table_arn.as_deref().unwrap_or_default());
    let range = match input.next_token.as_deref() {
        Some(token) => {
            let key = paging::key::<Owned>(&listing, token);
            let key = key.ok_or_else(|| validation("Invalid NextToken provided as input"))?;
            range.after(&(key.0.as_str(), key.1.as_str()))
        }
        None => range,
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

/// Sets the timer of an export for its next step, or to forget it.
async fn set(cx: &Cx, key: &Owned, kind: &str, due: i64) -> Reply<()> {
    let payload = [key.0.as_str(), "/", &key.1].concat();
    let name = format!("{kind}:{payload}");
    let timer = Timer { name, due: Timestamp::from_micros(due), kind: kind.to_owned(), payload };
    Ok(cx.set_timer(&timer).await?)
}

/// The key that a timer is about.
fn key_of(payload: &str) -> Option<Owned> {
    let (table, id) = payload.split_once('/')?;
    Some((table.to_owned(), id.to_owned()))
}

/// Forgets an export.
pub(crate) async fn forget(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = key_of(payload) else { return Ok(()) };
    let Some(export) = cx.get(&EXPORTS, &key).await? else { return Ok(()) };
    client_token::forget(cx, KIND, export.description.client_token.as_ref()).await?;
    cx.delete(&EXPORTS, &key).await?;
    Ok(())
}
