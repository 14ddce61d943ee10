//! Input made to exhaust a decoder: errors, never a crash or a hang.

use http::{HeaderMap, HeaderValue, Method};
use kumoi_model::{Protocol, Service};
use kumoi_wire::{Body, DecodeError, Limits, Request, Router, choose_protocol, decode, find_operation};
use proptest::prelude::*;

use crate::malformed::{send, service};

const DEEP: usize = 100_000;

fn assert_stopped(result: Result<kumoi_model::Value, DecodeError>, what: &str) {
    let error = result.expect_err(what);
    assert_eq!(error.to_wire(Protocol::AwsJson).status, 400, "{what}");
}

#[test]
fn deep_json_is_refused() {
    let target = &[("x-amz-target", "Test.Body")];
    let json = service("json");
    for (open, close) in [
        (r#"{"tree":"#.to_owned() + &r#"{"child":"#.repeat(DEEP), "}".repeat(DEEP)),
        (r#"{"unknown":"#.to_owned() + &"[".repeat(DEEP), "]".repeat(DEEP)),
        (r#"{"unknown":"#.to_owned() + &r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP)),
        (r#"{"document":"#.to_owned() + &"[".repeat(DEEP), "]".repeat(DEEP)),
        ("[".repeat(DEEP), "]".repeat(DEEP)),
    ] {
        assert_stopped(send(&json, "/", target, format!("{open}{{}}{close}}}").as_bytes()), &open[..20]);
        assert_stopped(send(&json, "/", target, open.as_bytes()), &open[..20]);
    }
    let header = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "[".repeat(DEEP));
    assert_stopped(send(&service("rest-json"), "/jsonvalue", &[("x-json", &header)], b""), "jsonvalue");
}

#[test]
fn deep_xml_is_refused() {
    let service = service("rest-xml");
    for (open, close) in [("<child>", "</child>"), ("<unknown>", "</unknown>"), ("<unknown a=\"b\">", "</unknown>")] {
        let body = format!("<a><tree>{}{}</tree></a>", open.repeat(DEEP), close.repeat(DEEP));
        assert_stopped(send(&service, "/body", &[], body.as_bytes()), open);
        assert_stopped(send(&service, "/body", &[], open.repeat(DEEP).as_bytes()), open);
    }
}

#[test]
fn deep_cbor_is_refused() {
    let service = service("smithy-rpc-v2-cbor");
    let known = b"\xa1\x64tree".to_vec();
    let unknown = b"\xa1\x61u".to_vec();
    for (start, level) in [
        (known, &b"\xa1\x65child"[..]),
        (unknown.clone(), b"\x81"),
        (unknown.clone(), b"\x9f"),
        (unknown.clone(), b"\xbf\x61a"),
        (unknown, b"\xc1"),
    ] {
        let body = [start, level.repeat(DEEP)].concat();
        assert_stopped(send(&service, "/service/T/operation/Body", &[], &body), &format!("{level:02x?}"));
    }
}

#[test]
fn deep_and_many_query_keys_are_refused() {
    for protocol in ["query", "ec2"] {
        let service = service(protocol);
        let deep = format!("Action=Body&tree{}=1&Tree{}=1", ".child".repeat(DEEP), ".Child".repeat(DEEP));
        assert_stopped(send(&service, "/", &[], deep.as_bytes()), "deep");
        let dots = format!("Action=Body&{}", ".".repeat(DEEP));
        assert_stopped(send(&service, "/", &[], dots.as_bytes()), "dots");
        let many = format!("Action=Body{}", "&a=1".repeat(DEEP));
        assert_stopped(send(&service, "/", &[], many.as_bytes()), "many");
    }
}

#[test]
fn values_are_counted() {
    let limits = Limits { max_values: 1000, ..Limits::default() };
    let json = service("json");
    let operation = json.operation("Body").unwrap();
    let headers = HeaderMap::new();
    for name in ["list", "unknown", "document"] {
        let body = format!(r#"{{"{name}":[{}"a"]}}"#, r#""a","#.repeat(2000));
        let request = Request {
            method: &Method::POST,
            raw_path: "/",
            query: "",
            headers: &headers,
            body: Body::Bytes(body.into()),
        };
        let result = decode(&json, Protocol::AwsJson, operation, request, &Default::default(), &limits);
        assert_eq!(result, Err(DecodeError::TooMuch("number of values")), "{name}");
    }
}

/// Everything that a client controls, through every stage of this crate.
fn run(service: &Service, path: &str, query: &str, header: &[u8], body: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(header) {
        for name in ["x-value", "x-json", "header", "content-type", "accept", "x-amz-target"] {
            headers.insert(name, value.clone());
        }
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let _ = choose_protocol(service, &headers, path);
    let protocol = service.protocols[0];
    let router = Router::new(service);
    let _ = find_operation(service, &router, protocol, &Method::POST, path, query, &headers, Some(body));
    let labels = router.route(&Method::POST, path, query, &headers).map(|(_, labels)| labels).unwrap_or_default();
    for operation in &service.operations {
        let request = Request {
            method: &Method::POST,
            raw_path: path,
            query,
            headers: &headers,
            body: Body::Bytes(body.to_vec().into()),
        };
        let _ = decode(service, protocol, operation, request, &labels, &Limits::default());
    }
}

fn pieces(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\u",
    "\"tree\"",
    "\"child\"",
    "\"integer\"",
    "\"list\"",
    "\"union\"",
    "null",
    "1",
    "-1e9",
    "<a>",
    "</a>",
    "<tree>",
    "</tree>",
    "<",
    ">",
    "&",
    "&amp;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "<!DOCTYPE",
    "<integer>",
    "tree",
    ".",
    "=",
    "&list.member.1=",
    "&map.entry.1.key=",
    "%",
    "%4",
    "+",
    "Action=Body",
    "\u{a1}",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), pieces(PIECES)],
        path in prop_oneof!["/http/[A-Z][a-z]{3,9}/.{0,20}", "(/.{0,5}){0,5}"],
        query in "(&?value=|[%a-z0-9=&+.]){0,20}",
        header in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        for protocol in ["json", "query", "ec2", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"] {
            run(&SERVICES.iter().find(|(name, _)| *name == protocol).unwrap().1, &path, &query, &header, &body);
        }
    }
}

static SERVICES: std::sync::LazyLock<Vec<(&'static str, Service)>> = std::sync::LazyLock::new(|| {
    ["json", "query", "ec2", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"].map(|name| (name, service(name))).to_vec()
});
