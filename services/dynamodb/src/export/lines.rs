//! Data files: a line for each item, all packed with gzip ("Data objects" and "Incremental export output" of the guide's page on the output format).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Item, item_size};
use kumoi_store::Scope;
use serde_json::{Map, json};

use crate::export::Work;
use crate::json::{ion, item as json_of};
use crate::recovery::past::Place;
use crate::table::KeySchema;
use crate::tables::{BACKUPS, TABLES};

/// How items are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) ion: bool,
    /// In an incremental export: old images, too.
    pub(super) old_images: bool,
}

impl Format {
    /// The end of a file's name.
    pub(super) fn suffix(self) -> &'static str {
        if self.ion { "ion.gz" } else { "json.gz" }
    }

    /// A line of an item.
    fn item(self, item: &Item) -> String {
        if self.ion { format!("$ion_1_0 {{Item:{}}}", ion(item)) } else { json!({ "Item": json_of(item) }).to_string() }
    }

    /// A line of a change.
    fn change(self, moment: i64, keys: &Item, old: Option<&Item>, new: Option<&Item>) -> String {
        let old = old.filter(|_| self.old_images);
        let images = [("Keys", Some(keys)), ("OldImage", old), ("NewImage", new)];
        let images = images.into_iter().filter_map(|(name, image)| Some((name, image?)));
        if self.ion {
            let images: String = images.map(|(name, image)| format!(",{name}:{}", ion(image))).collect();
            return format!("$ion_1_0 {{Record:{{Metadata:{{WriteTimestampMicros:{moment}.}}{images}}}}}");
        }
        let mut line: Map<_, _> = images.map(|(name, image)| (name.to_owned(), json_of(image))).collect();
        line.insert("Metadata".to_owned(), json!({ "WriteTimestampMicros": { "N": moment.to_string() } }));
        serde_json::Value::Object(line).to_string()
    }
}

/// Some of the lines of an export.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) text: String,
    pub(super) items: i64,
    /// Bytes of the items.
    pub(super) bytes: i64,
    /// Behind what it goes on; `None` when it does not.
    pub(super) next: Option<Place>,
}

impl Lines {
    fn add(&mut self, line: &str, bytes: usize) {
        self.text.push_str(line);
        self.text.push('\n');
        self.items = self.items.saturating_add(1);
        self.bytes = self.bytes.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The next lines of an export.
    pub(super) async fn read(cx: &Cx, work: &Work, format: Format) -> Reply<Self> {
        let mut lines = Self::default();
        let Some(since) = work.since else {
            let page = work.what.page(cx, work.after.as_ref()).await?;
            for (_, item) in &page.items {
                lines.add(&format.item(item), item_size(item));
            }
            lines.next = page.next;
            return Ok(lines);
        };
        let scope = work.what.scope();
        let Some(key) = schema(cx, &scope, &work.table, work.what.id).await? else { return Ok(lines) };
        let before = work.what.before(since);
        let (places, next) = work.what.changed(cx, work.after.as_ref()).await?;
        for place in places {
            let Some(moment) = work.what.last_change(cx, &place, since).await? else { continue };
            let (old, new) = (before.item(cx, &place).await?, work.what.item(cx, &place).await?);
            // What came and went meanwhile was not there before, nor is it now.
            let Some(image) = new.as_ref().or(old.as_ref()) else { continue };
            let keys = image.iter().filter(|(name, _)| key.has(name));
            let keys: Item = keys.map(|(name, value)| (name.clone(), value.clone())).collect();
            let bytes = old.as_ref().map_or(0, item_size) + new.as_ref().map_or(0, item_size);
            lines.add(&format.change(moment, &keys, old.as_ref(), new.as_ref()), bytes);
        }
        lines.next = next;
        Ok(lines)
    }

    pub(super) fn pack(&self) -> Result<Vec<u8>, Fault> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let packed = encoder.write_all(self.text.as_bytes()).and_then(|()| encoder.finish());
        packed.map_err(|_| Fault::internal())
    }
}

/// The key of a table that may be deleted meanwhile; then its system backup has it.
async fn schema(cx: &Cx, scope: &Scope, name: &str, id: u64) -> Reply<Option<KeySchema>> {
    let name = name.to_owned();
    let table = cx.tx().get_shared(scope, &TABLES, &name).await?.filter(|table| table.id == id);
    if let Some(table) = table {
        return Ok(Some(table.key.clone()));
    }
    let backups =
        cx.tx().range(scope, &BACKUPS, kumoi_store::KeyRange::prefix(&(name.as_str(),)).reversed(), 100).await?;
    Ok(backups.into_iter().find(|(_, backup)| backup.id == id).map(|(_, backup)| backup.table.key))
}

#[cfg(test)]
mod tests {
    use kumoi_expressions::Attribute;

    use super::*;

    #[test]
    fn lines_of_changes() {
        let item = |value: &str| Item::from([("p".to_owned(), Attribute::S(value.to_owned()))]);
        let (old, new) = (item("a"), item("b"));
        let both = Format { ion: false, old_images: true };
        assert_eq!(
            both.change(5, &old, Some(&old), Some(&new)),
            r#"{"Keys":{"p":{"S":"a"}},"Metadata":{"WriteTimestampMicros":{"N":"5"}},"NewImage":{"p":{"S":"b"}},"OldImage":{"p":{"S":"a"}}}"#
        );
        let new_alone = Format { ion: false, old_images: false };
        assert_eq!(
            new_alone.change(5, &old, Some(&old), None),
            r#"{"Keys":{"p":{"S":"a"}},"Metadata":{"WriteTimestampMicros":{"N":"5"}}}"#
        );
        assert_eq!(Format { ion: true, old_images: true }.item(&new), r#"$ion_1_0 {Item:{p:"b"}}"#);
    }
}
