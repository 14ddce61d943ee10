//! Requests whose signing name, method and path do not tell the service.

use crate::identification::{FORM, LOCAL, request};
use crate::support::{authorization, start};

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn what_a_request_says_tells_which_sibling_it_is_for() {
    let server = start().await;
    let signed = |service: &str| format!("{}{JSON}", authorization("anyone", "us-east-1", service));
    let session =
        "/tags/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Asession%2Faaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
    let lex = "/tags/arn%3Aaws%3Alex%3Aus-east-1%3A111122223333%3Abot%2Fname";
    let blueprint = r#"{"resourceARN":"arn:aws:bedrock:us-east-1:111122223333:blueprint/aaaaaaaaaaaa"}"#;
    let import = r#"{"payload":"AAAA","resourceType":"BOT","mergeStrategy":"FAIL_ON_CONFLICT"}"#;
    for (what, request, service, operation) in [
        (
            "a pattern of the path's label",
            request(&format!("GET {session}"), LOCAL, &authorization("anyone", "us-east-1", "bedrock"), ""),
            "bedrock-agent-runtime",
            "ListTagsForResource",
        ),
        (
            "a pattern in the body",
            request("POST /listTagsForResource", LOCAL, &signed("bedrock"), blueprint),
            "bedrock-data-automation",
            "ListTagsForResource",
        ),
        (
            "the form of the body",
            request(&format!("POST {lex}"), LOCAL, &signed("lex"), r#"{"tags":{"a":"b"}}"#),
            "lexv2-models",
            "TagResource",
        ),
        (
            "the other form of the body",
            request(&format!("POST {lex}"), LOCAL, &signed("lex"), r#"{"tags":[{"key":"a","value":"b"}]}"#),
            "lex-models",
            "TagResource",
        ),
        ("absent members", request("POST /imports/", LOCAL, &signed("lex"), "{}"), "lexv2-models", "ListImports"),
        ("present members", request("POST /imports/", LOCAL, &signed("lex"), import), "lex-models", "StartImport"),
        (
            "the client's name",
            request(
                "GET /settings",
                LOCAL,
                &format!(
                    "{}User-Agent: aws-sdk-js/3.1 ua/2.1 api/chime-sdk-voice#3.1\r\n",
                    authorization("anyone", "us-east-1", "chime")
                ),
                "",
            ),
            "chime-sdk-voice",
            "GetGlobalSettings",
        ),
        (
            "the same without it",
            request("GET /settings", LOCAL, &authorization("anyone", "us-east-1", "chime"), ""),
            "chime",
            "GetGlobalSettings",
        ),
        (
            "the scope of the signature",
            request("GET /", LOCAL, &authorization("anyone", "us-east-1", "s3express"), ""),
            "s3",
            "ListDirectoryBuckets",
        ),
        (
            "a search that is posted",
            request(
                "POST /2013-01-01/search",
                LOCAL,
                &format!("{}{FORM}", authorization("anyone", "us-east-1", "cloudsearch")),
                "format=sdk&pretty=true&q=text",
            ),
            "cloudsearchdomain",
            "Search",
        ),
        (
            "a bearer token",
            request(
                "PUT /v1/accessTokens",
                LOCAL,
                &format!("Authorization: Bearer token\r\n{JSON}"),
                r#"{"name":"n"}"#,
            ),
            "codecatalyst",
            "CreateAccessToken",
        ),
        (
            "a bearer token, without a body",
            request("GET /access?tenantId=1", LOCAL, "Authorization: Bearer token\r\n", ""),
            "account-access-runtime",
            "ListRoles",
        ),
    ] {
        let response = server.exchange(&request).await;
        let last = server.last();
        let found = (last.service.as_str(), last.operation.as_str());
        assert_eq!(found, (service, operation), "{what}: {}", response.text());
        server.kernel.recorder().clear();
    }
}

/// HTTP clients send `Accept-Encoding` by themselves; that a member of the input is bound to it does not make their value an input.
#[tokio::test]
async fn a_header_of_the_transport_is_no_input() {
    let server = start().await;
    for encoding in ["identity", "gzip, deflate", "gzip"] {
        let headers = format!("{}Accept-Encoding: {encoding}\r\n", authorization("anyone", "us-east-1", "neptune-db"));
        let response = server.exchange(&request("GET /propertygraph/stream", LOCAL, &headers, "")).await;
        assert_eq!(response.status, 501, "{encoding}: {}", response.text());
    }
}
