//! The decoder between two streams.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use kumoi_model::{ByteStream, StreamError};

use super::{ChunkError, Decoder};

type Headers = Vec<(String, String)>;
type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>;

/// The trailing headers of a body that is still arriving.
#[derive(Clone, Debug, Default)]
pub struct Trailers(Arc<Mutex<Option<Headers>>>);

impl Trailers {
    /// The headers, names in lower case, in the order sent; `None` until the stream has ended well.
    pub fn get(&self) -> Option<Vec<(String, String)>> {
        self.0.lock().ok().and_then(|trailers| trailers.clone())
    }
}

/// The payload of a chunked body, and the headers that will follow it. A fault of the body breaks the stream off with a
/// [`ChunkError`].
pub fn decode(body: &ByteStream, decoder: Decoder, decoded_length: u64) -> (ByteStream, Trailers) {
    let trailers = Trailers::default();
    let taken = || Box::pin(futures_util::stream::iter([Err("the body was taken before".into())]));
    let body = body.take().unwrap_or_else(|| taken());
    let decoded = Decoded { body: Some(body), input: Bytes::new(), decoder, trailers: trailers.clone() };
    (ByteStream::new(decoded, Some(decoded_length)), trailers)
}

struct Decoded {
    /// `None` when the body has ended, well or not.
    body: Option<Chunks>,
    input: Bytes,
    decoder: Decoder,
    trailers: Trailers,
}

impl Stream for Decoded {
    type Item = Result<Bytes, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            let failed = match this.decoder.next_piece(&mut this.input) {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(None) => match ready!(body.as_mut().poll_next(cx)) {
                    Some(Ok(chunk)) => {
                        this.input = chunk;
                        continue;
                    }
                    Some(Err(error)) => error,
                    None => match this.decoder.finish() {
                        Ok(trailers) => {
                            this.body = None;
                            if let Ok(mut slot) = this.trailers.0.lock() {
                                *slot = Some(trailers);
                            }
                            return Poll::Ready(None);
                        }
                        Err(error) => boxed(error),
                    },
                },
                Err(error) => boxed(error),
            };
            this.body = None;
            return Poll::Ready(Some(Err(failed)));
        }
    }
}

fn boxed(error: ChunkError) -> StreamError {
    Box::new(error)
}
