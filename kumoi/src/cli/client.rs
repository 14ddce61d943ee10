//! A small client of the admin API: HTTP/1.1 on a connection of its own for each request.

use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::Failure;

/// Largest answer that is read into memory, in bytes.
const LONGEST_ANSWER: usize = 64 << 20;

/// The body of a request.
pub(crate) type Body = BoxBody<Bytes, std::io::Error>;

/// A kumoi that is running somewhere.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Host and port.
    authority: String,
}

/// A body held in memory.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

impl Client {
    /// A client of the kumoi at `endpoint`, such as `http://127.0.0.1:4566`.
    pub(crate) fn new(endpoint: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Usage(format!("'{endpoint}' is no endpoint; give one such as http://127.0.0.1:4566"));
        let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let port = match uri.scheme_str() {
            None | Some("http") => uri.port_u16().unwrap_or(80),
            // One port speaks both, and the admin API needs no secrecy on one's own machine.
            Some("https") => uri.port_u16().unwrap_or(443),
            Some(_) => return Err(wrong()),
        };
        Ok(Self { authority: format!("{host}:{port}") })
    }

    /// Where it is, as a URL.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Sends a request; whatever the server answers, a refusal too, is returned.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<http::Response<Incoming>, Failure> {
        let unreachable = |error: &dyn std::fmt::Display| {
            let endpoint = self.endpoint();
            Failure::Unreachable(format!(
                "no kumoi answers at {endpoint} ({error}); start one with 'kumoi', or name another with --endpoint"
            ))
        };
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.authority)
            .header("content-type", "application/json")
            .header("user-agent", concat!("kumoi/", env!("CARGO_PKG_VERSION")))
            .body(body)
            .map_err(|error| Failure::Usage(format!("cannot ask for {path}: {error}")))?;
        sender.send_request(request).await.map_err(|error| unreachable(&error))
    }

    /// Sends JSON, or nothing, and returns the JSON of the answer.
    pub(crate) async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let body = body.map(|value| value.to_string()).unwrap_or_default();
        let answer = accepted(self.send(method, path, whole(body)).await?).await?;
        let bytes = collect(answer.into_body()).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::other(format!("the answer is no JSON ({error}); is that a kumoi?")))
    }

    /// Asks for JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::GET, path, None).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.json(Method::POST, path, Some(body)).await
    }
}

/// The answer, if the server did as it was asked; else its own words.
pub(crate) async fn accepted(answer: http::Response<Incoming>) -> Result<http::Response<Incoming>, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let bytes = collect(answer.into_body()).await.unwrap_or_default();
    let said = serde_json::from_slice::<Value>(&bytes).ok();
    let message =
        said.as_ref().and_then(|said| said.get("message").or_else(|| said.get("error"))).and_then(Value::as_str);
    Err(match message {
        Some(message) => Failure::other(message),
        None => Failure::other(format!("the server answered {status}; is that a kumoi of this version?")),
    })
}

async fn collect(body: Incoming) -> Result<Bytes, Failure> {
    let limited = http_body_util::Limited::new(body, LONGEST_ANSWER);
    let whole = limited.collect().await.map_err(|error| Failure::other(format!("the answer broke off: {error}")))?;
    Ok(whole.to_bytes())
}

/// `text` as a segment or value of a URL.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read() {
        let endpoint = |text| Client::new(text).map(|client| client.endpoint());
        assert_eq!(endpoint("http://127.0.0.1:4566").unwrap(), "http://127.0.0.1:4566");
        assert_eq!(endpoint("http://[::1]:1/").unwrap(), "http://[::1]:1");
        assert_eq!(endpoint("kumoi.test:4566").unwrap(), "http://kumoi.test:4566");
        for wrong in ["", "ftp://a:1", "http://", "/path"] {
            assert!(matches!(endpoint(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn what_a_url_cannot_hold_is_escaped() {
        assert_eq!(escaped("a-b_c.d~e/f g%é"), "a-b_c.d~e%2Ff%20g%25%C3%A9");
    }

    #[tokio::test]
    async fn a_silent_port_is_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let failure = Client::new(&endpoint).unwrap().get("/").await.unwrap_err();
        assert!(matches!(failure, Failure::Unreachable(_)), "{failure}");
    }
}
