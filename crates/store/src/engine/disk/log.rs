//! The log: one thread writes, for all who commit.
//!
//! A commit adds its record to a queue and waits for its number to be acknowledged. The thread takes all that is queued, writes it as one
//! frame and, where asked, forces it to the medium once: *group commit*. After a write or a sync that failed nobody can say what the file holds, not
//! even by trying again, since the operating system may have dropped the pages and forgotten the error. So the log is *poisoned*: nothing is
//! acknowledged from then on.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::checkpoint::Signal;
use super::record::Record;
use super::segment::Frame;
use super::writer::{Writer, new_segment};
use crate::{Fsync, StoreError};

/// A checkpoint is due when this much was logged since the last.
const CHECKPOINT_BYTES: usize = 64 << 20;

/// The log of a data directory.
#[derive(Debug)]
pub(super) struct Log {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub queue: Mutex<Queue>,
    pub work: Condvar,
    pub progress: watch::Sender<Progress>,
    pub fsync: Fsync,
    /// Told when the segment has grown to the size at which a checkpoint is due.
    full: Arc<Signal>,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub items: VecDeque<Item>,
    /// The number of the next record.
    pub next: u64,
    /// Bytes of the records since the last checkpoint, roughly.
    bytes: usize,
    pub sync: bool,
    pub closed: bool,
}

#[derive(Debug)]
pub(super) enum Item {
    Frame(Frame),
    /// Begin a new segment with this record.
    Rotate(u64),
}

/// How far the log has come. Numbers are those of the last record.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub written: u64,
    pub synced: u64,
    poisoned: Option<Arc<str>>,
}

impl Log {
    /// Begins a new segment and the thread that writes it. `bytes` are in the log already.
    pub(super) fn open(
        dir: &Path,
        next: u64,
        bytes: usize,
        fsync: Fsync,
        full: Arc<Signal>,
    ) -> Result<Log, StoreError> {
        let file = new_segment(dir, next)?;
        Log::start(dir, file, next, bytes, fsync, full)
    }

    fn start(
        dir: &Path,
        file: File,
        next: u64,
        bytes: usize,
        fsync: Fsync,
        full: Arc<Signal>,
    ) -> Result<Log, StoreError> {
        let mut writer = Writer::new(dir, file, next - 1);
        let queue = Queue { items: VecDeque::new(), next, bytes, sync: false, closed: false };
        let progress = Progress { written: next - 1, synced: next - 1, poisoned: None };
        let shared = Arc::new(Shared {
            queue: Mutex::new(queue),
            work: Condvar::new(),
            progress: watch::Sender::new(progress),
            fsync,
            full,
        });
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new().name("kumoi-log".into()).spawn(move || writer.run(&for_thread))?;
        Ok(Log { shared, writer: Mutex::new(Some(thread)) })
    }

