//! Requests to DynamoDB, as an AWS SDK sends them: signed with the key `test` and its secret `test`.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::http::{Connection, Template};
use crate::{Failure, signed};

/// An operation, over AWS JSON 1.0.
///
/// # Errors
/// An authority that no header can carry.
pub fn request(authority: &str, operation: &str, input: &Value) -> Result<Template, Failure> {
    let body = Bytes::from(input.to_string());
    let target = format!("DynamoDB_20120810.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", &*target)];
    let payload = hex::encode(digest(&SHA256, &body));
    signed::request("dynamodb", authority, Method::POST, "/", &headers, body, &payload)
}

/// Calls an operation; anything but success is an error.
///
/// # Errors
/// Those of the connection, and an answer that is none of success.
pub async fn call(
    connection: &mut Connection,
    authority: &str,
    operation: &str,
    input: &Value,
) -> Result<Value, Failure> {
    let answer = connection.repeat(&request(authority, operation, input)?).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Makes a table with the keys `p` and `s`, both of type S, that is paid by the request.
///
/// # Errors
/// Those of [`call`].
pub async fn create_table(connection: &mut Connection, authority: &str, table: &str) -> Result<(), Failure> {
    let input = json!({
        "TableName": table,
        "AttributeDefinitions": [
            { "AttributeName": "p", "AttributeType": "S" },
            { "AttributeName": "s", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "p", "KeyType": "HASH" },
            { "AttributeName": "s", "KeyType": "RANGE" },
        ],
        "BillingMode": "PAY_PER_REQUEST",
    });
    call(connection, authority, "CreateTable", &input).await.map(drop)
}
