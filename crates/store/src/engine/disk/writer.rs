//! The thread that writes the log.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::log::{Item, Shared};
use super::{now, segment};
use crate::{Fsync, StoreError};

/// A new segment. It is on the medium before anything is written to it.
pub(super) fn new_segment(dir: &Path, first: u64) -> Result<File, StoreError> {
    let mut file = File::create(segment::path(dir, first))?;
    file.write_all(&segment::header(first))?;
    file.sync_all()?;
    File::open(dir)?.sync_all()?;
    Ok(file)
}

/// The thread that writes.
pub(super) struct Writer {
    dir: PathBuf,
    file: File,
    written: u64,
    synced: u64,
}

impl Writer {
    /// A writer that goes on with a segment, after a record that is on the medium.
    pub(super) fn new(dir: &Path, file: File, last: u64) -> Writer {
        Writer { dir: dir.to_owned(), file, written: last, synced: last }
    }

    /// Writes what is queued until the log is closed or a write fails.
    pub(super) fn run(&mut self, shared: &Shared) {
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
                    let rest = every.saturating_sub(last_sync.elapsed());
                    if shared.work.wait_for(&mut queue, rest).timed_out() {
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
                    // Before there is a next segment, whatever is asked for: only the last one may have a torn end after a loss of power. The
                    // checkpoint has forced most of it to the medium already, so that this is short.
                    self.file.sync_data()?;
                    self.file = new_segment(&self.dir, first)?;
                }
            }
        }
        self.written = latest;
        Ok(())
    }
}
