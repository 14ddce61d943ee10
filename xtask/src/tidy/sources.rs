//! Rules about the text of files.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{File, Finding};

/// More lines than a reader takes in at once.
const MAX_LINES: usize = 700;

/// What a service must not do by itself, and what it does instead.
const FORBIDDEN_IN_SERVICES: [(&str, &str); 7] = [
    ("SystemTime::now", "time comes from `cx.clock()`"),
    ("Instant::now", "time comes from `cx.clock()`"),
    ("Timestamp::now", "time comes from `cx.clock()`"),
    ("thread::sleep", "what is to happen later is a timer"),
    ("time::sleep", "what is to happen later is a timer"),
    ("tokio::spawn", "what is to happen beside the request is an outbox record"),
    ("thread::spawn", "what is to happen beside the request is an outbox record"),
];

/// Paths of somebody's machine.
static MACHINE_PATH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(^|[\s"'`(=])/(work|root|tmp|(home|Users)/[a-z0-9_.-]+)/[A-Za-z0-9_.]"#).ok());

/// Hosts that packages come from; a mirror's would be a machine's own matter, and the public ones are the tools' defaults.
static REGISTRY_HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|(static|index)\.crates\.io|proxy\.golang\.org)\b")
        .ok()
});

/// The one source that packages in the lock file have.
const INDEX: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// The one place that names services: adding one changes nothing else outside its folder.
const LIST_OF_SERVICES: &str = "kumoi/src/services.rs";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let services: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("services/")?.split_once('/'))
        .map(|(service, _)| service)
        .collect();
    for file in files {
        // This file names what it forbids.
        if file.path == "xtask/src/tidy/sources.rs" {
            continue;
        }
        if file.path == "Cargo.lock" {
            findings.extend(lock(file));
            continue;
        }
        findings.extend(hosts_and_paths(file));
        if file.path.ends_with(".rs") {
            findings.extend(length(file));
            findings.extend(in_service(file));
            findings.extend(named_services(file, &services));
        }
    }
    findings
}

fn lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let numbered = file.text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.contains("tidy: allow"))
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Crates of services that a file outside knows.
fn named_services(file: &File, services: &BTreeSet<&str>) -> Vec<Finding> {
    if file.path == LIST_OF_SERVICES || is_test(&file.path) {
        return Vec::new();
    }
    let foreign = services.iter().filter(|service| !file.path.starts_with(&format!("services/{service}/")));
    let found = foreign.flat_map(|service| {
        let path = format!("kumoi_{}::", service.replace('-', "_"));
        let named = lines(file).filter(move |(_, line)| line.contains(&path));
        named.map(move |(number, _)| {
            let problem = format!("names the service {service}: only {LIST_OF_SERVICES} does");
            Finding::new(&file.path, number, problem)
        })
    });
    found.collect()
}

fn in_service(file: &File) -> Vec<Finding> {
    if !file.path.starts_with("services/") || is_test(&file.path) {
        return Vec::new();
    }
    let found = lines(file).flat_map(|(number, line)| {
        let code = line.split("//").next().unwrap_or_default();
        let broken = FORBIDDEN_IN_SERVICES.iter().filter(move |(call, _)| code.contains(call));
        broken.map(move |(call, instead)| Finding::new(&file.path, number, format!("`{call}` in a service: {instead}")))
    });
    found.collect()
}

fn length(file: &File) -> Option<Finding> {
    let count = file.text.lines().count();
    let long = count > MAX_LINES && !is_test(&file.path);
    long.then(|| Finding::new(&file.path, 0, format!("{count} lines; one concept a file keeps it under {MAX_LINES}")))
}

fn hosts_and_paths(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in lines(file) {
        for (rule, problem) in
            [(&MACHINE_PATH, "a path of somebody's machine"), (&REGISTRY_HOST, "the host of a registry")]
        {
            if rule.as_ref().is_some_and(|rule| rule.is_match(line)) {
                findings.push(Finding::new(&file.path, number, problem));
            }
        }
    }
    findings
}

fn lock(file: &File) -> Vec<Finding> {
    let foreign = file.text.lines().enumerate().filter(|(_, line)| line.starts_with("source = ") && *line != INDEX);
    foreign
        .map(|(index, _)| Finding::new(&file.path, index + 1, "a package from elsewhere than the public index"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        check(&[file]).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_service_has_no_clock_of_its_own() {
        let text = "fn f() {\n    let now = SystemTime::now();\n}\n";
        assert_eq!(
            problems("services/sqs/src/queue.rs", text),
            ["services/sqs/src/queue.rs:2: `SystemTime::now` in a service: time comes from `cx.clock()`"]
        );
        assert!(problems("crates/core/src/clock.rs", text).is_empty());
        assert!(problems("services/sqs/src/queue.rs", "// never SystemTime::now\n").is_empty());
        assert!(problems("services/sqs/tests/queue.rs", text).is_empty());
        assert!(problems("services/sqs/src/queue.rs", "tokio::spawn(f) // tidy: allow, because\n").is_empty());
    }

    #[test]
    fn machines_and_registries_are_not_named() {
        assert_eq!(problems("README.md", "see /work/main/x").len(), 1);
        assert_eq!(problems("README.md", "see `/home/alice/x`").len(), 1);
        assert_eq!(problems("README.md", "https://files.pythonhosted.org/x").len(), 1);
        assert!(problems("README.md", "GET /_kumoi/work/items, https://crates.io").is_empty());
    }

    #[test]
    fn packages_come_from_the_public_index() {
        assert!(problems("Cargo.lock", INDEX).is_empty());
        assert_eq!(problems("Cargo.lock", "source = \"registry+https://mirror.example/index\"").len(), 1);
    }

    #[test]
    fn long_files_are_found() {
        let long = "\n".repeat(MAX_LINES + 1);
        assert_eq!(problems("crates/wire/src/xml.rs", &long).len(), 1);
        assert!(problems("crates/wire/tests/vectors.rs", &long).is_empty());
    }

    #[test]
    fn only_the_list_names_services() {
        let text = "vec![kumoi_sqs::service()]\n";
        let file = |path: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file("services/sqs/src/lib.rs"), file("kumoi/src/services.rs"), file("kumoi/src/cli/start.rs")];
        let found: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["kumoi/src/cli/start.rs:1: names the service sqs: only kumoi/src/services.rs does"]);
    }
}
