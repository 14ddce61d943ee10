//! The forms of errors, protocol by protocol.

use kumoi_model::{Protocol, Service, Struct};
use kumoi_wire::{Body, NotFound, Response, WireError, encode_error};

use crate::malformed::service;

fn text(response: &Response) -> String {
    match &response.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Stream(_) => panic!("errors are no streams"),
    }
}

fn answer(service: &Service, error: &WireError) -> Response {
    encode_error(service, service.protocols[0], error, "request-1")
}

fn gone() -> WireError {
    let mut error = WireError::new("QueueDoesNotExist", 400, "The specified queue does not exist.");
    error.query_code = Some("AWS.SimpleQueueService.NonExistentQueue".into());
    error
}

#[test]
fn aws_json_names_the_type_and_the_query_code() {
    let mut service = service("json");
    service.id = "sqs".into();
    service.query_compatible = true;
    let mut error = gone();
    error.shape = service.operation("Body").unwrap().input;
    error.members = Struct::new();
    let response = answer(&service, &error);
    assert_eq!(
        text(&response),
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#
    );
    assert_eq!(response.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(response.headers["content-type"], "application/x-amz-json-1.0");
    assert_eq!(response.headers["x-amzn-requestid"], "request-1");

    let common = answer(&service, &WireError::new("SerializationException", 400, ""));
    assert_eq!(text(&common), r#"{"__type":"com.amazon.coral.service#SerializationException"}"#);

    service.json_version = Some("1.1".into());
    service.query_compatible = false;
    let response = answer(&service, &WireError::new("InternalFailure", 500, "\"broken\"\n"));
    assert_eq!(text(&response), r#"{"__type":"InternalFailure","message":"\"broken\"\n"}"#);
    assert!(!response.headers.contains_key("x-amzn-query-error"));
}

#[test]
fn query_wraps_and_ec2_lists() {
    let response = answer(&service("query"), &gone());
    assert_eq!(
        text(&response).lines().nth(1).unwrap(),
        "<ErrorResponse><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>\
         <Message>The specified queue does not exist.</Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
    );
    assert_eq!(response.headers["content-type"], "text/xml");
    let response = answer(&service("ec2"), &WireError::new("InvalidParameterValue", 400, "a < b & c"));
    assert_eq!(
        text(&response).lines().nth(1).unwrap(),
        "<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>a &lt; b &amp; c</Message></Error></Errors>\
         <RequestID>request-1</RequestID></Response>"
    );
}

#[test]
fn s3_does_not_wrap_and_others_do() {
    let error = WireError::new("NoSuchBucket", 404, "The specified bucket does not exist");
    let mut s3 = service("rest-xml");
    s3.id = "s3".into();
    let response = answer(&s3, &error);
    assert!(text(&response).contains("\n<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><RequestId>request-1</RequestId><HostId>"));
    assert_eq!(response.headers["x-amz-request-id"], "request-1");
    assert!(response.headers.contains_key("x-amz-id-2"));
    let response = answer(&service("rest-xml"), &error);
    assert!(text(&response).contains("<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchBucket</Code>"));
    assert_eq!(response.headers["x-amzn-requestid"], "request-1");
}

#[test]
fn rest_json_names_the_type_in_a_header() {
    let response = answer(&service("rest-json"), &WireError::new("ResourceNotFoundException", 404, "gone"));
    assert_eq!(response.headers["x-amzn-errortype"], "ResourceNotFoundException");
    assert_eq!((response.status, text(&response).as_str()), (404, r#"{"message":"gone"}"#));
}

#[test]
fn answers_to_head_have_no_body() {
    for protocol in ["rest-xml", "rest-json", "query"] {
        let mut error = WireError::new("NotFound", 404, "Not Found");
        error.head = true;
        assert_eq!(answer(&service(protocol), &error).body, Body::empty());
    }
}

#[test]
fn cbor_names_the_type_in_the_body() {
    let mut service = service("smithy-rpc-v2-cbor");
    service.json_version = Some("1.1".into());
    let response = answer(&service, &WireError::new("Gone", 400, "gone"));
    assert_eq!(response.headers["smithy-protocol"], "rpc-v2-cbor");
    let Body::Bytes(bytes) = &response.body else { panic!("errors are no streams") };
    assert_eq!(&bytes[..], b"\xa2\x66__type\x64Gone\x67message\x64gone");
}

#[test]
fn unknown_operations_are_named_in_the_words_of_each_protocol() {
    let unknown = NotFound::Unknown { name: "Fly".into(), version: Some("2012-11-05".into()) };
    let service = service("query");
    let error = unknown.to_wire(&service, Protocol::AwsQuery);
    assert_eq!(
        (error.code.as_ref(), error.message.as_str()),
        ("InvalidAction", "Could not find operation Fly for version 2012-11-05")
    );
    let error = unknown.to_wire(&service, Protocol::AwsJson);
    assert_eq!(error.code, "UnknownOperationException");
    assert_eq!(NotFound::NoRoute.to_wire(&service, Protocol::RestXml).status, 405);
    assert_eq!(NotFound::Missing.to_wire(&service, Protocol::AwsQuery).code, "MissingAction");
}
