//! The catalog index: of every service as much as tells which one a request is for.

use super::bytes::{Reader, Writer};
use super::parts::{read_protocols, write_protocols};
use super::{FormatError, INDEX_MAGIC, MAX_DOCUMENT};
use crate::{Protocol, Service};

/// What the catalog knows of a service without loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// [`Service::id`].
    pub id: String,
    /// [`Service::service_id`].
    pub service_id: String,
    /// [`Service::endpoint_prefix`].
    pub endpoint_prefix: String,
    /// [`Service::signing_name`].
    pub signing_name: String,
    /// [`Service::target_prefix`].
    pub target_prefix: Option<String>,
    /// [`Service::api_version`].
    pub api_version: String,
    /// [`Service::protocols`].
    pub protocols: Vec<Protocol>,
    /// [`Service::json_version`].
    pub json_version: Option<String>,
    /// How many operations the service has.
    pub operations: u32,
}

impl From<&Service> for CatalogEntry {
    fn from(service: &Service) -> Self {
        Self {
            id: service.id.clone(),
            service_id: service.service_id.clone(),
            endpoint_prefix: service.endpoint_prefix.clone(),
            signing_name: service.signing_name.clone(),
            target_prefix: service.target_prefix.clone(),
            api_version: service.api_version.clone(),
            protocols: service.protocols.clone(),
            json_version: service.json_version.clone(),
            operations: service.operations.len() as u32,
        }
    }
}

/// The document of the index. Entries are in the order of their ids.
pub fn encode_index(entries: &[CatalogEntry]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(entries.len());
    for entry in entries {
        writer.varint(u64::from(entry.target_prefix.is_some()) | u64::from(entry.json_version.is_some()) << 1);
        for text in [&entry.id, &entry.service_id, &entry.endpoint_prefix, &entry.signing_name, &entry.api_version] {
            writer.string(text);
        }
        for text in [&entry.target_prefix, &entry.json_version].into_iter().flatten() {
            writer.string(text);
        }
        write_protocols(&mut writer, &entry.protocols);
        writer.varint(u64::from(entry.operations));
    }
    writer.finish(INDEX_MAGIC)
}

/// Reads an index and checks that its ids are in order and unique.
pub fn decode_index(bytes: &[u8]) -> Result<Vec<CatalogEntry>, FormatError> {
    let mut reader = Reader::open(bytes, INDEX_MAGIC, MAX_DOCUMENT)?;
    let count = reader.count()?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let bits = reader.varint()?;
        let mut entry = CatalogEntry {
            id: reader.string()?,
            service_id: reader.string()?,
            endpoint_prefix: reader.string()?,
            signing_name: reader.string()?,
            api_version: reader.string()?,
            target_prefix: None,
            json_version: None,
            protocols: Vec::new(),
            operations: 0,
        };
        if bits & 1 != 0 {
            entry.target_prefix = Some(reader.string()?);
        }
        if bits & 2 != 0 {
            entry.json_version = Some(reader.string()?);
        }
        entry.protocols = read_protocols(&mut reader)?;
        entry.operations = reader.u32()?;
        entries.push(entry);
    }
    reader.finish()?;
    if entries.is_sorted_by(|a, b| a.id < b.id) { Ok(entries) } else { Err(FormatError::Order) }
}
