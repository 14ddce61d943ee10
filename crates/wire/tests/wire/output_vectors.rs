//! The result or error of each vector encodes to an equivalent response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kumoi_model::{Kind, Protocol, Value};
use kumoi_wire::{Body, Response, WireError, encode, encode_error};
use serde_json::Value as Json;

use crate::suites::{self, Case};
use crate::{compare, plain};

/// Vectors that state what clients tolerate, with the reason why a server does not say it that way.
const EXCLUDED: &[(&str, &str)] = &[
    ("ec2/Ec2ComplexError", MESSAGE),
    ("rest-xml/ComplexError", MESSAGE),
    ("rest-xml/InvalidGreetingError", UNMODELLED),
    ("json/handles_unexpected_json_output", UNMODELLED),
    ("json_1_0/AwsJson10HandlesUnexpectedJsonOutput", UNMODELLED),
    ("smithy-rpc-v2-cbor/RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients", UNMODELLED),
    ("json/AwsJson11DeserializeIgnoreType", UNMODELLED),
    ("json_1_0/AwsJson10DeserializeIgnoreType", UNMODELLED),
    ("rest-json/RestJsonDeserializeIgnoreType", UNMODELLED),
    ("json/AwsJson11IntEnums", TARGET),
    ("json/handles_empty_output_shape", NO_OUTPUT),
    ("json_1_0/AwsJson10HandlesEmptyOutputShape", NO_OUTPUT),
    ("rest-json/RestJsonEmptyInputAndEmptyOutputJsonObjectOutput", NO_BODY),
    ("rest-json/RestJsonNoInputAndOutputNoPayload", NO_BODY),
    ("rest-json/RestJsonGreetingWithErrorsNoPayload", NO_BODY),
    ("rest-json/RestJsonHttpResponseCodeWithNoPayload", NO_BODY),
    ("rest-json/RestJsonIgnoreQueryParamsInResponseNoPayload", NO_BODY),
    ("smithy-rpc-v2-cbor/empty_output_no_body", NO_BODY),
    ("smithy-rpc-v2-cbor/RpcV2CborPayloadWithUnsetUnion", "the answer has floats that its result does not"),
    ("smithy-rpc-v2-cbor/NoOutputClientAllowsEmptyCbor", NO_OUTPUT),
    ("smithy-rpc-v2-cbor/NoOutputClientAllowsEmptyBody", NO_OUTPUT),
    ("json/AwsJson11StructuresDontDeserializeNullValues", NULLS),
    ("json_1_0/AwsJson10DeserializeAllowNulls", NULLS),
    ("rest-json/RestJsonDeserializesDenseSetMapAndSkipsNull", NULLS),
    ("rest-json/RestJsonDoesntDeserializeNullStructureValues", NULLS),
    ("smithy-rpc-v2-cbor/RpcV2CborDeserializesDenseSetMapAndSkipsNull", NULLS),
    ("smithy-rpc-v2-cbor/RpcV2CborClientDoesntDeserializeNullStructureValues", NULLS),
    ("json_1_0-query-compatible/QueryCompatibleAwsJson10CustomCodeError", STATUS),
    ("smithy-rpc-v2-cbor-query-compatible/QueryCompatibleRpcV2CborCustomCodeError", STATUS),
    ("rest-xml/RestXmlHttpResponseCode", EMPTY_DOCUMENT),
    ("rest-xml/IgnoreQueryParamsInResponse", EMPTY_DOCUMENT),
    ("json/AwsJson11FooErrorUsingXAmznErrorType", TYPE),
    ("json/AwsJson11FooErrorUsingXAmznErrorTypeWithUri", TYPE),
    ("json/AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace", TYPE),
    ("json/AwsJson11FooErrorUsingCode", TYPE),
    ("json/AwsJson11FooErrorUsingCodeAndNamespace", TYPE),
    ("json/AwsJson11FooErrorUsingCodeUriAndNamespace", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingXAmznErrorType", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingXAmznErrorTypeWithUri", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingCode", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingCodeAndNamespace", TYPE),
    ("json_1_0/AwsJson10FooErrorUsingCodeUriAndNamespace", TYPE),
    ("rest-json/RestJsonFooErrorUsingCode", TYPE),
    ("rest-json/RestJsonFooErrorUsingCodeAndNamespace", TYPE),
    ("rest-json/RestJsonFooErrorUsingCodeUriAndNamespace", TYPE),
    ("rest-json/RestJsonFooErrorWithDunderType", TYPE),
    ("rest-json/RestJsonFooErrorWithDunderTypeAndNamespace", TYPE),
    ("rest-json/RestJsonFooErrorWithDunderTypeUriAndNamespace", TYPE),
];

const MESSAGE: &str = "the answer has a message that the error does not";
const UNMODELLED: &str = "the answer has members that the model lacks, which clients pass over";
const TARGET: &str = "the answer has the header X-Amz-Target, which is one of requests";
const NO_BODY: &str =
    "clients take no body for an empty one; a server writes the empty one, as another vector of the suite has it";
