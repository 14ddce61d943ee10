//! Virtual time.
//!
//! Every world has a clock of its own. It runs with the wall clock until an operator freezes, scales or advances it through the
//! admin API; its setting is part of the world and is stored, forked and saved with it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use kumoi_model::Timestamp;
use kumoi_store::{Scope, StoreError, Table, Tx};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Where the stored setting lies.
pub static SETTING: Table<String, Setting> = Table::world("kumoi", "clock");

/// The one key of [`SETTING`].
pub const SETTING_KEY: &str = "setting";

/// How virtual time follows real time: at the real moment `real`, it was `virtual_`, and since then it runs at `rate`.
/// Moments are microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The real moment of the last change.
    pub real: i64,
    /// The virtual moment at that time.
    pub virtual_: i64,
    /// Virtual seconds a real second: 1 is real speed, 0 is frozen.
    pub rate: f64,
}

impl Setting {
    /// Real time.
    pub const REAL: Self = Self { real: 0, virtual_: 0, rate: 1.0 };

    fn at(&self, real: i64) -> i64 {
        let moment = if self.rate == 1.0 {
            real.saturating_add(self.virtual_.saturating_sub(self.real))
        } else {
            let passed = (real.saturating_sub(self.real)) as f64 * self.rate;
            self.virtual_.saturating_add(passed as i64)
        };
        moment.min(LATEST)
    }

    /// The setting with a rate that a clock can have: what was saved elsewhere may have any.
    fn sound(self) -> Self {
        Self { rate: sound_rate(self.rate), ..self }
    }
}

/// The end of time, in microseconds since 1970: that of the year 9999. What comes after has no form in ISO 8601 as AWS writes it.
const LATEST: i64 = 253_402_300_799_999_999;

fn sound_rate(rate: f64) -> f64 {
    if rate.is_finite() { rate.clamp(0.0, MAX_RATE) } else { 1.0 }
}

/// Stores how a clock runs, as part of a transaction, unless that is what is stored.
///
/// The transaction conflicts with others that do the same, and reads the clock after its snapshot was taken: so what is stored last is what
/// the clock was told last.
pub(crate) async fn keep(tx: &Tx, clock: &Clock) -> Result<(), StoreError> {
    let (scope, key) = (Scope::world(), SETTING_KEY.to_owned());
    let stored = tx.get(&scope, &SETTING, &key).await?.unwrap_or(Setting::REAL);
    let setting = clock.setting();
    if stored == setting { Ok(()) } else { tx.put(&scope, &SETTING, &key, &setting).await }
}

/// The clock of one world.
pub struct Clock {
    /// Replaced as a whole: every request reads it, and readers must not wait for one another.
    setting: ArcSwap<Setting>,
    changing: Mutex<()>,
    changed: watch::Sender<()>,
}

/// The fastest rate that [`Clock::scale`] takes: a day in less than a tenth of a second.
pub const MAX_RATE: f64 = 1_000_000.0;

impl Clock {
    /// A clock with that setting.
    pub fn new(setting: Setting) -> Self {
        let setting = ArcSwap::from_pointee(setting.sound());
        Self { setting, changing: Mutex::new(()), changed: watch::Sender::new(()) }
    }

    /// The virtual moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.setting.load().at(real_now()))
    }

    /// How it runs.
    pub fn setting(&self) -> Setting {
        **self.setting.load()
    }

    /// Stops it where it is. Returns the new setting, for the caller to store.
    pub fn freeze(&self) -> Setting {
        self.change(|setting| setting.rate = 0.0)
    }

    /// Lets it run at real speed from where it is.
    pub fn resume(&self) -> Setting {
        self.change(|setting| setting.rate = 1.0)
    }

    /// Lets it run at `rate` virtual seconds a second, kept between 0 and [`MAX_RATE`].
    pub fn scale(&self, rate: f64) -> Setting {
        self.change(|setting| setting.rate = sound_rate(rate))
    }

    /// Moves it forward to `moment`; a moment in the past changes nothing, for time never runs backwards.
    pub fn advance_to(&self, moment: Timestamp) -> Setting {
        self.change(|setting| setting.virtual_ = setting.virtual_.max(moment.micros().min(LATEST)))
    }

    /// Takes over a stored setting, such as that of a loaded snapshot.
    pub fn set(&self, setting: Setting) {
        let changing = self.changing.lock();
        self.setting.store(Arc::new(setting.sound()));
        drop(changing);
        self.changed.send_replace(());
    }

    /// Waits until the clock shows `moment`.
    pub async fn reached(&self, moment: Timestamp) {
        let mut changed = self.changed.subscribe();
        loop {
            let setting = self.setting();
            let left = moment.micros().saturating_sub(setting.at(real_now()));
            if left <= 0 {
                return;
            }
            let nap = if setting.rate > 0.0 { left as f64 / setting.rate } else { f64::INFINITY };
            // An hour at most, so that a step of the real clock is noticed.
            let nap = Duration::from_micros(nap.clamp(1.0, 3_600_000_000.0) as u64);
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                _ = changed.changed() => {}
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Setting)) -> Setting {
        let changing = self.changing.lock();
        let (before, real) = (self.setting(), real_now());
        let mut setting = Setting { real, virtual_: before.at(real), rate: before.rate };
        change(&mut setting);
        self.setting.store(Arc::new(setting));
        drop(changing);
        self.changed.send_replace(());
        setting
    }
}

/// Real time, for what lies outside every world: the age of a client's signature, the life of a certificate.
pub fn real_time() -> Timestamp {
    Timestamp::from_micros(real_now())
}

/// Microseconds since 1970 on the wall clock: the only place that reads it.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
fn real_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Measures real time, for durations in logs and bounds on waiting; never for what a service sees. Ordered by their starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "real durations are measured here and nowhere else")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Real time from the start of another to that of this one.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// Real time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_time_moves_only_when_told() {
        let clock = Clock::new(Setting::REAL);
        clock.freeze();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance_to(before.plus_seconds(14 * 86_400));
        assert_eq!(clock.now(), before.plus_seconds(14 * 86_400));
        clock.advance_to(before);
        assert_eq!(clock.now(), before.plus_seconds(14 * 86_400), "time never runs backwards");
    }

    #[test]
    fn a_setting_from_elsewhere_does_no_harm() {
        for rate in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            let clock = Clock::new(Setting { real: 0, virtual_: i64::MAX, rate });
            assert!((0.0..=MAX_RATE).contains(&clock.setting().rate));
            assert!(clock.now().micros() <= LATEST);
        }
        let clock = Clock::new(Setting::REAL);
        clock.advance_to(Timestamp::from_micros(i64::MAX));
        assert_eq!(clock.now().micros(), LATEST);
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_an_advance() {
        let clock = std::sync::Arc::new(Clock::new(Setting::REAL));
        clock.freeze();
        let target = clock.now().plus_seconds(3600);
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reached(target).await }
        });
        tokio::task::yield_now().await;
        clock.advance_to(target);
        waiter.await.unwrap();
    }
}
