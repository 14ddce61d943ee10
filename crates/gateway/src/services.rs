//! What the gateway keeps of each service between requests: its model and its router, from first use on.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use kumoi_model::{Catalog, CatalogEntry, Protocol, Service};
use kumoi_wire::Router;

/// A service of the catalog.
pub(crate) struct Known {
    /// The catalog's facts.
    pub(crate) entry: &'static CatalogEntry,
    loaded: OnceLock<Option<(&'static Service, Router)>>,
    used: AtomicBool,
}

impl Known {
    /// The model and the router over its URI templates; read on first use. `None` when the embedded model is damaged.
    pub(crate) fn load(&self) -> Option<(&'static Service, &Router)> {
        let loaded = self.loaded.get_or_init(|| {
            let model = Catalog::get().load(&self.entry.id)?;
            let router = Router::new(model);
            Some((model, router))
        });
        loaded.as_ref().map(|(model, router)| (*model, router))
    }

    pub(crate) fn speaks(&self, protocol: Protocol) -> bool {
        self.entry.protocols.contains(&protocol)
    }

    /// Whether it speaks one of the query protocols.
    pub(crate) fn speaks_query(&self) -> bool {
        self.speaks(Protocol::AwsQuery) || self.speaks(Protocol::Ec2Query)
    }

    /// Whether it speaks one of the REST protocols.
    pub(crate) fn speaks_rest(&self) -> bool {
        self.speaks(Protocol::RestJson) || self.speaks(Protocol::RestXml)
    }

    /// Notes that a request was for it.
    pub(crate) fn touch(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether any request was for it.
    pub(crate) fn used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}

/// Every service of the catalog.
pub(crate) struct Services {
    known: Vec<Known>,
    by_id: HashMap<&'static str, usize>,
}

impl Services {
    pub(crate) fn new() -> Self {
        let entries = Catalog::get().services();
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at)).collect();
        let known = entries
            .iter()
            .map(|entry| Known { entry, loaded: OnceLock::new(), used: AtomicBool::new(false) })
            .collect();
        Self { known, by_id }
    }

    /// The service of that model id.
    pub(crate) fn get(&self, id: &str) -> Option<&Known> {
        self.by_id.get(id).and_then(|&at| self.known.get(at))
    }

    /// All of them, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.iter()
    }

    /// The services of some entries of the catalog.
    pub(crate) fn of<'a>(&'a self, entries: impl Iterator<Item = &'a CatalogEntry>) -> Vec<&'a Known> {
        entries.filter_map(|entry| self.get(&entry.id)).collect()
    }
}
