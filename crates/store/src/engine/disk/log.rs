//! The log: one thread writes, for all who commit.
//!
//! A commit adds its record to a queue and waits for its number to be acknowledged. The thread takes all that is queued, writes it as one
//! frame and, where asked, forces it to the medium once: *group commit*. After a write or a sync that failed nobody can say what the file holds, not
//! even by trying again, since the operating system may have dropped the pages and forgotten the error. So the log is *poisoned*: nothing is
//! acknowledged from then on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::checkpoint::Signal;
use super::now;
use super::record::Record;
use super::segment::{self, Frame};
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
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    progress: watch::Sender<Progress>,
    fsync: Fsync,
    /// Told when the segment has grown to the size at which a checkpoint is due.
    full: Arc<Signal>,
}

#[derive(Debug)]
struct Queue {
    items: VecDeque<Item>,
    /// The number of the next record.
    next: u64,
    /// Bytes queued since the segment began, roughly.
    bytes: usize,
    sync: bool,
    closed: bool,
}

#[derive(Debug)]
enum Item {
    Frame(Frame),
    /// Begin a new segment with this record.
    Rotate(u64),
}

/// How far the log has come. Numbers are those of the last record.
#[derive(Clone, Debug, Default)]
struct Progress {
    written: u64,
    synced: u64,
    poisoned: Option<Arc<str>>,
}

impl Log {
    /// Begins a new segment and the thread that writes it.
    pub(super) fn open(dir: &Path, next: u64, fsync: Fsync, full: Arc<Signal>) -> Result<Log, StoreError> {
        let file = new_segment(dir, next)?;
        Log::start(dir, file, next, fsync, full)
    }

    fn start(dir: &Path, file: File, next: u64, fsync: Fsync, full: Arc<Signal>) -> Result<Log, StoreError> {
        let mut writer = Writer { dir: dir.to_owned(), file, before: None, written: next - 1, synced: next - 1 };
        let queue = Queue { items: VecDeque::new(), next, bytes: 0, sync: false, closed: false };
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

    /// Bytes since the segment began.
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
    fn poison(&self, why: &str) {
        tracing::error!(%why, "writing to the data directory failed; nothing is accepted until a restart");
        self.progress.send_modify(|progress| {
            progress.poisoned.get_or_insert_with(|| why.into());
        });
    }
}

/// A new segment. It is on the medium before anything is written to it.
fn new_segment(dir: &Path, first: u64) -> Result<File, StoreError> {
    let mut file = File::create(segment::path(dir, first))?;
    file.write_all(&segment::header(first))?;
    file.sync_all()?;
    File::open(dir)?.sync_all()?;
    Ok(file)
}

/// The thread that writes.
struct Writer {
    dir: PathBuf,
    file: File,
    /// The segment before, until what it has is on the medium. Syncing it at once would keep everybody waiting.
    before: Option<File>,
    written: u64,
    synced: u64,
}

impl Writer {
    fn run(&mut self, shared: &Shared) {
        let mut last_sync = now();
        loop {
            let (items, latest, sync, closed) = self.next_work(shared, last_sync);
            let outcome = self.write(items, latest).and_then(|()| {
                let due = match shared.fsync {
                    Fsync::Always => true,
                    Fsync::Interval(every) => last_sync.elapsed() >= every,
                    Fsync::Never => false,
                };
                if (due || sync || closed) && self.synced < self.written {
                    if let Some(before) = self.before.take() {
                        before.sync_data()?;
                    }
                    self.file.sync_data()?;
                    self.synced = self.written;
                    last_sync = now();
                }
                Ok(())
            });
            if let Err(error) = outcome {
                shared.poison(&error.to_string());
                return;
            }
            shared.progress.send_modify(|progress| {
                progress.written = self.written;
                progress.synced = self.synced;
            });
            if closed {
                return;
            }
        }
    }

    /// Waits for something to do: what to write, the number of its last record, whether to force it to the medium, and whether that is all.
    fn next_work(&self, shared: &Shared, last_sync: Instant) -> (VecDeque<Item>, u64, bool, bool) {
        let mut queue = shared.queue.lock();
        while queue.items.is_empty() && !queue.sync && !queue.closed {
            match shared.fsync {
                Fsync::Interval(every) if self.synced < self.written => {
                    if shared.work.wait_until(&mut queue, last_sync + every).timed_out() {
                        break;
                    }
                }
                _ => shared.work.wait(&mut queue),
            }
        }
        let items = std::mem::take(&mut queue.items);
        (items, queue.next - 1, std::mem::take(&mut queue.sync), queue.closed)
    }

    fn write(&mut self, items: VecDeque<Item>, latest: u64) -> Result<(), StoreError> {
        for item in items {
            match item {
                Item::Frame(frame) => self.file.write_all(&frame.seal())?,
                Item::Rotate(first) => {
                    let before = std::mem::replace(&mut self.file, new_segment(&self.dir, first)?);
                    // The one before that, if it is still here, is in the base by now: there is one checkpoint at a time.
                    self.before = Some(before);
                }
            }
        }
        self.written = latest;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorldId;

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
            let log = Log::start(dir.path(), File::open(&path).unwrap(), 1, fsync, Arc::default()).unwrap();
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
        let log = Log::open(dir.path(), 1, Fsync::Always, Arc::default()).unwrap();
        assert_eq!(append(&log).await, Ok(1));
        log.poison(&StoreError::Closed);
        assert!(matches!(append(&log).await, Err(StoreError::Poisoned(_))));
    }

    #[tokio::test]
    async fn records_are_numbered_across_segments() {
        let dir = tempfile::tempdir().unwrap();
        let log =
            Log::open(dir.path(), 5, Fsync::Interval(std::time::Duration::from_millis(1)), Arc::default()).unwrap();
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
