//! Reading the documents of the published `botocore` package: `service-2.json` and its companions.
//!
//! Only the tools that distil `models/` and the tests over protocol vectors need this; the running server reads the compact
//! form that [`format`](crate::format) describes. Documentation, examples and traits that only concern clients (endpoint
//! rules, retries, waiters) are left behind.

mod node;
mod shapes;

use std::collections::HashMap;
use std::fmt;

use crate::{Operation, Paginator, Protocol, Service, ShapeId, XmlRoot};
use node::Node;

/// A document that is not a botocore model, or that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The service or suite.
    pub service: String,
    /// What is wrong, naming the shape or operation.
    pub problem: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model of {}: {}", self.service, self.problem)
    }
}

impl std::error::Error for ParseError {}

/// Reads a service from its `service-2.json`, already parsed, and its `paginators-1.json`.
///
/// `serde_json` sorts the members of objects, so structures come out with their members in alphabetical order;
/// [`parse_documents`] keeps the order of the model.
pub fn parse_service(
    id: &str,
    service_2: &serde_json::Value,
    paginators: Option<&serde_json::Value>,
) -> Result<Service, ParseError> {
    service(id, &Node::from(service_2), paginators.map(Node::from).as_ref())
}

/// The texts of the documents that describe one service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Documents<'a> {
    /// `service-2.json`.
    pub service: &'a str,
    /// `service-2.sdk-extras.json`, merged into the service.
    pub service_extras: Option<&'a str>,
    /// `paginators-1.json`.
    pub paginators: Option<&'a str>,
    /// `paginators-1.sdk-extras.json`, merged into the paginators.
    pub paginator_extras: Option<&'a str>,
}

/// Reads a service from the texts of its documents, keeping the order of the model.
pub fn parse_documents(id: &str, documents: Documents<'_>) -> Result<Service, ParseError> {
    let read = |what: &str, text: &str| -> Result<Node, ParseError> {
        serde_json::from_str(text)
            .map_err(|error| ParseError { service: id.to_owned(), problem: format!("{what}: {error}") })
    };
    let merged = |what: &str, text: &str, extras: Option<&str>| -> Result<Node, ParseError> {
        let mut node = read(what, text)?;
        if let Some(extras) = extras
            && let Some(merge) = read(what, extras)?.get("merge")
        {
            node.merge(merge);
        }
        Ok(node)
    };
    let document = merged("service-2.json", documents.service, documents.service_extras)?;
    let paginators =
        documents.paginators.map(|text| merged("paginators-1.json", text, documents.paginator_extras)).transpose()?;
    service(id, &document, paginators.as_ref())
}

/// Reads a suite of the public protocol tests: its `metadata`, its `shapes`, and the `given` operations of the cases that
/// are wanted. Of several operations of one name the last one counts, so call it case by case where they differ.
pub fn parse_suite(
    metadata: &serde_json::Value,
    shapes: &serde_json::Value,
    operations: &[&serde_json::Value],
) -> Result<Service, ParseError> {
    let named = operations.iter().map(|operation| {
        let operation = Node::from(*operation);
        (operation.text("name").unwrap_or_default().to_owned(), operation)
    });
    let document = Node::Object(vec![
        ("metadata".to_owned(), Node::from(metadata)),
        ("shapes".to_owned(), Node::from(shapes)),
        ("operations".to_owned(), Node::Object(named.collect())),
    ]);
    service("suite", &document, None)
}

