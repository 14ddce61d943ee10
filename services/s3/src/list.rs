//! Listings: objects (`ListObjects`, `ListObjectsV2`), their versions, and multipart uploads.
//!
//! Keys come in the order of their UTF-8 bytes. What begins with a common prefix is passed over in one step, so the time that a listing takes
//! depends on what it returns, not on what it leaves out.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::errors::invalid_argument;
use crate::tables::{Bucket, OBJECTS, Object, UPLOADS, Upload, VERSIONS, Version};
use crate::versions::Position;
use crate::{accounts, acl, api, bucket, get, multipart, put, restore};

/// The most that a listing returns.
const MAX_KEYS: i32 = 1000;

/// What stays as it is in names that are encoded like in URLs.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// What a listing looks for.
struct Query<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    /// Keys and common prefixes come after this.
    after: &'a str,
    max: usize,
}

impl<'a> Query<'a> {
    /// As clients ask: nothing said of a prefix or a place is an empty one, and an empty delimiter is none.
    fn of(prefix: Option<&'a str>, delimiter: Option<&'a str>, after: Option<&'a str>, max: i32) -> Self {
        Self {
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            after: after.unwrap_or_default(),
            max: usize::try_from(max).unwrap_or(0),
        }
    }

    /// The common prefix that the listing goes on behind, when it stopped at one.
    fn passed(&self) -> Option<&str> {
        common(self, self.after).filter(|prefix| *prefix == self.after)
    }
}

/// What it found.
struct Found<E> {
    entries: Vec<(String, E)>,
    prefixes: Vec<String>,
    /// There are more.
    truncated: bool,
    /// The last thing found is a common prefix.
    ends_in_prefix: bool,
}

impl<E> Found<E> {
    fn len(&self) -> usize {
        self.entries.len() + self.prefixes.len()
    }

    /// The key or common prefix that the next listing goes on behind, when there are more.
    fn next(&self) -> Option<String> {
        let last = if self.ends_in_prefix { self.prefixes.last() } else { self.entries.last().map(|(key, _)| key) };
        last.filter(|_| self.truncated).cloned()
    }
}

/// Something that has keys and is listed in their order.
trait Entries {
    type Entry: Send;

    /// The next few of them; none at the end.
    async fn page(&mut self, cx: &Cx, limit: usize) -> Reply<Vec<(String, Self::Entry)>>;

    /// Passes over what begins with a text.
    fn skip(&mut self, prefix: &str);
}

/// Objects that a plain listing shows.
struct Objects {
    bucket: u64,
    range: KeyRange<(u64, String)>,
}

impl Objects {
    fn new(bucket: &Bucket, query: &Query<'_>) -> Self {
        let start = (bucket.id,);
        let mut range = KeyRange::starts_with(&start, query.prefix);
        if !query.after.is_empty() {
            range = match query.passed() {
                Some(prefix) => range.past_texts(&start, prefix),
                None => range.after(&(bucket.id, query.after)),
            };
        }
        Self { bucket: bucket.id, range }
    }
}

impl Entries for Objects {
    type Entry = Object;

    async fn page(&mut self, cx: &Cx, limit: usize) -> Reply<Vec<(String, Object)>> {
        let page = cx.tx().range(&Scope::world(), &OBJECTS, self.range.clone(), limit).await?;
        if let Some((last, _)) = page.last() {
            self.range = self.range.clone().after(last);
        }
        Ok(page.into_iter().map(|((_, key), object)| (key, object)).collect())
    }

    fn skip(&mut self, prefix: &str) {
        self.range = self.range.clone().past_texts(&(self.bucket,), prefix);
    }
}

/// Multipart uploads that are under way.
struct Uploads {
    bucket: u64,
    range: KeyRange<(u64, String, String)>,
}

