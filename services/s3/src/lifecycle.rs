//! What lifecycle rules do to objects as time passes (User Guide, "Managing the lifecycle of objects").
//!
//! S3 looks at the objects of a bucket with rules once a day, at midnight UTC. A sweep is a chain of timers, each of which takes a bounded number of
//! objects, then of older versions, then of uploads, and leaves a [`Cursor`] for the next; the last is set for the next midnight.

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::config::Kind;
use crate::config::lifecycle::{Lifecycle, VARIES, rank};
use crate::logs::{self, Line};
use crate::notify::{self, Event, More};
use crate::tables::{BUCKETS, Bucket, Content, Marker, OBJECTS, Object, UPLOADS, VERSIONS, Version, Versioning};
use crate::{api, config, get, lock, multipart, restore, versions};

/// The kind of timer that sweeps.
pub(crate) const SWEEP: &str = "lifecycle";

/// Objects or versions that one timer looks at, and parts of objects that it removes.
const BATCH: usize = 500;

/// Uploads that one timer looks at: each may have ten thousand parts.
const UPLOADS_BATCH: usize = 20;

/// In microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// What is smaller than so many bytes stays in its class, unless a rule tells a size.
const SMALL: u64 = 128 << 10;

/// Where a sweep goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    bucket: String,
    /// The bucket's id: there may be another of its name by then.
    id: u64,
    stage: Stage,
    /// The last key that was looked at.
    key: String,
    /// The place of the last version of that key, or the id of the last upload.
    place: Option<u64>,
    upload: Option<String>,
    /// How many versions of the key that are not the latest come before the next one, and when the one before it was written.
    newer: i32,
    successor: i64,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
enum Stage {
    #[default]
    Objects,
    Versions,
    Uploads,
}

impl Cursor {
    fn at(&self, stage: Stage) -> Self {
        Self { bucket: self.bucket.clone(), id: self.id, stage, ..Self::default() }
    }
}

/// The midnight UTC that follows a moment, in microseconds (User Guide, "Lifecycle configuration elements").
pub(crate) fn next_midnight(micros: i64) -> i64 {
    micros.div_euclid(DAY).saturating_add(1).saturating_mul(DAY)
}

/// When something is so many days old, for a rule.
pub(crate) fn aged(since: i64, days: i32) -> i64 {
    next_midnight(since.saturating_add(i64::from(days).saturating_mul(DAY)))
}

fn timer_name(bucket: &Bucket) -> String {
    format!("{SWEEP}:{}", bucket.id)
}

fn scope(bucket: &Bucket) -> Scope {
    Scope::new(&bucket.account, &bucket.region)
}

async fn set(cx: &Cx, bucket: &Bucket, cursor: &Cursor, due: Timestamp) -> Reply<()> {
    let payload = serde_json::to_string(cursor).unwrap_or_default();
    let timer = Timer { name: timer_name(bucket), due, kind: SWEEP.to_owned(), payload };
    Ok(timers::set(cx.tx(), "s3", &scope(bucket), &timer).await?)
}

/// Sets the next sweep of a bucket for the next midnight.
pub(crate) async fn plan(cx: &Cx, bucket: &Bucket, name: &str) -> Reply<()> {
    let cursor = Cursor { bucket: name.to_owned(), id: bucket.id, ..Cursor::default() };
    set(cx, bucket, &cursor, Timestamp::from_micros(next_midnight(cx.now().micros()))).await
}

/// Ends the sweeps of a bucket.
pub(crate) async fn cancel(cx: &Cx, bucket: &Bucket) -> Reply<()> {
    timers::cancel(cx.tx(), "s3", &scope(bucket), &timer_name(bucket)).await?;
    Ok(())
}

