//! `Scan`, whole or in segments.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{ScanInput, ScanOutput};
use crate::capacity::{Consistency, Consumed, scan_units};
use crate::errors::{refuse, validation};
use crate::parameters::{self, Given};
use crate::read::answer::Answering;
use crate::read::page::{Reading, limit};
use crate::read::range::Range;
use crate::read::select::{self, Select, naming};
use crate::read::start;
use crate::{attribute, table::Located, throttle};

pub(crate) async fn scan(cx: &Cx, input: ScanInput) -> Reply<ScanOutput> {
    let given = Given {
        expressions: &[("FilterExpression", input.filter_expression.is_some())],
        projection: input.projection_expression.is_some(),
        older: &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("ScanFilter", input.scan_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
    };
    let naming = naming(input.projection_expression.is_some(), input.attributes_to_get.is_some());
    let range = segment(input.segment, input.total_segments)?;
    let mut placeholders = given.placeholders(input.expression_attribute_names, input.expression_attribute_values)?;
    let filter = parameters::filter(
        input.filter_expression.as_deref(),
        input.scan_filter,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    let projection = parameters::projection(
        input.projection_expression.as_deref(),
        input.attributes_to_get.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let start_key = input.exclusive_start_key.as_ref().map(attribute::item).transpose()?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let index = select::index(&at, input.index_name.as_deref(), input.consistent_read)?;
    let select = Select::read(input.select.as_deref(), naming, index, "Scanning")?;
    let after = start_key.map(|key| start::read(&at.table, index, &key)).transpose()?;
    if after.as_ref().is_some_and(|after| !range.contains(after.key())) {
        return Err(wrong_segment(input.segment, input.total_segments).into());
    }
    let reading = Reading { at: &at, index, range, forward: true, limit: limit(input.limit), after };
    let answer = Answering { select, filter, projection }.read(cx, &reading).await?;
    let units = scan_units(&answer.page.bytes, Consistency::of(input.consistent_read));
    let consumed = match index {
        Some(index) => Consumed::index(index, units),
        None => Consumed::table(units),
    };
    throttle::read(cx, &at, &consumed).await?;
    Ok(ScanOutput {
        items: answer.items,
        count: Some(answer.count),
        scanned_count: Some(answer.scanned_count),
        last_evaluated_key: answer.last_evaluated_key,
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
    })
}

/// The segment that a request is for.
fn segment(segment: Option<i32>, total: Option<i32>) -> Result<Range, Fault> {
    match (segment, total) {
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

fn wrong_segment(segment: Option<i32>, total: Option<i32>) -> Fault {
    let (segment, total) = (segment.unwrap_or_default(), total.unwrap_or_default());
    validation(format!(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: {total} Segment: {segment}"
    ))
}