impl Uploads {
    /// `id` is the upload of the key `query.after` that the listing goes on behind.
    fn new(bucket: &Bucket, query: &Query<'_>, id: Option<&str>) -> Self {
        let start = (bucket.id,);
        let mut range = KeyRange::starts_with(&start, query.prefix);
        if !query.after.is_empty() {
            range = match (query.passed(), id) {
                (Some(prefix), _) => range.past_texts(&start, prefix),
                (None, Some(id)) => range.after(&(bucket.id, query.after, id)),
                (None, None) => range.after(&(bucket.id, query.after)),
            };
        }
        Self { bucket: bucket.id, range }
    }
}

impl Entries for Uploads {
    type Entry = (String, Upload);

    async fn page(&mut self, cx: &Cx, limit: usize) -> Reply<Vec<(String, Self::Entry)>> {
        let page = cx.tx().range(&Scope::world(), &UPLOADS, self.range.clone(), limit).await?;
        if let Some((last, _)) = page.last() {
            self.range = self.range.clone().after(last);
        }
        Ok(page.into_iter().map(|((_, key, id), upload)| (key, (id, upload))).collect())
    }

    fn skip(&mut self, prefix: &str) {
        self.range = self.range.clone().past_texts(&(self.bucket,), prefix);
    }
}

/// All versions of all objects: of each key the latest first.
struct Versions {
    objects: Objects,
    objects_ahead: VecDeque<(String, Object)>,
    objects_ended: bool,
    older: KeyRange<(u64, String, u64)>,
    older_ahead: VecDeque<(String, Version)>,
    older_ended: bool,
    /// The key that the last one had.
    last: String,
}

impl Versions {
    /// `position` is where the listing goes on within the key `query.after`, if not behind it.
    fn new(bucket: &Bucket, query: &Query<'_>, position: Option<Position>) -> Self {
        let start = (bucket.id,);
        let mut objects = Objects::new(bucket, query);
        let mut older = KeyRange::starts_with(&start, query.prefix);
        let mut last = query.after.to_owned();
        if !query.after.is_empty() {
            older = match (query.passed(), position) {
                (Some(prefix), _) => older.past_texts(&start, prefix),
                (None, None) => older.after(&(bucket.id, query.after)),
                (None, Some(position)) => {
                    if position.shown {
                        objects.range = KeyRange::starts_with(&start, query.prefix).from(&(bucket.id, query.after));
                    }
                    if position.first {
                        last.clear();
                    }
                    match position.behind {
                        None => older.from(&(bucket.id, query.after)),
                        Some(place) => older.after(&(bucket.id, query.after, place)),
                    }
                }
            };
        }
        Self {
            objects,
            objects_ahead: VecDeque::new(),
            objects_ended: false,
            older,
            older_ahead: VecDeque::new(),
            older_ended: false,
            last,
        }
    }
}

impl Entries for Versions {
    /// With whether it is the latest.
    type Entry = (Version, bool);

