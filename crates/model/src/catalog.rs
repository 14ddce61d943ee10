//! All services at a glance, each loaded whole on first use.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::format;
use crate::{Protocol, Service};

pub use crate::format::CatalogEntry;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));

    /// The model file of that name.
    pub(super) fn file(name: &str) -> Option<&'static [u8]> {
        let at = MODELS.binary_search_by_key(&name, |(name, _)| name).ok()?;
        MODELS.get(at).map(|(_, bytes)| *bytes)
    }

    pub(crate) fn partitions() -> &'static str {
        PARTITIONS
    }
}

pub(crate) use embedded::partitions as partitions_document;

/// The facts about every service, embedded in the program.
///
/// Compressed models stay in the program's read-only data: a service costs memory from its first [`load`](Catalog::load) on.
pub struct Catalog {
    entries: Vec<CatalogEntry>,
    loaded: Vec<OnceLock<Option<Service>>>,
    by_id: HashMap<String, usize>,
    by_service_id: HashMap<String, usize>,
    by_signing_name: HashMap<String, Vec<usize>>,
    by_target_prefix: HashMap<String, Vec<usize>>,
    by_endpoint_prefix: HashMap<String, Vec<usize>>,
}

impl Catalog {
    /// The catalog of this program.
    pub fn get() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| {
            let document = embedded::file("index").and_then(|file| format::unpack(file).ok());
            let entries = document.and_then(|document| format::decode_index(&document).ok());
            Catalog::new(entries.unwrap_or_default())
        })
    }

    fn new(entries: Vec<CatalogEntry>) -> Self {
        let mut catalog = Self {
            loaded: entries.iter().map(|_| OnceLock::new()).collect(),
            by_id: HashMap::with_capacity(entries.len()),
            by_service_id: HashMap::with_capacity(entries.len()),
            by_signing_name: HashMap::with_capacity(entries.len()),
            by_target_prefix: HashMap::new(),
            by_endpoint_prefix: HashMap::with_capacity(entries.len()),
            entries,
        };
        for (at, entry) in catalog.entries.iter().enumerate() {
            catalog.by_id.insert(entry.id.clone(), at);
            catalog.by_service_id.insert(entry.service_id.clone(), at);
            catalog.by_signing_name.entry(entry.signing_name.clone()).or_default().push(at);
            catalog.by_endpoint_prefix.entry(entry.endpoint_prefix.clone()).or_default().push(at);
            if let Some(prefix) = &entry.target_prefix {
                catalog.by_target_prefix.entry(prefix.clone()).or_default().push(at);
            }
        }
        catalog
    }

    /// Every service, in the order of the ids.
    pub fn services(&self) -> &[CatalogEntry] {
        &self.entries
    }

    /// The service of that [`Service::id`].
    pub fn entry(&self, id: &str) -> Option<&CatalogEntry> {
        self.by_id.get(id).and_then(|&at| self.entries.get(at))
    }

    /// The whole model of a service: decompressed and decoded on first use, shared from then on. `None` when there is no such
    /// service.
    pub fn load(&self, id: &str) -> Option<&Service> {
        let slot = self.by_id.get(id).and_then(|&at| self.loaded.get(at))?;
        let model = slot.get_or_init(|| {
            let document = format::unpack(embedded::file(id)?).ok()?;
            format::decode(&document).ok()
        });
        model.as_ref()
    }

    /// Services whose signatures carry that name; several where a family shares one, such as `rds` with DocumentDB and Neptune.
    pub fn by_signing_name(&self, name: &str) -> impl Iterator<Item = &CatalogEntry> {
        self.group(&self.by_signing_name, name)
    }

    /// Services whose `X-Amz-Target` starts with that prefix and a dot.
    pub fn by_target_prefix(&self, prefix: &str) -> impl Iterator<Item = &CatalogEntry> {
        self.group(&self.by_target_prefix, prefix)
    }

    /// Services whose host names start with that label.
    pub fn by_endpoint_prefix(&self, prefix: &str) -> impl Iterator<Item = &CatalogEntry> {
        self.group(&self.by_endpoint_prefix, prefix)
    }

    /// The service of that Smithy service id, such as `Elastic Load Balancing v2`.
    pub fn by_service_id(&self, service_id: &str) -> Option<&CatalogEntry> {
        self.by_service_id.get(service_id).and_then(|&at| self.entries.get(at))
    }

    /// Services that speak a protocol, in the order of the ids.
    pub fn by_protocol(&self, protocol: Protocol) -> impl Iterator<Item = &CatalogEntry> {
        self.entries.iter().filter(move |entry| entry.protocols.contains(&protocol))
    }

    fn group<'a>(
        &'a self,
        groups: &'a HashMap<String, Vec<usize>>,
        name: &str,
    ) -> impl Iterator<Item = &'a CatalogEntry> {
        let group = groups.get(name).map_or(&[][..], Vec::as_slice);
        group.iter().filter_map(|&at| self.entries.get(at))
    }
}
