//! Throughput that is not exceeded: "Burst and adaptive capacity" and "DynamoDB maximum throughput for on-demand tables" of the Developer Guide.
//!
//! Only where `--physics capacity` asks for it, or the admin API for a single table. Elsewhere nothing here reads or writes.
//!
//! A table has a bucket of units for its reads and one for its writes, and each of its global indexes has its own; local indexes share their table's.
//! A bucket fills by the units of a second in a second of the world's clock, and holds those of 300 seconds: the capacity that was not used. A
//! new table has the units of one second, as nothing could be left unused yet. A request is let in as long as anything is left, and what it consumes
//! may leave a debt that time pays off first: what a read costs is known when it has read, and an item larger than all that a small table may hold
//! can be written, too. One that is refused consumes nothing, and neither does one that fails for another reason.
//!
//! As all of a table's items draw on one bucket, a partition gets whatever the others leave: that is what adaptive capacity is after. The bound of a
//! single partition (3,000 reads or 1,000 writes a second) is not kept.
//!
//! **Conflicts.** What is taken is added to a counter, and adding conflicts with nobody; how much was taken is glanced at, which does not count as
//! reading. So two requests that meet both see what is left before either, and may take a little more than there is: the counter knows, and time pays
//! it off. A request reads one record, the [`Bucket`], that says how full it was at a moment; whatever happens after, how full it is follows
//! from that, the time and the counter. It is written anew only when that no longer holds: at first use, after a change of throughput, and when a bucket
//! has run over by what flows in within a second. So of the requests to a table, however many, one a second at most makes others run again.

use kumoi_core::{Cx, Fault, Physics, Reply};
use kumoi_store::KeyRange;
use serde::{Deserialize, Serialize};

use crate::api::{OnDemandThroughput, ProvisionedThroughputExceededException, ThrottlingException, ThrottlingReason};
use crate::capacity::Consumed;
use crate::errors::{provisioned_throughput_exceeded_exception_with, throttling_exception_with};
use crate::table::throughput::Units;
use crate::table::{Index, Located};
use crate::tables::{BUCKETS, BucketKey, SPENT};

/// Seconds of unused capacity that a bucket holds.
const BURST: i64 = 300;

const SECOND: i64 = 1_000_000;

/// Buckets of a table that are removed at a time: far more than a table with all of its indexes has.
const ALL: usize = 1000;

/// What a unit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

/// How full a bucket was at a moment. All amounts are half units, as an eventually consistent read takes half of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    /// What flows in in a second.
    rate: i64,
    /// The moment, in microseconds.
    since: i64,
    /// How full it was.
    level: i64,
    /// How much was ever taken by then.
    spent: i64,
}

impl Bucket {
    /// How much it holds.
    fn bound(&self) -> i64 {
        self.rate.saturating_mul(BURST)
    }

    /// How full it would be at a moment, after so much was taken, if it had no bound.
    fn unbounded(&self, now: i64, spent: i64) -> i64 {
        let flowed = i128::from(self.rate) * i128::from(now.saturating_sub(self.since).max(0)) / i128::from(SECOND);
        let flowed = i64::try_from(flowed).unwrap_or(i64::MAX);
        self.level.saturating_add(flowed).saturating_sub(spent.saturating_sub(self.spent))
    }

    /// How full it is.
    fn level(&self, now: i64, spent: i64) -> i64 {
        self.unbounded(now, spent).min(self.bound())
    }

    /// The bucket as it is to be stored: itself, unless it has run over or the throughput was changed at a moment.
    fn renewed(&self, rate: i64, changed: i64, now: i64, spent: i64) -> Self {
        if rate != self.rate {
            // What flowed in before the change did so at the former rate. What was taken after it counts as taken before, which only matters
            // to a bucket that was full.
            let changed = changed.clamp(self.since.min(now), now);
            let level = self.level(changed, spent);
            let next = Self { rate, since: changed, level, spent };
            return Self { rate, since: now, level: next.level(now, spent), spent };
        }
        if self.unbounded(now, spent).saturating_sub(self.bound()) >= self.rate {
            return Self { rate, since: now, level: self.bound(), spent };
        }
        *self
    }
}

/// What has a bucket: a table or a global index, for reads or for writes.
struct Target<'a> {
    at: &'a Located,
    index: Option<&'a Index>,
    side: Side,
}

