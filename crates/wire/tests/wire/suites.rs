//! The public protocol vectors: reading them, and running a check over all but the excluded ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kumoi_model::{Operation, Protocol, Service};
use serde_json::Value as Json;

/// One case with the service that its suite describes.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) service: Service,
    pub(crate) operation: Operation,
    pub(crate) protocol: Protocol,
    pub(crate) json: Json,
}

fn protocol(name: &str) -> Protocol {
    match name {
        "json" => Protocol::AwsJson,
        "query" => Protocol::AwsQuery,
        "ec2" => Protocol::Ec2Query,
        "rest-json" => Protocol::RestJson,
        "rest-xml" => Protocol::RestXml,
        "smithy-rpc-v2-cbor" => Protocol::RpcV2Cbor,
        other => panic!("unknown protocol {other}"),
    }
}

/// All cases of `direction`, `input` or `output`. Ids are `FILE/ID`, with `#n` from the second case of an id on.
pub(crate) fn cases(direction: &str) -> Vec<Case> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/protocols", direction].iter().collect();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| {
            panic!("the protocol vectors must stand beside the project, in {}: {error}", folder.display())
        })
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    let mut cases = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let suites: Vec<Json> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for suite in &suites {
            for case in suite["cases"].as_array().unwrap() {
                let service =
                    kumoi_model::botocore::parse_suite(&suite["metadata"], &suite["shapes"], &[&case["given"]])
                        .unwrap();
                let operation = service.operation(case["given"]["name"].as_str().unwrap()).unwrap().clone();
                let base = format!("{name}/{}", case["id"].as_str().unwrap());
                let id = (1..)
                    .map(|n| if n == 1 { base.clone() } else { format!("{base}#{n}") })
                    .find(|id| seen.insert(id.clone()))
                    .unwrap();
                let protocol = protocol(suite["metadata"]["protocol"].as_str().unwrap());
                cases.push(Case { id, service, operation, protocol, json: case.clone() });
            }
        }
    }
    cases
}

/// Runs `check` over the cases of `direction`. Fails when one that is not excluded fails, and when one that is excluded passes or does
/// not exist, so that the table of exclusions stays true.
pub(crate) fn run(direction: &str, excluded: &[(&str, &str)], check: impl Fn(&Case) -> Result<(), String>) {
    let mut problems = Vec::new();
    let mut unseen: BTreeSet<&str> = excluded.iter().map(|(id, _)| *id).collect();
    let cases = cases(direction);
    for case in &cases {
        let is_excluded = unseen.remove(case.id.as_str());
        match (check(case), is_excluded) {
            (Ok(()), true) => problems.push(format!("{}: is excluded but passes", case.id)),
            (Err(problem), false) => problems.push(format!("{}: {problem}", case.id)),
            _ => {}
        }
    }
    problems.extend(unseen.iter().map(|id| format!("{id}: is excluded but does not exist")));
    assert!(problems.is_empty(), "{} of {} cases:\n{}", problems.len(), cases.len(), problems.join("\n"));
}