/// Goes on with a sweep.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(cursor) = serde_json::from_str::<Cursor>(payload) else { return Ok(()) };
    let bucket = cx.tx().get(&Scope::world(), &BUCKETS, &cursor.bucket).await?;
    let Some(bucket) = bucket.filter(|bucket| bucket.id == cursor.id) else { return Ok(()) };
    // Rules that come later bring a sweep of their own.
    let rules = Rules::of(cx, &bucket).await?.filter(|rules| !rules.rules.is_empty());
    let Some(rules) = rules else { return Ok(()) };
    let name = cursor.bucket.clone();
    let sweep = Sweep { cx, bucket: &bucket, name: &name, rules: &rules, now: cx.now().micros() };
    let next = match cursor.stage {
        Stage::Objects => sweep.objects(&cursor).await?,
        Stage::Versions => sweep.versions(cursor).await?,
        Stage::Uploads => sweep.uploads(&cursor).await?,
    };
    match next {
        Some(next) => set(cx, &bucket, &next, cx.now()).await,
        None => plan(cx, &bucket, &name).await,
    }
}

/// The rules of a bucket that are enabled.
struct Rules {
    rules: Vec<api::LifecycleRule>,
    /// Small objects may move to the archive, and nowhere else.
    varies: bool,
}

impl Rules {
    async fn of(cx: &Cx, bucket: &Bucket) -> Reply<Option<Self>> {
        if !bucket.has(Kind::Lifecycle) {
            return Ok(None);
        }
        let Some(Lifecycle { mut rules, minimum }) = config::get(cx, bucket).await? else { return Ok(None) };
        rules.retain(|rule| rule.status == "Enabled");
        Ok(Some(Self { rules, varies: minimum == VARIES }))
    }

    fn about<'r>(&'r self, key: &str, object: Option<&Object>) -> impl Iterator<Item = &'r api::LifecycleRule> {
        self.rules.iter().filter(move |rule| is_about(rule, key, object))
    }

    /// When an object that is the latest of its key expires first, and by which rule.
    fn expiry<'r>(&'r self, key: &str, object: &Object) -> Option<(i64, &'r api::LifecycleRule)> {
        let due = |rule: &api::LifecycleRule| {
            let expiration = rule.expiration.as_ref()?;
            let by_age = expiration.days.map(|days| aged(object.modified, days));
            by_age.or_else(|| expiration.date.map(|date| date.micros()))
        };
        self.about(key, Some(object)).filter_map(|rule| Some((due(rule)?, rule))).min_by_key(|(due, _)| *due)
    }

    /// When an upload is aborted first, and by which rule.
    fn abortion<'r>(&'r self, key: &str, initiated: i64) -> Option<(i64, &'r api::LifecycleRule)> {
        let due = |rule: &api::LifecycleRule| {
            Some(aged(initiated, rule.abort_incomplete_multipart_upload.as_ref()?.days_after_initiation?))
        };
        self.about(key, None).filter_map(|rule| Some((due(rule)?, rule))).min_by_key(|(due, _)| *due)
    }

    /// Whether a delete marker without versions is to go.
    fn drops_marker(&self, key: &str, written: i64, now: i64) -> bool {
        self.about(key, None).filter_map(|rule| rule.expiration.as_ref()).any(|expiration| {
            // Those that are old enough are cleared away, too.
            expiration.expired_object_delete_marker == Some(true)
                || expiration.days.is_some_and(|days| aged(written, days) <= now)
        })
    }

    /// Whether a version that is not the latest is to go.
    fn drops(&self, key: &str, object: Option<&Object>, past: &Past) -> bool {
        let expirations = self.about(key, object).filter_map(|rule| rule.noncurrent_version_expiration.as_ref());
        expirations.into_iter().any(|it| past.is(it.noncurrent_days, it.newer_noncurrent_versions))
    }

    /// The class that an object moves to. `past` is for one that is not the latest of its key.
    fn class<'r>(&'r self, key: &str, object: &Object, now: i64, past: Option<&Past>) -> Option<&'r str> {
        let from = object.storage_class.as_deref();
        let last_of = |rule: &'r api::LifecycleRule| {
            let classes = due_classes(rule, object, now, past).into_iter();
            // Where it is already counts, so that a rule of lower preference does not take it on.
            let allowed = |to: &&str| from == Some(*to) || (moves(from, to) && self.is_large_enough(rule, object, to));
            classes.filter(allowed).max_by_key(|class| rank(class))
        };
        let found = self.about(key, Some(object)).filter_map(last_of).max_by_key(|class| preference(class));
        found.filter(|class| from != Some(*class))
    }

    /// Small objects stay where they are, unless the rule asks for a size.
    fn is_large_enough(&self, rule: &api::LifecycleRule, object: &Object, to: &str) -> bool {
        let sized = rule.filter.as_ref().is_some_and(|filter| {
            let and = filter.and.as_ref();
            let more = filter.object_size_greater_than.or_else(|| and?.object_size_greater_than);
            more.or(filter.object_size_less_than).or_else(|| and?.object_size_less_than).is_some()
        });
        object.size >= SMALL || sized || (self.varies && restore::is_archive(to))
    }
}

