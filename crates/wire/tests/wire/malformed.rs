//! Requests that are not of the form that the model asks for, after the rules of Smithy's tests of malformed requests.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kumoi_model::{Protocol, Service, Value};
use kumoi_wire::{Body, DecodeError, Limits, Request, Router, decode, find_operation};
use serde_json::json;

/// A service with one member of each kind in each place, speaking `protocol`.
pub(crate) fn service(protocol: &str) -> Service {
    let bound = |shape: &str, location: &str| json!({"shape": shape, "location": location});
    let kinds = ["Boolean", "Integer", "Long", "Float", "Double", "Timestamp", "IsoTimestamp", "HttpDate", "Epoch"];
    let mut operations = Vec::new();
    let mut shapes = json!({
        "Boolean": {"type": "boolean"},
        "Integer": {"type": "integer"},
        "Long": {"type": "long"},
        "Float": {"type": "float"},
        "Double": {"type": "double"},
        "String": {"type": "string"},
        "Blob": {"type": "blob"},
        "Timestamp": {"type": "timestamp"},
        "IsoTimestamp": {"type": "timestamp", "timestampFormat": "iso8601"},
        "HttpDate": {"type": "timestamp", "timestampFormat": "rfc822"},
        "Epoch": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
        "List": {"type": "list", "member": {"shape": "String"}},
        "Integers": {"type": "list", "member": {"shape": "Integer"}},
        "SparseList": {"type": "list", "member": {"shape": "String"}, "sparse": true},
        "Map": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}},
        "Union": {"type": "structure", "union": true, "members": {"int": {"shape": "Integer"}, "string": {"shape": "String"}}},
        "Tree": {"type": "structure", "members": {"child": {"shape": "Tree"}, "name": {"shape": "String"}, "children": {"shape": "Trees"}}},
        "Trees": {"type": "list", "member": {"shape": "Tree"}},
        "Document": {"type": "structure", "members": {}, "document": true},
        "BodyInput": {"type": "structure", "members": {
            "boolean": {"shape": "Boolean"}, "integer": {"shape": "Integer"}, "long": {"shape": "Long"}, "float": {"shape": "Float"},
            "double": {"shape": "Double"}, "string": {"shape": "String"}, "blob": {"shape": "Blob"}, "timestamp": {"shape": "Timestamp"},
            "isoTimestamp": {"shape": "IsoTimestamp"}, "httpDate": {"shape": "HttpDate"}, "epoch": {"shape": "Epoch"},
            "list": {"shape": "List"}, "integers": {"shape": "Integers"}, "sparseList": {"shape": "SparseList"}, "map": {"shape": "Map"},
            "union": {"shape": "Union"}, "tree": {"shape": "Tree"}, "document": {"shape": "Document"}
        }},
        "HeaderOnlyInput": {"type": "structure", "members": {"header": {"shape": "String", "location": "header", "locationName": "header"}}},
        "JsonValueInput": {"type": "structure", "members": {"json": {"shape": "String", "location": "header", "locationName": "X-Json", "jsonvalue": true}}},
        "StringOutput": {"type": "structure", "payload": "payload", "members": {"payload": {"shape": "String"}}},
        "EmptyInput": {"type": "structure", "members": {}},
    });
    for kind in kinds {
        let mut header = bound(kind, "header");
        header["locationName"] = json!("x-value");
        let mut query = bound(kind, "querystring");
        query["locationName"] = json!("value");
        let mut label = bound(kind, "uri");
        label["locationName"] = json!("value");
        shapes[format!("{kind}HttpInput")] =
            json!({"type": "structure", "members": {"header": header, "query": query, "label": label}});
        operations.push(json!({"name": format!("Http{kind}"), "input": {"shape": format!("{kind}HttpInput")},
            "http": {"method": "POST", "requestUri": format!("/http/{kind}/{{value}}")}}));
    }
    operations.push(json!({"name": "Body", "input": {"shape": "BodyInput"}, "output": {"shape": "BodyInput"},
        "http": {"method": "POST", "requestUri": "/body"}}));
    operations.push(json!({"name": "HeaderOnly", "input": {"shape": "HeaderOnlyInput"}, "http": {"method": "POST", "requestUri": "/header"}}));
    operations.push(json!({"name": "JsonValue", "input": {"shape": "JsonValueInput"}, "http": {"method": "POST", "requestUri": "/jsonvalue"}}));
    operations.push(json!({"name": "NoInput", "http": {"method": "POST", "requestUri": "/none"}}));
    operations.push(
        json!({"name": "Empty", "input": {"shape": "EmptyInput"}, "http": {"method": "POST", "requestUri": "/empty"}}),
    );
    operations.push(
        json!({"name": "Text", "output": {"shape": "StringOutput"}, "http": {"method": "POST", "requestUri": "/text"}}),
    );
    let metadata =
        json!({"protocol": protocol, "apiVersion": "2020-01-01", "targetPrefix": "Test", "jsonVersion": "1.0"});
    let operations: Vec<&serde_json::Value> = operations.iter().collect();
    kumoi_model::botocore::parse_suite(&metadata, &shapes, &operations).unwrap()
}

