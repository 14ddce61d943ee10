//! MD5 of long bodies, which is the entity tag of an S3 object.
//!
//! It is what costs most of an upload, and it cannot be computed in parts. But a processor computes that of several bodies in hardly more time than that of
//! one ([`lanes`]). So bodies that arrive at the same time are handed to workers, who take of as many as they can as much as is there.

mod lanes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;

use bytes::{Buf as _, Bytes};
use parking_lot::Mutex;
use tokio::sync::Notify;

use lanes::{BLOCK, Lane, MOST, START, State};

/// Bytes that are handed on at once.
const GATHERED: usize = 128 << 10;

/// Bytes of one body that wait for a worker at most, before more are taken from its client.
const WAITING: usize = 256 << 10;

/// Blocks that a lone body is computed on for before a look at who else has come.
const ALONE: usize = (16 << 10) / BLOCK;

/// Blocks of each of several bodies.
const TOGETHER: usize = (64 << 10) / BLOCK;

/// Who computes. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: Mutex<Queue>,
    /// Workers at a time: others leave bodies time to gather, and processors to those who read them.
    most: usize,
}

#[derive(Debug, Default)]
struct Queue {
    /// Bodies of which there is something to do.
    ready: VecDeque<Arc<Body>>,
    workers: usize,
}

#[derive(Debug)]
struct Body {
    progress: Mutex<Progress>,
    /// Told when a worker has come further.
    further: Notify,
}

#[derive(Debug)]
struct Progress {
    feed: Feed,
    /// Bytes in the feed, those that a worker has taken included: it may put most of them back.
    waiting: usize,
    /// In the queue, or in the hands of a worker.
    queued: bool,
}

/// What is to be computed next of a body.
#[derive(Clone, Debug)]
struct Feed {
    state: State,
    /// A block that is in more than one piece, as far as it is there.
    block: [u8; BLOCK],
    filled: usize,
    pieces: VecDeque<Bytes>,
}

/// The MD5 of a body that is arriving.
#[derive(Debug)]
pub(crate) struct Running {
    workers: Workers,
    body: Arc<Body>,
    gathered: Vec<Bytes>,
    pending: usize,
    size: u64,
}

impl Default for Workers {
    fn default() -> Self {
        let most = thread::available_parallelism().map_or(1, |count| (count.get() / 2).max(1));
        Self { inner: Arc::new(Inner { queue: Mutex::default(), most }) }
    }
}

impl Workers {
    /// Begins a body.
    pub(crate) fn start(&self) -> Running {
        let feed = Feed { state: START, block: [0; BLOCK], filled: 0, pieces: VecDeque::new() };
        let progress = Mutex::new(Progress { feed, waiting: 0, queued: false });
        let body = Arc::new(Body { progress, further: Notify::new() });
        Running { workers: self.clone(), body, gathered: Vec::new(), pending: 0, size: 0 }
    }

    fn queue(&self, body: Arc<Body>) {
        let mut queue = self.inner.queue.lock();
        queue.ready.push_back(body);
        if queue.workers < self.inner.most {
            queue.workers += 1;
            let inner = self.inner.clone();
            tokio::task::spawn_blocking(move || inner.work());
        }
    }
}

impl Running {
    /// Takes note of the next bytes; waits while too many wait.
    pub(crate) async fn update(&mut self, piece: Bytes) {
        self.size += piece.len() as u64;
        self.pending += piece.len();
        self.gathered.push(piece);
        if self.pending >= GATHERED {
            self.hand_on();
            while self.body.progress.lock().waiting > WAITING {
                self.body.further.notified().await;
            }
        }
    }

    fn hand_on(&mut self) {
        let mut progress = self.body.progress.lock();
        progress.waiting += std::mem::take(&mut self.pending);
        progress.feed.pieces.extend(self.gathered.drain(..));
        if !std::mem::replace(&mut progress.queued, true) {
            drop(progress);
            self.workers.queue(self.body.clone());
        }
    }

    /// The MD5 of all bytes.
    pub(crate) async fn finish(mut self) -> [u8; 16] {
        self.hand_on();
        let mut feed = loop {
            {
                let progress = self.body.progress.lock();
                if !progress.queued {
                    break progress.feed.clone();
                }
            }
            self.body.further.notified().await;
        };
        // RFC 1321, 3.1 and 3.2: a one, zeros up to the last 8 bytes of a block, and the length in bits.
        let zeros = (2 * BLOCK - 9 - feed.filled) % BLOCK;
        let mut padding = vec![0; 1 + zeros];
        padding.splice(..1, [0x80]);
        padding.extend_from_slice(&self.size.wrapping_mul(8).to_le_bytes());
        feed.pieces.push_back(padding.into());
        while let Some(lane) = feed.lane() {
            let count = lanes::advance(&mut [lane], usize::MAX);
            feed.pass(count);
        }
        let mut md5 = [0; 16];
        for (bytes, word) in md5.as_chunks_mut::<4>().0.iter_mut().zip(feed.state) {
            *bytes = word.to_le_bytes();
        }
        md5
    }
}