/// The classes to which a rule would have moved an object by now.
fn due_classes<'r>(rule: &'r api::LifecycleRule, object: &Object, now: i64, past: Option<&Past>) -> Vec<&'r str> {
    let Some(past) = past else {
        let transitions = rule.transitions.iter().flatten().filter(|it| {
            let by_age = it.days.map(|days| aged(object.modified, days));
            by_age.or_else(|| it.date.map(|date| date.micros())).is_some_and(|due| due <= now)
        });
        return transitions.filter_map(|it| it.storage_class.as_deref()).collect();
    };
    let transitions = rule.noncurrent_version_transitions.iter().flatten();
    let due = transitions.filter(|it| past.is(it.noncurrent_days, it.newer_noncurrent_versions));
    due.filter_map(|it| it.storage_class.as_deref()).collect()
}

/// For how long a version has not been the latest of its key, and how many such versions are younger.
struct Past {
    since: i64,
    newer: i32,
    now: i64,
}

impl Past {
    fn is(&self, days: Option<i32>, newer: Option<i32>) -> bool {
        days.is_some_and(|days| aged(self.since, days) <= self.now) && self.newer >= newer.unwrap_or(0)
    }
}

/// Whether a rule is about an object, or about what has neither tags nor a size: delete markers and uploads.
fn is_about(rule: &api::LifecycleRule, key: &str, object: Option<&Object>) -> bool {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefixes = [
        rule.prefix.as_ref(),
        filter.and_then(|filter| filter.prefix.as_ref()),
        and.and_then(|and| and.prefix.as_ref()),
    ];
    if !prefixes.into_iter().flatten().all(|prefix| key.starts_with(prefix.as_str())) {
        return false;
    }
    let tags = filter.and_then(|filter| filter.tag.as_ref()).into_iter();
    let mut tags = tags.chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
    let mut more =
        [filter.and_then(|filter| filter.object_size_greater_than), and.and_then(|and| and.object_size_greater_than)]
            .into_iter()
            .flatten();
    let mut less =
        [filter.and_then(|filter| filter.object_size_less_than), and.and_then(|and| and.object_size_less_than)]
            .into_iter()
            .flatten();
    let Some(object) = object else {
        return tags.next().is_none() && more.next().is_none() && less.next().is_none();
    };
    let size = i64::try_from(object.size).unwrap_or(i64::MAX);
    let own = &object.attributes.tags;
    tags.all(|tag| own.iter().any(|(key, value)| *key == tag.key && *value == tag.value))
        && more.all(|more| size > more)
        && less.all(|less| size < less)
}

/// Whether objects can move from a class to another (User Guide, "Transitioning objects using Amazon S3 Lifecycle").
fn moves(from: Option<&str>, to: &str) -> bool {
    match from {
        None | Some("REDUCED_REDUNDANCY") => true,
        Some("ONEZONE_IA") if to == "GLACIER_IR" => false,
        Some(from) => rank(from) < rank(to),
    }
}

