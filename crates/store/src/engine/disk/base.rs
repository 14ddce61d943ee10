//! The base: a redb file with everything up to the last checkpoint.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `entries` | layer as big-endian `u64`, stored key | `01` and the value, or `00` for an entry that is hidden in the layers below |
//! | `layers` | layer | how many entries it has |
//! | `worlds` | name | `01` if the first layer is the world's top, else `00`; its layers as little-endian `u64`, the newest first |
//! | `state` | `applied`, `next_layer` | the number of the last log record that is in the base; the number of the next layer |

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use crate::StoreError;
use crate::raw::Value;

pub(super) const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
pub(super) const LAYERS: TableDefinition<'_, u64, u64> = TableDefinition::new("layers");
pub(super) const WORLDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("worlds");
pub(super) const STATE: TableDefinition<'_, &str, u64> = TableDefinition::new("state");
pub(super) const APPLIED: &str = "applied";
pub(super) const NEXT_LAYER: &str = "next_layer";

const HIDES: u8 = 0;
const PRESENT: u8 = 1;

/// Memory that redb may use for pages.
const CACHE: usize = 64 << 20;

/// An error of redb as one of the store.
pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) => error.into(),
        redb::Error::Corrupted(what) => StoreError::corrupt(format!("the base: {what}")),
        error => StoreError::Io { kind: std::io::ErrorKind::Other, message: error.to_string() },
    }
}

/// Opens the base, or makes it.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    if !path.exists() {
        make(path)?;
    }
    Database::builder().set_cache_size(CACHE).create(path).map_err(failed)
}

/// Makes an empty base. Under another name first: redb does not open a file whose making was interrupted.
fn make(path: &Path) -> Result<(), StoreError> {
    let draft = path.with_extension("new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let database = Database::builder().create(&draft).map_err(failed)?;
    let tx = database.begin_write().map_err(failed)?;
    tx.open_table(ENTRIES).map_err(failed)?;
    tx.open_table(LAYERS).map_err(failed)?;
    tx.open_table(WORLDS).map_err(failed)?;
    tx.open_table(STATE).map_err(failed)?;
    tx.commit().map_err(failed)?;
    drop(database);
    std::fs::rename(&draft, path)?;
    if let Some(dir) = path.parent() {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Where the base stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub applied: u64,
    pub next_layer: u64,
    /// The layers of each world, and whether the first is its top.
    pub worlds: BTreeMap<String, (Vec<u64>, bool)>,
}

pub(super) fn standing(database: &Database) -> Result<Standing, StoreError> {
    let tx = database.begin_read().map_err(failed)?;
    let state = tx.open_table(STATE).map_err(failed)?;
    let number =
        |name: &str| Ok::<u64, StoreError>(state.get(name).map_err(failed)?.map_or(0, |number| number.value()));
    let mut standing = Standing { applied: number(APPLIED)?, next_layer: number(NEXT_LAYER)?, ..Standing::default() };
    for entry in tx.open_table(WORLDS).map_err(failed)?.iter().map_err(failed)? {
        let (name, layers) = entry.map_err(failed)?;
        let world = decode_layers(layers.value())
            .ok_or_else(|| StoreError::corrupt(format!("the layers of the world {:?}", name.value())))?;
        standing.worlds.insert(name.value().to_owned(), world);
    }
    Ok(standing)
}

pub(super) fn encode_layers(list: &[u64], has_top: bool) -> Vec<u8> {
    std::iter::once(u8::from(has_top)).chain(list.iter().flat_map(|layer| layer.to_le_bytes())).collect()
}

fn decode_layers(bytes: &[u8]) -> Option<(Vec<u64>, bool)> {
    let (has_top, list) = bytes.split_first()?;
    let (numbers, []) = list.as_chunks::<8>() else { return None };
    Some((numbers.iter().map(|number| u64::from_le_bytes(*number)).collect(), *has_top == 1))
}

/// The key of an entry in the base.
pub(super) fn entry_key(layer: u64, key: &[u8]) -> Vec<u8> {
    [&layer.to_be_bytes(), key].concat()
}

/// The value of an entry in the base; `None` hides the key.
pub(super) fn entry_value(value: Option<&Value>) -> Vec<u8> {
    match value {
        Some(value) => [&[PRESENT], &**value].concat(),
        None => vec![HIDES],
    }
}

fn decode_value(bytes: &[u8]) -> Result<Option<Value>, StoreError> {
    match bytes.split_first() {
        Some((&PRESENT, value)) => Ok(Some(value.into())),
        Some((&HIDES, [])) => Ok(None),
        _ => Err(StoreError::corrupt("an entry of the base has no valid form")),
    }
}

/// An entry of a layer; a value of `None` hides the key.
pub(super) type Layered = (Vec<u8>, Option<Value>);

/// The entries of the base as of a checkpoint.
pub(crate) struct View {
    entries: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}

impl View {
    pub(super) fn new(database: &Database) -> Result<Arc<View>, StoreError> {
        let tx = database.begin_read().map_err(failed)?;
        Ok(Arc::new(View { entries: tx.open_table(ENTRIES).map_err(failed)? }))
    }

    /// What a layer has under a key: nothing, or a value, or that the key is hidden.
    pub(super) fn get(&self, layer: u64, key: &[u8]) -> Result<Option<Option<Value>>, StoreError> {
        let found = self.entries.get(entry_key(layer, key).as_slice()).map_err(failed)?;
        found.map(|value| decode_value(value.value())).transpose()
    }

    /// The entries of a layer from a key, inclusive, to another, exclusive, or to its end.
    pub(super) fn range(
        &self,
        layer: u64,
        from: &[u8],
        to: Option<&[u8]>,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Layered, StoreError>> + use<>, StoreError> {
        let from = entry_key(layer, from);
        let to = to.map_or_else(|| entry_key(layer.saturating_add(1), &[]), |to| entry_key(layer, to));
        let found = self.entries.range::<&[u8]>(from.as_slice()..to.as_slice()).map_err(failed)?;
        Ok(found.map(|entry| {
            let (key, value) = entry.map_err(failed)?;
            Ok((key.value().get(8..).unwrap_or_default().to_vec(), decode_value(value.value())?))
        }))
    }
}
