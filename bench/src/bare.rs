//! The ceiling: a hyper server that reads the body and answers a fixed small document, or to GET as many bytes as the last part of the path says.

use std::convert::Infallible;
use std::io::Write as _;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use kumoi_tests::Failure;
use kumoi_tests::process::Server;

/// About as long as the answers of the operations that are measured.
const ANSWER: &[u8] =
    br#"{"MessageId":"00000000-0000-0000-0000-000000000000","MD5OfMessageBody":"00000000000000000000000000000000"}"#;

/// What it answers to GET, of which it sends as much as it is asked for.
static BODY: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b'm'; 8 << 20]));

/// Starts it as a process of its own.
pub(crate) fn start() -> Result<Server, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare");
    Server::start(command)
}

/// Serves on a free port, which is printed, until the process is ended. HTTP/1.1 is set as in kumoi.
pub(crate) async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}\nReady.", listener.local_addr()?)?;
    out.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(75))
                .max_headers(256)
                .pipeline_flush(true);
            // A client that goes away is no concern here.
            let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    while let Some(Ok(_)) = body.frame().await {}
    let size = match head.method {
        Method::GET => head.uri.path().rsplit('/').next().and_then(|size| size.parse().ok()),
        _ => None,
    };
    let bytes = match size {
        Some(size) => BODY.slice(..BODY.len().min(size)),
        None => Bytes::from_static(ANSWER),
    };
    let mut response = Response::new(Full::new(bytes));
    let content_type = hyper::header::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, content_type);
    Ok(response)
}
