//! What was asked lately: for `GET /_kumoi/requests` and `kumoi requests --follow`.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;

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

/// How many requests are remembered.
const KEPT: usize = 1000;

/// The latest requests, and a feed of new ones. Can be dropped at any moment: it is no state of the cloud.
pub struct Recorder {
    kept: Mutex<VecDeque<Arc<RequestRecord>>>,
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
        let record = Arc::new(record);
        let dropped = {
            let mut kept = self.kept.lock();
            let dropped = if kept.len() >= KEPT { kept.pop_front() } else { None };
            kept.push_back(record.clone());
            dropped
        };
        drop(dropped);
        if self.feed.receiver_count() > 0 {
            let _ = self.feed.send(record);
        }
    }

    /// The latest, oldest first, at most `limit`.
    pub fn latest(&self, limit: usize) -> Vec<Arc<RequestRecord>> {
        let kept = self.kept.lock();
        kept.iter().skip(kept.len().saturating_sub(limit)).cloned().collect()
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