fn service(id: &str, document: &Node, paginators: Option<&Node>) -> Result<Service, ParseError> {
    let fail = |problem: String| ParseError { service: id.to_owned(), problem };
    let empty = Node::Object(Vec::new());
    let metadata = document.get("metadata").ok_or_else(|| fail("no metadata".to_owned()))?;
    let operations = document.get("operations").unwrap_or(&empty);
    let text = |key: &str| metadata.text(key).unwrap_or_default().to_owned();

    let mut table = shapes::ShapeTable::read(document.get("shapes").unwrap_or(&empty)).map_err(fail)?;
    let pages = paginators.and_then(|node| node.get("pagination"));
    let mut read = operations
        .entries()
        .iter()
        .map(|(name, node)| operation(name, node, &mut table, pages.and_then(|pages| pages.get(name))))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    read.sort_by(|a, b| a.name.cmp(&b.name));
    read.reverse();
    read.dedup_by(|a, b| a.name == b.name);
    read.reverse();

    let by_name = read.iter().enumerate().map(|(index, op)| (op.name.clone(), index as u32)).collect();
    let endpoint_prefix = text("endpointPrefix");
    Ok(Service {
        id: id.to_owned(),
        service_id: text("serviceId"),
        full_name: text("serviceFullName"),
        api_version: text("apiVersion"),
        signing_name: metadata.text("signingName").map_or_else(|| endpoint_prefix.clone(), str::to_owned),
        endpoint_prefix,
        target_prefix: metadata.text("targetPrefix").map(str::to_owned),
        json_version: metadata.text("jsonVersion").map(str::to_owned),
        protocols: protocols(metadata).map_err(fail)?,
        xml_namespace: metadata.get("xmlNamespace").and_then(shapes::namespace).map(|namespace| namespace.uri),
        query_compatible: metadata.present("awsQueryCompatible"),
        operations: read,
        shapes: table.into_shapes(),
        by_name,
    })
}

fn protocols(metadata: &Node) -> Result<Vec<Protocol>, String> {
    let mut names = metadata.strings("protocols");
    if names.is_empty() {
        names = metadata.strings("protocol");
    }
    let protocols = names.iter().map(|name| match name.as_str() {
        "json" => Ok(Protocol::AwsJson),
        "query" => Ok(Protocol::AwsQuery),
        "ec2" => Ok(Protocol::Ec2Query),
        "rest-json" => Ok(Protocol::RestJson),
        "rest-xml" => Ok(Protocol::RestXml),
        "smithy-rpc-v2-cbor" => Ok(Protocol::RpcV2Cbor),
        other => Err(format!("unknown protocol {other}")),
    });
    protocols.collect()
}

fn operation(
    name: &str,
    node: &Node,
    table: &mut shapes::ShapeTable,
    pages: Option<&Node>,
) -> Result<Operation, String> {
    let empty = Node::Object(Vec::new());
    let http = node.get("http").unwrap_or(&empty);
    let input = node.get("input");
    let output = node.get("output");
    let checksum = node.get("httpChecksum").unwrap_or(&empty);
    let reference = |part: Option<&Node>, table: &shapes::ShapeTable| -> Result<Option<ShapeId>, String> {
        part.and_then(|part| part.text("shape"))
            .map(|shape| table.id(shape).ok_or_else(|| format!("operation {name} refers to {shape}, which is absent")))
            .transpose()
    };

    let mut errors = Vec::new();
    for error in node.get("errors").map_or(&[][..], Node::items) {
        if let Some(id) = reference(Some(error), table)? {
            table.mark_error(id, error);
            errors.push(id);
        }
    }
    let input_root = input.and_then(|input| {
        let root = input.text("locationName")?;
        let namespace = input.get("xmlNamespace").and_then(shapes::namespace).map(|namespace| namespace.uri);
        Some(XmlRoot { name: root.to_owned(), namespace })
    });
    let unauthenticated =
        node.text("authtype") == Some("none") || node.strings("auth").iter().any(|auth| auth == "smithy.api#noAuth");
    Ok(Operation {
        name: name.to_owned(),
        method: http.text("method").unwrap_or("POST").to_owned(),
        uri: http.text("requestUri").unwrap_or("/").to_owned(),
        status: http.number("responseCode").unwrap_or(200.0) as u16,
        input: reference(input, table)?,
        output: reference(output, table)?,
        result_wrapper: output.and_then(|output| output.text("resultWrapper")).map(str::to_owned),
        input_root,
        errors,
        host_prefix: node.get("endpoint").and_then(|endpoint| endpoint.text("hostPrefix")).map(str::to_owned),
        unsigned: unauthenticated,
        checksum_required: node.flag("httpChecksumRequired") || checksum.flag("requestChecksumRequired"),
        checksum_member: checksum.text("requestAlgorithmMember").map(str::to_owned),
        paginator: pages.map(|pages| Paginator {
            input_token: pages.strings("input_token"),
            output_token: pages.strings("output_token"),
            limit_key: pages.text("limit_key").map(str::to_owned),
            result_key: pages.strings("result_key"),
        }),
    })
}

/// Shape names to their ids.
type Names = HashMap<String, ShapeId>;
