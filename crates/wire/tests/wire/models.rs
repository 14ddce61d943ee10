//! Every operation of every service in `models/`: its route leads to it, and its outputs can be written.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kumoi_model::{
    ByteStream, Catalog, Kind, Location, Member, Operation, Protocol, Service, Struct, Timestamp, Value,
};
use kumoi_wire::{Body, Labels, Limits, Request, Router, WireError, decode, encode, encode_error};

/// Operations that no request can tell from another one of the same service, with the reason.
const INDISTINGUISHABLE: &[(&str, &str)] = &[
    ("s3.ListDirectoryBuckets", "is ListBuckets under the host name of S3 Express"),
    ("s3.GetBucketLifecycle", "superseded by GetBucketLifecycleConfiguration"),
    ("s3.PutBucketLifecycle", "superseded by PutBucketLifecycleConfiguration"),
    ("s3.GetBucketNotification", "superseded by GetBucketNotificationConfiguration"),
    ("s3.PutBucketNotification", "superseded by PutBucketNotificationConfiguration"),
];

/// A request with everything that the template and the required members of `operation` ask for.
fn request(service: &Service, operation: &Operation) -> (Method, String, String, HeaderMap) {
    let (path, query) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let path: Vec<String> = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(label) if label.ends_with('+') => "greedy/label%2F1".into(),
            Some(_) => "label-1".into(),
            None => segment.to_owned(),
        })
        .collect();
    let mut query = vec![query.to_owned()];
    let mut headers = HeaderMap::new();
    let input = operation.input.and_then(|id| service.structure(id));
    for member in input.into_iter().flat_map(|input| &input.members).filter(|member| member.required) {
        match member.location {
            Location::QueryString => query.push(format!("{}=1", member.wire_name())),
            Location::Header => {
                let name = HeaderName::from_bytes(member.wire_name().as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_static("1"));
            }
            _ => {}
        }
    }
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
    (method, path.join("/"), query.join("&"), headers)
}

fn services() -> impl Iterator<Item = &'static Service> {
    let catalog = Catalog::get();
    assert!(catalog.services().len() > 300, "models/ is not filled");
    catalog.services().iter().map(|entry| catalog.load(&entry.id).unwrap())
}

