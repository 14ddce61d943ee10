//! Bodies that are streamed: kept outside the transaction, and named by its records.
//!
//! A handler may run more than once, and a stream can be read but once. So `cx.receive(stream, …)?` ends the first attempt, reads the stream while no
//! transaction is open, and runs the handler again with what was [received](Received). A small body is kept in the record itself, a large one as
//! a blob. How many records of a world name a blob is counted with every change; a blob that no world names any more is removed.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ::md5::{Digest as _, Md5};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _};
use kumoi_model::{ByteStream, StreamError};
use kumoi_store::{BlobId, BlobReader, BlobWriter, Blobs, NAMED, Scope, Staged, StoreError, named_blobs};
use serde::{Deserialize, Serialize};

use crate::md5::{Running, Workers};
use crate::{Cx, Fault, Halt, Kernel, Reply};

/// The largest body that is kept in a record, in bytes.
const INLINE: usize = 32 << 10;

/// Looks at a body as it is received.
pub trait Watch: Send + 'static {
    /// What it makes of it.
    type Seen: Send + Sync + 'static;

    /// Takes note of the next bytes.
    ///
    /// # Errors
    /// What is wrong with them; no more are read.
    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// Draws the conclusion, once all bytes are seen, whose MD5 is this.
    ///
    /// # Errors
    /// What is wrong with the body.
    fn end(self, md5: [u8; 16]) -> Result<Self::Seen, Fault>;
}

/// A body that was received.
#[derive(Debug)]
pub struct Received<S> {
    /// Its size in bytes.
    pub size: u64,
    /// What was made of it.
    pub seen: S,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Small(Bytes),
    Large(Arc<Staged>),
}

/// A body in a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// The bytes themselves.
    #[serde(rename = "i")]
    Inline(Bytes),
    /// The name of a blob.
    #[serde(rename = "b")]
    Blob(String),
}

/// Work that is done between two attempts at an operation.
pub struct Preparation {
    work: futures_util::future::BoxFuture<'static, Result<Prepared, Fault>>,
}

/// What came of it, for the next attempt.
pub(crate) type Prepared = Arc<dyn Any + Send + Sync>;

impl Preparation {
    pub(crate) async fn run(self) -> Result<Prepared, Fault> {
        self.work.await
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Preparation")
    }
}

impl Cx {
    /// What an earlier attempt has received. For handlers that receive what they read themselves: another attempt may find something else there.
    pub fn received_body<S: Send + Sync + 'static>(&self) -> Option<Arc<Received<S>>> {
        self.prepared().and_then(|prepared| prepared.downcast().ok())
    }

    /// The body of the request: `cx.receive(&input.body, || watch)?`. Unless it is short and there, the first attempt ends here, and the handler runs
    /// again when all is received; so nothing that costs more than a look should be done before. Of `None` nothing is received.
    ///
    /// A body that breaks off fails the request, as does what the watch finds wrong.
    pub fn receive<W: Watch>(
        &self,
        stream: Option<&ByteStream>,
        watch: impl FnOnce() -> W,
    ) -> Reply<Arc<Received<W::Seen>>> {
        if let Some(received) = self.received_body() {
            return Ok(received);
        }
        let (blobs, stream, watch) = (self.store().blobs().clone(), stream.cloned(), watch());
        let workers = self.md5().clone();
        let short = stream.as_ref().is_none_or(|stream| stream.length().is_some_and(|length| length <= INLINE as u64));
        let work = async move { receive(&blobs, &workers, stream, watch).await.map(Arc::new) };
        let mut work: futures_util::future::BoxFuture<'static, _> = Box::pin(work);
        // What is at hand already is received without another attempt.
        if short && let Some(received) = work.as_mut().now_or_never() {
            let received = received?;
            self.keep_prepared(received.clone());
            return Ok(received);
        }
        Err(Halt::Prepare(Preparation { work: Box::pin(work.map_ok(|received| received as Prepared)) }))
    }

    /// Keeps what was received with this transaction.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn keep<S>(&self, received: &Received<S>) -> Result<Body, StoreError> {
        match &received.content {
            Content::Small(bytes) => Ok(Body::Inline(bytes.clone())),
            Content::Large(staged) => {
                let body = Body::Blob(staged.id().to_string());
                self.share(&body).await?;
                self.note_staged(staged.clone());
                Ok(body)
            }
        }
    }

    /// Notes that one more record names a body.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn share(&self, body: &Body) -> Result<(), StoreError> {
        let Body::Blob(id) = body else { return Ok(()) };
        let named = self.tx().get(&Scope::world(), &NAMED, id).await?.unwrap_or(0);
        self.tx().put(&Scope::world(), &NAMED, id, &named.saturating_add(1)).await
    }

    /// Notes that one record less names a body. When none does, its space is freed.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn discard(&self, body: &Body) -> Result<(), StoreError> {
        let Body::Blob(id) = body else { return Ok(()) };
        match self.tx().get(&Scope::world(), &NAMED, id).await?.unwrap_or(0) {
            0 | 1 => {
                self.tx().delete(&Scope::world(), &NAMED, id).await?;
                self.note_unnamed(id.parse()?);
                Ok(())
            }
            named => self.tx().put(&Scope::world(), &NAMED, id, &(named - 1)).await,
        }
    }

    /// Reads parts of bodies, one after the other. They stay readable even if the bodies are discarded meanwhile; of more than a hundred parts, the
    /// first hundred.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn read(&self, parts: Vec<(Body, Range<u64>)>) -> Result<ByteStream, StoreError> {
        let blobs = self.store().blobs().clone();
        let length = parts.iter().map(|(_, range)| range.end.saturating_sub(range.start)).sum();
        let mut sources = VecDeque::with_capacity(parts.len());
        for (at, (body, range)) in parts.into_iter().enumerate() {
            sources.push_back(match body {
                Body::Inline(bytes) => {
                    let at = |offset| usize::try_from(offset).map_or(bytes.len(), |offset| bytes.len().min(offset));
                    Source::Small(bytes.slice(at(range.start)..at(range.end)))
                }
                Body::Blob(id) => match Source::Later(id.parse()?, range) {
                    later if at < OPEN_AT_ONCE => later.open(&blobs).await?,
                    later => later,
                },
            });
        }
        Ok(ByteStream::new(pieces(blobs, sources), Some(length)))
    }
}

