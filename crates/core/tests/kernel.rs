//! The kernel driven by a small service that borrows the model of STS: `GetCallerIdentity` takes no input, and
//! `GetAccessKeyInfo` takes a string that tells the service what to do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kumoi_core::outbox::Effect;
use kumoi_core::timers::Timer;
use kumoi_core::*;
use kumoi_model::{Struct, Value};
use kumoi_store::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    text: String,
    at: i64,
}

/// What happened, in order of commits.
static LOG: Table<u64, Line> = Table::world("test", "log");
static NEXT: Table<String, u64> = Table::world("test", "next");

async fn log(cx: &Cx, text: &str) -> Reply<()> {
    let scope = Scope::world();
    let next = cx.tx().get(&scope, &NEXT, &"n".to_owned()).await?.unwrap_or(0);
    cx.tx().put(&scope, &LOG, &next, &Line { text: text.into(), at: cx.now().millis() }).await?;
    cx.tx().put(&scope, &NEXT, &"n".to_owned(), &(next + 1)).await?;
    Ok(())
}

#[derive(Default)]
struct Scripted {
    failures_left: AtomicU32,
    runs: AtomicU32,
}

static DESCRIPTOR: Descriptor = Descriptor {
    model: "sts",
    operations: &[OperationSpec { name: "GetAccessKeyInfo", ignored: &["AccessKeyId"] }],
    validation: ValidationStyle::Listed { code: "ValidationError" },
};

impl Service for Scripted {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, _operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        Box::pin(async move {
            self.runs.fetch_add(1, Ordering::SeqCst);
            let command = input.as_struct().and_then(|members| members.get(0)).and_then(Value::as_str).unwrap();
            let (verb, rest) = command.split_once("__").unwrap_or((command, ""));
            match verb {
                "timer" => {
                    let (name, seconds) = rest.split_once('_').unwrap();
                    let due = cx.now().plus_seconds(seconds.trim_start_matches('0').parse().unwrap_or(0));
                    cx.set_timer(&Timer { name: name.into(), due, kind: "log".into(), payload: name.into() }).await?;
                }
                "wait" => {
                    if cx.tx().get(&Scope::world(), &NEXT, &"n".to_owned()).await?.is_none() {
                        cx.wait(None, cx.received().plus_seconds(20))?;
                        log(cx, "nothing came").await?;
                    }
                }
                "contend" => {
                    // Loses 150 times, waits for a moment that has come, loses 150 times again.
                    match self.runs.load(Ordering::SeqCst) {
                        151 => cx.wait(Some(cx.now()), cx.received().plus_seconds(3600))?,
                        0..302 => return Err(StoreError::Conflict.into()),
                        _ => {}
                    }
                }
                "panic" => panic!("as told"),
                "lane" => cx.deliver(&Effect { lane: "lane".into(), ..effect(rest, 3, None) }).await?,
                "deliver" => cx.deliver(&effect(rest, 3, Some("say__dead_letter_lines"))).await?,
                "fail" => {
                    if self.failures_left.load(Ordering::SeqCst) > 0 {
                        self.failures_left.fetch_sub(1, Ordering::SeqCst);
                        return Err(Fault::new("Told", 400, true, "as told").into());
                    }
                    log(cx, rest).await?;
                }
                _ => log(cx, rest).await?,
            }
            Ok(Value::Struct(Struct::new()))
        })
    }

    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        Box::pin(log(cx, &timer.payload))
    }
}

fn effect(command: &str, attempts: u32, dead_letter: Option<&str>) -> Effect {
    Effect {
        lane: String::new(),
        service: "sts".into(),
        operation: "GetAccessKeyInfo".into(),
        input: input(command),
        account: "000000000000".into(),
        region: "us-east-1".into(),
        principal: Principal::service("test.amazonaws.com", "000000000000"),
        source_arn: None,
        attempts,
        backoff_seconds: 10,
        dead_letter: dead_letter.map(|command| Box::new(effect(command, 1, None))),
    }
}

fn input(command: &str) -> Value {
    let mut members = Struct::new();
    members.set(0, Value::String(command.into()));
    Value::Struct(members)
}

struct House {
    kernel: Arc<Kernel>,
    service: Arc<Scripted>,
}

impl House {
    async fn open() -> Self {
        Self::with(StoreConfig::memory()).await
    }

    async fn with(config: StoreConfig) -> Self {
        let store = Store::open(config).await.unwrap();
        let service = Arc::new(Scripted::default());
        let registry = Registry::new(vec![service.clone()]);
        let kernel = Kernel::start(store, registry, Settings::default()).await.unwrap();
        Self { kernel, service }
    }

    fn world(&self) -> Arc<World> {
        self.kernel.worlds().get(&WorldId::new(WorldId::DEFAULT).unwrap()).unwrap()
    }

