//! What tools, scripts and test libraries made for LocalStack look at: the paths below `/_localstack/`, and init scripts.

pub(crate) mod init;

mod health;

use std::sync::Arc;

use http::{Method, StatusCode};
use kumoi_store::{StoreError, WorldId};
use serde::Deserialize;
use serde_json::json;

use crate::accept::Head;
use crate::admin::{is_own_request, json_reply};
use crate::body::RequestBody;
use crate::encode::Reply;
use crate::gateway::Gateway;
use init::Stage;

const PREFIX: &str = "/_localstack";

/// The path below the prefix, when the request is for these. `/health` without credentials is an older form of it.
pub(crate) fn path(head: &Head) -> Option<&str> {
    let path = head.raw_path();
    if let Some(rest) = path.strip_prefix(PREFIX) {
        return Some(rest).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    let bare = head.query().is_empty() && !head.headers.contains_key(http::header::AUTHORIZATION);
    (path == "/health" && bare && matches!(head.method, Method::GET | Method::HEAD)).then_some(path)
}

/// Answers a request to `path`.
pub(crate) async fn answer(gateway: &Arc<Gateway>, head: &Head, path: &str, body: &mut RequestBody) -> Reply {
    let reading = matches!(head.method, Method::GET | Method::HEAD);
    // As in the admin API: no page from elsewhere may change anything.
    if !reading && !is_own_request(gateway, head) {
        return message(StatusCode::FORBIDDEN, "A web page from elsewhere may not do this.");
    }
    match (path.trim_end_matches('/'), reading) {
        ("/health", true) => health::health(gateway),
        ("/health", false) if head.method == Method::POST => act(gateway, body).await,
        ("/info", true) => health::info(gateway),
        ("/init", true) => health::python_json(&gateway.init.all()),
        ("/state/reset", false) if head.method == Method::POST => reset(gateway).await,
        (path, true) => match path.strip_prefix("/init/").and_then(Stage::parse) {
            Some(stage) => health::python_json(&gateway.init.of(stage)),
            None => message(StatusCode::NOT_FOUND, "There is nothing at this path."),
        },
        ("/health" | "/info" | "/init" | "/state/reset", false) => {
            message(StatusCode::METHOD_NOT_ALLOWED, "Not with this method.")
        }
        _ => message(StatusCode::NOT_FOUND, "There is nothing at this path."),
    }
}

/// What `POST /_localstack/health` takes.
#[derive(Deserialize)]
struct Action {
    action: String,
}

/// Ends the server, or has it started again.
async fn act(gateway: &Gateway, body: &mut RequestBody) -> Reply {
    let Ok(bytes) = body.read(gateway.config.limits.body, &gateway.config.limits).await else {
        return message(StatusCode::BAD_REQUEST, "The body could not be read.");
    };
    let restart = match serde_json::from_slice::<Action>(&bytes).as_ref().map(|action| action.action.as_str()) {
        Ok("kill") => false,
        Ok("restart") => true,
        _ => return message(StatusCode::BAD_REQUEST, "action is \"restart\" or \"kill\"."),
    };
    gateway.end(restart);
    json_reply(StatusCode::OK, &json!({}))
}

async fn reset(gateway: &Gateway) -> Reply {
    let emptied: Result<(), StoreError> = gateway.config.kernel.reset(&WorldId::default()).await;
    match emptied {
        Ok(()) => json_reply(StatusCode::OK, &json!({})),
        Err(error) => message(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn message(status: StatusCode, message: &str) -> Reply {
    json_reply(status, &json!({ "message": message }))
}
