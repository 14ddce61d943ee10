//! Versions of objects (User Guide, "Retaining multiple versions of objects with S3 Versioning").
//!
//! What a plain listing shows lies in one table, all else that a key has in another: older versions and delete markers. Where the first has nothing
//! under a key, the youngest in the second is a delete marker, or there is nothing at all.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::errors::{invalid_argument, method_not_allowed, no_such_key, no_such_version};
use crate::get::http_date;
use crate::tables::{Bucket, Marker, OBJECTS, Object, VERSION_IDS, VERSIONS, Version, Versioning};
use crate::{annotations, conditions, content};

/// Characters of a version's id: random ones, then the number of its making in hexadecimal digits, by which versions are in order also when one of
/// them is gone.
const ID: usize = 32;
const NUMBER: usize = 16;

fn new_version(cx: &Cx) -> String {
    format!("{}{:0width$x}", cx.ids().alphanumeric(ID - NUMBER), cx.ids().sequence(), width = NUMBER)
}

/// The place among the older ones that an id stands for.
fn place_of(id: &str) -> Option<u64> {
    let number = id.get(ID - NUMBER..).filter(|number| number.len() == NUMBER)?;
    u64::from_str_radix(number, 16).ok().map(|number| !number)
}

/// Checks the form of an id.
fn check_id(id: &str) -> Result<(), Fault> {
    let valid = id == "null" || (id.is_ascii() && place_of(id).is_some());
    if valid { Ok(()) } else { Err(invalid_argument("Invalid version id specified")) }
}

/// Where a listing of versions goes on within a key.
pub(crate) struct Position {
    /// The object that a plain listing shows is yet to come.
    pub(crate) shown: bool,
    /// What is older than the version of this place is yet to come; `None` for all.
    pub(crate) behind: Option<u64>,
    /// What comes next is the latest of the key.
    pub(crate) first: bool,
}

/// Where a listing goes on behind a version, which may have been deleted since: who empties a bucket lists and deletes in turn.
pub(crate) async fn position(cx: &Cx, bucket: &Bucket, key: &str, id: &str) -> Reply<Position> {
    if let Some(found) = find(cx, bucket, key, Some(id)).await? {
        return Ok(Position { shown: false, behind: found.place, first: false });
    }
    // The version `null` has no number of its own: what is listed twice does less harm than what is left out.
    let Some(gone) = place_of(id) else { return Ok(Position { shown: true, behind: None, first: true }) };
    let younger = |place: Option<u64>| place.is_some_and(|place| place < gone);
    let shown = match current(cx, bucket, key).await? {
        Some(object) => !younger(object.version.as_deref().and_then(place_of)),
        None => true,
    };
    let first = shown && !younger(older(cx, bucket, key).await?.and_then(|found| found.place));
    Ok(Position { shown, behind: Some(gone), first })
}

/// A version that was found.
pub(crate) struct Found {
    pub(crate) version: Version,
    /// Its place among the older ones; `None` for the object that a plain listing shows.
    place: Option<u64>,
}

impl Found {
    /// A version from among the older ones.
    pub(crate) fn older(version: Version, place: u64) -> Self {
        Self { version, place: Some(place) }
    }

    /// Its place among the older ones; `None` for the object that a plain listing shows.
    pub(crate) fn place(&self) -> Option<u64> {
        self.place
    }

    /// The object, unless it is a delete marker.
    pub(crate) fn object(self) -> Option<Object> {
        match self.version {
            Version::Object(object) => Some(object),
            Version::Marker(_) => None,
        }
    }
}

/// The object that a plain listing shows.
pub(crate) async fn current(cx: &Cx, bucket: &Bucket, key: &str) -> Reply<Option<Object>> {
    Ok(cx.tx().get(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned())).await?)
}

/// The version of that id, or the latest, which may be a delete marker.
pub(crate) async fn find(cx: &Cx, bucket: &Bucket, key: &str, id: Option<&str>) -> Reply<Option<Found>> {
    id.map_or(Ok(()), check_id)?;
    let current = current(cx, bucket, key).await?.map(Version::Object);
    if let Some(version) = current
        && id.is_none_or(|id| id == version.id())
    {
        return Ok(Some(Found { version, place: None }));
    }
    if bucket.versioning == Versioning::Off {
        return Ok(None);
    }
    match id {
        None => older(cx, bucket, key).await,
        Some(id) => {
            let range = KeyRange::prefix(&(bucket.id, key, id));
            let found = cx.tx().index(&Scope::world(), &VERSIONS, &VERSION_IDS, range, 1).await?.pop();
            Ok(found.map(|(_, (_, _, place), version)| Found { version, place: Some(place) }))
        }
    }
}

