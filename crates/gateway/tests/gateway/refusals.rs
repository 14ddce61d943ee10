//! What cannot be called is told so in the words of whoever was asked.

use crate::identification::{FORM, LOCAL, request};
use crate::support::{authorization, start};

#[tokio::test]
async fn what_names_no_operation_is_told_so_in_its_own_words() {
    let server = start().await;
    let sign = |service| authorization("anyone", "us-east-1", service);
    let form = |service| format!("{}{FORM}", sign(service));
    for (request, status, needle) in [
        (request("POST /", LOCAL, &form("sts"), "Action=Fly&Version=2011-06-15"), 400, "<Code>InvalidAction</Code>"),
        (request("POST /", LOCAL, &form("sts"), "Version=2011-06-15"), 400, "<Code>MissingAction</Code>"),
        (request("POST /", LOCAL, FORM, "Action=Fly&Version=2011-06-15"), 400, "InvalidAction"),
        (
            request("POST /", LOCAL, &format!("{}X-Amz-Target: AmazonSQS.Fly\r\n", sign("sqs")), "{}"),
            400,
            "UnknownOperationException",
        ),
        (request("POST /", LOCAL, "X-Amz-Target: Nothing.Fly\r\n", "{}"), 404, "UnknownOperationException"),
        (request("GET /fly", LOCAL, &sign("lambda"), ""), 404, "UnknownOperationException"),
        (request("PATCH /bucket", LOCAL, &sign("s3"), ""), 405, "<Code>MethodNotAllowed</Code>"),
        (request("GET /", LOCAL, &sign("flying-carpets"), ""), 404, "UnknownService"),
    ] {
        let response = server.exchange(&request).await;
        assert_eq!(response.status, status, "{request}{}", response.text());
        let told = response.text().contains(needle) || response.header("x-amzn-errortype") == Some(needle);
        assert!(told, "{request}{}{}", response.head, response.text());
    }
}

#[tokio::test]
async fn what_is_not_built_says_so_in_its_own_form() {
    let server = start().await;
    let sign = |service| authorization("anyone", "us-east-1", service);
    for (request, needle) in [
        (request("GET /", LOCAL, &sign("s3"), ""), "<Code>NotImplemented</Code>"),
        (
            request(
                "POST /",
                LOCAL,
                &format!("{}X-Amz-Target: DynamoDB_20120810.ListTables\r\n", sign("dynamodb")),
                "{}",
            ),
            "#NotImplemented\"",
        ),
        (
            request("POST /", LOCAL, &format!("{}{FORM}", sign("ec2")), "Action=DescribeInstances&Version=2016-11-15"),
            "<Code>NotImplemented</Code>",
        ),
    ] {
        let response = server.exchange(&request).await;
        assert_eq!(response.status, 501, "{}", response.text());
        assert!(response.text().contains(needle), "{}", response.text());
    }
}
