//! Point-in-time recovery: `UpdateContinuousBackups` and `DescribeContinuousBackups`, and what a table held at a moment of the past.
//!
//! Follows "Point-in-time backups for DynamoDB" of the Developer Guide. There the latest moment that can be restored is "typically five minutes" ago;
//! here it is the present.
//!
//! | Module | What it is about |
//! |---|---|
//! | `history` | what items were before each change, for as long as it may be asked for |
//! | `past` | what a table held at a moment: what it holds, rolled back |
//! | `readers` | work that reads a table, and must not lose what it reads |

pub(crate) mod history;
pub(crate) mod past;
pub(crate) mod readers;

use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{
    ContinuousBackupsDescription, DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput,
    PointInTimeRecoveryDescription, UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput,
};
use crate::errors::table_not_found;
use crate::table::{Located, Named};

/// `RecoveryPeriodInDays` unless a request says otherwise, which is also the longest.
const DAYS: i32 = 35;

const SECOND: i64 = 1_000_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// What of a table's past is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recovery {
    /// Since when it can be recovered, in microseconds; `None` when point-in-time recovery is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// `RecoveryPeriodInDays`.
    #[serde(default)]
    days: i32,
    /// Work under way that reads the table as of a moment.
    #[serde(default)]
    readers: u32,
    /// How much of that makes backups.
    #[serde(default)]
    backups: u32,
    /// Whether it was ever enabled.
    #[serde(default)]
    continuous: bool,
}

impl Recovery {
    pub(crate) fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Whether point-in-time recovery is enabled.
    pub(crate) fn is_enabled(&self) -> bool {
        self.since.is_some()
    }

    /// Whether a backup is being made.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.backups > 0
    }

    /// Whether changes are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.since.is_some() || self.readers > 0
    }

    /// The earliest moment that can be restored, in microseconds.
    pub(crate) fn earliest(&self, now: i64) -> Option<i64> {
        self.since.map(|since| since.max(now.saturating_sub(self.period())))
    }

    /// How long changes are kept, in microseconds.
    fn period(&self) -> i64 {
        i64::from(self.days).saturating_mul(DAY)
    }

    /// The moment to restore when one is asked for, which has no fractions of seconds where many clients ask; `None` when it is out of reach.
    pub(crate) fn reach(&self, asked: i64, now: i64) -> Option<i64> {
        let earliest = self.earliest(now)?;
        (asked >= whole_second(earliest) && asked <= now).then_some(asked.max(earliest))
    }

    fn describe(&self, now: i64) -> ContinuousBackupsDescription {
        let status = |enabled: bool| if enabled { "ENABLED" } else { "DISABLED" }.to_owned();
        let moment = |micros: i64| Timestamp::from_micros(micros);
        ContinuousBackupsDescription {
            // AWS enables them some moments after a table is created; here they stay as they are at first.
            continuous_backups_status: status(self.continuous),
            point_in_time_recovery_description: Some(PointInTimeRecoveryDescription {
                point_in_time_recovery_status: Some(status(self.is_enabled())),
                recovery_period_in_days: self.since.map(|_| self.days),
                earliest_restorable_date_time: self.earliest(now).map(|earliest| moment(whole_second(earliest))),
                latest_restorable_date_time: self.since.map(|_| moment(now)),
            }),
        }
    }
}

fn whole_second(micros: i64) -> i64 {
    micros.div_euclid(SECOND).saturating_mul(SECOND)
}

/// The table that an operation on backups names.
pub(crate) async fn located(cx: &Cx, table_name: &str) -> Reply<Located> {
    let named = Named::parse(cx, table_name)?;
    let name = named.name.to_owned();
    Located::find(cx, named).await?.ok_or_else(|| table_not_found(&name).into())
}

pub(crate) async fn describe(cx: &Cx, input: DescribeContinuousBackupsInput) -> Reply<DescribeContinuousBackupsOutput> {
    let at = located(cx, &input.table_name).await?;
    let description = at.table.recovery.describe(cx.now().micros());
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(description) })
}

pub(crate) async fn update(cx: &Cx, input: UpdateContinuousBackupsInput) -> Reply<UpdateContinuousBackupsOutput> {
    let mut at = located(cx, &input.table_name).await?;
    let (asked, now) = (input.point_in_time_recovery_specification, cx.now().micros());
    let recovery = &mut at.table_mut().recovery;
    if asked.point_in_time_recovery_enabled {
        // What a shorter period has lost does not come back with a longer one.
        recovery.since = Some(recovery.earliest(now).unwrap_or(now));
        recovery.days = asked.recovery_period_in_days.unwrap_or(DAYS);
        recovery.continuous = true;
    } else {
        recovery.since = None;
    }
    let description = recovery.describe(now);
    at.save(cx).await?;
    history::plan(cx, &at).await?;
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(description) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_restored() {
        let recovery = Recovery { since: Some(10 * SECOND + 5), days: 1, ..Recovery::default() };
        let now = 20 * SECOND;
        assert_eq!(recovery.reach(10 * SECOND, now), Some(10 * SECOND + 5));
        assert_eq!(recovery.reach(10 * SECOND - 1, now), None);
        assert_eq!(recovery.reach(now, now), Some(now));
        assert_eq!(recovery.reach(now + 1, now), None);
        assert_eq!(recovery.reach(10 * SECOND, now + DAY), None);
        assert_eq!(recovery.earliest(now + DAY), Some(now));
        assert_eq!(Recovery::default().reach(0, 0), None);
    }
}