/// The youngest of what a key has besides the object that a plain listing shows.
async fn older(cx: &Cx, bucket: &Bucket, key: &str) -> Reply<Option<Found>> {
    let found = cx.tx().range(&Scope::world(), &VERSIONS, KeyRange::prefix(&(bucket.id, key)), 1).await?.pop();
    Ok(found.map(|((_, _, place), version)| Found { version, place: Some(place) }))
}

/// The object of that version, or the latest.
pub(crate) async fn object(cx: &Cx, bucket: &Bucket, key: &str, id: Option<&str>) -> Reply<Object> {
    Ok(located(cx, bucket, key, id).await?.0)
}

/// An object and where it is.
pub(crate) async fn located(cx: &Cx, bucket: &Bucket, key: &str, id: Option<&str>) -> Reply<(Object, Option<u64>)> {
    match find(cx, bucket, key, id).await? {
        Some(Found { version: Version::Object(object), place }) => Ok((object, place)),
        Some(Found { version: Version::Marker(marker), .. }) => Err(marked(&marker, key, id.is_some()).into()),
        None => Err(match id {
            Some(id) => no_such_version(key, id),
            None => no_such_key(key),
        }
        .into()),
    }
}

/// What a reader gets where a delete marker is.
fn marked(marker: &Marker, key: &str, named: bool) -> Fault {
    let id = marker.version.as_deref().unwrap_or("null");
    let fault = if named {
        method_not_allowed("DeleteMarker").with_header("last-modified", http_date(marker.modified))
    } else {
        no_such_key(key)
    };
    fault.with_header("x-amz-delete-marker", "true").with_header("x-amz-version-id", id)
}

/// Writes back an object whose attributes have changed.
pub(crate) async fn update(cx: &Cx, bucket: &Bucket, key: &str, object: Object, place: Option<u64>) -> Reply<()> {
    match place {
        None => cx.tx().put(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned()), &object).await?,
        Some(place) => put_older(cx, bucket, key, place, &Version::Object(object)).await?,
    }
    Ok(())
}

async fn put_older(cx: &Cx, bucket: &Bucket, key: &str, place: u64, version: &Version) -> Reply<()> {
    Ok(cx.tx().put(&Scope::world(), &VERSIONS, &(bucket.id, key.to_owned(), place), version).await?)
}

/// Adds a version to those that a plain listing does not show.
async fn retire(cx: &Cx, bucket: &Bucket, key: &str, version: &Version) -> Reply<()> {
    // The version `null` is younger than all that are there already.
    let place = place_of(version.id()).unwrap_or_else(|| !cx.ids().sequence());
    put_older(cx, bucket, key, place, version).await
}

/// Removes the version `null` from among the older ones.
async fn remove_null(cx: &Cx, bucket: &Bucket, key: &str) -> Reply<()> {
    let range = KeyRange::prefix(&(bucket.id, key, "null"));
    let found = cx.tx().index(&Scope::world(), &VERSIONS, &VERSION_IDS, range, 1).await?.pop();
    if let Some((_, place, version)) = found {
        cx.tx().delete(&Scope::world(), &VERSIONS, &place).await?;
        forget(cx, &version).await?;
    }
    Ok(())
}

async fn forget(cx: &Cx, version: &Version) -> Reply<()> {
    match version {
        Version::Object(object) => discard(cx, object).await,
        Version::Marker(_) => Ok(()),
    }
}

/// Notes that an object is gone, and what is attached to it.
async fn discard(cx: &Cx, object: &Object) -> Reply<()> {
    if let Some(annotations) = object.attributes.annotations {
        annotations::remove_all(cx, annotations).await?;
    }
    Ok(content::discard(cx, object).await?)
}

