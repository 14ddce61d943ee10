//! A connection's bytes: those read ahead to tell its protocol, then the rest; and an end to clients that take nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What the client of a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A TLS handshake record (RFC 8446, section 5.1).
    Tls,
    /// HTTP/2 with prior knowledge (RFC 9113, section 3.4).
    Http2,
    /// Anything else is taken for HTTP/1.1, whose parser then judges it.
    Http1,
}

const TLS_HANDSHAKE: u8 = 0x16;
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until the protocol is clear; with it, what was read. `None` when the client closed before.
pub(crate) async fn sniff<S: AsyncRead + Unpin>(
    stream: &mut S,
    expect_tls: bool,
) -> io::Result<Option<(Opening, Bytes)>> {
    let mut buffer = bytes::BytesMut::with_capacity(HTTP2_PREFACE.len());
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(None);
        }
        let opening = if expect_tls && buffer.first() == Some(&TLS_HANDSHAKE) {
            Opening::Tls
        } else if buffer.len() >= HTTP2_PREFACE.len() && buffer.starts_with(HTTP2_PREFACE) {
            Opening::Http2
        } else if buffer.len() < HTTP2_PREFACE.len() && HTTP2_PREFACE.starts_with(&buffer) {
            continue;
        } else {
            Opening::Http1
        };
        return Ok(Some((opening, buffer.freeze())));
    }
}

/// A stream that first gives what was read ahead, and fails when the other side takes nothing for too long.
pub(crate) struct Patient<S> {
    stream: S,
    ahead: Bytes,
    patience: Duration,
    /// Set while a write waits.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, ahead: Bytes, patience: Duration) -> Self {
        Self { stream, ahead, patience, deadline: None }
    }

    /// Passes on what a write came to; one that makes no progress within the patience fails.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let until = Instant::now() + self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no more of the answer")))
    }
}

/// Writes of up to so many bytes are joined: copying a head and a short body takes less than telling the kernel of both.
const SHORT: usize = 2048;

/// What the buffers hold, one after the other, if it is short.
fn join<'a>(bufs: &[io::IoSlice<'_>], joined: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
    let mut end = 0;
    for buf in bufs {
        joined.get_mut(end..end + buf.len())?.copy_from_slice(buf);
        end += buf.len();
    }
    joined.get(..end)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let ahead = this.ahead.split_to(this.ahead.remaining().min(buf.remaining()));
        buf.put_slice(&ahead);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let stream = Pin::new(&mut this.stream);
        let mut joined = [0; SHORT];
        let written = match join(bufs, &mut joined) {
            Some(bytes) => stream.poll_write(cx, bytes),
            None => stream.poll_write_vectored(cx, bufs),
        };
        this.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.watch(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn opening(bytes: &[u8]) -> Option<(Opening, Bytes)> {
        let mut stream = bytes;
        sniff(&mut stream, true).await.unwrap()
    }

    #[test]
    fn short_writes_are_joined() {
        let mut joined = [0; SHORT];
        let bufs = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"", b"body"];
        let slices = bufs.map(io::IoSlice::new);
        assert_eq!(join(&slices, &mut joined), Some(bufs.concat().as_slice()));
        let long = vec![b'x'; SHORT - 3];
        assert_eq!(join(&[io::IoSlice::new(&long), io::IoSlice::new(b"four")], &mut joined), None);
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_protocol() {
        assert_eq!(opening(b"").await, None);
        assert_eq!(opening(b"PRI * HT").await, None, "the client left before it was clear");
        assert_eq!(opening(b"\x16\x03\x01").await.unwrap().0, Opening::Tls);
        assert_eq!(opening(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0").await.unwrap().0, Opening::Http2);
        for bytes in [&b"POST / HTTP/1.1\r\n"[..], b"PRI * HTTP/1", b"\0", b"P\r"] {
            assert_eq!(opening(bytes).await.unwrap().0, Opening::Http1, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn nothing_of_what_was_read_ahead_is_lost() {
        let mut stream = &b"POST / HTTP/1.1\r\nHost: x\r\n\r\nbody"[..];
        let (_, ahead) = sniff(&mut stream, true).await.unwrap().unwrap();
        let mut all = Vec::new();
        Patient::new(stream, ahead, Duration::from_secs(1)).read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"POST / HTTP/1.1\r\nHost: x\r\n\r\nbody");
    }
}
