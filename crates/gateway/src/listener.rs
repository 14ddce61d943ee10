//! Connections: accepted within a bound, told apart by their first bytes, served until they end or the server stops.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::accept::Wire;
use crate::activity::Activity;
use crate::gateway::Gateway;
use crate::lanes::Lanes;
use crate::stream::{Opening, Patient, sniff};
use crate::{pipeline, tls};

/// The bound that hyper has by itself, and for which it has room without an allocation.
const HYPER_HEADERS: usize = 100;

/// Accepts connections until the server stops.
pub(crate) async fn accept(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    lanes: Arc<Lanes>,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
) {
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = stopping.cancelled() => return,
        };
        let Ok(place) = place else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        // Let go of here, so that its lane can take it up.
        let stream = match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: others must end before another can begin.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (gateway, stopping) = (gateway.clone(), stopping.clone());
        lanes.serve(async move {
            match TcpStream::from_std(stream) {
                Ok(stream) => connection(gateway, stream, stopping).await,
                Err(error) => tracing::warn!(%error, "a connection was not accepted"),
            }
            drop(place);
        });
    }
}

/// Serves one connection.
async fn connection(gateway: Arc<Gateway>, mut stream: TcpStream, stopping: CancellationToken) {
    // Answers are written whole, so waiting to fill a segment only adds latency.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok().map(|peer| peer.ip().to_canonical());
    let handshake = gateway.config.limits.handshake;
    let sniffed = tokio::select! {
        sniffed = tokio::time::timeout(handshake, sniff(&mut stream, true)) => sniffed,
        () = stopping.cancelled() => return,
    };
    let Ok(Ok(Some((opening, ahead)))) = sniffed else { return };
    if opening != Opening::Tls {
        let wire = Wire { scheme: "http", peer, tls: None };
        return serve(gateway, stream, ahead, opening, wire, stopping).await;
    }
    let Some(acceptor) = gateway.tls.acceptor() else { return };
    let patient = Patient::new(stream, ahead, gateway.config.limits.write_stall);
    let mut stream = match tokio::time::timeout(handshake, acceptor.accept(patient)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return,
    };
    let wire = Wire { scheme: "https", peer, tls: tls::agreed(stream.get_ref().1) };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        return serve(gateway, stream, Bytes::new(), Opening::Http2, wire, stopping).await;
    }
    let sniffed = tokio::select! {
        sniffed = tokio::time::timeout(handshake, sniff(&mut stream, false)) => sniffed,
        () = stopping.cancelled() => return,
    };
    if let Ok(Ok(Some((opening, ahead)))) = sniffed {
        serve(gateway, stream, ahead, opening, wire, stopping).await;
    }
}

/// Speaks HTTP on a connection until it ends. When the server stops, the request under way is finished first.
async fn serve<S>(
    gateway: Arc<Gateway>,
    stream: S,
    ahead: Bytes,
    opening: Opening,
    wire: Wire,
    stopping: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = gateway.config.limits.clone();
    let io = TokioIo::new(Patient::new(stream, ahead, limits.write_stall));
    let activity = Arc::new(Activity::default());
    // The connection's own: all threads would wait for each other to count the users of the one that they share.
    let gateway = Arc::new(gateway);
    let service = service_fn({
        let activity = activity.clone();
        move |request| {
            let (gateway, exchange) = (gateway.clone(), activity.begin());
            async move {
                let reply = pipeline::answer(&gateway, request, wire).await;
                // The other requests at hand come first. Answers then go out one after the other, to clients that are awake already.
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(reply.map(|body| exchange.with(body)))
            }
        }
    });
    // One coarse timer a connection, rather than one of hyper's a request; looked at when it is due, not with every request.
    let over = async {
        tokio::select! {
            () = activity.ceases(limits.head) => {}
            () = stopping.cancelled() => {}
        }
    };
    let mut over: FuturesUnordered<_> = std::iter::once(over).collect();
    let ended = match opening {
        Opening::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams)
                .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
                .keep_alive_interval(limits.head)
                .keep_alive_timeout(limits.handshake);
            let mut connection = pin!(builder.serve_connection(io, service));
            tokio::select! {
                ended = connection.as_mut() => ended,
                Some(()) = over.next() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        Opening::Http1 | Opening::Tls => {
            let mut builder = http1::Builder::new();
            builder.header_read_timeout(None).max_buf_size(limits.head_bytes.max(8192));
            if limits.headers != HYPER_HEADERS {
                builder.max_headers(limits.headers);
            }
            let mut connection = pin!(builder.serve_connection(io, service));
            tokio::select! {
                ended = connection.as_mut() => ended,
                Some(()) = over.next() => {
                    connection.as_mut().graceful_shutdown();
                    // A head that came in part is not waited for.
                    tokio::select! {
                        ended = connection => ended,
                        () = activity.ceases(limits.handshake) => Ok(()),
                    }
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
