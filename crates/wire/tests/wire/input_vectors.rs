//! The serialized request of each vector decodes to its parameters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kumoi_model::{Kind, Location, Protocol, Value};
use kumoi_wire::{Body, Limits, Request, Router, choose_protocol, decode, find_operation};

use serde_json::{Value as Json, json};

use crate::plain;
use crate::suites::{self, Case};

/// Vectors that state what clients do, with the reason why a server cannot or must not do the reverse.
const EXCLUDED: &[(&str, &str)] = &[
    ("ec2/SDKAppliedContentEncoding_ec2Query", COMPRESSED),
    ("ec2/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", COMPRESSED),
    ("json/SDKAppliedContentEncoding_awsJson1_1", COMPRESSED),
    ("json/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", COMPRESSED),
    ("json_1_0/SDKAppliedContentEncoding_awsJson1_0", COMPRESSED),
    ("json_1_0/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", COMPRESSED),
    ("query/SDKAppliedContentEncoding_awsQuery", COMPRESSED),
    ("query/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", COMPRESSED),
    ("rest-json/SDKAppliedContentEncoding_restJson1", COMPRESSED),
    ("rest-json/SDKAppendedGzipAfterProvidedEncoding_restJson1", COMPRESSED),
    ("rest-xml/SDKAppliedContentEncoding_restXml", COMPRESSED),
    ("rest-xml/SDKAppendedGzipAfterProvidedEncoding_restXml", COMPRESSED),
    ("ec2/Ec2ProtocolIdempotencyTokenAutoFill", TOKEN),
    ("query/QueryProtocolIdempotencyTokenAutoFill", TOKEN),
    ("rest-json/RestJsonQueryIdempotencyTokenAutoFill", TOKEN),
    ("rest-xml/QueryIdempotencyTokenAutoFill", TOKEN),
    ("json_1_0/AwsJson10EndpointTrait", HOST_ONLY),
    ("json_1_0/AwsJson10EndpointTraitWithHostLabel", HOST_ONLY),
    ("json_1_0/AwsJson10HostWithPath", HOST_ONLY),
    (
        "rest-json/RestJsonHostWithPath",
        "the path in front of the API's own is the client's endpoint, which a server has no notion of",
    ),
    ("ec2/Ec2EmptyQueryLists", UNSENT),
    ("query/QueryEmptyQueryMaps", UNSENT),
    ("rest-json/RestJsonHttpPrefixHeadersAreNotPresent", UNSENT),
    ("rest-xml/HttpPrefixHeadersAreNotPresent", UNSENT),
    ("rest-json/RestJsonOmitsEmptyListQueryValues", UNSENT),
    ("rest-json/RestJsonQueryPrecedence", PRECEDENCE),
    ("rest-xml/RestXmlQueryPrecedence", PRECEDENCE),
    ("rest-json/RestJsonHttpWithEmptyStructurePayload", EMPTY_PAYLOAD),
    ("rest-json/RestJsonHttpWithHeadersButNoPayload", EMPTY_PAYLOAD),
];

const COMPRESSED: &str = "states that the client compresses, but not the body that comes out";
const TOKEN: &str = "the client fills in a token that its caller did not give";
const HOST_ONLY: &str = "states the host only, and neither body nor X-Amz-Target";
const UNSENT: &str = "the client does not send an empty list or map, so that it cannot be told from an absent one";
const PRECEDENCE: &str = "the client drops the parameter of the map that a bound one hides";
const EMPTY_PAYLOAD: &str =
    "the client sends an empty object for an absent payload, which is an empty structure to a server";

#[test]
fn requests_decode_to_their_parameters() {
    suites::run("input", EXCLUDED, check);
}

fn check(case: &Case) -> Result<(), String> {
    let serialized = &case.json["serialized"];
    let method = Method::from_bytes(serialized["method"].as_str().unwrap_or("POST").as_bytes()).unwrap();
    let uri = serialized["uri"].as_str().unwrap_or("/");
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let text = serialized["body"].as_str().unwrap_or_default();
    let body = match case.protocol {
        Protocol::RpcV2Cbor => STANDARD.decode(text).unwrap(),
        _ => text.as_bytes().to_vec(),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in serialized["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }

    if serialized.get("headers").is_none() && case.protocol == Protocol::RestJson && !body.is_empty() {
        // The vector says nothing of headers; every client names the type of a body in JSON.
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }

    let protocol = choose_protocol(&case.service, &headers, path).ok_or("no protocol")?;
    if protocol != case.protocol {
        return Err(format!("protocol {protocol:?}"));
    }
    let router = Router::new(&case.service);
    let (operation, labels) =
        find_operation(&case.service, &router, protocol, &method, path, query, &headers, Some(&body))
            .map_err(|error| format!("{error:?}"))?;
    let request =
        Request { method: &method, raw_path: path, query, headers: &headers, body: Body::Bytes(body.clone().into()) };
    let value = decode(&case.service, protocol, operation, request, &labels, &Limits::default())
        .map_err(|error| format!("{error:?}"))?;

    let params = &case.json["params"];
    let Some(input) = operation.input else {
        return if value == Value::Struct(Default::default()) { Ok(()) } else { Err(format!("{value:?}")) };
    };
    let mut found = plain::shape_plain(&case.service, input, &value);
    let wanted = plain::shape_normalised(&case.service, input, params);
    drop_query_map_of_bound_parameters(case, input, &wanted, &mut found);
    if found == wanted { Ok(()) } else { Err(format!("\n  wanted {wanted}\n   found {found}")) }
}

/// A map over the query string holds all parameters on a server. Some vectors state it so, others only what a client is given.
fn drop_query_map_of_bound_parameters(case: &Case, input: u32, wanted: &Json, found: &mut Json) {
    let structure = case.service.structure(input).unwrap();
    let bound: Vec<&str> = structure
        .members
        .iter()
        .filter(|member| member.location == Location::QueryString)
        .map(|member| member.wire_name())
        .collect();
    for member in &structure.members {
        let is_map = matches!(case.service.shape(member.shape).unwrap().kind, Kind::Map { .. });
        if member.location != Location::QueryString || !is_map {
            continue;
        }
        let own = wanted.get(&member.name).cloned().unwrap_or(json!({}));
        let Some(map) = found.get_mut(&member.name).and_then(Json::as_object_mut) else { continue };
        map.retain(|key, _| own.get(key).is_some() || !bound.contains(&key.as_str()));
        if map.is_empty() && wanted.get(&member.name).is_none() {
            found.as_object_mut().unwrap().remove(&member.name);
        }
    }
}
