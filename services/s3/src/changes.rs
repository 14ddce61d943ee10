//! What follows when the objects of a bucket change: others are told, and replicas are made.

use kumoi_core::{Cx, Reply};

use crate::notify::{self, Event};
use crate::tables::{Bucket, Object};
use crate::{replicate, versions};

/// A key of a bucket.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a Bucket,
    /// The bucket's.
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
}

/// Puts an object under a key, as [`versions::put`] does; `event` says how it came.
pub(crate) async fn put(
    cx: &Cx,
    place: Place<'_>,
    object: &mut Object,
    conditions: (Option<&str>, Option<&str>),
    event: &str,
) -> Reply<()> {
    let Place { bucket, name, key } = place;
    replicate::plan(cx, place, object).await?;
    versions::put(cx, bucket, key, object, conditions).await?;
    replicate::later(cx, place, object).await?;
    notify::event(cx, (bucket, name), &Event::created(event, key, object)).await
}

/// Something else has changed of an object than its bytes. It is still to be written back.
pub(crate) async fn updated(cx: &Cx, place: Place<'_>, object: &mut Object, event: &str) -> Reply<()> {
    // What was there before the rules is not replicated, and neither is what changes of it.
    if object.attributes.replication.is_some() {
        replicate::plan(cx, place, object).await?;
        replicate::later(cx, place, object).await?;
    }
    notify::event(cx, (place.bucket, place.name), &Event::about(event, place.key, object)).await
}

/// A version is gone for good.
pub(crate) async fn removed(cx: &Cx, Place { bucket, name, key }: Place<'_>, version: Option<&str>) -> Reply<()> {
    let event = Event { name: "ObjectRemoved:Delete", key, version, ..Event::default() };
    notify::event(cx, (bucket, name), &event).await
}

/// A delete marker was written.
pub(crate) async fn marked(cx: &Cx, place: Place<'_>, version: &str) -> Reply<()> {
    replicate::marker(cx, place, version).await?;
    notify::event(cx, (place.bucket, place.name), &Event::marked(place.key, Some(version))).await
}
