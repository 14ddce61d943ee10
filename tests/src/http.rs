//! A connection that is kept, and requests on it.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Failure;

/// A request that is sent over and over.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its headers, those of a signature included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A connection to a server.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects to `HOST:PORT`.
    pub async fn open(authority: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Posts a request to `/` and reads the whole answer.
    pub async fn post(&mut self, headers: HeaderMap, body: Bytes) -> Result<(StatusCode, Bytes), Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers;
        self.send(request).await
    }

    /// Sends a template. Anything but success is an error.
    pub async fn repeat(&mut self, template: &Template) -> Result<Bytes, Failure> {
        match self.post(template.headers.clone(), template.body.clone()).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()),
        }
    }

    /// Posts JSON to the admin API.
    pub async fn admin(&mut self, authority: &str, path: &str, body: &Value) -> Result<Bytes, Failure> {
        let request = Request::builder().method(Method::POST).uri(path).header("host", authority);
        let request =
            request.header("content-type", "application/json").body(Full::new(Bytes::from(body.to_string())))?;
        match self.send(request).await? {
            (status, body) if status.is_success() => Ok(body),
            (status, body) => Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into()),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Failure> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
