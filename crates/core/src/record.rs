//! What was asked lately: for `GET /_kumoi/requests` and `kumoi requests --follow`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::CallInfo;
use crate::kernel::operation_name;

/// One finished request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestRecord {
    /// Request id.
    pub id: String,
    /// When it came in, on its world's clock, in milliseconds since 1970.
    pub time: i64,
    /// World.
    pub world: String,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Model id of the service.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// HTTP status.
    pub status: u16,
    /// Error code, where it failed.
    pub code: Option<String>,
    /// Who asked.
    pub principal: String,
    /// Real microseconds from the decoded request to the answer.
    pub micros: u64,
    /// Input members that were accepted and not honoured.
    pub ignored: Vec<String>,
}

/// A call that is over, as the kernel knows it; few are ever read, so the record is made when one is.
#[derive(Clone)]
pub(crate) struct Finished {
    pub(crate) call: Arc<CallInfo>,
    pub(crate) model: &'static kumoi_model::Service,
    /// The operation, by its index in the model.
    pub(crate) operation: usize,
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) took: Duration,
    pub(crate) ignored: Vec<&'static str>,
}

impl From<Finished> for RequestRecord {
    fn from(finished: Finished) -> Self {
        let Finished { call, model, operation, status, code, took, ignored } = finished;
        Self {
            id: call.request_id.clone(),
            time: call.received.millis(),
            world: call.world.id.to_string(),
            account: call.scope.account.to_string(),
            region: call.scope.region.to_string(),
            service: model.id.clone(),
            operation: operation_name(model, operation).to_owned(),
            status,
            code,
            principal: call.principal.arn.clone(),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            ignored: ignored.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// A remembered request.
#[derive(Clone)]
enum Kept {
    /// It reached the kernel.
    Call(Finished),
    /// It was refused before.
    Record(Arc<RequestRecord>),
}

impl Kept {
    fn record(self) -> Arc<RequestRecord> {
        match self {
            Self::Call(finished) => Arc::new(finished.into()),
            Self::Record(record) => record,
        }
    }
}

/// How many requests are remembered.
const KEPT: usize = 1000;

/// The latest requests, and a feed of new ones. Can be dropped at any moment: it is no state of the cloud.
pub struct Recorder {
    kept: Mutex<VecDeque<Kept>>,
    feed: broadcast::Sender<Arc<RequestRecord>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { kept: Mutex::new(VecDeque::with_capacity(64)), feed: broadcast::channel(256).0 }
    }
}

impl Recorder {
    /// Remembers one.
    pub fn record(&self, record: RequestRecord) {
        self.keep(Kept::Record(Arc::new(record)));
    }

    /// Remembers a call.
    pub(crate) fn finished(&self, finished: Finished) {
        self.keep(Kept::Call(finished));
    }

    fn keep(&self, new: Kept) {
        let (told, dropped) = {
            let mut kept = self.kept.lock();
            // Asked under the lock: who follows from later on finds it among the latest.
            let told = (self.feed.receiver_count() > 0).then(|| new.clone());
            let dropped = if kept.len() >= KEPT { kept.pop_front() } else { None };
            kept.push_back(new);
            (told, dropped)
        };
        // Freed without the lock.
        drop(dropped);
        if let Some(told) = told {
            let _ = self.feed.send(told.record());
        }
    }

    /// The latest, oldest first, at most `limit`.
    pub fn latest(&self, limit: usize) -> Vec<Arc<RequestRecord>> {
        let latest: Vec<_> = {
            let kept = self.kept.lock();
            kept.iter().skip(kept.len().saturating_sub(limit)).cloned().collect()
        };
        latest.into_iter().map(Kept::record).collect()
    }

    /// New ones as they finish; a slow reader misses the oldest.
    pub fn follow(&self) -> broadcast::Receiver<Arc<RequestRecord>> {
        self.feed.subscribe()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.kept.lock().clear();
    }
}