impl Target<'_> {
    fn key(&self) -> BucketKey {
        (self.at.table.id, self.index.map_or(0, |index| index.id), u64::from(self.side == Side::Write))
    }

    fn units(&self) -> &Units {
        self.index.map_or(&self.at.table.billing.units, |index| &index.units)
    }

    /// Half units in a second; `None` if there is no bound.
    fn rate(&self) -> Option<i64> {
        let billing = &self.at.table.billing;
        let units = if billing.on_demand {
            let limits = self.index.map_or(billing.limits.as_ref(), |index| index.limits.as_ref());
            limits.and_then(|limits| self.limit(limits))?
        } else {
            match self.side {
                Side::Read => self.units().read,
                Side::Write => self.units().write,
            }
        };
        (units > 0).then(|| units.saturating_mul(2))
    }

    fn limit(&self, limits: &OnDemandThroughput) -> Option<i64> {
        match self.side {
            Side::Read => limits.max_read_request_units,
            Side::Write => limits.max_write_request_units,
        }
    }

    /// When the throughput was last changed, as far as it is known.
    fn changed(&self) -> i64 {
        let units = self.units();
        units.increased.max(units.decreased).unwrap_or(self.at.table.created).max(self.at.table.created)
    }

    /// Why nothing more may be taken; `None` if something may.
    async fn refusal(&self, cx: &Cx) -> Reply<Option<Fault>> {
        let Some(rate) = self.rate() else { return Ok(None) };
        let (scope, key, now) = (&self.at.scope, self.key(), cx.now().micros());
        let stored = cx.tx().get(scope, &BUCKETS, &key).await?;
        let spent = cx.tx().glance(scope, &SPENT, &key).await?;
        let bucket = match &stored {
            Some(bucket) => bucket.renewed(rate, self.changed(), now, spent),
            None => Bucket { rate, since: self.changed().min(now), level: rate, spent },
        };
        if stored != Some(bucket) {
            cx.tx().put(scope, &BUCKETS, &key, &bucket).await?;
        }
        Ok((bucket.level(now, spent) <= 0).then(|| self.fault()))
    }

    /// Takes out units.
    async fn take(&self, cx: &Cx, units: f64) -> Reply<()> {
        if self.rate().is_none() || units <= 0.0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, and these are small")]
        let halves = (units * 2.0).round() as i64;
        Ok(cx.tx().add(&self.at.scope, &SPENT, &self.key(), halves).await?)
    }

    fn fault(&self) -> Fault {
        let on_demand = self.at.table.billing.on_demand;
        let (kind, resource) = match self.index {
            Some(index) => ("Index", format!("{}/index/{}", self.at.arn(), index.name)),
            None => ("Table", self.at.arn()),
        };
        let side = if self.side == Side::Read { "Read" } else { "Write" };
        let limit = if on_demand { "MaxOnDemandThroughputExceeded" } else { "ProvisionedThroughputExceeded" };
        let reasons =
            Some(vec![ThrottlingReason { reason: Some(format!("{kind}{side}{limit}")), resource: Some(resource) }]);
        if on_demand {
            let message = "Throughput exceeds the maximum OnDemandThroughput configured on table or index";
            return throttling_exception_with(message, ThrottlingException { throttling_reasons: reasons });
        }
        let message = match self.index {
            None => {
                "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the \
                 UpdateTable API."
            }
            Some(_) => {
                "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider \
                 increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API."
            }
        };
        let details = ProvisionedThroughputExceededException { throttling_reasons: reasons };
        provisioned_throughput_exceeded_exception_with(message, details)
    }
}

/// Whether the throughput of a table is bounded.
pub(crate) fn bites(cx: &Cx, at: &Located) -> bool {
    at.table.bounded.unwrap_or(cx.settings().physics.capacity)
}

/// Has it bounded or not, whatever the settings say.
pub(crate) async fn bend(cx: &Cx, name: &str, physics: Option<Physics>) -> Reply<()> {
    let mut at = Located::of(cx, name).await?;
    at.table_mut().bounded = physics.map(|physics| physics.capacity);
    at.save(cx).await
}

/// Why the table has no capacity left, if so.
pub(crate) async fn exceeded(cx: &Cx, at: &Located, side: Side) -> Reply<Option<Fault>> {
    if !bites(cx, at) {
        return Ok(None);
    }
    Target { at, index: None, side }.refusal(cx).await
}

/// Takes what was consumed of a table and of its global indexes, or nothing if one of them has none left, and says why.
pub(crate) async fn take(cx: &Cx, at: &Located, consumed: &Consumed, side: Side) -> Reply<Option<Fault>> {
    if !bites(cx, at) {
        return Ok(None);
    }
    let indexes = consumed.of_indexes().iter().filter_map(|(name, units)| Some((Some(at.table.index(name)?), *units)));
    let all = std::iter::once((None, consumed.of_table())).chain(indexes).filter(|(_, units)| *units > 0.0);
    let all: Vec<_> = all.map(|(index, units)| (Target { at, index, side }, units)).collect();
    for (target, _) in &all {
        if let Some(fault) = target.refusal(cx).await? {
            return Ok(Some(fault));
        }
    }
    for (target, units) in &all {
        target.take(cx, *units).await?;
    }
    Ok(None)
}

/// Takes what a read has consumed, or fails it.
pub(crate) async fn read(cx: &Cx, at: &Located, consumed: &Consumed) -> Reply<()> {
    match take(cx, at, consumed, Side::Read).await? {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

/// Removes the buckets of a table that is gone.
pub(crate) async fn forget(cx: &Cx, id: u64) -> Reply<()> {
    for (key, _) in cx.range(&BUCKETS, KeyRange::prefix(&(id,)), ALL).await? {
        cx.delete(&BUCKETS, &key).await?;
        cx.tx().clear_counter(cx.scope(), &SPENT, &key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Bucket = Bucket { rate: 10, since: 0, level: 10, spent: 0 };

    #[test]
    fn a_bucket_fills_with_time_up_to_its_bound() {
        assert_eq!(NEW.level(0, 0), 10);
        assert_eq!(NEW.level(0, 12), -2);
        assert_eq!(NEW.level(SECOND / 2, 12), 3);
        assert_eq!(NEW.level(1000 * SECOND, 0), 3000);
    }

    #[test]
    fn it_is_written_anew_only_when_it_runs_over() {
        assert_eq!(NEW.renewed(10, 0, 299 * SECOND, 0), NEW);
        assert_eq!(NEW.renewed(10, 0, 300 * SECOND - 1, 0), NEW);
        let full = Bucket { since: 300 * SECOND, level: 3000, ..NEW };
        assert_eq!(NEW.renewed(10, 0, 300 * SECOND, 0), full);
        assert_eq!(NEW.renewed(10, 0, 300 * SECOND, 1), NEW);
    }

    #[test]
    fn a_change_counts_from_its_moment() {
        let next = NEW.renewed(100, 2 * SECOND, 3 * SECOND, 5);
        assert_eq!(next, Bucket { rate: 100, since: 3 * SECOND, level: 10 + 20 - 5 + 100, spent: 5 });
    }
}
