//! Reading botocore's documents, with their quirks.
#![cfg(feature = "botocore")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use kumoi_model::botocore::{Documents, parse_documents, parse_service, parse_suite};
use kumoi_model::{Kind, Location, Protocol, Service, TimestampFormat};
use serde_json::json;

fn shape_of(description: serde_json::Value) -> Service {
    let shapes = json!({ "S": description, "Text": { "type": "string" }, "Event": { "type": "structure", "members": {}, "event": true } });
    parse_suite(&json!({ "protocol": "json" }), &shapes, &[]).unwrap()
}

fn the<'a>(service: &'a Service, name: &str) -> &'a kumoi_model::Shape {
    service.shape_named(name).unwrap().1
}

#[test]
fn metadata_has_its_defaults() {
    let document = json!({
        "metadata": {
            "protocol": "json", "protocols": ["smithy-rpc-v2-cbor", "json", "query"], "endpointPrefix": "monitoring",
            "awsQueryCompatible": {}, "xmlNamespace": { "uri": "http://example.com/" }, "jsonVersion": "1.0"
        },
        "operations": {}, "shapes": {}
    });
    let service = parse_service("cloudwatch", &document, None).unwrap();
    assert_eq!(service.protocols, [Protocol::RpcV2Cbor, Protocol::AwsJson, Protocol::AwsQuery]);
    assert_eq!(service.signing_name, "monitoring");
    assert_eq!(service.xml_namespace.as_deref(), Some("http://example.com/"));
    assert!(service.query_compatible);
    let old = json!({ "metadata": { "protocol": "ec2", "endpointPrefix": "e", "signingName": "s" }, "shapes": {} });
    let old = parse_service("old", &old, None).unwrap();
    assert_eq!((old.protocols.as_slice(), old.signing_name.as_str()), (&[Protocol::Ec2Query][..], "s"));
}

#[test]
fn kinds_of_shapes() {
    let kind = |description| the(&shape_of(description), "S").kind.clone();
    for (name, wanted) in [
        ("byte", Kind::Integer),
        ("short", Kind::Integer),
        ("integer", Kind::Integer),
        ("long", Kind::Long),
        ("float", Kind::Float),
        ("double", Kind::Double),
        ("bigdecimal", Kind::Double),
        ("boolean", Kind::Boolean),
        ("blob", Kind::Blob),
        ("timestamp", Kind::Timestamp),
        ("character", Kind::String),
    ] {
        assert_eq!(kind(json!({ "type": name })), wanted, "{name}");
    }
    assert_eq!(kind(json!({ "type": "structure", "members": {}, "document": true })), Kind::Document);
    let unknown = json!({ "S": { "type": "tuple" } });
    let error = parse_suite(&json!({ "protocol": "json" }), &unknown, &[]).unwrap_err();
    assert_eq!(error.to_string(), "model of suite: shape S has the unknown type \"tuple\"");
}

#[test]
fn members_carry_their_traits() {
    let service = shape_of(json!({
        "type": "structure", "required": ["A"], "payload": "B",
        "members": {
            "A": { "shape": "Text", "location": "uri", "locationName": "a" },
            "B": { "shape": "Text", "streaming": true },
            "C": { "shape": "Text", "location": "headers", "locationName": "x-amz-meta-" },
            "D": { "shape": "Text", "idempotencyToken": true, "queryName": "dd", "timestampFormat": "rfc822" },
            "E": { "shape": "Text", "xmlAttribute": true, "xmlNamespace": { "prefix": "xsi", "uri": "u" }, "locationName": "E" },
            "F": { "shape": "Text", "jsonvalue": true, "hostLabel": true, "box": true, "flattened": true },
        }
    }));
    let Kind::Structure(structure) = &the(&service, "S").kind else { panic!("a structure") };
    let [a, b, c, d, e, f] = &structure.members[..] else { panic!("six members") };
    assert!(a.required && !b.required);
    assert_eq!((a.location, a.wire_name()), (Location::Uri, "a"));
    assert_eq!(structure.payload, Some(1));
    assert!(b.streaming);
    assert_eq!((c.location, c.wire_name()), (Location::Headers, "x-amz-meta-"));
    assert!(d.idempotency_token);
    assert_eq!((d.query_name.as_deref(), d.timestamp_format), (Some("dd"), Some(TimestampFormat::Rfc822)));
    assert_eq!(e.xml_namespace.as_ref().and_then(|namespace| namespace.prefix.as_deref()), Some("xsi"));
    assert_eq!(e.location_name, None);
    assert!(e.xml_attribute && f.json_value && f.host_label && f.boxed && f.flattened);
}

