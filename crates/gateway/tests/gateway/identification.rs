//! From a request line and headers to service, operation, region, account and world.

use kumoi_core::clock::real_time;
use kumoi_wire::sigv4::format_amz_date;

use crate::support::{authorization, start};

struct Case {
    what: &'static str,
    request: String,
    service: &'static str,
    operation: &'static str,
    region: &'static str,
    account: &'static str,
}

pub(crate) const NOBODY: &str = "000000000000";

/// A request of these parts; the body's length is filled in.
pub(crate) fn request(line: &str, host: &str, headers: &str, body: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
pub(crate) const LOCAL: &str = "localhost:4566";

fn cases() -> Vec<Case> {
    let case = |what, request, service, operation, region, account| Case {
        what,
        request,
        service,
        operation,
        region,
        account,
    };
    let sign = authorization;
    let signed_form = |key: &str, region: &str, service: &str| format!("{}{FORM}", sign(key, region, service));
    let json =
        |target: &str, service: &str| format!("{}X-Amz-Target: {target}\r\n", sign("anyone", "eu-west-1", service));
    vec![
        case(
            "a query request by its scope",
            request(
                "POST /",
                LOCAL,
                &signed_form("111122223333", "eu-west-1", "sts"),
                "Action=GetCallerIdentity&Version=2011-06-15",
            ),
            "sts",
            "GetCallerIdentity",
            "eu-west-1",
            "111122223333",
        ),
        case(
            "a query request that nobody signed",
            request("POST /", LOCAL, FORM, "Action=GetCallerIdentity&Version=2011-06-15"),
            "sts",
            "GetCallerIdentity",
            "us-east-1",
            NOBODY,
        ),
        case(
            "a query request by GET",
            request("GET /?Action=GetCallerIdentity&Version=2011-06-15", LOCAL, "", ""),
            "sts",
            "GetCallerIdentity",
            "us-east-1",
            NOBODY,
        ),
        case(
            "a JSON request by its target",
            request("POST /", LOCAL, "X-Amz-Target: AmazonSQS.ListQueues\r\n", "{}"),
            "sqs",
            "ListQueues",
            "us-east-1",
            NOBODY,
        ),
        case(
            "a JSON request by its scope",
            request("POST /", LOCAL, &json("AmazonSQS.ListQueues", "sqs"), "{}"),
            "sqs",
            "ListQueues",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "SQS's older form, on a queue's URL without a version",
            request("GET /000000000000/orders?Action=ReceiveMessage", LOCAL, "", ""),
            "sqs",
            "ReceiveMessage",
            "us-east-1",
            NOBODY,
        ),
        case(
            "SQS by its oldest host names",
            request(
                "POST /000000000000/orders",
                "eu-north-1.queue.localhost.localstack.cloud:4566",
                FORM,
                "Action=ReceiveMessage",
            ),
            "sqs",
            "ReceiveMessage",
            "eu-north-1",
            NOBODY,
        ),
        case(
            "two services of one signing name, by target",
            request("POST /", LOCAL, &json("DynamoDBStreams_20120810.ListStreams", "dynamodb"), "{}"),
            "dynamodbstreams",
            "ListStreams",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "the other of the two",
            request("POST /", LOCAL, &json("DynamoDB_20120810.ListTables", "dynamodb"), "{}"),
            "dynamodb",
            "ListTables",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "two services of one signing name, by version",
            request(
                "POST /",
                LOCAL,
                &signed_form("anyone", "eu-west-1", "elasticloadbalancing"),
                "Action=DescribeLoadBalancers&Version=2015-12-01",
            ),
            "elbv2",
            "DescribeLoadBalancers",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "the other of the two",
            request(
                "POST /",
                LOCAL,
                &signed_form("anyone", "eu-west-1", "elasticloadbalancing"),
                "Action=DescribeLoadBalancers&Version=2012-06-01",
            ),
            "elb",
            "DescribeLoadBalancers",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "two services of one signing name, by path",
            request("GET /v2/apis", LOCAL, &sign("anyone", "eu-west-1", "apigateway"), ""),
            "apigatewayv2",
            "GetApis",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "the other of the two",
            request("GET /restapis", LOCAL, &sign("anyone", "eu-west-1", "apigateway"), ""),
            "apigateway",
            "GetRestApis",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "a REST request that a form cannot be mistaken for",
            request("GET /v2/email/contact-lists", LOCAL, &sign("anyone", "eu-west-1", "ses"), ""),
            "sesv2",
            "ListContactLists",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "CBOR by its path",
            {
                let headers = format!(
                    "{}smithy-protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n",
                    sign("anyone", "eu-west-1", "monitoring")
                );
                request("POST /service/GraniteServiceVersion20100801/operation/ListMetrics", LOCAL, &headers, "\u{0}")
                    .replace("\r\n\r\n\u{0}", "\r\n\r\n")
                    .replace("Content-Length: 1", "Content-Length: 0")
            },
            "cloudwatch",
            "ListMetrics",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "a path without any clue is a bucket",
            request("GET /photos/2026/cat.jpg", LOCAL, "", ""),
            "s3",
            "GetObject",
            "us-east-1",
            NOBODY,
        ),
        case(
            "a bucket in the host",
            request("GET /cat.jpg", "photos.s3.eu-west-1.localhost.localstack.cloud:4566", "", ""),
            "s3",
            "GetObject",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "a bucket in the host, and no key",
            request("GET /?list-type=2", "photos.s3.localhost:4566", "", ""),
            "s3",
            "ListObjectsV2",
            "us-east-1",
            NOBODY,
        ),
        case(
            "a presigned request",
            request(
                &format!(
                    "GET /photos/cat.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=222233334444%2F20260101%2Feu-west-3%2Fs3%2Faws4_request\
                     &X-Amz-Date={}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
                    format_amz_date(real_time())
                ),
                LOCAL,
                "",
                "",
            ),
            "s3",
            "GetObject",
            "eu-west-3",
            "222233334444",
        ),
        case(
            "two services of one target prefix, by operation",
            request("POST /", LOCAL, &json("Timestream_20181101.ListTables", "timestream"), "{}"),
            "timestream-write",
            "ListTables",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "two services of one signing name, by the slash at the path's end",
            request(
                "POST /agents/session",
                LOCAL,
                &format!("{}Content-Type: application/json\r\n", sign("anyone", "eu-west-1", "bedrock")),
                "{}",
            ),
            "bedrock-agent-runtime",
            "InvokeInlineAgent",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "a person who signs in",
            request("GET /assignment/accounts", LOCAL, "x-amz-sso_bearer_token: token\r\n", ""),
            "sso",
            "ListAccounts",
            "us-east-1",
            NOBODY,
        ),
        case(
            "S3's control plane beside S3",
            request("GET /v20180820/jobs", LOCAL, &sign("anyone", "us-east-1", "s3"), ""),
            "s3control",
            "ListJobs",
            "us-east-1",
            NOBODY,
        ),
        case(
            "AWS's own host names",
            request("POST /", "sts.eu-central-1.amazonaws.com", FORM, "Action=GetCallerIdentity&Version=2011-06-15"),
            "sts",
            "GetCallerIdentity",
            "eu-central-1",
            NOBODY,
        ),
        case(
            "a host name in capitals",
            request("GET /", "S3.EU-WEST-1.LOCALHOST:4566", "", ""),
            "s3",
            "ListBuckets",
            "eu-west-1",
            NOBODY,
        ),
        case(
            "an absolute request target, as proxies get it",
            request("GET http://photos.s3.localhost/cat.jpg", "photos.s3.localhost", "", ""),
            "s3",
            "GetObject",
            "us-east-1",
            NOBODY,
        ),
        case(
            "EC2",
            request(
                "POST /",
                LOCAL,
                &signed_form("anyone", "us-west-2", "ec2"),
                "Action=DescribeInstances&Version=2016-11-15",
            ),
            "ec2",
            "DescribeInstances",
            "us-west-2",
            NOBODY,
        ),
    ]
}

#[tokio::test]
async fn every_form_of_request_finds_its_operation() {
    let server = start().await;
    for case in cases() {
        let response = server.exchange(&case.request).await;
        let Some(last) = server.kernel.recorder().latest(1).pop() else {
            panic!("{}: {} {}", case.what, response.head, response.text());
        };
        let found = (last.service.as_str(), last.operation.as_str(), last.region.as_str(), last.account.as_str());
        assert_eq!(
            found,
            (case.service, case.operation, case.region, case.account),
            "{}: {}",
            case.what,
            response.text()
        );
        server.kernel.recorder().clear();
    }
}