    async fn page(&mut self, cx: &Cx, limit: usize) -> Reply<Vec<(String, Self::Entry)>> {
        if self.objects_ahead.is_empty() && !self.objects_ended {
            let page = self.objects.page(cx, limit).await?;
            self.objects_ended = page.len() < limit;
            self.objects_ahead.extend(page);
        }
        if self.older_ahead.is_empty() && !self.older_ended {
            let page = cx.tx().range(&Scope::world(), &VERSIONS, self.older.clone(), limit).await?;
            if let Some((last, _)) = page.last() {
                self.older = self.older.clone().after(last);
            }
            self.older_ended = page.len() < limit;
            self.older_ahead.extend(page.into_iter().map(|((_, key, _), version)| (key, version)));
        }
        let mut page = Vec::new();
        // Where one of the two has run out there may be more of it.
        while page.len() < limit {
            let object_first = match (self.objects_ahead.front(), self.older_ahead.front()) {
                (Some((object, _)), Some((older, _))) => object <= older,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let (key, version) = if object_first {
                let Some((key, object)) = self.objects_ahead.pop_front() else { break };
                (key, Version::Object(object))
            } else {
                let Some(older) = self.older_ahead.pop_front() else { break };
                older
            };
            let latest = object_first || key != self.last;
            self.last.clone_from(&key);
            page.push((key, (version, latest)));
            let more_objects = self.objects_ahead.is_empty() && !self.objects_ended;
            if more_objects || (self.older_ahead.is_empty() && !self.older_ended) {
                break;
            }
        }
        Ok(page)
    }

    fn skip(&mut self, prefix: &str) {
        self.objects.skip(prefix);
        self.older = self.older.clone().past_texts(&(self.objects.bucket,), prefix);
    }
}

async fn search<E: Entries>(cx: &Cx, mut entries: E, query: &Query<'_>) -> Reply<Found<E::Entry>> {
    let mut found = Found { entries: Vec::new(), prefixes: Vec::new(), truncated: false, ends_in_prefix: false };
    if query.max == 0 {
        return Ok(found);
    }
    let mut last: Option<String> = None;
    // Where one has a common prefix the next is most often passed over, too; so few are read ahead until keys without one come.
    let mut few = if query.delimiter.is_some() { 1 } else { usize::MAX };
    loop {
        let limit = few.min(query.max - found.len() + 1);
        few = few.saturating_mul(2);
        let page = entries.page(cx, limit).await?;
        if page.is_empty() {
            return Ok(found);
        }
        for (key, entry) in page {
            let prefix = common(query, &key);
            if prefix.is_some() && prefix == last.as_deref() {
                continue;
            }
            if found.len() == query.max {
                found.truncated = true;
                return Ok(found);
            }
            found.ends_in_prefix = prefix.is_some();
            match prefix {
                Some(prefix) => {
                    entries.skip(prefix);
                    few = 1;
                    last = Some(prefix.to_owned());
                    found.prefixes.push(prefix.to_owned());
                }
                None => found.entries.push((key, entry)),
            }
        }
    }
}

/// What a key has in common with others, up to the first delimiter behind the prefix.
fn common<'k>(query: &Query<'_>, key: &'k str) -> Option<&'k str> {
    let delimiter = query.delimiter?;
    let at = key.strip_prefix(query.prefix)?.find(delimiter)?;
    key.get(..query.prefix.len() + at + delimiter.len())
}

/// How names are written.
#[derive(Clone, Copy)]
pub(crate) struct Encoding(bool);

impl Encoding {
    pub(crate) fn read(asked: Option<&str>) -> Result<Self, Fault> {
        match asked {
            None => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(_) => Err(invalid_argument("Invalid Encoding Method specified in Request")),
        }
    }

    pub(crate) fn write(self, name: &str) -> String {
        if self.0 { utf8_percent_encode(name, &PLAIN).to_string().replace("%20", "+") } else { name.to_owned() }
    }

