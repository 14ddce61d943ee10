//! Time to live: `UpdateTimeToLive`, `DescribeTimeToLive`, and the deletion of items that have expired.
//!
//! Follows "Using time to live (TTL) in DynamoDB". An item expires at the second that its attribute names, a number; one that names a moment more than
//! five years ago does not. AWS deletes expired items within a few days, this at once.
//!
//! `expiries` has the items that will expire, in the order of their seconds. It belongs to a *generation*, drawn when time to live is enabled, so that none
//! sees what an earlier one has left. Whoever writes an item keeps it up to date; what the table had before comes in by and by. The timer of a generation is set
//! for its first second, which `armed` repeats: a writer reads that, and sets the timer only for an item that expires before all others.

use kumoi_core::{Cx, Reply, paging};
use kumoi_expressions::{Attribute, Item};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use crate::api::{
    DescribeTimeToLiveInput, DescribeTimeToLiveOutput, TimeToLiveDescription, UpdateTimeToLiveInput,
    UpdateTimeToLiveOutput,
};
use crate::errors::validation;
use crate::global;
use crate::key::KeyBytes;
use crate::table::state::State;
use crate::table::{Located, Named};
use crate::tables::{ARMED, EXPIRIES, Expiry, ITEMS, ItemRow};
use crate::timer;
use crate::write::{self, Origin};

/// The kinds of timers: items expire, what a table had comes in, what a generation had goes.
pub(crate) const EXPIRE: &str = "expire";
pub(crate) const FILL: &str = "expiries";
pub(crate) const CLEAR: &str = "unexpire";

/// Microseconds for which a change of the setting stands.
const INTERVAL: i64 = 3600 * 1_000_000;

/// Seconds of five years: who is that late does not expire.
const TOO_LATE: i64 = 5 * 365 * 86_400;

/// The last second that clocks show.
const LAST: f64 = 253_402_300_799.0;

/// Items that one timer looks at.
const BATCH: usize = 100;

/// The setting of a table that has or had one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TimeToLive {
    /// The attribute that says when items expire.
    pub(crate) attribute: String,
    pub(crate) enabled: bool,
    pub(crate) generation: u64,
    /// When it was last changed, in microseconds.
    pub(crate) changed: i64,
    /// Until when it is ENABLING, or DISABLING.
    pub(crate) changing: i64,
}

impl TimeToLive {
    /// The second at which an item expires. It must not be past for too long.
    fn second(&self, item: Option<&Item>, now: Timestamp) -> Option<i64> {
        let Attribute::N(number) = item?.get(&self.attribute)? else { return None };
        let second = number.to_string().parse::<f64>().ok()?;
        // A fraction of a second is waited for.
        let second = if (0.0..=LAST).contains(&second) { second.ceil() as i64 } else { return None };
        (second > now.micros().div_euclid(1_000_000) - TOO_LATE).then_some(second)
    }

    fn row(&self, second: i64, key: &KeyBytes) -> Expiry {
        (self.generation, second, key.hash, key.partition.clone(), key.sort.clone())
    }
}

fn enabled(at: &Located) -> Option<&TimeToLive> {
    at.table.time_to_live.as_ref().filter(|set| set.enabled)
}

pub(crate) async fn describe(cx: &Cx, input: DescribeTimeToLiveInput) -> Reply<DescribeTimeToLiveOutput> {
    let at = Located::of(cx, &input.table_name).await?;
    let set = at.table.time_to_live.as_ref();
    let status = match set.map(|set| (set.enabled, cx.now().micros() < set.changing)) {
        Some((true, true)) => "ENABLING",
        Some((true, false)) => "ENABLED",
        Some((false, true)) => "DISABLING",
        Some((false, false)) | None => "DISABLED",
    };
    let description = TimeToLiveDescription {
        time_to_live_status: Some(status.to_owned()),
        attribute_name: set.filter(|_| status != "DISABLED").map(|set| set.attribute.clone()),
    };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(description) })
}

/// What follows from a setting that was made: what expires is noted, or what was noted goes.
async fn follow(cx: &Cx, at: &Located) -> Reply<()> {
    match &at.table.time_to_live {
        Some(set) if set.enabled => fill_from(cx, at, None).await,
        Some(set) => clear_later(cx, &at.scope, set.generation).await,
        None => Ok(()),
    }
}

