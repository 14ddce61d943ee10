//! What this kumoi is: its health, services, settings and certificate.

use bytes::Bytes;
use http::StatusCode;
use kumoi_model::{Protocol, Timestamp};
use serde_json::{Value, json};

use super::{AdminError, Answer, Reply, ok, reply};
use crate::gateway::Gateway;
use crate::services::Known;

pub(super) fn health(gateway: &Gateway) -> Reply {
    let stats = gateway.config.kernel.store().stats();
    ok(&json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "worlds": gateway.config.kernel.worlds().all().len(),
        "store": {
            "entries": stats.entries, "bytes": stats.bytes, "commits": stats.commits, "conflicts": stats.conflicts,
            "waiters": stats.waiters,
        },
    }))
}

/// Every service, and how much of it is built.
pub(super) fn services(gateway: &Gateway) -> Reply {
    let services: Vec<Value> = gateway.services.iter().map(|known| summary(gateway, known)).collect();
    ok(&json!({ "services": services }))
}

fn summary(gateway: &Gateway, known: &Known) -> Value {
    let built = gateway
        .config
        .kernel
        .registry()
        .get(&known.entry.id)
        .map_or(0, |service| service.descriptor().operations.len());
    json!({
        "id": known.entry.id,
        "service_id": known.entry.service_id,
        "signing_name": known.entry.signing_name,
        "api_version": known.entry.api_version,
        "protocols": known.entry.protocols.iter().map(|protocol| protocol_name(*protocol)).collect::<Vec<_>>(),
        "built": built > 0,
        "operations": { "built": built, "total": known.entry.operations },
        "used": known.used(),
    })
}

fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson => "awsJson",
        Protocol::AwsQuery => "awsQuery",
        Protocol::Ec2Query => "ec2Query",
        Protocol::RestJson => "restJson1",
        Protocol::RestXml => "restXml",
        Protocol::RpcV2Cbor => "rpcv2Cbor",
    }
}

/// Operation by operation, what the services that are begun can do, and which inputs they accept without honouring them.
pub(super) fn coverage(gateway: &Gateway) -> Reply {
    let (mut built, mut total) = (0_usize, 0_usize);
    let mut services = Vec::new();
    for known in gateway.services.iter() {
        total += known.entry.operations as usize;
        let Some(service) = gateway.config.kernel.registry().get(&known.entry.id) else { continue };
        let specs = service.descriptor().operations;
        built += specs.len();
        let mut operations = Vec::new();
        for operation in known.load().map(|(model, _)| model.operations.as_slice()).unwrap_or_default() {
            let spec = specs.iter().find(|spec| spec.name == operation.name);
            operations.push(json!({
                "name": operation.name,
                "built": spec.is_some(),
                "ignored": spec.map_or(&[][..], |spec| spec.ignored),
            }));
        }
        services.push(json!({
            "id": known.entry.id, "built": specs.len(), "total": known.entry.operations, "operations": operations,
        }));
    }
    ok(&json!({ "built": built, "total": total, "services": services }))
}

/// The settings in effect. None of them is a secret.
pub(super) fn settings(gateway: &Gateway) -> Reply {
    let (config, kernel) = (&gateway.config, gateway.config.kernel.settings());
    let (limits, cors) = (&config.limits, &config.cors);
    ok(&json!({
        "account": kernel.account,
        "region": kernel.region,
        "seed": kernel.seed,
        "options": kernel.options,
        "physics": kernel.physics.names(),
        "listen": config.listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "host_names": config.host_names,
        "ca_dir": config.ca_dir,
        "tls_file": config.tls_file,
        "cors": {
            "headers": cors.headers, "check": cors.check, "origins": cors.origins,
            "allowed_headers": cors.allowed_headers, "exposed_headers": cors.exposed_headers,
        },
        "limits": {
            "connections": limits.connections,
            "body_bytes": limits.body,
            "head_bytes": limits.head_bytes,
            "head_seconds": limits.head.as_secs_f64(),
            "body_stall_seconds": limits.body_stall.as_secs_f64(),
            "write_stall_seconds": limits.write_stall.as_secs_f64(),
            "grace_seconds": limits.grace.as_secs_f64(),
        },
    }))
}

pub(super) fn ca_pem(gateway: &Gateway) -> Answer {
    let failed = || {
        let message = "The certificate authority could not be made; the log has the reason.";
        AdminError::new(StatusCode::INTERNAL_SERVER_ERROR, "NoAuthority", message)
    };
    let pem = gateway.tls.ca_pem().ok_or_else(failed)?;
    Ok(reply(StatusCode::OK, "application/x-pem-file", Bytes::from(pem.to_owned())))
}

/// A moment as RFC 3339 has it, in UTC.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(moment.micros()).map(|moment| moment.to_string()).unwrap_or_default()
}
