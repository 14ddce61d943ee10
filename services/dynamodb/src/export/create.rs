//! `ExportTableToPointInTime`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::api::{
    ExportDescription, ExportTableToPointInTimeInput, ExportTableToPointInTimeOutput, IncrementalExportSpecification,
};
use crate::client_token::Request;
use crate::errors::{
    export_conflict_exception, invalid_export_time_exception, recovery_unavailable, table_not_found, validation,
};
use crate::export::{ExportRecord, FORGET, KEPT, KIND, Work};
use crate::owned;
use crate::recovery::past::Past;
use crate::recovery::{Recovery, readers};
use crate::table::{Located, Named};
use crate::tables::EXPORTS;

const MINUTE: i64 = 60 * 1_000_000;

/// An incremental export is about at least and at most so much time, in microseconds.
const SHORTEST: i64 = 15 * MINUTE;
const LONGEST: i64 = 24 * 60 * MINUTE;

const INCREMENTAL: &str = "INCREMENTAL_EXPORT";

/// What an export is about, in microseconds.
struct Period {
    /// Of an incremental export.
    since: Option<i64>,
    /// The first moment that does not count, or the last that does in a full export.
    until: i64,
}

pub(crate) async fn export(cx: &Cx, input: ExportTableToPointInTimeInput) -> Reply<ExportTableToPointInTimeOutput> {
    let not_found = || table_not_found(&input.table_arn);
    let named = Named::parse_arn(cx, &input.table_arn).ok_or_else(|| {
        validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {}", input.table_arn))
    })?;
    let mut at = Located::find(cx, named).await?.ok_or_else(not_found)?;
    if at.scope != *cx.scope() {
        return Err(Fault::not_implemented("dynamodb", "ExportTableToPointInTime of another account's table").into());
    }
    let request = Request::new(KIND, input.client_token.as_deref(), &input);
    let conflict =
        || export_conflict_exception("An export with the same ClientToken was requested with other parameters");
    if let Some(key) = request.made(cx, conflict).await?
        && let Some(export) = cx.get(&EXPORTS, &key).await?
    {
        return Ok(ExportTableToPointInTimeOutput { export_description: Some(export.description) });
    }
    let now = cx.now().micros();
    let period = period(&at.table.recovery, &at.name, &input, now)?;
    let reader = readers::begin_table(cx, &mut at, false).await?;
    let what = Past::new(&at.scope, at.table.id, None);
    let what = match period.since {
        Some(_) => what.before(period.until),
        None if period.until == now => Past::present(cx, &at.scope, at.table.id),
        None => what.before(period.until.saturating_add(1)),
    };
    let key = (at.name.clone(), owned::new_id(cx));
    let work = Work {
        principal: cx.principal().clone(),
        table: at.name.clone(),
        what,
        since: period.since,
        reader,
        started: false,
        after: None,
        files: 0,
        next: file_name(cx),
        items: 0,
        bytes: 0,
    };
    let description = ExportDescription {
        export_arn: Some(owned::arn(&at.scope, &key, KIND)),
        table_id: Some(at.table.table_id.clone()),
        ..describe(input, &period, now)
    };
    let export = ExportRecord { description: description.clone(), work: Some(work) };
    cx.put(&EXPORTS, &key, &export).await?;
    request.note(cx, &key).await?;
    owned::set_timer(cx, &key, KIND, now).await?;
    owned::set_timer(cx, &key, FORGET, now.saturating_add(KEPT)).await?;
    Ok(ExportTableToPointInTimeOutput { export_description: Some(description) })
}

/// The name of a data file.
pub(super) fn file_name(cx: &Cx) -> String {
    cx.ids().alphanumeric(26).to_ascii_lowercase()
}

/// What is told of an export that begins.
fn describe(input: ExportTableToPointInTimeInput, period: &Period, now: i64) -> ExportDescription {
    let moment = |micros: i64| Some(Timestamp::from_micros(micros));
    let incremental = input.incremental_export_specification.map(|asked| IncrementalExportSpecification {
        export_from_time: period.since.and_then(moment),
        export_to_time: moment(period.until),
        export_view_type: Some(asked.export_view_type.unwrap_or_else(|| "NEW_AND_OLD_IMAGES".to_owned())),
    });
    ExportDescription {
        export_status: Some("IN_PROGRESS".to_owned()),
        start_time: moment(now),
        table_arn: Some(input.table_arn),
        export_time: moment(period.until).filter(|_| period.since.is_none()),
        client_token: input.client_token,
        s3_bucket: Some(input.s3_bucket),
        s3_bucket_owner: input.s3_bucket_owner,
        s3_prefix: input.s3_prefix,
        s3_sse_algorithm: Some(input.s3_sse_algorithm.unwrap_or_else(|| "AES256".to_owned())),
        s3_sse_kms_key_id: input.s3_sse_kms_key_id,
        export_format: Some(input.export_format.unwrap_or_else(|| "DYNAMODB_JSON".to_owned())),
        export_type: Some(input.export_type.unwrap_or_else(|| "FULL_EXPORT".to_owned())),
        incremental_export_specification: incremental,
        ..ExportDescription::default()
    }
}

/// The time that a request is about.
fn period(recovery: &Recovery, name: &str, input: &ExportTableToPointInTimeInput, now: i64) -> Result<Period, Fault> {
    if !recovery.is_enabled() {
        return Err(recovery_unavailable(name));
    }
    let reach = |asked: Option<Timestamp>| match asked {
        Some(asked) => recovery.reach(asked.micros(), now).ok_or_else(|| {
            invalid_export_time_exception("The specified ExportTime is outside of the point in time recovery window.")
        }),
        None => Ok(now),
    };
    let incremental = input.export_type.as_deref() == Some(INCREMENTAL);
    match (incremental, &input.incremental_export_specification) {
        (false, None) => Ok(Period { since: None, until: reach(input.export_time)? }),
        (false, Some(_)) => Err(validation(
            "IncrementalExportSpecification can only be specified when ExportType is INCREMENTAL_EXPORT",
        )),
        (true, None) => {
            Err(validation("IncrementalExportSpecification must be specified when ExportType is INCREMENTAL_EXPORT"))
        }
        (true, Some(_)) if input.export_time.is_some() => {
            Err(validation("ExportTime cannot be specified when ExportType is INCREMENTAL_EXPORT"))
        }
        (true, Some(asked)) => {
            let Some(from) = asked.export_from_time else {
                return Err(validation("ExportFromTime must be specified when ExportType is INCREMENTAL_EXPORT"));
            };
            let (since, until) = (reach(Some(from))?, reach(asked.export_to_time)?);
            // As asked, for what can be reached may begin a little later.
            let length = until.saturating_sub(from.micros());
            if !(SHORTEST..=LONGEST).contains(&length) {
                return Err(validation(
                    "The time between ExportFromTime and ExportToTime must be at least 15 minutes and at most 24 hours",
                ));
            }
            Ok(Period { since: Some(since), until })
        }
    }
}
