//! `Scan`, whole or in segments.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{ScanInput, ScanOutput};
use crate::attribute;
use crate::capacity::{Consistency, Consumed, scan_units};
use crate::errors::validation;
use crate::read::page::Reading;
use crate::read::range::Range;
use crate::read::select::{self, Select};
use crate::read::start;
use crate::table::Located;

pub(crate) async fn scan(cx: &Cx, input: ScanInput) -> Reply<ScanOutput> {
    let range = segment(&input)?;
    let start_key = input.exclusive_start_key.as_ref().map(attribute::item).transpose()?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let index = select::index(&at, input.index_name.as_deref(), input.consistent_read)?;
    let select = Select::read(input.select.as_deref(), None, index, "Scanning")?;
    let after = start_key.map(|key| start::read(&at.table, index, &key)).transpose()?;
    if after.as_ref().is_some_and(|after| !range.contains(after.key())) {
        return Err(wrong_segment(&input).into());
    }
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let reading = Reading { at: &at, index, range, forward: true, limit, after };
    let page = reading.page(cx, |_| Ok(true)).await?;
    let units = scan_units(&page.bytes, Consistency::of(input.consistent_read));
    let consumed = match index {
        Some(index) => Consumed::index(index, units),
        None => Consumed::table(units),
    };
    let count = page.items.len();
    let items = page.items.into_iter().map(|item| attribute::values(select.of(&at, index, item)));
    Ok(ScanOutput {
        items: (select != Select::Count).then(|| items.collect()),
        count: Some(i32::try_from(count).unwrap_or(i32::MAX)),
        scanned_count: Some(i32::try_from(page.scanned).unwrap_or(i32::MAX)),
        last_evaluated_key: page.last.map(|last| start::write(&at.table, index, &last)),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
    })
}

/// The segment that a request is for.
fn segment(input: &ScanInput) -> Result<Range, Fault> {
    match (input.segment, input.total_segments) {
        (None, None) => Ok(Range::all()),
        (Some(_), None) => Err(validation(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        )),
        (None, Some(_)) => Err(validation(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
        )),
        (Some(segment), Some(total)) if segment >= total => Err(validation(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
        ))),
        (Some(segment), Some(total)) => Ok(Range::segment(segment.unsigned_abs(), total.unsigned_abs())),
    }
}

fn wrong_segment(input: &ScanInput) -> Fault {
    let (segment, total) = (input.segment.unwrap_or_default(), input.total_segments.unwrap_or_default());
    validation(format!(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: {total} Segment: {segment}"
    ))
}