    async fn tell(&self, command: &str) -> Outcome {
        tell(&self.kernel, self.world(), command).await
    }

    async fn log(&self, world: &World) -> Vec<Line> {
        let tx = self.kernel.store().begin(&world.id).unwrap();
        let lines = tx.range(&Scope::world(), &LOG, KeyRange::all(), 1000).await.unwrap();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    async fn texts(&self) -> Vec<String> {
        self.log(&self.world()).await.into_iter().map(|line| line.text).collect()
    }
}

async fn tell(kernel: &Arc<Kernel>, world: Arc<World>, command: &str) -> Outcome {
    let (model, operation) = Kernel::operation("sts", "GetAccessKeyInfo").unwrap();
    let call = Call {
        world,
        scope: Scope::new("000000000000", "us-east-1"),
        principal: Principal::root("aws", "000000000000").into(),
        access_key: None,
        source_arn: None,
        request_id: "r".into(),
        endpoint: Endpoint { scheme: "http", host: "localhost".into() },
        client: None,
        website: None,
        model,
        operation,
        input: input(command),
    };
    kernel.clone().dispatch(call).await
}

#[tokio::test]
async fn an_advance_fires_timers_in_order_and_at_their_moments() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    let start = world.clock.now();
    for command in ["timer__late_0000000300", "timer__early_000000010", "timer__never_00009999999"] {
        house.tell(command).await.result.unwrap();
    }
    let now = house.kernel.advance(&world, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(now.now, start.plus_seconds(3600));
    let expected = [("early", 10), ("late", 300)]
        .map(|(text, after): (&str, i64)| Line { text: text.into(), at: start.plus_seconds(after).millis() });
    assert_eq!(house.log(&world).await, expected);
}

#[tokio::test]
async fn a_fork_has_its_own_timers_and_clock() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    house.tell("timer__ring_00000000060").await.result.unwrap();
    let copy = house.kernel.fork(&world.id, &WorldId::new("copy").unwrap()).await.unwrap();
    house.kernel.advance(&copy, Duration::from_secs(60)).await.unwrap();
    assert_eq!(house.log(&copy).await.len(), 1);
    assert_eq!(house.log(&world).await.len(), 0);
    house.kernel.advance(&world, Duration::from_secs(60)).await.unwrap();
    assert_eq!(house.log(&world).await.len(), 1);
}

#[tokio::test]
async fn who_waits_runs_again_when_what_it_read_changes() {
    let house = House::open().await;
    house.kernel.set_clock_rate(&house.world(), 0.0).await.unwrap();
    let (kernel, world) = (house.kernel.clone(), house.world());
    let waiting = tokio::spawn(async move { tell(&kernel, world, "wait__0000000000000").await });
    while house.service.runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    house.tell("say__something_happened").await.result.unwrap();
    waiting.await.unwrap().result.unwrap();
    assert_eq!(house.texts().await, ["something_happened"]);
}

#[tokio::test]
async fn who_waits_answers_when_the_clock_reaches_the_deadline() {
    let house = House::open().await;
    house.kernel.set_clock_rate(&house.world(), 0.0).await.unwrap();
    let (kernel, world) = (house.kernel.clone(), house.world());
    let waiting = tokio::spawn(async move { tell(&kernel, world, "wait__0000000000000").await });
    while house.service.runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    house.kernel.advance(&house.world(), Duration::from_secs(20)).await.unwrap();
    waiting.await.unwrap().result.unwrap();
    assert_eq!(house.texts().await, ["nothing came"]);
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let house = House::open().await;
    let fault = house.tell("panic__000000000000").await.result.unwrap_err();
    assert_eq!((fault.status(), fault.code()), (500, "InternalFailure"));
    house.tell("say__still_here_00000").await.result.unwrap();
    assert_eq!(house.texts().await, ["still_here_00000"]);
}

#[tokio::test]
async fn an_effect_is_retried_with_growing_pauses() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    let start = world.clock.now();
    house.service.failures_left.store(2, Ordering::SeqCst);
    house.tell("deliver__fail__delivered_at_last").await.result.unwrap();
    house.kernel.advance(&world, Duration::from_secs(3600)).await.unwrap();
    let log = house.log(&world).await;
    // The first attempt is made at once, the second after 10 s, the third after 20 s more.
    assert_eq!(log, [Line { text: "delivered_at_last".into(), at: start.plus_seconds(30).millis() }]);
}

#[tokio::test]
async fn an_effect_that_always_fails_leaves_its_dead_letter() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    house.service.failures_left.store(3, Ordering::SeqCst);
    house.tell("deliver__fail__delivered_at_last").await.result.unwrap();
    house.kernel.advance(&world, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(house.texts().await, ["dead_letter_lines"]);
}

#[tokio::test]
async fn what_is_not_honoured_is_told() {
    let house = House::open().await;
    assert_eq!(house.tell("say__something_happened").await.ignored, ["AccessKeyId"]);
}

