//! Moving and setting the clocks of worlds.

use std::sync::Arc;
use std::time::Duration;

use kumoi_model::Timestamp;
use kumoi_store::StoreError;

use crate::clock::{self, Setting};
use crate::{Kernel, World, outbox, timers};

/// The most moments at which one advance stops to fire timers and deliver effects.
const MOST_STEPS: u32 = 2_000_000;

/// How far an advance came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advanced {
    /// What the clock shows.
    pub now: Timestamp,
    /// Whether that is the moment asked for.
    pub complete: bool,
}

impl Kernel {
    /// Moves a world's clock forward and fires, in order, everything that falls due on the way.
    ///
    /// It stops short of the moment asked for when more falls due on the way than one call takes, two million timers: a timer that sets
    /// itself again must not keep an advance busy for ever. The next call goes on from there. An advance that is dropped stops where it is.
    pub async fn advance(self: &Arc<Self>, world: &Arc<World>, by: Duration) -> Result<Advanced, StoreError> {
        self.advance_within(world, by, MOST_STEPS).await
    }

    async fn advance_within(
        self: &Arc<Self>,
        world: &Arc<World>,
        by: Duration,
        steps: u32,
    ) -> Result<Advanced, StoreError> {
        let _in_order = world.firing.lock().await;
        // From where the clock is by now: another advance may have come before.
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let target = Timestamp::from_micros(world.clock.now().micros().saturating_add(by));
        for _ in 0..steps {
            let timer = timers::next_due(self, world, target).await?;
            let effect = outbox::next_due(self, world, target).await?;
            let Some(due) = timer.iter().map(|(_, timer)| timer.due).chain(effect).min() else {
                world.clock.advance_to(target);
                self.keep_clock(world).await?;
                return Ok(Advanced { now: world.clock.now(), complete: true });
            };
            world.clock.advance_to(due);
            let now = world.clock.now();
            if let Some((key, timer)) = timer.filter(|(_, timer)| timer.due <= now) {
                timers::fire(self, world, &key, &timer).await?;
            }
            if effect.is_some_and(|effect| effect <= now) {
                let _one_at_a_time = world.delivering.lock().await;
                outbox::deliver_due(self, world, now).await?;
            }
            // A store in memory never makes anybody wait: without this, nobody else would be served.
            tokio::task::yield_now().await;
        }
        self.keep_clock(world).await?;
        let reached = world.clock.now();
        tracing::warn!(world = %world.id, ?reached, ?target, "an advance stopped early: too much falls due on the way");
        Ok(Advanced { now: reached, complete: false })
    }

    /// Freezes, resumes or scales a world's clock: rate 0, 1, or any other up to [`crate::clock::MAX_RATE`].
    pub async fn set_clock_rate(&self, world: &World, rate: f64) -> Result<Setting, StoreError> {
        let setting = world.clock.scale(rate);
        self.keep_clock(world).await?;
        Ok(setting)
    }

