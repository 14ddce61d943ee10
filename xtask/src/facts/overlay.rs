//! Facts that AWS documents and the package lacks, laid over a model.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kumoi_model::{ErrorTrait, Kind, Location, Member, Protocol, Service, Shape, ShapeId};
use serde::Deserialize;

use crate::Failure;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    #[serde(default)]
    protocols: Vec<String>,
    xml_namespace: Option<String>,
    #[serde(default)]
    result_wrappers: bool,
    #[serde(default)]
    roots: BTreeMap<String, String>,
    #[serde(default)]
    elements: BTreeMap<String, String>,
    #[serde(default)]
    entries: BTreeMap<String, (String, String)>,
    #[serde(default)]
    members: BTreeMap<String, String>,
    #[serde(default)]
    errors: BTreeMap<String, Code>,
    #[serde(default)]
    statuses: BTreeMap<String, u16>,
    #[serde(default)]
    status_members: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
    #[serde(default = "bad_request")]
    status: u16,
}

fn bad_request() -> u16 {
    400
}

/// Applies the overlay of the service, if the folder has one.
pub(super) fn apply(folder: &Path, service: &mut Service) -> Result<(), Failure> {
    let path = folder.join(&service.id).with_extension("toml");
    if !path.exists() {
        return Ok(());
    }
    let overlay: Overlay = toml::from_str(&fs::read_to_string(&path)?)?;
    lay(overlay, service).map_err(|lacking| format!("{}: the model lacks {lacking}", path.display()).into())
}

fn lay(overlay: Overlay, service: &mut Service) -> Result<(), String> {
    if !overlay.protocols.is_empty() {
        let known = overlay.protocols.iter().map(|name| match name.as_str() {
            "json" => Ok(Protocol::AwsJson),
            "query" => Ok(Protocol::AwsQuery),
            other => Err(format!("the protocol {other}")),
        });
        service.protocols = known.collect::<Result<_, _>>()?;
    }
    if overlay.xml_namespace.is_some() {
        service.xml_namespace = overlay.xml_namespace;
    }
    if overlay.result_wrappers {
        for operation in service.operations.iter_mut().filter(|operation| operation.output.is_some()) {
            operation.result_wrapper = Some(format!("{}Result", operation.name));
        }
    }
    for (name, status) in overlay.statuses {
        let operation = service.operations.iter_mut().find(|operation| operation.name == name);
        operation.ok_or_else(|| format!("the operation {name}"))?.status = status;
    }
    for (name, member) in overlay.status_members {
        let number = service.shapes.iter().position(|shape| shape.kind == Kind::Integer);
        let number = number.and_then(|index| ShapeId::try_from(index).ok()).ok_or("an integer")?;
        let Kind::Structure(structure) = &mut shape(service, &name)?.kind else { return Err(name) };
        structure.members.push(Member {
            name: member,
            shape: number,
            location: Location::StatusCode,
            boxed: true,
            ..Member::default()
        });
    }
    for (name, element) in overlay.roots {
        shape(service, &name)?.location_name = Some(element);
    }
    for (name, element) in overlay.elements {
        match &mut shape(service, &name)?.kind {
            Kind::List { member, .. } => member.location_name = Some(element),
            _ => return Err(format!("a list {name}")),
        }
    }
    for (name, (key_name, value_name)) in overlay.entries {
        match &mut shape(service, &name)?.kind {
            Kind::Map { key, value, .. } => {
                key.location_name = Some(key_name);
                value.location_name = Some(value_name);
            }
            _ => return Err(format!("a map {name}")),
        }
    }
    for (path, name) in overlay.members {
        let (owner, member) = path.split_once('.').ok_or_else(|| path.clone())?;
        let Kind::Structure(structure) = &mut shape(service, owner)?.kind else { return Err(path) };
        let member = structure.members.iter_mut().find(|candidate| candidate.name == member).ok_or(path.clone())?;
        member.location_name = Some(name);
    }
    for (name, Code { code, status }) in overlay.errors {
        match &mut shape(service, &name)?.kind {
            Kind::Structure(structure) => {
                let before = structure.error.take().unwrap_or_default();
                structure.error = Some(ErrorTrait { code, status, sender: status < 500, ..before });
            }
            _ => return Err(format!("an error {name}")),
        }
    }
    Ok(())
}

fn shape<'a>(service: &'a mut Service, name: &str) -> Result<&'a mut Shape, String> {
    service.shapes.iter_mut().find(|shape| shape.name == name).ok_or_else(|| name.to_owned())
}
