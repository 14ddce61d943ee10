//! What was asked lately, as a list or as a stream that goes on.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, header};
use kumoi_core::RequestRecord;
use kumoi_model::StreamError;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Answer, count, ok, switch};
use crate::accept::Head;
use crate::body::ReplyBody;
use crate::gateway::Gateway;

/// Requests that are told when the client says no number, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

pub(super) fn requests(gateway: &Gateway, head: &Head) -> Answer {
    let limit = count(head, "limit", USUAL, MOST)?;
    let recorder = gateway.config.kernel.recorder();
    if !switch(head, "follow") {
        return Ok(ok(&json!({ "requests": recorder.latest(limit) })));
    }
    // The feed first, so that none falls between; what is in both is told once.
    let feed = recorder.follow();
    let latest = recorder.latest(limit);
    let known: HashSet<String> = latest.iter().map(|record| record.id.clone()).collect();
    let follow = Follow { feed, known, stopping: gateway.stopping.clone() };
    let new =
        futures_util::stream::unfold(
            follow,
            |mut follow| async move { follow.next().await.map(|record| (record, follow)) },
        );
    let lines = futures_util::stream::iter(latest).chain(new).map(|record| line(&record));
    let mut reply = http::Response::new(ReplyBody::Stream(Box::pin(lines), None));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(reply)
}

/// The requests that finish from now on, until the server stops.
struct Follow {
    feed: broadcast::Receiver<Arc<RequestRecord>>,
    known: HashSet<String>,
    stopping: CancellationToken,
}

impl Follow {
    async fn next(&mut self) -> Option<Arc<RequestRecord>> {
        loop {
            let received = tokio::select! {
                received = self.feed.recv() => received,
                () = self.stopping.cancelled() => return None,
            };
            match received {
                Ok(record) if self.known.remove(&record.id) => {}
                Ok(record) => return Some(record),
                // A reader that is too slow misses some.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn line(record: &Arc<RequestRecord>) -> Result<Bytes, StreamError> {
    let mut line = serde_json::to_vec(&**record)?;
    line.push(b'\n');
    Ok(line.into())
}
