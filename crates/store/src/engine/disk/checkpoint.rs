//! The thread that makes checkpoints: it moves what the log and the overlays hold into the base, and deletes the log up to there.
//!
//! 1. Force the log to the medium, so that its next segment can begin without delay. Under the lock of the worlds: set every overlay aside, begin a new segment of the log. What is set aside is all up to one record.
//! 2. Write it into the base, in one transaction, with the number of that record.
//! 3. Under the lock again: let every world read the new base instead of what was set aside.
//! 4. Delete the segments before.
//!
//! A crash between any two of them loses nothing: until 2 is durable the old segments are there, and after it replay skips them.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::base::View;
use super::{Disk, fold, now, segment};
use crate::StoreError;
use crate::engine::core::Core;

/// What was logged is moved into the base after this time at the latest, so that a start has little to replay.
const EVERY: Duration = Duration::from_secs(60);

/// Wakes the thread.
#[derive(Debug, Default)]
pub(super) struct Signal {
    state: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    checkpoint: bool,
    stop: bool,
}

impl Signal {
    pub(super) fn notify(&self) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.checkpoint, true) {
            self.changed.notify_one();
        }
    }

    fn stop(&self) {
        self.state.lock().stop = true;
        self.changed.notify_one();
    }

    /// Waits until a checkpoint is due; `false` when the thread is to end.
    fn wait(&self) -> bool {
        let deadline = now() + EVERY;
        let mut state = self.state.lock();
        while !state.checkpoint && !state.stop && !self.changed.wait_until(&mut state, deadline).timed_out() {}
        state.checkpoint = false;
        !state.stop
    }
}

/// The thread, for as long as the engine is open.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    signal: Arc<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Checkpointer {
    pub(crate) fn start(core: &Arc<Core>, disk: &Disk) -> Result<Checkpointer, StoreError> {
        let (signal, core) = (disk.signal.clone(), Arc::downgrade(core));
        let for_thread = signal.clone();
        let thread = std::thread::Builder::new().name("kumoi-base".into()).spawn(move || run(&for_thread, &core))?;
        Ok(Checkpointer { signal, thread: Mutex::new(Some(thread)) })
    }

    /// Tells the thread to end after what it is doing.
    pub(crate) fn ask_to_stop(&self) {
        self.signal.stop();
    }

    fn stop(&self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.lock().take() {
            // The thread does not panic; if it did, the log still has everything.
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(signal: &Signal, core: &Weak<Core>) {
    while signal.wait() {
        let Some(core) = core.upgrade() else { return };
        if let Some(disk) = core.disk() {
            // A failure has poisoned the log: every caller is told.
            let _ = checkpoint(&core, disk);
        }
    }
}

/// Makes a checkpoint, if there is anything to move.
pub(crate) fn checkpoint(core: &Core, disk: &Disk) -> Result<(), StoreError> {
    // What was set aside is still in memory and in the log after a failure, but it cannot be set aside twice.
    try_checkpoint(core, disk).inspect_err(|error| disk.log.poison(error))
}

fn try_checkpoint(core: &Core, disk: &Disk) -> Result<(), StoreError> {
    let database = disk.database.lock();
    let Some(database) = &*database else { return Ok(()) };
    if disk.log.bytes() == 0 || disk.log.check().is_err() {
        return Ok(());
    }
    let started = now();
    if let Some((_, path)) = segment::list(&disk.dir)?.last() {
        // Beside the thread that writes: nobody waits for this.
        std::fs::File::options().append(true).open(path)?.sync_data()?;
    }
    let cut = core.cut(disk);
    let merged = fold::fold(database, &cut)?;
    let view = View::new(database)?;
    // Freed outside of the lock.
    let set_aside = core.read_base(disk, &view, &merged);
    drop(set_aside);
    // Oldest first: a crash halfway leaves no gap.
    for (first, path) in segment::list(&disk.dir)? {
        if first <= cut.applied {
            std::fs::remove_file(path)?;
        }
    }
    tracing::debug!(applied = cut.applied, elapsed = ?started.elapsed(), "checkpoint");
    Ok(())
}