/// Sends a request through routing and decoding, as the gateway would.
pub(crate) fn send(service: &Service, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Value, DecodeError> {
    let protocol = service.protocols[0];
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let (operation, labels) =
        find_operation(service, &Router::new(service), protocol, &Method::POST, path, query, &map, Some(body)).unwrap();
    let request = Request {
        method: &Method::POST,
        raw_path: path,
        query,
        headers: &map,
        body: Body::Bytes(body.to_vec().into()),
    };
    decode(service, protocol, operation, request, &labels, &Limits::default())
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn json_body(service: &Service, body: &str) -> Result<Value, DecodeError> {
    match service.protocols[0] {
        Protocol::RestJson => send(service, "/body", JSON, body.as_bytes()),
        _ => send(service, "/", &[("x-amz-target", "Test.Body")], body.as_bytes()),
    }
}

fn assert_refused(result: Result<Value, DecodeError>, what: &str) {
    let error = result.expect_err(what);
    let wire = error.to_wire(Protocol::RestJson);
    assert_eq!((wire.code.as_ref(), wire.status), ("SerializationException", 400), "{what}: {error:?}");
}

/// Bodies whose one member is not of its kind.
const BODY: &[(&str, &[&str])] = &[
    ("boolean", &[r#""true""#, r#""True""#, r#""yes""#, r#""1""#, "True", "TRUE", "y", "yes", "1", "on", "0", "off"]),
    (
        "integer",
        &[
            r#""123""#,
            "true",
            "1.001",
            "2ABC",
            "0x42",
            "Infinity",
            r#""Infinity""#,
            "-Infinity",
            "NaN",
            r#""NaN""#,
            "[]",
            "{}",
        ],
    ),
    ("integer", &["-9223372000000000000", "9223372000000000000", "123000000000000000000000", "2147483648"]),
    ("long", &[r#""123""#, "true", "1.001", "2ABC", "0x42", "NaN", "-184467440737095000000", "184467440737095000000"]),
    ("float", &[r#""123""#, "true", "2ABC", "0x42", "Infinity", "-Infinity", "NaN"]),
    ("double", &[r#""123""#, "true", "2ABC", "0x42", "Infinity", "-Infinity", "NaN"]),
    ("string", &["1", "1.5", "true", "[]", "{}"]),
    (
        "blob",
        &[
            "blob",
            r#""xyz""#,
            r#""YmxvYg=""#,
            "[98, 108, 11, 98]",
            r#"["b", "l","o","b"]"#,
            "981081198",
            "true",
            "[][]",
            "-_==",
            r#""-_==""#,
        ],
    ),
    ("timestamp", &[r#""1985-04-12T23:20:50.52Z""#, r#""1985-04-12T23:20:50Z""#, r#""1996-12-19T16:39:57-08:00""#]),
    ("timestamp", &[r#""1515531081.1234""#, r#""1515531081""#, r#""Tue, 29 Apr 2014 18:30:38 GMT""#]),
    (
        "timestamp",
        &[
            "true",
            "1515531081ABC",
            "0x42",
            "1515531081.123.456",
            "Infinity",
            r#""Infinity""#,
            "NaN",
            r#""NaN""#,
            "1e300",
        ],
    ),
    (
        "isoTimestamp",
        &[r#""Tue, 29 Apr 2014 18:30:38 GMT""#, "1515531081.1234", "1515531081", r#""1996-12-19T16:39:57-08:00""#],
    ),
    (
        "isoTimestamp",
        &[
            r#""1996-12-19T16:39:57+00""#,
            r#""1996-12-19T16:39:57+00Z""#,
            r#""1996-12-19T16:39:57""#,
            r#""1996-12-19T163957""#,
            r#""19961219T163957Z""#,
            r#""19961219T163957""#,
            r#""19961219T16:39:57Z""#,
            r#""1996-12-19T16:39Z""#,
            r#""1996-12-19T16:39""#,
            r#""1996-12-19T1639""#,
            r#""1996-12-19T16Z""#,
            r#""1996-12-19T16""#,
            r#""1996-12-19 16:39:57Z""#,
            r#""2011-12-03T10:15:30+01:00[Europe/Paris]""#,
        ],
    ),
    ("httpDate", &[r#""1985-04-12T23:20:50.52Z""#, r#""1985-04-12T23:20:50Z""#, "1515531081.1234", "1515531081"]),
    ("list", &[r#"["a", null, "b", "c"]"#, r#"["a", "b", "c""#, r#""a""#, "1", "{}", r#"["a", 1]"#]),
    ("map", &[r#"{ null: "abc" }"#, r#"{ "abc": null }"#, "[]", r#""a""#, r#"{ "abc": 1 }"#]),
    ("union", &[r#"{"int": 2, "string": "three"}"#, "{}", r#"{"int": null}"#, r#"{"other": 1}"#, "[]", "1"]),
    ("tree", &["[]", r#""x""#, "1"]),
];

#[test]
fn members_of_another_kind_are_refused_in_json_bodies() {
    for protocol in ["rest-json", "json"] {
        let service = service(protocol);
        for (member, values) in BODY {
            for value in *values {
                let body = format!("{{ \"{member}\" : {value} }}");
                assert_refused(json_body(&service, &body), &body);
            }
        }
    }
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    for protocol in ["rest-json", "json"] {
        let service = service(protocol);
        for body in [
            "{[",
            r#"{ "integer": 10 }abc"#,
            r#"abc{ "integer": 10 }"#,
            "{ \"integer\": 10 // the integer should be 10\n}",
            "{ \"integer\": 10 /* the integer should be 10 */ }",
            "{\"integer\" :\u{c}10}",
            "{'integer': 10}",
            r#"{"integer": 10,}"#,
            r#"[{ "integer": 10}]"#,
            "10",
            "null",
            "\"\"",
            "{\"string\": \"\u{1}\"}",
            r#"{"string": "\ud800"}"#,
        ] {
            assert_refused(json_body(&service, body), body);
        }
    }
}

#[test]
fn what_json_allows_is_taken() {
    let service = service("json");
    for (body, wanted) in [
        (r#"{"integer": 1.0}"#, Value::Int(1)),
        (r#"{"long": 9223372036854775807}"#, Value::Int(i64::MAX)),
        (r#"{"double": "-Infinity"}"#, Value::Float(f64::NEG_INFINITY)),
        (r#"{"sparseList": ["a", null]}"#, Value::List(vec![Value::String("a".into()), Value::Null])),
        (r#"{"string": "\u00e9\n"}"#, Value::String("é\n".into())),
        (
            r#"{"map": {"a": "1", "b": "2", "a": "3"}}"#,
            Value::Map(vec![("a".into(), Value::String("3".into())), ("b".into(), Value::String("2".into()))]),
        ),
        (r#"{"unknown": {"integer": [1, {}]}, "boolean": true, "string": null}"#, Value::Bool(true)),
    ] {
        let value = json_body(&service, body).unwrap();
        let members: Vec<_> = value.as_struct().unwrap().iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(members, [wanted], "{body}");
    }
    let value = json_body(&service, r#"{"union": {"__type": "x#Union", "int": 1, "string": null}}"#).unwrap();
    assert_eq!(value.as_struct().unwrap().len(), 1);
}

/// Texts that are no value of the kind, wherever they stand outside of the body. Percent-encoded for path and query.
const TEXTS: &[(&str, &[&str])] = &[
    ("Boolean", &["True", "TRUE", "y", "Yes", "1", "on", "False", "n", "0", "off"]),
    (
        "Integer",
        &[
            "true",
            "1.001",
            "2ABC",
            "0x42",
            "Infinity",
            "-Infinity",
            "NaN",
            "-9223372000000000000",
            "123000000000000000000000",
        ],
    ),
    ("Long", &["true", "1.001", "2ABC", "0x42", "NaN", "-184467440737095000000", "184467440737095000000"]),
    ("Float", &["true", "2ABC", "0x42", "inf", "nan", "infinity"]),
    ("Double", &["true", "2ABC", "0x42", "inf", "nan"]),
    (
        "IsoTimestamp",
        &[
            "1515531081.1234",
            "1515531081",
            "1996-12-19T16:39:57",
            "19961219T163957Z",
            "1996-12-19T16:39Z",
            "1996-12-19T16%3A39%3A57-08%3A00",
            "1996-12-19%2016:39:57Z",
            "Tue%2C%2029%20Apr%202014%2018%3A30%3A38%20GMT",
        ],
    ),
    ("HttpDate", &["1985-04-12T23%3A20%3A50.52Z", "1515531081.1234", "1515531081"]),
    (
        "Epoch",
        &["1985-04-12T23%3A20%3A50.52Z", "true", "1515531081ABC", "0x42", "1515531081.123.456", "Infinity", "NaN"],
    ),
];

const GOOD: &[(&str, &str)] = &[
    ("Boolean", "true"),
    ("Integer", "1"),
    ("Long", "1"),
    ("Float", "1.5"),
    ("Double", "NaN"),
    ("IsoTimestamp", "1985-04-12T23%3A20%3A50.52Z"),
    ("HttpDate", "Tue%2C%2029%20Apr%202014%2018%3A30%3A38%20GMT"),
    ("Epoch", "1515531081.1234"),
];

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

#[test]
fn texts_of_another_kind_are_refused_in_headers_queries_and_labels() {
    let service = service("rest-json");
    for (kind, texts) in TEXTS {
        let good = GOOD.iter().find(|(of, _)| of == kind).unwrap().1;
        let path = |text: &str| format!("/http/{kind}/{text}");
        let all = send(&service, &format!("{}?value={good}", path(good)), &[("x-value", &decoded(good))], b"").unwrap();
        assert_eq!(all.as_struct().unwrap().len(), 3, "{kind}");
        for text in *texts {
            assert_refused(send(&service, &path(text), &[], b""), &path(text));
            assert_refused(send(&service, &format!("{}?value={text}", path(good)), &[], b""), text);
            assert_refused(send(&service, &path(good), &[("x-value", &decoded(text))], b""), text);
        }
    }
}

#[test]
fn timestamps_have_the_default_format_of_their_place() {
    let service = service("rest-json");
    let (iso, date) = ("1985-04-12T23:20:50Z", "Tue, 29 Apr 2014 18:30:38 GMT");
    let path = format!("/http/Timestamp/{iso}");
    assert!(send(&service, &format!("{path}?value={iso}"), &[("x-value", date)], b"").is_ok());
    assert_refused(send(&service, &path, &[("x-value", iso)], b""), "header");
    assert_refused(send(&service, &format!("{path}?value=1515531081"), &[], b""), "query");
    assert_refused(send(&service, "/http/Timestamp/1515531081", &[], b""), "label");
}

#[test]
fn json_in_headers_is_base64_and_json() {
    let service = service("rest-json");
    assert!(send(&service, "/jsonvalue", &[("x-json", "eyJhIjoxfQ==")], b"").is_ok());
    for text in ["xyz", "YmxvYg=", "[][]", "-_==", "YmxvYg=="] {
        assert_refused(send(&service, "/jsonvalue", &[("x-json", text)], b""), text);
    }
}

#[test]
fn labels_and_queries_must_be_utf_8() {
    let service = service("rest-json");
    assert_refused(send(&service, "/http/Boolean/%ff", &[], b""), "label");
    assert_refused(send(&service, "/http/Boolean/true?value=%ff", &[], b""), "query");
}

#[test]
fn content_type_and_accept_are_negotiated() {
    let service = service("rest-json");
    for (uri, headers, body, status) in [
        ("/body", &[("content-type", "application/hal+json")][..], "{}", 415),
        ("/body", &[], "{}", 415),
        ("/none", JSON, "{}", 415),
        ("/header", JSON, "{}", 415),
        ("/body", &[("accept", "application/hal+json")], "", 406),
        ("/text", &[("accept", "application/json")], "", 406),
        ("/body", &[("content-type", "application/json; charset=utf-8")], "{}", 200),
        ("/body", &[("content-type", "application/x-amz-json-1.1")], "{}", 200),
        ("/body", &[("accept", "text/html, application/*;q=0.5")], "", 200),
        ("/body", &[], "", 200),
        ("/empty", JSON, "{}", 200),
        ("/text", &[("accept", "*/*")], "", 200),
    ] {
        let found = match send(&service, uri, headers, body.as_bytes()) {
            Ok(_) => 200,
            Err(error) => error.to_wire(Protocol::RestJson).status,
        };
        assert_eq!(found, status, "{uri} {headers:?}");
    }
}

#[test]
fn query_parameters_of_another_kind_are_refused() {
    for protocol in ["query", "ec2"] {
        let service = service(protocol);
        let name = |name: &str| {
            if protocol == "ec2" { format!("{}{}", name[..1].to_uppercase(), &name[1..]) } else { name.into() }
        };
        for (member, text) in [
            ("integer", "x"),
            ("integer", ""),
            ("integer", "2147483648"),
            ("boolean", "yes"),
            ("blob", "xyz"),
            ("timestamp", "now"),
            ("double", "0x42"),
        ] {
            let form = format!("Action=Body&Version=2020-01-01&{}={text}", name(member));
            assert_refused(send(&service, "/", &[], form.as_bytes()), &form);
        }
        for form in ["list.member.x=1&List.x=1", "list=a&List=a", "integer.member.1=1&Integer.1=1"] {
            let form = format!("Action=Body&{form}");
            assert_refused(send(&service, "/", &[], form.as_bytes()), &form);
        }
    }
    let service = service("query");
    for form in ["map.entry.1.value=a", "map.entry.1.key=a", "union.int=1&union.string=a", "integer.a=1", "string=%ff"]
    {
        let form = format!("Action=Body&{form}");
        assert_refused(send(&service, "/", &[], form.as_bytes()), &form);
    }
}

#[test]
fn lists_in_queries_are_ordered_by_number_and_may_have_gaps() {
    let service = service("query");
    let form = b"Action=Body&list.member.10=c&list.member.2=a&list.member.7=b&list.member.7=ignored";
    let value = send(&service, "/", &[], form).unwrap();
    let (_, list) = value.as_struct().unwrap().iter().next().unwrap();
    assert_eq!(*list, Value::List(["a", "b", "c"].map(|text| Value::String(text.into())).to_vec()));
}

#[test]
fn xml_of_another_form_is_refused() {
    let service = service("rest-xml");
    for body in [
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "text",
        "<a>text</a>",
        "<a><integer>x</integer></a>",
        "<a><integer><b/></integer></a>",
        "<a><blob>xyz</blob></a>",
        "<a><boolean>1</boolean></a>",
        "<a><timestamp>now</timestamp></a>",
        "<a><map><entry><key>k</key></entry></map></a>",
        "<a><union><int>1</int><string>a</string></union></a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a><string>&x;</string></a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<a><string>&x;</string></a>",
        "<a><string>\u{0}&#0;</string></a>",
        "\u{ff}",
    ] {
        let error = send(&service, "/body", &[], body.as_bytes()).expect_err(body);
        assert_eq!(error.to_wire(Protocol::RestXml).code, "MalformedXML", "{body}");
    }
    let body = "<?xml version=\"1.0\"?><!-- c --><x:a xmlns:x=\"u\"><integer> 5 </integer><other><deep/></other><string> a&amp;<![CDATA[<b>]]>&#x41;</string></x:a>";
    let value = send(&service, "/body", &[], body.as_bytes()).unwrap();
    let members: Vec<_> = value.as_struct().unwrap().iter().map(|(_, value)| value.clone()).collect();
    assert!(members.contains(&Value::Int(5)) && members.contains(&Value::String(" a&<b>A".into())), "{members:?}");
}

#[test]
fn cbor_of_another_kind_is_refused() {
    let service = service("smithy-rpc-v2-cbor");
    // {"integer": X} and {"timestamp": X}
    let body = |name: &str, value: &[u8]| [&[0xa1, 0x60 + name.len() as u8], name.as_bytes(), value].concat();
    let path = "/service/Test/operation/Body";
    for (name, value) in [
        ("integer", &[0x61, b'1'][..]),
        ("integer", &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("integer", &[0xf9, 0x3c, 0x00]),
        ("long", &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("string", &[0x01]),
        ("string", &[0x61, 0xff]),
        ("boolean", &[0x01]),
        ("blob", &[0x61, b'a']),
        ("timestamp", &[0x01]),
        ("timestamp", &[0xc0, 0x01]),
        ("timestamp", &[0xc1, 0xf9, 0x7e, 0x00]),
        ("list", &[0x81, 0xf6]),
        ("list", &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("map", &[0xa1, 0x01, 0x01]),
        ("union", &[0xa0]),
        ("unknown", &[0xff]),
        ("integer", &[]),
        ("integer", &[0x01, 0x01]),
    ] {
        let what = format!("{name} {value:02x?}");
        assert_refused(send(&service, path, &[("smithy-protocol", "rpc-v2-cbor")], &body(name, value)), &what);
    }
    assert!(send(&service, path, &[("smithy-protocol", "rpc-v2-cbor")], &body("double", &[0xf9, 0x3c, 0x00])).is_ok());
}
