//! Rules about the crates of the workspace: dependencies run downward, and every crate has the workspace's lints.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{File, Finding};

/// The rooms of the house from the lowest up. A crate depends only on crates of lower rooms.
const ROOMS: [&[&str]; 11] = [
    &["crates/model"],
    &["crates/codegen", "crates/store", "crates/wire"],
    &["crates/access"],
    &["crates/core"],
    &["crates/declare"],
    &["engines/"],
    &["services/"],
    &["crates/gateway"],
    &["kumoi"],
    &["tests", "xtask"],
    // It drives the program with what the tests have for that.
    &["bench"],
];

struct Crate {
    manifest: String,
    room: Option<usize>,
    dependencies: Vec<String>,
    linted: bool,
}

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut crates = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        match file.text.parse::<Table>() {
            Ok(table) => {
                if let Some((name, described)) = describe(&file.path, &table) {
                    crates.insert(name, described);
                }
            }
            Err(error) => findings.push(Finding::new(&file.path, 0, error.message())),
        }
    }
    for (name, described) in &crates {
        let Some(room) = described.room else {
            findings.push(Finding::new(&described.manifest, 0, "a crate that stands in no room of the house"));
            continue;
        };
        if !described.linted {
            findings.push(Finding::new(&described.manifest, 0, "lacks `[lints] workspace = true`"));
        }
        for dependency in &described.dependencies {
            if let Some(lower) = crates.get(dependency).and_then(|other| other.room)
                && lower >= room
            {
                let problem = if lower == room { "beside" } else { "above" };
                let problem = format!("{name} depends on {dependency}, which stands {problem} it");
                findings.push(Finding::new(&described.manifest, 0, problem));
            }
        }
    }
    findings
}

fn describe(path: &str, table: &Table) -> Option<(String, Crate)> {
    // A workspace of its own only tests the house from without.
    if table.contains_key("workspace") {
        return None;
    }
    let name = table.get("package")?.get("name")?.as_str()?.to_owned();
    let folder = path.strip_suffix("/Cargo.toml")?;
    let room = ROOMS.iter().position(|room| {
        room.iter().any(|place| match place.strip_suffix('/') {
            Some(parent) => folder.split('/').next() == Some(parent),
            None => folder == *place,
        })
    });
    let sections =
        ["dependencies", "build-dependencies"].into_iter().filter_map(|section| table.get(section)?.as_table());
    let dependencies = sections.flat_map(Table::keys).cloned().collect();
    let linted = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool) == Some(true);
    Some((name, Crate { manifest: path.to_owned(), room, dependencies, linted }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(path: &str, name: &str, dependencies: &str) -> File {
        let text = format!("[package]\nname = {name:?}\n[lints]\nworkspace = true\n[dependencies]\n{dependencies}\n");
        File { path: format!("{path}/Cargo.toml"), text }
    }

    #[test]
    fn dependencies_run_downward() {
        let files = [
            manifest("crates/model", "kumoi-model", ""),
            manifest("crates/core", "kumoi-core", "kumoi-model.workspace = true"),
            manifest("services/sqs", "kumoi-sqs", "kumoi-core.workspace = true"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn no_service_knows_another_and_none_looks_up() {
        let files = [
            manifest("services/sns", "kumoi-sns", "kumoi-sqs.workspace = true"),
            manifest("services/sqs", "kumoi-sqs", "kumoi-gateway.workspace = true"),
            manifest("crates/gateway", "kumoi-gateway", ""),
            manifest("attic/old", "kumoi-old", ""),
        ];
        let found: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "attic/old/Cargo.toml: a crate that stands in no room of the house",
                "services/sns/Cargo.toml: kumoi-sns depends on kumoi-sqs, which stands beside it",
                "services/sqs/Cargo.toml: kumoi-sqs depends on kumoi-gateway, which stands above it",
            ]
        );
    }
}
