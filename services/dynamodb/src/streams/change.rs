//! A record of a stream: what became of an item.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::{Item, item_size};
use kumoi_model::Timestamp;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::attribute;
use crate::streams::Position;
use crate::streams_api::{Identity, Record, StreamRecord};
use crate::table::{KeySchema, Located, Stream};
use crate::tables::{CHANGES, EPOCHS};
use crate::write::Origin;

/// The version of the form of records.
pub(crate) const VERSION: &str = "1.1";
pub(crate) const SOURCE: &str = "aws:dynamodb";

/// Who deletes items that expired.
pub(crate) const EXPIRER: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

/// What became of an item. Names are short in the store, where there can be millions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// When, in microseconds.
    #[serde(rename = "t")]
    pub(crate) at: i64,
    #[serde(rename = "e")]
    pub(crate) event: Event,
    #[serde(rename = "k")]
    pub(crate) keys: Item,
    /// What the item was, if the stream's view has it.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(crate) old: Option<Item>,
    /// What it is, likewise.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(crate) new: Option<Item>,
    /// The item had expired.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) expired: bool,
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    #[serde(rename = "I")]
    Insert,
    #[serde(rename = "M")]
    Modify,
    #[serde(rename = "R")]
    Remove,
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Modify => "MODIFY",
            Self::Remove => "REMOVE",
        }
    }
}

impl Change {
    /// The change of an item, with both of its images; `None` where there was no item and is none.
    pub(crate) fn of(cx: &Cx, key: &KeySchema, old: Option<&Item>, new: Option<&Item>, origin: Origin) -> Option<Self> {
        let event = match (old, new) {
            (None, Some(_)) => Event::Insert,
            (Some(_), Some(_)) => Event::Modify,
            (Some(_), None) => Event::Remove,
            (None, None) => return None,
        };
        let item = new.or(old)?;
        let attribute = |name: &String| Some((name.clone(), item.get(name)?.clone()));
        Some(Self {
            at: cx.now().micros(),
            event,
            keys: key.attributes().filter_map(|part| attribute(&part.name)).collect(),
            old: old.cloned(),
            new: new.cloned(),
            expired: origin == Origin::TimeToLive,
        })
    }

    /// The same as a stream of that `StreamViewType` has it.
    pub(crate) fn viewed(mut self, view: &str) -> Self {
        if !matches!(view, "OLD_IMAGE" | "NEW_AND_OLD_IMAGES") {
            self.old = None;
        }
        if !matches!(view, "NEW_IMAGE" | "NEW_AND_OLD_IMAGES") {
            self.new = None;
        }
        self
    }

    /// Bytes of keys and images.
    pub(crate) fn size(&self) -> usize {
        let image = |image: &Option<Item>| image.as_ref().map_or(0, item_size);
        item_size(&self.keys) + image(&self.old) + image(&self.new)
    }

    /// As GetRecords tells it.
    pub(crate) fn record(self, cx: &Cx, stream: u64, view: &str, position: Position) -> Record {
        let size = i64::try_from(self.size()).unwrap_or(i64::MAX);
        let (kind, principal) = EXPIRER;
        Record {
            event_id: Some(event_id(stream, position)),
            event_name: Some(self.event.name().to_owned()),
            event_version: Some(VERSION.to_owned()),
            event_source: Some(SOURCE.to_owned()),
            aws_region: Some(cx.region().to_owned()),
            dynamodb: Some(StreamRecord {
                approximate_creation_date_time: Some(Timestamp::from_seconds(self.at.div_euclid(1_000_000))),
                keys: Some(attribute::values(self.keys)),
                new_image: self.new.map(attribute::values),
                old_image: self.old.map(attribute::values),
                sequence_number: Some(position.text()),
                size_bytes: Some(size),
                stream_view_type: Some(view.to_owned()),
            }),
            user_identity: self
                .expired
                .then(|| Identity { principal_id: Some(principal.to_owned()), r#type: Some(kind.to_owned()) }),
        }
    }
}

/// A record's id: it follows from the record's place, so that all who read it see the same one.
pub(crate) fn event_id(stream: u64, position: Position) -> String {
    let place: Vec<u8> =
        [stream, position.epoch, position.number].iter().flat_map(|number| number.to_be_bytes()).collect();
    let half = |seed| XxHash3_64::oneshot_with_seed(seed, &place);
    format!("{:016x}{:016x}", half(1), half(2))
}

/// Adds a record to a stream. See [`crate::streams::position`] for what it reads and why that suffices.
pub(crate) async fn append(cx: &Cx, at: &Located, stream: &Stream, change: Change) -> Reply<()> {
    let epoch = cx.tx().get(&at.scope, &EPOCHS, &stream.id).await?.unwrap_or(0);
    let view = stream.specification.stream_view_type.as_deref().unwrap_or_default();
    let key = (stream.id, epoch, cx.ids().sequence());
    Ok(cx.tx().put(&at.scope, &CHANGES, &key, &change.viewed(view)).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_have_one_form_in_both_services() {
        let members = |service: &str| -> Vec<String> {
            let model = kumoi_model::Catalog::get().load(service).unwrap();
            let shape = model.shapes.iter().position(|shape| shape.name == "AttributeValue").unwrap();
            model.structure(shape as u32).unwrap().members.iter().map(|member| member.name.clone()).collect()
        };
        assert_eq!(members("dynamodb"), members("dynamodbstreams"));
    }
}
