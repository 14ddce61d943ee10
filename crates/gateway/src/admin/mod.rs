//! The admin API under `/_kumoi/`, documented by `openapi.json` beside this file.
//!
//! It has no credentials: whoever reaches the port may use it, as is the case for AWS's own APIs here. What it refuses is web pages.
//! A page from elsewhere could aim a browser at this machine, either across origins (it then sends `Origin`) or under a name of its own
//! that it lets resolve to 127.0.0.1 (DNS rebinding; the browser then sends that name as `Host`). So requests whose `Origin` is
//! another machine's, or whose `Host` could be anyone's, get 403.

mod clock;
mod cloud;
mod duration;
mod physics;
mod requests;
mod snapshots;
mod worlds;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use kumoi_core::World;
use kumoi_store::{StoreError, WorldId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::accept::Head;
use crate::body::{self, ReplyBody, RequestBody};
use crate::cors::is_loopback_origin;
use crate::encode::Reply;
use crate::gateway::Gateway;
use crate::identify::hosts;

/// What the API can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Health,
    Services,
    Coverage,
    Reset,
    Clock,
    SetClock,
    Worlds,
    Fork,
    DropWorld,
    Diff,
    SaveSnapshot,
    LoadSnapshot,
    Requests,
    Physics,
    Settings,
    CaPem,
    OpenApi,
}

/// Every route, without the prefix `/_kumoi`. A test holds it against `openapi.json`.
const ROUTES: [(Method, &str, Action); 17] = [
    (Method::GET, "/health", Action::Health),
    (Method::GET, "/services", Action::Services),
    (Method::GET, "/coverage", Action::Coverage),
    (Method::POST, "/reset", Action::Reset),
    (Method::GET, "/clock", Action::Clock),
    (Method::POST, "/clock", Action::SetClock),
    (Method::GET, "/worlds", Action::Worlds),
    (Method::POST, "/worlds/{name}", Action::Fork),
    (Method::DELETE, "/worlds/{name}", Action::DropWorld),
    (Method::GET, "/worlds/{name}/diff/{other}", Action::Diff),
    (Method::GET, "/worlds/{name}/snapshot", Action::SaveSnapshot),
    (Method::PUT, "/worlds/{name}/snapshot", Action::LoadSnapshot),
    (Method::GET, "/requests", Action::Requests),
    (Method::PUT, "/physics/{service}/{resource}", Action::Physics),
    (Method::GET, "/settings", Action::Settings),
    (Method::GET, "/ca.pem", Action::CaPem),
    (Method::GET, "/openapi.json", Action::OpenApi),
];

const PREFIX: &str = "/_kumoi";
const OPENAPI: &str = include_str!("openapi.json");

/// An error of the API: `{"error": code, "message": what to do}`.
#[derive(Debug)]
struct AdminError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

pub(crate) use cloud::rfc3339;

type Answer = Result<Reply, AdminError>;