impl Inner {
    /// Computes until nothing is ready.
    fn work(&self) {
        loop {
            let bodies: Vec<_> = {
                let mut queue = self.queue.lock();
                let count = queue.ready.len().min(MOST);
                if count == 0 {
                    queue.workers -= 1;
                    return;
                }
                queue.ready.drain(..count).collect()
            };
            let mut feeds: Vec<_> = bodies.iter().map(|body| body.take()).collect();
            advance(&mut feeds);
            for (body, feed) in bodies.into_iter().zip(feeds) {
                if body.put_back(feed) {
                    self.queue.lock().ready.push_back(body);
                }
            }
        }
    }
}

/// Computes side by side until only few would go on, or for long enough that others may have come: what is left is better done beside them.
fn advance(feeds: &mut [Feed]) {
    let all = feeds.len();
    let mut left = if all == 1 { ALONE } else { TOGETHER };
    while left > 0 {
        let mut lanes: Vec<_> = feeds.iter_mut().filter_map(Feed::lane).collect();
        if lanes.is_empty() || lanes.len() * 2 < all {
            return;
        }
        let count = lanes::advance(&mut lanes, left);
        left -= count;
        feeds.iter_mut().for_each(|feed| feed.pass(count));
    }
}

impl Body {
    /// What is to be done.
    fn take(&self) -> Feed {
        let mut progress = self.progress.lock();
        let empty = Feed { pieces: VecDeque::new(), ..progress.feed };
        std::mem::replace(&mut progress.feed, empty)
    }

    /// Puts back what was done, and what was left undone; true when there is more to do.
    fn put_back(&self, mut done: Feed) -> bool {
        let mut progress = self.progress.lock();
        done.pieces.append(&mut progress.feed.pieces);
        let more = !done.pieces.is_empty();
        progress.waiting = done.pieces.iter().map(Bytes::len).sum();
        progress.feed = done;
        progress.queued = more;
        self.further.notify_one();
        more
    }
}

impl Feed {
    /// The next blocks; `None` when no whole one is there.
    fn lane(&mut self) -> Option<Lane<'_>> {
        loop {
            let front = self.pieces.front_mut();
            let short = front.as_ref().is_none_or(|piece| piece.len() < BLOCK);
            if self.filled == BLOCK || (self.filled == 0 && !short) {
                break;
            }
            let piece = front?;
            let room = self.block.get_mut(self.filled..).unwrap_or_default();
            let count = room.len().min(piece.len());
            piece.copy_to_slice(room.get_mut(..count)?);
            self.filled += count;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        let blocks = match self.filled {
            0 => self.pieces.front()?.as_chunks().0,
            _ => std::slice::from_ref(&self.block),
        };
        Some(Lane { state: &mut self.state, blocks })
    }

    /// Leaves behind so many of the blocks that [`Feed::lane`] gave, if it gave any.
    fn pass(&mut self, blocks: usize) {
        if self.filled == BLOCK {
            self.filled = 0;
        } else if self.filled == 0
            && let Some(piece) = self.pieces.front_mut()
        {
            piece.advance(piece.len().min(blocks * BLOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use ::md5::{Digest as _, Md5};

    use super::*;

    /// Bytes that look alike nowhere.
    fn bytes(seed: u64, size: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(size).collect()
    }

    async fn computed(workers: Workers, seed: u64, size: usize) {
        let all = Bytes::from(bytes(seed, size));
        let (mut running, mut left, mut length) = (workers.start(), all.clone(), seed as usize + 1);
        while !left.is_empty() {
            length = (length * 7919 + 13) % 70_001;
            running.update(left.split_to(length.min(left.len()))).await;
        }
        assert_eq!(running.finish().await, <[u8; 16]>::from(Md5::digest(&all)), "{seed} {size}");
    }

    #[tokio::test]
    async fn one_body_has_its_md5() {
        for size in (0..200).chain([GATHERED, GATHERED + 1, 3 * WAITING + 5]) {
            computed(Workers::default(), 1, size).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn bodies_at_the_same_time_each_have_their_own() {
        for count in [2, 3, 5, 8, 20] {
            let workers = Workers::default();
            let mut all = tokio::task::JoinSet::new();
            for seed in 0..count {
                all.spawn(computed(workers.clone(), seed, 300_000 * (seed as usize % 4) + 1_000_000 + seed as usize));
            }
            all.join_all().await;
            assert_eq!(workers.inner.queue.lock().ready.len(), 0);
        }
    }
}
