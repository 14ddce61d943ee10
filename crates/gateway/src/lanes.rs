//! Threads that serve connections.
//!
//! A connection stays on one thread, its lane, for good. Most requests take microseconds and wait for nothing but the next one; handing them to
//! whichever thread is idle, as a work-stealing runtime does, costs more than it gains, in wake-ups of threads above all. What does take long
//! (hashing much, reading files) is not done on a lane but in the runtime's pool for blocking work.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long work in the pool may outlive its lane.
const LINGER: Duration = Duration::from_secs(2);

/// The lanes; they end when this is dropped, and what they serve with them.
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    _open: DropGuard,
}

struct Lane {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Lanes {
    /// Opens a lane for each processor.
    ///
    /// # Errors
    /// Those of the operating system, when it has no thread or no poll for another.
    pub(crate) fn open() -> io::Result<Self> {
        let closed = CancellationToken::new();
        let count = thread::available_parallelism().map_or(1, usize::from);
        let lanes = (0..count).map(|number| Lane::open(number, closed.clone())).collect::<io::Result<_>>()?;
        Ok(Self { lanes, _open: closed.drop_guard() })
    }

    /// Serves a connection on the lane that has the fewest.
    pub(crate) fn serve(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(lane) = self.lanes.iter().min_by_key(|lane| lane.connections.load(Ordering::Relaxed)) else { return };
        let counted = Counted::new(lane.connections.clone());
        lane.runtime.spawn(async move {
            connection.await;
            drop(counted);
        });
    }
}

impl Lane {
    fn open(number: usize, closed: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new().name(format!("lane-{number}")).spawn(move || {
            runtime.block_on(closed.cancelled());
            runtime.shutdown_timeout(LINGER);
        })?;
        Ok(Self { runtime: handle, connections: Arc::default() })
    }
}

/// A connection, for as long as it is served.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(connections: Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::Relaxed);
        Self(connections)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lanes: &Lanes) -> Vec<usize> {
        lanes.lanes.iter().map(|lane| lane.connections.load(Ordering::Relaxed)).collect()
    }

    #[tokio::test]
    async fn connections_are_spread_and_stay() {
        let lanes = Lanes::open().unwrap();
        let threads = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let (end, ended) = tokio::sync::watch::channel(false);
        let mut over = tokio::task::JoinSet::new();
        for _ in 0..3 * lanes.lanes.len() {
            let (mut ended, threads) = (ended.clone(), threads.clone());
            let (done, is_done) = tokio::sync::oneshot::channel::<()>();
            over.spawn(is_done);
            lanes.serve(async move {
                let before = thread::current().id();
                let _ = ended.wait_for(|ended| *ended).await;
                assert_eq!(thread::current().id(), before);
                threads.lock().push(before);
                drop(done);
            });
        }
        assert_eq!(counts(&lanes), vec![3; lanes.lanes.len()]);
        end.send_replace(true);
        while over.join_next().await.is_some() {}
        let threads = threads.lock();
        let on = |thread| threads.iter().filter(|one| **one == thread).count();
        assert!(threads.iter().all(|thread| on(*thread) == 3), "{threads:?}");
    }

    #[tokio::test]
    async fn what_is_served_ends_with_the_lanes() {
        let lanes = Lanes::open().unwrap();
        let (held, is_held) = tokio::sync::oneshot::channel::<()>();
        lanes.serve(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        drop(lanes);
        assert!(is_held.await.is_err(), "the connection is dropped, not forgotten");
    }
}
