//! The inner half of the pipeline, and the life of worlds.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use kumoi_model::{Catalog, Kind, Timestamp, Value, validate};
use kumoi_store::{Scope, Store, StoreError, Tx};

use crate::clock::{self, Stopwatch};
use crate::md5::Workers;
use crate::record::Finished;
use crate::timers::{self, Timer};
use crate::{
    CallInfo, Client, Cx, Endpoint, Fault, Halt, OperationSpec, Principal, Recorder, Registry, Reply, Service,
    Settings, ValidationStyle, World, Worlds, outbox,
};

/// A decoded request of a known caller.
pub struct Call {
    /// The world it acts in.
    pub world: Arc<World>,
    /// Account and region it acts in.
    pub scope: Scope,
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The access key id that signed it, where there is one.
    pub access_key: Option<Arc<str>>,
    /// The resource on whose behalf a service calls.
    pub source_arn: Option<String>,
    /// The request id that the client sees.
    pub request_id: String,
    /// Where the client reached kumoi.
    pub endpoint: Endpoint,
    /// Who is at the other end of the wire; `None` for calls that came otherwise.
    pub client: Option<Arc<Client>>,
    /// The path, decoded, of a request to a bucket's website, which S3 answers by the bucket's website configuration.
    pub website: Option<Arc<str>>,
    /// The service's model.
    pub model: &'static kumoi_model::Service,
    /// The operation, by its index in the model.
    pub operation: usize,
    /// The decoded input.
    pub input: Value,
}

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    /// The output, or the error that the client gets.
    pub result: Result<Value, Fault>,
    /// Input members that were used and are not honoured yet.
    pub ignored: Vec<&'static str>,
}

/// The store, the worlds, the services, and the way into them.
pub struct Kernel {
    pub(crate) store: Store,
    pub(crate) worlds: Worlds,
    registry: Registry,
    settings: Settings,
    recorder: Recorder,
    stopping: tokio::sync::watch::Sender<bool>,
    /// Where work goes on that no connection waits for, or that takes long.
    runtime: tokio::runtime::Handle,
    md5: Workers,
    /// Held while the open worlds are brought in line with those of the store.
    pub(crate) attaching: tokio::sync::Mutex<()>,
}

/// Attempts at a transaction before its client is told to try later.
const ATTEMPTS: u32 = 200;

/// How many of them read the present; the others have a snapshot, which nobody can change while they read.
const LIVE_ATTEMPTS: u32 = 4;

