//! Models in readable form.

use std::fmt::Write as _;

use kumoi_model::{Catalog, Kind, Location, Member, Operation, Service, Shape, ShapeId};

use crate::Failure;

/// How deep nested shapes are shown: recursive ones end here, or earlier where they repeat.
const DEPTH: usize = 12;

/// Prints one line a service, and the sums.
pub(crate) fn list() -> Result<(), Failure> {
    let catalog = Catalog::get();
    let mut operations = 0;
    for entry in catalog.services() {
        operations += entry.operations;
        println!("{:40} {:12} {:4} {:?}", entry.id, entry.api_version, entry.operations, entry.protocols);
    }
    println!("{} services, {operations} operations", catalog.services().len());
    Ok(())
}

/// Prints a service, or an operation of it.
pub(crate) fn show(id: &str, operation: Option<&str>) -> Result<(), Failure> {
    let service =
        Catalog::get().load(id).ok_or_else(|| format!("no service {id}; `cargo xtask model list` has all"))?;
    let mut out = String::new();
    match operation {
        None => describe_service(&mut out, service)?,
        Some(name) => {
            let operation = service.operation(name).ok_or_else(|| format!("{id} has no operation {name}"))?;
            describe_operation(&mut out, service, operation)?;
        }
    }
    print!("{out}");
    Ok(())
}

fn describe_service(out: &mut String, service: &Service) -> std::fmt::Result {
    writeln!(out, "{} ({}), API version {}", service.full_name, service.service_id, service.api_version)?;
    writeln!(out, "protocols        {:?}", service.protocols)?;
    writeln!(out, "endpoint prefix  {}", service.endpoint_prefix)?;
    writeln!(out, "signing name     {}", service.signing_name)?;
    for (what, value) in [
        ("target prefix", &service.target_prefix),
        ("JSON version", &service.json_version),
        ("XML namespace", &service.xml_namespace),
    ] {
        if let Some(value) = value {
            writeln!(out, "{what:16} {value}")?;
        }
    }
    if service.query_compatible {
        writeln!(out, "query-compatible errors")?;
    }
    writeln!(out, "{} operations, {} shapes", service.operations.len(), service.shapes.len())?;
    for operation in &service.operations {
        writeln!(out, "  {:48} {} {}", operation.name, operation.method, operation.uri)?;
    }
    Ok(())
}

fn describe_operation(out: &mut String, service: &Service, operation: &Operation) -> std::fmt::Result {
    writeln!(out, "{} {} {} -> {}", operation.name, operation.method, operation.uri, operation.status)?;
    for (what, value) in [
        ("result wrapper", &operation.result_wrapper),
        ("host prefix", &operation.host_prefix),
        ("checksum member", &operation.checksum_member),
    ] {
        if let Some(value) = value {
            writeln!(out, "{what} {value}")?;
        }
    }
    for (what, flag) in [("unsigned", operation.unsigned), ("checksum required", operation.checksum_required)] {
        if flag {
            writeln!(out, "{what}")?;
        }
    }
    if let Some(pages) = &operation.paginator {
        let Paginator { input, output, limit, result } = Paginator::new(pages);
        writeln!(out, "pages: {input} <- {output}, limit {limit}, lists {result}")?;
    }
    for (what, id) in [("input", operation.input), ("output", operation.output)] {
        if let Some(id) = id {
            write!(out, "{what} ")?;
            describe_shape(out, service, id, 0, &mut Vec::new())?;
        }
    }
    for &id in &operation.errors {
        let error = service.structure(id).and_then(|structure| structure.error.as_ref());
        if let (Some(shape), Some(error)) = (service.shape(id), error) {
            let fault = if error.sender { "sender" } else { "service" };
            writeln!(out, "error {} {} {} ({fault})", shape.name, error.status, error.code)?;
        }
    }
    Ok(())
}

/// A paginator's facts, each as one word.
struct Paginator<'a> {
    input: String,
    output: String,
    limit: &'a str,
    result: String,
}

impl<'a> Paginator<'a> {
    fn new(pages: &'a kumoi_model::Paginator) -> Self {
        Self {
            input: pages.input_token.join("+"),
            output: pages.output_token.join("+"),
            limit: pages.limit_key.as_deref().unwrap_or("-"),
            result: pages.result_key.join("+"),
        }
    }
}

fn describe_shape(
    out: &mut String,
    service: &Service,
    id: ShapeId,
    depth: usize,
    open: &mut Vec<ShapeId>,
) -> std::fmt::Result {
    let Some(shape) = service.shape(id) else { return writeln!(out, "?") };
    writeln!(out, "{}", headline(shape))?;
    if open.contains(&id) || depth >= DEPTH {
        return Ok(());
    }
    let members: &[&Member] = &match &shape.kind {
        Kind::Structure(structure) => structure.members.iter().collect(),
        Kind::List { member, .. } => vec![member],
        Kind::Map { key, value, .. } => vec![key, value],
        _ => Vec::new(),
    };
    open.push(id);
    for member in members {
        write!(out, "{:indent$}{} ", "", member_line(member), indent = 2 * depth + 2)?;
        describe_shape(out, service, member.shape, depth + 1, open)?;
    }
    open.pop();
    Ok(())
}

fn member_line(member: &Member) -> String {
    let mut line = member.name.clone();
    if member.required {
        line.push('*');
    }
    if let Some(name) = &member.location_name {
        line += &format!(" as {name}");
    }
    if member.location != Location::Body {
        line += &format!(" in {:?}", member.location);
    }
    let flags = [
        ("flattened", member.flattened),
        ("attribute", member.xml_attribute),
        ("streaming", member.streaming),
        ("idempotency token", member.idempotency_token),
        ("JSON value", member.json_value),
        ("host label", member.host_label),
        ("event header", member.event_header),
        ("event payload", member.event_payload),
    ];
    for (flag, _) in flags.iter().filter(|(_, set)| *set) {
        line += &format!(" [{flag}]");
    }
    line + ":"
}

fn headline(shape: &Shape) -> String {
    let mut line = match &shape.kind {
        Kind::Structure(structure) if structure.event_stream => "event stream".to_owned(),
        Kind::Structure(structure) if structure.union => "union".to_owned(),
        Kind::Structure(_) => "structure".to_owned(),
        Kind::List { flattened, .. } => if *flattened { "flattened list" } else { "list" }.to_owned(),
        Kind::Map { flattened, .. } => if *flattened { "flattened map" } else { "map" }.to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    line += &format!(" {}", shape.name);
    if let Some(min) = shape.min {
        line += &format!(" min {min}");
    }
    if let Some(max) = shape.max {
        line += &format!(" max {max}");
    }
    if let Some(pattern) = &shape.pattern {
        line += &format!(" /{pattern}/");
    }
    if !shape.enumeration.is_empty() {
        line += &format!(" [{}]", shape.enumeration.join(", "));
    }
    line
}
