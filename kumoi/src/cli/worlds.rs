//! `kumoi reset`, `fork`, `worlds`, `drop` and `diff`.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::client::escaped;
use super::output::{member, progress, table};
use super::{Connection, Failure};

/// What to empty.
#[derive(Args, Debug)]
pub(crate) struct ResetArguments {
    /// Drop all forks, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What to copy, and the name of the copy.
#[derive(Args, Debug)]
pub(crate) struct ForkArguments {
    /// Name of the new world: lower-case letters, digits and hyphens, at most 63
    name: String,
    /// The world to copy; by default the one that --world names, else 'default'
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// What to remove.
#[derive(Args, Debug)]
pub(crate) struct DropArguments {
    /// Name of the world
    name: String,
    #[command(flatten)]
    connection: Connection,
}

/// What to compare.
#[derive(Args, Debug)]
pub(crate) struct DiffArguments {
    /// One world
    before: String,
    /// The other
    after: String,
    /// Differences to list at most
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    connection: Connection,
}

/// Empties a world, or all.
pub(crate) async fn reset(arguments: &ResetArguments) -> Result<(), Failure> {
    let connection = &arguments.connection;
    let which = if arguments.all { "all".to_owned() } else { format!("world={}", escaped(connection.world())) };
    let answer = connection.client()?.post(&format!("/_kumoi/reset?{which}"), json!({})).await?;
    connection.output().show(&answer, |_| match arguments.all {
        true => "one world is left, and it is empty".to_owned(),
        false => format!("world '{}' is empty", connection.world()),
    })
}

/// Copies a world.
pub(crate) async fn fork(arguments: &ForkArguments) -> Result<(), Failure> {
    let connection = &arguments.connection;
    let from = arguments.from.as_deref().unwrap_or_else(|| connection.world());
    let path = format!("/_kumoi/worlds/{}", escaped(&arguments.name));
    let answer = connection.client()?.post(&path, json!({"from": from})).await?;
    connection.output().show(&answer, |_| {
        let name = &arguments.name;
        format!("world '{name}' is a copy of '{from}'; 'kumoi env --world {name}' aims AWS tools at it")
    })
}

/// Lists the worlds.
pub(crate) async fn list(connection: &Connection) -> Result<(), Failure> {
    let answer = connection.client()?.get("/_kumoi/worlds").await?;
    connection.output().show(&answer, |answer| {
        let mut rows = vec![["NAME", "ENTRIES", "TIME"].map(str::to_owned).to_vec()];
        for world in entries(answer, "worlds") {
            rows.push(vec![
                member(world, "name"),
                member(world, "entries"),
                member(world.get("clock").unwrap_or(&Value::Null), "now"),
            ]);
        }
        table(&rows)
    })
}

/// Removes a world.
pub(crate) async fn remove(arguments: &DropArguments) -> Result<(), Failure> {
    let path = format!("/_kumoi/worlds/{}", escaped(&arguments.name));
    let answer = arguments.connection.client()?.json(Method::DELETE, &path, None).await?;
    arguments.connection.output().show(&answer, |_| format!("world '{}' is gone", arguments.name))
}

/// Lists what differs; like diff(1), the exit code is no verdict here.
pub(crate) async fn diff(arguments: &DiffArguments) -> Result<(), Failure> {
    let (before, after) = (escaped(&arguments.before), escaped(&arguments.after));
    let path = format!("/_kumoi/worlds/{before}/diff/{after}?limit={}", arguments.limit);
    let bar = progress("comparing", None);
    let answer = arguments.connection.client()?.get(&path).await;
    bar.finish_and_clear();
    arguments.connection.output().show(&answer?, |answer| {
        let mut lines: Vec<String> = entries(answer, "differences").map(line).collect();
        if answer.get("truncated").and_then(Value::as_bool) == Some(true) {
            lines.push("… and more; --limit lists them".into());
        }
        if lines.is_empty() { "no difference".to_owned() } else { lines.join("\n") }
    })
}

fn line(difference: &Value) -> String {
    let sign = match (
        difference.get("before").is_some_and(|v| !v.is_null()),
        difference.get("after").is_some_and(|v| !v.is_null()),
    ) {
        (false, true) => '+',
        (true, false) => '-',
        _ => '~',
    };
    let part = |name| member(difference, name);
    let scope =
        [part("account"), part("region")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let scope = if scope.is_empty() { "world" } else { &scope };
    format!("{sign} {scope} {} {} {}", part("service"), part("table"), part("key"))
}

/// The elements of a list in an answer.
fn entries<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}
