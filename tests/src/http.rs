//! A connection that is kept, and requests on it.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Failure;

/// A request that is sent over and over.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub target: Uri,
    /// Its headers, those of a signature included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// An answer that was read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
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
        let Answer { status, body, .. } = self.exchange(template).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(refusal(status, &body)) }
    }

    /// Sends a template and reads the whole answer, whatever it is.
    pub async fn exchange(&mut self, template: &Template) -> Result<Answer, Failure> {
        let (head, body) = self.begin(template).await?.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
    }

    /// Sends a template and counts the bytes of the answer, which are kept nowhere. Anything but success is an error.
    pub async fn drain(&mut self, template: &Template) -> Result<u64, Failure> {
        let response = self.begin(template).await?;
        let status = response.status();
        let mut body = response.into_body();
        if status != StatusCode::OK {
            return Err(refusal(status, &body.collect().await?.to_bytes()));
        }
        let mut count = 0;
        while let Some(frame) = body.frame().await.transpose()? {
            count += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok(count)
    }

    /// Sends a template; the answer's body is still to be read.
    pub async fn begin(&mut self, template: &Template) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::new(Full::new(template.body.clone()));
        *request.method_mut() = template.method.clone();
        *request.uri_mut() = template.target.clone();
        *request.headers_mut() = template.headers.clone();
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
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

fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    format!("{status}: {}", String::from_utf8_lossy(body)).into()
}
