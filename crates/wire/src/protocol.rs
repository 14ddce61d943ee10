//! Which protocol and which operation a request is for.

use http::{HeaderMap, Method};
use kumoi_model::{Operation, Protocol, Service};

use crate::headers::{SMITHY_PROTOCOL, TARGET};
use crate::{Labels, Limits, Router, WireError, form};

/// The protocol that a request to `service` speaks; `None` when it names one that the service does not speak.
///
/// `smithy-protocol` names RPC v2 CBOR, `X-Amz-Target` awsJson, and a form a query protocol. A request without any of these goes to the
/// service's REST protocol, else to its query protocol (`GET /?Action=…`), else to the preferred one.
pub fn choose_protocol(service: &Service, headers: &HeaderMap, raw_path: &str) -> Option<Protocol> {
    let speaks = |protocol| service.protocols.contains(&protocol).then_some(protocol);
    let query = || speaks(Protocol::AwsQuery).or_else(|| speaks(Protocol::Ec2Query));
    let rest = || speaks(Protocol::RestXml).or_else(|| speaks(Protocol::RestJson));
    if headers.contains_key(SMITHY_PROTOCOL) {
        return speaks(Protocol::RpcV2Cbor);
    }
    if let [only] = service.protocols.as_slice() {
        return Some(*only);
    }
    if headers.contains_key(TARGET)
        && let Some(json) = speaks(Protocol::AwsJson)
    {
        return Some(json);
    }
    match media_type(headers) {
        Some("application/x-www-form-urlencoded") if query().is_some() => return query(),
        Some("application/x-amz-json-1.0" | "application/x-amz-json-1.1") => return speaks(Protocol::AwsJson),
        Some("application/cbor") if cbor_operation(raw_path).is_some() => return speaks(Protocol::RpcV2Cbor),
        _ => {}
    }
    rest().or_else(query).or_else(|| service.protocols.first().copied())
}

/// The media type of the body, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split_once(';').map_or(value, |(media_type, _)| media_type).trim())
}

/// No operation of the service is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// The request names an operation that the service lacks.
    Unknown {
        /// The name.
        name: String,
        /// The API version that the request asks for, where it names one.
        version: Option<String>,
    },
    /// The request names no operation.
    Missing,
    /// No URI template matches.
    NoRoute,
}

impl NotFound {
    /// The error as the protocol names it.
    pub fn to_wire(&self, service: &Service, protocol: Protocol) -> WireError {
        match (protocol, self) {
            (Protocol::AwsQuery, Self::Unknown { name, version }) => {
                let version = version.as_deref().unwrap_or(&service.api_version);
                WireError::new("InvalidAction", 400, format!("Could not find operation {name} for version {version}"))
            }
            (Protocol::Ec2Query, Self::Unknown { name, .. }) => {
                WireError::new("InvalidAction", 400, format!("The action {name} is not valid for this web service."))
            }
            (Protocol::AwsQuery | Protocol::Ec2Query, _) => {
                WireError::new("MissingAction", 400, "The request must contain the parameter Action")
            }
            (Protocol::RestXml, _) => {
                WireError::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
            }
            (Protocol::AwsJson, _) => WireError::new("UnknownOperationException", 400, ""),
            (Protocol::RestJson | Protocol::RpcV2Cbor, _) => WireError::new("UnknownOperationException", 404, ""),
        }
    }
}

/// The operation that a request is for, with the labels of its path. `body_form` is the body when it is a form.
///
/// # Errors
/// The request names no operation, or one that the service lacks.
#[expect(clippy::too_many_arguments, reason = "each protocol names the operation in another part of the request")]
pub fn find_operation<'a>(
    service: &'a Service,
    router: &Router,
    protocol: Protocol,
    method: &Method,
    raw_path: &str,
    query: &str,
    headers: &HeaderMap,
    body_form: Option<&[u8]>,
) -> Result<(&'a Operation, Labels), NotFound> {
    let named = |name: &str, version: Option<String>| match service.operation(name) {
        Some(operation) => Ok((operation, Labels::none())),
        None => Err(NotFound::Unknown { name: name.to_owned(), version }),
    };
    match protocol {
        Protocol::AwsJson => {
            let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).ok_or(NotFound::Missing)?;
            named(target.rsplit_once('.').map_or(target, |(_, name)| name), None)
        }
        Protocol::AwsQuery | Protocol::Ec2Query => {
            let parameter =
                |name| body_form.and_then(|body| form_value(body, name)).or_else(|| form_value(query.as_bytes(), name));
            named(&parameter("Action").ok_or(NotFound::Missing)?, parameter("Version"))
        }
        Protocol::RpcV2Cbor => named(cbor_operation(raw_path).ok_or(NotFound::Missing)?, None),
        Protocol::RestJson | Protocol::RestXml => {
            let (index, labels) = router.route(method, raw_path, query, headers).ok_or(NotFound::NoRoute)?;
            service.operations.get(index).map(|operation| (operation, labels)).ok_or(NotFound::NoRoute)
        }
    }
}

/// The first value of `name` in a form; only pairs of that name are decoded.
fn form_value(form: &[u8], name: &str) -> Option<String> {
    form.split(|byte| *byte == b'&')
        .find(|pair| pair.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))
        .and_then(|pair| form::parse(pair, &Limits::default()).ok())
        .and_then(|pairs| pairs.into_iter().next())
        .map(|(_, value)| value.into_owned())
}

/// `…/service/{Service}/operation/{Operation}`; a prefix before `service` is allowed.
fn cbor_operation(raw_path: &str) -> Option<&str> {
    let mut segments = raw_path.rsplit('/');
    let operation = segments.next()?;
    (segments.next()? == "operation" && !segments.next()?.is_empty() && segments.next()? == "service")
        .then_some(operation)
        .filter(|name| !name.is_empty())
}
