//! Inventory reports (User Guide, "Cataloging and analyzing your data with S3 Inventory"): lists of the objects of a bucket, which S3 puts into a
//! destination bucket daily or weekly.
//!
//! A report begins at midnight UTC: the first one at that which follows the configuration, weekly ones on Sundays from then on. A chain of timers writes it,
//! each of which looks at a bounded number of objects, puts a file with their rows, and leaves a [`Report`] for the next; the last puts the manifest. The
//! files are put by S3 on behalf of the source bucket, so the destination's policy has to permit them, and in their order, so that where a manifest is
//! its files are, too.
//!
//! | Module | What it is about |
//! |---|---|
//! | `rows` | what a report tells of an object, and in which form |
//! | `deliver` | the files of a report |

mod deliver;
mod rows;

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope, Table};
use serde::{Deserialize, Serialize};

use self::rows::{Columns, Row};
use crate::lifecycle::DAY;
use crate::tables::{BUCKETS, Bucket, OBJECTS, VERSIONS};
use crate::{api, config, lifecycle, versions};

/// The kind of the timers.
pub(crate) const TIMER: &str = "inventory";

/// Objects or versions that one timer looks at, which are the rows of one file.
const BATCH: usize = 2000;

/// 1970 began on a Thursday: days from there to the first Sunday.
const SUNDAY: i64 = 3;

/// A report that is due, or under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Report {
    bucket: String,
    /// The bucket's id: there may be another of its name by then.
    id: u64,
    /// The configuration's.
    configuration: String,
    /// When it began, in microseconds since 1970.
    started: i64,
    stage: Stage,
    /// The last key that was looked at, and the place of its version.
    key: String,
    place: Option<u64>,
    /// Files that were put.
    files: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Objects,
    Versions,
}

/// A file of a report that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct File {
    key: String,
    size: u64,
    /// In hexadecimal digits.
    md5: String,
}

/// By the bucket's id, the configuration's id, and the file's number.
static FILES: Table<(u64, String, u32), File> = Table::world("s3", "inventory_files");

pub(crate) async fn put(
    cx: &Cx,
    input: api::PutBucketInventoryConfigurationInput,
) -> Reply<api::PutBucketInventoryConfigurationOutput> {
    let (name, inventory) = (input.bucket.clone(), input.inventory_configuration.clone());
    let output = config::named::inventory::put(cx, input).await?;
    if let Some(bucket) = cx.tx().get(&Scope::world(), &BUCKETS, &name).await? {
        end(cx, &bucket, &inventory.id).await?;
        // The other formats are declared as not honoured.
        if inventory.is_enabled && inventory.destination.s3_bucket_destination.format == "CSV" {
            plan(cx, &bucket, &name, &inventory, false).await?;
        }
    }
    Ok(output)
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteBucketInventoryConfigurationInput,
) -> Reply<api::DeleteBucketInventoryConfigurationOutput> {
    let (name, id) = (input.bucket.clone(), input.id.clone());
    let output = config::named::inventory::delete(cx, input).await?;
    if let Some(bucket) = cx.tx().get(&Scope::world(), &BUCKETS, &name).await? {
        end(cx, &bucket, &id).await?;
    }
    Ok(output)
}

/// Ends the reports of a configuration that is gone, or put anew.
async fn end(cx: &Cx, bucket: &Bucket, id: &str) -> Reply<()> {
    timers::cancel(cx.tx(), "s3", &scope(bucket), &timer_name(bucket, id)).await?;
    cx.tx().delete_range(&Scope::world(), &FILES, KeyRange::prefix(&(bucket.id, id))).await?;
    Ok(())
}

fn timer_name(bucket: &Bucket, id: &str) -> String {
    format!("{TIMER}:{}:{id}", bucket.id)
}

fn scope(bucket: &Bucket) -> Scope {
    Scope::new(&bucket.account, &bucket.region)
}

/// Sets the timer for the next report; `again` for one that is not the first.
async fn plan(cx: &Cx, bucket: &Bucket, name: &str, inventory: &api::InventoryConfiguration, again: bool) -> Reply<()> {
    let weekly = again && inventory.schedule.frequency == "Weekly";
    let started = next(cx.now().micros(), weekly);
    let report = Report {
        bucket: name.to_owned(),
        id: bucket.id,
        configuration: inventory.id.clone(),
        started,
        stage: Stage::Objects,
        key: String::new(),
        place: None,
        files: 0,
    };
    set(cx, bucket, &report, Timestamp::from_micros(started)).await
}

async fn set(cx: &Cx, bucket: &Bucket, report: &Report, due: Timestamp) -> Reply<()> {
    let payload = serde_json::to_string(report).map_err(|_| Fault::internal())?;
    let timer = Timer { name: timer_name(bucket, &report.configuration), due, kind: TIMER.to_owned(), payload };
    Ok(timers::set(cx.tx(), "s3", &scope(bucket), &timer).await?)
}

