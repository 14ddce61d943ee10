//! What was asked lately: for `GET /_kumoi/requests` and `kumoi requests --follow`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::CallInfo;
use crate::clock::Stopwatch;
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
    pub(crate) at: Stopwatch,
    pub(crate) took: Duration,
    pub(crate) ignored: Vec<&'static str>,
}

impl From<Finished> for RequestRecord {
    fn from(finished: Finished) -> Self {
        let Finished { call, model, operation, status, code, at: _, took, ignored } = finished;
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

/// Threads write to so many lists in turn, so that they need not wait for each other.
const LISTS: usize = 8;

/// Requests in the order in which they finished.
type List = VecDeque<(Stopwatch, Kept)>;

/// The latest requests, and a feed of new ones. Can be dropped at any moment: it is no state of the cloud.
pub struct Recorder {
    lists: [Mutex<List>; LISTS],
    /// Whether somebody may be following.
    followed: AtomicBool,
    feed: broadcast::Sender<Arc<RequestRecord>>,
}

impl Default for Recorder {
    fn default() -> Self {
        let feed = broadcast::channel(256).0;
        Self { lists: Default::default(), followed: AtomicBool::new(false), feed }
    }
}

/// The number of this thread.
fn thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    THREAD.with(|thread| *thread)
}

impl Recorder {
    /// Remembers one.
    pub fn record(&self, record: RequestRecord) {
        self.keep(Stopwatch::start(), Kept::Record(Arc::new(record)));
    }

    /// Remembers a call.
    pub(crate) fn finished(&self, finished: Finished) {
        self.keep(finished.at, Kept::Call(finished));
    }

    fn keep(&self, finish: Stopwatch, new: Kept) {
        let Some(list) = self.lists.get(thread() % LISTS) else { return };
        let (told, dropped) = {
            let mut list = list.lock();
            // Asked under the lock: who follows from later on finds it among the latest.
            let told = self.followed.load(Ordering::Acquire).then(|| new.clone());
            let dropped = if list.len() >= KEPT { list.pop_front() } else { None };
            list.push_back((finish, new));
            (told, dropped)
        };
        // Freed without the lock.
        drop(dropped);
        if let Some(told) = told
            && self.feed.send(told.record()).is_err()
        {
            self.followed.store(false, Ordering::Release);
            // Somebody may have begun to follow in between.
            if self.feed.receiver_count() > 0 {
                self.followed.store(true, Ordering::Release);
            }
        }
    }

    /// The latest, oldest first, at most `limit`.
    pub fn latest(&self, limit: usize) -> Vec<Arc<RequestRecord>> {
        let limit = limit.min(KEPT);
        let mut latest = Vec::new();
        for list in &self.lists {
            let list = list.lock();
            latest.extend(list.iter().skip(list.len().saturating_sub(limit)).cloned());
        }
        latest.sort_by_key(|(finish, _)| *finish);
        latest.drain(..latest.len().saturating_sub(limit));
        latest.into_iter().map(|(_, kept)| kept.record()).collect()
    }

    /// New ones as they finish; a slow reader misses the oldest.
    pub fn follow(&self) -> broadcast::Receiver<Arc<RequestRecord>> {
        let feed = self.feed.subscribe();
        self.followed.store(true, Ordering::Release);
        feed
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.lists.iter().for_each(|list| list.lock().clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: usize) -> RequestRecord {
        RequestRecord {
            id: id.to_string(),
            time: 0,
            world: String::new(),
            account: String::new(),
            region: String::new(),
            service: String::new(),
            operation: String::new(),
            status: 200,
            code: None,
            principal: String::new(),
            micros: 0,
            ignored: Vec::new(),
        }
    }

    fn ids(records: &[Arc<RequestRecord>]) -> Vec<usize> {
        records.iter().map(|record| record.id.parse().unwrap()).collect()
    }

    #[test]
    fn the_latest_of_all_threads_come_in_order() {
        let recorder = Recorder::default();
        for id in 0..50 {
            std::thread::scope(|scope| drop(scope.spawn(|| recorder.record(record(id)))));
        }
        assert_eq!(ids(&recorder.latest(usize::MAX)), (0..50).collect::<Vec<_>>());
        assert_eq!(ids(&recorder.latest(3)), [47, 48, 49]);
        for id in 0..2 * KEPT {
            recorder.record(record(id));
        }
        assert_eq!(ids(&recorder.latest(usize::MAX)), (KEPT..2 * KEPT).collect::<Vec<_>>());
        recorder.clear();
        assert!(recorder.latest(usize::MAX).is_empty());
    }

    #[test]
    fn followers_are_told_from_when_they_follow() {
        let recorder = Recorder::default();
        recorder.record(record(0));
        for id in 1..3 {
            let mut feed = recorder.follow();
            recorder.record(record(id));
            assert_eq!(feed.try_recv().unwrap().id, id.to_string());
            assert!(feed.try_recv().is_err());
            drop(feed);
            recorder.record(record(9));
        }
    }
}