    /// Queues a record; its number. Records are written in the order of these calls.
    pub(super) fn append(&self, record: Record<'_>) -> Result<u64, StoreError> {
        self.check()?;
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            return Err(StoreError::Closed);
        }
        let number = queue.next;
        queue.next += 1;
        let encode = |out: &mut Vec<u8>| record.encode(out);
        let size = match queue.items.back_mut() {
            Some(Item::Frame(frame)) if !frame.is_full() => frame.push(encode),
            _ => {
                let mut frame = Frame::new(number);
                let size = frame.push(encode);
                queue.items.push_back(Item::Frame(frame));
                size
            }
        };
        queue.bytes += size;
        let full = queue.bytes >= CHECKPOINT_BYTES;
        drop(queue);
        if full {
            self.shared.full.notify();
        }
        self.shared.work.notify_one();
        Ok(number)
    }

    /// Begins a new segment after what is queued; the number of the last record before it.
    pub(super) fn rotate(&self) -> u64 {
        let mut queue = self.shared.queue.lock();
        let next = queue.next;
        queue.items.push_back(Item::Rotate(next));
        queue.bytes = 0;
        drop(queue);
        self.shared.work.notify_one();
        next - 1
    }

    /// Bytes of the records since the last checkpoint.
    pub(super) fn bytes(&self) -> usize {
        self.shared.queue.lock().bytes
    }

    /// The number of the latest record.
    pub(super) fn latest(&self) -> u64 {
        self.shared.queue.lock().next - 1
    }

    /// Whether records can still be acknowledged.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &self.shared.progress.borrow().poisoned {
            Some(why) => Err(StoreError::Poisoned(why.to_string())),
            None => Ok(()),
        }
    }

    /// Resolves when a record is as durable as was asked for.
    pub(super) async fn acknowledged(&self, number: u64) -> Result<(), StoreError> {
        let always = self.shared.fsync == Fsync::Always;
        self.reached(|progress| if always { progress.synced >= number } else { progress.written >= number }).await
    }

    /// Resolves when everything up to now is on the medium.
    pub(super) async fn synced(&self) -> Result<(), StoreError> {
        let number = {
            let mut queue = self.shared.queue.lock();
            queue.sync = true;
            queue.next - 1
        };
        self.shared.work.notify_one();
        self.reached(|progress| progress.synced >= number).await
    }

    async fn reached(&self, far_enough: impl Fn(&Progress) -> bool) -> Result<(), StoreError> {
        {
            let progress = self.shared.progress.borrow();
            if progress.poisoned.is_none() && far_enough(&progress) {
                return Ok(());
            }
        }
        let mut progress = self.shared.progress.subscribe();
        let reached = progress.wait_for(|progress| progress.poisoned.is_some() || far_enough(progress)).await;
        match reached {
            Ok(progress) => match &progress.poisoned {
                Some(why) => Err(StoreError::Poisoned(why.to_string())),
                None => Ok(()),
            },
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// Nothing is acknowledged from now on.
    pub(super) fn poison(&self, error: &StoreError) {
        self.shared.poison(&error.to_string());
    }

    /// Writes and forces to the medium what is queued, and ends the thread.
    pub(super) fn close(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.writer.lock().take() {
            // The thread does not panic; if it did, nothing more can be done here.
            let _ = thread.join();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    pub(super) fn poison(&self, why: &str) {
        tracing::error!(%why, "writing to the data directory failed; nothing is accepted until a restart");
        self.progress.send_modify(|progress| {
            progress.poisoned.get_or_insert_with(|| why.into());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorldId;
    use crate::engine::disk::segment;

    async fn append(log: &Log) -> Result<u64, StoreError> {
        let number = log.append(Record::Reset(&WorldId::default()))?;
        log.acknowledged(number).await?;
        Ok(number)
    }

    #[tokio::test]
    async fn nothing_is_acknowledged_after_a_failed_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        File::create(&path).unwrap();
        for fsync in [Fsync::Always, Fsync::Never] {
            // A file that cannot be written stands for a medium that fails.
            let log = Log::start(dir.path(), File::open(&path).unwrap(), 1, 0, fsync, Arc::default()).unwrap();
            for _ in 0..3 {
                assert!(matches!(append(&log).await, Err(StoreError::Poisoned(_))));
            }
            assert!(matches!(log.synced().await, Err(StoreError::Poisoned(_))));
            assert!(log.check().is_err());
        }
    }

    #[tokio::test]
    async fn a_poisoned_log_stays_poisoned() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), 1, 0, Fsync::Always, Arc::default()).unwrap();
        assert_eq!(append(&log).await, Ok(1));
        log.poison(&StoreError::Closed);
        assert!(matches!(append(&log).await, Err(StoreError::Poisoned(_))));
    }

    #[tokio::test]
    async fn records_are_numbered_across_segments() {
        let dir = tempfile::tempdir().unwrap();
        let log =
            Log::open(dir.path(), 5, 0, Fsync::Interval(std::time::Duration::from_millis(1)), Arc::default()).unwrap();
        assert_eq!(append(&log).await, Ok(5));
        assert_eq!(log.rotate(), 5);
        assert_eq!(append(&log).await, Ok(6));
        log.synced().await.unwrap();
        log.close();
        assert_eq!(append(&log).await, Err(StoreError::Closed));
        let firsts: Vec<u64> = segment::list(dir.path()).unwrap().into_iter().map(|(first, _)| first).collect();
        assert_eq!(firsts, [5, 6]);
    }
}