const NO_OUTPUT: &str = "clients take a document or a content type where there is no output; a server sends no payload, as another vector has it";
const NULLS: &str = "clients take null for an absent value; a server leaves it out";
const STATUS: &str = "the answer has another status than the model gives the error";
const EMPTY_DOCUMENT: &str = "clients take an empty document where all members are headers; S3 sends none";
const TYPE: &str = "clients take several spellings of an error's type; a server has one, `__type` in awsJson and X-Amzn-Errortype in REST-JSON";

#[test]
fn outputs_encode_to_equivalent_responses() {
    suites::run("output", EXCLUDED, check);
}

fn check(case: &Case) -> Result<(), String> {
    let listed = &case.json["response"]["headers"];
    let request_id =
        ["x-amzn-requestid", "X-Amzn-Requestid"].iter().find_map(|name| listed[name].as_str()).unwrap_or("request-1");
    let response = match case.json.get("error") {
        Some(_) => error(case),
        None => {
            let output = match case.operation.output {
                Some(id) => plain::shape_value(&case.service, id, &case.json["result"]),
                None => Value::Null,
            };
            encode(&case.service, case.protocol, &case.operation, output, request_id)
                .map_err(|error| error.to_string())?
        }
    };
    let wanted = &case.json["response"];
    let status = wanted["status_code"].as_u64().unwrap_or(200);
    if u64::from(response.status) != status {
        return Err(format!("status {} instead of {status}", response.status));
    }
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        if name.eq_ignore_ascii_case("content-length") {
            // The transport's affair.
            continue;
        }
        let found = response.headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.as_str().unwrap();
        if !found.is_some_and(|found| same_header(name, value, found)) {
            return Err(format!("header {name}: {found:?} instead of {value:?}"));
        }
    }
    compare_bodies(case, &response)
}

fn same_header(name: &str, wanted: &str, found: &str) -> bool {
    // An error's type may carry a namespace in front and a URI behind, which clients cut off.
    let bare =
        |text: &str| text.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    if name.eq_ignore_ascii_case("x-amzn-errortype") {
        return bare(wanted) == bare(found);
    }
    if name.eq_ignore_ascii_case("content-type") {
        return wanted.split(';').next() == found.split(';').next();
    }
    compare::same_text(wanted, found)
}

fn error(case: &Case) -> Response {
    let stated = case.json["error"].as_object().unwrap();
    let code = case.json["errorCode"].as_str().unwrap();
    let (shape, modelled) = case
        .operation
        .errors
        .iter()
        .find_map(|id| {
            let structure = case.service.structure(*id)?;
            let modelled = structure.error.as_ref()?;
            let named = modelled.code == code || case.service.shape(*id)?.name == code;
            named.then_some((*id, modelled))
        })
        .unwrap_or_else(|| panic!("{}: no error of code {code}", case.id));
    let name = case.service.shape(shape).unwrap().name.clone();
    let members = match plain::shape_value(&case.service, shape, &Json::Object(stated.clone())) {
        Value::Struct(members) => members,
        other => panic!("{other:?}"),
    };
    let message = case.json["errorMessage"].as_str().unwrap_or_default();
    let mut error = WireError::new(name, modelled.status, message);
    error.query_code = Some(modelled.code.clone().into());
    error.sender = modelled.sender;
    error.shape = Some(shape);
    error.members = members;
    encode_error(&case.service, case.protocol, &error, "request-1")
}

fn compare_bodies(case: &Case, response: &Response) -> Result<(), String> {
    let found = match &response.body {
        Body::Bytes(bytes) => bytes.clone(),
        Body::Stream(stream) => plain::collect(stream),
    };
    let Some(text) = case.json["response"]["body"].as_str() else { return Ok(()) };
    if payload_is_raw(case) {
        return if found == text.as_bytes() { Ok(()) } else { Err(format!("body {found:?} instead of {text:?}")) };
    }
    let (mut wanted, mut found) = match case.protocol {
        Protocol::RpcV2Cbor => (compare::cbor(&STANDARD.decode(text).unwrap())?, compare::cbor(&found)?),
        Protocol::AwsJson | Protocol::RestJson => (compare::json(text.as_bytes())?, compare::json(&found)?),
        _ => (compare::xml(text.as_bytes())?, compare::xml(&found)?),
    };
    if case.json.get("error").is_some() {
        bare_type(&mut wanted);
        bare_type(&mut found);
    }
    if case.service.xml_namespace.is_none() {
        // The suites state the namespace of the answers, but not where it comes from.
        for body in [&mut wanted, &mut found] {
            if let Some(attributes) = body.get_mut(1).and_then(Json::as_object_mut) {
                attributes.remove("xmlns");
            }
        }
    }
    if compare::same(&wanted, &found) { Ok(()) } else { Err(format!("\n  wanted {wanted}\n   found {found}")) }
}

/// Whether the body is a member's own bytes or text.
fn payload_is_raw(case: &Case) -> bool {
    let structure = case.operation.output.and_then(|id| case.service.structure(id));
    let payload = structure.and_then(|structure| structure.members.get(usize::from(structure.payload?)));
    payload.is_some_and(|member| matches!(case.service.shape(member.shape).unwrap().kind, Kind::Blob | Kind::String))
}

fn bare_type(body: &mut Json) {
    if let Some(Json::String(name)) = body.get_mut("__type") {
        *name = name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    }
}