pub(crate) async fn update(cx: &Cx, input: UpdateTimeToLiveInput) -> Reply<UpdateTimeToLiveOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    let asked = input.time_to_live_specification;
    if at.table.global.as_ref().is_some_and(|global| global.strong) {
        return Err(
            validation("Time to live is not supported for global tables with multi-Region strong consistency").into()
        );
    }
    match (enabled(&at), asked.enabled) {
        (Some(set), _) if set.attribute != asked.attribute_name => {
            let message = format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {}",
                set.attribute
            );
            return Err(validation(message).into());
        }
        (Some(_), true) => return Err(validation("TimeToLive is already enabled").into()),
        (None, false) => return Err(validation("TimeToLive is already disabled").into()),
        _ => {}
    }
    let (now, before) = (cx.now().micros(), at.table.time_to_live.clone());
    if before.as_ref().is_some_and(|set| now < set.changed.saturating_add(INTERVAL)) {
        return Err(validation("Time to live has been modified multiple times within a fixed interval").into());
    }
    let generation = match before {
        Some(set) if !asked.enabled => set.generation,
        _ => cx.ids().sequence(),
    };
    at.table_mut().time_to_live = Some(TimeToLive {
        attribute: asked.attribute_name.clone(),
        enabled: asked.enabled,
        generation,
        changed: now,
        changing: State::end(cx),
    });
    at.save(cx).await?;
    follow(cx, &at).await?;
    for mut other in global::followers(cx, &at).await? {
        other.table_mut().time_to_live = at.table.time_to_live.clone();
        other.save(cx).await?;
        follow(cx, &other).await?;
    }
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(asked) })
}

/// Notes when an item that is written expires.
pub(crate) async fn note(cx: &Cx, at: &Located, key: &KeyBytes, old: Option<&Item>, new: Option<&Item>) -> Reply<()> {
    let Some(set) = enabled(at) else { return Ok(()) };
    let (was, is) = (set.second(old, cx.now()), set.second(new, cx.now()));
    if was == is {
        return Ok(());
    }
    if let Some(was) = was {
        cx.tx().delete(&at.scope, &EXPIRIES, &set.row(was, key)).await?;
    }
    match is {
        Some(is) => {
            cx.tx().put(&at.scope, &EXPIRIES, &set.row(is, key), &()).await?;
            arm(cx, at, set, is).await
        }
        None => Ok(()),
    }
}

/// Sees to it that the timer goes off at a second, or before.
async fn arm(cx: &Cx, at: &Located, set: &TimeToLive, second: i64) -> Reply<()> {
    let armed = cx.tx().get(&at.scope, &ARMED, &set.generation).await?;
    if armed.is_some_and(|armed| armed <= second) {
        return Ok(());
    }
    arm_at(cx, at, set, second).await
}

async fn arm_at(cx: &Cx, at: &Located, set: &TimeToLive, second: i64) -> Reply<()> {
    cx.tx().put(&at.scope, &ARMED, &set.generation, &second).await?;
    let due = Timestamp::from_seconds(second).micros().max(cx.now().micros());
    set_timer(cx, &at.scope, EXPIRE, set.generation, due, format!("{}/{}", set.generation, at.name)).await
}

async fn set_timer(cx: &Cx, scope: &Scope, kind: &str, generation: u64, due: i64, payload: String) -> Reply<()> {
    timer::set(cx, scope, (kind, generation), due, payload).await
}

/// The table of a timer, as long as its time to live is of that generation.
async fn table_of(cx: &Cx, generation: &str, name: &str) -> Reply<Option<Located>> {
    let at = Located::find(cx, Named { scope: cx.scope().clone(), name }).await?;
    let current = |at: &Located| enabled(at).is_some_and(|set| set.generation.to_string() == generation);
    Ok(at.filter(current))
}

/// Deletes items that have expired by now, and sets the timer for the next.
pub(crate) async fn expire(cx: &Cx, payload: &str) -> Reply<()> {
    let Some((generation, name)) = payload.split_once('/') else { return Ok(()) };
    let Some(at) = table_of(cx, generation, name).await? else { return Ok(()) };
    let Some(set) = enabled(&at) else { return Ok(()) };
    let all = KeyRange::prefix(&(set.generation,));
    let due = all.clone().until(&(set.generation, cx.now().micros().div_euclid(1_000_000)));
    for (row, ()) in cx.range(&EXPIRIES, due, BATCH).await? {
        let (_, second, hash, partition, sort) = row.clone();
        let key = KeyBytes { hash, partition, sort };
        let item = write::read(cx, &at, &key).await?;
        cx.delete(&EXPIRIES, &row).await?;
        if item.is_some() && set.second(item.as_ref(), cx.now()) == Some(second) {
            write::write_by(cx, &at, &key, (item.as_ref(), None), Origin::TimeToLive).await?;
        }
    }
    match cx.range(&EXPIRIES, all, 1).await?.pop() {
        Some((row, ())) => arm_at(cx, &at, set, row.1).await,
        None => {
            cx.delete(&ARMED, &set.generation).await?;
            Ok(())
        }
    }
}

