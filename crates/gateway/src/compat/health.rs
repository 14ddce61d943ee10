//! Health and info, in the spelling that public scripts search for.

use std::io;

use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Value, json};

use crate::admin::rfc3339;
use crate::body::ReplyBody;
use crate::encode::Reply;
use crate::gateway::Gateway;

/// `available` turns to `running` with a service's first request. Scripts wait for either, so both must be told truly; what
/// is not built at all is not listed.
pub(super) fn health(gateway: &Gateway) -> Reply {
    let registry = gateway.config.kernel.registry();
    let built = gateway.services.iter().filter(|known| registry.get(&known.entry.id).is_some());
    let services: Map<String, Value> = built
        .map(|known| (known.entry.id.clone(), json!(if known.used() { "running" } else { "available" })))
        .collect();
    python_json(&json!({ "services": services, "edition": "community", "version": gateway.config.compat.version }))
}

pub(super) fn info(gateway: &Gateway) -> Reply {
    let container = std::path::Path::new("/.dockerenv").exists();
    python_json(&json!({
        "version": gateway.config.compat.version,
        "edition": "community",
        "is_license_activated": false,
        "session_id": gateway.session,
        "system": std::env::consts::OS,
        "is_docker": container,
        "server_time_utc": rfc3339(kumoi_core::clock::real_time()),
        "uptime": gateway.started.elapsed().as_secs(),
    }))
}

/// A JSON answer with a space behind each colon and comma: scripts search it as text, such as for `"s3": "available"`.
pub(super) fn python_json(document: &Value) -> Reply {
    let mut text = Vec::with_capacity(256);
    // Writing to memory cannot fail.
    let _ = document.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Spaced));
    let mut reply = http::Response::new(ReplyBody::from(bytes::Bytes::from(text)));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// Separators as Python's `json` writes them.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
