//! Warm throughput: what a table or global index can take at once. "Understanding DynamoDB warm throughput" of the Developer Guide.
//!
//! It is at least what the throughput says: 12,000 reads and 4,000 writes a second on demand, and the provisioned units otherwise. A request can
//! raise it, and nothing lowers it.

use kumoi_core::Fault;
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{GlobalSecondaryIndexWarmThroughputDescription, TableWarmThroughputDescription, WarmThroughput};
use crate::errors::invalid;
use crate::table::state::State;
use crate::table::throughput::Units;

/// Units a second of tables on demand.
const READS: i64 = 12_000;
const WRITES: i64 = 4_000;

/// What was asked for, in units a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Warm {
    pub(crate) read: i64,
    pub(crate) write: i64,
}

impl Warm {
    /// What there is without asking.
    fn base(on_demand: bool, units: Units) -> Self {
        if on_demand {
            return Self { read: READS, write: WRITES };
        }
        Self { read: units.read.max(1), write: units.write.max(1) }
    }

    /// What there is, with what was asked for.
    pub(crate) fn of(asked: Option<Self>, on_demand: bool, units: Units) -> Self {
        let (base, asked) = (Self::base(on_demand, units), asked.unwrap_or_default());
        Self { read: base.read.max(asked.read), write: base.write.max(asked.write) }
    }

    /// What a request asks for, where there is `now` so much.
    pub(crate) fn raised(now: Self, asked: &WarmThroughput, index: Option<&str>) -> Result<Self, Fault> {
        let of = index.map(|name| format!(" for index: {name}")).unwrap_or_default();
        if asked.read_units_per_second.is_none() && asked.write_units_per_second.is_none() {
            return Err(invalid(format!(
                "At least one of ReadUnitsPerSecond and WriteUnitsPerSecond must be specified for WarmThroughput{of}"
            )));
        }
        let raise = |name: &str, asked: Option<i64>, now: i64| match asked {
            Some(asked) if asked < now => Err(invalid(format!(
                "Requested {name} for WarmThroughput is lower than the current value{of}: requested {asked}, current {now}"
            ))),
            asked => Ok(asked.unwrap_or(now)),
        };
        Ok(Self {
            read: raise("ReadUnitsPerSecond", asked.read_units_per_second, now.read)?,
            write: raise("WriteUnitsPerSecond", asked.write_units_per_second, now.write)?,
        })
    }

    pub(crate) fn of_table(self, state: State, now: Timestamp) -> TableWarmThroughputDescription {
        TableWarmThroughputDescription {
            read_units_per_second: Some(self.read),
            write_units_per_second: Some(self.write),
            status: Some(state.status(now).to_owned()),
        }
    }

    pub(crate) fn of_index(self, status: &str) -> GlobalSecondaryIndexWarmThroughputDescription {
        GlobalSecondaryIndexWarmThroughputDescription {
            read_units_per_second: Some(self.read),
            write_units_per_second: Some(self.write),
            status: Some(status.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_only_raised() {
        let units = Units { read: 5, write: 7, ..Units::default() };
        let now = Warm::of(None, false, units);
        assert_eq!((now.read, now.write), (5, 7));
        let ask = |read, write| WarmThroughput { read_units_per_second: read, write_units_per_second: write };
        assert_eq!(Warm::raised(now, &ask(Some(9), None), None).unwrap(), Warm { read: 9, write: 7 });
        Warm::raised(now, &ask(Some(4), None), None).unwrap_err();
        Warm::raised(now, &ask(None, None), None).unwrap_err();
        let raised = Warm::of(Some(Warm { read: 9, write: 9 }), true, Units::default());
        assert_eq!(raised, Warm { read: READS, write: WRITES });
    }
}
