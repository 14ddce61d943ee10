//! Bodies: read within bounds, written as they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, Stream};
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use kumoi_core::clock::Stopwatch;
use kumoi_model::{ByteStream, StreamError};
use parking_lot::Mutex;

use crate::Limits;

/// The body of an answer.
pub enum ReplyBody {
    /// Whole in memory; `None` once it is sent, or when there is none.
    Whole(Option<Bytes>),
    /// Sent as it comes, with its length where that is known.
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>, Option<u64>),
}

impl ReplyBody {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self::Whole(None);

    /// Sends a stream. One that was taken before counts as empty.
    pub(crate) fn stream(stream: &ByteStream) -> Self {
        match stream.take() {
            Some(chunks) => Self::Stream(chunks, stream.length()),
            None => Self::EMPTY,
        }
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(chunks, _) => chunks.as_mut().poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_, Some(length)) => SizeHint::with_exact(*length),
            Self::Stream(_, None) => SizeHint::default(),
        }
    }
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is, or says that it is, longer than the limit in bytes.
    TooLarge(u64),
    /// The client fell silent, or sends too slowly.
    TooSlow,
    /// The connection broke, or its framing is broken.
    Broken,
    /// It is not encoded as it says.
    Encoding,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge(limit) => write!(f, "The request body exceeds the limit of {limit} bytes."),
            Self::TooSlow => f.write_str("The request body did not arrive in time."),
            Self::Broken => f.write_str("The request body broke off."),
            Self::Encoding => f.write_str("The request body does not have the form that Content-Encoding names."),
        }
    }
}

impl std::error::Error for BodyError {}

/// Reads the next piece of a body, in time.
///
/// Time is up after [`Limits::body_stall`] without any byte, and as soon as the client is slower on average than
/// [`Limits::body_rate`], which catches a client that sends a byte now and then.
struct Reader {
    body: Incoming,
    started: Stopwatch,
    received: u64,
    limit: u64,
    stall: Duration,
    rate: u64,
}

impl Reader {
    /// Refuses a body that is declared too large before any of it is read.
    fn new(body: Incoming, limit: u64, limits: &Limits) -> Result<Self, BodyError> {
        if body.size_hint().lower() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        let started = Stopwatch::start();
        Ok(Self { body, started, received: 0, limit, stall: limits.body_stall, rate: limits.body_rate.max(1) })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if self.body.is_end_stream() {
                return Ok(None);
            }
            // Most bodies are here already, and need no watch.
            if let Some(frame) = self.body.frame().now_or_never() {
                match self.take(frame)? {
                    Some(data) if data.is_empty() => continue,
                    data => return Ok(data),
                }
            }
            let allowed = self.stall + Duration::from_secs(self.received / self.rate);
            let patience = allowed.saturating_sub(self.started.elapsed()).min(self.stall);
            let Ok(frame) = tokio::time::timeout(patience, self.body.frame()).await else {
                return Err(BodyError::TooSlow);
            };
            match self.take(frame)? {
                Some(data) if data.is_empty() => {}
                data => return Ok(data),
            }
        }
    }

    /// The bytes of a frame, none for trailers, which are of no interest here; `None` at the end.
    fn take(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>) -> Result<Option<Bytes>, BodyError> {
        let Some(frame) = frame.transpose().map_err(|_| BodyError::Broken)? else { return Ok(None) };
        let data = frame.into_data().unwrap_or_default();
        self.received = self.received.saturating_add(data.len() as u64);
        if self.received > self.limit { Err(BodyError::TooLarge(self.limit)) } else { Ok(Some(data)) }
    }
}

/// The body of a request: read whole, handed on as a stream, or left where it is.
pub(crate) struct RequestBody {
    state: State,
    /// The client waits for `100 Continue` before it sends the body.
    awaited: bool,
    /// It waits although there is no body, and hyper sends it nothing but the answer. botocore takes the next answer on such a connection for part of
    /// this one, unless the connection ends; S3 sends `100 Continue` all the same.
    in_vain: bool,
}

enum State {
    Unread(Incoming),
    /// All of it has been read.
    Done,
    /// Some of it is still to come, and will not be read.
    Abandoned,
    /// Somebody reads it, or has read of it what was wanted.
    Streaming(Arc<Mutex<Loan>>),
}

/// What became of a body that was handed on as a stream.
enum Loan {
    /// Somebody may still read it.
    Out,
    /// Nothing is left of it.
    Over,
    /// It was given back with something left.
    Back(Reader),
}

