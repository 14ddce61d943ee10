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