    /// Stores how the clock runs by now.
    async fn keep_clock(&self, world: &World) -> Result<(), StoreError> {
        loop {
            let tx = self.begin(world)?;
            clock::keep(&tx, &world.clock).await?;
            match self.store().commit(tx).await {
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use kumoi_model::Value;
    use kumoi_store::{Scope, Store, StoreConfig, WorldId};

    use super::*;
    use crate::clock::{SETTING, SETTING_KEY};
    use crate::timers::Timer;
    use crate::{Cx, Descriptor, Fault, Future, Registry, Reply, Service, Settings, ValidationStyle};

    /// Sets a timer of the kind `again` anew one second later, and fails one of the kind `fail`, which somebody else sets anew at the end.
    #[derive(Default)]
    struct Clockwork {
        fired: AtomicU32,
    }

    static DESCRIPTOR: Descriptor =
        Descriptor { model: "sts", operations: &[], validation: ValidationStyle::Listed { code: "ValidationError" } };

    impl Service for Clockwork {
        fn descriptor(&self) -> &'static Descriptor {
            &DESCRIPTOR
        }

        fn call<'a>(&'a self, _: &'a Cx, _: &'a str, _: &'a Value) -> Future<'a, Reply<Value>> {
            Box::pin(async { Err(Fault::internal().into()) })
        }

        fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
            Box::pin(async move {
                let fired = self.fired.fetch_add(1, SeqCst) + 1;
                let later = Timer { due: timer.due.plus_seconds(1), ..timer.clone() };
                match timer.kind.as_str() {
                    "again" => Ok(cx.set_timer(&later).await?),
                    "fail" => {
                        if fired == 5 {
                            set(cx.store(), &[later]).await;
                        }
                        Err(Fault::internal().into())
                    }
                    _ => Ok(()),
                }
            })
        }
    }

    fn timer(name: &str, due: Timestamp, kind: &str) -> Timer {
        Timer { name: name.into(), due, kind: kind.into(), payload: String::new() }
    }

    async fn set(store: &Store, timers: &[Timer]) {
        let tx = store.begin(&WorldId::default()).unwrap();
        for timer in timers {
            timers::set(&tx, "sts", &Scope::new("000000000000", "us-east-1"), timer).await.unwrap();
        }
        store.commit(tx).await.unwrap();
    }

    /// A kernel whose default world stands still.
    async fn open() -> (Arc<Kernel>, Arc<World>, Arc<Clockwork>) {
        let store = Store::open(StoreConfig::memory()).await.unwrap();
        let service = Arc::new(Clockwork::default());
        let kernel = Kernel::start(store, Registry::new(vec![service.clone()]), Settings::default()).await.unwrap();
        let world = kernel.worlds().get(&WorldId::default()).unwrap();
        kernel.set_clock_rate(&world, 0.0).await.unwrap();
        (kernel, world, service)
    }

    #[tokio::test]
    async fn an_advance_stops_after_so_many_steps_and_the_next_goes_on() {
        let (kernel, world, service) = open().await;
        let start = world.clock.now();
        set(kernel.store(), &[timer("tick", start.plus_seconds(1), "again")]).await;
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!(
            kernel.advance_within(&world, year, 10).await,
            Ok(Advanced { now: start.plus_seconds(10), complete: false })
        );
        assert_eq!(
            kernel.advance_within(&world, year, 10).await,
            Ok(Advanced { now: start.plus_seconds(20), complete: false })
        );
        assert_eq!(service.fired.load(SeqCst), 20);
    }

    #[tokio::test]
    async fn an_advance_lets_others_in_and_can_be_dropped() {
        let (kernel, world, _) = open().await;
        set(kernel.store(), &[timer("tick", world.clock.now().plus_seconds(1), "again")]).await;
        let task = tokio::spawn({
            let (kernel, world) = (kernel.clone(), world.clone());
            async move { kernel.advance(&world, Duration::from_secs(365 * 86_400)).await }
        });
        let start = world.clock.now();
        while world.clock.now() < start.plus_seconds(3) {
            tokio::task::yield_now().await;
        }
        assert!(!task.is_finished());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        kernel.advance_within(&world, Duration::from_secs(1), 10).await.unwrap();
    }

    #[tokio::test]
    async fn many_timers_fire_each_once_and_in_order() {
        const TIMERS: u32 = 3000;
        let (kernel, world, service) = open().await;
        let start = world.clock.now();
        let timers: Vec<Timer> = (0..TIMERS)
            .map(|n| timer(&n.to_string(), start.plus_millis(1000 + i64::from(n * 7919 % TIMERS)), "once"))
            .collect();
        set(kernel.store(), &timers).await;
        let reached = kernel.advance(&world, Duration::from_millis(1000 + u64::from(TIMERS) / 2)).await.unwrap();
        assert_eq!(reached.now, start.plus_millis(1000 + i64::from(TIMERS) / 2));
        assert_eq!(service.fired.load(SeqCst), TIMERS / 2 + 1);
        kernel.advance(&world, Duration::from_secs(3600)).await.unwrap();
        assert_eq!(service.fired.load(SeqCst), TIMERS);
    }

    #[tokio::test]
    async fn advances_at_once_add_up() {
        let (kernel, world, _) = open().await;
        let start = world.clock.now();
        let minute = Duration::from_secs(60);
        let (a, b) = tokio::join!(kernel.advance(&world, minute), kernel.advance(&world, minute));
        let reached = |seconds| Ok(Advanced { now: start.plus_seconds(seconds), complete: true });
        assert_eq!((a, b), (reached(60), reached(120)));
    }

    // Its clock may be far ahead of theirs.
    #[tokio::test]
    async fn the_drivers_of_a_world_do_not_fire_the_timers_that_were_loaded_over_it() {
        let (kernel, world, service) = open().await;
        let _nobody_else = world.firing.lock().await;
        let due = world.clock.now().plus_seconds(60);
        set(kernel.store(), &[timer("later", due, "once")]).await;
        let mut saved = Vec::new();
        kernel.save(&world.id, &mut saved).await.unwrap();
        world.clock.advance_to(due.plus_seconds(60));
        // As far as the store comes before the open worlds follow.
        kernel.store().load(&world.id, &mut saved.as_slice()).await.unwrap();
        let unknown = StoreError::UnknownWorld(world.id.clone());
        assert_eq!(timers::fire_next(&kernel, &world, world.clock.now()).await, Err(unknown.clone()));
        assert_eq!(outbox::deliver_due(&kernel, &world, world.clock.now()).await, Err(unknown));
        assert_eq!(service.fired.load(SeqCst), 0);
        kernel.load(&world.id, &mut saved.as_slice()).await.unwrap();
        let loaded = kernel.worlds().get(&world.id).unwrap();
        assert!(loaded.clock.now() < due && *world.ended.borrow());
    }

    // A crash in the middle of an advance must not take time back behind what has fired.
    #[tokio::test]
    async fn what_a_timer_did_and_when_it_was_are_stored_together() {
        let (kernel, world, _) = open().await;
        let due = world.clock.now().plus_seconds(60);
        let once = timer("once", due, "once");
        set(kernel.store(), std::slice::from_ref(&once)).await;
        let _nobody_else = world.firing.lock().await;
        world.clock.advance_to(due);
        assert_eq!(timers::fire_next(&kernel, &world, due).await, Ok(true));
        let tx = kernel.begin(&world).unwrap();
        let stored = tx.get(&Scope::world(), &SETTING, &SETTING_KEY.to_owned()).await.unwrap();
        assert_eq!(stored, Some(world.clock.setting()));
    }

    #[tokio::test]
    async fn the_clock_is_stored_as_it_was_told_last() {
        let (kernel, world, _) = open().await;
        world.clock.scale(2.0);
        let slow = kernel.begin(&world).unwrap();
        clock::keep(&slow, &world.clock).await.unwrap();
        kernel.set_clock_rate(&world, 3.0).await.unwrap();
        assert_eq!(kernel.store().commit(slow).await, Err(StoreError::Conflict));
    }

    #[tokio::test]
    async fn a_timer_that_failed_is_not_given_up_when_it_was_set_anew() {
        let (kernel, world, service) = open().await;
        let _nobody_else = world.firing.lock().await;
        let now = world.clock.now();
        set(kernel.store(), &[timer("t", now, "fail")]).await;
        assert_eq!(timers::fire_next(&kernel, &world, now).await, Ok(true));
        assert_eq!(service.fired.load(SeqCst), 5);
        let (_, left) = timers::next_due(&kernel, &world, now.plus_seconds(1)).await.unwrap().unwrap();
        assert_eq!(left.due, now.plus_seconds(1));
    }
}