#[test]
fn errors_have_code_status_and_fault() {
    let error = |description| {
        let service = shape_of(description);
        let Kind::Structure(structure) = &the(&service, "S").kind else { panic!("a structure") };
        let error = structure.error.clone().unwrap();
        (error.code, error.status, error.sender, error.retryable)
    };
    let with = |traits: serde_json::Value| {
        let mut description = json!({ "type": "structure", "members": {}, "exception": true });
        description.as_object_mut().unwrap().extend(traits.as_object().unwrap().clone());
        error(description)
    };
    assert_eq!(with(json!({})), ("S".to_owned(), 400, true, false));
    assert_eq!(with(json!({ "fault": true })), ("S".to_owned(), 500, false, false));
    assert_eq!(
        with(json!({ "error": { "code": "AWS.S", "httpStatusCode": 404, "senderFault": true } })),
        ("AWS.S".to_owned(), 404, true, false)
    );
    assert_eq!(
        with(json!({ "error": { "httpStatusCode": 503 }, "retryable": { "throttling": false } })),
        ("S".to_owned(), 503, false, true)
    );
}

#[test]
fn an_operation_marks_its_errors() {
    // Two old models have the trait on the reference alone.
    let operation = json!({
        "name": "Do", "http": { "method": "PUT", "requestUri": "/{A}", "responseCode": 204 },
        "input": { "shape": "S", "locationName": "Root", "xmlNamespace": { "uri": "u" } },
        "output": { "shape": "S", "resultWrapper": "DoResult" },
        "errors": [{ "shape": "E", "error": { "code": "Busy", "httpStatusCode": 409, "senderFault": true } }],
        "endpoint": { "hostPrefix": "{A}." }, "authtype": "none",
        "httpChecksum": { "requestAlgorithmMember": "Algorithm", "requestChecksumRequired": true }
    });
    let shapes = json!({ "S": { "type": "structure", "members": {} }, "E": { "type": "structure", "members": {} } });
    let service = parse_suite(&json!({ "protocol": "rest-xml" }), &shapes, &[&operation]).unwrap();
    let operation = service.operation("Do").unwrap();
    assert_eq!((operation.method.as_str(), operation.uri.as_str(), operation.status), ("PUT", "/{A}", 204));
    assert_eq!(operation.input_root.as_ref().map(|root| root.name.as_str()), Some("Root"));
    assert_eq!(operation.result_wrapper.as_deref(), Some("DoResult"));
    assert_eq!(operation.host_prefix.as_deref(), Some("{A}."));
    assert!(operation.unsigned && operation.checksum_required);
    assert_eq!(operation.checksum_member.as_deref(), Some("Algorithm"));
    let error = service.structure(operation.errors[0]).unwrap().error.as_ref().unwrap();
    assert_eq!((error.code.as_str(), error.status), ("Busy", 409));
}

#[test]
fn extras_are_merged_and_pages_read() {
    let service = r#"{
        "metadata": { "protocol": "json" },
        "operations": { "List": { "name": "List", "input": { "shape": "In" } } },
        "shapes": { "In": { "type": "structure", "members": { "Z": { "shape": "T" }, "A": { "shape": "T" } } }, "T": { "type": "string" } }
    }"#;
    let extras = r#"{ "merge": { "shapes": { "In": { "members": { "M": { "shape": "T" } } } } } }"#;
    let paginators = r#"{ "pagination": { "List": { "input_token": "Z", "output_token": ["a", "b"], "limit_key": "A", "result_key": "r" } } }"#;
    let documents =
        Documents { service, service_extras: Some(extras), paginators: Some(paginators), paginator_extras: None };
    let service = parse_documents("test", documents).unwrap();
    let operation = service.operation("List").unwrap();
    let members = &service.structure(operation.input.unwrap()).unwrap().members;
    // The order of the document, which is not that of the alphabet.
    assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["Z", "A", "M"]);
    let pages = operation.paginator.as_ref().unwrap();
    assert_eq!((pages.input_token.join(","), pages.output_token.join(",")), ("Z".to_owned(), "a,b".to_owned()));
    assert_eq!(pages.limit_key.as_deref(), Some("A"));
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let suite = |shapes, operation| {
        let operation: serde_json::Value = operation;
        parse_suite(&json!({ "protocol": "json" }), &shapes, &[&operation]).unwrap_err().problem
    };
    assert_eq!(
        suite(json!({}), json!({ "name": "Do", "input": { "shape": "Gone" } })),
        "operation Do refers to Gone, which is absent"
    );
    assert_eq!(
        suite(json!({ "L": { "type": "list", "member": { "shape": "Gone" } } }), json!({ "name": "Do" })),
        "shape L: member member refers to Gone, which is absent"
    );
}
