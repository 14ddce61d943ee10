//! `DescribeLimits` and `DescribeEndpoints`: what is the same for every table.

use kumoi_core::Cx;

use crate::api::{DescribeEndpointsOutput, DescribeLimitsOutput, Endpoint};

/// Capacity units of an account in a Region, and of one table: the initial quotas of "Quotas in Amazon DynamoDB".
const ACCOUNT_UNITS: i64 = 80_000;
const TABLE_UNITS: i64 = 40_000;

/// Minutes for which an address may be kept.
const CACHE_MINUTES: i64 = 1440;

pub(crate) fn describe() -> DescribeLimitsOutput {
    DescribeLimitsOutput {
        account_max_read_capacity_units: Some(ACCOUNT_UNITS),
        account_max_write_capacity_units: Some(ACCOUNT_UNITS),
        table_max_read_capacity_units: Some(TABLE_UNITS),
        table_max_write_capacity_units: Some(TABLE_UNITS),
    }
}

/// The endpoint is where the client asked.
pub(crate) fn endpoints(cx: &Cx) -> DescribeEndpointsOutput {
    let address = cx.endpoint().host.to_string();
    DescribeEndpointsOutput { endpoints: vec![Endpoint { address, cache_period_in_minutes: CACHE_MINUTES }] }
}
