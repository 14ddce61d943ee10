//! Pages and buckets: the rules that a bucket has say which pages may use it.

use std::sync::Arc;

use kumoi_core::{Cx, Descriptor, Fault, Future, Kernel, OperationSpec, Reply, Service, ValidationStyle};
use kumoi_model::{ByteStream, Struct, Value};

use crate::support::{Response, Running, authorization, start, start_with, start_with_services};

/// As much of S3 as pages see of it: `ruled` has the rules below, `bare` none, and every list is empty.
struct Buckets;

const OPERATIONS: &[OperationSpec] = &[
    OperationSpec { name: "GetBucketCors", ignored: &[] },
    OperationSpec { name: "ListObjects", ignored: &[] },
    OperationSpec { name: "GetObject", ignored: &[] },
    OperationSpec { name: "HeadObject", ignored: &[] },
];

static DESCRIPTOR: Descriptor =
    Descriptor { model: "s3", operations: OPERATIONS, validation: ValidationStyle::Listed { code: "InvalidArgument" } };

/// A structure of S3's model with these members.
fn structure(shape: u32, members: &[(&str, Value)]) -> Value {
    let (model, _) = Kernel::operation("s3", "GetBucketCors").unwrap();
    let mut value = Struct::new();
    for (name, member) in members {
        value.set(model.structure(shape).unwrap().member(name).unwrap().0, member.clone());
    }
    Value::Struct(value)
}

fn rules() -> Value {
    let (model, _) = Kernel::operation("s3", "GetBucketCors").unwrap();
    let output = model.operation("GetBucketCors").unwrap().output.unwrap();
    let (_, list) = model.structure(output).unwrap().member("CORSRules").unwrap();
    let kumoi_model::Kind::List { member, .. } = &model.shape(list.shape).unwrap().kind else { panic!() };
    let strings = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::String((*text).into())).collect());
    let rule = |origins: &[&str], methods: &[&str]| {
        let members = [
            ("AllowedOrigins", strings(origins)),
            ("AllowedMethods", strings(methods)),
            ("AllowedHeaders", strings(&["x-amz-*"])),
            ("MaxAgeSeconds", Value::Int(60)),
        ];
        structure(member.shape, &members)
    };
    let rules = [rule(&["https://*.example.com"], &["GET", "PUT"]), rule(&["*"], &["GET"])];
    structure(output, &[("CORSRules", Value::List(rules.to_vec()))])
}

impl Service for Buckets {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn serves_websites(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        Box::pin(async move {
            if operation == "ListObjects" {
                return Ok(Value::Struct(Struct::new()));
            }
            if operation.ends_with("Object") {
                let fault = |code: &'static str, status| Fault::new(code, status, true, "<b>");
                return match cx.call_info().website.as_deref() {
                    Some("/") => Ok(Value::Struct(Struct::new())),
                    Some("/a b") => Err(fault("Moved", 301).with_header("location", "/c").into()),
                    Some("/own") => {
                        let page = ByteStream::from_bytes("own page".into());
                        Err(fault("NoSuchKey", 404).with_header("content-type", "text/x").with_body(page).into())
                    }
                    Some(_) => Err(fault("NoSuchKey", 404).with_detail("Key", "k").into()),
                    None => Err(fault("NoWebsite", 400).into()),
                };
            }
            let bucket = input.as_struct().unwrap().iter().next().and_then(|(_, bucket)| bucket.as_str());
            match bucket {
                Some("ruled") => Ok(rules()),
                _ => Err(Fault::new("NoSuchCORSConfiguration", 404, true, "").into()),
            }
        })
    }
}

async fn served() -> Running {
    start_with_services(vec![kumoi_sts::service(), Arc::new(Buckets)], |_| {}).await
}

