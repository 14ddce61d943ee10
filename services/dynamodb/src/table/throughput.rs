//! Billing mode and provisioned throughput: "DynamoDB throughput capacity" of the Developer Guide.

use kumoi_core::Fault;
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{BillingModeSummary, OnDemandThroughput, ProvisionedThroughput, ProvisionedThroughputDescription};
use crate::errors::{invalid, validation};

pub(crate) const ON_DEMAND: &str = "PAY_PER_REQUEST";
const PROVISIONED: &str = "PROVISIONED";

/// The most units that can be asked for.
const MAX_UNITS: i64 = 1_000_000_000_000;

/// How a table is billed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub(crate) on_demand: bool,
    /// When it was last switched to on-demand, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
    /// Units; 0 when on demand.
    pub(crate) units: Units,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<OnDemandThroughput>,
}

/// The provisioned throughput of a table or index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Units {
    pub(crate) read: i64,
    pub(crate) write: i64,
    /// When it was last raised, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) increased: Option<i64>,
    /// When it was last lowered, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decreased: Option<i64>,
    /// How often it was lowered on that day (UTC).
    #[serde(default)]
    pub(crate) decreases: i64,
}

const DAY: i64 = 86_400 * 1_000_000;

impl Units {
    /// Units as a request asks for them; none when on demand. `owner` is how messages name what they are for.
    pub(crate) fn asked(
        on_demand: bool,
        asked: Option<&ProvisionedThroughput>,
        index: Option<&str>,
    ) -> Result<Self, Fault> {
        let of = index.map(|name| format!(" for index: {name}")).unwrap_or_default();
        match (on_demand, asked) {
            (true, None) => Ok(Self::default()),
            (true, Some(_)) => Err(invalid(format!(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST{of}"
            ))),
            (false, None) => Err(invalid(format!(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED{of}"
            ))),
            (false, Some(asked)) => {
                for (name, units) in [
                    ("ReadCapacityUnits", asked.read_capacity_units),
                    ("WriteCapacityUnits", asked.write_capacity_units),
                ] {
                    if units > MAX_UNITS {
                        return Err(validation(format!("Given value {units} for {name} is out of bounds{of}")));
                    }
                }
                Ok(Self { read: asked.read_capacity_units, write: asked.write_capacity_units, ..Self::default() })
            }
        }
    }

    /// The same with other numbers, and when they changed.
    pub(crate) fn changed(self, to: Self, now: i64) -> Self {
        let mut next = Self { read: to.read, write: to.write, ..self };
        if to.read > self.read || to.write > self.write {
            next.increased = Some(now);
        }
        if to.read < self.read || to.write < self.write {
            next.decreases = self.decreases_today(now) + 1;
            next.decreased = Some(now);
        }
        next
    }

    fn decreases_today(&self, now: i64) -> i64 {
        let day = |micros: i64| micros.div_euclid(DAY);
        if self.decreased.is_some_and(|last| day(last) == day(now)) { self.decreases } else { 0 }
    }

    pub(crate) fn describe(&self, now: Timestamp) -> ProvisionedThroughputDescription {
        ProvisionedThroughputDescription {
            last_increase_date_time: self.increased.map(Timestamp::from_micros),
            last_decrease_date_time: self.decreased.map(Timestamp::from_micros),
            number_of_decreases_today: Some(self.decreases_today(now.micros())),
            read_capacity_units: Some(self.read),
            write_capacity_units: Some(self.write),
        }
    }
}

/// The most that is paid for on demand, as a request changes it: what it does not name stays.
pub(crate) fn limited(before: Option<&OnDemandThroughput>, asked: &OnDemandThroughput) -> OnDemandThroughput {
    let mut limits = before.cloned().unwrap_or_default();
    limits.max_read_request_units = asked.max_read_request_units.or(limits.max_read_request_units);
    limits.max_write_request_units = asked.max_write_request_units.or(limits.max_write_request_units);
    limits
}

/// Whether a table of that `BillingMode` is on demand. Without one it is provisioned.
pub(crate) fn is_on_demand(mode: Option<&str>) -> bool {
    mode == Some(ON_DEMAND)
}

impl Billing {
    /// `BillingMode`.
    pub(crate) fn mode(&self) -> &'static str {
        if self.on_demand { ON_DEMAND } else { PROVISIONED }
    }

    /// Told of tables that are, or were, on demand.
    pub(crate) fn summary(&self) -> Option<BillingModeSummary> {
        let since = self.since?;
        Some(BillingModeSummary {
            billing_mode: Some(if self.on_demand { ON_DEMAND } else { PROVISIONED }.to_owned()),
            last_update_to_pay_per_request_date_time: Some(Timestamp::from_micros(since)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decreases_are_counted_by_the_day() {
        let units = |read, write| Units { read, write, ..Units::default() };
        let first = units(5, 5).changed(units(4, 5), 1);
        assert_eq!((first.decreases, first.decreased, first.increased), (1, Some(1), None));
        let second = first.changed(units(3, 6), 2);
        assert_eq!((second.decreases, second.increased), (2, Some(2)));
        assert_eq!(second.changed(units(2, 6), DAY).decreases, 1);
        assert_eq!(second.describe(Timestamp::from_micros(DAY)).number_of_decreases_today, Some(0));
    }
}
