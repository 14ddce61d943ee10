//! Partitions and their regions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;

#[derive(Deserialize)]
struct Document {
    partitions: Vec<Partition>,
}

#[derive(Deserialize)]
struct Partition {
    id: String,
    outputs: Outputs,
    #[serde(rename = "regionRegex")]
    region_regex: String,
    regions: BTreeMap<String, Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outputs {
    dns_suffix: String,
    dual_stack_dns_suffix: String,
    implicit_global_region: String,
}

#[derive(Default, Deserialize)]
struct Region {
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Endpoints {
    partitions: Vec<EndpointPartition>,
}

#[derive(Deserialize)]
struct EndpointPartition {
    partition: String,
    regions: BTreeMap<String, Region>,
}

#[derive(Serialize)]
struct OutPartition {
    id: String,
    dns_suffix: String,
    dual_stack_dns_suffix: String,
    global_region: String,
    region_regex: String,
    regions: Vec<OutRegion>,
}

#[derive(Serialize)]
struct OutRegion {
    name: String,
    description: String,
}

/// The document `models/partitions.json`, out of the package's `partitions.json` and the regions of its `endpoints.json`.
/// Names that stand for a whole partition, such as `aws-global`, are no regions.
pub(super) fn distil(package: &Path) -> Result<String, Failure> {
    let document: Document = serde_json::from_str(&fs::read_to_string(package.join("partitions.json"))?)?;
    let endpoints: Endpoints = serde_json::from_str(&fs::read_to_string(package.join("endpoints.json"))?)?;
    let mut out = Vec::new();
    for partition in document.partitions {
        let pseudo = format!("{}-global", partition.id);
        let mut regions = partition.regions;
        for other in endpoints.partitions.iter().filter(|other| other.partition == partition.id) {
            for (name, Region { description }) in &other.regions {
                let known = regions.entry(name.clone()).or_default();
                if known.description.is_empty() {
                    known.description.clone_from(description);
                }
            }
        }
        regions.remove(&pseudo);
        out.push(OutPartition {
            id: partition.id,
            dns_suffix: partition.outputs.dns_suffix,
            dual_stack_dns_suffix: partition.outputs.dual_stack_dns_suffix,
            global_region: partition.outputs.implicit_global_region,
            region_regex: partition.region_regex,
            regions: regions
                .into_iter()
                .map(|(name, Region { description })| OutRegion { name, description })
                .collect(),
        });
    }
    Ok(serde_json::to_string_pretty(&out)? + "\n")
}
