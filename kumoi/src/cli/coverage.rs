//! `kumoi coverage`: what this program can do. It needs no server.

use clap::Args;
use kumoi_core::{OperationSpec, Registry};
use kumoi_model::Catalog;
use serde_json::{Value, json};

use super::Failure;
use super::output::{Output, table};

/// What to show, and how.
#[derive(Args, Debug)]
pub(crate) struct CoverageArguments {
    /// A service, to show it operation by operation
    service: Option<String>,
    /// Answer in JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Answer with the table of README.md
    #[arg(long)]
    markdown: bool,
}

/// How much of a service is built.
struct Row {
    id: &'static str,
    name: String,
    total: usize,
    built: &'static [OperationSpec],
}

/// Shows what is built.
pub(crate) fn run(arguments: &CoverageArguments) -> Result<(), Failure> {
    let registry = Registry::new(crate::services::all());
    let output = Output::new(arguments.json);
    if let Some(service) = &arguments.service {
        return one(&registry, service, output);
    }
    let rows = rows(&registry);
    let recognised = Catalog::get().services().len();
    let document = json!({
        "services": rows.iter().map(|row| json!({
            "id": row.id, "name": row.name, "built": row.built.len(), "total": row.total, "ignored": ignored(row.built),
        })).collect::<Vec<_>>(),
        "recognised": recognised,
    });
    output.show(&document, |_| match arguments.markdown {
        true => markdown(&rows, recognised),
        false => text(&rows, recognised),
    })
}

fn rows(registry: &Registry) -> Vec<Row> {
    let row = |built: &'static [OperationSpec], id: &'static str| {
        let model = Catalog::get().load(id)?;
        let name = Catalog::get().entry(id).map_or(id, |entry| entry.service_id.as_str()).to_owned();
        Some(Row { id, name, total: model.operations.len(), built })
    };
    registry.iter().filter_map(|service| row(service.descriptor().operations, service.descriptor().model)).collect()
}

/// Inputs that are accepted and not honoured, with their operations.
fn ignored(built: &[OperationSpec]) -> Vec<String> {
    built.iter().flat_map(|spec| spec.ignored.iter().map(move |path| format!("{}.{path}", spec.name))).collect()
}

fn text(rows: &[Row], recognised: usize) -> String {
    let mut cells = vec![["SERVICE", "BUILT", "OF", "INPUTS NOT HONOURED"].map(str::to_owned).to_vec()];
    for row in rows {
        let ignored = ignored(row.built).len().to_string();
        cells.push(vec![row.id.to_owned(), row.built.len().to_string(), row.total.to_string(), ignored]);
    }
    format!("{}{recognised} services are recognised; what is not built answers 501 NotImplemented\n", table(&cells))
}

fn markdown(rows: &[Row], recognised: usize) -> String {
    let mut text = "| Service | Operations built | Inputs accepted and not honoured |\n|---|---|---|\n".to_owned();
    for row in rows {
        let ignored = match ignored(row.built) {
            none if none.is_empty() => "none".to_owned(),
            some => some.join(", "),
        };
        text.push_str(&format!("| {} | {} of {} | {ignored} |\n", row.name, row.built.len(), row.total));
    }
    let others = recognised.saturating_sub(rows.len());
    text.push_str(&format!(
        "| {others} others | recognised, decoded and validated; answered 501 `NotImplemented` | – |\n"
    ));
    text
}

fn one(registry: &Registry, id: &str, output: Output) -> Result<(), Failure> {
    let unknown = || Failure::other(format!("AWS has no service '{id}'; the ids are those of botocore, such as sqs"));
    let model = Catalog::get().load(id).ok_or_else(unknown)?;
    let built = registry.get(id).map_or(&[][..], |service| service.descriptor().operations);
    let operations: Vec<Value> = model.operations.iter().map(|operation| {
        let spec = built.iter().find(|spec| spec.name == operation.name);
        json!({ "name": operation.name, "built": spec.is_some(), "ignored": spec.map_or(&[][..], |spec| spec.ignored) })
    }).collect();
    let document = json!({ "id": id, "operations": operations });
    output.show(&document, |_| {
        let line = |operation: &Value| {
            let mark = if operation.get("built").and_then(Value::as_bool) == Some(true) { "built" } else { "-" };
            let ignored: Vec<&str> = operation
                .get("ignored")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let name = super::output::member(operation, "name");
            let note = if ignored.is_empty() { String::new() } else { format!("not honoured: {}", ignored.join(", ")) };
            vec![name, mark.to_owned(), note]
        };
        table(&operations.iter().map(line).collect::<Vec<_>>())
    })
}