impl AdminError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        let (status, code) = match &error {
            StoreError::UnknownWorld(_) => (StatusCode::NOT_FOUND, "UnknownWorld"),
            StoreError::WorldExists(_) => (StatusCode::CONFLICT, "WorldExists"),
            StoreError::InvalidWorldName(_) => (StatusCode::BAD_REQUEST, "InvalidWorldName"),
            StoreError::DefaultWorld => (StatusCode::CONFLICT, "DefaultWorld"),
            StoreError::TooNew { .. } | StoreError::Corrupt { .. } => (StatusCode::BAD_REQUEST, "UnreadableSnapshot"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "StoreFailed"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<body::BodyError> for AdminError {
    fn from(error: body::BodyError) -> Self {
        let status = match error {
            body::BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            body::BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            body::BodyError::Broken | body::BodyError::Encoding => StatusCode::BAD_REQUEST,
        };
        Self::new(status, "UnreadableBody", error.to_string())
    }
}

impl From<std::io::Error> for AdminError {
    fn from(error: std::io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "TemporaryFile", error.to_string())
    }
}

/// The path below the prefix, when the request is for this API. No bucket can have its name, for the underscore.
pub(crate) fn path(head: &Head) -> Option<&str> {
    head.raw_path().strip_prefix(PREFIX).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request to `path`.
pub(crate) async fn answer(gateway: &Arc<Gateway>, head: &Head, path: &str, body: &mut RequestBody) -> Reply {
    let answered = match guard(gateway, head) {
        Ok(()) => act(gateway, head, path, body).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| json_reply(error.status, &json!({ "error": error.code, "message": error.message })))
}

/// Refuses what a web page from elsewhere could have sent.
fn guard(gateway: &Gateway, head: &Head) -> Result<(), AdminError> {
    if is_own_request(gateway, head) {
        return Ok(());
    }
    let message = "A web page from elsewhere may not use the admin API. Call it under localhost or an address; \
                   LOCALSTACK_HOST names a further host, EXTRA_CORS_ALLOWED_ORIGINS a further origin.";
    Err(AdminError::new(StatusCode::FORBIDDEN, "ForeignOrigin", message))
}

/// Whether neither `Origin` nor `Host` can be that of a web page from elsewhere.
pub(crate) fn is_own_request(gateway: &Gateway, head: &Head) -> bool {
    let trusted = head
        .headers
        .get(header::ORIGIN)
        .is_none_or(|origin| is_loopback_origin(origin) || gateway.config.cors.lists(origin));
    let host = hosts::without_port(head.host());
    trusted && (hosts::is_own(host, &gateway.config.host_names) || hosts::is_private_name(host))
}

async fn act(gateway: &Arc<Gateway>, head: &Head, path: &str, body: &mut RequestBody) -> Answer {
    let (action, names) = route(&head.method, path)?;
    let name = names.first().copied().unwrap_or_default();
    match action {
        Action::Health => Ok(cloud::health(gateway)),
        Action::Services => Ok(cloud::services(gateway)),
        Action::Coverage => Ok(cloud::coverage(gateway)),
        Action::Settings => Ok(cloud::settings(gateway)),
        Action::CaPem => cloud::ca_pem(gateway),
        Action::OpenApi => Ok(reply(StatusCode::OK, "application/json", Bytes::from_static(OPENAPI.as_bytes()))),
        Action::Clock => clock::read(gateway, head),
        Action::SetClock => clock::set(gateway, head, read_json(gateway, body).await?).await,
        Action::Reset => worlds::reset(gateway, head).await,
        Action::Worlds => Ok(worlds::list(gateway)),
        Action::Fork => worlds::fork(gateway, name, read_json(gateway, body).await?).await,
        Action::DropWorld => worlds::remove(gateway, name).await,
        Action::Diff => worlds::diff(gateway, head, name, names.get(1).copied().unwrap_or_default()).await,
        Action::SaveSnapshot => snapshots::save(gateway, name).await,
        Action::LoadSnapshot => snapshots::load(gateway, name, body).await,
        Action::Requests => requests::requests(gateway, head),
        Action::Physics => {
            let resource = names.get(1).copied().unwrap_or_default();
            physics::set(gateway, head, name, resource, read_json(gateway, body).await?).await
        }
    }
}

/// The action at a path, with what its labels matched.
fn route<'a>(method: &Method, path: &'a str) -> Result<(Action, Vec<&'a str>), AdminError> {
    let mut allowed = Vec::new();
    for (verb, template, action) in &ROUTES {
        let Some(names) = matches(template, path) else { continue };
        // HEAD is GET without the body, which the connection leaves out.
        if verb == method || (method == Method::HEAD && verb == Method::GET) {
            return Ok((*action, names));
        }
        allowed.push(verb.as_str());
    }
    if allowed.is_empty() {
        let message = format!("There is no {PREFIX}{path}. {PREFIX}/openapi.json lists what there is.");
        return Err(AdminError::new(StatusCode::NOT_FOUND, "UnknownPath", message));
    }
    let message = format!("{PREFIX}{path} takes {}.", allowed.join(", "));
    Err(AdminError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message))
}