/// The midnight after a moment at which a report begins.
fn next(micros: i64, weekly: bool) -> i64 {
    let midnight = lifecycle::next_midnight(micros);
    if !weekly {
        return midnight;
    }
    let days = SUNDAY.saturating_sub(midnight.div_euclid(DAY)).rem_euclid(7);
    midnight.saturating_add(days.saturating_mul(DAY))
}

/// Goes on with a report.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(mut report) = serde_json::from_str::<Report>(payload) else { return Ok(()) };
    let bucket = cx.tx().get(&Scope::world(), &BUCKETS, &report.bucket).await?;
    let Some(bucket) = bucket.filter(|bucket| bucket.id == report.id) else {
        let files = KeyRange::prefix(&(report.id, report.configuration.as_str()));
        cx.tx().delete_range(&Scope::world(), &FILES, files).await?;
        return Ok(());
    };
    let inventory = config::get_named::<api::InventoryConfiguration>(cx, &bucket, &report.configuration).await?;
    let Some(inventory) = inventory.filter(|inventory| inventory.is_enabled) else { return Ok(()) };
    let columns = Columns::of(&inventory);
    let (text, more) = match report.stage {
        Stage::Versions => versions(cx, &bucket, &inventory, &columns, &mut report).await?,
        Stage::Objects => objects(cx, &bucket, &inventory, &columns, &mut report).await?,
    };
    if !text.is_empty() {
        let file = deliver::file(cx, &bucket, &inventory, &report, &text).await?;
        let key = (bucket.id, report.configuration.clone(), report.files);
        cx.tx().put(&Scope::world(), &FILES, &key, &file).await?;
        report.files = report.files.saturating_add(1);
    }
    let further = !more && report.stage == Stage::Objects && columns.has_versions();
    if further {
        report = Report { stage: Stage::Versions, key: String::new(), place: None, ..report };
    }
    if more || further {
        return set(cx, &bucket, &report, cx.now()).await;
    }
    deliver::manifest(cx, &bucket, &inventory, &report, &columns).await?;
    end(cx, &bucket, &inventory.id).await?;
    plan(cx, &bucket, &report.bucket, &inventory, true).await
}

/// The keys that a report is about, behind the last one.
fn prefix(inventory: &api::InventoryConfiguration) -> &str {
    inventory.filter.as_ref().map_or("", |filter| filter.prefix.as_str())
}

/// The rows of some objects that a plain listing shows, and whether there are more.
async fn objects(
    cx: &Cx,
    bucket: &Bucket,
    inventory: &api::InventoryConfiguration,
    columns: &Columns,
    report: &mut Report,
) -> Reply<(String, bool)> {
    let mut range = KeyRange::starts_with(&(bucket.id,), prefix(inventory));
    if !report.key.is_empty() {
        range = range.after(&(bucket.id, report.key.as_str()));
    }
    let page = cx.tx().range(&Scope::world(), &OBJECTS, range, BATCH).await?;
    let more = page.len() == BATCH;
    let mut text = String::new();
    for ((_, key), object) in page {
        let expires =
            if columns.has_expiration() { lifecycle::expires(cx, bucket, &key, &object).await? } else { None };
        let row = Row { bucket, name: &report.bucket, key: &key, latest: true, expires };
        columns.object(&row, &object, &mut text);
        report.key = key;
    }
    Ok((text, more))
}

/// The rows of some of what a plain listing does not show, and whether there is more.
async fn versions(
    cx: &Cx,
    bucket: &Bucket,
    inventory: &api::InventoryConfiguration,
    columns: &Columns,
    report: &mut Report,
) -> Reply<(String, bool)> {
    let mut range = KeyRange::starts_with(&(bucket.id,), prefix(inventory));
    if let Some(place) = report.place {
        range = range.after(&(bucket.id, report.key.as_str(), place));
    }
    let page = cx.tx().range(&Scope::world(), &VERSIONS, range, BATCH).await?;
    let more = page.len() == BATCH;
    let mut text = String::new();
    for ((_, key, place), version) in page {
        // The first of a key that has no object is the latest.
        let first = report.place.is_none() || key != report.key;
        let latest = first && versions::current(cx, bucket, &key).await?.is_none();
        let row = Row { bucket, name: &report.bucket, key: &key, latest, expires: None };
        columns.version(&row, &version, &mut text);
        (report.key, report.place) = (key, Some(place));
    }
    Ok((text, more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_begin_at_midnight() {
        // 11 July 2024 was a Thursday.
        let thursday = 1_720_656_000_000_000;
        assert_eq!(next(thursday + 1, false), thursday + DAY);
        assert_eq!(next(thursday + 1, true), thursday + 3 * DAY);
        assert_eq!(next(thursday + 3 * DAY, true), thursday + 10 * DAY);
        assert_eq!(next(thursday + 3 * DAY - 1, true), thursday + 3 * DAY);
    }
}
