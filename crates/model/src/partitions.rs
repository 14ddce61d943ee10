//! Partitions and regions.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// A group of regions with accounts and host names of its own, such as `aws-cn`.
#[derive(Debug, Deserialize)]
pub struct Partition {
    /// The id, the second part of an ARN: `aws`.
    pub id: String,
    /// The end of its host names: `amazonaws.com`.
    pub dns_suffix: String,
    /// The end of its dual-stack host names: `api.aws`.
    pub dual_stack_dns_suffix: String,
    /// The region behind its global services, such as IAM.
    pub global_region: String,
    /// A regular expression for the names that its regions have or will have.
    pub region_regex: String,
    /// Its regions, by name.
    pub regions: Vec<Region>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// A region.
#[derive(Debug, Deserialize)]
pub struct Region {
    /// The name, such as `eu-central-1`.
    pub name: String,
    /// The description, such as `Europe (Frankfurt)`.
    pub description: String,
}

impl Partition {
    /// Whether a region of that name exists, or could one day, by the partition's regular expression.
    pub fn matches(&self, region: &str) -> bool {
        // A region's name is far shorter; what is longer need not be looked at.
        region.len() <= 64
            && self
                .compiled
                .get_or_init(|| Regex::new(&self.region_regex).ok())
                .as_ref()
                .is_some_and(|regex| regex.is_match(region))
    }

    /// The region of that name.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }
}

/// Every partition, `aws` first.
pub fn partitions() -> &'static [Partition] {
    static PARTITIONS: OnceLock<Vec<Partition>> = OnceLock::new();
    PARTITIONS.get_or_init(|| serde_json::from_str(crate::catalog::partitions_document()).unwrap_or_default())
}

/// The partition of that id.
pub fn partition(id: &str) -> Option<&'static Partition> {
    partitions().iter().find(|partition| partition.id == id)
}

/// The partition that has a region of that name.
fn known(region: &str) -> Option<&'static Partition> {
    static KNOWN: OnceLock<HashMap<&'static str, &'static Partition>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let regions =
            partitions().iter().flat_map(|partition| partition.regions.iter().map(move |found| (found, partition)));
        regions.map(|(region, partition)| (region.name.as_str(), partition)).collect()
    });
    known.get(region).copied()
}

/// The partition that a region is in. A name that is no known region counts by the partitions' regular expressions, and falls
/// to `aws` when none fits, as the SDKs have it.
pub fn partition_of(region: &str) -> &'static Partition {
    known(region)
        .or_else(|| partitions().iter().find(|partition| partition.matches(region)))
        .or_else(|| partition("aws"))
        .unwrap_or_else(standard)
}

/// The end of host names in a region.
pub fn dns_suffix(region: &str) -> &'static str {
    &partition_of(region).dns_suffix
}

/// Whether that is a region that exists.
pub fn is_known_region(region: &str) -> bool {
    known(region).is_some()
}

/// The standard partition where the facts are absent, which they are only while `cargo xtask facts` makes them from nothing.
fn standard() -> &'static Partition {
    static STANDARD: OnceLock<Partition> = OnceLock::new();
    STANDARD.get_or_init(|| Partition {
        id: "aws".to_owned(),
        dns_suffix: "amazonaws.com".to_owned(),
        dual_stack_dns_suffix: "api.aws".to_owned(),
        global_region: "us-east-1".to_owned(),
        region_regex: String::new(),
        regions: Vec::new(),
        compiled: OnceLock::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_belong_to_their_partition() {
        for (region, id, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            // Not a region yet, but named like one of China's.
            ("cn-south-9", "aws-cn", "amazonaws.com.cn"),
            ("moon-base-1", "aws", "amazonaws.com"),
        ] {
            assert_eq!(partition_of(region).id, id, "{region}");
            assert_eq!(dns_suffix(region), suffix, "{region}");
        }
    }

    #[test]
    fn only_regions_that_exist_are_known() {
        assert!(is_known_region("eu-central-1"));
        assert!(!is_known_region("cn-south-9"));
        assert!(!is_known_region("aws-global"));
        assert_eq!(partitions().first().map(|partition| partition.id.as_str()), Some("aws"));
        assert_eq!(
            partition("aws").and_then(|aws| aws.region("eu-central-1")).map(|region| region.description.as_str()),
            Some("Europe (Frankfurt)")
        );
    }
}