impl Kernel {
    /// Opens every world and starts its timers and its outbox, on the runtime that this is called on.
    pub async fn start(store: Store, registry: Registry, settings: Settings) -> Result<Arc<Self>, StoreError> {
        let worlds = Worlds::open(store.clone(), &settings).await?;
        let stopping = tokio::sync::watch::Sender::new(false);
        let (recorder, attaching) = (Recorder::default(), tokio::sync::Mutex::new(()));
        let runtime = tokio::runtime::Handle::current();
        let md5 = Workers::default();
        let kernel = Arc::new(Self { store, worlds, registry, settings, recorder, stopping, runtime, md5, attaching });
        for world in kernel.worlds.all() {
            kernel.drive(world);
        }
        kernel.tidy();
        Ok(kernel)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Begins a transaction on a world.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorld`] when the world was dropped, and also when it was reset or replaced since it was opened: its clock and ids do
    /// not belong to what the store has under its name by now.
    pub(crate) fn begin(&self, world: &World) -> Result<Tx, StoreError> {
        Self::of(world, self.store.begin(&world.id)?)
    }

    /// Begins a transaction on the present of a world; see [`Store::begin_live`].
    ///
    /// # Errors
    /// As for [`Kernel::begin`].
    fn begin_live(&self, world: &World) -> Result<Tx, StoreError> {
        Self::of(world, self.store.begin_live(&world.id)?)
    }

    fn of(world: &World, tx: Tx) -> Result<Tx, StoreError> {
        if tx.incarnation() == world.incarnation { Ok(tx) } else { Err(StoreError::UnknownWorld(world.id.clone())) }
    }

    /// The open worlds.
    pub fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// The coded services.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Who computes the MD5 of large bodies.
    pub(crate) fn md5(&self) -> &Workers {
        &self.md5
    }

    /// The operator's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The latest requests.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Ends all waiting: long polls answer at once that they are over. First step of an orderly stop.
    pub fn end_waiting(&self) {
        self.stopping.send_replace(true);
    }

    /// Ends all waiting and closes the store; what was acknowledged is on disk afterwards.
    pub async fn stop(&self) {
        self.end_waiting();
        for world in self.worlds.all() {
            world.ended.send_replace(true);
        }
        self.store.close().await;
    }

    /// The pipeline behind decoding: validate → authorize → handle and commit → record.
    pub async fn dispatch(self: &Arc<Self>, mut call: Call) -> Outcome {
        let stopwatch = Stopwatch::start();
        let received = call.world.clock.now();
        let coded = self.coded(&call);
        let valid = self.validate(&mut call, coded);
        let Call { world, scope, principal, access_key, source_arn, request_id, endpoint, client, website, .. } = call;
        let (model, operation, input) = (call.model, call.operation, call.input);
        let service = coded.map_or("", |(service, _)| service.descriptor().model);
        let call = CallInfo {
            world,
            scope,
            principal,
            access_key,
            source_arn,
            request_id,
            endpoint,
            client,
            website,
            service,
            received,
        };
        let (call, mut ignored) = (Arc::new(call), Vec::new());
        let result = match (valid, coded) {
            (Err(fault), _) => Err(fault),
            // Authorization by what identities may do has its place here, and comes with IAM. Services ask the policies of what they hold.
            (Ok(()), None) => Err(Fault::not_implemented(&model.id, operation_name(model, operation))),
            (Ok(()), Some((service, spec))) => {
                ignored = ignored_members(spec, model, operation, &input);
                self.handle(call.clone(), spec.name, &input, service.as_ref(), stopwatch).await
            }
        };
        if let (Err(fault), Some((service, spec))) = (&result, coded)
            && service.notes_failures()
        {
            self.note(&call, spec.name, &input, service.as_ref(), fault).await;
        }
        if !ignored.is_empty() {
            let operation = operation_name(model, operation);
            tracing::warn!(service = %model.id, operation, ?ignored, "inputs not honoured");
        }
        let fault = result.as_ref().err();
        let usual = || model.operations.get(operation).map_or(200, |operation| operation.status);
        let (status, code) = (fault.map_or_else(usual, Fault::status), fault.map(|fault| fault.code().to_owned()));
        let (at, ignored_too) = (Stopwatch::start(), ignored.clone());
        let took = at.since(stopwatch);
        self.recorder.finished(Finished { call, model, operation, status, code, at, took, ignored: ignored_too });
        Outcome { result, ignored }
    }

    /// The coded service of the call and the operation, when it has built that.
    fn coded(&self, call: &Call) -> Option<(&Arc<dyn Service>, &'static OperationSpec)> {
        let service = self.registry.get(&call.model.id)?;
        let name = operation_name(call.model, call.operation);
        service.descriptor().operations.iter().find(|spec| spec.name == name).map(|spec| (service, spec))
    }

    fn validate(&self, call: &mut Call, coded: Option<(&Arc<dyn Service>, &OperationSpec)>) -> Result<(), Fault> {
        let model = call.model;
        let Some(operation) = model.operations.get(call.operation) else { return Err(Fault::internal()) };
        let Some(shape) = operation.input else { return Ok(()) };
        fill_idempotency_tokens(model, shape, &call.world, &mut call.input);
        let Err(violations) = validate::validate(model, shape, &call.input) else { return Ok(()) };
        let style = coded.map_or(usual_style(model), |(service, _)| service.descriptor().validation);
        match style {
            ValidationStyle::Own(word) => violations.iter().find_map(word).map_or(Ok(()), Err),
            ValidationStyle::Listed { code } => Err(Fault::new(code, 400, true, validate::message(&violations))),
        }
    }

    /// Runs the handler and commits, again while the commit conflicts or the handler waits.
    async fn handle(
        self: &Arc<Self>,
        info: Arc<CallInfo>,
        operation: &'static str,
        input: &Value,
        service: &dyn Service,
        waited: Stopwatch,
    ) -> Result<Value, Fault> {
        let mut overdue = false;
        let mut conflicts = 0;
        let mut prepared = None;
        loop {
            let world = &info.world;
            let tx = if conflicts < LIVE_ATTEMPTS { self.begin_live(world) } else { self.begin(world) };
            let tx = tx.map_err(|error| self.begin_fault(world, error))?;
            let cx = Cx::new(self.clone(), info.clone(), tx, overdue, prepared);
            let reply = guarded(service.call(&cx, operation, input)).await;
            prepared = cx.prepared();
            let error = match reply {
                Ok(output) => match self.commit(cx).await {
                    Ok(()) => return Ok(output),
                    Err(error) => error,
                },
                Err(Halt::Fault(fault)) => return Err(fault),
                Err(Halt::Prepare(preparation)) => {
                    // It may take long, and no transaction is to be open meanwhile.
                    drop(cx);
                    prepared = Some(preparation.run().await?);
                    continue;
                }
                Err(Halt::Wait { wake, deadline }) => {
                    overdue = self.wait(cx, wake, deadline, waited).await?;
                    // What it lost before it had to wait says nothing of how it fares now.
                    conflicts = 0;
                    // Whatever the handler waits for, others are served before it runs again.
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(Halt::Store(error)) => error,
            };
            if error != StoreError::Conflict {
                return Err(store_fault(error));
            }
            conflicts += 1;
            if conflicts >= ATTEMPTS {
                return Err(Fault::unavailable("Too many requests change the same records at once. Try again."));
            }
            back_off(conflicts).await;
        }
    }

    /// Lets a service take note of an operation that has failed.
    async fn note(
        self: &Arc<Self>,
        info: &Arc<CallInfo>,
        operation: &'static str,
        input: &Value,
        service: &dyn Service,
        fault: &Fault,
    ) {
        for conflicts in 1..=ATTEMPTS {
            let world = &info.world;
            let tx = if conflicts <= LIVE_ATTEMPTS { self.begin_live(world) } else { self.begin(world) };
            // A world that has ended has no account to keep.
            let Ok(tx) = tx else { return };
            let cx = Cx::new(self.clone(), info.clone(), tx, false, None);
            let noted = match guarded(service.failed(&cx, operation, input, fault)).await {
                Ok(()) if !cx.tx().has_writes() => return,
                Ok(()) => self.commit(cx).await.map_err(Halt::Store),
                Err(halt) => Err(halt),
            };
            match noted {
                Ok(()) => return,
                Err(Halt::Store(StoreError::Conflict)) => back_off(conflicts).await,
                Err(halt) => return tracing::warn!(operation, ?halt, "no note was taken of an operation that failed"),
            }
        }
        tracing::warn!(operation, "no note was taken of an operation that failed: too many change the same records");
    }

    /// Commits what a handler did, its blobs included.
    pub(crate) async fn commit(self: &Arc<Self>, cx: Cx) -> Result<(), StoreError> {
        let (tx, files) = cx.into_parts();
        files.staged.iter().for_each(|staged| staged.keep(true));
        let committed = self.store.commit(tx).await;
        match &committed {
            Ok(()) if !files.unnamed.is_empty() => {
                let kernel = self.clone();
                self.runtime.spawn(async move {
                    if let Err(error) = kernel.free(files.unnamed).await {
                        tracing::warn!(%error, "blobs that nobody needs could not be removed");
                    }
                });
            }
            Err(StoreError::Conflict | StoreError::UnknownWorld(_)) => {
                files.staged.iter().for_each(|staged| staged.keep(false));
            }
            // After a failure nobody knows what is on disk.
            Ok(()) | Err(_) => {}
        }
        committed
    }

    /// The fault of a call whose world has ended: worth another try when there is a world of its name again.
    fn begin_fault(&self, world: &World, error: StoreError) -> Fault {
        if matches!(error, StoreError::UnknownWorld(_)) && self.store.begin(&world.id).is_ok() {
            return Fault::unavailable("The world was reset or replaced. Try again.");
        }
        store_fault(error)
    }

    /// Waits for a handler that has nothing to answer yet; whether its deadline has passed.
    ///
    /// The deadline holds on either clock: virtual time, so that tests can skip the wait, and real time, so that a client
    /// of a frozen world gets its answer.
    async fn wait(&self, cx: Cx, wake: Timestamp, deadline: Timestamp, waited: Stopwatch) -> Result<bool, Fault> {
        let allowed = deadline.micros().saturating_sub(cx.received().micros());
        let left = Duration::from_micros(u64::try_from(allowed).unwrap_or(0)).saturating_sub(waited.elapsed());
        let world = cx.call_info().world.clone();
        let (mut stopping, mut ended) = (self.stopping.subscribe(), world.ended.subscribe());
        tokio::select! {
            () = self.store.changed(cx.into_parts().0) => Ok(false),
            () = world.clock.reached(wake.min(deadline)) => Ok(false),
            () = tokio::time::sleep(left) => Ok(true),
            _ = stopping.wait_for(|stopping| *stopping) => Err(Fault::unavailable("kumoi is stopping.")),
            _ = ended.wait_for(|ended| *ended) => Err(Fault::unavailable("The world was reset or dropped.")),
        }
    }

    /// What is known of what a service does of itself.
    pub(crate) fn of_itself(world: &Arc<World>, model: &'static str, scope: Scope) -> Arc<CallInfo> {
        Arc::new(CallInfo {
            world: world.clone(),
            principal: Arc::new(Principal::service(&format!("{model}.amazonaws.com"), &scope.account)),
            scope,
            access_key: None,
            source_arn: None,
            request_id: world.ids.uuid(),
            endpoint: Endpoint { scheme: "http", host: Arc::from("localhost") },
            client: None,
            website: None,
            service: model,
            received: world.clock.now(),
        })
    }

    /// Runs a timer's handler in the transaction that removes the timer.
    pub(crate) async fn run_timer(
        self: &Arc<Self>,
        world: &Arc<World>,
        key: &(String, String, String, String),
        timer: &Timer,
    ) -> Reply<()> {
        let (service, account, region, _) = key;
        let Some(service) = self.registry.get(service) else {
            tracing::error!(service, "a timer is set for a service that this build does not have");
            return Err(Halt::Fault(Fault::internal()));
        };
        let model = service.descriptor().model;
        let info = Self::of_itself(world, model, Scope::new(account, region));
        let tx = self.begin(world)?;
        clock::keep(&tx, &world.clock).await?;
        if !timers::take(&tx, key, timer).await? {
            return Ok(());
        }
        let cx = Cx::new(self.clone(), info, tx, false, None);
        match guarded(service.timer(&cx, timer)).await {
            Ok(()) => Ok(self.commit(cx).await?),
            Err(Halt::Wait { .. } | Halt::Prepare(_)) => Err(timers::cannot_wait()),
            Err(halt) => Err(halt),
        }
    }

    /// Frees, beside the requests, the space of all that no world needs.
    pub(crate) fn tidy(self: &Arc<Self>) {
        let kernel = self.clone();
        self.runtime.spawn(async move {
            if let Err(error) = kernel.free_all().await {
                tracing::warn!(%error, "blobs that nobody needs could not be removed");
            }
        });
    }

    /// Runs work to its end beside the requests, whether or not the caller stays to hear of it: for what takes long, or must not stop halfway.
    ///
    /// # Errors
    /// Those of the work; [`StoreError::Closed`] when the program ends.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.spawn(work).await.unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) fn drive(self: &Arc<Self>, world: Arc<World>) {
        self.runtime.spawn(crate::world::drive(self.clone(), world.clone(), "the timer driver", timers::step));
        self.runtime.spawn(crate::world::drive(self.clone(), world, "the outbox", outbox::step));
    }

    /// A call to `operation` of the service with that model id; `None` when there is no such operation.
    pub fn operation(service: &str, operation: &str) -> Option<(&'static kumoi_model::Service, usize)> {
        let model = Catalog::get().load(service)?;
        let index = *model.by_name.get(operation)? as usize;
        Some((model, index))
    }
}

/// The name of an operation, by its index in the model.
pub(crate) fn operation_name(model: &kumoi_model::Service, operation: usize) -> &str {
    model.operations.get(operation).map_or("", |operation| operation.name.as_str())
}

/// The form in which most services of a protocol word violated constraints.
fn usual_style(model: &kumoi_model::Service) -> ValidationStyle {
    use kumoi_model::Protocol::{AwsQuery, Ec2Query};
    let code = match model.protocols.first() {
        Some(AwsQuery | Ec2Query) => "ValidationError",
        _ => "ValidationException",
    };
    ValidationStyle::Listed { code }
}

/// Fills required idempotency tokens that the client left out, as the service would generate them.
fn fill_idempotency_tokens(model: &kumoi_model::Service, shape: u32, world: &World, input: &mut Value) {
    let (Some(structure), Value::Struct(members)) = (model.structure(shape), input) else { return };
    for (index, member) in structure.members.iter().enumerate() {
        if member.idempotency_token && member.required {
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            if members.get(index).is_none() {
                members.set(index, Value::String(world.ids.uuid()));
            }
        }
    }
}

/// Which declared-as-ignored members a request uses.
fn ignored_members(
    spec: &OperationSpec,
    model: &kumoi_model::Service,
    operation: usize,
    input: &Value,
) -> Vec<&'static str> {
    let Some(shape) = model.operations.get(operation).and_then(|operation| operation.input) else { return Vec::new() };
    let used = |path: &&'static str| match path.split_once('=') {
        None => uses(model, shape, input, path, None),
        Some((path, wanted)) => uses(model, shape, input, path, Some(wanted)),
    };
    spec.ignored.iter().copied().filter(used).collect()
}

/// Whether a value has the member of a path, and, where a text is wanted of it, that text.
fn uses(model: &kumoi_model::Service, shape: u32, value: &Value, path: &str, wanted: Option<&str>) -> bool {
    // Walks lists and maps on the way: a path is used when any element uses it. Depth is bounded by the path's length.
    match (model.shape(shape).map(|shape| &shape.kind), value) {
        (Some(Kind::List { member, .. }), Value::List(items)) => {
            items.iter().any(|item| uses(model, member.shape, item, path, wanted))
        }
        (Some(Kind::Map { value: member, .. }), Value::Map(entries)) => {
            entries.iter().any(|(_, item)| uses(model, member.shape, item, path, wanted))
        }
        (Some(Kind::Structure(structure)), Value::Struct(members)) => {
            let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            let Some((index, member)) = structure.member(first) else { return false };
            match (members.get(index), rest) {
                (None, _) => false,
                (Some(inner), None) => wanted.is_none_or(|wanted| inner.as_str() == Some(wanted)),
                (Some(inner), Some(rest)) => uses(model, member.shape, inner, rest, wanted),
            }
        }
        _ => false,
    }
}

/// A handler's reply, or an internal failure when it panics: one request is lost, never the process.
pub(crate) async fn guarded<T>(handler: impl Future<Output = Reply<T>>) -> Reply<T> {
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(reply) => reply,
        Err(panic) => {
            tracing::error!(message = panic_message(panic.as_ref()), "a handler panicked");
            Err(Halt::Fault(Fault::internal()))
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

pub(crate) fn store_fault(error: StoreError) -> Fault {
    if let StoreError::UnknownWorld(world) = &error {
        return Fault::new("UnknownWorld", 404, true, format!("There is no world named {world}."));
    }
    tracing::error!(%error, "the store failed");
    Fault::internal()
}

/// Lets the winner of a conflict finish: a yield at first, then growing naps of up to some milliseconds.
pub(crate) async fn back_off(conflicts: u32) {
    if conflicts < 4 {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(Duration::from_micros(50 << (conflicts / 4).min(6))).await;
    }
}