/// Of the classes that an object could move to, the one with the highest preference is taken (User Guide, "How Amazon S3 handles conflicts in
/// lifecycle configurations").
fn preference(class: &str) -> Option<usize> {
    const ORDER: [&str; 6] =
        ["STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"];
    ORDER.iter().position(|known| *known == class)
}

/// How much work it is to remove an object.
fn weight(object: &Object) -> usize {
    match &object.content {
        Content::One(_) => 1,
        Content::Parts(pieces) => pieces.len(),
    }
}

/// One step of a sweep.
struct Sweep<'a> {
    cx: &'a Cx,
    bucket: &'a Bucket,
    /// The bucket's.
    name: &'a str,
    rules: &'a Rules,
    now: i64,
}

impl Sweep<'_> {
    /// Looks at the objects that a plain listing shows.
    async fn objects(&self, cursor: &Cursor) -> Reply<Option<Cursor>> {
        let mut range = KeyRange::prefix(&(self.bucket.id,));
        if !cursor.key.is_empty() {
            range = range.after(&(self.bucket.id, cursor.key.as_str()));
        }
        let page = self.cx.tx().range(&Scope::world(), &OBJECTS, range, BATCH).await?;
        let (full, mut work) = (page.len() == BATCH, 0);
        let mut last = None;
        for ((_, key), object) in page {
            work += self.object(&key, object).await?;
            last = Some(key);
            if work >= BATCH {
                break;
            }
        }
        Ok(match last {
            Some(key) if full || work >= BATCH => Some(Cursor { key, ..cursor.at(Stage::Objects) }),
            _ => Some(cursor.at(Stage::Versions)),
        })
    }

    /// Tells how much work it was.
    async fn object(&self, key: &str, mut object: Object) -> Reply<usize> {
        let expires = self.rules.expiry(key, &object).is_some_and(|(due, _)| due <= self.now);
        // A deletion for good comes before a transition, and that before a delete marker.
        if !(expires && self.bucket.versioning == Versioning::Off)
            && let Some(class) = self.rules.class(key, &object, self.now, None)
        {
            self.transition(key, &mut object, class).await?;
            versions::update(self.cx, self.bucket, key, object, None).await?;
        } else if expires {
            match versions::delete(self.cx, self.bucket, key, None).await? {
                Some(marker) => self.marked(key, &marker).await?,
                None => self.expired(key, None, Some(object.size)).await?,
            }
            return Ok(weight(&object));
        }
        Ok(0)
    }

    /// Looks at what a plain listing does not show.
    async fn versions(&self, mut cursor: Cursor) -> Reply<Option<Cursor>> {
        let mut range = KeyRange::prefix(&(self.bucket.id,));
        if let Some(place) = cursor.place {
            range = range.after(&(self.bucket.id, cursor.key.as_str(), place));
        }
        let page = self.cx.tx().range(&Scope::world(), &VERSIONS, range, BATCH).await?;
        let (full, mut work) = (page.len() == BATCH, 0);
        for ((_, key, place), version) in page {
            let first = cursor.place.is_none() || key != cursor.key;
            let current = if first { versions::current(self.cx, self.bucket, &key).await? } else { None };
            let written = version.modified();
            if first && current.is_none() {
                self.marker(&key, place, &version).await?;
                cursor.newer = 0;
            } else {
                if let Some(current) = current {
                    (cursor.newer, cursor.successor) = (0, current.modified);
                }
                let past = Past { since: cursor.successor, newer: cursor.newer, now: self.now };
                work += self.version(&key, place, version, &past).await?;
                cursor.newer = cursor.newer.saturating_add(1);
            }
            (cursor.key, cursor.place, cursor.successor) = (key, Some(place), written);
            if work >= BATCH {
                return Ok(Some(cursor));
            }
        }
        Ok(Some(if full { cursor } else { cursor.at(Stage::Uploads) }))
    }

    /// A delete marker that is the latest of its key goes when there is nothing else.
    async fn marker(&self, key: &str, place: u64, marker: &Version) -> Reply<()> {
        if !self.rules.drops_marker(key, marker.modified(), self.now) {
            return Ok(());
        }
        let all = KeyRange::prefix(&(self.bucket.id, key));
        if self.cx.tx().range(&Scope::world(), &VERSIONS, all, 2).await?.len() == 1 {
            versions::delete_version(self.cx, self.bucket, key, &versions::Found::older(marker.clone(), place)).await?;
            self.expired(key, Some(marker.id()), None).await?;
        }
        Ok(())
    }

    /// A version that is not the latest of its key. Tells how much work it was.
    async fn version(&self, key: &str, place: u64, version: Version, past: &Past) -> Reply<usize> {
        let object = match &version {
            Version::Object(object) => Some(object),
            Version::Marker(_) => None,
        };
        let locked = object.is_some_and(|object| lock::check_delete(self.cx, object, false).is_err());
        if !locked && self.rules.drops(key, object, past) {
            let (work, size, id) =
                (object.map_or(1, weight), object.map(|object| object.size), version.id().to_owned());
            versions::delete_version(self.cx, self.bucket, key, &versions::Found::older(version, place)).await?;
            self.expired(key, Some(&id), size).await?;
            return Ok(work);
        }
        if let Version::Object(mut object) = version
            && let Some(class) = self.rules.class(key, &object, self.now, Some(past))
        {
            self.transition(key, &mut object, class).await?;
            versions::update(self.cx, self.bucket, key, object, Some(place)).await?;
        }
        Ok(0)
    }

    /// Moves an object, which is still to be written back, and tells of it.
    async fn transition(&self, key: &str, object: &mut Object, class: &str) -> Reply<()> {
        object.storage_class = Some(class.to_owned());
        object.attributes.restored = None;
        let at = (self.bucket, self.name);
        let event = Event { more: More::Moved(class), ..Event::created("LifecycleTransition", key, object) };
        notify::event(self.cx, at, &event).await?;
        let version = object.version.as_deref();
        let line = Line { key: Some(key), size: Some(object.size), version, ..Line::of(transition_name(class)) };
        logs::done(self.cx, at, line).await
    }

    /// Tells of an object or a version that is gone for good.
    async fn expired(&self, key: &str, version: Option<&str>, size: Option<u64>) -> Reply<()> {
        let at = (self.bucket, self.name);
        let event = Event { name: "LifecycleExpiration:Delete", key, version, ..Event::default() };
        notify::event(self.cx, at, &event).await?;
        let line = Line { key: Some(key), size, version, ..Line::of("S3.EXPIRE.OBJECT") };
        logs::done(self.cx, at, line).await
    }

    /// Tells of a delete marker that was written.
    async fn marked(&self, key: &str, marker: &Marker) -> Reply<()> {
        let at = (self.bucket, self.name);
        let version = Some(marker.version.as_deref().unwrap_or("null"));
        let name = "LifecycleExpiration:DeleteMarkerCreated";
        notify::event(self.cx, at, &Event { name, ..Event::marked(key, version) }).await?;
        let line = Line { key: Some(key), version, ..Line::of("S3.CREATE.DELETEMARKER") };
        logs::done(self.cx, at, line).await
    }

    /// Looks at uploads that are under way.
    async fn uploads(&self, cursor: &Cursor) -> Reply<Option<Cursor>> {
        let mut range = KeyRange::prefix(&(self.bucket.id,));
        if let Some(id) = &cursor.upload {
            range = range.after(&(self.bucket.id, cursor.key.as_str(), id.as_str()));
        }
        let page = self.cx.tx().range(&Scope::world(), &UPLOADS, range, UPLOADS_BATCH).await?;
        let full = page.len() == UPLOADS_BATCH;
        let mut last = None;
        for ((_, key, id), upload) in page {
            let due = self.rules.abortion(&key, upload.initiated);
            if due.is_some_and(|(due, _)| due <= self.now) {
                multipart::remove(self.cx, self.bucket.id, &key, &id, &[]).await?;
                let line = Line { key: Some(&key), ..Line::of("S3.DELETE.UPLOAD") };
                logs::done(self.cx, (self.bucket, self.name), line).await?;
            }
            last = Some((key, id));
        }
        Ok(last.filter(|_| full).map(|(key, id)| Cursor { key, upload: Some(id), ..cursor.at(Stage::Uploads) }))
    }
}