/// Who reads a body that was handed on; what is left goes back with the stream.
struct Borrowed {
    reader: Option<Reader>,
    loan: Arc<Mutex<Loan>>,
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            *self.loan.lock() = if reader.body.is_end_stream() { Loan::Over } else { Loan::Back(reader) };
        }
    }
}

/// What a body that is handed on whole has at most.
const SHORT: u64 = 32 << 10;

/// What is read of a body that nobody wants, so that its connection can be used again, and for how long.
const DRAINED: u64 = 1 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(1);

impl RequestBody {
    pub(crate) fn new(body: Incoming, headers: &HeaderMap) -> Self {
        let awaited = headers.contains_key(http::header::EXPECT);
        Self { in_vain: awaited && body.is_end_stream(), state: State::Unread(body), awaited }
    }

    /// Reads it whole, `most` bytes of it. What a client declares is never allocated in advance beyond a piece's size.
    pub(crate) async fn read(&mut self, most: u64, limits: &Limits) -> Result<Bytes, BodyError> {
        let State::Unread(body) = std::mem::replace(&mut self.state, State::Abandoned) else {
            return Err(BodyError::Broken);
        };
        let whole = read(Reader::new(body, most, limits)?).await?;
        self.state = State::Done;
        Ok(whole)
    }

    /// Hands on a short body whole, and any other as it comes: who takes one that is there need not wait for it.
    pub(crate) async fn hand_on(&mut self, limits: &Limits) -> Result<ByteStream, BodyError> {
        let length = match &self.state {
            State::Unread(body) if !self.awaited => body.size_hint().exact(),
            _ => None,
        };
        if length.is_none_or(|length| length > SHORT) {
            return self.stream(u64::MAX, limits);
        }
        let whole = self.read(SHORT, limits).await.map_err(StreamError::from);
        Ok(ByteStream::new(futures_util::stream::iter([whole]), length))
    }

    /// Hands it on as it comes, `limit` bytes at most.
    pub(crate) fn stream(&mut self, limit: u64, limits: &Limits) -> Result<ByteStream, BodyError> {
        let State::Unread(body) = std::mem::replace(&mut self.state, State::Abandoned) else {
            return Err(BodyError::Broken);
        };
        let length = body.size_hint().exact();
        let reader = Reader::new(body, limit, limits)?;
        let loan = Arc::new(Mutex::new(Loan::Out));
        self.state = State::Streaming(loan.clone());
        let borrowed = Borrowed { reader: Some(reader), loan };
        let chunks = futures_util::stream::try_unfold(borrowed, |mut borrowed| async move {
            let Some(reader) = &mut borrowed.reader else { return Ok(None) };
            let next = reader.next().await.map_err(StreamError::from)?;
            if reader.body.is_end_stream() || next.is_none() {
                *borrowed.loan.lock() = Loan::Over;
                borrowed.reader = None;
            }
            Ok(next.map(|data| (data, borrowed)))
        });
        Ok(ByteStream::new(chunks, length))
    }

    /// Deals with what is left once the answer is known. False when the connection cannot be used again, as there is more to come.
    pub(crate) async fn settle(self) -> bool {
        let left = match self.state {
            _ if self.in_vain => return false,
            State::Done => return true,
            State::Abandoned => return false,
            State::Streaming(loan) => match std::mem::replace(&mut *loan.lock(), Loan::Out) {
                Loan::Out => return false,
                Loan::Over => return true,
                // A client that waits sends nothing before somebody reads.
                Loan::Back(reader) if self.awaited && reader.received == 0 => return false,
                Loan::Back(reader) => reader.body,
            },
            State::Unread(body) if body.is_end_stream() => return true,
            State::Unread(_) if self.awaited => return false,
            State::Unread(body) => body,
        };
        drain(left).await
    }
}

/// Reads what is left of a body, as far as it is not much; whether that was all. Clients that are still sending when a connection ends may miss the answer.
async fn drain(mut body: Incoming) -> bool {
    if body.size_hint().lower() > DRAINED {
        return false;
    }
    let reading = async {
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            size += frame.data_ref().map_or(0, Bytes::len) as u64;
            if size > DRAINED {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(DRAIN_TIME, reading).await.unwrap_or(false)
}

async fn read(mut reader: Reader) -> Result<Bytes, BodyError> {
    let Some(first) = reader.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = reader.next().await? else { return Ok(first) };
    let mut whole = BytesMut::with_capacity((first.len() + second.len()) * 2);
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(data) = reader.next().await? {
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
