//! Requests, as an AWS SDK sends them: the same headers, with a signature that nobody checks.

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use crate::Failure;
use crate::http::{Connection, Template};

/// Bytes of the body of a message.
pub const MESSAGE: usize = 1024;

/// The queue that [`fresh_queue`] makes.
const QUEUE: &str = "bench";

fn headers(
    authority: &str,
    service: &str,
    content_type: &'static str,
    target: Option<&str>,
) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(authority)?);
    headers.insert("accept-encoding", HeaderValue::from_static("identity"));
    headers.insert("content-type", HeaderValue::from_static(content_type));
    if let Some(target) = target {
        headers.insert("x-amz-target", HeaderValue::from_str(target)?);
    }
    let agent = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython m/Z,b,e cfg/retry-mode#standard";
    headers.insert("user-agent", HeaderValue::from_static(agent));
    headers.insert("x-amz-date", HeaderValue::from_static("20261121T120000Z"));
    let signed =
        if target.is_some() { "content-type;host;x-amz-date;x-amz-target" } else { "content-type;host;x-amz-date" };
    let signature = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/{service}/aws4_request, SignedHeaders={signed}, Signature={signature}"
    );
    headers.insert("authorization", HeaderValue::from_str(&authorization)?);
    headers.insert("amz-sdk-invocation-id", HeaderValue::from_static("6d9f2f9e-8c0b-4b0e-9f0a-0a1b2c3d4e5f"));
    headers.insert("amz-sdk-request", HeaderValue::from_static("attempt=1"));
    Ok(headers)
}

/// `GetCallerIdentity`, over the query protocol.
pub fn get_caller_identity(authority: &str) -> Result<Template, Failure> {
    let headers = headers(authority, "sts", "application/x-www-form-urlencoded; charset=utf-8", None)?;
    Ok(posted(headers, Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15")))
}

/// An operation of SQS, over AWS JSON 1.0.
pub fn sqs(authority: &str, operation: &str, input: &Value) -> Result<Template, Failure> {
    let headers = headers(authority, "sqs", "application/x-amz-json-1.0", Some(&format!("AmazonSQS.{operation}")))?;
    Ok(posted(headers, Bytes::from(input.to_string())))
}

fn posted(headers: HeaderMap, body: Bytes) -> Template {
    Template { method: Method::POST, target: Uri::from_static("/"), headers, body }
}

/// `SendMessage` with a body of [`MESSAGE`] bytes.
pub fn send_message(authority: &str, queue: &str) -> Result<Template, Failure> {
    sqs(authority, "SendMessage", &json!({ "QueueUrl": queue, "MessageBody": "m".repeat(MESSAGE) }))
}

/// `SendMessageBatch` of ten messages with bodies of that many bytes.
pub fn send_batch(authority: &str, queue: &str, bytes: usize) -> Result<Template, Failure> {
    let body = "m".repeat(bytes);
    let entries: Vec<Value> = (0..10).map(|id| json!({ "Id": id.to_string(), "MessageBody": body })).collect();
    sqs(authority, "SendMessageBatch", &json!({ "QueueUrl": queue, "Entries": entries }))
}

/// `ReceiveMessage` of one message.
pub fn receive_message(authority: &str, queue: &str) -> Result<Template, Failure> {
    sqs(authority, "ReceiveMessage", &json!({ "QueueUrl": queue, "MaxNumberOfMessages": 1, "VisibilityTimeout": 600 }))
}

/// The receipt handle in an answer to `ReceiveMessage`; `None` when it brought no message.
pub fn receipt_handle(answer: &[u8]) -> Result<Option<String>, Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(answer.pointer("/Messages/0/ReceiptHandle").and_then(Value::as_str).map(str::to_owned))
}

/// Empties kumoi and makes a queue; its URL.
pub async fn fresh_queue(authority: &str) -> Result<String, Failure> {
    let mut connection = Connection::open(authority).await?;
    connection.admin(authority, "/_kumoi/reset", &json!({})).await?;
    create_queue(&mut connection, authority, QUEUE).await
}

/// Makes a queue; its URL.
pub async fn create_queue(connection: &mut Connection, authority: &str, name: &str) -> Result<String, Failure> {
    let answer = call(connection, authority, "CreateQueue", &json!({ "QueueName": name })).await?;
    let url = answer.get("QueueUrl").and_then(Value::as_str).ok_or("CreateQueue answered no URL")?;
    Ok(url.to_owned())
}

/// Calls an operation of SQS; anything but success is an error.
pub async fn call(
    connection: &mut Connection,
    authority: &str,
    operation: &str,
    input: &Value,
) -> Result<Value, Failure> {
    let answer = connection.repeat(&sqs(authority, operation, input)?).await?;
    if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer)?) }
}
