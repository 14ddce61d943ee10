//! The request context: all that a handler may touch.

use std::net::IpAddr;
use std::sync::Arc;

use kumoi_model::{Timestamp, Value};
use kumoi_store::{BlobId, Counter, Index, Key, KeyRange, Record, Scope, Staged, StoreError, Table, Tx};
use parking_lot::Mutex;

use crate::arn::Arn;
use crate::body::Prepared;
use crate::timers::{self, Timer};
use crate::{Call, Fault, Halt, Kernel, Principal, Reply, Settings, World};

/// Where the client reached kumoi, for URLs in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port, as the client named them.
    pub host: Arc<str>,
}

/// Who is at the other end of the wire, where a call came over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Where the connection comes from.
    pub address: Option<IpAddr>,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The header `Referer`.
    pub referer: Option<String>,
    /// How the request was signed; `None` if it was not.
    pub signature: Option<Signature>,
    /// The first line of the request as it was sent, such as `GET /bucket/key?acl HTTP/1.1`.
    pub request_line: String,
    /// What protects the connection; `None` if nothing does.
    pub tls: Option<Tls>,
}

/// What protects a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Its version, such as `TLSv1.3`.
    pub version: &'static str,
    /// The suite of ciphers by the name that OpenSSL has for it, such as `ECDHE-RSA-AES128-GCM-SHA256`.
    pub cipher: &'static str,
}

/// How a request was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Where the signature stands.
    pub place: SignaturePlace,
    /// Its algorithm, as it is named in requests, such as `AWS4-HMAC-SHA256`, or `AWS` for version 2.
    pub algorithm: &'static str,
}

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePlace {
    /// In the header `Authorization`.
    Header,
    /// In the query: a presigned request.
    Query,
    /// In a form.
    Form,
}

/// What is known of a call besides its input; shared by all attempts at it.
pub struct CallInfo {
    /// The world it acts in.
    pub world: Arc<World>,
    /// Account and region it acts in.
    pub scope: Scope,
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The access key id that signed it, where there is one.
    pub access_key: Option<Arc<str>>,
    /// The resource on whose behalf a service calls (`aws:SourceArn`).
    pub source_arn: Option<String>,
    /// The request id that the client sees.
    pub request_id: String,
    /// Where the client reached kumoi.
    pub endpoint: Endpoint,
    /// Who is at the other end of the wire; `None` for calls that came otherwise.
    pub client: Option<Arc<Client>>,
    /// The path, decoded, of a request to a bucket's website.
    pub website: Option<Arc<str>>,
    /// Model id of the service.
    pub service: &'static str,
    /// When the call came in, on the world's clock.
    pub received: Timestamp,
}

/// The context of one attempt at an operation: its call, its moment and its transaction.
///
/// Everything written through it commits together after the handler has returned `Ok`, or not at all. Should the commit
/// conflict with another, the handler runs again with a fresh context, so it must have no effect but through this type.
pub struct Cx {
    call: Arc<CallInfo>,
    kernel: Arc<Kernel>,
    now: Timestamp,
    tx: Tx,
    overdue: bool,
    /// What was prepared within or between attempts; see [`crate::body`].
    prepared: Mutex<Option<Prepared>>,
    files: Mutex<Files>,
}

/// Blobs that this transaction is the first, or the last, to name.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) staged: Vec<Arc<Staged>>,
    pub(crate) unnamed: Vec<BlobId>,
}