/// What logs call a transition ("Lifecycle and logging").
fn transition_name(class: &str) -> &'static str {
    match class {
        "STANDARD_IA" => "S3.TRANSITION_SIA.OBJECT",
        "ONEZONE_IA" => "S3.TRANSITION_ZIA.OBJECT",
        "INTELLIGENT_TIERING" => "S3.TRANSITION_INT.OBJECT",
        "GLACIER_IR" => "S3.TRANSITION_GIR.OBJECT",
        "DEEP_ARCHIVE" => "S3.TRANSITION_GDA.OBJECT",
        _ => "S3.TRANSITION.OBJECT",
    }
}

/// When an object that is the latest of its key expires, as the header `x-amz-expiration` tells it.
pub(crate) async fn expiration(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Reply<Option<String>> {
    let Some(rules) = Rules::of(cx, bucket).await? else { return Ok(None) };
    Ok(rules.expiry(key, object).map(|(due, rule)| {
        let id = utf8_percent_encode(rule.id.as_deref().unwrap_or_default(), &UNRESERVED);
        format!("expiry-date=\"{}\", rule-id=\"{id}\"", get::http_date(due))
    }))
}

/// The same, in microseconds since 1970.
pub(crate) async fn expires(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Reply<Option<i64>> {
    let rules = Rules::of(cx, bucket).await?;
    Ok(rules.and_then(|rules| rules.expiry(key, object).map(|(due, _)| due)))
}

/// What a URL has as it is.
const UNRESERVED: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// When the first rule aborts an upload, and the id of that rule.
pub(crate) async fn abort(cx: &Cx, bucket: &Bucket, key: &str, initiated: i64) -> Reply<Option<(Timestamp, String)>> {
    let Some(rules) = Rules::of(cx, bucket).await? else { return Ok(None) };
    let first = rules.abortion(key, initiated);
    Ok(first.map(|(due, rule)| (Timestamp::from_micros(due), rule.id.clone().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User Guide, "Lifecycle configuration elements": 10:30 on the 15th and three days are midnight after the 18th.
    #[test]
    fn ages_end_at_midnight() {
        let at = |day: i64, minutes: i64| day * DAY + minutes * 60_000_000;
        assert_eq!(aged(at(15, 630), 3), at(19, 0));
        assert_eq!(aged(at(15, 630), 0), at(16, 0));
        assert_eq!(aged(-1, 0), 0);
    }

    #[test]
    fn objects_move_down() {
        assert!(
            moves(None, "STANDARD_IA")
                && moves(Some("STANDARD_IA"), "GLACIER")
                && moves(Some("GLACIER"), "DEEP_ARCHIVE")
        );
        assert!(!moves(Some("GLACIER"), "STANDARD_IA") && !moves(Some("GLACIER"), "GLACIER"));
        assert!(!moves(Some("ONEZONE_IA"), "GLACIER_IR") && moves(Some("ONEZONE_IA"), "GLACIER"));
        assert!(preference("GLACIER") > preference("INTELLIGENT_TIERING"));
        assert!(preference("INTELLIGENT_TIERING") > preference("GLACIER_IR"));
    }
}