async fn ask(server: &Running, line: &str, headers: &[(&str, &str)]) -> Response {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    server.exchange(&format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{headers}\r\n")).await
}

const STRANGER: (&str, &str) = ("Origin", "https://elsewhere.test");
const FRIEND: (&str, &str) = ("Origin", "https://app.example.com");
const LOCAL: (&str, &str) = ("Origin", "http://localhost:3000");
const GET: (&str, &str) = ("Access-Control-Request-Method", "GET");
const PUT: (&str, &str) = ("Access-Control-Request-Method", "PUT");

#[tokio::test]
async fn a_preflight_goes_by_the_rules_of_the_bucket() {
    let server = served().await;
    let asked = ("Access-Control-Request-Headers", "x-amz-date");
    for (path, headers, status, origin) in [
        ("/ruled/key", &[FRIEND, PUT, asked][..], 200, Some(FRIEND.1)),
        ("/ruled", &[STRANGER, GET], 200, Some("*")),
        ("/ruled", &[LOCAL, GET], 200, Some("*")),
        ("/ruled", &[STRANGER, PUT], 403, None),
        ("/ruled", &[LOCAL, PUT], 403, None),
        ("/ruled", &[FRIEND, PUT, ("Access-Control-Request-Headers", "authorization")], 403, None),
        ("/ruled", &[FRIEND], 400, None),
        ("/ruled", &[], 400, None),
        ("/bare", &[], 400, None),
        ("/bare", &[STRANGER, GET], 403, None),
        // A bucket without rules goes by what holds for all services.
        ("/bare", &[LOCAL, GET], 204, Some(LOCAL.1)),
        ("/_kumoi/health", &[STRANGER, GET], 204, None),
        ("/", &[STRANGER, GET], 204, None),
    ] {
        let response = ask(&server, &format!("OPTIONS {path}"), headers).await;
        let found = (response.status, response.header("access-control-allow-origin"));
        assert_eq!(found, (status, origin), "{path} {headers:?} {}", response.head);
    }
    let response = ask(&server, "OPTIONS /ruled/key", &[FRIEND, PUT, asked]).await;
    for (name, value) in [
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-headers", "x-amz-date"),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "60"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    let response = ask(&server, "OPTIONS /ruled/key", &[STRANGER, PUT]).await;
    assert!(response.text().contains("<Method>PUT</Method><ResourceType>OBJECT</ResourceType>"), "{}", response.text());
}

#[tokio::test]
async fn a_request_of_a_page_goes_by_them_too() {
    let server = served().await;
    let signed = authorization("anyone", "us-east-1", "s3");
    let (name, value) = signed.split_once("\r\n").unwrap().0.split_once(": ").unwrap();
    let (key, date) = ((name, value), ("X-Amz-Date", "20260101T000000Z"));
    for (path, headers, status, origin) in [
        ("/ruled", &[FRIEND][..], 200, Some(FRIEND.1)),
        ("/ruled", &[FRIEND, key, date], 200, Some(FRIEND.1)),
        ("/ruled", &[LOCAL, key, date], 200, Some("*")),
        ("/ruled", &[STRANGER], 200, Some("*")),
        // Any key is accepted, so that a page from anywhere could be anybody.
        ("/ruled", &[STRANGER, key, date], 403, Some("*")),
        ("/bare", &[STRANGER], 200, None),
        ("/bare", &[STRANGER, key, date], 403, None),
        ("/bare", &[LOCAL, key, date], 200, Some(LOCAL.1)),
        // What is no request to S3 is refused, whatever its path looks like.
        ("/ruled?Action=GetCallerIdentity&Version=2011-06-15", &[STRANGER], 403, Some("*")),
        ("/ruled?X-Amz-Algorithm=x&X-Amz-Credential=y", &[STRANGER], 403, Some("*")),
        ("/ruled?AWSAccessKeyId=anyone&Signature=x&Expires=4102444800", &[STRANGER], 403, Some("*")),
    ] {
        let response = ask(&server, &format!("GET {path}"), headers).await;
        let found = (response.status, response.header("access-control-allow-origin"));
        assert_eq!(found, (status, origin), "{path} {headers:?} {}", response.text());
    }
}

#[tokio::test]
async fn a_form_of_a_page_from_elsewhere_may_show_no_key() {
    let server = start().await;
    let form = "--B\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n--B\r\nContent-Disposition: form-data; name=policy\r\n\r\n\
                p\r\n--B\r\nContent-Disposition: form-data; name=AWSAccessKeyId\r\n\r\nk\r\n--B\r\nContent-Disposition: form-data; \
                name=signature\r\n\r\ns\r\n--B\r\nContent-Disposition: form-data; name=file\r\n\r\nf\r\n--B--";
    let request = |origin: &str| {
        let length = form.len();
        format!(
            "POST /bucket HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nContent-Type: multipart/form-data; boundary=B\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        )
    };
    let response = server.exchange(&request(STRANGER.1)).await;
    assert!(response.text().contains("This origin may not call"), "{}", response.text());
    let response = server.exchange(&request(LOCAL.1)).await;
    assert!(response.text().contains("InvalidPolicyDocument"), "{}", response.text());
}

#[tokio::test]
async fn a_website_answers_browsers() {
    let server = served().await;
    let get = async |line: &str| {
        let host = "photos.s3-website.localhost";
        let response =
            server.exchange(&format!("{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic x\r\n\r\n")).await;
        let header = |name| response.header(name).unwrap_or_default().to_owned();
        (response.status, header("content-type"), header("location"), response.text().to_owned())
    };
    let html = "text/html; charset=utf-8";
    assert_eq!(get("GET /?acl").await.0, 200);
    assert_eq!(server.last().principal, "anonymous");
    assert_eq!(get("GET /a%20b").await, (301, html.into(), "/c".into(), String::new()));
    assert_eq!(get("GET /own").await, (404, "text/x".into(), String::new(), "own page".into()));
    let (status, kind, _, text) = get("GET /none").await;
    assert_eq!((status, &*kind), (404, html));
    assert!(
        text.contains("<h1>404 Not Found</h1>") && text.contains("<li>Message: &lt;b&gt;</li>\n<li>Key: k</li>"),
        "{text}"
    );
    assert_eq!(get("POST /").await.0, 405);
    let response = server.exchange("GET /key HTTP/1.1\r\nHost: photos.s3.localhost\r\n\r\n").await;
    assert!(response.text().contains("NoWebsite"), "{}", response.text());
    let server = start().await;
    let response = server.exchange("GET / HTTP/1.1\r\nHost: photos.s3-website.localhost\r\n\r\n").await;
    assert_eq!(response.status, 501, "no service answers for websites");
}

#[tokio::test]
async fn the_operator_may_turn_it_off() {
    let server = start_with(|config| config.cors.buckets = false).await;
    assert_eq!(ask(&server, "OPTIONS /ruled", &[STRANGER, GET]).await.status, 204);
    assert_eq!(ask(&server, "GET /ruled", &[STRANGER]).await.status, 403);
}