impl Cx {
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        call: Arc<CallInfo>,
        tx: Tx,
        overdue: bool,
        prepared: Option<Prepared>,
    ) -> Self {
        let now = call.world.clock.now();
        Self { call, kernel, now, tx, overdue, prepared: Mutex::new(prepared), files: Mutex::default() }
    }

    pub(crate) fn into_parts(self) -> (Tx, Files) {
        (self.tx, self.files.into_inner())
    }

    pub(crate) fn prepared(&self) -> Option<Prepared> {
        self.prepared.lock().clone()
    }

    /// Keeps what was prepared within this attempt, for the next.
    pub(crate) fn keep_prepared(&self, prepared: Prepared) {
        *self.prepared.lock() = Some(prepared);
    }

    pub(crate) fn note_staged(&self, staged: Arc<Staged>) {
        self.files.lock().staged.push(staged);
    }

    pub(crate) fn note_unnamed(&self, blob: BlobId) {
        self.files.lock().unnamed.push(blob);
    }

    pub(crate) fn store(&self) -> &kumoi_store::Store {
        self.kernel.store()
    }

    pub(crate) fn md5(&self) -> &crate::md5::Workers {
        self.kernel.md5()
    }

    /// What is known of the call.
    pub fn call_info(&self) -> &CallInfo {
        &self.call
    }

    /// The moment of this attempt on the world's clock; the same throughout the handler.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the call came in. Later than this is [`Cx::now`] when the handler waited.
    pub fn received(&self) -> Timestamp {
        self.call.received
    }

    /// The account the operation acts in: 12 digits.
    pub fn account(&self) -> &str {
        &self.call.scope.account
    }

    /// The region the operation acts in.
    pub fn region(&self) -> &str {
        &self.call.scope.region
    }

    /// Account and region, as the store wants them.
    pub fn scope(&self) -> &Scope {
        &self.call.scope
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        &self.call.principal
    }

    /// The request id.
    pub fn request_id(&self) -> &str {
        &self.call.request_id
    }

    /// Where the client reached kumoi.
    pub fn endpoint(&self) -> &Endpoint {
        &self.call.endpoint
    }

    /// Random ids of the world.
    pub fn ids(&self) -> &crate::ids::Ids {
        &self.call.world.ids
    }

    /// The operator's settings.
    pub fn settings(&self) -> &Settings {
        self.kernel.settings()
    }

    /// An ARN of this service in this account and region: `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (region, account) = (self.region(), self.account());
        Arn { partition: self.partition(), service, region, account, resource }.to_string()
    }

    /// The partition of the region, such as `aws` or `aws-cn`.
    pub fn partition(&self) -> &'static str {
        &kumoi_model::partitions::partition_of(self.region()).id
    }

    /// The transaction itself, for records outside this account and region.
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Reads a record.
    pub async fn get<K: Key, R: Record>(&self, table: &Table<K, R>, key: &K) -> Result<Option<R>, StoreError> {
        self.tx.get(self.scope(), table, key).await
    }

    /// Writes a record.
    pub async fn put<K: Key, R: Record>(&self, table: &Table<K, R>, key: &K, record: &R) -> Result<(), StoreError> {
        self.tx.put(self.scope(), table, key, record).await
    }

    /// Deletes a record; whether there was one.
    pub async fn delete<K: Key, R: Record>(&self, table: &Table<K, R>, key: &K) -> Result<bool, StoreError> {
        self.tx.delete(self.scope(), table, key).await
    }

    /// Reads up to `limit` records in key order.
    pub async fn range<K: Key, R: Record>(
        &self,
        table: &Table<K, R>,
        range: KeyRange<K>,
        limit: usize,
    ) -> Result<Vec<(K, R)>, StoreError> {
        self.tx.range(self.scope(), table, range, limit).await
    }

    /// Reads up to `limit` records in the order of an index.
    pub async fn index<K: Key, R: Record, I: Key>(
        &self,
        table: &Table<K, R>,
        index: &Index<K, R, I>,
        range: KeyRange<I>,
        limit: usize,
    ) -> Result<Vec<(I, K, R)>, StoreError> {
        self.tx.index(self.scope(), table, index, range, limit).await
    }

    /// Adds to a counter, without conflict with others that do.
    pub async fn add<K: Key>(&self, counter: &Counter<K>, key: &K, delta: i64) -> Result<(), StoreError> {
        self.tx.add(self.scope(), counter, key, delta).await
    }

    /// Reads a counter; 0 when nothing was added yet.
    pub async fn counter<K: Key>(&self, counter: &Counter<K>, key: &K) -> Result<i64, StoreError> {
        self.tx.counter(self.scope(), counter, key).await
    }

    /// Sets the timer `name` of this service, account and region, replacing one of that name. See [`timers`].
    pub async fn set_timer(&self, timer: &Timer) -> Result<(), StoreError> {
        timers::set(&self.tx, self.call.service, self.scope(), timer).await
    }

    /// Removes the timer of that name, if it is set.
    pub async fn cancel_timer(&self, name: &str) -> Result<bool, StoreError> {
        timers::cancel(&self.tx, self.call.service, self.scope(), name).await
    }

    /// Records an effect on another service in this transaction. See [`crate::outbox`].
    pub async fn deliver(&self, effect: &crate::outbox::Effect) -> Result<(), StoreError> {
        crate::outbox::push(&self.tx, &self.call, self.now, effect).await
    }

    /// "Nothing to answer yet": `cx.wait(wake, deadline)?` ends this attempt and runs the handler again as soon as anything that
    /// it has read changes, at `wake` on the world's clock, and at the deadline. Returns `Ok` once the deadline has passed, on
    /// the world's clock or by real time; the handler then answers with what there is. While it waits, a request holds no
    /// lock, thread or connection to the store.
    pub fn wait(&self, wake: Option<Timestamp>, deadline: Timestamp) -> Reply<()> {
        if self.overdue || self.now >= deadline {
            return Ok(());
        }
        Err(Halt::Wait { wake: wake.unwrap_or(deadline), deadline })
    }

    /// Calls an operation of another service through the pipeline, at once and in a transaction of its own, as `principal` on
    /// behalf of `source_arn`. For effects that must follow a commit, use [`Cx::deliver`].
    pub async fn call(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        principal: Principal,
        source_arn: Option<String>,
    ) -> Result<Value, Fault> {
        let (model, operation) =
            Kernel::operation(service, operation).ok_or_else(|| Fault::not_implemented(service, operation))?;
        let call = Call {
            world: self.call.world.clone(),
            scope: self.call.scope.clone(),
            principal: Arc::new(principal),
            access_key: None,
            source_arn,
            request_id: self.ids().uuid(),
            endpoint: self.call.endpoint.clone(),
            client: None,
            website: None,
            model,
            operation,
            input,
        };
        self.kernel.dispatch(call).await.result
    }
}
