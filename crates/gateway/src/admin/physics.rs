//! Limits of the real cloud that bite at one resource, or not, whatever the settings say.

use kumoi_core::{Fault, Physics};
use kumoi_store::Scope;
use serde::Deserialize;
use serde_json::json;

use super::{AdminError, Answer, StatusCode, asked_world, ok, query};
use crate::accept::Head;
use crate::gateway::Gateway;

/// What `PUT /_kumoi/physics/{service}/{resource}` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// Whether its throughput is bounded; what the server was started with counts when left out.
    capacity: Option<bool>,
}

pub(super) async fn set(gateway: &Gateway, head: &Head, service: &str, resource: &str, change: Change) -> Answer {
    let kernel = &gateway.config.kernel;
    let world = asked_world(gateway, head)?;
    let settings = kernel.settings();
    let account = query(head, "account").unwrap_or(&settings.account);
    let region = query(head, "region").unwrap_or(&settings.region);
    let physics = change.capacity.map(|capacity| Physics { capacity });
    kernel.bend(&world, service, &Scope::new(account, region), resource, physics).await.map_err(refused)?;
    let capacity = change.capacity.unwrap_or(settings.physics.capacity);
    Ok(ok(&json!({
        "service": service, "resource": resource, "account": account, "region": region, "capacity": capacity,
    })))
}

fn refused(fault: Fault) -> AdminError {
    let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = match fault.code() {
        "UnknownService" => "UnknownService",
        "NotImplemented" => "NotImplemented",
        _ if fault.sender() => "Refused",
        _ => "Failed",
    };
    AdminError::new(status, code, fault.message())
}