fn matches<'a>(template: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut parts, mut segments) = (template.split('/'), path.split('/'));
    let mut names = Vec::new();
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return Some(names),
            (Some(part), Some(segment)) if part.starts_with('{') && !segment.is_empty() => names.push(segment),
            (Some(part), Some(segment)) if part == segment => {}
            _ => return None,
        }
    }
}

/// The open world of that name.
fn world(gateway: &Gateway, name: &str) -> Result<Arc<World>, AdminError> {
    let id = WorldId::new(name)?;
    gateway.config.kernel.worlds().get(&id).ok_or_else(|| StoreError::UnknownWorld(id).into())
}

/// The world that `?world=` names, or the default one.
fn asked_world(gateway: &Gateway, head: &Head) -> Result<Arc<World>, AdminError> {
    world(gateway, query(head, "world").unwrap_or(WorldId::DEFAULT))
}

/// A parameter of the query string. None of the API's values needs encoding.
fn query<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
    head.query().split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Whether a switch of the query string is on: `?name`, `?name=true`, `?name=1`.
fn switch(head: &Head, name: &str) -> bool {
    head.query().split('&').any(|pair| pair == name) || matches!(query(head, name), Some("true" | "1"))
}

/// A count in the query string.
fn count(head: &Head, name: &str, default: usize, most: usize) -> Result<usize, AdminError> {
    match query(head, name) {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(count) if count <= most => Ok(count),
            _ => Err(AdminError::invalid(format!("{name} is a number from 0 to {most}."))),
        },
    }
}

/// Reads a JSON document; no body counts as `{}`.
async fn read_json<T: DeserializeOwned>(gateway: &Gateway, body: &mut RequestBody) -> Result<T, AdminError> {
    let bytes = body.read(gateway.config.limits.body, &gateway.config.limits).await?;
    let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| AdminError::invalid(format!("The body is not what this path takes: {error}.")))
}

fn ok(document: &Value) -> Reply {
    json_reply(StatusCode::OK, document)
}

/// A JSON answer; it ends in a line break, for people at a terminal.
pub(crate) fn json_reply(status: StatusCode, document: &Value) -> Reply {
    reply(status, "application/json", Bytes::from(format!("{document}\n")))
}

fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = http::Response::new(ReplyBody::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_documented_and_nothing_else_is() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let documented: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap();
                methods
                    .keys()
                    .filter(|key| *key != "parameters")
                    .map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let routes: BTreeSet<String> =
            ROUTES.iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
        assert_eq!(documented, routes);
        assert_eq!(document["openapi"], "3.1.0");
    }

    #[test]
    fn every_path_parameter_is_documented() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        for (method, path, _) in &ROUTES {
            let entry = &document["paths"][format!("{PREFIX}{path}")];
            let declared: Vec<&str> = [&entry["parameters"], &entry[method.as_str().to_lowercase()]["parameters"]]
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let used: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(declared, used, "{path}");
        }
    }

    #[test]
    fn routes_match_whole_segments() {
        assert_eq!(route(&Method::GET, "/worlds/a/diff/b").unwrap(), (Action::Diff, vec!["a", "b"]));
        assert_eq!(route(&Method::HEAD, "/health").unwrap().0, Action::Health);
        assert_eq!(route(&Method::GET, "/worlds/").unwrap_err().status, StatusCode::NOT_FOUND);
        assert_eq!(route(&Method::GET, "/healthy").unwrap_err().status, StatusCode::NOT_FOUND);
        assert_eq!(route(&Method::PUT, "/health").unwrap_err().message, "/_kumoi/health takes GET.");
    }
}
