//! Bodies that are not held in memory.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::Stream;

/// Why a stream broke off.
pub type StreamError = Box<dyn std::error::Error + Send + Sync>;

/// The chunks of a body.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>;

/// Names and values.
type Headers = Vec<(String, String)>;

/// The headers behind a body that is still arriving.
#[derive(Clone, Debug, Default)]
pub struct Trailers(Arc<Mutex<Option<Headers>>>);

impl Trailers {
    /// The headers, names in lower case, in the order sent; `None` until the stream has ended well.
    pub fn get(&self) -> Option<Vec<(String, String)>> {
        self.0.lock().ok().and_then(|trailers| trailers.clone())
    }

    /// Notes the headers when they have arrived.
    pub fn set(&self, trailers: Vec<(String, String)>) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = Some(trailers);
        }
    }
}

/// A body as a stream of chunks, to be taken once. Clones share the one stream.
#[derive(Clone)]
pub struct ByteStream {
    chunks: Arc<Mutex<Option<Chunks>>>,
    length: Option<u64>,
    trailers: Trailers,
}

impl ByteStream {
    /// Wraps a stream; `length` is the number of bytes it will give, where that is known.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, StreamError>> + Send + 'static, length: Option<u64>) -> Self {
        Self { chunks: Arc::new(Mutex::new(Some(Box::pin(chunks)))), length, trailers: Trailers::default() }
    }

    /// Tells where the headers behind the body will be found.
    #[must_use]
    pub fn with_trailers(mut self, trailers: Trailers) -> Self {
        self.trailers = trailers;
        self
    }

    /// The headers behind the body.
    pub fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// A stream of one chunk.
    pub fn from_bytes(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::new(futures_util::stream::iter([Ok(bytes)]), Some(length))
    }

    /// Bytes that the stream will give, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The stream itself; `None` when it was taken before.
    pub fn take(&self) -> Option<Chunks> {
        self.chunks.lock().ok().and_then(|mut slot| slot.take())
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("length", &self.length).finish_non_exhaustive()
    }
}

impl PartialEq for ByteStream {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }
}
