//! `ListObjects` and `ListObjectsV2`.
//!
//! Keys come in the order of their UTF-8 bytes. What begins with a common prefix is passed over in one step, so the time that a listing takes
//! depends on what it returns, not on what it leaves out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::errors::invalid_argument;
use crate::tables::{Bucket, OBJECTS, Object};
use crate::{api, bucket, get};

/// The most that a listing returns.
const MAX_KEYS: i32 = 1000;

/// Objects that are read at once where prefixes may be passed over.
const FEW: usize = 16;

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

/// What it found.
#[derive(Default)]
struct Found {
    objects: Vec<(String, Object)>,
    prefixes: Vec<String>,
    /// The last key or common prefix, when there are more.
    last: Option<String>,
}

impl Found {
    fn len(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }
}

async fn search(cx: &Cx, bucket: &Bucket, query: &Query<'_>) -> Reply<Found> {
    let mut found = Found::default();
    if query.max == 0 {
        return Ok(found);
    }
    let start = (bucket.id,);
    let mut range = KeyRange::starts_with(&start, query.prefix);
    let mut last = None;
    if !query.after.is_empty() {
        range = match common(query, query.after) {
            // A listing that stopped at a common prefix goes on behind it.
            Some(prefix) if prefix == query.after => range.past_texts(&start, prefix),
            _ => range.after(&(bucket.id, query.after)),
        };
    }
    loop {
        let limit = if query.delimiter.is_some() { FEW } else { query.max - found.len() + 1 };
        let page = cx.tx().range(&Scope::world(), &OBJECTS, range.clone(), limit).await?;
        let Some(((_, end), _)) = page.last() else { break };
        range = range.after(&(bucket.id, end.as_str()));
        for ((_, key), object) in page {
            let prefix = common(query, &key).map(str::to_owned);
            if prefix.is_some() && prefix == last {
                continue;
            }
            if found.len() == query.max {
                found.last = last;
                return Ok(found);
            }
            match prefix {
                Some(prefix) => {
                    range = range.past_texts(&start, &prefix);
                    last = Some(prefix.clone());
                    found.prefixes.push(prefix);
                }
                None => {
                    last = Some(key.clone());
                    found.objects.push((key, object));
                }
            }
        }
    }
    Ok(found)
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

fn written(
    found: Found,
    encoding: Encoding,
    owner: Option<&api::Owner>,
) -> (Option<Vec<api::Object>>, Option<Vec<api::CommonPrefix>>) {
    let object = |(key, object): (String, Object)| api::Object {
        key: Some(encoding.write(&key)),
        last_modified: Some(get::seconds(object.modified)),
        e_tag: Some(format!("\"{}\"", object.etag)),
        checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
        checksum_type: Some(object.checksum.type_name().to_owned()),
        size: i64::try_from(object.size).ok(),
        storage_class: Some(object.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
        owner: owner.cloned(),
        restore_status: None,
    };
    let objects: Vec<_> = found.objects.into_iter().map(object).collect();
    let prefixes: Vec<_> =
        found.prefixes.into_iter().map(|prefix| api::CommonPrefix { prefix: Some(encoding.write(&prefix)) }).collect();
    (Some(objects).filter(|list| !list.is_empty()), Some(prefixes).filter(|list| !list.is_empty()))
}

pub(crate) async fn first_version(cx: &Cx, input: api::ListObjectsInput) -> Reply<api::ListObjectsOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let max = most(input.max_keys, "maxKeys")?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let query = Query {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: delimiter.as_deref(),
        after: input.marker.as_deref().unwrap_or_default(),
        max: usize::try_from(max).unwrap_or(0),
    };
    let mut found = search(cx, &bucket, &query).await?;
    let last = found.last.take();
    let (contents, common_prefixes) = written(found, encoding, Some(&bucket::owner_of(&bucket.account)));
    Ok(api::ListObjectsOutput {
        is_truncated: Some(last.is_some()),
        marker: Some(encoding.write(query.after)),
        // Without a delimiter clients go on behind the last key.
        next_marker: encoding.write_any(last.filter(|_| delimiter.is_some())),
        contents,
        name: Some(input.bucket),
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(delimiter.clone()),
        max_keys: Some(max),
        common_prefixes,
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

pub(crate) async fn second_version(cx: &Cx, input: api::ListObjectsV2Input) -> Reply<api::ListObjectsV2Output> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let encoding = Encoding::read(input.encoding_type.as_deref())?;
    let max = most(input.max_keys, "maxKeys")?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let token = input.continuation_token.as_deref().map(|token| {
        let last = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        last.filter(|last| !last.is_empty())
            .ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
    });
    let token = token.transpose()?;
    let query = Query {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: delimiter.as_deref(),
        after: token.as_deref().or(input.start_after.as_deref()).unwrap_or_default(),
        max: usize::try_from(max).unwrap_or(0),
    };
    let mut found = search(cx, &bucket, &query).await?;
    let (last, count) = (found.last.take(), found.len());
    let owner = (input.fetch_owner == Some(true)).then(|| bucket::owner_of(&bucket.account));
    let (contents, common_prefixes) = written(found, encoding, owner.as_ref());
    Ok(api::ListObjectsV2Output {
        is_truncated: Some(last.is_some()),
        contents,
        prefix: Some(encoding.write(query.prefix)),
        delimiter: encoding.write_any(delimiter.clone()),
        max_keys: Some(max),
        common_prefixes,
        encoding_type: input.encoding_type,
        key_count: i32::try_from(count).ok(),
        next_continuation_token: last.map(|last| STANDARD.encode(last)),
        continuation_token: input.continuation_token,
        start_after: encoding.write_any(input.start_after),
        name: Some(input.bucket),
        request_charged: None,
    })
}
