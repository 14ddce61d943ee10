//! The decoder between two streams.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use kumoi_model::{ByteStream, StreamError, Trailers};

use super::{ChunkError, Decoder};

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>;

/// The payload of a chunked body, with the headers that will follow it. A fault of the body breaks the stream off with a
/// [`ChunkError`].
pub fn decode(body: &ByteStream, decoder: Decoder, decoded_length: u64) -> ByteStream {
    let trailers = Trailers::default();
    let taken = || Box::pin(futures_util::stream::iter([Err("the body was taken before".into())]));
    let body = body.take().unwrap_or_else(|| taken());
    let decoded = Decoded { body: Some(body), input: Bytes::new(), decoder, trailers: trailers.clone() };
    ByteStream::new(decoded, Some(decoded_length)).with_trailers(trailers)
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
                            this.trailers.set(trailers);
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
