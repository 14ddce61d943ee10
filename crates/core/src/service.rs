//! What a service is to the rest of the house.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use kumoi_model::{Operation, Value};

use crate::timers::Timer;
use crate::{Cx, Fault, Physics, Reply};

/// A boxed future, as the object-safe [`Service`] needs it.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// One operation that a service has built.
#[derive(Clone, Copy, Debug)]
pub struct OperationSpec {
    /// Name in the model.
    pub name: &'static str,
    /// Input members that it accepts but does not honour yet, as dotted paths of member names; with `=VALUE` behind it, that
    /// value of a text alone. A request that uses one is answered with the header `x-kumoi-ignored`, and `kumoi coverage` lists it.
    pub ignored: &'static [&'static str],
}

/// How a service words a violated constraint of its model.
#[derive(Clone, Copy, Debug)]
pub enum ValidationStyle {
    /// The usual form: this code (`ValidationException`, `ValidationError`), status 400, and a message that lists all
    /// violations.
    Listed {
        /// The error code.
        code: &'static str,
    },
    /// The service's own form, from the first violation for which there is one. `None` lets a violation pass, where the service
    /// itself judges the value (such as a name that its model's enumeration lacks).
    Own(fn(&kumoi_model::validate::Violation) -> Option<Fault>),
}

/// The facts of a coded service beyond its model.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// The model's id, such as `sqs`.
    pub model: &'static str,
    /// Operations that are built.
    pub operations: &'static [OperationSpec],
    /// How violated constraints are worded.
    pub validation: ValidationStyle,
}

/// An environment variable of LocalStack's that concerns one service. What the service honours it finds in
/// [`Settings::options`](crate::Settings::options).
#[derive(Clone, Copy, Debug)]
pub struct ServiceOption {
    /// Its name, without the prefix `LOCALSTACK_`.
    pub name: &'static str,
    /// What becomes of it.
    pub effect: OptionEffect,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug)]
pub enum OptionEffect {
    /// The service honours it.
    Honoured,
    /// The service honours these values.
    OneOf {
        /// The values.
        values: &'static [&'static str],
        /// What the operator is told of any other.
        otherwise: &'static str,
    },
    /// What it asks for is so anyway, for this reason.
    Needless(&'static str),
}

/// What a request says beyond its decoded input, for [`Service::adapt`].
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The `Host` header, with port.
    pub host: &'a str,
    /// The path as sent.
    pub path: &'a str,
    /// The query as sent, without `?`.
    pub query: &'a str,
    /// Whether it came over one of the query protocols.
    pub query_protocol: bool,
}

/// What a request says beyond its decoded input, for [`Service::inspect`].
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// Headers, by name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body, where the operation does not stream it.
    pub document: Option<&'a [u8]>,
}

/// What the front of a service asks of a request before anything is decoded, and adds to answers, where that differs from the house.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    /// Most bytes of a body, as it was sent and as it is once it is expanded. What is longer is refused with status 413.
    pub body: u64,
    /// Most bytes of the path with its query, and of all headers. What is longer is refused with status 400.
    pub head: usize,
    /// The service answers at `/` alone.
    pub root_only: bool,
    /// The code, with status 500, for bodies whose `Content-Encoding` is unknown, or that do not have it.
    pub encoding: &'static str,
    /// Answers of so many bytes and more are compressed for clients that say in `Accept-Encoding` that they take it.
    pub compressed: usize,
    /// What answers have in the header `Server`. They also tell the CRC-32 of their body in `x-amz-crc32`.
    pub server: &'static str,
}

/// A coded service. `kumoi-codegen` generates the typed face (`Api`, `dispatch`) that implementations delegate to.
pub trait Service: Send + Sync + 'static {
    /// The facts.
    fn descriptor(&self) -> &'static Descriptor;

    /// Runs one operation of [`Descriptor::operations`] in the transaction of `cx`.
    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>>;

    /// Whether it takes note of operations that fail: [`Service::failed`].
    fn notes_failures(&self) -> bool {
        false
    }

    /// An operation has ended with this fault, and nothing that it wrote is kept. Who keeps account of requests writes it down here, in a transaction of
    /// its own, which is committed before the client hears of the fault; of one that succeeds [`Service::call`] does so, in the same transaction. What
    /// goes wrong here is logged and changes nothing for the client. The input need not keep to the model: that may be what the fault is about.
    fn failed<'a>(
        &'a self,
        cx: &'a Cx,
        operation: &'a str,
        input: &'a Value,
        fault: &'a Fault,
    ) -> Future<'a, Reply<()>> {
        let _ = (cx, operation, input, fault);
        Box::pin(async { Ok(()) })
    }

    /// A timer of this service fell due. It runs in a transaction of its own, in which the timer is already removed.
    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        let _ = cx;
        tracing::error!(kind = %timer.kind, "a timer fell due for a service that has none");
        Box::pin(async { Ok(()) })
    }

    /// Sets which limits bite at the resource of that name, in the scope of `cx`, whatever the settings say; `None` leaves it to them again.
    fn bend<'a>(&'a self, cx: &'a Cx, resource: &'a str, physics: Option<Physics>) -> Future<'a, Reply<()>> {
        let _ = (cx, resource, physics);
        let message = format!("No limit bites at resources of {}.", self.descriptor().model);
        Box::pin(async { Err(Fault::new("NotImplemented", 501, true, message).into()) })
    }

    /// What its front asks of requests and adds to answers, where that differs from the house.
    fn front(&self) -> Option<&'static Front> {
        None
    }

    /// The options that concern the service.
    fn options(&self) -> &'static [ServiceOption] {
        &[]
    }

    /// Whether it answers requests to websites ([`Call::website`](crate::Call::website)).
    fn serves_websites(&self) -> bool {
        false
    }

    /// Refuses a request for what its decoded input does not tell: a digest of its document, or a header that the operation does not take.
    ///
    /// # Errors
    /// Why it is refused.
    fn inspect(&self, operation: &Operation, sent: Sent<'_>) -> Result<(), Fault> {
        let _ = (operation, sent);
        Ok(())
    }

    /// Completes an input by what only the request's path, query or host says (such as the queue of an older query request).
    fn adapt(&self, operation: &str, incoming: Incoming<'_>, input: &mut Value) {
        let _ = (operation, incoming, input);
    }
}

/// The one list of coded services.
#[derive(Clone, Default)]
pub struct Registry {
    services: BTreeMap<&'static str, Arc<dyn Service>>,
}

impl Registry {
    /// Registers the services; a later one of the same model replaces an earlier.
    pub fn new(services: Vec<Arc<dyn Service>>) -> Self {
        Self { services: services.into_iter().map(|service| (service.descriptor().model, service)).collect() }
    }

    /// The coded service of that model id.
    pub fn get(&self, model: &str) -> Option<&Arc<dyn Service>> {
        self.services.get(model)
    }

    /// All of them, by model id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Service>> {
        self.services.values()
    }
}