#[tokio::test]
async fn violated_constraints_are_worded_by_the_service() {
    let house = House::open().await;
    let fault = house.tell("short").await.result.unwrap_err();
    assert_eq!(fault.code(), "ValidationError");
    assert!(fault.message().contains("Member must have length greater than or equal to 16"), "{}", fault.message());
    assert_eq!(house.service.runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn conflicting_requests_all_commit() {
    let house = House::open().await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let (kernel, world) = (house.kernel.clone(), house.world());
            tokio::spawn(async move { tell(&kernel, world, &format!("say__line_number_{n:04}")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().result.unwrap();
    }
    assert_eq!(house.texts().await.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn conflicts_before_a_wait_do_not_count_after_it() {
    let house = House::open().await;
    house.tell("contend__0123456789").await.result.unwrap();
    assert_eq!(house.service.runs.load(Ordering::SeqCst), 302);
}

#[tokio::test]
async fn a_lane_waits_for_its_first() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    let start = world.clock.now();
    house.service.failures_left.store(1, Ordering::SeqCst);
    house.tell("lane__fail__first_of_the_lane").await.result.unwrap();
    for number in 0..300 {
        house.tell(&format!("lane__say__later_in_lane_{number:03}")).await.result.unwrap();
    }
    house.kernel.advance(&world, Duration::from_secs(60)).await.unwrap();
    let log = house.log(&world).await;
    let expected = std::iter::once("first_of_the_lane".to_owned())
        .chain((0..300).map(|number| format!("later_in_lane_{number:03}")))
        .map(|text| Line { text, at: start.plus_seconds(10).millis() });
    assert_eq!(log, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn effects_that_wait_do_not_hold_up_others() {
    let house = House::open().await;
    let world = house.world();
    house.kernel.set_clock_rate(&world, 0.0).await.unwrap();
    let start = world.clock.now();
    house.service.failures_left.store(300, Ordering::SeqCst);
    for number in 0..300 {
        house.tell(&format!("deliver__fail__waits_a_while_{number:03}")).await.result.unwrap();
    }
    house.kernel.advance(&world, Duration::from_secs(1)).await.unwrap();
    assert_eq!(house.service.failures_left.load(Ordering::SeqCst), 0);
    house.tell("deliver__say__comes_after_them").await.result.unwrap();
    house.kernel.advance(&world, Duration::from_secs(1)).await.unwrap();
    assert_eq!(house.texts().await, ["comes_after_them"]);
    house.kernel.advance(&world, Duration::from_secs(60)).await.unwrap();
    let log = house.log(&world).await;
    assert_eq!(log.len(), 301);
    assert!(log.iter().skip(1).all(|line| line.at == start.plus_seconds(10).millis()));
}

#[tokio::test]
async fn who_knew_a_world_before_its_reset_does_not_write_to_it_after() {
    let house = House::open().await;
    let (old, copy) = (house.world(), WorldId::new("copy").unwrap());
    house.kernel.advance(&old, Duration::from_secs(14 * 86_400)).await.unwrap();
    house.kernel.fork(&old.id, &copy).await.unwrap();
    let copied = house.kernel.worlds().get(&copy).unwrap();
    house.kernel.reset(&old.id).await.unwrap();
    house.kernel.drop_world(&copy).await.unwrap();

    let fault = tell(&house.kernel, old.clone(), "say__of_the_past_0").await.result.unwrap_err();
    assert_eq!(fault.status(), 503);
    assert_eq!(tell(&house.kernel, copied, "say__of_the_past_0").await.result.unwrap_err().status(), 404);
    let gone = Err(StoreError::UnknownWorld(old.id.clone()));
    assert_eq!(house.kernel.set_clock_rate(&old, 0.0).await, gone);
    assert_eq!(house.texts().await, [""; 0]);
    house.tell("say__of_the_present").await.result.unwrap();
    assert_eq!(house.texts().await, ["of_the_present"]);
}

#[tokio::test]
async fn a_fork_whose_caller_leaves_is_open_or_not_there() {
    let inner = Box::new(EngineConfig::Memory);
    let max_delay = Duration::from_millis(1);
    let house =
        House::with(StoreConfig { engine: EngineConfig::Chaos { inner, seed: 3, max_delay, conflict_rate: 0.0 } })
            .await;
    let default = house.world().id.clone();
    for number in 0..20 {
        let copy = WorldId::new(&format!("copy-{number}")).unwrap();
        // Long enough for some to be in the store, and not for all to be open.
        let patience = Duration::from_micros(number * 150);
        let _ = tokio::time::timeout(patience, house.kernel.fork(&default, &copy)).await;
    }
    let open = || house.kernel.worlds().all().len();
    let stored = || house.kernel.store().worlds().len();
    tokio::time::timeout(Duration::from_secs(10), async {
        while open() != stored() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
