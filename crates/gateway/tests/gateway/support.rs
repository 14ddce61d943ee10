//! A server on a free port, and a client that sends exactly the bytes it is given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kumoi_core::{Kernel, Registry, RequestRecord, Service, Settings};
use kumoi_gateway::{Compat, Ending, Server, ServerConfig};
use kumoi_store::{Store, StoreConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longer than anything here should take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) kernel: Arc<Kernel>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Ending>,
}

/// Starts a server with the usual configuration.
pub(crate) async fn start() -> Running {
    start_with(|_| {}).await
}

/// Starts a server; `change` has the last word on its configuration.
pub(crate) async fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Running {
    start_with_services(vec![kumoi_sts::service()], change).await
}

/// Starts a server that has these services.
pub(crate) async fn start_with_services(
    services: Vec<Arc<dyn Service>>,
    change: impl FnOnce(&mut ServerConfig),
) -> Running {
    let store = Store::open(StoreConfig::memory()).await.unwrap();
    let kernel = Kernel::start(store, Registry::new(services), Settings::default()).await.unwrap();
    let mut config = ServerConfig::new(kernel.clone());
    config.listen = vec!["127.0.0.1:0".parse().unwrap()];
    config.compat = Compat { init_dirs: Vec::new(), legacy_ready_dirs: Vec::new(), ..Compat::default() };
    change(&mut config);
    let server = Server::bind(config).await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = oneshot::channel();
    let run = server.run(async move { drop(stopped.await) }, move || ready.send(()).unwrap());
    let task = tokio::spawn(run);
    is_ready.await.unwrap();
    Running { address, kernel, stop: Some(stop), task }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes or nothing more is due.
    pub(crate) async fn exchange(&self, request: &str) -> Response {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        response(&mut stream).await
    }

    /// A bodiless request to the admin API or its like.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Response {
        self.exchange(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")).await
    }

    /// All that a HEAD request gets.
    pub(crate) async fn head(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(SOON, stream.read_to_string(&mut answer)).await.expect("no answer came").unwrap();
        answer
    }

    /// A request with a JSON body.
    pub(crate) async fn tell(&self, method: &str, path: &str, body: &Value) -> Response {
        let body = body.to_string();
        let length = body.len();
        self.exchange(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"))
            .await
    }

    /// The last request that reached the kernel.
    pub(crate) fn last(&self) -> Arc<RequestRecord> {
        self.kernel.recorder().latest(1).pop().expect("no request reached the kernel")
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Ending {
        drop(self.stop.take());
        self.ended().await
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(self) -> Ending {
        let _keep = self.stop;
        tokio::time::timeout(SOON, self.task).await.expect("the server did not end").unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Reads one response with a `Content-Length`.
pub(crate) async fn response(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Response {
    try_response(stream).await.expect("the server closed without an answer")
}

/// Reads one response, or `None` when the server closes without one.
pub(crate) async fn try_response(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Response> {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return None,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: Vec::new() };
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        response.body.resize(length, 0);
        stream.read_exact(&mut response.body).await.unwrap();
        Some(response)
    };
    tokio::time::timeout(SOON, read).await.expect("no answer came")
}

/// Whether the server closes the connection in time, having sent nothing more.
pub(crate) async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await {
        Ok(Ok(_)) => rest.is_empty(),
        Ok(Err(_)) => true,
        Err(_) => false,
    }
}

/// An `Authorization` header that nobody verifies, for that key, region and service.
pub(crate) fn authorization(key: &str, region: &str, service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\n"
    )
}

/// A query request to STS.
pub(crate) const CALLER: &str = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                                 Content-Length: 43\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15";