#[test]
fn every_route_leads_to_its_operation() {
    let mut wrong = Vec::new();
    for service in services() {
        if !service.protocols.iter().any(|protocol| matches!(protocol, Protocol::RestJson | Protocol::RestXml)) {
            continue;
        }
        let router = Router::new(service);
        for operation in &service.operations {
            let (method, path, query, headers) = request(service, operation);
            // One slash more or less at the end makes no difference, except to a greedy label, which takes it.
            let other = match path.strip_suffix('/') {
                Some(without) if !without.is_empty() => without.to_owned(),
                _ if operation.uri.contains("+}") => path.clone(),
                _ => format!("{}/", path.trim_end_matches('/')),
            };
            for path in [path, other] {
                let found = router.route(&method, &path, &query, &headers);
                let found = found.map_or("nothing", |(index, _)| service.operations[index].name.as_str());
                let name = format!("{}.{}", service.id, operation.name);
                if found != operation.name && !INDISTINGUISHABLE.iter().any(|(known, _)| *known == name) {
                    wrong.push(format!("{name}: {method} {path}?{query} leads to {found}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A value of the member's shape, a few levels deep.
fn sample(service: &Service, member: &Member, depth: u8) -> Value {
    let shape = service.shape(member.shape).unwrap();
    match &shape.kind {
        Kind::Structure(structure) if structure.event_stream => Value::Stream(ByteStream::from_bytes(Bytes::new())),
        Kind::Structure(structure) => Value::Struct(sample_members(service, &structure.members, depth)),
        Kind::List { member, .. } => Value::List(vec![sample(service, member, depth + 1)]),
        Kind::Map { value, .. } => Value::Map(vec![("key".into(), sample(service, value, depth + 1))]),
        Kind::String if member.json_value => Value::String("{}".into()),
        Kind::String => Value::String("text".into()),
        Kind::Integer | Kind::Long if member.location == Location::StatusCode => Value::Int(202),
        Kind::Integer | Kind::Long => Value::Int(1),
        Kind::Float | Kind::Double => Value::Float(1.5),
        Kind::Boolean => Value::Bool(true),
        Kind::Blob if shape.streaming || member.streaming => Value::Stream(ByteStream::from_bytes("bytes".into())),
        Kind::Blob => Value::Blob("bytes".into()),
        Kind::Timestamp => Value::Timestamp(Timestamp::from_seconds(1_500_000_000)),
        Kind::Document => Value::Document(serde_json::json!({"a": 1})),
    }
}

fn sample_members(service: &Service, members: &[Member], depth: u8) -> Struct {
    let mut out = Struct::new();
    if depth < 4 {
        for (index, member) in members.iter().enumerate() {
            out.set(index as u16, sample(service, member, depth + 1));
        }
    }
    out
}

#[test]
fn every_output_and_error_can_be_written() {
    let mut wrong = Vec::new();
    for service in services() {
        for operation in &service.operations {
            let output = match operation.output.and_then(|id| service.structure(id)) {
                Some(structure) => Value::Struct(sample_members(service, &structure.members, 0)),
                None => Value::Null,
            };
            for protocol in &service.protocols {
                if let Err(error) = encode(service, *protocol, operation, output.clone(), "request-1") {
                    wrong.push(format!("{}.{} {protocol:?}: {error}", service.id, operation.name));
                }
            }
        }
        for protocol in &service.protocols {
            encode_error(service, *protocol, &WireError::new("NotImplemented", 501, "no"), "request-1");
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_location_of_a_bucket_stands_without_a_wrapper() {
    let s3 = Catalog::get().load("s3").unwrap();
    let operation = s3.operation("GetBucketLocation").unwrap();
    let mut members = Struct::new();
    members.set(0, Value::String("eu-west-1".into()));
    let text =
        |output: Struct| match encode(s3, Protocol::RestXml, operation, Value::Struct(output), "id").unwrap().body {
            Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Body::Stream(_) => panic!("no stream"),
        };
    let root = text(members);
    assert!(root.contains("<LocationConstraint") && root.ends_with(">eu-west-1</LocationConstraint>"), "{root}");
    let root = text(Struct::new());
    assert!(root.contains("<LocationConstraint") && root.ends_with("/>"), "{root}");
}

#[test]
fn s3_is_routed_by_query_and_header() {
    let s3 = Catalog::get().load("s3").unwrap();
    let router = Router::new(s3);
    for (method, target, header, operation, key) in [
        ("GET", "/", None, "ListBuckets", None),
        ("GET", "/?x-id=ListBuckets", None, "ListBuckets", None),
        ("GET", "/bucket", None, "ListObjects", None),
        ("GET", "/bucket/", None, "ListObjects", None),
        ("GET", "/bucket/?list-type=2&prefix=a", None, "ListObjectsV2", None),
        ("GET", "/bucket?versions", None, "ListObjectVersions", None),
        ("GET", "/bucket?location", None, "GetBucketLocation", None),
        ("GET", "/bucket?uploads=", None, "ListMultipartUploads", None),
        ("GET", "/bucket/key", None, "GetObject", Some("key")),
        ("GET", "/bucket/a/b//c/", None, "GetObject", Some("a/b//c/")),
        ("GET", "/bucket//a", None, "GetObject", Some("/a")),
        ("GET", "/bucket/key?uploadId=1", None, "ListParts", Some("key")),
        ("GET", "/bucket/key?acl", None, "GetObjectAcl", Some("key")),
        ("GET", "/bucket/key?attributes", Some("x-amz-object-attributes"), "GetObjectAttributes", Some("key")),
        ("HEAD", "/bucket", None, "HeadBucket", None),
        ("HEAD", "/bucket/key", None, "HeadObject", Some("key")),
        ("PUT", "/bucket", None, "CreateBucket", None),
        ("PUT", "/bucket/key", None, "PutObject", Some("key")),
        ("PUT", "/bucket/key?x-id=PutObject", None, "PutObject", Some("key")),
        ("PUT", "/bucket/key", Some("x-amz-copy-source"), "CopyObject", Some("key")),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u", None, "UploadPart", Some("key")),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u", Some("x-amz-copy-source"), "UploadPartCopy", Some("key")),
        ("POST", "/bucket/key?uploads", None, "CreateMultipartUpload", Some("key")),
        ("POST", "/bucket/key?uploadId=u", None, "CompleteMultipartUpload", Some("key")),
        ("POST", "/bucket?delete", None, "DeleteObjects", None),
        ("DELETE", "/bucket/key", None, "DeleteObject", Some("key")),
        ("DELETE", "/bucket/key?uploadId=u", None, "AbortMultipartUpload", Some("key")),
        ("DELETE", "/bucket?lifecycle", None, "DeleteBucketLifecycle", None),
    ] {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(name, HeaderValue::from_static("/a/b"));
        }
        let method: Method = method.parse().unwrap();
        let (index, labels) =
            router.route(&method, path, query, &headers).unwrap_or_else(|| panic!("{method} {target}"));
        assert_eq!(s3.operations[index].name, operation, "{method} {target}");
        assert_eq!(labels.get("Key"), key, "{method} {target}");
    }
    assert_eq!(router.route(&Method::PATCH, "/bucket", "", &HeaderMap::new()), None);
}

/// SQS is JSON in the published package; its older form names things otherwise.
#[test]
fn sqs_is_understood_in_both_of_its_protocols() {
    let sqs = Catalog::get().load("sqs").unwrap();
    let decoded = |protocol, operation: &str, body: &str| {
        let request = Request {
            method: &Method::POST,
            raw_path: "/",
            query: "",
            headers: &HeaderMap::new(),
            body: Body::Bytes(body.to_owned().into()),
        };
        let operation = sqs.operation(operation).unwrap();
        decode(sqs, protocol, operation, request, &Labels::none(), &Limits::default()).unwrap()
    };
    for (operation, json, form) in [
        (
            "CreateQueue",
            r#"{"QueueName":"q","Attributes":{"DelaySeconds":"5"},"tags":{"a":"b"}}"#,
            "QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b",
        ),
        (
            "SendMessage",
            r#"{"QueueUrl":"u","MessageBody":"m","MessageAttributes":{"n":{"DataType":"String","StringValue":"s"}}}"#,
            "QueueUrl=u&MessageBody=m&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String\
             &MessageAttribute.1.Value.StringValue=s",
        ),
        (
            "SendMessageBatch",
            r#"{"QueueUrl":"u","Entries":[{"Id":"1","MessageBody":"a"},{"Id":"2","MessageBody":"b"}]}"#,
            "QueueUrl=u&SendMessageBatchRequestEntry.1.Id=1&SendMessageBatchRequestEntry.1.MessageBody=a\
             &SendMessageBatchRequestEntry.2.Id=2&SendMessageBatchRequestEntry.2.MessageBody=b",
        ),
        ("GetQueueAttributes", r#"{"QueueUrl":"u","AttributeNames":["All"]}"#, "QueueUrl=u&AttributeName.1=All"),
    ] {
        let json = decoded(Protocol::AwsJson, operation, json);
        let form = decoded(Protocol::AwsQuery, operation, &format!("Action={operation}&Version=2012-11-05&{form}"));
        assert_eq!(json, form, "{operation}");
        assert!(json.as_struct().unwrap().len() >= 2, "{operation}: {json:?}");
    }
}