/// Puts an object under a key, with the version that the bucket gives it, under conditions on what is there.
pub(crate) async fn put(
    cx: &Cx,
    bucket: &Bucket,
    key: &str,
    object: &mut Object,
    (if_match, if_none_match): (Option<&str>, Option<&str>),
) -> Reply<()> {
    let before = current(cx, bucket, key).await?;
    conditions::of_write(before.as_ref(), key, if_match, if_none_match)?;
    match bucket.versioning {
        Versioning::Enabled => {
            if let Some(before) = before {
                retire(cx, bucket, key, &Version::Object(before)).await?;
            }
            object.version = Some(new_version(cx));
        }
        Versioning::Suspended => {
            replace_null(cx, bucket, key, before).await?;
        }
        Versioning::Off => {
            if let Some(before) = before {
                discard(cx, &before).await?;
            }
        }
    }
    cx.tx().put(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned()), object).await?;
    Ok(())
}

/// Puts a version that has its id already on top of those that are there.
pub(crate) async fn insert(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Reply<()> {
    if let Some(before) = current(cx, bucket, key).await? {
        retire(cx, bucket, key, &Version::Object(before)).await?;
    }
    Ok(cx.tx().put(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned()), object).await?)
}

/// Puts a delete marker that has its id already on top of the versions that are there.
pub(crate) async fn insert_marker(cx: &Cx, bucket: &Bucket, key: &str, marker: &Marker) -> Reply<()> {
    if let Some(before) = current(cx, bucket, key).await? {
        retire(cx, bucket, key, &Version::Object(before)).await?;
        cx.tx().delete(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned())).await?;
    }
    retire(cx, bucket, key, &Version::Marker(marker.clone())).await
}

/// Makes room for a new version `null`: the one that is there goes, others stay.
async fn replace_null(cx: &Cx, bucket: &Bucket, key: &str, current: Option<Object>) -> Reply<()> {
    match current {
        Some(object) if object.version.is_none() => discard(cx, &object).await?,
        Some(object) => {
            remove_null(cx, bucket, key).await?;
            retire(cx, bucket, key, &Version::Object(object)).await?;
        }
        None => remove_null(cx, bucket, key).await?,
    }
    Ok(())
}

/// Deletes what is current: for good, or by a delete marker where the bucket has versions.
pub(crate) async fn delete(cx: &Cx, bucket: &Bucket, key: &str, owner: Option<String>) -> Reply<Option<Marker>> {
    let before = current(cx, bucket, key).await?;
    let existed = before.is_some();
    let version = match (bucket.versioning, before) {
        (Versioning::Off, before) => {
            if let Some(before) = before {
                cx.tx().delete(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned())).await?;
                discard(cx, &before).await?;
            }
            return Ok(None);
        }
        (Versioning::Enabled, before) => {
            if let Some(before) = before {
                retire(cx, bucket, key, &Version::Object(before)).await?;
            }
            Some(new_version(cx))
        }
        (Versioning::Suspended, before) => {
            replace_null(cx, bucket, key, before).await?;
            None
        }
    };
    if existed {
        cx.tx().delete(&Scope::world(), &OBJECTS, &(bucket.id, key.to_owned())).await?;
    }
    let marker = Marker { modified: cx.now().micros(), version, owner };
    retire(cx, bucket, key, &Version::Marker(marker.clone())).await?;
    Ok(Some(marker))
}

/// Deletes one version for good. The one before it becomes the latest, if it was that.
pub(crate) async fn delete_version(cx: &Cx, bucket: &Bucket, key: &str, found: &Found) -> Reply<()> {
    let object_key = (bucket.id, key.to_owned());
    match found.place {
        None => cx.tx().delete(&Scope::world(), &OBJECTS, &object_key).await?,
        Some(place) => cx.tx().delete(&Scope::world(), &VERSIONS, &(bucket.id, key.to_owned(), place)).await?,
    };
    forget(cx, &found.version).await?;
    let nothing = found.place.is_none() || current(cx, bucket, key).await?.is_none();
    if nothing
        && let Some(Found { version: Version::Object(object), place: Some(place) }) = older(cx, bucket, key).await?
    {
        cx.tx().delete(&Scope::world(), &VERSIONS, &(bucket.id, key.to_owned(), place)).await?;
        cx.tx().put(&Scope::world(), &OBJECTS, &object_key, &object).await?;
    }
    Ok(())
}

/// The id that a writer is told: that of a version of its own. The version `null` is told to readers.
pub(crate) fn new_id(object: &Object) -> Option<String> {
    object.version.clone()
}

/// The id of an object's version, where the bucket has versions.
pub(crate) fn id_of(bucket: &Bucket, object: &Object) -> Option<String> {
    let id = || object.version.clone().unwrap_or_else(|| "null".to_owned());
    (bucket.versioning != Versioning::Off).then(id)
}