    pub(crate) fn write_any(self, name: Option<String>) -> Option<String> {
        name.map(|name| self.write(&name))
    }
}

/// How many entries a list may have; `argument` is the name that S3 has for that.
pub(crate) fn most(asked: Option<i32>, argument: &str) -> Result<i32, Fault> {
    let max = asked.unwrap_or(MAX_KEYS);
    if max < 0 {
        return Err(invalid_argument(format!("Argument {argument} must be an integer between 0 and 2147483647")));
    }
    Ok(max.min(MAX_KEYS))
}

/// Common prefixes in an answer.
fn prefixes(found: Vec<String>, encoding: Encoding) -> Option<Vec<api::CommonPrefix>> {
    let written = found.into_iter().map(|prefix| api::CommonPrefix { prefix: Some(encoding.write(&prefix)) });
    some(written.collect())
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Objects in an answer, with their owners where those are wanted.
fn contents(
    cx: &Cx,
    bucket: &Bucket,
    found: Vec<(String, Object)>,
    encoding: Encoding,
    owners: bool,
    optional: Option<&[String]>,
) -> Option<Vec<api::Object>> {
    let usual = owners.then(|| accounts::owner(cx, &bucket.account));
    let written = found.into_iter().map(|(key, object)| {
        let own = acl::owner_of(bucket, &object);
        let owner = match &usual {
            Some(_) if own != bucket.account => Some(accounts::owner(cx, own)),
            usual => usual.clone(),
        };
        api::Object {
            key: Some(encoding.write(&key)),
            last_modified: Some(get::seconds(object.modified)),
            e_tag: Some(put::quoted(&object.etag)),
            checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
            checksum_type: Some(object.checksum.type_name().to_owned()),
            size: i64::try_from(object.size).ok(),
            restore_status: restore::status(cx, &object, optional),
            storage_class: Some(storage_class(object.storage_class)),
            owner,
        }
    });
    some(written.collect())
}

fn storage_class(class: Option<String>) -> String {
    class.unwrap_or_else(|| "STANDARD".to_owned())
}

pub(crate) async fn first_version(cx: &Cx, input: api::ListObjectsInput) -> Reply<api::ListObjectsOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let max = most(input.max_keys, "maxKeys")?;
    let query = Query::of(input.prefix.as_deref(), input.delimiter.as_deref(), input.marker.as_deref(), max);
    let found = search(cx, Objects::new(&bucket, &query), &query).await?;
    let last = found.next();
    Ok(api::ListObjectsOutput {
        is_truncated: Some(last.is_some()),
        marker: Some(encoding.write(query.after)),
        // Without a delimiter clients go on behind the last key.
        next_marker: encoding.write_any(last.filter(|_| query.delimiter.is_some())),
        contents: contents(cx, &bucket, found.entries, encoding, true, input.optional_object_attributes.as_deref()),
        name: Some(input.bucket),
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(query.delimiter.map(str::to_owned)),
        max_keys: Some(max),
        common_prefixes: prefixes(found.prefixes, encoding),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(crate) async fn second_version(cx: &Cx, input: api::ListObjectsV2Input) -> Reply<api::ListObjectsV2Output> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let max = most(input.max_keys, "maxKeys")?;
    let token = input.continuation_token.as_deref().filter(|token| !token.is_empty()).map(|token| {
        let last = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        last.filter(|last| !last.is_empty())
            .ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
    });
    let token = token.transpose()?;
    let after = token.as_deref().or(input.start_after.as_deref());
    let query = Query::of(input.prefix.as_deref(), input.delimiter.as_deref(), after, max);
    let found = search(cx, Objects::new(&bucket, &query), &query).await?;
    let (last, count, owners) = (found.next(), found.len(), input.fetch_owner == Some(true));
    Ok(api::ListObjectsV2Output {
        is_truncated: Some(last.is_some()),
        contents: contents(cx, &bucket, found.entries, encoding, owners, input.optional_object_attributes.as_deref()),
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(query.delimiter.map(str::to_owned)),
        max_keys: Some(max),
        common_prefixes: prefixes(found.prefixes, encoding),
        encoding_type: input.encoding_type,
        key_count: i32::try_from(count).ok(),
        next_continuation_token: last.map(|last| STANDARD.encode(last)),
        continuation_token: input.continuation_token,
        start_after: encoding.write_any(input.start_after),
        name: Some(input.bucket),
        request_charged: None,
    })
}

pub(crate) async fn versions(cx: &Cx, input: api::ListObjectVersionsInput) -> Reply<api::ListObjectVersionsOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let max = most(input.max_keys, "max-keys")?;
    let query = Query::of(input.prefix.as_deref(), input.delimiter.as_deref(), input.key_marker.as_deref(), max);
    let position = match input.version_id_marker.as_deref().filter(|id| !id.is_empty()) {
        None => None,
        Some(_) if query.after.is_empty() => {
            return Err(invalid_argument("A version-id marker cannot be specified without a key marker.").into());
        }
        Some(id) => Some(crate::versions::position(cx, &bucket, query.after, id).await?),
    };
    let found = search(cx, Versions::new(&bucket, &query, position), &query).await?;
    let next = found.next();
    let next_version = (!found.ends_in_prefix && found.truncated)
        .then(|| found.entries.last().map(|(_, (version, _))| version.id().to_owned()));
    let optional = input.optional_object_attributes.as_deref();
    let (mut objects, mut markers) = (Vec::new(), Vec::new());
    for (key, (version, latest)) in found.entries {
        let version_id = Some(version.id().to_owned());
        let last_modified = Some(get::seconds(version.modified()));
        match version {
            Version::Object(object) => objects.push(api::ObjectVersion {
                e_tag: Some(put::quoted(&object.etag)),
                checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
                checksum_type: Some(object.checksum.type_name().to_owned()),
                size: i64::try_from(object.size).ok(),
                owner: Some(accounts::owner(cx, acl::owner_of(&bucket, &object))),
                restore_status: restore::status(cx, &object, optional),
                storage_class: Some(storage_class(object.storage_class)),
                key: Some(encoding.write(&key)),
                version_id,
                is_latest: Some(latest),
                last_modified,
            }),
            Version::Marker(marker) => markers.push(api::DeleteMarkerEntry {
                owner: Some(accounts::owner(cx, marker.owner.as_deref().unwrap_or(&bucket.account))),
                key: Some(encoding.write(&key)),
                version_id,
                is_latest: Some(latest),
                last_modified,
            }),
        }
    }
    Ok(api::ListObjectVersionsOutput {
        is_truncated: Some(found.truncated),
        key_marker: Some(encoding.write(query.after)),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        next_key_marker: encoding.write_any(next),
        next_version_id_marker: next_version.flatten(),
        versions: some(objects),
        delete_markers: some(markers),
        name: Some(input.bucket),
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(query.delimiter.map(str::to_owned)),
        max_keys: Some(max),
        common_prefixes: prefixes(found.prefixes, encoding),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(crate) async fn uploads(cx: &Cx, input: api::ListMultipartUploadsInput) -> Reply<api::ListMultipartUploadsOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let max = most(input.max_uploads, "max-uploads")?;
    let query = Query::of(input.prefix.as_deref(), input.delimiter.as_deref(), input.key_marker.as_deref(), max);
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let id = input.upload_id_marker.as_deref().filter(|id| !id.is_empty());
    let found = search(cx, Uploads::new(&bucket, &query, id), &query).await?;
    let next_id =
        (!found.ends_in_prefix && found.truncated).then(|| found.entries.last().map(|(_, (id, _))| id.clone()));
    let (next, truncated) = (found.next(), found.truncated);
    let written = |(key, (id, upload)): (String, (String, Upload))| api::MultipartUpload {
        upload_id: Some(id),
        key: Some(encoding.write(&key)),
        initiated: Some(get::seconds(upload.initiated)),
        storage_class: Some(storage_class(upload.storage_class)),
        owner: Some(accounts::owner(cx, upload.attributes.owner.as_deref().unwrap_or(&bucket.account))),
        initiator: Some(accounts::initiator(cx, &upload.initiator)),
        checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().to_owned()),
        checksum_type: upload.algorithm.map(|_| multipart::type_name(upload.composite)),
        version_id: None,
    };
    Ok(api::ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        uploads: some(found.entries.into_iter().map(written).collect()),
        key_marker: Some(encoding.write(query.after)),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: encoding.write_any(next),
        next_upload_id_marker: next_id.flatten(),
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(query.delimiter.map(str::to_owned)),
        max_uploads: Some(max),
        is_truncated: Some(truncated),
        common_prefixes: prefixes(found.prefixes, encoding),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}
