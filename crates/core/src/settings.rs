//! Settings that reach past the command line.

use std::collections::BTreeMap;

/// What the operator chose; fixed for the life of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Account of callers whose key says nothing else: 12 digits.
    pub account: String,
    /// Region of requests that name none.
    pub region: String,
    /// Seed of the id source; `None` draws one from the operating system.
    pub seed: Option<u64>,
    /// Options of single services by their environment name without prefix, such as `SQS_ENDPOINT_STRATEGY`.
    pub options: BTreeMap<String, String>,
    /// Which limits of the real cloud bite.
    pub physics: Physics,
}

/// Limits of the real cloud that stand in nobody's way unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Physics {
    /// Throughput that was provisioned, or limited, is not exceeded.
    pub capacity: bool,
}

impl Physics {
    /// The names of those that are on.
    pub fn names(self) -> Vec<&'static str> {
        if self.capacity { vec!["capacity"] } else { Vec::new() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            seed: None,
            options: BTreeMap::new(),
            physics: Physics::default(),
        }
    }
}