/// Files that are open for one reader at most, but for the one that it has come to.
const OPEN_AT_ONCE: usize = 100;

/// Where a part of a stream comes from.
enum Source {
    Small(Bytes),
    Large(BlobReader),
    Later(BlobId, Range<u64>),
}

impl Source {
    async fn open(self, blobs: &Blobs) -> Result<Source, StoreError> {
        match self {
            Source::Later(id, range) => {
                let length = range.end.saturating_sub(range.start);
                Ok(Source::Large(blobs.read(id, range.start, length).await?))
            }
            open => Ok(open),
        }
    }
}

fn pieces(
    blobs: Blobs,
    sources: VecDeque<Source>,
) -> impl futures_util::Stream<Item = Result<Bytes, StreamError>> + Send {
    futures_util::stream::try_unfold((blobs, sources), |(blobs, mut sources)| async move {
        while let Some(source) = sources.pop_front() {
            match source {
                Source::Small(bytes) if bytes.is_empty() => {}
                Source::Small(bytes) => return Ok(Some((bytes, (blobs, sources)))),
                Source::Large(mut reader) => {
                    if let Some(piece) = reader.next().await? {
                        sources.push_front(Source::Large(reader));
                        return Ok(Some((piece, (blobs, sources))));
                    }
                }
                later @ Source::Later(..) => sources.push_front(later.open(&blobs).await?),
            }
        }
        Ok(None)
    })
}

async fn receive<W: Watch>(
    blobs: &Blobs,
    workers: &Workers,
    stream: Option<ByteStream>,
    mut watch: W,
) -> Result<Received<W::Seen>, Fault> {
    let mut small = BytesMut::new();
    if let Some(stream) = stream {
        let mut pieces = stream.take().ok_or_else(Fault::internal)?;
        let mut large = None;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(broken_off)?;
            watch.see(&piece)?;
            if large.is_none() && small.len() + piece.len() > INLINE {
                let begun = large.insert((blobs.write().await.map_err(failed)?, workers.start()));
                add(begun, std::mem::take(&mut small).freeze()).await?;
            }
            match &mut large {
                Some(begun) => add(begun, piece).await?,
                None => small.extend_from_slice(&piece),
            }
        }
        if let Some((writer, md5)) = large {
            let seen = watch.end(md5.finish().await)?;
            let staged = writer.finish().await.map_err(failed)?;
            return Ok(Received { size: staged.size(), seen, content: Content::Large(Arc::new(staged)) });
        }
    }
    let seen = watch.end(Md5::digest(&small).into())?;
    Ok(Received { size: small.len() as u64, seen, content: Content::Small(small.freeze()) })
}

/// Adds a piece to a large body.
async fn add((writer, md5): &mut (BlobWriter, Running), piece: Bytes) -> Result<(), Fault> {
    md5.update(piece.clone()).await;
    writer.write(piece).await.map_err(failed)
}

/// The fault that a stream broke off with, if somebody on the way had one.
fn broken_off(error: StreamError) -> Fault {
    match error.downcast::<Fault>() {
        Ok(fault) => *fault,
        Err(error) => {
            Fault::new("RequestTimeout", 400, true, format!("The request body did not arrive whole: {error}"))
        }
    }
}

fn failed(error: StoreError) -> Fault {
    tracing::error!(%error, "a body could not be written");
    Fault::internal()
}

impl Kernel {
    /// Removes those of these blobs that no world names. For one that somebody still holds, such as the request that has written it and is not
    /// answered yet, it waits and looks again.
    pub(crate) async fn free(&self, blobs: Vec<BlobId>) -> Result<(), StoreError> {
        let mut left = blobs;
        loop {
            let released = self.store().blobs().released();
            let mut held = Vec::new();
            for id in left {
                if !self.is_named(id).await? && !self.store().blobs().remove(id).await? {
                    held.push(id);
                }
            }
            if held.is_empty() {
                return Ok(());
            }
            left = held;
            released.await;
        }
    }

    /// Whether a world names a blob.
    async fn is_named(&self, id: BlobId) -> Result<bool, StoreError> {
        for world in self.store().worlds() {
            match self.store().begin(&world.id) {
                Ok(tx) if tx.get(&Scope::world(), &NAMED, &id.to_string()).await?.is_some() => return Ok(true),
                // A world that is gone meanwhile names nothing.
                Ok(_) | Err(StoreError::UnknownWorld(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Removes all blobs that no world names: those of worlds that are gone, and those whose commit a crash prevented.
    pub(crate) async fn free_all(&self) -> Result<(), StoreError> {
        let mut left: std::collections::BTreeSet<_> = self.store().blobs().all().await?.into_iter().collect();
        if left.is_empty() {
            return Ok(());
        }
        for world in self.store().worlds() {
            let tx = match self.store().begin(&world.id) {
                Ok(tx) => tx,
                Err(StoreError::UnknownWorld(_)) => continue,
                Err(error) => return Err(error),
            };
            for id in named_blobs(&tx).await? {
                left.remove(&id);
            }
        }
        for id in left {
            self.store().blobs().remove(id).await?;
        }
        Ok(())
    }
}
