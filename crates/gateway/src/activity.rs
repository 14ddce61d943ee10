//! Whether anything goes on over a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use kumoi_model::StreamError;

use crate::body::ReplyBody;

/// The exchanges of one connection: how many began, and how many are over.
#[derive(Default)]
pub(crate) struct Activity {
    begun: AtomicU64,
    over: AtomicU64,
}

impl Activity {
    /// A request has come in.
    pub(crate) fn begin(self: &Arc<Self>) -> Exchange {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Exchange(self.clone())
    }

    /// Resolves when nothing is under way and no request came in for `idle`; it takes up to twice as long to tell.
    ///
    /// A request counts from the end of its head, so a head that trickles in does not keep a connection open.
    pub(crate) async fn ceases(&self, idle: Duration) {
        let mut before = None;
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            if before == Some(begun) && self.over.load(Ordering::Relaxed) == begun {
                return;
            }
            before = Some(begun);
            tokio::time::sleep(idle).await;
        }
    }
}

/// One request and its answer; over when it is dropped, be it for the client's sake.
pub(crate) struct Exchange(Arc<Activity>);

impl Exchange {
    /// Lasts until the answer's body is sent.
    pub(crate) fn with(self, body: ReplyBody) -> SentBody {
        SentBody { body, _exchange: self }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.over.fetch_add(1, Ordering::Relaxed);
    }
}

/// The body of an answer, with the exchange that it ends.
pub(crate) struct SentBody {
    body: ReplyBody,
    _exchange: Exchange,
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_without_exchanges() {
        let activity = Arc::new(Activity::default());
        let idle = Duration::from_secs(10);
        let exchange = activity.begin();
        assert!(tokio::time::timeout(idle * 5, activity.ceases(idle)).await.is_err(), "an exchange is under way");
        let body = exchange.with(ReplyBody::EMPTY);
        assert!(tokio::time::timeout(idle * 5, activity.ceases(idle)).await.is_err(), "its answer is under way");
        drop(body);
        assert!(tokio::time::timeout(idle * 2, activity.ceases(idle)).await.is_ok());
    }
}