/// Notes when items expire that the table had before, and sets the timer again for the rest.
pub(crate) async fn fill(cx: &Cx, payload: &str) -> Reply<()> {
    let mut parts = payload.splitn(3, '/');
    let (Some(generation), Some(name), Some(after)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(());
    };
    match (table_of(cx, generation, name).await?, paging::key::<ItemRow>(FILL, after)) {
        (Some(at), Some(after)) => fill_from(cx, &at, Some(after)).await,
        _ => Ok(()),
    }
}

async fn fill_from(cx: &Cx, at: &Located, after: Option<ItemRow>) -> Reply<()> {
    let Some(set) = enabled(at) else { return Ok(()) };
    let range = KeyRange::prefix(&(at.table.id,));
    let range = match &after {
        Some(after) => range.after(after),
        None => range,
    };
    let items = cx.tx().range(&at.scope, &ITEMS, range, BATCH).await?;
    let full = items.len() == BATCH;
    let (mut earliest, mut last) = (None::<i64>, None);
    for (row, item) in items {
        if let Some(second) = set.second(Some(&item), cx.now()) {
            let (_, hash, partition, sort) = row.clone();
            let row = set.row(second, &KeyBytes { hash, partition, sort });
            cx.tx().put(&at.scope, &EXPIRIES, &row, &()).await?;
            earliest = Some(earliest.map_or(second, |earliest| earliest.min(second)));
        }
        last = Some(row);
    }
    if let Some(second) = earliest {
        arm(cx, at, set, second).await?;
    }
    match last.filter(|_| full) {
        Some(last) => {
            let payload = format!("{}/{}/{}", set.generation, at.name, paging::token(FILL, &last));
            set_timer(cx, &at.scope, FILL, set.generation, cx.now().micros(), payload).await
        }
        None => Ok(()),
    }
}

/// Has what a generation noted cleared away.
pub(crate) async fn clear_later(cx: &Cx, scope: &Scope, generation: u64) -> Reply<()> {
    for kind in [EXPIRE, FILL] {
        timer::cancel(cx, scope, kind, generation).await?;
    }
    set_timer(cx, scope, CLEAR, generation, cx.now().micros(), generation.to_string()).await
}

/// Clears away a part of what a generation noted, and sets the timer again for the rest.
pub(crate) async fn clear(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(generation) = payload.parse::<u64>() else { return Ok(()) };
    let rows = cx.range(&EXPIRIES, KeyRange::prefix(&(generation,)), BATCH).await?;
    for (row, ()) in &rows {
        cx.delete(&EXPIRIES, row).await?;
    }
    if rows.len() == BATCH {
        return set_timer(cx, cx.scope(), CLEAR, generation, cx.now().micros(), generation.to_string()).await;
    }
    cx.delete(&ARMED, &generation).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_items_expire() {
        let set = TimeToLive { attribute: "t".to_owned(), enabled: true, generation: 1, changed: 0, changing: 0 };
        let now = Timestamp::from_seconds(1_800_000_000);
        let second = |value: Attribute| set.second(Some(&Item::from([("t".to_owned(), value)])), now);
        let number = |text: &str| second(Attribute::N(text.parse().unwrap()));
        assert_eq!(number("1800000100"), Some(1_800_000_100));
        assert_eq!(number("18e8"), Some(1_800_000_000));
        assert_eq!(number("1800000000.25"), Some(1_800_000_001));
        assert_eq!(number("1642320000"), None, "five years ago");
        assert_eq!(number("1642320001"), Some(1_642_320_001));
        assert_eq!(number("1800000000000000"), None);
        assert_eq!(number("-5"), None);
        assert_eq!(second(Attribute::S("1800000100".to_owned())), None);
        assert_eq!(set.second(Some(&Item::new()), now), None);
    }
}
