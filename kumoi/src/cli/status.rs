//! `kumoi status`.

use serde_json::{Value, json};

use super::output::member;
use super::{Connection, Failure};

/// Whether a server answers, and what it says of itself.
pub(crate) async fn run(connection: &Connection) -> Result<(), Failure> {
    let client = connection.client()?;
    let health = client.get("/_kumoi/health").await?;
    let settings = client.get("/_kumoi/settings").await?;
    let status = json!({ "endpoint": client.endpoint(), "health": health, "settings": settings });
    connection.output().show(&status, text)
}

fn text(status: &Value) -> String {
    let part = |name: &str| status.get(name).unwrap_or(&Value::Null);
    let (health, settings) = (part("health"), part("settings"));
    let store = health.get("store").unwrap_or(&Value::Null);
    let lines = [
        format!("kumoi {} answers at {}", member(health, "version"), member(status, "endpoint")),
        format!("  account  {}", member(settings, "account")),
        format!("  region   {}", member(settings, "region")),
        format!("  physics  {}", physics(settings)),
        format!("  worlds   {}", member(health, "worlds")),
        format!(
            "  store    {} entries, {} bytes, {} commits",
            member(store, "entries"),
            member(store, "bytes"),
            member(store, "commits")
        ),
    ];
    lines.join("\n")
}

/// The limits that bite.
fn physics(settings: &Value) -> String {
    let names = settings.get("physics").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<_> = names.collect();
    if names.is_empty() { "off".into() } else { names.join(", ") }
}
